"""Do two models call the same images positive? Cohen's kappa at each model's operating point, and Kendall's tau.

Cohen et al. 2020, section 4 and figure 3: two models can rank patients equally well and still disagree on each. The
agreement between two seeds of one model is the ceiling.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau

from crossray.analysis.cells import Cell, ModelKey, Study
from crossray.analysis.kappa import kappa
from crossray.analysis.means import Mean, mean_of, single
from crossray.analysis.metrics import kappa_of_counts
from crossray.analysis.resampling import weighted_sums
from crossray.analysis.thresholds import Thresholds, chosen, own_thresholds
from crossray.study.names import is_pooled
from crossray.study.stages.analysis import Analysis
from crossray.tables import ENSEMBLE, of_rows
from crossray.tables.agreement import Agreement, AgreementSummary

OWN, PAPER, ALL_PAIRS, SEEDS = "own with others", "own with the paper's others", "all pairs", "seeds"
#: the paper leaves MIMIC_NB out, as MIMIC_CH has the same images, and has no kappa of Kaggle's model
PAPER_PANEL = ("NIH", "PC", "CheX", "MIMIC_CH")


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare all pairs of sources, and of seeds, on every target and task.

    Returns:
        Tables of :class:`Agreement` and :class:`AgreementSummary`; tasks of a target that have no number in
        ``performance.csv`` have no row.
    """
    own = {trained: own_thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    means: list[dict[str, Any]] = []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        here = {trained: chosen(scored.labels, seeds, "youden") for trained, seeds in scored.logits.items()}
        raters = [cell for cell in scored.cells(study.settings.tasks) if cell.has_number]
        for model, task in itertools.product(study.settings.models, study.settings.tasks):
            able = [cell for cell in raters if cell.trained.model == model and cell.task == task]
            pairs = list(_pairs(able))
            if not pairs:
                continue
            found, kappas = _compare(able, pairs, (own, here), weights)
            keys = {"model": model, "target": scored.dataset, "task": task}
            rows += [keys | row for row in found]
            rules = _rules(found, scored.dataset, study.settings)
            means += [keys | row for row in _means(kappas, rules)]
    return of_rows(rows, Agreement), of_rows(means, AgreementSummary)


def _pairs(raters: Sequence[Cell]) -> Iterator[tuple[int, int, str]]:
    """Yield numbers of raters to compare: the reported ones of two sources, and two seeds of one source."""
    several = any(rater.seed == ENSEMBLE for rater in raters)
    for (i, one), (j, other) in itertools.combinations(enumerate(raters), 2):
        if one.trained != other.trained and (one.seed == other.seed == ENSEMBLE or not several):
            yield i, j, "sources"
        elif one.trained == other.trained and ENSEMBLE not in (one.seed, other.seed):
            yield i, j, "seeds"


def _compare(
    raters: Sequence[Cell], pairs: Sequence[tuple[int, int, str]],
    thresholds: tuple[Mapping[ModelKey, Thresholds], Mapping[ModelKey, Thresholds]], weights: NDArray,
) -> tuple[list[dict[str, Any]], dict[str, list[Mean | None]]]:  # fmt: skip
    """Compare pairs at thresholds from home and from here.

    Returns:
        Their rows; and for each of the two kappas that of each pair, None where it is not defined.
    """
    labels, _, labelled = raters[0].known
    owners = np.unique(raters[0].scored.patients[labelled], return_inverse=True)[1]
    scores = np.stack([rater.known[1] for rater in raters], axis=1)
    first, second = (np.array([pair[end] for pair in pairs]) for end in (0, 1))
    rows: list[dict[str, Any]] = []
    for i, j, kind in pairs:
        ends = {"first": raters[i].trained.source, "first_seed": raters[i].seed}
        ends |= {"second": raters[j].trained.source, "second_seed": raters[j].seed}
        tau = float(kendalltau(scores[:, i], scores[:, j]).statistic)
        counts = {"images": len(labels), "positives": int((labels == 1).sum())}
        rows.append({"kind": kind} | ends | counts | {"tau": tau})
    found: dict[str, list[Mean | None]] = {}
    for name, table in zip(("kappa", "kappa_at_target"), thresholds, strict=True):
        limits = np.array([table[one.trained].get((one.seed, one.task), np.nan) for one in raters])
        called = scores >= limits
        drawn = _kappas(called, first, second, weights[:, labelled]).T
        found[name] = [
            None if np.isnan(limits[[i, j]]).any() else _kappa(called[:, i], called[:, j], owners, values)
            for (i, j, _), values in zip(pairs, drawn, strict=True)
        ]
        for row, value in zip(rows, found[name], strict=True):
            row |= value.with_interval(name) if value else {name: np.nan}
    return rows, found


def _kappa(ours: NDArray, theirs: NDArray, owners: NDArray, drawn: NDArray) -> Mean | None:
    """Return the kappa of two models with its own limits; None where both say the same of all images."""
    value, low, high = kappa(ours, theirs, owners)
    return None if np.isnan(value) else replace(single(value, low, high, drawn), least=-1.0)


def _kappas(called: NDArray, first: NDArray, second: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Kappa of each pair of columns under each row of weights, shape (resamples, pairs)."""
    both = called[:, first] & called[:, second]
    sums = weighted_sums(weights, np.concatenate([called, both, np.ones((len(called), 1))], axis=1))
    single, joint, images = sums[:, : called.shape[1]], sums[:, called.shape[1] : -1], sums[:, -1:]
    return kappa_of_counts(joint, single[:, first], single[:, second], images)


def _rules(
    rows: Sequence[Mapping[str, Any]], target: str, settings: Analysis
) -> Iterator[tuple[str, str | None, list[bool]]]:
    """Yield what to average: name of the rule, source, and which pairs."""
    cohorts, names = settings.cohorts, settings.paper

    def domains(row: Mapping[str, Any]) -> bool:
        ends = row["first"], row["second"]
        return row["kind"] == "sources" and not any(map(is_pooled, ends)) and cohorts[ends[0]] != cohorts[ends[1]]

    own = [domains(row) and target in (row["first"], row["second"]) for row in rows]
    yield OWN, None, own
    panel = [all(names.get(row[end]) in PAPER_PANEL for end in ("first", "second")) for row in rows]
    yield PAPER, None, [a and b for a, b in zip(own, panel, strict=True)]
    yield ALL_PAIRS, None, [domains(row) for row in rows]
    seeds = [row["kind"] == "seeds" for row in rows]
    yield SEEDS, None, seeds
    for source in dict.fromkeys(row["first"] for row in rows):
        yield SEEDS, source, [a and row["first"] == source for a, row in zip(seeds, rows, strict=True)]


def _means(
    found: Mapping[str, Sequence[Mean | None]],
    rules: Iterator[tuple[str, str | None, list[bool]]],
) -> Iterator[dict[str, Any]]:
    """Average pairs by each rule; pairs without a kappa are left out."""
    for rule, source, wanted in rules:
        row: dict[str, Any] = {"rule": rule, "source": source}
        for name, values in found.items():
            known = [value for value, want in zip(values, wanted, strict=True) if want and value]
            if known:
                row |= {"pairs": len(known)} | mean_of(known).with_interval(name)
        if "pairs" in row:
            yield row
