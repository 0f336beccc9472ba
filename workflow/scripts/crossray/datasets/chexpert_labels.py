"""The fourteen columns of the CheXpert labeler (Irvin et al., AAAI 2019), which MIMIC-CXR and BRAX use as well.

1 is positive, 0 negative, -1 uncertain, empty not mentioned in the report.
"""

from typing import TYPE_CHECKING

from crossray.datasets.fields import labels
from crossray.datasets.policy import keep_images, resolve_uncertain
from crossray.datasets.reading import KeptImages, LabelerReading
from crossray.datasets.release import check_images
from crossray.errors import UserError, listed

if TYPE_CHECKING:
    import pandas

#: column of the labeler -> task
TASKS = {
    "Enlarged Cardiomediastinum": "Enlarged Cardiomediastinum",
    "Cardiomegaly": "Cardiomegaly",
    "Lung Opacity": "Lung Opacity",
    "Lung Lesion": "Lung Lesion",
    "Edema": "Edema",
    "Consolidation": "Consolidation",
    "Pneumonia": "Pneumonia",
    "Atelectasis": "Atelectasis",
    "Pneumothorax": "Pneumothorax",
    "Pleural Effusion": "Effusion",
    "Pleural Other": "Pleural Other",
    "Fracture": "Fracture",
    "Support Devices": "Support Devices",
}

#: the labeler says No Finding also of patients with a tube or a pacemaker
NOT_A_FINDING = "Support Devices"


def raw_labels(raw: "pandas.DataFrame", path: str) -> "pandas.DataFrame":
    """Read the labeler's columns as floats: 1, 0, -1, or missing; ``No Finding`` first.

    Raises:
        UserError: if a column is missing or a value is not one of these.
    """
    import pandas as pd

    columns = ["No Finding", *TASKS]
    missing = [name for name in columns if name not in raw]
    if missing:
        raise UserError(f"{path}: no column {listed(missing)}; is it a table of the CheXpert labeler?")
    return pd.DataFrame({column: labels(raw[column], path, column) for column in columns})


def keep_labelled(table: "pandas.DataFrame", root: str, settings: LabelerReading, layout: str) -> KeptImages:
    """Apply the policy to images and their labels, and look whether the images are there.

    Args:
        table: columns of a manifest, and those of :func:`raw_labels`.
        root: what paths are relative to.
        settings: ``no_finding``: ``negative`` makes every finding that such a report does not call positive negative,
            ``ignore`` leaves it as it is, ``overrules`` makes even a positive one negative. The labeler never says No
            Finding beside a positive finding; the original's mixing of images (its defect 1) does. Support devices are
            no finding to the labeler and stay as they are.
        layout: a path as the release has them, for messages.

    Raises:
        UserError: if no image is left, or too many are missing.
    """
    kept, not_kept = keep_images(table, settings)
    check_images(root, kept["path"], settings.max_missing, layout)
    labelled = kept.drop(columns="No Finding").assign(**_settled(kept, settings)).rename(columns=TASKS)
    return KeptImages(labelled, not_kept)


def _settled(table: "pandas.DataFrame", settings: LabelerReading) -> dict[str, "pandas.Series"]:
    """Return the labels of each column, 1, 0 or missing, and of which tasks they are uncertain, if any is."""
    from crossray.manifest import uncertain_of

    healthy = table["No Finding"] == 1
    result: dict[str, pandas.Series] = {}
    unknown: dict[str, pandas.Series] = {}
    for column, task in TASKS.items():
        values = table[column]
        if column != NOT_A_FINDING and settings.no_finding != "ignore":
            overruled = healthy if settings.no_finding == "overrules" else healthy & (values != 1)
            values = values.mask(overruled, 0.0)
        result[column] = resolve_uncertain(values, settings.uncertain)
        unknown[task] = (values == -1) & result[column].isna()
    return result | uncertain_of(unknown)
