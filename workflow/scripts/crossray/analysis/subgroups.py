"""Is the loss the same for everybody? AUC by sex, age band and view, and the group that fares worst."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.cells import Cell, Scored, Study, fewest_patients
from crossray.analysis.datasets import age_bands
from crossray.analysis.intervals import Measured, difference, interval, mean_interval, measure_auc
from crossray.tables import MEAN_OF_TASKS, of_rows
from crossray.tables.subgroups import Subgroups

ATTRIBUTES = ("sex", "age", "view")


def measure(study: Study) -> pd.DataFrame:
    """Measure every cell that a report shows in every group.

    The mean of tasks is over those that can be measured in the group and outside it.

    Returns:
        A table of :class:`Subgroups`; groups below the minimum have reason F.
    """
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        groups = list(_groups(scored))
        for trained, cells in study.cells(scored):
            for attribute, group, inside in groups:
                names = scored.key(trained) | {"attribute": attribute, "group": group}
                rows += [names | row for row in _group(scored, cells, inside)]
    table = of_rows(rows, Subgroups)
    groups_of = table.groupby([name for name in Subgroups.KEY if name != "group"])["auc"]
    lowest, several = groups_of.transform("min"), groups_of.transform("count") > 1
    return table.assign(worst=(table["auc"] == lowest) & several)


def _groups(scored: Scored) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield attribute, group, and which images belong to it; images whose group is not recorded are in none."""
    for attribute in ATTRIBUTES:
        values = age_bands(scored.labels["age"]) if attribute == "age" else scored.labels[attribute]
        levels = [level for level in dict.fromkeys(values.dropna().sort_values()) if level]
        for level in levels if len(levels) > 1 else []:
            yield attribute, str(level), (values == level).fillna(False).to_numpy(bool)


def _group(scored: Scored, cells: Sequence[Cell], inside: NDArray) -> Iterator[dict[str, Any]]:
    """Yield a row for each task, and one for their mean."""
    groups: list[Measured] = []
    others: list[Measured] = []
    for cell in cells:
        truth, scores, labelled = cell.known
        member = inside[labelled]
        row: dict[str, Any] = {"task": cell.task, "images": int(member.sum())}
        row |= {"positives": int((truth[member] == 1).sum()), "negatives": int((truth[member] == 0).sum())}
        owners = scored.patients[labelled]
        row["patients"] = len(np.unique(owners[member]))
        enough = fewest_patients(truth[member], owners[member]) >= scored.minimum
        if reason := reasons.why_not(enough=enough):
            yield row | {"reason": reason}
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
