"""Settings of readers: the choices of a label policy, and what else decides a manifest; and what readers return."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from crossray.datasets.strata import Stratum
from crossray.study.base import LeftOut, Settings
from crossray.study.splits import Split

if TYPE_CHECKING:
    import pandas

#: reason -> images that are not kept for it, and patients of whom no image is left
NotKept = dict[str, tuple[int, int]]


class KeptImages(NamedTuple):
    """What a reader returns: the images that are kept, and how many are not."""

    table: "pandas.DataFrame"
    "One row an image: the columns of a manifest."
    not_kept: NotKept
    "By the reason: the view, or that they are further images of a patient."


@dataclass(frozen=True, kw_only=True)
class Reading(Settings):
    """What decides a data set's manifest, beside the release; a reader's own settings are in a class of its own."""

    reader: str
    "Reader of the release."
    policy: str = "default"
    "Name of the label policy."
    max_missing: float
    "Maximum share of a table's images that may be missing."
    public: bool = False
    "Whether identifiers and file names may be shown."
    outside_root: LeftOut[Literal["allow"]] = None
    "Whether images may lie outside the data set's folder."
    cohort: LeftOut[str] = None
    "Cohort of the patients."
    role: LeftOut[Literal["test"]] = None
    "Whether all images are test images."
    strata: LeftOut[tuple[str, ...] | Mapping[str, str | Stratum]] = None
    "Further groups to report."
    split: LeftOut[Split] = None
    "Shares of the patients, if the release has no split."


@dataclass(frozen=True, kw_only=True)
class ChosenImages(Reading):
    """A release of which some images are kept."""

    views: tuple[str, ...]
    "Views to keep."
    images_per_patient: Literal["all", "first", "first_known"]
    "Which images of a patient are kept."


@dataclass(frozen=True, kw_only=True)
class LabelerReading(ChosenImages):
    """Labels as of the CheXpert labeler."""

    uncertain: Literal["ignore", "positive", "negative"]
    "Meaning of an uncertain label."
    no_finding: Literal["negative", "ignore", "overrules"]
    "Effect of No Finding on the other findings."
