"""The settings of external models: their scores or network, training data and claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, cast

from annotated_types import Ge, Le, Len

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Name, Number, Obeys, OneKindOf, Several, Share, Text
from crossray.study.names import BINARY_ANSWER, ELSEWHERE, LOGIT, PROBABILITY, SCORE

Scale = Literal["logit", "probability", "score", "binary"]
SCALES = (LOGIT, PROBABILITY, SCORE, BINARY_ANSWER)

#: value for unknown training data
UNKNOWN: Final = "unknown"

Unit = Literal["image", "study", "patient"]

#: column that names what a file of scores has a row for -> what that is
KEYS: Mapping[str, Unit] = {"image_id": "image", "study_id": "study", "accession": "study", "patient_id": "patient"}

#: how what a network sees is named, where it is no range
PHOTOGRAPH: Final = "photograph"


def _wrong_scale(scale: str) -> str | None:
    return None if scale in SCALES else f"{scale!r} is not one of {', '.join(SCALES)}, nor a range such as [0, 100]"


def _wrong_range(ends: Any) -> str | None:
    return None if ends[0] < ends[1] else f"[{ends[0]:g}, {ends[1]:g}] is not a range; the lower end comes first"


def _wrong_training_data(words: str) -> str | None:
    return None if words == UNKNOWN else f"{words!r} is neither {UNKNOWN} nor a list of data sets, such as [{words}]"


def _wrong_input(name: str) -> str | None:
    return None if name == PHOTOGRAPH else f"{name!r} is neither {PHOTOGRAPH} nor a range such as [-1024, 1024]"


Range = Annotated[tuple[Number, ...], Len(2, 2), Obeys(_wrong_range)]


@dataclass(frozen=True, kw_only=True)
class Claim(Settings):
    """A maker's claims for a model and a finding."""

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
    "Standard deviation of the error added to each severity, from 0 (none) to 1."
    drift: Number = 0
    "Overestimation of the last image's severity; it grows linearly from 0 for the first image."
    refused: Annotated[Number, Ge(0), Le(1)] = 0
    "Share of images without a score: the hardest, whose worst severity is nearest to 0.3."
    answers: Literal["score", "probability", "binary"] = "score"
    """Instead of scores from 0 to 100: the probability of a severity of 0.3 or more (`probability`), or whether it is
    reached (`binary`)."""
    seed: Annotated[int, Ge(0)] = 0
    "Seed of the errors."


@dataclass(frozen=True, kw_only=True)
class NetworkInput(Settings):
    """The input of an external network."""

    range: Annotated[Annotated[str, Obeys(_wrong_input)] | Range, OneKindOf()] = (-1024, 1024)
    """Input values for black and white, as in [-1024, 1024]; or `photograph`, normalised by the mean and deviation of
    ImageNet's colours."""
    size: LeftOut[Annotated[int, Ge(1)]] = None
    "Pixels along each side, if the network takes only this size; it must equal the study's `images.size`."
    channels: Literal[1, 3] = 1
    "Channels of its first layer; with three, all are the grey image."


@dataclass(frozen=True, kw_only=True)
class External(Settings):
    """An external model: its scores in files, or its network."""

    scores: LeftOut[Annotated[Mapping[Name, Text], Len(1)]] = None
    """Data set to the file of the model's scores: CSV, Excel or Parquet, with a column that identifies the image,
    study or patient and one per task. The labels of a reader work in the same way."""
    simulated: LeftOut[SimulatedReader] = None
    "Instead of scores, a simulated reader of simulated hospitals, with known truth."
    onnx: LeftOut[Text] = None
    "Instead of scores, a network as an ONNX file."
    architecture: LeftOut[Text] = None
    "Instead of scores, a network: a classifier by its name in torchvision, or in timm if torchvision has none."
    weights: LeftOut[Text] = None
    "File with the state dict of that network (safetensors), including its head."
    bundle: LeftOut[Text] = None
    """In place of `weights`, the bundle in which a site sent a network that it trained (docs/bundles.md); `home` is the
    site's data set, whose `signer` must have signed it."""
    key: Literal["image_id", "study_id", "accession", "patient_id"] = "image_id"
    """Column that identifies the image, study or patient of a row. `accession` is compared with the data set's
    study_id, if that is the accession number."""
    columns: Mapping[Text, Text] = field(default_factory=dict)
    "Task, or the key, to its column in the files, if that has another name."
    scale: Annotated[Annotated[str, Obeys(_wrong_scale)] | Range, OneKindOf()] = SCORE
    """Scale of the scores: a range such as [0, 100], or `score`, which only rank; `probability`, from 0 to 1; `logit`;
    or `binary`, 0 and 1. Results that need a probability are not reported for scores and binary answers (reason P)."""
    unknown_ids: Literal["stop", "leave out"] = "stop"
    "How to handle rows whose image, study or patient is not in the data set."
    tasks: LeftOut[Annotated[Mapping[Text, Annotated[int, Ge(0)]], Len(1)]] = None
    "Task to the index of the network's output for it, starting at 0."
    input: LeftOut[NetworkInput] = None
    "Input of the network."
    output: Literal["logit", "probability"] = "logit"
    "Scale of its outputs."
    threshold: LeftOut[Annotated[str | Mapping[Text, Number], OneKindOf()]] = None
    """Task to the maker's threshold, on the scale of the scores; or a data set, on whose validation split Youden's
    threshold is chosen. For binary answers it is 1; by default that of `home`."""
    home: str | None = None
    """The data set whose test is internal for the model. With it the study reports drops; without it, it compares with
    the claim."""
    trained_on: Annotated[Annotated[str, Obeys(_wrong_training_data)] | Several[Text], OneKindOf()] = UNKNOWN
    """Training data of the model: a list of data sets of this study, of cohorts (`nih`), or of other names; or
    `unknown`, which marks each of its numbers (reason U)."""
    claim: Mapping[Text, Claim] = field(default_factory=dict)
    "Task to the performance that the maker claims, to compare with the measured one."

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

    def network(self) -> str | None:
        """Return the user's file of a network; of one that came in a bundle, and of scores, there is none."""
        return self.onnx or self.weights

    def source(self) -> str:
        """Return the model's source: its home, or the name for none in the study."""
        return self.home or ELSEWHERE

    def unit(self) -> Unit:
        """Return what there is a score for."""
        return "image" if self.is_network() or self.simulated else KEYS[self.key]

    def learnt_from(self) -> tuple[str, ...] | None:
        """Return the model's training data; None if unknown."""
        return None if isinstance(self.trained_on, str) else self.trained_on
