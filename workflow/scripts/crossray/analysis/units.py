"""From images to other units of evaluation: studies or patients, with labels and outputs aggregated."""

import pandas as pd

from crossray import manifest
from crossray.errors import UserError
from crossray.study.names import UNITS


def unit_of(images: pd.DataFrame, unit: str, dataset: str) -> pd.Series:
    """Return the study or patient of each image.

    Args:
        images: rows of a manifest by image_id.
        unit: image, study or patient.
        dataset: whose images they are.

    Raises:
        UserError: if an image has none, or if one is of several patients, as a date or a number within a patient is.
    """
    if unit == "image":
        return pd.Series(images.index, images.index)
    owners = images[UNITS[unit]]
    if owners.isna().any():
        raise UserError(
            f"{dataset}: {int(owners.isna().sum())} of {len(owners)} images have no {UNITS[unit]}, which "
            f"evaluation.unit: {unit} needs; name its column (datasets.{dataset}.columns), or set unit to patient"
        )
    if shared := manifest.of_several_patients(images[UNITS[unit]], images["patient_id"]):
        raise UserError(
            f"{dataset}: {shared} of {owners.nunique()} values of {UNITS[unit]} stand at several patients, so they "
            f"tell no study, which evaluation.unit: {unit} needs; name a column that tells the studies of all patients "
            f"apart (datasets.{dataset}.columns), such as the accession number, or set unit to patient"
        )
    return owners


def labels_of(images: pd.DataFrame, owners: pd.Series) -> pd.DataFrame:
    """Return one row a unit, in the order of its first image.

    A finding is there if any image has it, and not there if none has it and one is known not to. A fact that differs
    between images of a unit, as a view does, is unknown.

    Args:
        images: rows of a manifest by image_id.
        owners: the unit of each.
    """
    groups = images.groupby(owners.to_numpy(), sort=False)
    table = groups.first()
    labels = [*manifest.tasks_of(images), *manifest.opinions_of(images)]
    for name in images.columns.difference(labels):
        if name not in ("patient_id", "split"):
            table[name] = table[name].where(groups[name].nunique() < 2)
    table[labels] = groups[labels].max()
    return table


def combined(outputs: pd.DataFrame, owners: pd.Series, how: str) -> pd.DataFrame:
    """Return the outputs of units, the largest or the mean of their images'; images without an output are left out.

    Args:
        outputs: one column per task, by image_id.
        owners: the unit of each image, by image_id.
        how: max or mean.
    """
    groups = outputs.groupby(owners.reindex(outputs.index).to_numpy(), sort=False)
    return groups.max() if how == "max" else groups.mean()
