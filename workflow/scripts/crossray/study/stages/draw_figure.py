"""What a figure is told of the study."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from crossray.study.stages.shown import Shown


@dataclass(frozen=True, kw_only=True, init=False)
class DrawFigure(Shown):
    """What a figure is told of the study: `phantoms`, `real`, and what its entry in the registry asks for.

    To read another one is an AttributeError, as it would not draw the figure again where it changes.
    """

    PARTIAL: ClassVar = True

    models: tuple[str, ...]
    "The models that are reported, the first one being that of figures of a single model."
    trained: tuple[str, ...]
    "Those of them that are trained here."
    sources_of: Mapping[str, tuple[str, ...]]
    "Model to the sources that it is trained on."
    size: int
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"]
    "How images were made square."
    methods: tuple[str, ...]
    "How evidence is attributed to pixels, the first one in the gallery."
    resamples: int
    "Bootstrap resamples of patients."
    minimum: int
    "Patients with a finding, and without it, that a number needs."
    withheld: tuple[str, ...]
    "Data sets of which no picture is shown."
    searched: tuple[str, ...]
    "Data sets of which pictures are shown but for those with text in them."

    def __init__(self, **asked: Any) -> None:
        """Take what is asked for alone."""
        self.__dict__.update(asked)
