"""Predictions of a site that sends counts alone: a row for each task, attribute and group, its bins as lists."""

from dataclasses import fields
from pathlib import Path

import pandas as pd

from crossray import predictions
from crossray.files import damaged, read_parquet
from crossray.histograms import Bins, Histogram, OfModel, Sizes, Worth
from crossray.study.names import LOGIT

#: columns: what a row is about, its bins, and how those begin that say what the interval of its AUC takes
_NAMES, _LISTS, _WORTH = ("task", "attribute", "group"), ("edges", "positive_bins", "negative_bins"), "worth_"


def write(path: Path, found: OfModel) -> None:
    """Write what a site sent of a model: a row for each task, attribute and group, its bins as lists."""
    rows = []
    for task, attributes in found.sizes.items():
        for attribute, groups in attributes.items():
            histogram = found.histograms.get(task, {}).get(attribute)
            for group, sizes in groups.items():
                row = {"task": task, "attribute": attribute, "group": group, **sizes.as_dict()}
                if histogram:
                    bins = histogram.groups[group]
                    row |= {"edges": list(histogram.edges), "positive_bins": list(bins.positives)}
                    row |= {"negative_bins": list(bins.negatives)}
                    row |= {
                        f"{_WORTH}{name}": value for name, value in (bins.worth.as_dict() if bins.worth else {}).items()
                    }
                rows.append(row)
    columns = [*_NAMES, *_fields(Sizes), *_LISTS, *(f"{_WORTH}{name}" for name in _fields(Worth))]
    predictions.write_described(
        path, pd.DataFrame(rows, columns=columns), {"unit": predictions.BIN, "scale": LOGIT, "images": found.images}
    )


def _fields(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def read(path: Path) -> OfModel:
    """Read what :func:`write` wrote.

    Raises:
        UserError: if it is something else.
    """
    facts = predictions.facts_of(path)
    if facts["unit"] != predictions.BIN:
        raise damaged(path, "holds rows, and a site's counts are wanted")
    sizes: dict[str, dict[str, dict[str, Sizes]]] = {}
    edges: dict[tuple[str, str], tuple[float, ...]] = {}
    groups: dict[tuple[str, str], dict[str, Bins]] = {}
    for row in read_parquet(path, _NAMES).to_dict("records"):
        task, attribute, group = (row[name] for name in _NAMES)
        counts = {name: int(row[name]) for name in _fields(Sizes)}
        sizes.setdefault(task, {}).setdefault(attribute, {})[group] = Sizes(**counts)
        if row["edges"] is None:
            continue
        worth = {name: row[f"{_WORTH}{name}"] for name in _fields(Worth)}
        known = None if pd.isna(worth["ratio"]) else Worth(**worth)
        positives, negatives = (tuple(int(count) for count in row[name]) for name in _LISTS[1:])
        edges[task, attribute] = tuple(map(float, row["edges"]))
        groups.setdefault((task, attribute), {})[group] = Bins(positives=positives, negatives=negatives, worth=known)
    histograms: dict[str, dict[str, Histogram]] = {}
    for (task, attribute), several in groups.items():
        histogram = Histogram(edges=edges[task, attribute], groups=several)
        histograms.setdefault(task, {})[attribute] = histogram
    return OfModel(images=int(facts["images"]), sizes=sizes, histograms=histograms)
