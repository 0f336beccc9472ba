"""Who stands on both sides of a split? Patients and near-duplicate images, within and across the data sets of a study.

Patients are joined into groups: those of one cohort with the same patient_id, and those that share a radiograph. A
group belongs into one split; where it is in several, a network is tested on what it was trained on.
"""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crossray.datasets.duplicates import concatenate, describe, find_duplicates
from crossray.errors import UserError
from crossray.reasons import STAYS_AT_SITE
from crossray.shards import ImageStore
from crossray.tables import of_rows
from crossray.tables.contract import names
from crossray.tables.leakage import Leakage, LeakagePairs, Moves

log = logging.getLogger(__name__)

#: which split a group goes to where two hold equally many of its images
_PRECEDENCE = ("test", "validation", "train")

#: a group larger than this is reported as suspicious: films that look alike, or one number for many people
LARGE_GROUP = 50

_BATCH = 1000


def gather(manifests: Mapping[str, pd.DataFrame], cohorts: Mapping[str, str]) -> pd.DataFrame:
    """Put the images of all data sets into one table.

    Args:
        manifests: data set -> manifest.
        cohorts: data set -> whose patients it has; in one cohort a patient_id is one person.

    Returns:
        dataset, image_id, patient_id, patient (cohort and patient_id), split; one row an image, in order.
    """
    parts = []
    for dataset, table in manifests.items():
        part = table[["image_id", "patient_id", "split"]].assign(dataset=dataset)
        parts.append(part.assign(patient=cohorts[dataset] + "/" + part["patient_id"]))
    return pd.concat(parts, ignore_index=True)


def group_patients(images: pd.DataFrame, duplicates: pd.DataFrame) -> pd.Series:
    """Number the groups of patients that belong together.

    Args:
        images: as :func:`gather` returns them.
        duplicates: columns ``first`` and ``second``, rows of ``images`` that show the same radiograph.

    Returns:
        The group of each image.
    """
    codes, patients = pd.factorize(images["patient"])
    groups = _connected(codes[duplicates["first"]], codes[duplicates["second"]], len(patients))
    return pd.Series(groups[codes], images.index, name="group")


def _connected(first: NDArray, second: NDArray, nodes: int) -> NDArray:
    """Number the connected parts of a graph with these edges; the number of each node."""
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1]


def compare_images(images: pd.DataFrame, stores: Mapping[str, ImageStore]) -> pd.DataFrame:
    """Find near-duplicates among the images of all data sets (:func:`crossray.datasets.duplicates.find_duplicates`).

    Args:
        images: as :func:`gather` returns them.
        stores: data set -> its pixels; images that were rejected have none and are not compared.

    Returns:
        Pairs of rows of ``images``.

    Raises:
        UserError: if a store holds images that are not in the table.
    """
    compared: list[NDArray] = []
    parts = []
    if not stores:
        return pd.DataFrame({name: [] for name in ("first", "second", "kind", "similarity", "inverted")}).astype(
            {"first": int, "second": int, "kind": str, "similarity": float, "inverted": bool}
        )
    for dataset, store in stores.items():
        of_dataset = images[images["dataset"] == dataset]
        places = store.rows(of_dataset["image_id"])
        if (places >= 0).sum() < len(store):
            raise UserError(
                f"data set {dataset}: its shards hold images that its manifest does not know, as if the key of the "
                f"pseudonyms had been lost; delete results/datasets/{dataset} and run the workflow again"
            )
        compared.append(of_dataset.index.to_numpy()[places >= 0])
        places = places[places >= 0]
        log.info("%s: %d images", dataset, len(places))
        parts += [describe(store.take(places[start : start + _BATCH])) for start in range(0, len(places), _BATCH)]
    pairs = find_duplicates(concatenate(parts))
    rows = np.concatenate(compared)
    return pairs.assign(first=rows[pairs["first"]], second=rows[pairs["second"]])


def settle_splits(images: pd.DataFrame, groups: pd.Series, tested: Sequence[str] = ()) -> pd.Series:
    """Move every group to the split that holds most of its images.

    Of splits that hold equally many, test goes before validation and validation before train: what was kept for
    testing is not trained on.

    Args:
        images: as :func:`gather` returns them.
        groups: the group of each image.
        tested: data sets that are only tested on; a group with one of their images goes to the test split.

    Returns:
        The split of each image.
    """
    counts = pd.crosstab(groups, images["split"]).reindex(columns=list(_PRECEDENCE), fill_value=0)
    settled = groups.map(counts.idxmax(axis=1))  # the first of equals, by the order of the columns
    return settled.mask(groups.isin(groups[images["dataset"].isin(tested)]), "test")


def moved_patients(images: pd.DataFrame, splits: pd.Series, dataset: str) -> pd.DataFrame:
    """Return the patients of a data set who move, as :class:`Moves`."""
    moved = images[(images["dataset"] == dataset) & (images["split"] != splits)]
    return moved.assign(split=splits[moved.index])[names(Moves)].drop_duplicates()


