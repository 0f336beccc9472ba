"""Reader ``rsna``: the RSNA Pneumonia Detection Challenge of 2018, as Kaggle has it (Shih et al., Radiology: AI 2019).

The images are the NIH's, under new names. See docs/datasets/rsna.md.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crossray.datasets import Release
from crossray.datasets.fields import FRONTAL, ages, labels, numbers, sexes, views
from crossray.datasets.headers import read_headers
from crossray.datasets.options import Released
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, count_rows, find_root, find_table
from crossray.datasets.sheets import read_table
from crossray.datasets.strata import OfHeaders
from crossray.errors import UserError
from crossray.study.base import LeftOut

if TYPE_CHECKING:
    import pandas

#: the one label is both tasks, as in the paper: an opacity of the lung that may be pneumonia
TASKS = ("Lung Opacity", "Pneumonia")

SETTINGS = ()
POLICIES = {
    "default": {"views": FRONTAL, "images_per_patient": "all", "rows": "images"},
    # The original took every box for an image, and split rows: 3,398 images have several (defect 2).
    "paper": {"views": ["ANY"], "images_per_patient": "all", "rows": "boxes"},
}
#: with the mapping to the NIH's names, patients have the NIH's numbers; without it, every image is its own patient
COHORT = "nih"

#: rows and columns of the images, on which the boxes are counted
FRAME = (1024, 1024)

LAYOUT = "stage_2_train_images/0004cfab-14fd-4e49-80ba-63a80b6bddd6.dcm"


@dataclass(frozen=True, kw_only=True)
class Options(Released, OfHeaders):
    """The RSNA challenge."""

    nih_mapping: LeftOut[str] = None
    "RSNA's mapping to the NIH's names (JSON), relative to the root; identifies patients."
    rows: LeftOut[Literal["images", "boxes"]] = None
    "One row per image, or per box, as in the paper."


@dataclass(frozen=True, kw_only=True)
class RsnaReading(ChosenImages):
    """Settings of ``read``."""

    rows: str
    "One row per image, or per box."


ReadSettings = RsnaReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`; the second table is ``nih_mapping``, if there is one."""
    tables = [find_table(dataset, settings.root, settings.table, ["stage_2_train_labels.csv"])]
    if settings.nih_mapping is not None:
        tables.append(find_table(dataset, settings.root, settings.nih_mapping, [], key="nih_mapping"))
    return Release(str(find_root(dataset, settings.root)), tuple(tables))


count_images = count_rows


def read(release: Release, settings: RsnaReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    import pandas as pd

    table = label_rows(release.tables[0], settings.rows)
    names = table.pop("name")
    table["path"] = "stage_2_train_images/" + names + ".dcm"
    check_images(release.root, table["path"], settings.max_missing, LAYOUT)
    if len(release.tables) > 1:
        table["patient_id"] = names.map(nih_patients(release.tables[1])).fillna(table["patient_id"])
    headers = read_headers(release.root, table["path"], ["ViewPosition", "PatientSex", "PatientAge"])
    described = pd.DataFrame(
        {
            "view": views(headers["ViewPosition"]),
            "sex": sexes(headers["PatientSex"], release.root, "PatientSex"),
            "age": ages(headers["PatientAge"], release.root, "PatientAge"),
        }
    )
    return keep_images(table.join(described), settings)


def label_rows(path: str, rows: str) -> "pandas.DataFrame":
    """Read the table of boxes.

    Args:
        path: ``stage_2_train_labels.csv``.
        rows: ``images``: one row an image, positive if it has a box; ``boxes``: one row a row of the table, each its
            own patient, as in the original.

    Returns:
        image_id, patient_id, study_id, name (of the file), and the tasks.
    """
    import pandas as pd

    raw = read_table(path, ["patientId", "Target"])
    names = raw["patientId"].str.strip()
    target = labels(raw["Target"], path, "Target")
    if rows == "images":
        target = target.groupby(names).transform("max")
        first = ~names.duplicated()
        names, target = names[first], target[first]
    names, target = names.reset_index(drop=True), target.reset_index(drop=True)
    number = names.groupby(names).cumcount()
    image = names + ("-" + number.astype(str)).mask(number == 0, "")
    return pd.DataFrame(
        {"image_id": image, "patient_id": image, "study_id": names, "name": names, **dict.fromkeys(TASKS, target)}
    )


def nih_patients(path: str) -> dict[str, str]:
    """Read RSNA's mapping to the NIH's file names: name of the image here -> the NIH's number of the patient.

    Args:
        path: ``pneumonia-challenge-dataset-mappings_2018.json`` of the RSNA: records with ``subset_img_id`` (here) and
            ``img_id`` (NIH, ``00000001_000.png``).

    Raises:
        UserError: if the file is not that.
    """
    import pandas as pd

    try:
        pairs = pd.read_json(path, dtype=False)
        numbers = pairs["img_id"].astype(str).str.extract(r"^0*(\d+)_\d+")[0]
        return dict(zip(pairs["subset_img_id"].astype(str), numbers, strict=True))
    except (ValueError, KeyError, AttributeError) as error:
        raise UserError(f"{path}: not RSNA's mapping, a list of records with subset_img_id and img_id") from error


def locate_places(dataset: str, settings: Options) -> tuple[str, ...]:
    """See :class:`crossray.datasets.Locator`; the table of labels is one of boxes."""
    return (find_table(dataset, settings.root, settings.table, ["stage_2_train_labels.csv"]),)


def read_places(release: Release) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Locator`; a box is one of both tasks."""
    import pandas as pd

    from crossray.datasets.annotations import boxes

    path = release.tables[0]
    raw = read_table(path, ["patientId", "x", "y", "width", "height", "Target"])
    raw = raw[raw["Target"].str.strip() == "1"]
    left, top, width, height = (numbers(raw[column], path, column) for column in ("x", "y", "width", "height"))
    edges = pd.DataFrame({"left": left, "top": top, "right": left + width, "bottom": top + height})
    return pd.concat([boxes(raw["patientId"].str.strip(), task, edges, FRAME) for task in TASKS], ignore_index=True)
