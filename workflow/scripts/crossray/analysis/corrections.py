"""Do corrections help against the causes found? Performance at the target before and after.

A correction of images can recover the image term but nothing of a different label rule; a new prior recovers the
prevalence term, and recalibration also the effect of another threshold; wrong labels stay wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from crossray.analysis.cells import ModelKey, ScoredSplit, Study, check_rows, known
from crossray.analysis.home_calibration import calibration_line, home_calibration
from crossray.analysis.resampling import weighted_ranking, with_interval
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS, log_losses
from crossray.analysis.shift.verdict import COMPOUND
from crossray.files import read_parquet
from crossray.seeds import derived_seed
from crossray.study import folders
from crossray.tables import of_rows
from crossray.tables.contract import names
from crossray.tables.corrections import Corrections, CorrectionsByVerdict
from crossray.tables.keys import OfCell

KEYS = names(OfCell)
#: the group of all cells, and of those whose verdict names no cause
ALL, NO_CAUSE = "all", "no cause named"
#: the groups of verdicts that name a cause
_GROUPS = (*CAUSES, COMPOUND)

#: the prevalence implied by the target's images, which uses no label of the target
PRIOR = "implied prevalence"
#: intercept and slope, fitted on the labels of one half of the target's patients for the other half
RECALIBRATED = "recalibrated"

#: fewer cells have no rank correlation
_LEAST_CELLS = 5


def measure(
    study: Study, mitigations: Sequence[str], corrected: Path, shift: pd.DataFrame, evidence: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the effect of each correction.

    Args:
        study: the predictions.
        mitigations: models that differ from the first in how they were trained, and are set beside it.
        corrected: folder of ``predict_corrected.py``, ``{model}/{source}/{seed}/{target}.parquet`` below it.
        shift: ``shift.csv``.
        evidence: ``shift_evidence.csv``.

    Returns:
        Tables of :class:`Corrections` and :class:`CorrectionsByVerdict`; log-loss is that of logits calibrated at
        home, before and after alike.
    """
    told = shift[shift["verdict"].notna()].set_index([*KEYS, "metric"])
    implied = evidence.set_index(KEYS)["implied"]
    rows, replicates = [], []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        for trained in study.trained():
            tasks = [task for task in study.settings.tasks
                     if (trained.model, trained.source, scored.dataset, task, LOG_LOSS) in told.index]  # fmt: skip
            pictures = _mean_logits(study, corrected, trained, scored) if tasks else {}
            for task in tasks:
                key = (trained.model, trained.source, scored.dataset, task)
                beside = mitigations if trained.model == study.settings.models[0] else ()
                used = _used(study, beside, scored, trained, task, pictures, float(implied.loc[key]))
                for row, drawn in _cell(scored, task, used, weights):
                    facts = told.loc[(*key, row["metric"]), ["drop", *CAUSES, "verdict"]]
                    rows.append(dict(zip(KEYS, key, strict=True)) | row | facts.to_dict())
                    replicates.append(drawn)
    table = of_rows(rows, Corrections)
    return table, _grouped(table, np.array(replicates))


def _used(
    study: Study, beside: Sequence[str], scored: ScoredSplit, trained: ModelKey, task: str,
    pictures: Mapping[str, pd.DataFrame], implied: float,
) -> dict[str, NDArray]:  # fmt: skip
    """Return calibrated logits of every image, first (under an empty name) as they are, then after each correction."""
    fitted = home_calibration(study, trained, scored, task)
    used = {"": fitted[0] + fitted[1] * scored.reported(trained)[task].to_numpy()}
    used |= {name: fitted[0] + fitted[1] * logits[task].to_numpy() for name, logits in pictures.items()}
    used[PRIOR] = used[""] + implied
    used[RECALIBRATED] = _recalibrated(used[""], scored, task, study.settings.evaluation.seed)
    for model in beside:
        other = ModelKey(model, trained.source)
        if other in scored.logits and scored.measurable(other, task):
            own = home_calibration(study, other, scored, task)
            used[model] = own[0] + own[1] * scored.reported(other)[task].to_numpy()
    return used


def _recalibrated(logits: NDArray, scored: ScoredSplit, task: str, seed: int) -> NDArray[np.float64]:
    """Recalibrate a target's images by halves of its patients."""
    order = np.random.default_rng(derived_seed(seed, "halves", scored.dataset)).permutation(scored.patient_count)
    return recalibrated(logits, scored.labels[task].to_numpy(float), (order % 2 == 0)[scored.patients])


