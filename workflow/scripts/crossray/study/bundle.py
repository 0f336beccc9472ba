"""The settings of what a site sends in place of its images."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings
from crossray.study.kinds import Name, Text


@dataclass(frozen=True, kw_only=True)
class Bundle(Settings):
    """What a site sends to a coordinator in place of its images."""

    invitation: Text
    "File `invitation.json` of the unpacked invitation."
    site: Name
    "Name of the site's data set in the coordinator's study, as the coordinator tells."
    dataset: Name
    "Data set of this study whose test images are evaluated."
    level: Literal["rows"] = "rows"
    """What leaves the site: for every test image a row with salted identifiers, labels, strata, view, sex, age and the
    models' outputs (`rows`)."""
    key: Text
    "File of the site's private key (`make_keys.py`), which signs the bundle and stays here."
