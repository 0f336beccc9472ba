"""For whom a model may not be used, in words: the criteria in groups of patients, and how far that can be trusted."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from crossray.errors import listed
from crossray.reasons import TOO_FEW
from crossray.study.acceptance import ALL, CANNOT_TELL, MET, NOT_MET

#: of an attribute that no image has
_NOT_RECORDED = "not recorded"
#: groups that a sentence names
_NAMED = 6


@dataclass(frozen=True)
class GroupAnswer:
    """What is said of a group.

    Attributes:
        name: attribute and group.
        positives: images with the finding, as the table shows them.
        negatives: images without it.
        answer: ``met``, ``not met`` or ``cannot tell``.
        why: the criteria that decide, with their numbers.
        is_required: whether the study requires the criteria of this group.
    """

    name: str
    positives: str
    negatives: str
    answer: str
    why: str
    is_required: bool


def answers(rows: pd.DataFrame) -> list[GroupAnswer]:
    """Return what is said of each group of a decision, those first for whom the model is not shown to be fit.

    Args:
        rows: of ``acceptance_groups.csv``, of one decision; counts may be marks.
    """
    found = []
    for (attribute, group), parts in _several(rows).groupby(["attribute", "group"], sort=False):
        whole, each = _whole(parts), parts[parts["criterion"] != ALL]
        deciding = each[each["answer"] == whole["answer"]] if whole["answer"] != MET else each
        why = "; ".join(_number(row) for _, row in deciding.iterrows())
        positives, negatives = (_count(whole[name]) for name in ("positives", "negatives"))
        name, answer = f"{attribute} {group}", str(whole["answer"])
        found.append(GroupAnswer(name, positives, negatives, answer, why, bool(whole["named"])))
    order = (NOT_MET, CANNOT_TELL, MET)
    return sorted(found, key=lambda one: order.index(one.answer))


def for_whom(rows: pd.DataFrame) -> Iterator[str]:
    """Yield for which groups the criteria are not met, and for which this cannot be told; nothing where all do."""
    found = answers(rows)
    for answer, words in ((NOT_MET, "not met for {}."), (CANNOT_TELL, "nothing can be said for {}.")):
        if names := [one.name for one in found if one.answer == answer]:
            yield words.format(listed(names, _NAMED))


def untested(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for what is not recorded, and one for the attributes of which all images are alike."""
    kinds = rows.groupby("attribute", sort=False)["group"].unique()
    alike = {str(attribute): str(groups[0]) for attribute, groups in kinds.items() if len(groups) == 1}
    unknown = [attribute for attribute, group in alike.items() if group == _NOT_RECORDED]
    if unknown:
        yield f"Not recorded, so that groups by it could not be looked at: {listed(unknown)}."
    same = [f"{attribute} {group}" for attribute, group in alike.items() if group != _NOT_RECORDED]
    if same:
        yield f"Tested on one group only, which says nothing of others: {listed(same)}."


def looked_at(rows: pd.DataFrame) -> str:
    """Say how many groups there are, and how far their answers can be trusted."""
    found = answers(rows)
    if not found:
        return ""
    required = sum(one.is_required for one in found)
    words = f"{len(found)} groups were looked at"
    words += f"; {required} of them have to meet the criteria too" if required else "; none was required to pass"
    return (
        f"{words}. Each answer may be wrong by chance (up to 1 in 40), so the more groups there are the likelier it is "
        "that one is wrong: answers for groups that were not required are hints, to be tested on new images."
    )


def _several(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of attributes with several groups."""
    if rows.empty:
        return rows
    return rows[rows.groupby("attribute")["group"].transform("nunique") > 1]


def _whole(parts: pd.DataFrame) -> pd.Series:
    return parts[parts["criterion"] == ALL].iloc[0]


def _count(count: object) -> str:
    return f"{count:.0f}" if isinstance(count, (int, float)) else str(count)


def _number(row: pd.Series) -> str:
    """State the measured value of a criterion in a group, or why there is none."""
    if row["reason"] == TOO_FEW:
        return f"{row['criterion']}: too few patients"
    if pd.isna(row["value"]):
        return f"{row['criterion']}: no threshold, or counts not shown"
    return f"{row['criterion']} {row['value']:.2f} ({row['value_low']:.2f} to {row['value_high']:.2f})"
