"""The settings of what a site sends in place of its images."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from crossray.study.base import LeftOut, Settings
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
    level: Literal["counts", "rows"] = "counts"
    """What leaves the site: histograms of the models' outputs by label, and no row of anybody (`counts`); or for every
    test image a row with salted identifiers, labels, strata, view, sex, age and the models' outputs (`rows`)."""
    below: LeftOut[Annotated[int, Ge(2)]] = None
    """Of `counts`: fewest patients of a cell that is not empty, where the site wants more than the invitation asks
    for."""
    model: LeftOut[Name] = None
    """A model of this study, trained on `dataset`, whose weights leave too, so that the coordinator can take it as an
    external model (docs/bundles.md). By default none leaves."""
    key: Text
    "File of the site's private key (`make_keys.py`), which signs the bundle and stays here."
