"""Did anything move? Control charts of a data set's months, and what an alarm means.

The months of the baseline are learnt from, the others are watched. Each stream has a self-starting CUSUM
(:mod:`crossray.analysis.watching`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.cusum import sums
from crossray.analysis.home_calibration import calibration_line
from crossray.analysis.sample_sizes import effect_of, images_for
from crossray.analysis.streams import of_images, of_models, periods_of
from crossray.analysis.watching import ACQUISITION, IMAGES, REFUSED, Charted, Period, Rule, Stream, cause_of, chart
from crossray.statistics import auc
from crossray.study.film_plan import AUC, Clusters, Expected
from crossray.tables import of_rows
from crossray.tables.monitoring import Alarms, ControlCharts, Watched

#: months that a chart can begin to compare from
FEWEST = 3
_ROSE, _FELL = "rose", "fell"


@dataclass(frozen=True)
class AtHome:
    """What a model's alarm is weighed with: calibration at home, and the AUC there."""

    fitted: NDArray
    auc: float


def measure(
    study: Study, models: Sequence[str], calibrated: Sequence[str], rule: Rule,
    descriptions: Mapping[str, pd.DataFrame],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Chart every target that has dates.

    Args:
        study: the predictions.
        models: whose outputs are watched.
        calibrated: of these, those with a labelled validation split at home, and probabilities.
        rule: when there is an alarm.
        descriptions: target -> table of ``describe_images.py``, of those whose images are here.

    Returns:
        Tables of :class:`Watched`, :class:`ControlCharts` and :class:`Alarms`.
    """
    homes = _homes(study, calibrated)
    watched: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    alarms: list[dict[str, Any]] = []
    for scored in study.targets():
        name = scored.dataset
        periods = [] if scored.stays else periods_of(scored.labels, study.minimum(name))
        row: dict[str, Any] = dict.fromkeys(("periods", "baseline", "watched", "streams", "still", "alarms"), 0)
        row |= {"dataset": name, "periods": len(periods), "false_alarms": rule.false_alarms}
        if len(periods) <= max(rule.baseline, FEWEST - 1):
            watched.append(row | {"reason": reasons.STAYS_AT_SITE if scored.stays else reasons.FEW_MONTHS})
            continue
        fitted = {key: home.fitted for key, home in homes.items()}
        streams = [
            *of_models(scored, models, study.settings.tasks, study.settings.external, fitted),
            *of_images(scored.labels, descriptions[name]),
        ]
        charted, limit = chart(streams, periods, rule)
        moved = [one for one in charted if one.alarm]
        row |= {"baseline": rule.baseline, "watched": len(periods) - rule.baseline, "streams": len(charted)}
        watched.append(row | {"still": len(streams) - len(charted), "limit": limit, "alarms": len(moved)})
        closed = study.settings.small_cells.closed if study.settings.small_cells else ()
        rows += [one for chart_of in charted for one in _months(chart_of, periods, rule, limit, name, name in closed)]
        alarms += list(_alarms(study, scored, moved, periods, rule, homes))
    return of_rows(watched, Watched), of_rows(rows, ControlCharts), of_rows(alarms, Alarms)


def is_share(stream: Stream) -> bool:
    """Return whether the means of a stream are shares of images, from which a small count could be worked out."""
    return len(np.unique(stream.numbers[~np.isnan(stream.numbers)])) <= 2


def _homes(study: Study, calibrated: Sequence[str]) -> dict[tuple[ModelKey, str], AtHome]:
    """Return what is known of each model and task at home, from its labelled validation split."""
    found = {}
    for trained in study.trained():
        members = study.settings.members[trained.source]
        if trained.model not in calibrated or not members or set(members) & set(study.settings.at_sites):
            continue
        labels, seeds = study.validation(trained)
        logits = seeds["ensemble"] if "ensemble" in seeds else next(iter(seeds.values()))
        for task in [task for task in study.settings.tasks if task in labels and task in logits]:
            truth, scores, _ = known(labels, logits, task)
            if len(np.unique(truth)) == 2:
                fitted = calibration_line(scores, truth)
                found[trained, task] = AtHome(fitted, auc(truth, scores))
    return found


def _months(
    charted: Charted, periods: Sequence[Period], rule: Rule, limit: float, dataset: str, is_closed: bool
) -> Iterator[dict[str, Any]]:
    """Yield the months of a chart."""
    is_told = not (is_closed and is_share(charted.stream))
    rises, falls = (np.r_[np.full(rule.baseline, np.nan), side] for side in sums(charted.scores[rule.baseline :]))
    for place, period in enumerate(periods):
        images = int(np.isfinite(charted.stream.numbers[period.here]).sum())
        yield {
            "dataset": dataset, **charted.stream.key, "month": period.first, "until": period.last,
            "images": None if is_closed else images, "value": charted.means[place] if is_told else None,
            "score": charted.scores[place],
            "rises": rises[place], "falls": falls[place], "limit": limit,
            "is_alarm": charted.alarm is not None and charted.alarm[0] == place,
        }  # fmt: skip


def _alarms(
    study: Study, scored: ScoredSplit, moved: Sequence[Charted], periods: Sequence[Period], rule: Rule,
    homes: Mapping[tuple[ModelKey, str], AtHome],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield the alarms of a data set, the earliest first."""
    closed = study.settings.small_cells.closed if study.settings.small_cells else ()
    kinds = {one.stream.kind for one in moved}
    films = _films(scored, homes, rule.tolerance)
    sizes = np.array([period.patients for period in periods], float)
    for one in sorted(moved, key=lambda charted: charted.alarm or (0, 0, 0)):
        assert one.alarm is not None
        month, since, sign = one.alarm
        before, after = (
            float(np.average(one.means[part], weights=sizes[part])) for part in (slice(since), slice(since, month + 1))
        )
        spread = one.stream.spread(periods, rule.baseline)
        cause = cause_of(one.stream.kind, kinds)
        is_told = not (scored.dataset in closed and is_share(one.stream))
        yield {
            "dataset": scored.dataset, **one.stream.key, "month": periods[month].first, "since": periods[since].first,
            "direction": _ROSE if sign > 0 else _FELL, "before": before if is_told else None,
            "after": after if is_told else None,
            "size": (after - before) / spread if is_told and spread > 0 else None,
            "moved": cause, "decides": decides(cause, one.stream.kind, films, rule.tolerance),
        }  # fmt: skip


def decides(cause: str, kind: str, films: int | None, tolerance: float) -> str:
    """Say in a sentence or two what an alarm may mean, and what would decide whether it matters."""
    reading = (
        f"To know each AUC to within {tolerance:g}, read about {films:,} images since then (docs/planning.md)"
        if films
        else "To know whether a model suffers, read images since then (docs/planning.md says how many)"
    )
    if cause == REFUSED:
        return (
            "The model scores other images than before: look at those that it refuses. Numbers of scored images are of "
            f"another selection. {reading}."
        )
    if cause == IMAGES and kind == ACQUISITION:
        return f"Images are acquired or processed otherwise: compare devices and settings of both periods. {reading}."
    if cause == IMAGES:
        return f"Acquisition moved too, so outputs need not mean what they did, nor be about patients. {reading}."
    return (
        "Acquisition did not move: patients have the finding more or less often, or more or less severely, or images "
        f"differ in what is not described. {reading}: their prevalence tells one from the other."
    )


def _films(scored: ScoredSplit, homes: Mapping[tuple[ModelKey, str], AtHome], tolerance: float) -> int | None:
    """Return how many images have to be read to know every AUC by the tolerance; None where nothing is known."""
    rows = scored.labels
    each = len(rows) / max(rows["patient_id"].nunique(), 1)
    clusters = Clusters(images_per_patient=each)
    needed = []
    for (trained, task), home in homes.items():
        outputs = scored.logits.get(trained, {})
        if not outputs or task not in scored.reported(trained) or not home.auc > 0.5:
            continue
        logits = home.fitted[0] + home.fitted[1] * scored.reported(trained)[task].dropna().to_numpy(float)
        prevalence = float(np.clip((1 / (1 + np.exp(-logits))).mean(), 0.01, 0.99))
        expected = Expected(prevalence=prevalence, auc=min(home.auc, 0.99))
        needed.append(images_for(AUC, 2 * tolerance, expected, effect_of(clusters), each))
    return max(needed, default=None)
