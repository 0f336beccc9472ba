"""Content of each data set: from rows to labelled images, labels by task, and patient characteristics.

Only images with pixels count; the others are reported by the step at which they are lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest
from crossray.analysis import shares
from crossray.analysis.groups import AGE_NAMES, NOT_RECORDED, age_bands, in_order, strata
from crossray.errors import FILE_NOT_FOUND
from crossray.files import read_json
from crossray.histograms import ALL, Counts
from crossray.study import folders
from crossray.study.stages.summarise_datasets import SummariseDatasets
from crossray.tables import of_rows, read
from crossray.tables.conversion import Rejected
from crossray.tables.datasets import Flow, Labels

#: what is not sorted by its name
_ORDERS: dict[str, Sequence[str]] = {"split": manifest.SPLITS, "sex": ("F", "M"), "age": AGE_NAMES}


def flow(dataset: str, table: pd.DataFrame, rejected: pd.DataFrame, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Count what is left of a data set's images after each step, in each split and in all.

    Args:
        dataset: its name.
        table: the study's manifest.
        rejected: image_id and reason of those that could not be used.
        tasks: of the study.

    Yields:
        Rows of :class:`Flow`; a split without a row is left out.
    """
    lost = table["image_id"].isin(rejected["image_id"])
    missing = table["image_id"].isin(rejected.loc[rejected["reason"] == FILE_NOT_FOUND, "image_id"])
    labelled = ~lost & table[[task for task in tasks if task in table]].notna().any(axis=1)
    steps = {"rows": lost | True, "found": ~missing, "readable": ~lost, "labelled": labelled}
    for split in ("all", *manifest.SPLITS):
        here = (table["split"] == split) | (split == "all")
        if here.any():
            counts = {name: int((kept & here).sum()) for name, kept in steps.items()}
            patients = table.loc[labelled & here, "patient_id"].nunique()
            yield {"dataset": dataset, "split": split, **counts, "patients": patients}


def describe(dataset: str, table: pd.DataFrame, rejected: Mapping[str, int]) -> list[dict[str, Any]]:
    """Count a data set's images and patients by split, view, sex, age band and stratum.

    Args:
        dataset: its name.
        table: rows of the manifest that have pixels.
        rejected: reason -> how many others have none.

    Returns:
        Rows with dataset, property (split, view, sex, age, names of strata, rejected), value, images, patients. Unknown
        values are counted as :data:`NOT_RECORDED`.
    """
    rows: list[dict[str, Any]] = [_count(dataset, "all", "all", table)]
    known = {"split": table["split"], "view": table["view"], "sex": table["sex"], "age": age_bands(table["age"])}
    for name, values in (known | dict(strata(table))).items():
        named = values.fillna(NOT_RECORDED)
        levels = [*_ORDERS[name], NOT_RECORDED] if name in _ORDERS else sorted(named.unique(), key=in_order)
        rows += [_count(dataset, name, level, table[named == level]) for level in levels if (named == level).any()]
    return [*rows, *_left_out(dataset, rejected)]


