"""What the configuration may set of several readers' releases; a reader's own settings stand in its module."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from annotated_types import Len

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
class NoOptions(Settings):
    """Nothing to set."""


@dataclass(frozen=True, kw_only=True)
class ImageChoice(Settings):
    """Which images are kept."""

    views: LeftOut[Annotated[tuple[View, ...], Len(1)]] = None
    "Views to keep; UNKNOWN is an image whose view is not said, ANY keeps all."
    images_per_patient: LeftOut[Literal["all", "first", "first_known"]] = None
    """
    All images, the first of each patient, or first_known, which mixes a patient's images column by column, as the paper
    did by mistake.
    """


@dataclass(frozen=True, kw_only=True)
class Released(ImageChoice):
    """A release that everybody knows."""

    root: str
    "Folder as released."
    table: LeftOut[str] = None
    "Table of labels, from the root; found by its released names where this is left out."
    policy: Literal["default", "paper"] = "default"
    """
    Label policy: default is what we hold to be right, paper is what Cohen et al. (2020) did, its defects included. Each
    of the following keys can be set by itself; docs/labels.md has what the policies choose.
    """


@dataclass(frozen=True, kw_only=True)
class UncertainLabels(Settings):
    """Labels of which some are uncertain."""

    uncertain: LeftOut[Literal["ignore", "positive", "negative"]] = None
    "What an uncertain label (-1) is; ignore makes it unknown."


@dataclass(frozen=True, kw_only=True)
class LabelerColumns(Released, UncertainLabels):
    """Labels as of the CheXpert labeler."""

    no_finding: LeftOut[Literal["negative", "ignore", "overrules"]] = None
    """
    What No Finding says of the other findings: negative unless called positive, nothing (ignore), or negative whatever
    else is said (overrules).
    """


@dataclass(frozen=True, kw_only=True)
class Synonyms(Released):
    """Labels that are words of the release's own."""

    synonyms: LeftOut[str] = None
    """
    Table from findings to tasks (CSV with the columns finding and task); CrossRay's own where left out.
    """


@dataclass(frozen=True, kw_only=True)
class FindingLists(Synonyms):
    """Labels that are lists of findings."""

    matching: LeftOut[Literal["exact", "contained"]] = None
    "A finding is one of the table's (exact), or one of the table's is part of it, as in the paper."


@dataclass(frozen=True, kw_only=True)
class Downloadable(Settings):
    """A release that can be fetched."""

    root: str
    "Folder with the release's archive, or with what was in it."
    download: bool = False
    "Whether the release is fetched into the folder if it is not there."
