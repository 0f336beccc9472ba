"""Images with a map of attribution."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Label, Logit, Row


@dataclass(frozen=True)
class MappedImages(Row):
    """A map of attribution."""

    NAME: ClassVar = "images"
    KEY: ClassVar = ("map",)

    map: Count
    "Its number in `maps.h5`."
    image_id: str
    "The image."
    task: str
    "The finding that the map explains."
    label: Label
    "1 with the finding, 0 without."
    logit: Logit
    "Output of the model."
    scored: bool
    "Whether the map counts: a positive image whose finding has a region."
    role: str | None
    "Why the image is shown, if it is."
    method: str
    "`grad_cam`, `integrated_gradients` or `input_gradients`."
    weights: str
    "`trained` or `random`."
