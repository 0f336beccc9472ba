"""Scores of a simulated reader, who sees the true severities of a simulated hospital with known faults."""

from typing import TYPE_CHECKING

from crossray.seeds import derived_seed
from crossray.study.stages.simulate_scores import SimulateScores

if TYPE_CHECKING:
    import pandas as pd

#: severity of the hardest images: those of a finding that is hardly there
HARDEST = 0.3

_ROUNDING = 1e-12


def simulate(truth: "pd.DataFrame", dataset: str, settings: SimulateScores) -> "pd.DataFrame":
    """Return what the reader says of each image, in the order of the images.

    It reads a severity with a normal error and a drift that grows linearly from the first image to the last. A score is
    100 times the severity, rounded, 0 to 100; a probability is that of :data:`HARDEST` or more, given the error; yes is
    a reading of as much. The share ``refused`` has no answer: images whose worst severity is nearest to
    :data:`HARDEST`.

    Args:
        truth: image_id, and the severity of each finding, 0 to 1.
        dataset: name of the hospital.
        settings: the faults.

    Returns:
        image_id and a column a task, empty where the reader refused.
    """
    import numpy as np
    from scipy.special import ndtr

    tasks = [task for task in settings.tasks if task in truth]
    severities = truth[tasks].to_numpy(float)
    generator = np.random.default_rng(derived_seed(settings.seed, "reader", dataset))
    seen = severities + generator.normal(0, settings.error, severities.shape)
    seen += settings.drift * np.linspace(0, 1, len(truth))[:, None]
    match settings.answers:
        case "score":
            scores = np.clip(seen * 100, 0, 100).round()
        case "probability":
            scores = ndtr((seen - HARDEST) / max(settings.error, _ROUNDING)).round(4)
        case "binary":
            scores = (seen >= HARDEST).astype(float)
    distance = np.abs(severities.max(axis=1) - HARDEST)
    refused = np.argsort(distance, kind="stable")[: round(settings.refused * len(truth))]
    scores[refused] = np.nan
    return truth[["image_id"]].assign(**dict(zip(tasks, scores.T, strict=True)))