def count_overlap(
    images: pd.DataFrame, groups: pd.Series, splits: pd.Series, datasets: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Count for each source and target the test images of patients on whom the source's model is trained or chosen.

    Args:
        images: as :func:`gather` returns them.
        groups: the group of each image.
        splits: the split of each image.
        datasets: the data sets, each as source and as target.

    Returns:
        (source, target) -> number of the target's test images whose group is in the source's training or validation
        split.
    """
    test = splits == "test"
    counts = {}
    for source in datasets:
        learnt = groups[(images["dataset"] == source) & ~test].unique()
        for target in datasets:
            tested = groups[(images["dataset"] == target) & test]
            counts[source, target] = int(tested.isin(learnt).sum())
    return counts


def describe_pairs(images: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the duplicates by name, as :class:`LeakagePairs`, ``same_split`` being that of the manifests."""
    first, second = (images.loc[duplicates[side]].reset_index(drop=True) for side in ("first", "second"))
    found = duplicates.reset_index(drop=True)
    table = pd.DataFrame(
        {
            "dataset": first["dataset"],
            "image_id": first["image_id"],
            "other_dataset": second["dataset"],
            "other_image_id": second["image_id"],
            "kind": found["kind"],
            "similarity": found["similarity"],
            "inverted": found["inverted"],
            "same_patient": first["patient"] == second["patient"],
            "same_split": first["split"] == second["split"],
        }
    )
    return table[names(LeakagePairs)]


def count_counterparts(
    images: pd.DataFrame, duplicates: pd.DataFrame, datasets: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Count for each source and target the target's images of which the source holds a duplicate.

    Args:
        images: as :func:`gather` returns them.
        duplicates: links between images of one film, not each with each.
        datasets: the data sets, each as source and as target; within one, the duplicate is another image.
    """
    films = pd.Series(_connected(duplicates["first"], duplicates["second"], len(images)), images.index)
    held = {name: films[images["dataset"] == name] for name in datasets}
    sizes = {name: held[name].value_counts() for name in datasets}
    return {
        (source, target): int((held[target].map(sizes[source]).fillna(0) > (source == target)).sum())
        for source in datasets
        for target in datasets
    }


def summarise(
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    groups: pd.Series,
    splits: pd.Series,
    datasets: Sequence[str],
    at_sites: Sequence[str] = (),
) -> pd.DataFrame:
    """Count what the audit found and what is left of it, for each source and target.

    Args:
        images: as :func:`gather` returns them.
        duplicates: as :func:`compare_images` returns them.
        groups: the group of each image.
        splits: the splits that the study uses.
        datasets: the data sets, in order.
        at_sites: those whose images stay at their site, and whose identifiers nobody else can compare.

    Returns:
        One row an ordered pair of data sets (source and target, also a data set and itself): images of the target that
        have an ``exact`` duplicate at the source, or only a ``near`` one; ``shared_patients`` by the cohorts;
        ``overlap_before`` and ``overlap`` (:func:`count_overlap`, with the releases' splits and with the study's); and
        ``moved`` images of the target. Where one of the two is at its site, nothing but reason S.
    """
    exact = count_counterparts(images, duplicates[duplicates["kind"] == "exact"], datasets)
    alike = count_counterparts(images, duplicates, datasets)
    before = count_overlap(images, groups, images["split"], datasets)
    after = count_overlap(images, groups, splits, datasets)
    patients = {name: set(images.loc[images["dataset"] == name, "patient"]) for name in datasets}
    moved = (images["split"] != splits).groupby(images["dataset"]).sum().reindex(datasets, fill_value=0)
    rows = [
        {
            "source": source,
            "target": target,
            "exact": exact[source, target],
            "near": alike[source, target] - exact[source, target],
            "shared_patients": 0 if source == target else len(patients[source] & patients[target]),
            "overlap_before": before[source, target],
            "overlap": after[source, target],
            "moved": int(moved[target]),
        }
        for source in datasets
        for target in datasets
    ]
    table = of_rows(rows, Leakage)
    staying = table["source"].isin(at_sites) | table["target"].isin(at_sites)
    if staying.any():
        counts = [name for name in table if name not in (*Leakage.KEY, "reason")]
        table[counts] = table[counts].astype("Int64").mask(staying)
        table["reason"] = table["reason"].astype(object).mask(staying, STAYS_AT_SITE)
    return table


def check_identifiers(images: pd.DataFrame, at_sites: Sequence[str]) -> None:
    """Check that no bundle has an image or patient that another data set has too.

    Args:
        images: as :func:`gather` returns them.
        at_sites: data sets that are bundles.

    Raises:
        UserError: if one has: identifiers are salted, so that only two bundles of one site can.
    """
    for site in at_sites:
        own, others = images[images["dataset"] == site], images[images["dataset"] != site]
        for column in ("image_id", "patient_id"):
            shared = others[others[column].isin(own[column])]
            if len(shared):
                raise UserError(
                    f"data sets {site} and {shared['dataset'].iloc[0]}: {shared[column].nunique()} values of {column} "
                    "stand in both; two bundles of one site have the same patients twice: take one out"
                )


def warn_of_large_groups(images: pd.DataFrame, groups: pd.Series) -> int:
    """Return the patients of the largest group, and warn if it holds more than :data:`LARGE_GROUP`."""
    largest = int(images["patient"].groupby(groups).nunique().max())
    if largest > LARGE_GROUP:
        log.warning(
            "one group holds %d patients: look at the pairs, whether they are the same radiographs or only alike",
            largest,
        )
    return largest
