"""The settings of models that were trained elsewhere: their scores or their network, and what is known and claimed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, cast

from annotated_types import Ge, Le, Len

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Name, Number, Obeys, OneKindOf, Several, Share, Text
from crossray.study.names import BINARY_ANSWER, ELSEWHERE, LOGIT, PROBABILITY, SCORE

Scale = Literal["logit", "probability", "score", "binary"]
SCALES = (LOGIT, PROBABILITY, SCORE, BINARY_ANSWER)

#: said of training data that nobody tells
UNKNOWN: Final = "unknown"

Unit = Literal["image", "study", "patient"]

#: column that names what a file of scores has a row for -> what that is
KEYS: Mapping[str, Unit] = {"image_id": "image", "study_id": "study", "accession": "study", "patient_id": "patient"}

#: how what a network sees is named, where it is no range
PHOTOGRAPH: Final = "photograph"


def _wrong_scale(scale: str) -> str | None:
    return None if scale in SCALES else f"{scale!r} is not one of {', '.join(SCALES)}, nor a range such as [0, 100]"


def _wrong_range(ends: Any) -> str | None:
    return None if ends[0] < ends[1] else f"[{ends[0]:g}, {ends[1]:g}] is no range; the lower end comes first"


def _wrong_training_data(words: str) -> str | None:
    return None if words == UNKNOWN else f"{words!r} is neither {UNKNOWN} nor a list of data sets, such as [{words}]"


def _wrong_input(name: str) -> str | None:
    return None if name == PHOTOGRAPH else f"{name!r} is neither {PHOTOGRAPH} nor a range such as [-1024, 1024]"


Range = Annotated[tuple[Number, ...], Len(2, 2), Obeys(_wrong_range)]


@dataclass(frozen=True, kw_only=True)
class Claim(Settings):
    """What a maker says of a model and a finding."""

    auc: LeftOut[Share] = None
    "Area under the ROC curve."
    sensitivity: LeftOut[Share] = None
    "Share of positives at or above the threshold."
    specificity: LeftOut[Share] = None
    "Share of negatives below it."


@dataclass(frozen=True, kw_only=True)
class SimulatedReader(Settings):
    """A reader of the true severities of simulated hospitals, whose faults are known."""

    error: Annotated[Number, Ge(0)] = 0.15
    "Standard deviation of what is added to each severity, from 0 (none) to 1."
    drift: Number = 0
    "What the last image's severity is read too high, the first one's being read right and others in proportion."
    refused: Annotated[Number, Ge(0), Le(1)] = 0
    "Share of the images that get no score: the hardest, whose worst severity is nearest to 0.3."
    answers: Literal["score", "probability", "binary"] = "score"
    """
    What it says in place of scores from 0 to 100: how probable a severity of 0.3 is (probability), or whether it reads
    that much (binary).
    """
    seed: Annotated[int, Ge(0)] = 0
    "Seed of the errors."


@dataclass(frozen=True, kw_only=True)
class NetworkInput(Settings):
    """What a network that was trained elsewhere expects to see."""

    range: Annotated[Annotated[str, Obeys(_wrong_input)] | Range, OneKindOf()] = (-1024, 1024)
    """
    What black and white become, as in [-1024, 1024]; or `photograph`, the mean and deviation of ImageNet's colours.
    """
    size: LeftOut[Annotated[int, Ge(1)]] = None
    "Pixels along each side, if the network takes no others; the study's `images.size` must be the same."
    channels: Literal[1, 3] = 1
    "Channels of its first layer; grey images are the same in all three."


@dataclass(frozen=True, kw_only=True)
class External(Settings):
    """A model that was trained elsewhere: its scores in files, or its network."""

    scores: LeftOut[Annotated[Mapping[Name, Text], Len(1)]] = None
    """
    Data set to the file with the model's scores for it: CSV, Excel or Parquet, with a column that names the image,
    study or patient and one for each task. A reader's file is the same.
    """
    simulated: LeftOut[SimulatedReader] = None
    "In place of scores, a simulated reader of simulated hospitals, whose right answers are known."
    onnx: LeftOut[Text] = None
    "In place of scores, a network as a file of ONNX."
    architecture: LeftOut[Text] = None
    "In place of scores, a network: a classifier by its name in torchvision, or in timm where torchvision has none."
    weights: LeftOut[Text] = None
    "File with the state dict of that network (safetensors), its own head included."
    key: Literal["image_id", "study_id", "accession", "patient_id"] = "image_id"
    """
    Column that says whose scores a row has. `accession` is compared with the data set's study_id, where that is the
    accession number.
    """
    columns: Mapping[Text, Text] = field(default_factory=dict)
    "Task, or the key, to the column of the files that has it, where that has another name."
    scale: Annotated[Annotated[str, Obeys(_wrong_scale)] | Range, OneKindOf()] = SCORE
    """
    What scores are: a range such as [0, 100], or `score`, which only rank; `probability`, from 0 to 1; `logit`; or
    `binary`, 0 and 1. What needs a probability is not given for scores and binary answers (reason P).
    """
    unknown_ids: Literal["stop", "leave out"] = "stop"
    "What is done about rows of files whose image, study or patient the data set does not have."
    tasks: LeftOut[Annotated[Mapping[Text, Annotated[int, Ge(0)]], Len(1)]] = None
    "Task to the output of the network that has it, the first being 0."
    input: LeftOut[NetworkInput] = None
    "What the network expects to see."
    output: Literal["logit", "probability"] = "logit"
    "What its outputs are."
    threshold: LeftOut[Annotated[str | Mapping[Text, Number], OneKindOf()]] = None
    """
    Task to the score from which on the maker calls it positive, on the scores' own scale; or the data set on whose
    validation split Youden's is chosen. Of binary answers it is 1; where this is left out, that of `home`.
    """
    home: str | None = None
    """
    The data set that stands for what the model was made on. With one the study says what the model loses elsewhere;
    with none it compares with the claim.
    """
    trained_on: Annotated[Annotated[str, Obeys(_wrong_training_data)] | Several[Text], OneKindOf()] = UNKNOWN
    """
    What the model learnt from: a list of data sets of this study, of cohorts (`nih`), or of names in words; or
    `unknown`, which stands beside each of its numbers (reason U).
    """
    claim: Mapping[Text, Claim] = field(default_factory=dict)
    "Task to what the maker says of the model, to be compared with what is measured."

    def kind_of_scale(self) -> Scale:
        """Return what the outputs are: logit, probability, score or binary."""
        if self.is_network():
            return self.output
        if self.simulated:
            return self.simulated.answers
        if not isinstance(self.scale, str):
            return SCORE
        return cast("Scale", self.scale)

    def limits(self) -> tuple[float, float] | None:
        """Return the least and the largest score there can be, if there are such."""
        if self.kind_of_scale() in (PROBABILITY, BINARY_ANSWER):
            return 0, 1
        if self.simulated:
            return 0, 100
        return None if isinstance(self.scale, str) else (self.scale[0], self.scale[1])

    def is_network(self) -> bool:
        """Return whether it is a network that is applied here, and not its scores."""
        return bool(self.onnx or self.architecture)

    def source(self) -> str:
        """Return what stands for what the model was made on: its home, or nothing of the study."""
        return self.home or ELSEWHERE

    def unit(self) -> Unit:
        """Return what there is a score for."""
        return "image" if self.is_network() or self.simulated else KEYS[self.key]

    def learnt_from(self) -> tuple[str, ...] | None:
        """Return what the model learnt from as far as it is told; None where it is not."""
        return None if isinstance(self.trained_on, str) else self.trained_on
