"""Models that were trained elsewhere: do their makers' claims hold here, whom do they refuse, and who changes sides?"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis import shares
from crossray.analysis.auc_differences import paired_difference
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.intervals import Measured, interval, measure_auc
from crossray.analysis.sums import with_limits
from crossray.analysis.thresholds import OfModels, limit_of, own_thresholds
from crossray.statistics import auc
from crossray.tables import of_rows
from crossray.tables.external import Claims, Refusals, Versions

BELOW, ABOVE, AGREES = "below the claim", "above the claim", "not told from the claim"
SCORED, REFUSED, ALL = "scored", "refused", "all"


def measure(
    study: Study, claims: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure models that were trained elsewhere on every target.

    Args:
        study: the predictions.
        claims: model -> task -> measure -> what its maker claims.

    Returns:
        Tables of :class:`Claims`, :class:`Refusals` and :class:`Versions`.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    found: list[dict[str, Any]] = []
    refusals: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    for scored in study.targets():
        for trained in scored.logits:
            external = study.settings.external.get(trained.model)
            if external is None:
                continue
            names = {"model": trained.model, "source": trained.source, "target": scored.dataset}
            caveat = None if external.is_known else reasons.UNKNOWN_TRAINING_DATA
            for task, said in claims.get(trained.model, {}).items():
                rows = _claims(scored, trained, task, said, limit_of(scored, trained, task, thresholds))
                found += [names | {"task": task, "caveat": None if row["reason"] else caveat} | row for row in rows]
            for task in study.settings.tasks:
                if task in scored.reported(trained) and task in scored.labels:
                    limit = limit_of(scored, trained, task, thresholds)
                    refusals += [names | {"task": task} | row for row in _refusals(scored, trained, task, limit)]
        versions += list(_versions(study, scored, thresholds))
    return (
        of_rows(found, Claims),
        of_rows(refusals, Refusals),
        of_rows(versions, Versions),
    )


def _share(name: str, hits: NDArray[np.bool_], patients: NDArray) -> dict[str, float]:
    """Return the columns of a share of images with its limits; NaN without an image."""
    value = float(hits.mean()) if len(hits) else float("nan")
    return with_limits(name, (value, *shares.interval(hits, patients)))


def _claims(
    scored: ScoredSplit, trained: ModelKey, task: str, said: Mapping[str, float], limit: float
) -> Iterator[dict[str, Any]]:
    """Yield a row for each claimed number."""
    counts = scored.count(trained, scored.reported_seed(trained), task)
    for measure_name, claimed in said.items():
        row: dict[str, Any] = counts | {"measure": measure_name, "claimed": claimed}
        ranks = measure_name == "auc"
        if not ranks and row["reason"] == reasons.NO_PROBABILITY:
            row["reason"] = None  # yes and no are called rightly or not
        if not ranks and row["reason"] is None and np.isnan(limit):
            row["reason"] = reasons.NOT_GIVEN
        if row["reason"] is None:
            row |= _measured(scored, trained, task, measure_name, limit)
            low, high = row["measured_low"], row["measured_high"]
            row["finding"] = BELOW if high < claimed else ABOVE if low > claimed else AGREES
        yield row


def _measured(scored: ScoredSplit, trained: ModelKey, task: str, name: str, limit: float) -> dict[str, float]:
    """Measure what is claimed."""
    truth, scores, here = known(scored.labels, scored.reported(trained), task)
    patients = scored.patients[here]
    if name == "auc":
        found = measure_auc(truth, scores, patients, scored.patient_count)
        low, high = interval(found)
        return {"measured": found.auc, "measured_low": low, "measured_high": high}
    asked = truth == (1 if name == "sensitivity" else 0)
    right = (scores >= limit) == (truth == 1)
    return _share("measured", right[asked], patients[asked])


def _refusals(scored: ScoredSplit, trained: ModelKey, task: str, limit: float) -> Iterator[dict[str, Any]]:
    """Yield the images with a score, those without, and all, of those whose label is known."""
    labelled = scored.labels[task].notna().to_numpy()
    given = scored.reported(trained)[task].notna().to_numpy()
    groups = {SCORED: labelled & given, REFUSED: labelled & ~given, ALL: labelled}
    for group, here in groups.items():
        rows, patients = scored.labels[here], scored.patients[here]
        truth = rows[task].to_numpy()
        row: dict[str, Any] = {"group": group, "images": len(rows), "patients": rows["patient_id"].nunique()}
        row |= {"positives": int((truth == 1).sum()), "negatives": int((truth == 0).sum())}
        row |= _share("prevalence", truth == 1, patients)
        row |= {"share": 1.0} if group == ALL else _share("share", here[labelled], scored.patients[labelled])
        row["age"] = rows["age"].mean()
        row["women"] = (rows["sex"].dropna() == "F").mean() if rows["sex"].notna().any() else np.nan
        if group == REFUSED and given[labelled].any() and trained not in scored.refused:
            row |= bounds(scored.labels[task][labelled], scored.reported(trained)[task][labelled], limit)
        yield row


def bounds(labels: pd.Series, scores: pd.Series, limit: float) -> dict[str, float]:
    """Return what would come out if all images without a score were called wrongly, and if all were rightly.

    Args:
        labels: 0 or 1.
        scores: NaN where there is none.
        limit: from which score on an image is called positive; NaN where there is no such.
    """
    truth, values = labels.to_numpy(), scores.to_numpy(np.float64)
    missing, positive = np.isnan(values), truth == 1
    found: dict[str, float] = {}
    for end, right in (("worst", False), ("best", True)):
        filled = np.where(missing, np.where(positive == right, np.inf, -np.inf), values)
        ranks = np.unique(filled, return_inverse=True)[1]
        found[f"auc_{end}"] = auc(truth, ranks)
        called = filled >= (limit if not np.isnan(limit) else 0)
        for name, asked in (("sensitivity", positive), ("specificity", ~positive)):
            hits = (called == positive)[asked]
            found[f"{name}_{end}"] = float(hits.mean()) if len(hits) and not np.isnan(limit) else float("nan")
    return found


def _versions(study: Study, scored: ScoredSplit, thresholds: OfModels) -> Iterator[dict[str, Any]]:
    """Yield each pair of models of which one was trained elsewhere, on the images for which both have outputs."""
    everybody = list(scored.logits)
    for place, one in enumerate(everybody):
        for other in everybody[:place]:
            if not {one.model, other.model} & set(study.settings.external):
                continue
            for task in study.settings.tasks:
                row = _compared(scored, (other, one), task, thresholds)
                if row:
                    names = {"model": other.model, "source": other.source, "target": scored.dataset, "task": task}
                    yield names | {"other_model": one.model, "other_source": one.source} | row


def _compared(
    scored: ScoredSplit, pair: tuple[ModelKey, ModelKey], task: str, thresholds: OfModels
) -> dict[str, Any] | None:
    """Compare two models: difference of AUCs, and how many images each calls positive; None where one has no number."""
    if not all(scored.measurable(trained, task) for trained in pair):
        return None
    labels = scored.labels[task]
    scores = [scored.reported(trained)[task] for trained in pair]
    here = (labels.notna() & scores[0].notna() & scores[1].notna()).to_numpy()
    truth = labels.to_numpy()[here]
    if len(np.unique(truth)) < 2:
        return None
    values = [one.to_numpy()[here] for one in scores]
    measured: list[Measured] = [measure_auc(truth, one, scored.patients[here], scored.patient_count) for one in values]
    found = paired_difference(measured[:1], measured[1:])
    row: dict[str, Any] = {"images": int(here.sum()), "difference": found.value, "difference_low": found.low}
    row |= {"difference_high": found.high, "p": found.p}
    limits = [limit_of(scored, trained, task, thresholds) for trained in pair]
    if not np.isnan(limits).any():
        first, second = (one >= limit for one, limit in zip(values, limits, strict=True))
        row |= {"both": int((first & second).sum()), "first_only": int((first & ~second).sum())}
        row |= {"second_only": int((~first & second).sum()), "neither": int((~first & ~second).sum())}
    return row
