"""The settings of models: architecture, initial weights, tasks, and sweeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Len

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, OneKindOf, Several, Text

Objective = Literal["multilabel", "binary", "multiclass"]


@dataclass(frozen=True, kw_only=True)
class OtherModel(Settings):
    """Another model of the study whose weights are started from."""

    from_: str
    "A model of this study."
    source: str
    "The source that it was trained on."


@dataclass(frozen=True, kw_only=True)
class Model(Settings):
    """A model."""

    architecture: str = "resnet50"
    """A classifier by its name in torchvision (`resnet50`), or in timm if torchvision has none of that name
    (`convnextv2_atto`)."""
    stem: Literal["standard", "small"] = "standard"
    """First layers: as published (standard), or for small images a 3 x 3 convolution with stride 1 and no pooling
    (small; ResNets and wide ResNets of torchvision)."""
    objective: LeftOut[Objective] = None
    "Type of this model's tasks; by default the study's."
    tasks: LeftOut[Several[Text]] = None
    "Tasks of the study that this model is trained for; by default all."
    sources: LeftOut[Several[str]] = None
    "Sources that this model is trained on; by default all of the study."
    weights: Annotated[str | OtherModel | None, OneKindOf()] = None
    """Initial weights; random by default. Published weights by their name (`IMAGENET1K_V2` for torchvision, `a1_in1k`
    for timm), a file with a state dict (safetensors, or written by `torch.save`; with a `/` or a suffix), or
    another model of this study, `{from: MODEL, source: SOURCE}`, which is then trained first, with the same seed.
    The head is always new."""
    freeze: str | None = None
    "Frozen layers: `backbone` for all except the head, or the name of the last one, such as `layer3`."
    probe: LeftOut[Literal["linear"]] = None
    """Linear probe: the network keeps the weights that `weights` names, and only its last layer is fitted, by logistic
    regression on features that are computed once for every image (docs/models.md). Of `training` it uses `images`."""
    unfreeze_every: Annotated[int, Ge(0)] = 0
    "Every so many epochs one more of the frozen layers is trained, from the last to the first; 0 for never."
    training: LeftOut[Mapping[str, Any]] = None
    "Settings of `training` that this model overrides."
    sweep: LeftOut[
        Annotated[Mapping[str, Several[Annotated[str | Number | None, OneKindOf()]]], Len(1)]
    ] = None  # fmt: skip
    """Settings of `training`, each with a list of values; the model is trained with every combination, as
    `MODEL-SETTING-VALUE`, and the report has the value that each selection method would have chosen."""
