"""Our numbers against those of Cohen et al. 2020, cell by cell, on those of its data sets that a study has."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from crossray.analysis.agreement import PAPER, SEEDS
from crossray.analysis.domains import EVERYBODY, OTHERS, OWN
from crossray.study.names import ALL
from crossray.tables import of_rows, reported
from crossray.tables.contract import columns
from crossray.tables.paper import Paper, PaperSummary

AUC, LEAVE_ONE_OUT, KAPPA, SEED_KAPPA = "AUC", "leave one out", "kappa", "kappa of seeds"
DISTANCE, LABELS, POSITIVES, NEGATIVES = "distance of weights", "F1 of labels", "positives", "negatives"

_CONDITIONS = {OWN: "own_domain", OTHERS: "other_domains", EVERYBODY: "all_domains"}
_PENALTIES = {"none": "rel_L2_noreg", "l2": "rel_L2_reg"}


def compare(
    tables: Mapping[str, pd.DataFrame], resources: Path, names: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set our numbers beside the paper's.

    Args:
        tables: of this study by name: performance, labels, and those it has of agreement_summary, domains,
            head_distances and label_agreement.
        resources: folder with the paper's numbers.
        names: data set of this study -> its name in the paper.

    Returns:
        Tables of :class:`Paper`, one row per number of the paper that the study also has, and
        :class:`PaperSummary`, a row a model and quantity.
    """
    parts, counts = [], {}
    for quantity, paper, ours in _quantities(tables, resources, dict(names) | {ALL: "All"}):
        keys = [name for name in ("task", "source", "target") if name in paper]
        joined = paper.merge(ours, on=keys, how="inner").assign(quantity=quantity)
        counts[quantity] = len(paper)
        parts.append(joined[joined["ours"].notna()])
    numbers = dict.fromkeys(("ours", "low", "high", "paper"), float)
    table = pd.concat(parts, ignore_index=True).reindex(columns=list(columns(Paper))).astype(numbers)
    table["difference"] = table["ours"] - table["paper"]
    lies = (table["low"] <= table["paper"]) & (table["paper"] <= table["high"])
    table["inside"] = lies.where(table["low"].notna()).astype("boolean")
    groups = table.groupby(["model", "quantity"], sort=False)
    rows = [
        {"model": model, "quantity": quantity, "paper_numbers": counts[quantity]} | _summary(part)
        for (model, quantity), part in groups
    ]
    return table, of_rows(rows, PaperSummary)


def _summary(part: pd.DataFrame) -> dict[str, float]:
    several = len(part) > 2 and part["ours"].std() > 0 and part["paper"].std() > 0
    return {
        "compared": len(part),
        "mean_difference": part["difference"].mean(),
        "mean_absolute_difference": part["difference"].abs().mean(),
        "largest_difference": part["difference"].abs().max(),
        "with_interval": int(part["inside"].notna().sum()),
        "inside": int(part["inside"].sum()),
        "correlation": float(np.corrcoef(part["ours"], part["paper"])[0, 1]) if several else np.nan,
    }


def _quantities(
    tables: Mapping[str, pd.DataFrame], resources: Path, names: Mapping[str, str]
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield each quantity that the study has: its name, the paper's numbers, and ours in the paper's words."""

    def published(name: str) -> pd.DataFrame:
        return pd.read_csv(resources / f"{name}.csv", keep_default_na=False)

    def named(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """Replace our names of data sets by the paper's and drop what the paper does not have."""
        table = table.assign(**{column: table[column].map(names) for column in columns})
        return table.dropna(subset=list(columns))

    def ours(table: pd.DataFrame, value: str) -> pd.DataFrame:
        columns = {value: "ours", f"{value}_low": "low", f"{value}_high": "high"}
        known = table.rename(columns=columns)
        return known[[name for name in ("model", "task", "source", "target", "ours", "low", "high") if name in known]]

    performance = named(reported(tables["performance"]), "source", "target")
    yield AUC, published("fig1_auc").rename(columns={"auc": "paper"}), ours(performance, "auc")
    if "domains" in tables:
        paper = published("fig2_leave_one_out").melt("target", var_name="source", value_name="paper")
        table = named(tables["domains"], "target").drop(columns="auc")
        table = table.assign(source=table["condition"].map(_CONDITIONS))
        yield LEAVE_ONE_OUT, paper, ours(table.rename(columns={"reported_auc": "auc"}), "auc")
    if "agreement_summary" in tables:
        summary = tables["agreement_summary"]
        paper = published("fig3_kappa").rename(columns={"test_dataset": "target"})
        paper = paper.assign(paper=paper.pop("avg_kappa_pct") / 100)
        of_paper = named(summary[summary["rule"] == PAPER], "target").drop(columns="source")
        yield KAPPA, paper, ours(of_paper, "kappa_at_target")
        paper = published("figA2_seed_kappa").rename(columns={"model": "source"})
        paper = paper.assign(paper=paper.pop("avg_kappa_pct") / 100)
        at_home = summary[(summary["rule"] == SEEDS) & (summary["source"] == summary["target"])]
        yield SEED_KAPPA, paper, ours(named(at_home, "source").drop(columns="target"), "kappa_at_target")
    if "head_distances" in tables:
        paper = published("fig6_weight_distance").melt("task", var_name="source", value_name="paper")
        table = tables["head_distances"].assign(source=tables["head_distances"]["penalty"].map(_PENALTIES))
        yield DISTANCE, paper, ours(table, "relative")
    if "label_agreement" in tables:
        paper = published("figA1_label_agreement").rename(
            columns={"first": "source", "second": "target", "f1": "paper"}
        )
        table = tables["label_agreement"].rename(columns={"first": "source", "second": "target"})
        turned = table.rename(columns={"source": "target", "target": "source"})
        both = named(pd.concat([table, turned]), "source", "target").assign(model="")
        yield LABELS, paper[["task", "source", "target", "paper"]], ours(both, "f1")
    labels = tables["labels"][tables["labels"]["split"] == "all"].rename(columns={"dataset": "target"})
    counts = published("tableA1_counts").rename(columns={"dataset": "target"})
    for quantity, column in ((POSITIVES, "positive"), (NEGATIVES, "negative")):
        table = named(labels, "target").assign(model="")
        yield quantity, counts[["task", "target", column]].rename(columns={column: "paper"}), ours(table, quantity)
