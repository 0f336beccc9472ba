"""Intervals of the paper's matrix on one core: 416 cells of 20,000 images, 1,000 resamples of patients.

Sixteen cells of one target are measured and 416 of eight targets reckoned from them; scikit-learn is timed for a few
resamples of a cell. A tenth of the patients have two images, so that patients and not images must be drawn.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
from measuring import Row, peak_mb
from sklearn.metrics import average_precision_score, roc_auc_score

from crossray.analysis.delong import contributions
from crossray.analysis.resampling import interval, patient_weights, weighted_ranking

CELLS, TARGETS, IMAGES, RESAMPLES = 416, 8, 20_000, 1_000
MEASURED = 16
BY_SCIKIT_LEARN = 3
REPETITIONS = 3


def measure(folder: Path) -> Iterator[Row]:
    """Time both in turn and reckon the whole matrix; DeLong's intervals beside them."""
    generator = np.random.default_rng(0)
    patients = np.arange(IMAGES) * 10 // 11
    labels = (generator.random((MEASURED, IMAGES)) < 0.1).astype(int)
    scores = generator.normal(size=labels.shape) + labels
    times: dict[str, list[float]] = {"CrossRay": [], "CrossRay, DeLong": [], "scikit-learn, a loop": []}
    for _ in range(REPETITIONS):
        start = perf_counter()
        weights = patient_weights(patients, RESAMPLES, 0)
        drawn = perf_counter()
        for truth, score in zip(labels, scores, strict=True):
            for replicates in weighted_ranking(truth, score, weights):
                interval(replicates)
        ranked = perf_counter()
        for truth, score in zip(labels, scores, strict=True):
            contributions(truth, score, np.arange(IMAGES), IMAGES)
        placed = perf_counter()
        for row in weights[:BY_SCIKIT_LEARN]:
            roc_auc_score(labels[0], scores[0], sample_weight=row)
            average_precision_score(labels[0], scores[0], sample_weight=row)
        ended = perf_counter()
        times["CrossRay"].append((drawn - start) * TARGETS + (ranked - drawn) * CELLS / MEASURED)
        times["CrossRay, DeLong"].append((placed - ranked) * CELLS / MEASURED)
        times["scikit-learn, a loop"].append((ended - placed) * RESAMPLES * CELLS / BY_SCIKIT_LEARN)
    for name, values in times.items():
        yield Row("intervals of 416 cells", name, values, peak_mb=peak_mb())
