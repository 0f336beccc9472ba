"""Whether maps of attribution lie on the findings."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfCell, OfModel


@dataclass(frozen=True)
class Localisation(OfCell):
    """A cell, method, weights and measure."""

    NAME: ClassVar = "localisation"
    KEY: ClassVar = ("model", "source", "target", "task", "method", "weights", "measure")

    method: str
    "`grad_cam`, `integrated_gradients` or `input_gradients`."
    weights: str
    "`trained`, or `random` as a control."
    measure: str
    "`pointing`, `overlap` or `mass`."
    tasks: Count
    "Tasks behind a mean of tasks."
    images: Count
    "Images scored."
    patients: Count
    "Patients of these images."
    reason: str | None
    "Code of the reason why there is no number."
    score: Share | None
    "Mean score of the maps."
    score_low: float | None
    score_high: float | None
    chance: Share | None
    "Score of a random place on the same images."
    centre: Share | None
    "Score of the image's centre."
    factor: Positive | None
    "`score` over `chance`."
    factor_low: float | None
    factor_high: float | None
    difference: Correlation | None
    "Score minus that of the target's own model on the same images."
    difference_low: float | None
    difference_high: float | None


@dataclass(frozen=True)
class LocalisationSummary(OfModel):
    """A method, weights, measure and place."""

    NAME: ClassVar = "localisation_summary"
    KEY: ClassVar = ("model", "method", "weights", "measure", "place")

    method: str
    "`grad_cam`, `integrated_gradients` or `input_gradients`."
    weights: str
    "`trained`, or `random` as a control."
    measure: str
    "`pointing`, `overlap` or `mass`."
    place: str
    "`at home` (the target is among what the model learnt from) or `elsewhere`."
    pairs: Count
    "Pairs of source and target behind the means."
    score: Share | None
    "Mean score."
    score_low: float | None
    score_high: float | None
    chance: Share | None
    "Mean score of a random place."
    centre: Share | None
    "Mean score of the image's centre."
    factor: Positive | None
    "`score` over `chance`."
    factor_low: float | None
    factor_high: float | None
    difference: Correlation | None
    "Mean difference to the target's own model."
    difference_low: float | None
    difference_high: float | None
