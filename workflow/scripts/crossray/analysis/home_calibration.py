"""Calibration of a model at home: intercept and slope of its logits on its source's validation split (Platt 1999)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.shift.prevalence import calibration


def home_calibration(study: Study, trained: ModelKey, home: ScoredSplit, task: str) -> NDArray[np.float64]:
    """Fit intercept and slope on the validation split of a model's source, shape (2,)."""
    labels, seeds = study.validation(trained)
    return calibration_of(labels, seeds[home.reported_seed(trained)], task)


def calibration_of(labels: pd.DataFrame, logits: pd.DataFrame, task: str) -> NDArray[np.float64]:
    """Fit intercept and slope on those images whose label is known, shape (2,)."""
    truth, scores, _ = known(labels, logits, task)
    return calibration_line(scores, truth)


def calibration_line(scores: NDArray, labels: NDArray) -> NDArray[np.float64]:
    """Fit intercept and slope of logits (images,) to labels (images,) of 0 and 1, shape (2,)."""
    return calibration(scores, labels, np.ones((1, len(labels))))[0]
