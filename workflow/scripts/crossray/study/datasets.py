"""Settings of all data sets; a reader adds its own, and they become one class."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, cast

from annotated_types import Ge, Len

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Name, Obeys, OneKindOf, Part, Share, Text
from crossray.study.names import BUNDLE
from crossray.study.splits import Split

#: settings of a data set that are paths of this machine
PATH_SETTINGS = (
    "root", "table", "metadata", "nih_mapping", "synonyms", "views_table", "join", "labels", "ca", "signer"
)  # fmt: skip
#: settings of a data set that name an archive and what was asked there, which can be a patient
ARCHIVE_SETTINGS = ("url", "host", "port", "aet", "called_aet", "query")


def path_settings(reader: str) -> tuple[str, ...]:
    """Return which settings of a data set are paths of this machine; ``path`` of a table is a pattern."""
    return (*PATH_SETTINGS, "path") if reader == BUNDLE else PATH_SETTINGS


#: how test images were chosen: as they came
CONSECUTIVE: Final = "consecutive"
_SAMPLINGS = (CONSECUTIVE, "enriched", "unknown")


def _wrong_sampling(words: str) -> str | None:
    allowed = f"one of {', '.join(_SAMPLINGS)}, nor each task with its share, such as {{Effusion: 0.08}}"
    return None if words in _SAMPLINGS else f"{words!r} is neither {allowed}"


@dataclass(frozen=True, kw_only=True)
class Dataset(Settings):
    """A data set."""

    reader: str
    "Reader of the release; docs/datasets has a page for each."
    description: str = ""
    "One sentence on the origin of the images, for the report."
    role: Literal["train", "test"] = "train"
    """Whether models are trained on this data set (train), or it is test-only (test): then all its images are test
    images, whatever splits its release has."""
    public: bool = False
    "Whether identifiers and file names may be shown; otherwise keyed hashes replace them everywhere."
    shards: LeftOut[Annotated[int, Ge(1)]] = None
    "Number of shards; by default one per 2,000 images."
    max_rejected: Share = 0.01
    "Maximum share of unusable images before the conversion stops; missing ones do not count."
    max_missing: Share = 0.01
    "Maximum share of a table's images that may be missing."
    outside_root: Literal["refuse", "allow"] = "refuse"
    """Images outside the data set's folder, by their path or through links: refuse the release, or allow them, if you
    know where paths and links lead."""
    cohort: LeftOut[Name] = None
    """Cohort of the patients. In data sets of one cohort the same patient_id is the same person. By default the
    reader's cohort (NIH, its relabelling and RSNA share one, and so do all labellings of MIMIC-CXR), or else the
    data set itself."""
    sampling: LeftOut[Annotated[Annotated[str, Obeys(_wrong_sampling)] | Mapping[Text, Part], OneKindOf()]] = None
    """How the test images were selected: `consecutive`, so that their prevalence is the site's; `enriched`, or better
    each enriched task with its prevalence at the site; or `unknown`, the default. Results that depend on prevalence are
    given only if it is known (reason B)."""
    paper: LeftOut[Literal["NIH", "PC", "CheX", "Google", "MIMIC_CH", "MIMIC_NB", "OpenI", "Kaggle"]] = None
    "The data set's name in Cohen et al. (2020), to compare the study with its published numbers."
    burnt_in: Literal["reject", "black_out", "keep"] = "reject"
    """DICOM files whose header declares text burnt into the pixels (0028,0301): reject them, black out the areas of
    `burnt_in_areas`, or keep them unchanged."""
    burnt_in_areas: tuple[Annotated[tuple[Share, ...], Len(4, 4)], ...] = ()
    "Rectangles to black out, each as [left, top, right, bottom], as fractions of the width and the height."
    split: Split = field(default_factory=Split)
    "Shares of the patients, adding up to 1, and the seed of their assignment."

    def stays_at_its_site(self) -> bool:
        """Return whether the images are elsewhere, and a bundle is here in their place."""
        return self.reader == BUNDLE

    def sends_counts(self) -> bool:
        """Return whether its site sends counts alone."""
        return self.stays_at_its_site() and getattr(self, "level", None) == "counts"

    def is_only_tested(self) -> bool:
        """Return whether no model is trained on this data set."""
        return self.role == "test"


def _with_reader(reader: str, own: type[Settings]) -> type[Dataset]:
    """Return the class of data sets that a reader reads: what every data set has, and the reader's own settings.

    Args:
        reader: its name.
        own: its settings, a frozen dataclass with other fields than :class:`Dataset`.
    """
    fields = {"__annotations__": {"reader": Literal[reader]}, "__doc__": own.__doc__}
    return cast(
        "type[Dataset]", dataclass(frozen=True, kw_only=True)(cast("Any", type(reader, (own, Dataset), fields)))
    )


with_reader: Callable[[str, type], type[Dataset]] = functools.cache(_with_reader)
