"""Sentences on whether anything moved, and on estimates without labels, for the report."""

from collections.abc import Iterator, Mapping

import pandas as pd

from crossray.figures.style import names_of
from crossray.reasons import REASONS, WATCHING

#: quantity -> its words
QUANTITIES = {
    "auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity", "accuracy": "accuracy",
    "prevalence": "prevalence",
}  # fmt: skip
#: streams that a sentence names
_MOST = 3


def lead_sentences(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Say first whether anything moved, then what and what would decide, then what is estimated without labels.

    Args:
        tables: those of a study; without those of monitoring nothing is said.
    """
    if "watched" not in tables:
        return
    watched, alarms = tables["watched"], tables["alarms"]
    yield title(watched, alarms) + "."
    for row in watched[watched["reason"].isna()].itertuples():
        yield _rule(row)
        yield from _alarms(alarms[alarms["dataset"] == row.dataset])
    for code, rows in watched.groupby("reason", sort=False):
        yield f"Not watched: {', '.join(rows['dataset'])}; {(REASONS | WATCHING)[str(code)]} ({code})."
    yield from _estimates(tables["unlabelled"])
    yield from _backtests(tables["unlabelled_errors"])


def answer(tables: Mapping[str, pd.DataFrame]) -> str:
    """Answer a study that asks whether anything moved: which stream first and in which month, and what that means.

    Args:
        tables: those of a study; without those of monitoring the answer is empty.
    """
    if "watched" not in tables:
        return ""
    watched, alarms = tables["watched"], tables["alarms"]
    firsts = [row for row in map(_first, _by_dataset(watched, alarms).values()) if row is not None]
    moved = "; ".join(f"{row['moved']} at {row['dataset']}" for row in firsts)
    what = f" By all alarms, what moved is: {moved}." if moved else ""
    return f"{title(watched, alarms)}.{what}"


def _by_dataset(watched: pd.DataFrame, alarms: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the alarms of each data set that is watched."""
    able = watched.loc[watched["reason"].isna(), "dataset"]
    return {name: alarms[alarms["dataset"] == name] for name in able}


def _first(found: pd.DataFrame) -> pd.Series | None:
    """Return the first alarm of a data set, if there is one."""
    return None if found.empty else found.sort_values(["month", "size"], kind="stable").iloc[0]


def title(watched: pd.DataFrame, alarms: pd.DataFrame) -> str:
    """Answer in a sentence: what moved first at each data set, or for how long nothing did."""
    able = watched[watched["reason"].isna()]
    if able.empty:
        return "No month is watched, as no target has dates and enough months"
    of_dataset, parts = _by_dataset(watched, alarms), []
    for row in able.itertuples():
        found = of_dataset[str(row.dataset)]
        first = _first(found)
        if first is None:
            parts.append(f"nothing moved at {row.dataset} in {row.watched} watched months")
            continue
        rest = len(found) - 1
        more = f", and {rest} other stream{'s' * (rest > 1)} moved" if rest else ""
        parts.append(f"{first['stream']} at {row.dataset} {first['direction']} in month {first['month']}{more}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:]


def _rule(row: pd.Series) -> str:
    still = f", {row.still} more never vary" if row.still else ""
    return (
        f"{row.dataset}: {row.streams} streams in {row.watched} watched months after {row.baseline} that charts learnt "
        f"from{still}; were nothing to change, there would be any alarm with a probability of at most "
        f"{row.false_alarms:.0%}."
    )


def _alarms(found: pd.DataFrame) -> Iterator[str]:
    """Say what moved, all streams of one meaning together."""
    for (moved, decides), rows in found.groupby(["moved", "decides"], sort=False):
        shown = [_one(row) for row in rows.head(_MOST).itertuples()]
        more = f", and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
        yield f"{rows['dataset'].iloc[0]}, {moved}: {'; '.join(shown)}{more}. {decides}"


def _one(row: pd.Series) -> str:
    ends = "" if pd.isna(row.before) else f" from {row.before:.3g} to {row.after:.3g}"
    size = "" if pd.isna(row.size) else f", {abs(row.size):.1f} SD of images"
    since = f"since month {row.since}" if row.since != row.month else f"in month {row.month}"
    return f"{row.stream} {row.direction} {since} (alarm in {row.month}){ends}{size}"


def _estimates(table: pd.DataFrame) -> Iterator[str]:
    """Say which estimates of unlabelled images may be printed, and why others may not."""
    rows = table[(table["group"] == "unlabelled") & (table["estimator"] != "all")]
    for names, cell in rows.groupby(["model", "source", "target", "task"], sort=False):
        where = f"Without labels, {names_of(cell).iloc[0]} at {names[2]}, {names[3]}"
        chosen = cell[cell["is_chosen"]]
        numbers = [
            f"{QUANTITIES[row.quantity]} {row.estimate:.2f} ({row.estimate_low:.2f} to {row.estimate_high:.2f}, "
            f"{row.estimator})"
            for row in chosen.itertuples()
        ]
        rest = [words for name, words in QUANTITIES.items() if name not in set(chosen["quantity"])]
        code = cell.loc[cell["reason"].notna(), "reason"].mode()
        why = f"no {', '.join(rest)}: {WATCHING[code.iloc[0]]} ({code.iloc[0]})" if rest and len(code) else ""
        yield f"{where}: {'; '.join([*numbers, *([why] if why else [])])}."


def _backtests(errors: pd.DataFrame) -> Iterator[str]:
    """Say how far the estimators were off where labels could check them."""
    everywhere = errors[errors["cause"] == "all"]
    if everywhere.empty:
        yield "No estimate without labels could be checked: no target has labels of what its models were trained for."
        return
    parts = []
    for quantity, words in QUANTITIES.items():
        rows = everywhere[everywhere["quantity"] == quantity]
        if len(rows):
            best = rows.loc[rows["worst"].idxmin()]
            parts.append(f"{words} by at most {best['worst']:.2f} ({best['estimator']})")
    cells, targets = everywhere["cells"].max(), everywhere["targets"].max()
    yield (
        f"Where labels could check them, in {cells} cells at {targets} targets, the nearest estimators missed "
        f"{', '.join(parts)}; which are nearest is known afterwards only."
    )
