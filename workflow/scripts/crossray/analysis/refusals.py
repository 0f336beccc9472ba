"""Images that a model gave no score for: where they are few, more are left out, so that no table tells how many.

Tables have the counts of the images that a model scored and of all labelled ones. Their difference, with and without a
finding, is a small count of patients. If it is below the limit, scored images are left out too, drawn at random, until
it is not; counts and numbers are of what is left.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.files import text_digest


def left_out(outputs: pd.DataFrame, labels: pd.DataFrame, limit: int, name: str) -> pd.DataFrame:
    """Return a model's outputs without those that have to go.

    Args:
        outputs: one column a task, NaN where the model gave none.
        labels: 0, 1 or NaN in a column for each task, and ``patient_id``; rows as in ``outputs``.
        limit: the smallest count that may be told.
        name: of the model and the data set, on which the draw hangs, and not on which other models there are.

    Returns:
        Outputs of which none is missing, or so many: of the labelled images with a finding, of those without, and of
        their patients; or all, where there are no more.
    """
    changed: dict[str, pd.Series] = {}
    for task in outputs.columns.intersection(labels.columns):
        given = outputs[task].notna().to_numpy()
        kept = _kept(given, labels[task].to_numpy(np.float64), labels["patient_id"], limit, f"{name}/{task}")
        if not np.array_equal(kept, given):
            changed[task] = outputs[task].where(kept)
    return outputs.assign(**changed) if changed else outputs


def _kept(given: NDArray[np.bool_], truth: NDArray, patients: pd.Series, limit: int, name: str) -> NDArray[np.bool_]:
    """Return which outputs of a task are kept: leaving out images may lose patients, and patients have several."""
    kept = given.copy()
    while True:
        before = int(kept.sum())
        for finding in (0.0, 1.0):
            _leave_out(kept, truth == finding, np.asarray(patients.index), limit, name)
        _leave_out(kept, ~np.isnan(truth), patients.to_numpy(), limit, name)
        if int(kept.sum()) == before:
            return kept


def _leave_out(kept: NDArray[np.bool_], among: NDArray[np.bool_], owners: NDArray, limit: int, name: str) -> None:
    """Leave out owners, images or patients, until none or enough of them have nothing left; changes ``kept``."""
    there = set(owners[among & kept])
    lost = len(set(owners[among]) - there)
    if 0 < lost < limit:
        drawn = sorted(there, key=lambda one: text_digest(name, str(one)))[: limit - lost]
        kept[among & np.isin(owners, drawn)] = False
