"""Operating points: the thresholds of every model, and its outputs scaled so that the threshold is 0.5."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.metrics import calibrated, error_threshold, precision_threshold, youden_threshold
from crossray.study.names import BINARY_ANSWER
from crossray.tables import ENSEMBLE

#: the precision that the rule ``precision`` asks for
PRECISION = 0.8

RULES: Mapping[str, Callable[[NDArray, NDArray], float]] = {
    "youden": youden_threshold,
    "fewest errors": error_threshold,
    "precision": lambda labels, scores: precision_threshold(labels, scores, PRECISION),
}

#: the rule of thresholds that come with an external model
GIVEN = "given"

Thresholds = Mapping[tuple[str, str], float]
#: of every model
OfModels = Mapping[ModelKey, Thresholds]


def own_thresholds(study: Study, trained: ModelKey) -> dict[tuple[str, str], float]:
    """Return the threshold of every (seed, task): Youden's, chosen on the source's validation split, or the maker's."""
    return next(iter(thresholds_by_rule(study, trained).values()))


def thresholds_by_rule(study: Study, trained: ModelKey) -> dict[str, dict[tuple[str, str], float]]:
    """Return the thresholds that a model brings with it, of every rule, the one that reports use first.

    They are chosen on the source's validation split, which is read once; for an external model they are
    the maker's, or chosen on the split that the study names, or on that of its home.
    """
    external = study.settings.external.get(trained.model)
    if external is None:
        return {rule: chosen(*split, rule) for split in [study.validation(trained)] for rule in RULES}
    if external.thresholds is not None:
        seeds = [str(seed) for seed in study.settings.seeds[:1]]
        seeds += [ENSEMBLE] if len(study.settings.seeds) > 1 else []
        return {GIVEN: {(seed, task): limit for seed in seeds for task, limit in external.thresholds.items()}}
    if external.chosen_on:
        scored = study.scored(external.chosen_on, "validation", [trained])
        return {rule: chosen(scored.labels, scored.logits[trained], rule) for rule in RULES}
    return {GIVEN: {}}


def limit_of(scored: ScoredSplit, trained: ModelKey, task: str, thresholds: OfModels) -> float:
    """Return from which output on a model calls an image positive; NaN where that is not known."""
    if scored.scales.get(trained) == BINARY_ANSWER:
        return 1.0
    return thresholds[trained].get((scored.reported_seed(trained), task), float("nan"))


def chosen(labels: pd.DataFrame, seeds: Mapping[str, pd.DataFrame], rule: str) -> dict[tuple[str, str], float]:
    """Choose a threshold for every (seed, task) on these images; NaN where a class is missing."""
    return {
        (seed, task): RULES[rule](*known(labels, logits, task)[:2]) if task in labels else float("nan")
        for seed, logits in seeds.items()
        for task in logits
    }


def outputs(scored: ScoredSplit, trained: ModelKey, task: str, thresholds: Thresholds) -> NDArray[np.float64]:
    """Return calibrated outputs: each seed's by equation 2 of Cohen et al. 2020, and of several the mean (section 3).

    Returns:
        Shape (images,), 0 to 1, NaN without a threshold.
    """
    members = [seed for seed in scored.logits[trained] if seed != ENSEMBLE]
    limits = {seed: thresholds.get((seed, task), float("nan")) for seed in members}
    parts = [calibrated(scored.logits[trained][seed][task], limits[seed]) for seed in members]
    return np.mean(parts, axis=0)
