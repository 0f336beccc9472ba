"""Does performance differ between subgroups? AUC by sex, age band, view and strata, and the worst group."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis import counted_subgroups
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, fewest_patients
from crossray.analysis.groups import NOT_RECORDED, attributes, members
from crossray.analysis.repeated_aucs import Repeated, difference, interval, mean_interval, pooled
from crossray.tables import MEAN_OF_TASKS, of_rows
from crossray.tables.subgroups import Subgroups


def measure(study: Study) -> pd.DataFrame:
    """Measure every cell that a report shows in every group.

    The mean of tasks is over those that can be measured in the group and outside it.

    Returns:
        A table of :class:`Subgroups`; groups below the minimum have reason F. Where there are counts alone, groups are
        not compared.
    """
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        groups = list(_groups(scored))
        for trained, cells in study.cells(scored):
            for attribute, group, inside in groups:
                names = scored.key(trained) | {"attribute": attribute, "group": group}
                rows += [names | row for row in _group(scored, trained, [cell.task for cell in cells], inside)]
    table = of_rows(rows, Subgroups)
    groups_of = table.groupby([name for name in Subgroups.KEY if name != "group"])["auc"]
    lowest, several = groups_of.transform("min"), groups_of.transform("count") > 1
    table = table.assign(worst=(table["auc"] == lowest) & several)
    counted = of_rows(counted_subgroups.measure(study), Subgroups).assign(worst=False)
    return pd.concat([table, counted], ignore_index=True) if len(counted) else table


def _groups(scored: ScoredSplit) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield attribute, group, and which images belong to it, where there are several groups to compare."""
    for attribute, values in attributes(scored.labels):
        found = list(members(values))
        yield from ((attribute, group, inside) for group, inside in found if len(found) > 1)


def named_groups(labels: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the group of each image by attribute, what is not recorded as a group too."""
    return {name: values.fillna(NOT_RECORDED) for name, values in attributes(labels)}


def _group(scored: ScoredSplit, trained: ModelKey, tasks: list[str], inside: NDArray) -> Iterator[dict[str, Any]]:
    """Yield a row for each task, and one for their mean; other trainings are pooled over a group and all others."""
    rows = {task: _counted(scored, task, inside) for task in tasks}
    measurable = [task for task in tasks if rows[task]["reason"] is None]
    both = [task for task in measurable if _enough(scored, task, ~inside)]
    repeated = [scored.repeated(trained, task, inside) for task in measurable]
    repeated += [scored.repeated(trained, task, ~inside) for task in both]
    found = pooled(f"{trained.model}/{trained.source}", repeated)
    here, rest = dict(zip(measurable, found, strict=False)), dict(zip(both, found[len(measurable) :], strict=True))
    for task, row in rows.items():
        if task in here:
            low, high = interval(here[task])
            row |= {"auc": here[task].measured.auc, "auc_low": low, "auc_high": high}
        if task in rest:
            row |= _compared([here[task]], [rest[task]])
        yield row
    if both:
        groups, others = ([ends[task] for task in both] for ends in (here, rest))
        low, high = mean_interval(groups)
        numbers = {"auc": float(np.mean([one.measured.auc for one in groups])), "auc_low": low, "auc_high": high}
        patients = len(np.unique(scored.patients[inside]))
        counts = {"images": int(inside.sum()), "patients": patients}
        yield {"task": MEAN_OF_TASKS} | counts | numbers | _compared(groups, others)


def _counted(scored: ScoredSplit, task: str, inside: NDArray) -> dict[str, Any]:
    """Count a group's images, and say why it has no number if so."""
    member = inside & scored.labels[task].notna().to_numpy()
    truth = scored.labels[task].to_numpy()[member]
    return {
        "task": task, "images": int(member.sum()), "patients": len(np.unique(scored.patients[member])),
        "positives": int((truth == 1).sum()), "negatives": int((truth == 0).sum()),
        "reason": None if _enough(scored, task, inside) else reasons.TOO_FEW,
    }  # fmt: skip


def _enough(scored: ScoredSplit, task: str, among: NDArray) -> bool:
    """Return whether enough patients of some images have a task's finding, and have it not."""
    member = among & scored.labels[task].notna().to_numpy()
    return fewest_patients(scored.labels[task].to_numpy()[member], scored.patients[member]) >= scored.minimum


def _compared(groups: list[Repeated], others: list[Repeated]) -> dict[str, float]:
    """Compare two groups of images; a patient may have images in both, as with views."""
    found = difference(groups, others)
    return {
        "difference": found.value, "difference_low": found.low, "difference_high": found.high, "p": found.p
    }  # fmt: skip
