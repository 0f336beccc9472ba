"""What decides which objects of an archive become images of a data set."""

from dataclasses import dataclass

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class RetrieveRelease(Settings):
    """Settings of the rule ``retrieve_release``."""

    reader: str
    "What reaches the archive."
    views: tuple[str, ...]
    "Views to keep; what the archive says to be another is not asked for."
    max_missing: float
    "Largest share of the objects that may not be had."
    public: bool
    "Whether identifiers may be shown."
