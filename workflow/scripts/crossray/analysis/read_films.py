"""What the films of a list that were read say about all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis import weighted
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, fewest_patients
from crossray.analysis.sums import with_limits
from crossray.analysis.thresholds import OfModels, limit_of, own_thresholds
from crossray.errors import UserError, listed
from crossray.study.film_plan import AUC, LISTED, PRECISION, PREVALENCE, SENSITIVITY, SPECIFICITY
from crossray.study.names import BINARY_ANSWER
from crossray.study.stages.estimate_films import EstimateFilms
from crossray.tables import of_rows
from crossray.tables.film_plan import ReadFilms


def measure(study: Study, settings: EstimateFilms, lists: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Estimate every number of every model from the films that were read.

    Args:
        study: the predictions, those of the labels among them.
        settings: which model's answers are the labels, and of which findings.
        lists: target -> table of :class:`crossray.tables.film_plan.ToRead`.

    Returns:
        A table of :class:`ReadFilms`.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        reader = next(one for one in scored.logits if one.model == settings.labels)
        films = lists[scored.dataset]
        for trained in scored.logits:
            for task in settings.read if trained != reader else ():
                labels = _on_the_list(scored, reader, task, films)
                outputs = _on_the_list(scored, trained, task, films)
                found = _Films(films, labels, outputs, settings.whole_patients)
                facts = scored.key(trained) | {"task": task} | found.counts
                rows += [facts | row for row in _numbers(found, scored, trained, task, thresholds)]
    return of_rows(rows, ReadFilms)


def _on_the_list(scored: ScoredSplit, trained: ModelKey, task: str, films: pd.DataFrame) -> NDArray[np.float64]:
    """Return the outputs of a model for the films of a list, NaN where there is none.

    Raises:
        UserError: if a film is not in the target's test split any more.
    """
    outputs = scored.reported(trained)
    gone = films.loc[~films["id"].isin(outputs.index), "id"]
    if len(gone):
        raise UserError(
            f"{scored.dataset}: {len(gone)} films of the list are not among the predictions ({listed(gone)}); make "
            "the list again, or read the data set as it was"
        )
    if task not in outputs:
        return np.full(len(films), np.nan)
    return outputs[task].reindex(films["id"]).to_numpy(np.float64)


class _Films:
    """The films of a list with a label, whole units, and of them those with an output."""

    def __init__(self, films: pd.DataFrame, labels: NDArray, outputs: NDArray, whole: bool) -> None:
        known = pd.Series(~np.isnan(labels))
        unit = films["unit"].to_numpy()
        # of a patient who was drawn whole and is not read whole nothing is used: those who are stand for them
        read = (known.groupby(unit).transform("all") if whole else known).to_numpy(bool)
        strata, rows = np.unique(films["stratum"], return_inverse=True)
        sizes = np.zeros(len(strata), np.int64)
        sizes[rows] = films["stratum_units"]
        patients = pd.factorize(films["patient_id"])[0]
        self.sample = weighted.Sample(rows[read], unit[read], patients[read], sizes)
        self.positive, self.outputs = labels[read] == 1, outputs[read]
        self.given = ~np.isnan(self.outputs)
        self.are_covered = bool((self.sample.read > 0).all())
        ill = int((self.positive & self.given).sum())
        images = int(self.given.sum())
        self.counts = {"listed": len(films), "images": images, "positives": ill, "negatives": images - ill}

    def fewest(self) -> int:
        """Return the smaller number of patients with and without the finding."""
        return fewest_patients(self.positive[self.given], self.sample.patients[self.given])


def _numbers(
    found: _Films, scored: ScoredSplit, trained: ModelKey, task: str, thresholds: OfModels
) -> Iterator[dict[str, Any]]:  # fmt: skip
    limit = limit_of(scored, trained, task, thresholds)
    for name in LISTED:
        reason = _why_not(found, scored, trained, name, np.isnan(limit))
        row = {"measure": name, "reason": reason}
        yield row if reason else row | with_limits("estimate", _estimate(found, name, limit))


def _why_not(found: _Films, scored: ScoredSplit, trained: ModelKey, name: str, has_no_limit: bool) -> str | None:
    """Return why there is no estimate, or None."""
    few = not found.are_covered or found.fewest() < scored.minimum
    reason = reasons.why_not(
        given=trained not in scored.missing and bool(found.given.any()),
        overlap=trained in scored.refused,
        enough=not few,
        ranked=name != AUC or scored.scales.get(trained) != BINARY_ANSWER,
    )
    needs_limit = name in (SENSITIVITY, SPECIFICITY, PRECISION)
    return reason or (reasons.NOT_GIVEN if needs_limit and has_no_limit else None)


def _estimate(found: _Films, name: str, limit: float) -> tuple[float, float, float]:
    called, given, positive = found.outputs >= limit, found.given, found.positive
    if name == AUC:
        return weighted.auc(found.sample, given & positive, given & ~positive, found.outputs)
    among, hits = {
        SENSITIVITY: (given & positive, called),
        SPECIFICITY: (given & ~positive, ~called),
        PREVALENCE: (given, positive),
        PRECISION: (given & called, positive),
    }[name]
    return weighted.share(found.sample, among, hits)
