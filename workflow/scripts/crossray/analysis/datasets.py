"""Content of each data set: from rows to labelled images, labels by task, and patient characteristics.

Only images with pixels count; the others are reported by the step at which they are lost.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from crossray import manifest
from crossray.analysis.groups import AGE_NAMES, NOT_RECORDED, age_bands, in_order, strata
from crossray.errors import FILE_NOT_FOUND
from crossray.study import folders
from crossray.study.stages.summarise_datasets import SummariseDatasets
from crossray.tables import of_rows, read
from crossray.tables.conversion import Rejected
from crossray.tables.datasets import Flow

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


def describe(dataset: str, table: pd.DataFrame, rejected: int) -> list[dict[str, Any]]:
    """Count a data set's images and patients by split, view, sex, age band and stratum.

    Args:
        dataset: its name.
        table: rows of the manifest that have pixels.
        rejected: how many have none.

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
    return [*rows, {"dataset": dataset, "property": "rejected", "value": "all", "images": rejected}]


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
        Rows with dataset, task, split (or ``all``), positives, negatives, unknown, and prevalence with its 95 %
        Wilson interval, empty where nothing is known.
    """
    rows = []
    for task in tasks:
        for split in ("all", *manifest.SPLITS):
            of_split = table if split == "all" else table[table["split"] == split]
            labels = of_split[task] if task in table else pd.Series(dtype=float)
            positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
            known = positives + negatives
            low, high = binomtest(positives, known).proportion_ci(method="wilson") if known else (None, None)
            rows.append(
                {
                    "dataset": dataset,
                    "task": task,
                    "split": split,
                    "positives": positives,
                    "negatives": negatives,
                    "unknown": len(of_split) - known,
                    "prevalence": positives / known if known else None,
                    "prevalence_low": low,
                    "prevalence_high": high,
                }
            )
    return rows


def summarise(
    manifests: Path, datasets: Path, settings: SummariseDatasets
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the counts of all data sets (:func:`describe`), their labels (:func:`count_labels`) and :func:`flow`.

    Args:
        manifests: folder of the study's manifests.
        datasets: folder of data sets, with the lists of what was rejected beside the indexes of their shards; a bundle
            has usable images alone.
        settings: the data sets, the name of the folder of shards, and the study's tasks.
    """
    counts, labels = [], []
    steps: list[dict[str, Any]] = []
    tasks = settings.tasks
    for name in settings.datasets:
        table = manifest.read(manifests / folders.MANIFEST.format(dataset=name))
        listed = datasets / folders.REJECTED.format(dataset=name, shape=settings.shape)
        rejected = of_rows([], Rejected) if name in settings.at_sites else read(listed, Rejected)
        usable = table[~table["image_id"].isin(rejected["image_id"])]
        counts += describe(name, usable, len(table) - len(usable))
        labels += count_labels(name, usable, tasks)
        steps += flow(name, table, rejected, tasks)
    described = pd.DataFrame(counts).astype({"patients": "Int64"})
    return described, pd.DataFrame(labels), of_rows(steps, Flow)
