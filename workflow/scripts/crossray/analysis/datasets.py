"""What is in each data set: images and patients by split, labels by task, and who the patients are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from crossray import manifest
from crossray.files import read_json

AGE_BANDS = [0, 18, 40, 60, 80, 121]
AGE_NAMES = ["0-17", "18-39", "40-59", "60-79", "80 and over"]


def age_bands(ages: pd.Series) -> pd.Series:
    """Return the band of each age in years, missing where the age is."""
    return pd.cut(ages, AGE_BANDS, right=False, labels=AGE_NAMES).astype("str").where(ages.notna())


def describe(dataset: str, table: pd.DataFrame, index: dict[str, Any]) -> list[dict[str, Any]]:
    """Count a data set's images and patients by split, view, sex and age band.

    Returns:
        Rows with dataset, property (split, view, sex, age, rejected), value, images, patients. Unknown values are
        counted as ``not recorded``.
    """
    known = table.assign(age=age_bands(table["age"]))
    rows: list[dict[str, Any]] = [_count(dataset, "all", "all", table)]
    for name, order in (("split", manifest.SPLITS), ("view", None), ("sex", ("F", "M")), ("age", AGE_NAMES)):
        values = known[name].fillna("not recorded")
        levels = sorted(values.unique()) if order is None else [*order, "not recorded"]
        rows += [_count(dataset, name, level, known[values == level]) for level in levels if (values == level).any()]
    return [*rows, {"dataset": dataset, "property": "rejected", "value": "all", "images": index["rejected"]}]


def _count(dataset: str, name: str, value: str, rows: pd.DataFrame) -> dict[str, Any]:
    patients = rows["patient_id"].nunique()
    return {"dataset": dataset, "property": name, "value": value, "images": len(rows), "patients": patients}


def count_labels(dataset: str, table: pd.DataFrame, tasks: Sequence[str]) -> list[dict[str, Any]]:
    """Count labels by task and split, and over all splits.

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


def summarise(manifests: Path, datasets: Path, settings: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the counts of all data sets (:func:`describe`) and their labels (:func:`count_labels`).

    Args:
        manifests: folder of the study's manifests.
        datasets: folder of data sets, with the indexes of their shards.
        settings: datasets, shape (name of the folder of shards), tasks.
    """
    counts, labels = [], []
    for name in settings["datasets"]:
        table = manifest.read(manifests / f"{name}.parquet")
        counts += describe(name, table, read_json(datasets / name / settings["shape"] / "index.json"))
        labels += count_labels(name, table, settings["tasks"])
    return pd.DataFrame(counts).astype({"patients": "Int64"}), pd.DataFrame(labels)
