"""Reader ``vindr``: VinDr-CXR of two hospitals in Hanoi (Nguyen et al., Scientific Data 2022).

PhysioNet's release or Kaggle's (VinBigData). Three radiologists read each training image, five agreed on each test
image. See docs/datasets/vindr.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Le

from crossray.datasets import Release
from crossray.datasets.fields import numbers
from crossray.datasets.listing import find_images
from crossray.datasets.options import Synonyms
from crossray.datasets.policy import keep_images, read_synonyms
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, find_root, find_table, labels_table, tables_there
from crossray.datasets.sheets import count_rows as count_table_rows
from crossray.datasets.sheets import read_table
from crossray.datasets.strata import OfTables
from crossray.errors import UserError, named

if TYPE_CHECKING:
    import pandas

SETTINGS = ("agreement",)
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all"}}
COHORT = None
TABLE_OF_IMAGES = 0

LAYOUT = "train/50a418190bc3fb1ef1633bf9678929b3.dicom"

#: table of labels -> the table of boxes beside it; any other is one of boxes itself
BOXES = {
    "image_labels_train.csv": "annotations_train.csv",
    "image_labels_test.csv": "annotations_test.csv",
}
EDGES = ("x_min", "y_min", "x_max", "y_max")

#: the columns that say which image, who read it, and where the finding is
NOT_FINDINGS = {"image_id", "rad_id", "class_id", "class_name", "x_min", "y_min", "x_max", "y_max"}


@dataclass(frozen=True, kw_only=True)
class Options(Synonyms, OfTables):
    """VinDr-CXR."""

    agreement: Annotated[int, Ge(1), Le(3)] = 2
    "How many of the three radiologists must have reported the finding; the test set is a consensus."


@dataclass(frozen=True, kw_only=True)
class VindrReading(ChosenImages):
    """Settings of ``read``."""

    agreement: int
    "How many radiologists must have reported the finding."


ReadSettings = VindrReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`; ``table: annotations/image_labels_test.csv`` reads the test images."""
    names = ["annotations/image_labels_train.csv", "image_labels_train.csv", "train.csv"]
    tables = (
        find_table(dataset, settings.root, settings.table, names),
        labels_table(dataset, settings.synonyms, "vindr.csv"),
    )
    return Release(str(find_root(dataset, settings.root)), tables)


def count_images(release: Release, settings: Options) -> int:
    """Estimate from the lines of the table: three readers, each at least a row, an image."""
    return max(1, count_table_rows(release.tables[0]) // 3)


def read(release: Release, settings: VindrReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; the release names no patients, so every image is its own."""
    import pandas as pd

    path, synonyms = release.tables
    found = readers_who_found(path)
    image = pd.Series(found.index, dtype="str")
    files = find_images(release.root, image, lambda path: PurePath(path).stem)
    table = pd.DataFrame(
        {
            "image_id": image,
            "patient_id": image,
            "study_id": image,
            "path": image.map(lambda name: files.get(name, f"{name}.dicom")),
            "view": pd.Series(index=image.index, dtype="str"),
            "sex": pd.Series(index=image.index, dtype="str"),
            "age": float("nan"),
        }
    )
    check_images(release.root, table["path"], settings.max_missing, LAYOUT)
    labels = task_labels(found, read_synonyms(synonyms), settings.agreement, path)
    return keep_images(table.join(labels.reset_index(drop=True)), settings)


def image_ids(rows: "pandas.DataFrame") -> "pandas.Series":
    """See :class:`crossray.datasets.Described`; an image has a row of each radiologist, or of each box."""
    return rows["image_id"]


def readers_who_found(path: str) -> "pandas.DataFrame":
    """Count for each image how many radiologists marked each finding.

    Returns:
        Indexed by image, one column a finding in small letters: counts; for a table without ``rad_id``, which holds
        a consensus, infinity where it is positive.
    """
    import pandas as pd

    raw = read_table(path, ["image_id"])
    if "class_name" in raw:  # one row a box and reader
        marks = raw.assign(finding=raw["class_name"].str.strip().str.lower())
        marks = marks.drop_duplicates([name for name in ("image_id", "rad_id", "finding") if name in marks])
        counts = pd.crosstab(marks["image_id"], marks["finding"], dropna=False).astype(float)
        counts = counts.reindex(raw["image_id"].unique())
    else:  # one row an image and reader, one column a finding
        columns = [name for name in raw.columns if name not in NOT_FINDINGS]
        marks = pd.DataFrame({name: numbers(raw[name], path, name) for name in columns})
        counts = marks.groupby(raw["image_id"], sort=False).sum()
        counts.columns = [name.strip().lower() for name in columns]
    if "rad_id" not in raw:
        counts = counts.where(counts == 0, float("inf"))
    return counts


def task_labels(
    found: "pandas.DataFrame", synonyms: Mapping[str, set[str]], agreement: int, path: str
) -> "pandas.DataFrame":
    """Turn counts of radiologists into labels: positive if at least ``agreement`` of them found one of a task's words.

    Raises:
        UserError: if the table has a finding that the synonyms do not have at all.
    """
    import pandas as pd

    known = set().union(*synonyms.values())
    strange = [name for name in found.columns if name not in known]
    if strange:
        raise UserError(
            f"{path}: finding {named(strange, 'words')} is in no row of the table of synonyms; add it there"
        )
    tasks = {}
    for task, words in synonyms.items():
        columns = [name for name in found.columns if name in words]
        if columns and not task.startswith("("):
            tasks[task] = (found[columns] >= agreement).any(axis=1).astype(float)
    return pd.DataFrame(tasks)


def locate_places(dataset: str, settings: Options) -> tuple[str, ...]:
    """See :class:`crossray.datasets.Locator`; the table of boxes, and that from its words to tasks."""
    labels, synonyms = locate(dataset, settings).tables
    boxes = tables_there(str(Path(labels).parent), [BOXES.get(Path(labels).name, Path(labels).name)])
    return (*boxes, synonyms) if boxes else ()


def read_places(release: Release) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Locator`.

    Every radiologist drew boxes of their own, in pixels of the image: a finding's region is the union of them all, also
    of those who were outvoted.
    """
    import pandas as pd

    from crossray.datasets.annotations import boxes

    path, synonyms = release.tables
    raw = read_table(path, ["image_id", "class_name", *EDGES])
    raw = raw[raw["x_min"].str.strip() != ""]  # rows without a finding have no box
    words = raw["class_name"].str.strip().str.lower()
    edges = pd.DataFrame({
        name: numbers(raw[column], path, column)
        for name, column in zip(("left", "top", "right", "bottom"), EDGES, strict=True)
    })  # fmt: skip
    found = [
        boxes(raw.loc[here, "image_id"].str.strip(), task, edges[here])
        for task, known in read_synonyms(synonyms).items()
        if not task.startswith("(") and (here := words.isin(known)).any()
    ]
    return pd.concat(found, ignore_index=True) if found else boxes(raw["image_id"][:0], "", edges[:0])
