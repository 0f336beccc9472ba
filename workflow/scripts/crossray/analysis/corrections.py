"""Do corrections help where the split says so? Losses elsewhere before and after pictures or networks are matched.

A correction of pictures can give back what images cost, and nothing of what another label rule costs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.analysis.cells import Scored, Study, Trained, check_rows, known
from crossray.analysis.resampling import weighted_ranking, with_interval
from crossray.analysis.shift.tables import home_calibration
from crossray.analysis.shift.terms import AUC, LOG_LOSS, log_losses
from crossray.settings import is_pooled

KEYS = ["model", "source", "target", "task"]
#: one row a cell with a verdict, metric and correction; ``returned`` is what is lost less, before - after
COLUMNS = [*KEYS, "metric", "correction", "images", "before", "after", "returned", "returned_low", "returned_high",
           "drop", "image", "concept", "verdict"]  # fmt: skip


def measure(study: Study, corrected: Path, shift: pd.DataFrame) -> pd.DataFrame:
    """Measure what each correction gives back.

    Args:
        study: the predictions.
        corrected: folder of ``predict_corrected.py``, ``{model}/{source}/{seed}/{target}.parquet`` below it.
        shift: ``shift.csv``.

    Returns:
        A table with :data:`COLUMNS`; log-loss is that of logits calibrated at home, before and after alike.
    """
    targets = {scored.dataset: scored for scored in study.targets()}
    told = shift[shift["verdict"].notna()].set_index([*KEYS, "metric"])
    rows = []
    for trained in study.trained():
        for name, scored in targets.items():
            if is_pooled(trained.source) or name == trained.source:
                continue
            weights = scored.weights(study.settings["evaluation"])
            after = _mean_logits(study, corrected, trained, scored)
            for task in study.settings["tasks"]:
                key = (trained.model, trained.source, name, task)
                if (*key, LOG_LOSS) in told.index:
                    fitted = home_calibration(study, trained, targets[trained.source], task)
                    for row in _cell(scored, trained, task, fitted, after, weights):
                        facts = told.loc[(*key, row["metric"]), ["drop", "image", "concept", "verdict"]]
                        rows.append(dict(zip(KEYS, key, strict=True)) | row | facts.to_dict())
    return pd.DataFrame(rows, columns=COLUMNS)


def _mean_logits(study: Study, corrected: Path, trained: Trained, scored: Scored) -> dict[str, pd.DataFrame]:
    """Return correction -> logits, the mean over seeds, as a report shows the ensemble."""
    found: dict[str, list[pd.DataFrame]] = {}
    for seed in study.settings["seeds"]:
        path = corrected / trained.model / trained.source / str(seed) / f"{scored.dataset}.parquet"
        for name, part in pd.read_parquet(path).groupby("correction", sort=False):
            logits = part.drop(columns="correction").set_index("image_id").astype(np.float64)
            check_rows(logits, scored.labels.index, f"predictions after {name} of {path}")
            found.setdefault(str(name), []).append(logits)
    return {name: sum(parts[1:], start=parts[0]) / len(parts) for name, parts in found.items()}


def _cell(
    scored: Scored, trained: Trained, task: str, fitted: NDArray, after: Mapping[str, pd.DataFrame], weights: NDArray
) -> Iterator[dict[str, Any]]:
    """Yield a row for each correction and metric; before and after are compared in the same resamples."""
    labels, scores, here = known(scored.labels, scored.reported(trained), task)
    counts = np.concatenate([np.ones((1, len(labels)), weights.dtype), weights[:, here]])
    first = _lost(labels, fitted[0] + fitted[1] * scores, counts)
    for name, logits in after.items():
        second = _lost(labels, fitted[0] + fitted[1] * logits[task].to_numpy()[here], counts)
        for metric, before in first.items():
            gained = before - second[metric]
            row = {"metric": metric, "correction": name, "images": len(labels)}
            row |= {"before": float(before[0]), "after": float(second[metric][0])}
            yield row | with_interval("returned", float(gained[0]), gained[1:])


def _lost(labels: NDArray, used: NDArray, counts: NDArray) -> dict[str, NDArray]:
    """Return log-loss and 1 - AUC under each row of counts."""
    losses = counts @ log_losses(used, labels) / counts.sum(axis=1)
    return {LOG_LOSS: losses, AUC: 1 - weighted_ranking(labels, used, counts)[0]}
