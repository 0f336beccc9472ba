"""Are verdicts right? Simulated hospitals with known causes and severities.

Only pairs of hospitals with the same seed are evaluated, so limits can be set on some seeds and tested on others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.analysis.cells import ModelKey, ScoredSplit, Study, check_rows
from crossray.analysis.home_calibration import home_calibration
from crossray.analysis.shift.tables import KEYS
from crossray.analysis.shift.terms import AUC, CAUSES, expected
from crossray.analysis.shift.verdict import CANNOT_TELL, COMPOUND, LIMITS, NO_SHIFT
from crossray.study.hospital import Labelling
from crossray.study.stages.check_verdicts import Planted

NOTHING, MARK, SEVERITY, MIXTURE = "nothing", "site mark", "along severity", "mixture"
RIGHT, ABSTAINED, WRONG = "right", "abstained", "wrong"
#: settings of an appearance that are not visible in images, or harmless
_CODING = {"photometric", "bits_stored", "transfer_syntax"}
_MARK = {"marker", "marked"}
#: the largest planted cause of a mixture is a clear one from this factor on
_CLEAR = 1.5

#: one row a cell and metric
COLUMNS = [*KEYS, "metric", "seed", "kind", *(f"planted_{cause}" for cause in CAUSES),
           *(f"found_{cause}" for cause in CAUSES), "verdict", "outcome"]  # fmt: skip
#: one row per seed, metric and criterion: the measured share or correlation, and its bound
ACCEPTANCE_COLUMNS = ["seed", "metric", "criterion", "cells", "value", "bound", "met"]

PURE_RIGHT, PURE_NAMED, PURE_WRONG = "pure, right or abstained", "pure, named", "pure, wrong cause"
NOTHING_NAMED = "nothing planted, no cause named"
CORRELATION, ALL_CORRELATION = "correlation of planted and found", "of all cells, correlation of planted and found"
#: criterion -> what it must reach; the wrong ones at most
_BOUNDS = {PURE_RIGHT: 0.90, PURE_WRONG: 0.02, NOTHING_NAMED: 0.95, CORRELATION: 0.90}


@dataclass(frozen=True)
class Hospital:
    """A simulated hospital's settings, and what its images truly show.

    Attributes:
        settings: what was planted.
        severities: finding -> 0 (none) to 1, by image_id.
    """

    settings: Planted
    severities: pd.DataFrame


def measure(study: Study, hospitals: Mapping[str, Hospital], shift: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set what was found beside what was planted, for sources that are one hospital.

    Args:
        study: the predictions.
        hospitals: data set -> hospital.
        shift: ``shift.csv``.

    Returns:
        Tables with :data:`COLUMNS` and :data:`ACCEPTANCE_COLUMNS`.
    """
    targets = {scored.dataset: scored for scored in study.targets()}
    found = shift[shift["verdict"].notna() & shift["source"].isin(list(hospitals))]
    rows: list[dict[str, Any]] = []
    for (model, source, target), pair in found.groupby(["model", "source", "target"], sort=False):
        ends = hospitals[source], hospitals[target]
        if ends[0].settings.seed == ends[1].settings.seed:
            rows += _pair(study, ModelKey(model, source), (targets[source], targets[target]), ends, pair)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table, pd.DataFrame(_accepted(table), columns=ACCEPTANCE_COLUMNS)


def planted_causes(source: Planted, target: Planted, task: str) -> set[str]:
    """Return in what two hospitals differ by their settings: causes, ``site mark``, ``along severity``."""
    looks = [hospital.appearance.as_dict() for hospital in (source, target)]
    other = {key for key in looks[0] if looks[0][key] != looks[1][key]} - _CODING
    causes = {MARK} if other & _MARK else set()
    causes |= {SEVERITY} if "exaggeration" in other else set()
    causes |= {"image"} if other - _MARK - {"exaggeration"} else set()
    causes |= {"prevalence"} if source.prevalence[task] != target.prevalence[task] else set()
    differs = rule_of(source.labelling, task) != rule_of(target.labelling, task)
    return causes | ({"concept"} if differs else set())


def kind_of(causes: set[str]) -> str:
    """Return what kind of cell it is: a single cause, a mixture, or nothing that does harm."""
    if not causes:
        return NOTHING
    real = causes - {MARK}
    return MARK if not real else next(iter(real)) if len(real) == 1 else MIXTURE


