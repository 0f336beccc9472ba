"""Reader ``table``: any folder of images beside one CSV or Parquet file, whose columns the settings name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Len

from crossray.datasets import Release
from crossray.datasets.fields import ages, labels, optional, sexes, views
from crossray.datasets.options import ImageChoice, UncertainLabels
from crossray.datasets.policy import keep_images, resolve_uncertain
from crossray.datasets.reading import ChosenImages
from crossray.datasets.release import check_images, count_rows, find_root, find_table
from crossray.datasets.sheets import read_table
from crossray.errors import UserError
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import OneKindOf, Several

if TYPE_CHECKING:
    import pandas

SETTINGS = ("columns", "tasks")
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore"}}
REGISTER = None


@dataclass(frozen=True, kw_only=True)
class Columns(Settings):
    """Which column of the table holds what."""

    image_id: str = "image_id"
    "Identifier of the image, unique."
    patient_id: str = "patient_id"
    "Identifier of the patient."
    path: str = "path"
    "File of the image, from the root."
    study_id: LeftOut[str] = None
    "Identifier of the examination."
    view: LeftOut[str] = None
    "View position, for instance PA."
    sex: LeftOut[str] = None
    "F or M, or female or male."
    age: LeftOut[str] = None
    "Age in years, or a DICOM age such as 034Y."
    split: LeftOut[str] = None
    "train, validation or test, where the release brings its own."


@dataclass(frozen=True, kw_only=True)
class Options(ImageChoice, UncertainLabels):
    """A folder of images beside a table."""

    root: str
    "Folder that image paths start from."
    table: str
    "CSV, Excel or Parquet file with one row an image, from the root."
    columns: Columns = Columns()
    "Which column of the table holds what; those without a default are used only if named."
    tasks: Annotated[Several[str] | Annotated[Mapping[str, str], Len(1)], OneKindOf()]
    "Label columns (1 positive, 0 negative, -1 or empty unknown), as a list or as task to column."


@dataclass(frozen=True, kw_only=True)
class TableReading(ChosenImages):
    """What this reader is told."""

    columns: Columns
    "Which column holds what."
    tasks: tuple[str, ...] | Mapping[str, str]
    "Label columns, or task to column."
    uncertain: str
    "What an uncertain label is."


Told = TableReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`.

    Raises:
        UserError: if the folder or the table is not there.
    """
    return Release(str(find_root(dataset, settings.root)), (find_table(dataset, settings.root, settings.table, []),))


count_images = count_rows


def read(release: Release, settings: TableReading) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``columns``, ``tasks`` and the policy."""
    table = read_rows(release, settings.columns, settings.tasks, settings.uncertain)
    kept = keep_images(table, settings)
    check_images(release.root, kept["path"], settings.max_missing)
    return kept


def read_rows(
    release: Release, named: Columns, tasks: Sequence[str] | Mapping[str, str], uncertain: str
) -> "pandas.DataFrame":
    """Read the table by the names of its columns, without looking for the images."""
    import pandas as pd

    path, columns = release.tables[0], named.as_dict()
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
        table[task] = resolve_uncertain(labels(raw[column], path, column), uncertain)
    return table
