"""Reader ``nih``: ChestX-ray14 of the NIH Clinical Center (Wang et al., CVPR 2017). See docs/datasets/nih.md."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossray.datasets import Release
from crossray.datasets.fields import FRONTAL, ages, numbers, sexes, views
from crossray.datasets.listing import find_images
from crossray.datasets.options import Listed
from crossray.datasets.policy import keep_images, labels_of_findings, unknown_words
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, count_rows, locate_tables, tables_there
from crossray.datasets.sheets import read_table
from crossray.errors import UserError, named

if TYPE_CHECKING:
    import pandas

#: the 14 findings; a table of labels knows these words and "No Finding", nothing else
FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia",
    "Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax",
)  # fmt: skip

Options = Listed
SETTINGS = ()
ReadSettings = ChosenImages
POLICIES = {
    "default": {"views": FRONTAL, "images_per_patient": "all"},
    "paper": {"views": ["PA", "AP"], "images_per_patient": "first"},
}
COHORT = "nih"
TABLE_OF_IMAGES = 0

COLUMNS = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
LAYOUT = "images_001/images/00000001_000.png"

#: columns of ``BBox_List_2017.csv``: left and top edge, width and height, on images of 1024 x 1024 pixels
BOX_COLUMNS = ("Image Index", "Finding Label", "Bbox [x", "y", "w", "h]")
#: words of that table that the table of labels has otherwise
BOX_WORDS = {"Infiltrate": "Infiltration"}
FRAME = (1024, 1024)


def locate(dataset: str, settings: Listed) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return locate_tables(dataset, settings, ["Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv"])


count_images = count_rows


def read(release: Release, settings: ChosenImages) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    path = release.tables[0]
    images, not_kept = read_images(release, read_table(path, COLUMNS), [], settings)
    check_images(release.root, images["path"], settings.max_missing, LAYOUT)
    findings = images.pop("findings").map(lambda words: set(words.lower().split("|")))
    unknown_words(findings, {"no finding", *(name.lower() for name in FINDINGS)}, path)
    labels = labels_of_findings(findings, {name: {name.lower()} for name in FINDINGS}, "exact")
    return KeptImages(images.join(labels), not_kept)


def read_images(release: Release, raw: "pandas.DataFrame", labels: Sequence[str], settings: ChosenImages) -> KeptImages:
    """Read what the NIH's table says of images and patients, and keep what the policy keeps.

    Returns:
        The columns of a manifest up to age, then ``findings`` and the columns ``labels`` of the table.
    """
    import pandas as pd

    path = release.tables[0]
    sex = sex_column(raw)
    names = raw["Image Index"].str.strip()
    files = find_images(release.root, names)
    table = pd.DataFrame(
        {
            "image_id": image_ids(raw),
            "patient_id": raw["Patient ID"].str.strip().str.lstrip("0"),
            "study_id": image_ids(raw),
            "path": names.map(lambda name: files.get(name, name)),
            "view": views(raw["View Position"]),
            "sex": sexes(raw[sex], path, sex),
            "age": ages(raw["Patient Age"], path, "Patient Age"),
            "findings": raw["Finding Labels"].str.strip(),
        }
    )
    return keep_images(table.join(raw[list(labels)]), settings)


def image_ids(rows: "pandas.DataFrame") -> "pandas.Series":
    """See :class:`crossray.datasets.Described`."""
    return rows["Image Index"].str.strip().str.removesuffix(".png")


def sex_column(raw: "pandas.DataFrame") -> str:
    """Return the name of the column, which versions of the table call differently.

    Raises:
        UserError: if there is neither.
    """
    for name in ("Patient Sex", "Patient Gender"):
        if name in raw:
            return name
    raise UserError("the table has neither a column Patient Sex nor Patient Gender")


def locate_places(dataset: str, settings: Listed) -> tuple[str, ...]:
    """See :class:`crossray.datasets.Locator`."""
    return tables_there(settings.root, ["BBox_List_2017.csv"])


def read_places(release: Release) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Locator`.

    984 boxes that a radiologist drew on 880 images, of eight of the findings.
    """
    import pandas as pd

    from crossray.datasets.annotations import boxes

    path = release.tables[0]
    raw = read_table(path, BOX_COLUMNS)
    tasks = raw["Finding Label"].str.strip().replace(BOX_WORDS)
    if strange := sorted(set(tasks) - set(FINDINGS)):
        raise UserError(f"{path}: finding {named(strange, 'words')} is none of {', '.join(FINDINGS)}")
    left, top, width, height = (numbers(raw[column], path, column) for column in BOX_COLUMNS[2:])
    edges = pd.DataFrame({"left": left, "top": top, "right": left + width, "bottom": top + height})
    return boxes(raw["Image Index"].str.strip().str.removesuffix(".png"), tasks, edges, FRAME)
