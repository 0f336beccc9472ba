"""What decides how a file of scores is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.base import LeftOut, Settings


@dataclass(frozen=True, kw_only=True)
class ReadScores(Settings):
    """Settings of the rule ``read_scores``."""

    key: Literal["image_id", "study_id", "accession", "patient_id"]
    "Column that identifies the image, study or patient of a row."
    columns: Mapping[str, str]
    "Task, or the key, to its column in the file, if that has another name."
    tasks: tuple[str, ...]
    "The study's tasks."
    limits: LeftOut[tuple[float, ...]] = None
    "Minimum and maximum possible score."
    scale: Literal["logit", "probability", "score", "binary"]
    "Scale of the scores."
    unknown_ids: Literal["stop", "leave out"]
    "How to handle rows whose image, study or patient is not in the data set."
    public: bool
    "Whether messages may quote the data set's identifiers."
