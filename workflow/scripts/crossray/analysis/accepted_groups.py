"""For whom is a model not to be used? The criteria judged in each group of a target's images, at the threshold of all.

Groups are those of sex, age, view and strata. Their answers change that of all images only where the study names the
attribute; others are looked at, without a correction for how many there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.answers import Judged, each_criterion, together
from crossray.analysis.groups import NOT_RECORDED, attributes, members
from crossray.study.acceptance import ALL, CANNOT_TELL, IN_GROUPS, Criteria

#: criterion -> of which images a group needs enough patients: with the finding, without it
_NEEDS = {"auc": (True, False), "sensitivity": (True,), "specificity": (False,)}


def measure(here: Judged, labels: pd.DataFrame, criteria: Criteria, minimum: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each criterion of each group, and one for all of them together.

    Args:
        here: the images of a cell, and which of them are called positive.
        labels: rows of the manifest of these images, in their order.
        criteria: of the finding; precision and alerts hang on the prevalence in a group, which is not known.
        minimum: patients with the finding, and without it, that a number needs.

    Yields:
        Rows without the names of the cell; an attribute that is not recorded has one row.
    """
    asked = replace(criteria, precision=None, alerts_per_day=None)
    if not asked.wanted():
        return
    for attribute, values in attributes(labels):
        named = {"attribute": attribute, "named": attribute in (criteria.groups or ())}
        found = list(members(values))
        for group, inside in found:
            part = here.among(inside)
            rows = list(_criteria(part, asked, minimum))
            counts = _counted(part) | named | {"group": group}
            yield from (counts | row for row in [*rows, together(rows)])
        if not found:
            unknown = {"group": NOT_RECORDED, "criterion": ALL, "answer": CANNOT_TELL}
            yield _counted(here) | named | unknown


def as_criteria(rows: Sequence[Mapping[str, Any]], criteria: Criteria) -> Iterator[dict[str, Any]]:
    """Yield a criterion for each attribute that the study names: that each of its groups meets all others."""
    for attribute in criteria.groups or ():
        wholes = [row for row in rows if row["attribute"] == attribute and row["criterion"] == ALL]
        answer = together(wholes or [{"answer": CANNOT_TELL}])["answer"]
        yield {"criterion": f"each group by {attribute}", "answer": answer}


def _criteria(part: Judged, criteria: Criteria, minimum: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each criterion; one for which a group has too few patients has no number."""
    enough = {finding: _patients(part, part.images.positive == finding) >= minimum for finding in (True, False)}
    for name, wanted in criteria.wanted().items():
        if all(enough[finding] for finding in _NEEDS[name]):
            yield from each_criterion(part, _alone(criteria, name))
        else:
            yield {"criterion": name, "wanted": wanted, "answer": CANNOT_TELL, "reason": reasons.TOO_FEW}


def _alone(criteria: Criteria, name: str) -> Criteria:
    """Return criteria with one of them only."""
    kept = {other: getattr(criteria, other) if other == name else None for other in IN_GROUPS}
    return replace(criteria, auc=kept["auc"], sensitivity=kept["sensitivity"], specificity=kept["specificity"])


def _counted(part: Judged) -> dict[str, int]:
    positive = part.images.positive
    return {
        "images": len(positive), "patients": len(np.unique(part.images.patients)),
        "positives": int(positive.sum()), "negatives": int((~positive).sum()),
    }  # fmt: skip


def _patients(part: Judged, rows: NDArray[np.bool_]) -> int:
    return len(np.unique(part.images.patients[rows]))
