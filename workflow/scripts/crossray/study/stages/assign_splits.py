"""What decides a data set's manifest as a study uses it, beside the manifest and the audit."""

from dataclasses import dataclass

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class AssignSplits(Settings):
    """Settings of the rule ``assign_splits``."""

    classes: tuple[str, ...]
    "The tasks if they are exclusive classes; otherwise none."
