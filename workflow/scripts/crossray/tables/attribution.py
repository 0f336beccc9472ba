"""Images with attribution maps."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Label, Logit, Row


@dataclass(frozen=True)
class MappedImages(Row):
    """An attribution map."""

    NAME: ClassVar = "images"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("map",)

    map: Count
    "Its index in `maps.h5`, from 0."
    image_id: str
    "The image."
    task: str
    "The finding that the map explains."
    label: Label
    "1 with the finding, 0 without."
    logit: Logit
    "Logit of the trained model for this finding."
    scored: bool
    "Whether the map is scored: the image is positive and the finding's region is annotated."
    role: str | None
    "Why the image is shown, for example `positive, scored lowest`; empty if it is not."
    method: str
    "`grad_cam`, `integrated_gradients` or `input_gradients`."
    weights: str
    "Weights of the attributed network: `trained`, or `random` as a control."
