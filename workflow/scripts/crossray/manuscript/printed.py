"""Tables for print: who the patients are, labels of each finding, the matrix of AUCs with drops, and operating points.

Each is one CSV to work with, LaTeX (a longtable with the rules of booktabs) and HTML, which word processors open.
Numbers are those of the study's tables, rounded, with what is withheld there marked as there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from crossray.figures.report_tables import meanings
from crossray.figures.style import signed
from crossray.files import csv_text, write_text
from crossray.manuscript.study_results import StudyResults
from crossray.tables import HIDDEN, MEAN_OF_TASKS
from crossray.texts import visible

_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
#: properties that say why images were left out
_LEFT_OUT = ("not kept", "rejected", "unlabelled")
_IMAGES = {"positives": "positive", "negatives": "negative", "unknown": "unlabelled"}
#: the rule of a threshold that is carried over, and what it was chosen on
_CARRIED = ("youden", "source's validation split")
_NEEDED = "% needs \\usepackage{booktabs,longtable,multirow}; wide ones a page of landscape\n"


@dataclass(frozen=True)
class Printed:
    """A table for print.

    Attributes:
        caption: above it.
        table: texts, with what names a row in its index; columns may have a heading above several.
    """

    caption: str
    table: pd.DataFrame


def _labels(results: StudyResults) -> Printed:
    cells: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for row in results.shown("labels").query("split != 'all'").to_dict("records"):
        patients = f"{_count(row['patients'])} ({_count(row['positive_patients'])})"
        counts = {"patients": patients} | {word: _count(row[name]) for name, word in _IMAGES.items()}
        here = cells.setdefault((row["dataset"], row["task"]), {})
        here.update({(_SPLITS[row["split"]], word): count for word, count in counts.items()})
    table = pd.DataFrame.from_dict(cells, orient="index")
    table.index = pd.MultiIndex.from_tuples(cells, names=("data set", "finding"))
    table.columns = pd.MultiIndex.from_tuples(table.columns)
    caption = (
        "Patients whose images are labelled for a finding (in brackets those with a positive image), and positive, "
        "negative and unlabelled images, of each data set and split. Only usable images are counted."
    )
    return Printed(caption, table)


def _characteristics(results: StudyResults) -> Printed:
    held, labels = results.shown("datasets"), results.shown("labels")
    heads = {"all": "all"} | _SPLITS
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for name in results.settings.datasets:
        rows = held[(held["dataset"] == name) & ~held["property"].isin(_LEFT_OUT)]
        splits = ["all", *rows.loc[rows["property"] == "split", "value"]]
        for row in rows.to_dict("records"):
            key, split = (name, row["property"], row["value"]), row["split"]
            if row["property"] in ("all", "split"):  # how many there are of all, and of each split
                key, split = (name, "all", ""), row["value"]
            here = cells.setdefault(key, {} if key[1] == "all" else {heads[split]: "0 (0)" for split in splits})
            here[heads[split]] = _both(row["images"], row["patients"])
        for row in labels[(labels["dataset"] == name) & labels["split"].isin(splits)].to_dict("records"):
            said = "not labelled" if row["patients"] == 0 else _both(row["positives"], row["positive_patients"])
            cells.setdefault((name, "positive", row["task"]), {})[heads[row["split"]]] = said
    table = pd.DataFrame.from_dict(cells, orient="index", columns=list(heads.values())).fillna("-")
    table.index = pd.MultiIndex.from_tuples(cells, names=("data set", "characteristic", "value"))
    caption = (
        "Images, with patients in brackets, of each data set and split, by view, sex, age in years and further groups, "
        "and those with each finding. Only usable images are counted; a patient may have images with several values."
    )
    return Printed(caption, table)


def _both(images: Any, patients: Any) -> str:
    counts = _count(images), _count(patients)
    return counts[0] if set(counts) == {HIDDEN} else f"{counts[0]} ({counts[1]})"


def _transfer(results: StudyResults) -> Printed:
    rows = results.table("transfer")
    targets = [name for name in results.settings.targets if name in set(rows["target"])]
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in rows.to_dict("records"):
        for measure, said in (("AUC", _auc(row)), ("drop", _drop(row))):
            cells.setdefault((row["model"], row["source"], measure), {})[row["target"]] = said
    table = pd.DataFrame.from_dict(cells, orient="index", columns=targets).fillna("")
    table.index = pd.MultiIndex.from_tuples(cells, names=("model", "trained on", ""))
    caption = (
        "Mean AUC over tasks of each model (row) on each target's test images (column), and the drop, internal minus "
        "external AUC over shared tasks, with 95% intervals."
    )
    if rows["home_at_chance"].isin([True]).any():
        caption += " At chance: the interval of the internal AUC reaches 0.5."
    return Printed(caption + _letters(rows["reason"]), table)


def _auc(row: dict[str, Any]) -> str:
    return _with_limits(row, "auc", "") or str(row["reason"] or "")


def _drop(row: dict[str, Any]) -> str:
    if row["source"] == row["target"]:
        return "internal"
    return "at chance" if row["home_at_chance"] in (True,) else _with_limits(row, "drop", "+")


def _operating_points(results: StudyResults) -> Printed:
    rows = results.shown("operating_points")
    carried = (rows["rule"] == _CARRIED[0]) & (rows["chosen_on"] == _CARRIED[1])
    rows = rows[carried & (rows["model"] == results.settings.shown[0]) & rows["sensitivity"].notna()]
    found = [
        {
            "trained on": row["source"],
            "tested on": row["target"],
            "finding": row["task"],
            "positive": "" if row["task"] == MEAN_OF_TASKS else _of(row["positives"], row["images"]),
            "threshold": "" if pd.isna(row["threshold"]) else f"{row['threshold']:.2f}",
            "sensitivity": _with_limits(row, "sensitivity", ""),
            "specificity": _with_limits(row, "specificity", ""),
        }
        for row in rows.to_dict("records")
    ]
    keys = ["trained on", "tested on", "finding"]
    values = ["positive", "threshold", "sensitivity", "specificity"]
    caption = (
        "Sensitivity and specificity with 95% intervals on test images, at the threshold of the logit that maximises "
        "Youden's index on the validation split of the data set that the model was trained on; tests without these "
        "numbers are left out."
    )
    return Printed(caption, pd.DataFrame(found, columns=[*keys, *values]).set_index(keys))


def _with_limits(row: dict[str, Any], name: str, sign: str) -> str:
    """Return a number with its limits; empty if there is none."""
    if pd.isna(row[name]):
        return ""
    numbers = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
    value, low, high = (signed(number) if sign else f"{number:.2f}" for number in numbers)
    return f"{value} ({low} to {high})"


def _letters(reasons: pd.Series) -> str:
    """Say what the letters in empty cells mean."""
    found = [f"{code}: {words}" for code, words in meanings([reasons]).items()]
    return f" {'; '.join(found)}." if found else ""


def _of(positives: Any, images: Any) -> str:
    return f"{_count(positives)} of {_count(images)}"


def _count(count: Any) -> str:
    """Write a count, whole again where others of its column are missing, or the mark that stands in its place."""
    return str(count) if isinstance(count, str) else "-" if pd.isna(count) else f"{int(count)}"


#: table of the study -> how it is printed
PRINTED: dict[str, Callable[[StudyResults], Printed]] = {
    "datasets": _characteristics,
    "labels": _labels,
    "transfer": _transfer,
    "operating_points": _operating_points,
}


def write_printed(results: StudyResults, folder: Path) -> list[str]:
    """Write each table that the study has as CSV, LaTeX and HTML.

    Args:
        results: the study.
        folder: to write to.

    Returns:
        Names of the files.
    """
    return [
        name for table in PRINTED if results.has(table) for name in _written(table, PRINTED[table](results), folder)
    ]


def _written(name: str, printed: Printed, folder: Path) -> Iterator[str]:
    texts = {"csv": _as_csv(printed.table), "html": _as_html(printed), "tex": _as_latex(printed, name)}
    for kind, text in texts.items():
        write_text(folder / f"{name}.{kind}", visible(text))
        yield f"{name}.{kind}"


def _as_csv(table: pd.DataFrame) -> str:
    headings = [": ".join(filter(None, _levels(column))) for column in table.columns]
    return csv_text(table.set_axis(headings, axis=1).reset_index())


def _levels(column: str | Sequence[str]) -> Sequence[str]:
    return (column,) if isinstance(column, str) else column


def _as_html(printed: Printed) -> str:
    style = Styler(printed.table, uuid="t", cell_ids=False, caption=printed.caption)
    style = style.format(escape="html").format_index(escape="html").format_index(escape="html", axis="columns")
    return style.to_html(doctype_html=True, sparse_index=True)


def _as_latex(printed: Printed, name: str) -> str:
    style = Styler(printed.table).format(escape="latex").format_index(escape="latex")
    style = style.format_index(escape="latex", axis="columns")
    names = printed.table.index.nlevels
    return _NEEDED + style.to_latex(
        environment="longtable",
        hrules=True,
        caption=printed.caption.replace("%", r"\%"),
        label=f"tab:{name}",
        column_format="l" * names + "r" * printed.table.shape[1],
        multicol_align="c",
    )
