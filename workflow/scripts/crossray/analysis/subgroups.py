"""Is the loss the same for everybody? AUC by sex, age band and view, and the group that fares worst."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.cells import Scored, Study, fewest_patients, known
from crossray.analysis.datasets import age_bands
from crossray.analysis.intervals import Measured, difference, interval, mean_interval, measure_auc
from crossray.tables import MEAN_OF_TASKS

KEYS = ["model", "source", "target", "task", "attribute", "group"]
#: ``difference`` is the group's AUC minus that of all other images; ``worst`` marks the lowest of an attribute's groups
COLUMNS = [*KEYS, "images", "patients", "positives", "negatives", "reason", "auc", "auc_low", "auc_high",
           "difference", "difference_low", "difference_high", "p", "worst"]  # fmt: skip

ATTRIBUTES = ("sex", "age", "view")


def measure(study: Study) -> pd.DataFrame:
    """Measure every cell that a report shows in every group.

    The mean of tasks is over those that can be measured in the group and outside it.

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
    groups: list[Measured] = []
    others: list[Measured] = []
    for task in tasks:
        truth, scores, labelled = known(scored.labels, logits, task)
        member = inside[labelled]
        row: dict[str, Any] = {"task": task, "images": int(member.sum())}
        row |= {"positives": int((truth[member] == 1).sum()), "negatives": int((truth[member] == 0).sum())}
        owners = scored.patients[labelled]
        row["patients"] = len(np.unique(owners[member]))
        if fewest_patients(truth[member], owners[member]) < scored.minimum:
            yield row | {"reason": reasons.TOO_FEW}
            continue
        here = _measured(scored, truth, scores, labelled, member)
        low, high = interval(here)
        row |= {"auc": here.auc, "auc_low": low, "auc_high": high}
        if fewest_patients(truth[~member], owners[~member]) >= scored.minimum:
            rest = _measured(scored, truth, scores, labelled, ~member)
            row |= _compared([here], [rest])
            groups.append(here)
            others.append(rest)
        yield row
    if groups:
        low, high = mean_interval(groups)
        numbers = {"auc": float(np.mean([one.auc for one in groups])), "auc_low": low, "auc_high": high}
        patients = len(np.unique(scored.patients[inside]))
        counts = {"images": int(inside.sum()), "patients": patients}
        yield {"task": MEAN_OF_TASKS} | counts | numbers | _compared(groups, others)


def _measured(scored: Scored, truth: NDArray, scores: NDArray, labelled: NDArray, member: NDArray) -> Measured:
    """Measure the AUC of some images."""
    return measure_auc(truth[member], scores[member], scored.patients[labelled][member], scored.patient_count)


def _compared(groups: list[Measured], others: list[Measured]) -> dict[str, float]:
    """Compare two groups of images; a patient may have images in both, as with views."""
    found = difference(groups, others)
    return {
        "difference": found.value, "difference_low": found.low, "difference_high": found.high, "p": found.p
    }  # fmt: skip
