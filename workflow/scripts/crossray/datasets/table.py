"""Reader ``table``: any folder of images beside one CSV or Parquet file, whose columns the settings name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.fields import ages, labels, optional, sexes, views
from crossray.datasets.policy import keep_images, resolve_uncertain
from crossray.datasets.release import check_images, count_rows, find_root, find_table
from crossray.datasets.sheets import read_table
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

SETTINGS = ("columns", "tasks")
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore"}}
REGISTER = None


def locate(dataset: str, settings: Mapping[str, Any]) -> Release:
    """See :class:`crossray.datasets.Reader`.

    Raises:
        UserError: if the folder or the table is not there.
    """
    return Release(str(find_root(dataset, settings)), (find_table(dataset, settings, []),))


count_images = count_rows


def read(release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``columns``, ``tasks`` and the policy."""
    table = read_rows(release, settings)
    kept = keep_images(table, settings)
    check_images(release.root, kept["path"], settings["max_missing"])
    return kept


def read_rows(release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
    """Read the table as the settings name its columns, without looking for the images."""
    import pandas as pd

    path, columns, tasks = release.tables[0], settings["columns"], settings["tasks"]
    task_columns = tasks if isinstance(tasks, Mapping) else {task: task for task in tasks}
    raw = read_table(path, [*columns.values(), *task_columns.values()])

    def text(field: str) -> "pandas.Series":
        return raw[columns[field]].str.strip() if field in columns else pd.Series("", raw.index)

    for field in ("image_id", "patient_id", "path"):
        empty = raw.index[text(field) == ""]
        if len(empty):
            raise UserError(f"{path}: row {empty[0] + 2}, column {columns[field]}: empty; every image needs one")
    table = pd.DataFrame(
        {
            **{field: text(field) for field in ("image_id", "patient_id")},
            "study_id": optional(text("study_id")),
            "path": text("path"),
            "view": views(text("view")),
            "sex": sexes(text("sex"), path, columns.get("sex", "")),
            "age": ages(text("age"), path, columns.get("age", "")),
        }
    )
    if "split" in columns:
        table["split"] = text("split").str.lower()
    for task, column in task_columns.items():
        table[task] = resolve_uncertain(labels(raw[column], path, column), settings["uncertain"])
    return table