def _left_out(dataset: str, rejected: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    often = sorted(rejected, key=lambda reason: (-rejected[reason], reason))
    counts = {"all": sum(rejected.values())} | {reason: rejected[reason] for reason in often}
    yield from (
        {"dataset": dataset, "property": "rejected", "value": value, "images": count} for value, count in counts.items()
    )


def _count(dataset: str, name: str, value: str, rows: pd.DataFrame) -> dict[str, Any]:
    patients = rows["patient_id"].nunique()
    return {"dataset": dataset, "property": name, "value": value, "images": len(rows), "patients": patients}


def count_labels(dataset: str, table: pd.DataFrame, tasks: Sequence[str]) -> list[dict[str, Any]]:
    """Count labels by task and split, and over all splits.

    Args:
        dataset: its name.
        table: rows of the manifest that have pixels.
        tasks: of the study.

    Returns:
        Rows of :class:`Labels`; the prevalence is empty where nothing is known.
    """
    rows = []
    for task in tasks:
        for split in ("all", *manifest.SPLITS):
            of_split = table if split == "all" else table[table["split"] == split]
            labels = of_split[task] if task in table else pd.Series(dtype=float)
            known = labels.dropna()
            positive, patients = (known == 1).to_numpy(), of_split.loc[known.index, "patient_id"].to_numpy()
            row = {"dataset": dataset, "task": task, "split": split}
            row |= _counted(int(positive.sum()), len(positive), len(of_split)) | _limits(positive, patients)
            rows.append(row | {"patients": len(set(patients)), "positive_patients": len(set(patients[positive]))})
    return rows


def _counted(positives: int, known: int, images: int) -> dict[str, Any]:
    """Return counts of labels, how many are not known, and the share of positives."""
    return {
        "positives": positives, "negatives": known - positives, "unknown": images - known,
        "prevalence": positives / known if known else None,
    }  # fmt: skip


def _limits(positive: NDArray[np.bool_], patients: NDArray) -> dict[str, float | None]:
    """Return the limits of the prevalence; None where nothing is known."""
    low, high = shares.interval(positive, patients) if len(positive) else (None, None)
    return {"prevalence_low": low, "prevalence_high": high}


def _flow(dataset: str, found: Counts) -> Iterator[dict[str, Any]]:
    """Yield what :func:`flow` yields, of a site's counts: of usable test images alone."""
    for split in ("all", "test"):
        row = {"dataset": dataset, "split": split} | dict.fromkeys(("rows", "found", "readable"), found.images)
        yield row | {"labelled": found.labelled.images, "patients": found.labelled.patients}


def _described(dataset: str, found: Counts) -> Iterator[dict[str, Any]]:
    """Yield what :func:`describe` returns, of a site's counts: of the groups that these tell."""
    whole = {"images": found.images, "patients": found.patients}
    yield {"dataset": dataset, "property": "all", "value": "all", **whole}
    yield {"dataset": dataset, "property": "split", "value": "test", **whole}
    for name, groups in found.groups.items():
        order = [level for level in (*_ORDERS.get(name, ()), *sorted(groups, key=in_order)) if level in groups]
        for group in dict.fromkeys(order):
            held = groups[group]
            row = {"dataset": dataset, "property": name, "value": group}
            yield row | {"images": held.images, "patients": held.patients}
    yield from _left_out(dataset, {})


def _labels(dataset: str, found: Counts, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what :func:`count_labels` returns, of a site's counts: of the tasks that these tell."""
    for task in tasks:
        if task in found.sizes:
            sizes = found.sizes[task][ALL][ALL]
            alone = sizes.patients == sizes.images  # so that the size is that of images that are independent
            each = np.arange(sizes.images if alone else 0)
            told = _counted(sizes.positives, sizes.images, found.images) | _limits(each < sizes.positives, each)
            for split in ("all", *manifest.SPLITS):
                row = {"dataset": dataset, "task": task, "split": split}
                if split in ("all", "test"):
                    yield row | told | {"patients": sizes.patients}
                else:
                    yield row | _counted(0, 0, 0) | {"patients": 0}


def summarise(
    manifests: Path, datasets: Path, settings: SummariseDatasets
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the counts of all data sets (:func:`describe`), their labels (:func:`count_labels`) and :func:`flow`.

    Args:
        manifests: folder of the study's manifests.
        datasets: folder of data sets, with the lists of what was rejected beside the indexes of their shards; a bundle
            has usable images alone, or counts of them.
        settings: the data sets, the name of the folder of shards, and the study's tasks.
    """
    counts: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    tasks = settings.tasks
    for name in settings.datasets:
        if name in settings.counted:
            sent = datasets / folders.BUNDLE_CONTENT.format(dataset=name)
            found = Counts.from_dict(read_json(sent))
            counts += _described(name, found)
            labels += _labels(name, found, tasks)
            steps += _flow(name, found)
            continue
        table = manifest.read(manifests / folders.MANIFEST.format(dataset=name))
        listed = datasets / folders.REJECTED.format(dataset=name, shape=settings.shape)
        rejected = of_rows([], Rejected) if name in settings.at_sites else read(listed, Rejected)
        usable = table[~table["image_id"].isin(rejected["image_id"])]
        lost = rejected.loc[rejected["image_id"].isin(table["image_id"]), "reason"]
        counts += describe(name, usable, lost.value_counts().to_dict())
        labels += count_labels(name, usable, tasks)
        steps += flow(name, table, rejected, tasks)
    described = pd.DataFrame(counts).astype({"patients": "Int64"})
    return described, of_rows(labels, Labels).astype({"positive_patients": "Int64"}), of_rows(steps, Flow)
