"""Which tasks and images of a source can be used for training. Needs no torch: ``check`` uses it before training."""

from collections.abc import Mapping, Sequence

import pandas as pd

from crossray.errors import UserError
from crossray.manifest import SPLITS
from crossray.seeds import derived_seed


def first_patients(rows: pd.DataFrame, images: int | None, seed: int) -> pd.DataFrame:
    """Keep whole patients, in an order that is theirs whatever else is there, as long as their images fit."""
    if images is None or images >= len(rows):
        return rows
    patients = rows["dataset"].astype(str) + "/" + rows["patient_id"]
    places = {name: derived_seed(seed, "patients", name) for name in patients.unique()}
    counts = patients.value_counts()
    ordered = counts.loc[sorted(places, key=places.__getitem__)].cumsum()
    return rows[patients.isin(ordered.index[ordered <= images])].reset_index(drop=True)


def too_few_patients(rows: pd.DataFrame) -> str:
    """Say that there are fewer patients than splits, so that one has none whatever its share; nothing if there are not.

    Args:
        rows: images of all splits, with ``dataset`` and ``patient_id``.
    """
    patients = rows.groupby("dataset")["patient_id"].nunique().sum()
    if patients >= len(SPLITS):
        return ""
    people = "of one patient" if patients == 1 else "of fewer patients than there are splits"
    return (
        f"all its images are {people}, and a patient's images are in one split. Is patient_id the right column or "
        "pattern (columns.patient_id, patterns.patient_id, patient)?"
    )


def learnable(splits: Mapping[str, pd.DataFrame], tasks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the tasks that can be learnt, and what there is to say of the others."""
    learnt, notes = [], []
    for task in tasks:
        if task not in splits["train"]:
            notes.append(f"{task}: not labelled here")
        elif splits["train"][task].nunique() < 2:
            notes.append(f"{task}: no positive or no negative in the training split, not trained")
        else:
            learnt.append(task)
            if splits["validation"][task].nunique() < 2:
                notes.append(f"{task}: no positive or no negative in the validation split, does not choose the epoch")
    return learnt, notes


def of_classes(
    splits: Mapping[str, pd.DataFrame], classes: list[str], where: str
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the images of each split that are of one of the classes, and what there is to say of the others.

    A class that one of several data sets does not label is none of its images' class.

    Raises:
        UserError: if there is only one class, or no image of one in a split.
    """
    if len(classes) < 2:
        raise UserError(f"{where}: the training split has images of one class alone ({classes[0]}); it takes two")
    kept, notes = {}, []
    for split, rows in splits.items():
        known = (rows[classes] == 1).any(axis=1)
        if not known.any():
            raise UserError(f"{where}: no image of a class that is learnt in the split {split}")
        if (~known).any():
            notes.append(f"{int((~known).sum())} images of the {split} split are of other classes, or of none known")
        kept[split] = rows[known].fillna(dict.fromkeys(classes, 0.0)).reset_index(drop=True)
    return kept, notes
