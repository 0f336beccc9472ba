"""The settings of training: how a network learns, and what a run of it is told. No pydantic: programs import this."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le, Lt

from crossray.study.base import Settings
from crossray.study.kinds import Number


@dataclass(frozen=True, kw_only=True)
class Augmentation(Settings):
    """How images are changed at random while a network learns."""

    rotation: Annotated[Number, Ge(0), Le(180)] = 45
    "Largest angle, in degrees."
    translation: Annotated[Number, Ge(0), Le(1)] = 0.15
    "Largest shift, as a share of the image's side."
    scale: Annotated[Number, Ge(0), Lt(1)] = 0.15
    "Largest relative change of size."
    contrast: Annotated[Number, Ge(0)] = 0
    """
    Grey levels, as shares of the largest, are taken to a power between 1 / (1 + contrast) and 1 + contrast.
    """


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """How a network learns."""

    epochs: Annotated[int, Ge(1)] = 100
    "Passes over the training split."
    batch_size: Annotated[int, Ge(2)] = 64
    "Images in a batch."
    precision: Literal["fastest", "float32"] = "fastest"
    """
    Trainings and predictions may use bfloat16 where the hardware computes in it, with weights and sums in float32
    (fastest), or nothing but float32. docs/performance.md has what that changes.
    """
    learning_rate: Annotated[Number, Gt(0)] = 0.001
    "Learning rate of Adam at the start."
    weight_decay: Annotated[Number, Ge(0)] = 0.00001
    "Weight decay of Adam."
    images: Annotated[int, Ge(1)] | None = None
    """
    Images of the training split to learn from at most, patients whole and drawn by the training's seed, so that a
    smaller set is part of a larger one; all where this is left out. An epoch keeps its number of steps, as few images
    are gone through several times.
    """
    loss: Literal["cross_entropy", "focal", "asymmetric"] = "cross_entropy"
    """
    Cross-entropy; focal loss (Lin et al. 2017, exponent 2), which weighs down what is classified well; or asymmetric
    loss (Ridnik et al. 2021, exponent 4 and margin 0.05), which does so for negatives alone.
    """
    label_smoothing: Annotated[Number, Ge(0), Lt(1)] = 0
    "Share of each label of the cross-entropy that is given to all answers alike (Szegedy et al. 2016)."
    algorithm: Literal["erm", "coral", "dann", "group_dro"] = "erm"
    """
    How a pooled source is learnt from: all images alike (erm); features of its data sets made alike (coral, Sun and
    Saenko 2016; dann, Ganin et al. 2016); or the data set with the largest loss weighing most (group_dro, Sagawa et al.
    2020), weighed as in DomainBed. Other sources know erm alone.
    """
    task_weights: Literal["paper", "none"] = "paper"
    "Tasks weigh by rarity, as in equation 1 of Cohen et al. 2020 (paper), or all the same (none)."
    positive_weights: Literal["none", "balanced"] = "none"
    """
    Positives weigh as much as negatives, or negatives by positives of the training split for each task (balanced).
    """
    balance: Literal["images", "datasets", "findings"] = "images"
    """
    Which images a batch holds: as they come (images); of a pooled source equally many of each data set (datasets); or
    in turn positives of each task and images without any (findings). Small groups are then seen several times an epoch
    and large ones in part.
    """
    schedule: Literal["constant", "cosine"] = "constant"
    "The learning rate stays constant, or falls along a cosine to 0 over all epochs."
    augmentation: Augmentation = Augmentation()
    "How images are changed at random while a network learns."


@dataclass(frozen=True, kw_only=True)
class Start(Settings):
    """The network that a training starts with."""

    architecture: str
    "A classifier by its name in torchvision or timm."
    stem: Literal["standard", "small"] = "standard"
    "Its first layers."
    weights: str | None = None
    "Published weights by their name; none where they are random, or those of a file."
    seed: int = 0
    "Seed of random weights, and of all else that is drawn."


@dataclass(frozen=True, kw_only=True)
class TrainingRun(Training, Start):
    """All that decides what a training ends in, but for its data and the weights of a file."""

    freeze: str | None = None
    "Layers that keep what they start with."
    unfreeze_every: int = 0
    "After each so many epochs one more of them learns; 0 for never."
    objective: Literal["multilabel", "binary", "multiclass"] = "multilabel"
    "What tasks are."
    tasks: tuple[str, ...]
    "What is learnt, as far as the data sets label it."

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by their keys, without those that change nothing here, so that they rerun nothing."""
        return {key: value for key, value in super().as_dict().items() if self._has_effect(key)}

    def _has_effect(self, key: str) -> bool:
        if key == "label_smoothing":
            return self.loss == "cross_entropy"
        return key not in _PLAIN or getattr(self, key) != _PLAIN[key]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make settings of what :meth:`as_dict` returned.

        Raises:
            UserError: if a key is unknown or missing.
        """
        return super().from_dict({**_PLAIN, **values})


#: what the settings are that are left out as they change nothing, whatever their default
_PLAIN = {"algorithm": "erm", "balance": "images"}
