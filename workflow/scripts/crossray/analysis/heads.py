"""How far does the meaning of a finding differ between data sets? Weight vectors of a network with one output for each.

Cohen et al. 2020, section 6 and figures 5 and 6.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr
from sklearn.decomposition import PCA

from crossray.tables import of_rows
from crossray.tables.contract import names
from crossray.tables.heads import HeadDistances, HeadPlaces, HeadRelations

#: model, penalty (``none`` or ``l2``), seed
Key = tuple[str, str, str]


def measure(
    vectors: Mapping[Key, pd.DataFrame], tasks: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Describe weight vectors.

    Args:
        vectors: of each training: dataset, task, then one column a weight.
        tasks: ``tasks.csv``, for the mean AUC of each task.

    Returns:
        Tables of :class:`HeadPlaces`, :class:`HeadDistances` and :class:`HeadRelations`; trainings that
        diverged have no vectors and are left out.
    """
    places, distances, relations = [], [], []
    sound = {key: table for key, table in vectors.items() if np.isfinite(table.iloc[:, 2:].to_numpy(float)).all()}
    for model, penalty in dict.fromkeys((model, penalty) for model, penalty, _ in sound):
        seeds = [table for key, table in sound.items() if key[:2] == (model, penalty)]
        places.append(_places(seeds[0]).assign(model=model, penalty=penalty))
        of_model = tasks[tasks["model"] == model].set_index("task")["mean_auc"]
        table = _distances(seeds, of_model).assign(model=model, penalty=penalty)
        distances.append(table)
        relations.append({"model": model, "penalty": penalty} | _relation(table))
    return (
        pd.concat(places)[names(HeadPlaces)] if places else of_rows([], HeadPlaces),
        pd.concat(distances)[names(HeadDistances)] if distances else of_rows([], HeadDistances),
        of_rows(relations, HeadRelations),
    )


def _places(table: pd.DataFrame) -> pd.DataFrame:
    """Project vectors on their first two principal components."""
    analysis = PCA(2, svd_solver="full")
    points = analysis.fit_transform(table.drop(columns=["dataset", "task"]))
    shares = dict(zip(("first_share", "second_share"), analysis.explained_variance_ratio_, strict=True))
    return table[["dataset", "task"]].assign(first=points[:, 0], second=points[:, 1], **shares)


def task_distances(table: pd.DataFrame) -> pd.Series:
    """Mean Euclidean distance of the vectors of each task that at least two data sets have."""
    found = {}
    for task, rows in table.groupby("task", sort=False):
        points = rows.drop(columns=["dataset", "task"]).to_numpy(float)
        if len(points) > 1:
            found[task] = np.mean([np.linalg.norm(a - b) for a, b in combinations(points, 2)])
    return pd.Series(found, dtype=float)


def _distances(seeds: list[pd.DataFrame], mean_auc: pd.Series) -> pd.DataFrame:
    values = pd.concat([task_distances(table) for table in seeds], axis=1)
    mean = values.mean(axis=1)
    counts = seeds[0].groupby("task")["dataset"].nunique()
    return pd.DataFrame(
        {
            "task": mean.index,
            "datasets": counts.reindex(mean.index).to_numpy(),
            "seeds": values.notna().sum(axis=1).to_numpy(),
            "distance": mean.to_numpy(),
            "sd": values.std(axis=1, ddof=1).to_numpy(),
            "relative": (mean / mean.max()).to_numpy(),
            "mean_auc": mean_auc.reindex(mean.index).to_numpy(),
        }
    )


def _relation(table: pd.DataFrame) -> dict[str, Any]:
    """Correlate distance and mean AUC over tasks; empty for fewer than four."""
    known = table[table["mean_auc"].notna()]
    row: dict[str, Any] = {"tasks": len(known)}
    if len(known) < 4:
        return row
    pearson, spearman = (test(known["distance"], known["mean_auc"]) for test in (pearsonr, spearmanr))
    low, high = pearson.confidence_interval(0.95)
    return row | {
        "pearson": pearson.statistic, "pearson_low": low, "pearson_high": high, "pearson_p": pearson.pvalue,
        "spearman": spearman.statistic, "spearman_p": spearman.pvalue,
    }  # fmt: skip
