"""What if others had labelled? Results under each way of combining several readers, and who agrees with whom."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from crossray import manifest, reasons
from crossray.analysis import shares
from crossray.analysis.cells import ModelKey, ScoredSplit, Study
from crossray.analysis.kappa import agreement_of
from crossray.analysis.repeated_aucs import interval, pooled
from crossray.analysis.thresholds import OfModels, limit_of, own_thresholds
from crossray.opinions import RULES, combined
from crossray.study.names import named
from crossray.tables import of_rows
from crossray.tables.readers import ReaderAgreement, ReaderLabels

READERS, WITH_MODEL = "readers", "model and reader"
#: what an opinion that is unknown counts as, and its value
UNKNOWN_AS = {"positive": 1.0, "negative": 0.0}


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every model that a report shows on the images of each target that several readers labelled.

    Returns:
        Tables of :class:`ReaderLabels` and :class:`ReaderAgreement`.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    results: list[dict[str, Any]] = []
    agreements: list[dict[str, Any]] = []
    for scored in study.targets():
        for task in study.settings.tasks:
            opinions = opinions_on(scored.labels, task)
            if len(opinions.columns) < 2:
                continue
            for trained in scored.logits:
                limit = limit_of(scored, trained, task, thresholds)
                key = scored.key(trained) | {"task": task}
                results += [key | row for row in _results(scored, trained, task, opinions, limit)]
            facts = {"target": scored.dataset, "task": task}
            agreements += [facts | row for row in _agreements(scored, task, opinions, thresholds)]
    return of_rows(results, ReaderLabels), of_rows(agreements, ReaderAgreement)


def opinions_on(labels: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return what each reader says of a task, one column a reader: 1, 0 or missing."""
    start = f"{task}{manifest.BY}"
    return pd.DataFrame({name.removeprefix(start): labels[name] for name in labels if name.startswith(start)})


def labellings(opinions: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield the ways to label: each rule, with what is unknown left out or counted as something, and each reader alone.

    Images of which nobody says anything have no label by any.
    """
    read = opinions.notna().any(axis=1)
    for rule in RULES:
        yield rule, combined([opinions[name] for name in opinions], rule)
        for words, value in UNKNOWN_AS.items() if opinions[read].isna().any(axis=None) else ():
            filled = opinions.fillna(value).where(read)
            yield f"{rule}, unknown as {words}", combined([filled[name] for name in filled], rule)
    for name in opinions:
        yield f"{name} alone", opinions[name]


def _results(
    scored: ScoredSplit, trained: ModelKey, task: str, opinions: pd.DataFrame, limit: float
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield a row for each labelling."""
    for rule, labels in labellings(opinions):
        here = replace(scored, labels=scored.labels.assign(**{task: labels}))
        row = {"rule": rule, "is_own": labels.equals(scored.labels[task].astype(float))}
        row |= here.count(trained, here.reported_seed(trained), task)
        if row["reason"] is None:
            (found,) = pooled(f"{trained.model}/{trained.source}", [here.repeated(trained, task)])
            low, high = interval(found)
            row |= {"auc": found.measured.auc, "auc_low": low, "auc_high": high}
        if row["reason"] in (None, reasons.NO_PROBABILITY) and not np.isnan(limit):
            row |= _shares(here, trained, task, limit)
        yield row


def _shares(scored: ScoredSplit, trained: ModelKey, task: str, limit: float) -> dict[str, float]:
    """Return sensitivity and specificity at a threshold."""
    outputs, truth = scored.reported(trained)[task].to_numpy(), scored.labels[task].to_numpy()
    found: dict[str, float] = {}
    for name, label in (("sensitivity", 1), ("specificity", 0)):
        here = ~np.isnan(outputs) & (truth == label)
        hits = (outputs[here] >= limit) == (label == 1)
        low, high = shares.interval(hits, scored.patients[here])
        found |= {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}
    return found


def _agreements(
    scored: ScoredSplit, task: str, opinions: pd.DataFrame, thresholds: OfModels
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield a row for each pair of readers, and one for each model and reader."""

    def row(names: tuple[str, str], kind: str, first: pd.Series, second: pd.Series) -> dict[str, Any]:
        here = (first.notna() & second.notna()).to_numpy()
        facts = {"first": names[0], "second": names[1], "kind": kind}
        if len(np.unique(scored.patients[here])) < scored.minimum:
            return facts | {"images": int(here.sum()), "reason": reasons.TOO_FEW}
        ours, theirs = (calls.to_numpy()[here] == 1 for calls in (first, second))
        return facts | agreement_of(ours, theirs, scored.patients[here])

    for one, other in combinations(opinions, 2):
        yield row((one, other), READERS, opinions[one], opinions[other])
    for trained in scored.logits:
        name = named(trained.model, trained.source)
        limit = limit_of(scored, trained, task, thresholds)
        reason = scored.count(trained, scored.reported_seed(trained), task)["reason"]
        usable = reason in (None, reasons.NO_PROBABILITY)
        for reader in opinions:
            if usable and not np.isnan(limit):
                outputs = scored.reported(trained)[task]
                calls = (outputs >= limit).astype(float).where(outputs.notna())
                yield row((name, reader), WITH_MODEL, calls, opinions[reader])
            else:
                why = reasons.NOT_GIVEN if usable else reason
                yield {"first": name, "second": reader, "kind": WITH_MODEL, "images": 0, "reason": why}
