"""Reader ``simulated``: a hospital of chest phantoms that the workflow itself renders (:mod:`.hospital`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release, table
from crossray.datasets.reading import KeptImages, Reading
from crossray.study import folders
from crossray.study.base import LeftOut, taken
from crossray.study.findings import FINDINGS
from crossray.study.hospital import Hospital, Labelling

if TYPE_CHECKING:
    import pandas

Options = Hospital
SETTINGS = ("labelling", "months")
POLICIES: Mapping[str, Mapping[str, Any]] = {"default": {}}
COHORT = None


@dataclass(frozen=True, kw_only=True)
class SimulatedReading(Reading):
    """Settings of ``read``."""

    labelling: Labelling
    "How the hospital labels images."
    months: LeftOut[int] = None
    "Months over which patients come, if images have dates."


ReadSettings = SimulatedReading


def locate(dataset: str, settings: Hospital) -> Release:
    """See :class:`crossray.datasets.Reader`; the files are outputs of the rule ``simulate_hospital``."""
    return Release(_path(folders.RELEASE_DICOM, dataset), (_path(folders.RELEASE_LABELS, dataset),))


def preview(dataset: str, settings: Hospital, folder: Path) -> Release:
    """See :class:`crossray.datasets.Previewer`; the labels are those before its readers' mistakes."""
    from crossray.datasets.hospital import planned_labels
    from crossray.files import write_csv

    labels = folder / "labels.csv"
    write_csv(labels, planned_labels(dataset, settings))
    return Release(str(folder), (str(labels),))


def count_images(release: Release, settings: Hospital) -> int:
    """Return the number of images that the settings ask for."""
    return settings.images


def read(release: Release, settings: SimulatedReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; tasks that the hospital does not label have no column."""
    fields = ["image_id", "patient_id", "study_id", "path", "view", "sex", "age"]
    tasks = [name for name in FINDINGS if name not in settings.labelling.unlabelled]
    fields += [] if settings.months is None else ["date"]
    columns = table.Columns(**{field: field for field in fields})
    choices = {"views": ("ANY",), "images_per_patient": "all", "uncertain": "ignore"}
    told = taken(table.TableReading, settings, columns=columns, tasks=tuple(tasks), **choices)
    return KeptImages(table.read_rows(release, told), {})


def locate_places(dataset: str, settings: Hospital) -> tuple[str, ...]:
    """See :class:`crossray.datasets.Locator`; the truth about every finding, whether or not it was called."""
    return (_path(folders.RELEASE_REGIONS, dataset),)


def read_places(release: Release) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Locator`."""
    from crossray import tables
    from crossray.datasets.annotations import masks
    from crossray.tables.release import ReleaseRegions

    raw = tables.read(Path(release.tables[0]), ReleaseRegions).fillna({"runs": ""})
    return masks(raw["image_id"], raw["finding"], raw["runs"], raw["rows"], raw["columns"])


def _path(pattern: str, dataset: str) -> str:
    return f"{folders.DATASETS}/{pattern.format(dataset=dataset)}"
