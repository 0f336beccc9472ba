"""What binds a site's bundle to the coordinator's invitation: what decides the outputs of its models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class Binding(Settings):
    """What the coordinator and a site must have alike."""

    study: str
    "Name of the study."
    tasks: tuple[str, ...]
    "The study's tasks."
    size: int
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"]
    "How images are made square."
    colour: Literal["grey", "rgb"]
    "Colours of images."
    models: Mapping[str, str]
    "Model to all that decides its outputs but its weights, as JSON."
    code: Mapping[str, str]
    "Program to the digest of its code: those that make pixels and outputs."


@dataclass(frozen=True, kw_only=True)
class InvitationTerms(Binding):
    """What a coordinator asks for beside that."""

    below: int
    "Fewest patients of a cell of counts that is not empty."
    thresholds: Mapping[str, Mapping[str, tuple[float, ...]]]
    "Model to task to the logits at which bins of counts should end, the most important first."
