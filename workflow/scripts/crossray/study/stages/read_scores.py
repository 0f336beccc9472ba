"""What decides how a file of scores is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.base import LeftOut, Settings


@dataclass(frozen=True, kw_only=True)
class ReadScores(Settings):
    """Settings of the rule ``read_scores``."""

    key: Literal["image_id", "study_id", "accession", "patient_id"]
    "Column that says whose scores a row has."
    columns: Mapping[str, str]
    "Task, or the key, to the column of the file that has it, where that has another name."
    tasks: tuple[str, ...]
    "The study's tasks."
    limits: LeftOut[tuple[float, ...]] = None
    "The least and the largest score there can be."
    scale: Literal["logit", "probability", "score", "binary"]
    "What scores are."
    unknown_ids: Literal["stop", "leave out"]
    "What is done about rows whose image, study or patient the data set does not have."
    public: bool
    "Whether messages may quote the data set's identifiers."
