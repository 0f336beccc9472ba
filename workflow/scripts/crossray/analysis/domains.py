"""Is it better to train on local data, on all other domains, or on all? Leave one domain out.

Cohen et al. 2020, section 5 and figure 2.
"""

from typing import Any

import pandas as pd

from crossray.analysis.performance import values_of
from crossray.analysis.values import Value, mean_of
from crossray.study.names import ALL, ALL_BUT
from crossray.tables import ENSEMBLE, MEAN_OF_TRAININGS, of_rows
from crossray.tables.domains import Domains

OWN, OTHERS, EVERYBODY = "own domain", "all other domains", "all domains"


def measure(performance: pd.DataFrame, replicates: pd.DataFrame) -> pd.DataFrame:
    """Compare what a target's own data, all others and all together teach.

    Args:
        performance: ``performance.csv``.
        replicates: the bootstrap replicates behind it.

    Returns:
        A table of :class:`Domains`; targets without a model that leaves them out have no row.
    """
    values = values_of(performance, replicates)
    rows: list[dict[str, Any]] = []
    cells = pd.MultiIndex.from_frame(performance[["model", "source", "target", "task"]])
    measured = performance[
        performance["auc"].notna() & cells.isin(list(values))
    ]  # no seed's, where its ensemble has none
    for (model, target), table in measured.groupby(["model", "target"], sort=False):
        sources = {OWN: target, OTHERS: f"{ALL_BUT}{target}", EVERYBODY: ALL}
        present = {name: source for name, source in sources.items() if (table["source"] == source).any()}
        if OTHERS not in present:
            continue
        shared = set.intersection(*(set(table[table["source"] == source]["task"]) for source in present.values()))
        tasks = [task for task in dict.fromkeys(table["task"]) if task in shared]
        for condition, source in present.items() if tasks else ():
            keys = {"model": model, "target": target, "condition": condition, "source": source, "tasks": len(tasks)}
            of_source = table[(table["source"] == source) & table["task"].isin(tasks)]
            rows.append(keys | _mean(of_source, mean_of([values[model, source, target, task] for task in tasks])))
    return of_rows(rows, Domains)


def _mean(table: pd.DataFrame, shown: Value) -> dict[str, Any]:
    """Average a source's tasks at a target, seed by seed and as reported."""
    seeds = table[~table["seed"].isin([ENSEMBLE, MEAN_OF_TRAININGS])].groupby("seed")["auc"].mean()
    low, high = shown.interval
    return {
        "seeds": len(seeds), "auc": seeds.mean(), "sd": seeds.std(ddof=1),
        "reported_auc": shown.value, "auc_low": low, "auc_high": high,
    }  # fmt: skip
