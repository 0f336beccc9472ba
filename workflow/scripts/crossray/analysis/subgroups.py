"""Is the loss the same for everybody? AUC by sex, age band and view, and the group that fares worst."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.cells import Scored, Study, known
from crossray.analysis.datasets import age_bands
from crossray.analysis.delong import contributions, delong_interval, wald_interval, z_test
from crossray.statistics import auc

KEYS = ["model", "source", "target", "task", "attribute", "group"]
#: ``difference`` is the group's AUC minus that of all other images; ``worst`` marks the lowest of an attribute's groups
COLUMNS = [*KEYS, "images", "patients", "positives", "negatives", "reason", "auc", "auc_low", "auc_high",
           "difference", "difference_low", "difference_high", "p", "worst"]  # fmt: skip

ATTRIBUTES = ("sex", "age", "view")
MEAN = "mean of tasks"


def measure(study: Study) -> pd.DataFrame:
    """Measure every cell that a report shows in every group.

    Intervals and tests follow DeLong, with patients as clusters. The mean of tasks is over those that can be measured
    in the group and outside it.

    Returns:
        A table with :data:`COLUMNS`; groups below the minimum have reason F.
    """
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        groups = list(_groups(scored))
        for trained in scored.logits:
            logits = scored.reported(trained)
            keys = {"model": trained.model, "source": trained.source, "target": scored.dataset}
            tasks = [task for task in study.settings.tasks if scored.measurable(trained, task)]
            for attribute, group, inside in groups:
                names = keys | {"attribute": attribute, "group": group}
                rows += [names | row for row in _group(scored, logits, tasks, inside)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    lowest = table.groupby([*KEYS[:4], "attribute"])["auc"].transform("min")
    several = table.groupby([*KEYS[:4], "attribute"])["auc"].transform("count") > 1
    return table.assign(worst=(table["auc"] == lowest) & several)


def _groups(scored: Scored) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield attribute, group, and which images belong to it; images whose group is not recorded are in none."""
    for attribute in ATTRIBUTES:
        values = age_bands(scored.labels["age"]) if attribute == "age" else scored.labels[attribute]
        levels = [level for level in dict.fromkeys(values.dropna().sort_values()) if level]
        for level in levels if len(levels) > 1 else []:
            yield attribute, str(level), (values == level).fillna(False).to_numpy(bool)


def _group(scored: Scored, logits: pd.DataFrame, tasks: list[str], inside: NDArray) -> Iterator[dict[str, Any]]:
    """Yield a row for each task, and one for their mean."""
    here_parts, rest_parts = [], []
    for task in tasks:
        truth, scores, labelled = known(scored.labels, logits, task)
        member = inside[labelled]
        row: dict[str, Any] = {"task": task, "images": int(member.sum())}
        row |= {"positives": int((truth[member] == 1).sum()), "negatives": int((truth[member] == 0).sum())}
        row["patients"] = len(np.unique(scored.patients[labelled][member]))
        if min(row["positives"], row["negatives"]) < scored.minimum:
            yield row | {"reason": reasons.TOO_FEW}
            continue
        here = _measured(scored, truth, scores, labelled, member)
        row |= _with_interval(*here, min(row["positives"], row["negatives"]))
        if min((truth[~member] == 1).sum(), (truth[~member] == 0).sum()) >= scored.minimum:
            rest = _measured(scored, truth, scores, labelled, ~member)
            row |= _compared([here], [rest])
            here_parts.append(here)
            rest_parts.append(rest)
        yield row
    if here_parts:
        mean = float(np.mean([value for value, _ in here_parts]))
        low, high = wald_interval(mean, _variance(here_parts))
        numbers = {"auc": mean, "auc_low": max(low, 0.0), "auc_high": min(high, 1.0)}
        patients = len(np.unique(scored.patients[inside]))
        yield {"task": MEAN, "images": int(inside.sum()), "patients": patients} | numbers | _compared(
            here_parts, rest_parts
        )  # fmt: skip


def _measured(
    scored: Scored, truth: NDArray, scores: NDArray, labelled: NDArray, member: NDArray
) -> tuple[float, NDArray]:
    """Return the AUC of some images, and what each patient contributes to its error."""
    patients = scored.patients[labelled][member]
    parts = contributions(truth[member], scores[member], patients, scored.patient_count)
    return auc(truth[member], scores[member]), parts


def _with_interval(value: float, parts: NDArray, smaller: int) -> dict[str, float]:
    low, high = delong_interval(value, float((parts**2).sum()), smaller)
    return {"auc": value, "auc_low": low, "auc_high": high}


def _variance(parts: list[tuple[float, NDArray]]) -> float:
    return float((np.mean([vector for _, vector in parts], axis=0) ** 2).sum())


def _compared(here: list[tuple[float, NDArray]], rest: list[tuple[float, NDArray]]) -> dict[str, float]:
    """Compare two groups of images; a patient may have images in both, as with views."""
    difference = float(np.mean([value for value, _ in here]) - np.mean([value for value, _ in rest]))
    vectors = np.mean([vector for _, vector in here], axis=0) - np.mean([vector for _, vector in rest], axis=0)
    variance = float((vectors**2).sum())
    low, high = wald_interval(difference, variance)
    low, high = max(low, -1.0), min(high, 1.0)
    return {"difference": difference, "difference_low": low, "difference_high": high, "p": z_test(difference, variance)}
