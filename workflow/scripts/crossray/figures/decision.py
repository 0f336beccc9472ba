"""The decision in words: can a model be used at a target, at which threshold, and what data would settle it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crossray.figures.style import with_interval
from crossray.reasons import REASONS
from crossray.study.acceptance import ALL, CANNOT_TELL, HOME, LOCAL, MAKER, MET, NONE, NOT_MET
from crossray.study.names import named

#: answer -> what is said of a model
WORDS = {MET: "meets all criteria", NOT_MET: "does not meet the criteria", CANNOT_TELL: "is undecided"}
_PLACES = {
    HOME: "at the threshold of its source",
    LOCAL: "at a threshold of the target",
    NONE: "without a threshold",
    MAKER: "at the threshold of its maker",
}
_KEYS = ("target", "task", "model", "source", "threshold_from")


@dataclass(frozen=True)
class Decision:
    """The decision on a model at a target for a task, with one threshold.

    Attributes:
        key: target, task, model, source and where the threshold is from, as the tables have them.
        where: task and target, in words.
        who: model, source and where the threshold is from, in words.
        answer: ``met``, ``not met`` or ``cannot tell``.
        words: the answer, as a predicate of ``who``.
        why: the criteria that decide, with their numbers.
        surer: what would settle an open decision; that nothing would if a criterion is not met.
        criteria: the rows of ``acceptance.csv`` behind it.
        threshold: the row of ``thresholds.csv``; None where none is asked for or can be chosen.
    """

    key: Mapping[str, str]
    where: str
    who: str
    answer: str
    words: str
    why: str
    surer: str
    criteria: pd.DataFrame
    threshold: pd.Series | None


def decisions(acceptance: pd.DataFrame, thresholds: pd.DataFrame) -> list[Decision]:
    """Return what is said of each cell and place of a threshold, target by target and task by task."""
    keys = list(_KEYS)
    chosen = {tuple(row[key] for key in keys): row for _, row in thresholds.iterrows()}
    found = []
    for key, rows in acceptance.groupby(keys, sort=False):
        target, task, model, source, place = key
        whole = rows[rows["criterion"] == ALL].iloc[0]
        parts, answer = rows[rows["criterion"] != ALL], str(whole["answer"])
        names = dict(zip(keys, key, strict=True))
        who = f"{named(model, source)}, {_PLACES.get(place, f'at a threshold of the {place}')},"
        surer = _surer(parts) if answer == CANNOT_TELL else _useless(answer)
        found.append(
            Decision(names, f"{task} at {target}", who, answer, WORDS[answer], _why(parts, whole), surer, parts,
                     chosen.get(key))
        )  # fmt: skip
    return found


def lead(found: Sequence[Decision]) -> Iterator[str]:
    """Yield a sentence for each task at a target: which models meet the criteria, or that none does."""
    for where in dict.fromkeys(one.where for one in found):
        here = [one for one in found if one.where == where]
        met = [one.who.rstrip(",") for one in here if one.answer == MET]
        counts = {answer: sum(one.answer == answer for one in here) for answer in (NOT_MET, CANNOT_TELL)}
        rest = f"{counts[NOT_MET]} not met, {counts[CANNOT_TELL]} undecided"
        yield (
            f"{where}: criteria met by {'; '.join(met)}." if met else f"{where}: no model meets the criteria ({rest})."
        )


def _why(parts: pd.DataFrame, whole: pd.Series) -> str:
    """Name the criteria that decide, with their numbers."""
    if pd.notna(whole["reason"]):
        return REASONS[str(whole["reason"])]
    deciding = parts[parts["answer"] == whole["answer"]]
    return "; ".join(_number(row) for _, row in deciding.iterrows())


def _number(row: pd.Series) -> str:
    """State the measured and the required value of a criterion."""
    if pd.isna(row["value"]):
        is_compared = "against" in row["criterion"]
        return f"{row['criterion']} {'on too few images of both' if is_compared else 'without a threshold'}"
    measured = with_interval(row["value"], row["value_low"], row["value_high"])
    return f"{row['criterion']} {measured}, required {row['wanted']:.2f}"


def _useless(answer: str) -> str:
    """Say that more images would not help a criterion whose interval lies below the required value."""
    return "more images would not help, if the true value is the measured one" if answer == NOT_MET else ""


def _surer(parts: pd.DataFrame) -> str:
    """Say how many more patients would decide the open criteria, if the true value is the measured one."""
    said = []
    for _, row in parts[parts["would_be"].notna()].iterrows():
        words = {"more_positives": "patients with the finding", "more_negatives": "patients without it"}
        needs = [f"{row[name]:,.0f} more {what}" for name, what in words.items() if pd.notna(row[name])]
        said.append(
            f"{' and '.join(needs)} would show with a power of 0.8 that the {row['criterion']} is {row['would_be']}"
        )
    return "; ".join(said) + (", if the true value is the measured one" if said else "")
