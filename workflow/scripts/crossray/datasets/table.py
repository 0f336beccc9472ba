"""Reader ``table``: any folder of images beside one CSV file, whose columns the settings name."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.errors import UserError, listed

if TYPE_CHECKING:
    import pandas

#: what a label may look like -> its value; uncertain (-1) counts as unknown
LABELS = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "-1": None, "-1.0": None, "": None}

SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "": None, "o": None, "u": None, "unknown": None}

#: the settings that decide what ``read`` returns
SETTINGS = ("columns", "tasks")


def locate(dataset: str, settings: Mapping[str, Any]) -> Release:
    """See :class:`crossray.datasets.Reader`.

    Raises:
        UserError: if the folder or the table is not there.
    """
    root = Path(settings["root"])
    table = root / settings["table"]
    if not root.is_dir():
        raise UserError(f"datasets.{dataset}.root: no folder {str(root)!r}; set it to where the images lie")
    if not table.is_file():
        raise UserError(f"datasets.{dataset}.table: no file {str(table)!r}; the path is taken from root")
    return Release(str(root), str(table))


def count_images(release: Release, settings: Mapping[str, Any]) -> int:
    """Count the lines of the table."""
    with Path(release.table).open("rb") as file:
        return max(sum(1 for _ in file) - 1, 0)


def read(release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``columns`` and ``tasks``."""
    import pandas as pd

    raw = _read_csv(release.table)
    columns, tasks = settings["columns"], settings["tasks"]
    task_columns = tasks if isinstance(tasks, Mapping) else {task: task for task in tasks}
    wanted = [*columns.values(), *task_columns.values()]
    missing = [name for name in wanted if name not in raw.columns]
    if missing:
        raise UserError(f"{release.table}: no column {listed(missing)}; the columns are {', '.join(raw.columns)}")

    def text(field: str) -> "pandas.Series":
        return raw[columns[field]].str.strip() if field in columns else pd.Series("", raw.index)

    for field in ("image_id", "patient_id", "path"):
        empty = raw.index[text(field) == ""]
        if len(empty):
            raise UserError(
                f"{release.table}: row {empty[0] + 2}, column {columns[field]}: empty; every image needs one"
            )
    table = pd.DataFrame(
        {
            **{field: text(field) for field in ("image_id", "patient_id")},
            "study_id": _optional(text("study_id")),
            "path": text("path"),
            "view": _optional(text("view").str.upper()),
            "sex": _translated(text("sex").str.lower(), SEXES, release.table, columns.get("sex", "")).astype("str"),
            "age": _ages(text("age"), release.table, columns.get("age", "")),
        }
    )
    if "split" in columns:
        table["split"] = text("split").str.lower()
    for task, column in task_columns.items():
        table[task] = _translated(raw[column].str.strip(), LABELS, release.table, column).astype(float)
    return table


def _read_csv(path: str) -> "pandas.DataFrame":
    import pandas as pd

    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable CSV file in UTF-8: {error}") from error
    if raw.empty:
        raise UserError(f"{path}: has a header but no rows")
    return raw


def _optional(texts: "pandas.Series") -> "pandas.Series":
    return texts.mask(texts == "").astype("str")


def _translated(texts: "pandas.Series", allowed: Mapping[str, Any], path: str, column: str) -> "pandas.Series":
    """Replace each text by its meaning; anything that has none stops the reading."""
    unknown = texts.index[~texts.isin(list(allowed))]
    if len(unknown):
        row = unknown[0]
        names = ", ".join(name or "empty" for name in allowed)
        raise UserError(
            f"{path}: row {row + 2}, column {column}: {texts[row]!r} is not one of {names} "
            f"({len(unknown)} such rows in all)"
        )
    return texts.map(allowed)


def _ages(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Years as numbers; DICOM age strings (PS3.5 6.2, AS: 034Y, 018M, 006W, 003D) are converted."""
    import pandas as pd

    parts = texts.str.extract(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>[YMWDymwd]?)$")
    wrong = texts.index[(texts != "") & parts["number"].isna()]
    if len(wrong):
        raise UserError(f"{path}: row {wrong[0] + 2}, column {column}: {texts[wrong[0]]!r} is not an age in years")
    per_year = parts["unit"].str.upper().map({"": 1.0, "Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25})
    return (pd.to_numeric(parts["number"]) / per_year).astype(float)