def recalibrated(logits: NDArray, labels: NDArray, first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Calibrate the images of each half of the patients by the labels of the other half (Platt 1999).

    Args:
        logits: shape (images,).
        labels: 0, 1 or NaN where it is not known, shape (images,).
        first: whether an image is of a patient of the first half, shape (images,).

    Returns:
        Calibrated logits, shape (images,); those of a half as they were if the other has one class alone.
    """
    found = np.array(logits)
    for half in (first, ~first):
        learnt = ~half & ~np.isnan(labels)
        if len(np.unique(labels[learnt])) > 1:
            intercept, slope = calibration_line(logits[learnt], labels[learnt])
            found[half] = intercept + slope * logits[half]
    return found


def _mean_logits(study: Study, corrected: Path, trained: ModelKey, scored: ScoredSplit) -> dict[str, pd.DataFrame]:
    """Return correction -> logits, the mean over seeds, as a report shows the ensemble."""
    found: dict[str, list[pd.DataFrame]] = {}
    for seed in study.settings.seeds:
        names = {"model": trained.model, "source": trained.source, "seed": seed, "target": scored.dataset}
        path = corrected / folders.CORRECTED.format(**names)
        for name, part in read_parquet(path, ["image_id", "correction"]).groupby("correction", sort=False):
            logits = part.drop(columns="correction").set_index("image_id").astype(np.float64)
            check_rows(logits, scored.labels.index, f"predictions after {name} of {path}")
            found.setdefault(str(name), []).append(logits)
    return {name: sum(parts[1:], start=parts[0]) / len(parts) for name, parts in found.items()}


def _cell(
    scored: ScoredSplit, task: str, used: Mapping[str, NDArray], weights: NDArray
) -> Iterator[tuple[dict[str, Any], NDArray]]:
    """Yield a row and its replicates for each correction and metric, all compared in the same resamples.

    Recalibration keeps the order of scores, and so their AUC; halves with a map each, taken together, would not.
    """
    plain = pd.DataFrame({task: used[""]}, scored.labels.index)
    labels, _, here = known(scored.labels, plain, task)
    counts = np.concatenate([np.ones((1, len(labels)), weights.dtype), weights[:, here]])
    lost = {name: _lost(labels, logits[here], counts) for name, logits in used.items()}
    first = lost.pop("")
    lost[RECALIBRATED] |= {AUC: first[AUC]}
    for name, second in lost.items():
        for metric, before in first.items():
            gained = before - second[metric]
            row = {"metric": metric, "correction": name, "images": len(labels)}
            row |= {"before": float(before[0]), "after": float(second[metric][0])}
            yield row | with_interval("returned", float(gained[0]), gained[1:]), gained[1:]


def _lost(labels: NDArray, used: NDArray, counts: NDArray) -> dict[str, NDArray]:
    """Return log-loss and 1 - AUC under each row of counts."""
    losses = counts @ log_losses(used, labels) / counts.sum(axis=1)
    return {LOG_LOSS: losses, AUC: 1 - weighted_ranking(labels, used, counts)[0]}


def _grouped(table: pd.DataFrame, replicates: NDArray) -> pd.DataFrame:
    """Average what is returned over the cells of each verdict, and over all.

    The rank correlations (Spearman) of what is returned with each term are those over all cells.
    """
    groups = table["verdict"].where(table["verdict"].isin(_GROUPS), NO_CAUSE)
    rows = []
    for (model, metric, correction), part in table.groupby(["model", "metric", "correction"], sort=False):
        for verdict in (*_GROUPS, NO_CAUSE, ALL):
            chosen = part.index if verdict == ALL else part.index[groups[part.index] == verdict]
            row = {"model": model, "metric": metric, "correction": correction, "verdict": verdict}
            row["cells"] = len(chosen)
            if len(chosen):
                drawn = np.nanmean(replicates[chosen], axis=0)
                row |= with_interval("returned", float(part.loc[chosen, "returned"].mean()), drawn)
            if verdict == ALL:
                row |= {f"with_{cause}": _correlation(part["returned"], part[cause]) for cause in CAUSES}
            rows.append(row)
    return of_rows(rows, CorrectionsByVerdict)


def _correlation(returned: pd.Series, term: pd.Series) -> float:
    """Return Spearman's correlation over cells; NaN for a few, or where one of the two never changes."""
    if len(returned) < _LEAST_CELLS or min(returned.nunique(), term.nunique()) < 2:
        return float("nan")
    return float(spearmanr(returned, term).statistic)
