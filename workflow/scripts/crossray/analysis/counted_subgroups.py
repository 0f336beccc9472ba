"""AUCs of the groups of which a site sends counts, as :mod:`crossray.analysis.subgroups` measures those of others."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from crossray import reasons
from crossray.analysis.cells import Cell, ModelKey, ScoredSplit, Study
from crossray.analysis.groups import NOT_RECORDED
from crossray.analysis.intervals import Measured, interval
from crossray.histograms import ALL, Arrangement, Bins, OfModel, Sizes, as_images
from crossray.statistics import auc

#: attributes of which what is not recorded is no group
_RECORDED = ("sex", "age", "view")


def measure(study: Study) -> Iterator[dict[str, Any]]:
    """Yield a row for each cell that a report shows and each group of it; differences of groups are not told."""
    for scored in study.targets(counts=True):
        if scored.sizes is not None:
            sent = study.sent(scored.dataset)
            for trained, cells in study.cells(scored):
                for cell in cells:
                    yield from _of_cell(scored, trained, cell, sent, study.arrangement)


def _of_cell(
    scored: ScoredSplit, trained: ModelKey, cell: Cell, sent: Mapping[ModelKey, OfModel], arrangement: Arrangement
) -> Iterator[dict[str, Any]]:
    for attribute, histogram in sent[trained].histograms[cell.task].items():
        for group, bins in histogram.groups.items():
            if attribute == ALL or (attribute in _RECORDED and group == NOT_RECORDED):
                continue
            sizes = sent[trained].sizes[cell.task][attribute][group]
            names = {"attribute": attribute, "group": group, "images": sizes.images, "patients": sizes.patients}
            counts = {"positives": sizes.positives, "negatives": sizes.negatives}
            yield cell.key | names | counts | _number(bins, histogram.edges, sizes, scored.minimum, arrangement)


def _number(
    bins: Bins, edges: tuple[float, ...], sizes: Sizes, minimum: int, arrangement: Arrangement
) -> dict[str, Any]:
    """Return the AUC of a group with its interval, or why there is none."""
    if min(sizes.positive_patients, sizes.negative_patients) < minimum or bins.worth is None:
        return {"reason": reasons.TOO_FEW}
    value = auc(*as_images(bins, edges, arrangement))
    low, high = interval(Measured(value, np.empty(0), sizes.positives, sizes.negatives, **bins.worth.as_dict()))
    return {"reason": None, "auc": value, "auc_low": low, "auc_high": high}
