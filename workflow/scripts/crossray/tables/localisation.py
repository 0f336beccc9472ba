"""Localisation scores of attribution maps."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfCell, OfModel


@dataclass(frozen=True)
class Localisation(OfCell):
    """A cell, or the mean of a pair's tasks, a method, weights and measure."""

    NAME: ClassVar = "localisation"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("model", "source", "target", "task", "method", "weights", "measure")

    method: str
    "`grad_cam`, `integrated_gradients` or `input_gradients`."
    weights: str
    "Weights of the network: `trained`, or `random` as a control."
    measure: str
    "`pointing`, `overlap` or `mass` ([definitions](localisation.md))."
    tasks: Count
    "Tasks behind the row: 1, or those of the mean."
    images: Count
    "Positive test images with an annotated region, whose maps were scored."
    patients: Count
    "Patients of these images."
    reason: str | None
    "Reason code if there is no number."
    score: Share | None
    "Mean score over the images; for a mean of tasks the mean over tasks."
    score_low: float | None
    score_high: float | None
    chance: Share | None
    "Expected score on the same images of as many randomly placed pixels."
    centre: Share | None
    "Score on the same images of a Gaussian blob in the centre."
    factor: Positive | None
    "`score` divided by `chance`."
    factor_low: float | None
    factor_high: float | None
    difference: Correlation | None
    "`score` minus that of the target's own model on the same images, over the tasks that both have."
    difference_low: float | None
    difference_high: float | None


@dataclass(frozen=True)
class LocalisationSummary(OfModel):
    """A method, weights, measure and place."""

    NAME: ClassVar = "localisation_summary"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("model", "method", "weights", "measure", "place")

    method: str
    "`grad_cam`, `integrated_gradients` or `input_gradients`."
    weights: str
    "Weights of the network: `trained`, or `random` as a control."
    measure: str
    "`pointing`, `overlap` or `mass`."
    place: str
    "`at home` (internal: the model was trained on the target) or `elsewhere` (external)."
    pairs: Count
    "Pairs of source and target behind the means."
    score: Share | None
    "Mean over the pairs of the mean over tasks."
    score_low: float | None
    score_high: float | None
    chance: Share | None
    "Mean of `chance` in `localisation.csv`."
    centre: Share | None
    "Mean of `centre` in `localisation.csv`."
    factor: Positive | None
    "`score` divided by `chance`."
    factor_low: float | None
    factor_high: float | None
    difference: Correlation | None
    "Mean of `difference` in `localisation.csv`; only external."
    difference_low: float | None
    difference_high: float | None
