"""The settings of adaptation: a model at another hospital that has some labelled images."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Several
from crossray.study.ways import OF_NETWORKS, OF_OUTPUTS


@dataclass(frozen=True, kw_only=True)
class AdaptedPair(Settings):
    """A source and a hospital that its model is adapted to."""

    source: str
    "What the model was trained on."
    target: str
    "The hospital that it is adapted to, with the images of its training and validation splits."


@dataclass(frozen=True, kw_only=True)
class Adaptation(Settings):
    """What local images are worth."""

    images: Several[Annotated[int, Ge(10)]] = (25, 50, 100, 200)
    """Numbers of labelled local images to adapt with, whole patients of the target's training and validation splits;
    all of these images are tried too."""
    draws: Annotated[int, Ge(1), Le(100)] = 5
    "Samples of each size; within one, the smaller are part of the larger."
    ways: Several[
        Literal["threshold", "recalibration", "batch norm", "head", "fine-tuning", "from scratch"]
    ] = (*OF_OUTPUTS, *OF_NETWORKS)  # fmt: skip
    """What is done with them: a new threshold; recalibration; their batch-norm statistics, recalibrated; a new head on
    the model's features; fine-tuning of all layers; training from scratch, as the study trains the model. The last two
    take longest."""
    model: LeftOut[str] = None
    "The model; by default the first that the report shows."
    pairs: tuple[AdaptedPair, ...] = ()
    "Pairs of a source and a target; by default all whose target has a training split."
    epochs: Annotated[int, Ge(1)] = 10
    "Epochs of fine-tuning."
    learning_rate: Annotated[Number, Gt(0)] = 0.0001
    "Learning rate of fine-tuning."
