"""Reader ``padchest``: PadChest of Hospital San Juan, Alicante (Bustos et al., Medical Image Analysis 2020).

See docs/datasets/padchest.md.
"""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossray.datasets import Release
from crossray.datasets.fields import FRONTAL, sexes, views
from crossray.datasets.listing import find_images
from crossray.datasets.options import FindingLists
from crossray.datasets.policy import keep_images, labels_of_findings, read_synonyms
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import RESOURCES, check_images, count_rows, find_root, find_table, labels_table
from crossray.datasets.sheets import read_table
from crossray.datasets.strata import OfTables, from_the_first, months
from crossray.errors import UserError
from crossray.study.base import LeftOut

if TYPE_CHECKING:
    import pandas

SETTINGS = ("months",)
POLICIES = {
    "default": {
        "views": FRONTAL,
        "images_per_patient": "all",
        "matching": "exact",
        "skip_broken_files": False,
    },
    "paper": {
        "views": ["PA"],
        "images_per_patient": "first_known",
        "matching": "contained",
        "skip_broken_files": True,
    },
}
COHORT = None
TABLE_OF_IMAGES = 0

COLUMNS = ("ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth", "PatientSex_DICOM",
           "Projection", "Labels")  # fmt: skip
LAYOUT = "0/20536686640136348236148679891455886468_k6ga29.png"


@dataclass(frozen=True, kw_only=True)
class Options(FindingLists, OfTables):
    """PadChest."""

    skip_broken_files: LeftOut[bool] = None
    "Leave out the files that the paper's code listed as missing, and reports without labels."
    months: LeftOut[bool] = None
    "Keep the number of months since the first date (StudyDate_DICOM), for groups of half years."


@dataclass(frozen=True, kw_only=True)
class PadchestReading(ChosenImages):
    """Settings of ``read``."""

    matching: str
    "How findings match the table of synonyms."
    skip_broken_files: bool
    "Whether broken files and reports without labels are left out."
    months: LeftOut[bool] = None
    "Whether months since the first date are kept."


ReadSettings = PadchestReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    names = ["PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"]
    labels = find_table(dataset, settings.root, settings.table, names)
    paper = settings.policy == "paper"
    synonyms = labels_table(dataset, settings.synonyms, "padchest.paper.csv" if paper else "padchest.csv")
    return Release(str(find_root(dataset, settings.root)), (labels, synonyms))


count_images = count_rows


def read(release: Release, settings: PadchestReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; the paper's policy leaves images of unlabelled reports out."""
    import pandas as pd

    from crossray.manifest import MONTHS

    path, synonyms = release.tables
    raw = read_table(path, COLUMNS).replace({"nan": "", "None": ""})  # as the release writes what is not known
    names = raw["ImageID"].str.strip()
    files = find_images(release.root, names)
    born = pd.to_numeric(raw["PatientBirth"], errors="coerce")
    table = pd.DataFrame(
        {
            "image_id": image_ids(raw),
            "patient_id": raw["PatientID"].str.strip(),
            "study_id": raw["StudyID"].str.strip(),
            "path": names.map(lambda name: files.get(name, name)),
            "view": views(raw["Projection"]),
            "sex": sexes(raw["PatientSex_DICOM"], path, "PatientSex_DICOM"),
            "age": (pd.to_numeric(raw["StudyDate_DICOM"].str[:4], errors="coerce") - born).clip(lower=0),
            "Labels": raw["Labels"].mask(raw["Labels"] == ""),
        }
    )
    if settings.months:
        table[MONTHS] = months(raw["StudyDate_DICOM"])
    if settings.skip_broken_files:
        broken = set((RESOURCES / "padchest.broken-files.txt").read_text(encoding="utf-8").split())
        table = table[table["Labels"].notna() & ~raw["ImageID"].isin(broken)]
    kept, not_kept = keep_images(table, settings)
    if settings.months:
        kept = from_the_first(kept, MONTHS)
    check_images(release.root, kept["path"], settings.max_missing, LAYOUT)
    findings = _findings(kept.pop("Labels"), path)
    labels = labels_of_findings(findings, read_synonyms(synonyms), settings.matching)
    return KeptImages(kept.join(labels), not_kept)


def image_ids(rows: "pandas.DataFrame") -> "pandas.Series":
    """See :class:`crossray.datasets.Described`."""
    return rows["ImageID"].str.strip().str.removesuffix(".png")


def _findings(cells: "pandas.Series", path: str) -> "pandas.Series":
    """Read lists such as ``['nodule', 'goiter']``, the labels of one report; none where there is no list."""

    def words(cell: object) -> set[str]:
        if not isinstance(cell, str):
            return set()
        return {word.strip().lower() for word in ast.literal_eval(cell) if word.strip()}

    try:
        return cells.map(words)
    except (ValueError, SyntaxError, AttributeError) as error:
        raise UserError(f"{path}: column Labels: a cell is not a list such as ['nodule', 'goiter']") from error
