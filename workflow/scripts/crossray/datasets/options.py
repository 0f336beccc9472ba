"""What the configuration may set of several readers' releases; a reader's own settings stand in its module."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from annotated_types import Len

from crossray.datasets.strata import OfTables
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Several

View = Literal[
    "PA", "AP", "AP SUPINE", "LATERAL", "LATERAL FRONTAL", "DECUBITUS", "OBLIQUE", "COSTAL", "OTHER", "UNKNOWN", "ANY"
]


NamedView = Literal["PA", "AP", "AP SUPINE", "LATERAL", "DECUBITUS", "OBLIQUE", "COSTAL", "OTHER", "UNKNOWN"]
Sex = Literal["F", "M", "U"]
K = TypeVar("K")
#: words of the user's own, by what they mean
Words = Annotated[Mapping[K, Several[str]], Len(1)]


@dataclass(frozen=True, kw_only=True)
class ImageChoice(Settings):
    """Which images are kept."""

    views: LeftOut[Annotated[tuple[View, ...], Len(1)]] = None
    "Views to keep; UNKNOWN means images without a view, ANY keeps all."
    images_per_patient: LeftOut[Literal["all", "first", "first_known"]] = None
    """All images, the first of each patient, or first_known, which mixes a patient's images column by column, like the
    paper by mistake."""


@dataclass(frozen=True, kw_only=True)
class Released(ImageChoice):
    """A release that everybody knows."""

    root: str
    "Folder as released."
    table: LeftOut[str] = None
    "Table of labels, relative to the root; by default found by its released names."
    policy: Literal["default", "paper"] = "default"
    """Label policy: default is what we consider right, paper is what Cohen et al. (2020) did, including its defects.
    Each of the following keys can be set separately; docs/labels.md has the policies' choices."""


@dataclass(frozen=True, kw_only=True)
class Listed(Released, OfTables):
    """A release that everybody knows, with a table of images."""


@dataclass(frozen=True, kw_only=True)
class UncertainLabels(Settings):
    """Labels of which some are uncertain."""

    uncertain: LeftOut[Literal["ignore", "positive", "negative"]] = None
    "Meaning of an uncertain label (-1); ignore makes it unknown."


@dataclass(frozen=True, kw_only=True)
class LabelerColumns(Listed, UncertainLabels):
    """Labels as of the CheXpert labeler."""

    no_finding: LeftOut[Literal["negative", "ignore", "overrules"]] = None
    """Effect of No Finding on the other findings: negative unless called positive, none (ignore), or negative in any
    case (overrules)."""


@dataclass(frozen=True, kw_only=True)
class Synonyms(Released):
    """Labels that are words of the release's own."""

    synonyms: LeftOut[str] = None
    "Table from findings to tasks (CSV with the columns finding and task); by default CrossRay's own."


@dataclass(frozen=True, kw_only=True)
class FindingLists(Synonyms):
    """Labels that are lists of findings."""

    matching: LeftOut[Literal["exact", "contained"]] = None
    "Findings must equal a term of the table (exact), or contain one, as in the paper (contained)."


@dataclass(frozen=True, kw_only=True)
class Downloadable(Settings):
    """A release that can be fetched."""

    root: str
    "Folder with the release's archive, or with its unpacked content."
    download: bool = False
    "Whether to download the release into the folder if it is missing."
