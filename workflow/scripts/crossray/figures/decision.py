"""The decision in words: can a model be used, at which threshold, for whom not, and what data would settle it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crossray.figures.decision_groups import for_whom, untested
from crossray.figures.style import with_interval
from crossray.reasons import REASONS
from crossray.study.acceptance import ALERTS, ALL, CANNOT_TELL, HOME, LOCAL, MAKER, MET, NONE, NOT_MET
from crossray.study.names import named

#: answer -> what is said of a model
WORDS = {
    MET: "meets all criteria",
    NOT_MET: "does not meet the criteria",
    CANNOT_TELL: "is undecided: these images do not tell",
}
_PLACES = {
    HOME: "at the threshold of its source",
    LOCAL: "at a threshold chosen at the target",
    NONE: "without a threshold",
    MAKER: "at the threshold of its maker",
}
#: decisions that the first sentence describes one by one
_DESCRIBED = 3
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
        groups: the rows of ``acceptance_groups.csv``.
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
    groups: pd.DataFrame


@dataclass(frozen=True)
class Answer:
    """The first thing that is said of a task at a target.

    Attributes:
        sentence: which models meet the criteria, or that none does.
        cautions: a sentence each: for whom not, who was not tested, and what would settle an open decision.
    """

    sentence: str
    cautions: list[str]


def decisions(acceptance: pd.DataFrame, thresholds: pd.DataFrame, groups: pd.DataFrame) -> list[Decision]:
    """Return what is said of each cell and place of a threshold, target by target and task by task."""
    keys = list(_KEYS)
    chosen = {tuple(row[key] for key in keys): row for _, row in thresholds.iterrows()}
    parted = dict(iter(groups.groupby(keys, sort=False)))
    found = []
    for key, rows in acceptance.groupby(keys, sort=False):
        target, task, model, source, place = key
        whole = rows[rows["criterion"] == ALL].iloc[0]
        parts, answer = rows[rows["criterion"] != ALL], str(whole["answer"])
        names = dict(zip(keys, key, strict=True))
        who = f"{named(model, source)}, {_PLACES.get(place, f'at a threshold of the {place}')},"
        own = parted.get(key, groups.iloc[:0])
        surer = _surer([parts, own[own["named"].astype(bool)]]) if answer == CANNOT_TELL else _useless(answer)
        found.append(
            Decision(names, f"{task} at {target}", who, answer, WORDS[answer], _why(parts, whole), surer, parts,
                     chosen.get(key), own)
        )  # fmt: skip
    return found


def lead(found: Sequence[Decision]) -> Iterator[Answer]:
    """Yield what is said of each task at a target: which models meet the criteria, for whom not, or that none does."""
    for where in dict.fromkeys(one.where for one in found):
        here = [one for one in found if one.where == where]
        met = [one for one in here if one.answer == MET]
        if met:
            yield Answer(f"{where}: criteria met by {'; '.join(_who(one) for one in met)}.", list(_not_for(met)))
            continue
        counts = {answer: sum(one.answer == answer for one in here) for answer in (NOT_MET, CANNOT_TELL)}
        words = f"{counts[NOT_MET]} not met, {counts[CANNOT_TELL]} undecided"
        undecided = [one for one in here if one.answer == CANNOT_TELL and one.surer]
        nearest = min(undecided, key=_more, default=None)
        surer = [f"To settle it for {nearest.who.rstrip(',')}: {nearest.surer}."] if nearest else []
        yield Answer(f"{where}: no model is shown to meet the criteria ({words}).", surer)


def _who(one: Decision) -> str:
    """Name a model and its threshold."""
    limit = limit_of(one.threshold)
    return one.who.rstrip(",") + (f" (positive: {limit} or more)" if limit else "")


def _more(one: Decision) -> float:
    """Return how many more patients an open decision needs."""
    needs = (pd.to_numeric(one.criteria[name], errors="coerce").sum() for name in ("more_positives", "more_negatives"))
    return float(sum(needs))


def _not_for(met: Sequence[Decision]) -> Iterator[str]:
    """Say of whom the criteria are not shown to be met, of a few models, and who was tested with none of them."""
    if len(met) > _DESCRIBED:
        return
    for one in met:
        for words in for_whom(one.groups):
            yield words[0].upper() + words[1:] if len(met) == 1 else f"{_who(one)}: {words}"
    yield from dict.fromkeys(words for one in met for words in untested(one.groups))


def limit_of(threshold: pd.Series | None) -> str:
    """Write from which output on an image is called positive."""
    if threshold is None:
        return ""
    if pd.isna(threshold["probability"]):
        return f"a score of {threshold['threshold']:g}"
    return f"a probability of {_near_one(threshold['probability'])}"


def _near_one(probability: float) -> str:
    """Write a probability with three significant digits, or those of its distance from 1 if that is smaller."""
    digits = max(3 - math.floor(math.log10(min(probability, 1 - probability))) - 1, 3) if 0 < probability < 1 else 3
    return f"{probability:.{min(digits, 12)}f}"


def required(criterion: str, wanted: float) -> str:
    """Write what a criterion requires."""
    if pd.isna(wanted):
        return "the same in every group"
    if criterion == ALERTS:
        return f"at most {wanted:g}"
    return f"at most {-wanted:.2f} less" if "against" in criterion else f"at least {wanted:.2f}"


def _why(parts: pd.DataFrame, whole: pd.Series) -> str:
    """Name the criteria that decide, with their numbers."""
    if pd.notna(whole["reason"]):
        return REASONS[str(whole["reason"])]
    deciding = parts[parts["answer"] == whole["answer"]]
    return "; ".join(_number(row) for _, row in deciding.iterrows())


def _number(row: pd.Series) -> str:
    """State the measured and the required value of a criterion."""
    if pd.isna(row["value"]):
        if row["criterion"].startswith("each group"):
            return f"{row['criterion']}: {row['answer']}"
        is_compared = "against" in row["criterion"]
        return f"{row['criterion']} {'on too few images of both' if is_compared else 'without a threshold'}"
    digits = 1 if row["criterion"] == ALERTS else 2
    measured = with_interval(row["value"], row["value_low"], row["value_high"], digits)
    return f"{row['criterion']} {measured}, required {required(row['criterion'], row['wanted'])}"


def _useless(answer: str) -> str:
    """Say that more images would not help a criterion whose interval lies below the required value."""
    return "more images would not help, if the true value is the measured one" if answer == NOT_MET else ""


def _surer(tables: Sequence[pd.DataFrame]) -> str:
    """Say how many more patients would decide the open criteria, if the true value is the measured one."""
    said = []
    for row in (row for parts in tables for _, row in parts[parts["would_be"].notna()].iterrows()):
        words = {"more_positives": "patients with the finding", "more_negatives": "patients without it"}
        needs = [f"{row[name]:,.0f} more {what}" for name, what in words.items() if pd.notna(row[name])]
        group = f" of {row['attribute']} {row['group']}" if "group" in row else ""
        what = f"the {row['criterion']}{group} is {row['would_be']}"
        said.append(f"{' and '.join(needs)}{group} would show, in 4 of 5 such studies, that {what}")
    return "; ".join(said) + (", if the true value is the measured one" if said else "")
