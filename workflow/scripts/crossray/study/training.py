"""The settings of training and of a training run. No pydantic: programs import this."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le, Lt

from crossray.study.base import Settings
from crossray.study.kinds import Number


@dataclass(frozen=True, kw_only=True)
class Augmentation(Settings):
    """Random augmentation of training images."""

    rotation: Annotated[Number, Ge(0), Le(180)] = 45
    "Maximum angle, in degrees."
    translation: Annotated[Number, Ge(0), Le(1)] = 0.15
    "Maximum shift, as a fraction of the image's side."
    scale: Annotated[Number, Ge(0), Lt(1)] = 0.15
    "Maximum relative change of size."
    contrast: Annotated[Number, Ge(0)] = 0
    "Grey levels, as fractions of the largest, are raised to a power between 1 / (1 + contrast) and 1 + contrast."


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """Training settings."""

    epochs: Annotated[int, Ge(1)] = 100
    "Passes over the training split."
    batch_size: Annotated[int, Ge(2)] = 64
    "Images per batch."
    precision: Literal["fastest", "float32"] = "fastest"
    """Training and prediction in bfloat16 if the hardware supports it, with weights and sums in float32 (fastest), or
    entirely in float32. docs/performance.md has the difference."""
    learning_rate: Annotated[Number, Gt(0)] = 0.001
    "Initial learning rate of Adam."
    weight_decay: Annotated[Number, Ge(0)] = 0.00001
    "Weight decay of Adam."
    images: Annotated[int, Ge(1)] | None = None
    """Maximum number of training images, whole patients drawn by the training's seed, so that smaller sets are part of
    larger ones; all by default. The number of steps per epoch stays the same, so smaller sets are seen several
    times."""
    loss: Literal["cross_entropy", "focal", "asymmetric"] = "cross_entropy"
    """Cross-entropy; focal loss (Lin et al. 2017, exponent 2), which downweights well-classified examples; or
    asymmetric loss (Ridnik et al. 2021, exponent 4 and margin 0.05), which does so only for negatives."""
    label_smoothing: Annotated[Number, Ge(0), Lt(1)] = 0
    "Share of each label that the cross-entropy spreads evenly over all answers (Szegedy et al. 2016)."
    algorithm: Literal["erm", "coral", "dann", "group_dro"] = "erm"
    """Training algorithm for pooled sources: empirical risk minimisation (erm); alignment of features between data
    sets (coral, Sun and Saenko 2016; dann, Ganin et al. 2016); or upweighting of the data set with the largest loss
    (group_dro, Sagawa et al. 2020); weights as in DomainBed. Other sources always use erm."""
    task_weights: Literal["paper", "none"] = "paper"
    "Weights of tasks by rarity, as in equation 1 of Cohen et al. 2020 (paper), or equal (none)."
    positive_weights: Literal["none", "balanced"] = "none"
    """Equal weights of positives and negatives (none), or positives weighted by negatives over positives of the
    training split, for each task (balanced)."""
    balance: Literal["images", "datasets", "findings"] = "images"
    """How batches are sampled: uniformly (images); for a pooled source equally many images of each data set
    (datasets); or alternating between positives of each task and images without any (findings). Small groups are
    then seen several times per epoch and large ones only in part."""
    schedule: Literal["constant", "cosine"] = "constant"
    "Constant learning rate, or cosine decay to 0 over all epochs."
    augmentation: Augmentation = Augmentation()
    "Random augmentation of training images."
    checkpoint_every: Annotated[int, Ge(1)] = 1
    """Epochs between checkpoints, from the last of which an interrupted training goes on. Where an epoch takes seconds,
    writing hundreds of megabytes after each takes as long. It changes no result and reruns nothing."""


@dataclass(frozen=True, kw_only=True)
class Start(Settings):
    """The network that a training starts with."""

    architecture: str
    "A classifier by its name in torchvision or timm."
    stem: Literal["standard", "small"] = "standard"
    "Its first layers."
    weights: str | None = None
    "Published weights by their name; none for random weights, or those of a file."
    seed: int = 0
    "Seed of random weights, and of all other random draws."


@dataclass(frozen=True, kw_only=True)
class TrainingRun(Training, Start):
    """All settings that decide the result of a training, except its data and the weights of a file."""

    freeze: str | None = None
    "Frozen layers."
    unfreeze_every: int = 0
    "Every so many epochs one more of them is trained; 0 for never."
    objective: Literal["multilabel", "binary", "multiclass"] = "multilabel"
    "Type of the tasks."
    tasks: tuple[str, ...]
    "Tasks to train, as far as the data sets label them."

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by their keys, without those that change nothing here, so that they rerun nothing."""
        return {key: value for key, value in super().as_dict().items() if self._has_effect(key)}

    def _has_effect(self, key: str) -> bool:
        if key == "checkpoint_every":
            return False
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
_PLAIN = {"algorithm": "erm", "balance": "images", "checkpoint_every": 1}
