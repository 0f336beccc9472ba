"""The settings that every data set has, whatever reads it; a reader brings its own and they become one class."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, cast

from annotated_types import Ge, Len

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Name, Obeys, OneKindOf, Part, Share, Text
from crossray.study.splits import Split

#: settings of a data set that are paths of this machine
PATH_SETTINGS = ("root", "table", "metadata", "nih_mapping", "synonyms", "views_table", "join", "labels", "ca")
#: settings of a data set that name an archive and what was asked there, which can be a patient
ARCHIVE_SETTINGS = ("url", "host", "port", "aet", "called_aet", "query")

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
    "What reads the release; docs/datasets has a page for each."
    description: str = ""
    "One sentence on where the images come from, for the report."
    role: Literal["train", "test"] = "train"
    """
    Whether models are trained on this data set too (train), or only tested on it (test); then all its images are test
    images, whatever splits its release brings.
    """
    public: bool = False
    "Whether identifiers and file names may be shown; otherwise keyed hashes replace them everywhere."
    shards: LeftOut[Annotated[int, Ge(1)]] = None
    "Number of shards; one for every 2,000 images where this is left out."
    max_rejected: Share = 0.01
    "Largest share of the images that may be unusable before the conversion stops; those that are missing do not count."
    max_missing: Share = 0.01
    "Largest share of the images of a table that may not be there."
    outside_root: Literal["refuse", "allow"] = "refuse"
    """
    What is done about images that lie outside the data set's folder, by their path or by a link, also of a folder:
    refuse the release, or allow them, if you know where the paths and links lead.
    """
    cohort: LeftOut[Name] = None
    """
    Whose patients these are. In data sets of one cohort the same patient_id is the same person. Where this is left
    out it is the reader's (NIH, its relabelling and RSNA share one, and so do all readings of MIMIC-CXR), else the data
    set itself.
    """
    sampling: LeftOut[Annotated[Annotated[str, Obeys(_wrong_sampling)] | Mapping[Text, Part], OneKindOf()]] = None
    """
    How its test images were chosen: one after the other as they came (`consecutive`), so that their share with a
    finding is that of the place; with more of a finding than there is there (`enriched`, or better each such task with
    its share there); or `unknown`, as where this is left out. What depends on the share is not given unless it is known
    (reason B).
    """
    paper: LeftOut[Literal["NIH", "PC", "CheX", "Google", "MIMIC_CH", "MIMIC_NB", "OpenI", "Kaggle"]] = None
    "The data set's name in Cohen et al. (2020), whose numbers are then set beside the study's."
    burnt_in: Literal["reject", "black_out", "keep"] = "reject"
    """
    What is done with DICOM files whose header says that text is burnt into the pixels (0028,0301): reject them, black
    out the areas of `burnt_in_areas`, or keep them as they are.
    """
    burnt_in_areas: tuple[Annotated[tuple[Share, ...], Len(4, 4)], ...] = ()
    "Rectangles to black out, each as [left, top, right, bottom], shares of the width and the height."
    split: Split = field(default_factory=Split)
    "Shares of the patients, adding up to 1, and the seed of their assignment."

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
