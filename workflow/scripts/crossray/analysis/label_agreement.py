"""Two labellings of the same radiographs: how far do they agree, and how large is the drop due to that alone?

Cohen et al. 2020, figure A.1 and section 4. The same radiograph in two data sets is matched by content
(``leakage/pairs.csv``), whatever its identifiers. With the same images, a drop is due to the labels.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crossray.analysis import repeated_aucs
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, fewest_patients
from crossray.analysis.kappa import agreement_of
from crossray.analysis.repeated_aucs import Repeated, paired_difference, pooled
from crossray.tables import of_rows
from crossray.tables.label_agreement import LabelAgreement, LabelControl


def matches(pairs: pd.DataFrame) -> pd.DataFrame:
    """Match images of different data sets that show the same radiograph.

    Args:
        pairs: ``leakage/pairs.csv``; links, so that all images of a group hang together.

    Returns:
        Columns first, second (data sets), first_id, second_id. A radiograph that a data set has twice is left out
        there, as its labels may differ.
    """
    ends = [("dataset", "image_id"), ("other_dataset", "other_image_id")]
    nodes = pd.concat([pairs[list(names)].set_axis(["dataset", "image_id"], axis=1) for names in ends])
    codes, names = pd.factorize(pd.MultiIndex.from_frame(nodes))
    half = len(pairs)
    edges = coo_array((np.ones(half), (codes[:half], codes[half:])), shape=(len(names), len(names)))
    table = pd.DataFrame(list(names), columns=["dataset", "image_id"])
    table["group"] = connected_components(edges, directed=False)[1] if half else []
    table = table.drop_duplicates(["group", "dataset"], keep=False)
    found = table.merge(table, on="group", suffixes=("", "_other"))
    found = found[found["dataset"] < found["dataset_other"]]
    columns = {"dataset": "first", "dataset_other": "second", "image_id": "first_id", "image_id_other": "second_id"}
    return found.rename(columns=columns)[["first", "second", "first_id", "second_id"]].reset_index(drop=True)


def measure(study: Study, found: pd.DataFrame, manifests: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count agreements of labels over all splits.

    Args:
        study: for tasks.
        found: :func:`matches`.
        manifests: data set -> manifest by image_id.

    Returns:
        A table of :class:`LabelAgreement`; one row per pair of data sets and task that both label.
    """
    rows = []
    for (first, second), part in found.groupby(["first", "second"], sort=False):
        ours, theirs = manifests[first].loc[part["first_id"]], manifests[second].loc[part["second_id"]]
        for task in study.settings.tasks:
            if task in ours and task in theirs:
                here = ours[task].notna().to_numpy() & theirs[task].notna().to_numpy()
                if here.any():
                    keys = {"first": first, "second": second, "task": task, "matched": len(part)}
                    first_labels, second_labels = (side[task].to_numpy()[here] == 1 for side in (ours, theirs))
                    patients = ours["patient_id"].to_numpy()[here]
                    rows.append(keys | agreement_of(first_labels, second_labels, patients))
    return of_rows(rows, LabelAgreement)


def measure_control(study: Study, found: pd.DataFrame) -> pd.DataFrame:
    """Test models on the same images by two labellings.

    Returns:
        A table of :class:`LabelControl`; empty where no two sources share test images.
    """
    rows: list[dict[str, Any]] = []
    targets = {scored.dataset: scored for scored in study.targets()}
    for first, second in combinations(targets, 2):
        matched = _matched(found, first, second)
        for own, other in ((first, second), (second, first)):
            for model in study.settings.models:
                if own in study.settings.sources_of[model]:
                    keys = {"model": model, "source": own, "other": other}
                    rows += [keys | row for row in _controls(study, targets[own], targets[other], matched, model)]
    return of_rows(rows, LabelControl)


def _matched(found: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the matched images of two data sets, one column each, named like them."""
    part = found[(found["first"].isin([first, second])) & (found["second"].isin([first, second]))]
    turned = len(part) and part.iloc[0]["first"] == second
    names = [second, first] if turned else [first, second]
    return part[["first_id", "second_id"]].set_axis(names, axis=1)


def _controls(
    study: Study, own: ScoredSplit, other: ScoredSplit, matched: pd.DataFrame, model: str
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield a row for each task that both label on enough test images that both have."""
    here = matched[matched[own.dataset].isin(own.labels.index) & matched[other.dataset].isin(other.labels.index)]
    places = own.labels.index.get_indexer(here[own.dataset])
    trained, theirs = ModelKey(model, own.dataset), ModelKey(model, other.dataset)
    for task in study.settings.tasks:
        if task not in own.labels or task not in other.labels or task not in own.reported(trained):
            continue
        ours = own.labels[task].to_numpy()[places]
        others = other.labels.loc[here[other.dataset], task].to_numpy()
        known = ~np.isnan(ours) & ~np.isnan(others)
        ours, others, rows = ours[known], others[known], places[known]
        counts = [int((labels == value).sum()) for labels in (ours, others) for value in (0, 1)]
        if min(fewest_patients(labels, own.patients[rows]) for labels in (ours, others)) < own.minimum:
            continue
        both = [_measured(own, trained, task, labels, rows) for labels in (ours, others)]
        home, away = pooled(f"{trained.model}/{trained.source}", both)
        row: dict[str, Any] = {"task": task, "images": len(rows), "own_positives": counts[1]}
        row |= {"other_positives": counts[3], "own_auc": home.measured.auc, "other_auc": away.measured.auc}
        row |= dict(zip(("drop", "drop_low", "drop_high", "p"), _difference(home, away), strict=True))
        if theirs in own.logits and task in own.reported(theirs):
            (best,) = pooled(f"{theirs.model}/{theirs.source}", [_measured(own, theirs, task, others, rows)])
            gain = dict(zip(("others_gain", "others_gain_low", "others_gain_high", "others_p"),
                            _difference(best, away), strict=True))  # fmt: skip
            row |= {"others_model_auc": best.measured.auc} | gain
        yield row


def _measured(scored: ScoredSplit, trained: ModelKey, task: str, labels: NDArray, rows: NDArray) -> Repeated:
    """Measure a model's trainings on some images by labels that may be another data set's."""
    scores = [logits[task].to_numpy()[rows] for logits in scored.each_training(trained)]
    return repeated_aucs.measure(labels, scores, scored.patients[rows], scored.patient_count)


def _difference(first: Repeated, second: Repeated) -> tuple[float, float, float, float]:
    found = paired_difference([first], [second])
    return found.value, found.low, found.high, found.p