def _pair(
    study: Study,
    trained: ModelKey,
    scored: tuple[ScoredSplit, ScoredSplit],
    ends: tuple[Hospital, Hospital],
    found: pd.DataFrame,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a pair."""
    severities = []
    for side, end in zip(scored, ends, strict=True):
        here = end.severities.reindex(side.labels.index.intersection(end.severities.index))
        check_rows(here, side.labels.index, f"severities of {side.dataset} (a simulated hospital must be public)")
        severities.append(here)
    for task, rows in found.groupby("task", sort=False):
        causes = planted_causes(ends[0].settings, ends[1].settings, str(task))
        fitted = home_calibration(study, trained, scored[0], str(task))
        used = [fitted[0] + fitted[1] * side.reported(trained)[task].to_numpy() for side in scored]
        shown = [table[task].to_numpy() for table in severities]
        terms = _planted((used[0], used[1]), (shown[0], shown[1]), ends, str(task), causes)
        for row in rows.itertuples():
            planted = terms[row.metric]
            facts = {key: getattr(row, key) for key in [*KEYS, "metric", "verdict"]}
            facts |= {"seed": ends[0].settings.seed, "kind": kind_of(causes)}
            facts |= {f"planted_{cause}": planted[cause] for cause in CAUSES}
            facts |= {f"found_{cause}": getattr(row, cause) for cause in CAUSES}
            yield facts | {"outcome": outcome(row.verdict, kind_of(causes), planted, LIMITS.nothing[row.metric])}


def _planted(
    used: tuple[NDArray, NDArray], severities: tuple[NDArray, NDArray], ends: tuple[Hospital, Hospital], task: str,
    causes: set[str],
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Return metric -> cause -> what it costs, in the method's order: prevalence, then images, then labels.

    Labels are taken as their expectation by each hospital's rule, so only images are chance. What is not planted is 0.
    """
    first, second = (end.settings for end in ends)
    shares = [end.prevalence[task] for end in (first, second)]
    has = severities[0] > 0
    weights = np.where(has, shares[1] / shares[0], (1 - shares[1]) / (1 - shares[0]))
    at_home, away = (np.ones((1, len(part))) for part in used)
    rules = [rule_of(end.labelling, task) for end in (first, second)]
    levels = [
        expected(used[0], called(severities[0], rules[0])[None], at_home),
        *[expected(used[0], called(severities[0], rules[0])[None], weights[None])] * 2,  # one case mix everywhere
        expected(used[1], called(severities[1], rules[0])[None], away),
        expected(used[1], called(severities[1], rules[1])[None], away),
    ]
    named = {SEVERITY: "image"}
    present = {named.get(cause, cause) for cause in causes}
    return {
        metric: {
            cause: float(levels[step + 1][metric][0] - levels[step][metric][0]) if cause in present else 0.0
            for step, cause in enumerate(CAUSES)
        }
        for metric in levels[0]
    }


def rule_of(labelling: Labelling, task: str) -> tuple[float, float]:
    """Return the severity from which a hospital calls a finding, and the share of its labels that are wrong."""
    settings = labelling.threshold, labelling.flipped
    threshold, flipped = (one[task] if isinstance(one, Mapping) else one for one in settings)
    return threshold, flipped


def called(severities: NDArray, rule: tuple[float, float]) -> NDArray[np.float64]:
    """Return the probability that readers call each image positive."""
    return np.where(severities >= rule[0], 1 - rule[1], rule[1])


def outcome(verdict: str, kind: str, planted: Mapping[str, float], limit: float) -> str:
    """Judge a verdict.

    A cause is right where it is the planted one, in a mixture the largest or, where that is not clear, one of those
    planted. The compound verdict is right if labels are the cause. ``no shift`` where something of size was planted
    is wrong; other verdicts without a cause abstain.
    """
    sizes = {cause: abs(value) for cause, value in planted.items()}
    if verdict in CAUSES:
        largest = max(sizes.values())
        return RIGHT if largest > 0 and sizes[verdict] * _CLEAR >= largest else WRONG
    if verdict == COMPOUND:
        # One labelling cannot separate another rule, or images along severity, from unseen differences.
        told = kind == SEVERITY or (sizes["concept"] > 0 and sizes["concept"] * _CLEAR >= max(sizes.values()))
        return WRONG if kind in (NOTHING, MARK) else RIGHT if told else ABSTAINED
    if kind in (NOTHING, MARK):
        return ABSTAINED if verdict == CANNOT_TELL else RIGHT
    if kind == SEVERITY:
        return RIGHT if verdict == CANNOT_TELL else ABSTAINED
    return WRONG if verdict == NO_SHIFT and max(sizes.values()) > limit else ABSTAINED


def _accepted(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield how many cells meet the criteria of the method, by seed and metric."""
    for (seed, metric), rows in table.groupby(["seed", "metric"], sort=True):
        pure, nothing = rows[rows["kind"].isin(CAUSES)], rows[rows["kind"].isin([NOTHING, MARK])]
        counted = [
            (PURE_RIGHT, pure, pure["outcome"] != WRONG), (PURE_NAMED, pure, pure["outcome"] == RIGHT),
            (PURE_WRONG, pure, pure["outcome"] == WRONG), (NOTHING_NAMED, nothing, nothing["outcome"] != WRONG),
        ]  # fmt: skip
        shares = [(name, len(part), float(hit.mean()) if len(part) else np.nan) for name, part, hit in counted]
        # No terms are claimed for "cannot tell"; along severity they are not identifiable by any method.
        claimed = rows[(rows["verdict"] != CANNOT_TELL) & (rows["kind"] != SEVERITY)]
        for which, part in ((CORRELATION, claimed), (ALL_CORRELATION, rows)):
            for cause in CAUSES[1:] if metric == AUC else CAUSES:  # prevalence changes no AUC
                value = _correlation(part[f"planted_{cause}"], part[f"found_{cause}"])
                shares.append((f"{which}, {cause}", len(part), value))
        for name, cells, value in shares:
            bound = _BOUNDS.get(name.split(", ")[0] if name.startswith(CORRELATION) else name, np.nan)
            fulfilled = value <= bound if name == PURE_WRONG else value >= bound
            met = None if np.isnan(bound) or np.isnan(value) else bool(fulfilled)
            yield {"seed": seed, "metric": metric, "criterion": name, "cells": cells, "value": value, "bound": bound,
                   "met": met}  # fmt: skip


def _correlation(planted: pd.Series, found: pd.Series) -> float:
    """Return Pearson's correlation, NaN where nothing varies."""
    if len(planted) < 3 or planted.std() == 0 or found.std() == 0:
        return float("nan")
    return float(np.corrcoef(planted, found)[0, 1])
