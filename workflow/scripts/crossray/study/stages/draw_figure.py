"""Settings of figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from crossray.study.stages.shown import Shown


@dataclass(frozen=True, kw_only=True, init=False)
class DrawFigure(Shown):
    """Settings of a figure: `phantoms`, `real`, and those that its entry in the registry lists.

    To read another one is an AttributeError, as it would not draw the figure again where it changes.
    """

    PARTIAL: ClassVar = True

    models: tuple[str, ...]
    "The reported models; figures of a single model use the first."
    trained: tuple[str, ...]
    "Those trained here."
    sources_of: Mapping[str, tuple[str, ...]]
    "Model to its sources."
    size: int
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"]
    "How images were made square."
    methods: tuple[str, ...]
    "Attribution methods; the gallery shows the first."
    resamples: int
    "Bootstrap resamples of patients."
    minimum: int
    "Minimum number of patients with a finding, and without it."
    at_sites: tuple[str, ...]
    "Data sets whose images stay at their site."
    counted: tuple[str, ...]
    "Targets whose sites send counts alone."
    withheld: tuple[str, ...]
    "Data sets whose images are not shown."
    searched: tuple[str, ...]
    "Data sets whose images are shown except those with detected text."

    def __init__(self, **asked: Any) -> None:
        """Keep only the settings that are requested."""
        self.__dict__.update(asked)
