"""The fourteen columns of the CheXpert labeler (Irvin et al., AAAI 2019), which MIMIC-CXR and BRAX use as well.

1 is positive, 0 negative, -1 uncertain, empty not mentioned in the report.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crossray.datasets.fields import labels
from crossray.datasets.policy import resolve_uncertain
from crossray.datasets.reading import LabelerReading
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


def settled(
    table: "pandas.DataFrame", columns: Mapping[str, str], settings: LabelerReading
) -> dict[str, "pandas.Series"]:
    """Apply the policy to the raw columns.

    Args:
        table: with the columns of :func:`raw_labels`.
        columns: those to return, and their tasks.
        settings: ``uncertain``; ``no_finding``: ``negative`` makes every finding that such a report does not call
            positive negative, ``ignore`` leaves it as it is, ``overrules`` makes even a positive one negative. The
            labeler never says No Finding beside a positive finding; the original's mixing of images (its defect 1)
            does. Support devices are no finding to the labeler and stay as they are.

    Returns:
        column -> 1, 0 or missing; and of which tasks labels are uncertain, if any is.
    """
    from crossray.manifest import uncertain_of

    healthy = table["No Finding"] == 1
    result: dict[str, pandas.Series] = {}
    unknown: dict[str, pandas.Series] = {}
    for column in columns:
        values = table[column]
        if column != NOT_A_FINDING and settings.no_finding != "ignore":
            overruled = healthy if settings.no_finding == "overrules" else healthy & (values != 1)
            values = values.mask(overruled, 0.0)
        result[column] = resolve_uncertain(values, settings.uncertain)
        unknown[columns[column]] = (values == -1) & result[column].isna()
    return result | uncertain_of(unknown)
