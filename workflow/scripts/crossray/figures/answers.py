"""The sentences and key numbers with which a report begins."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from crossray.figures.style import with_interval
from crossray.tables import reported

#: so many tasks are named in a sentence
_NAMED = 6
#: verdict -> how a sentence about tasks begins
_VERDICT_WORDS = {
    "prevalence": "the other prevalence changes most for", "image": "the images are to blame for",
    "concept": "the label rule is to blame for", "cannot tell": "nobody can tell for",
    "no harm": "something differs without measurable harm for", "no shift": "nothing differs for",
    "no shift found": "nothing was found, with little power, for",
}  # fmt: skip


def answer(summary: pd.DataFrame, transfer: pd.DataFrame, tasks: pd.DataFrame, classes: bool = False) -> str:
    """Answer the study's question in a few sentences, with intervals; a study of ``classes`` is of no hospital."""
    overall = _overall(summary)
    if overall is None:
        return (
            "No model could be compared between home and elsewhere: no pair of data sets shares a task that can be "
            "measured."
        )
    home = "data set that they were trained on" if classes else "hospital that they were trained at"
    lost = with_interval(abs(overall["drop"]), *sorted((abs(overall["drop_low"]), abs(overall["drop_high"]))))
    if overall["drop_low"] > 0:
        verdict = f"Models lose {lost} of mean AUC outside the {home}"
    elif overall["drop_high"] < 0:
        verdict = f"Models gain {lost} of mean AUC outside the {home}"
    else:
        verdict = f"No loss outside the {home} is certain: the mean AUC changes by " + with_interval(
            -overall["drop"], -overall["drop_high"], -overall["drop_low"]
        )
    both = f"{overall['home_auc']:.2f} at home, {overall['away_auc']:.2f} elsewhere"
    worst = transfer.loc[transfer["drop"].idxmax()]
    pair = with_interval(worst["drop"], worst["drop_low"], worst["drop_high"])
    pairs = f"The worst pair is {worst['source']} to {worst['target']}, which loses {pair}."
    return f"{verdict}: {both}. {pairs} {_travelling(tasks, overall['model'])}".strip()


def _travelling(tasks: pd.DataFrame, model: str) -> str:
    """Say which tasks lose for certain, and which do not, by their means over all pairs."""
    known = tasks[(tasks["model"] == model) & tasks["drop"].notna()].sort_values("drop", ascending=False)
    if len(known) < 2:
        return ""
    losing = known[known["drop_low"] > 0]
    kept = known[known["drop_low"] <= 0]
    parts = []
    if len(losing):
        worst = losing.iloc[0]
        most = (
            f", most {worst['task']} ({worst['drop_low']:.2f} to {worst['drop_high']:.2f})" if len(losing) > 1 else ""
        )
        parts.append(f"{len(losing)} of {len(known)} tasks lose for certain: {_listed(losing['task'])}{most}.")
    if len(kept):
        parts.append(f"No loss is certain for {_listed(kept['task'])}.")
    return " ".join(parts)


def _listed(names: pd.Series) -> str:
    few = list(names[:_NAMED])
    return ", ".join(few) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _overall(summary: pd.DataFrame) -> pd.Series | None:
    """Return the row over all sources of the model that is listed first, if any pair was measured."""
    rows = summary[(summary["source"] == "all sources") & (summary["pairs"] > 0)]
    return rows.iloc[0] if len(rows) else None


def key_numbers(summary: pd.DataFrame, transfer: pd.DataFrame, performance: pd.DataFrame) -> list[dict[str, str]]:
    """Return a handful of numbers, each with its meaning and the section that shows it."""
    facts = []
    overall = _overall(summary)
    if overall is not None:
        for name, words in (("home_auc", "mean AUC at home"), ("away_auc", "mean AUC elsewhere"), ("drop", "loss")):
            low, high = overall[f"{name}_low"], overall[f"{name}_high"]
            facts.append(
                {"value": f"{overall[name]:.2f}", "range": f"{low:.2f} to {high:.2f}", "words": words, "link": "loss"}
            )
    away = transfer[transfer["source"] != transfer["target"]]
    pairs, measured = len(away), int(away["auc"].notna().sum())
    facts.append(
        {"value": f"{measured} of {pairs}", "range": "", "words": "pairs that can be measured", "link": "matrix"}
    )
    performance = reported(performance)
    cells = int(performance["auc"].notna().sum())
    facts.append(
        {
            "value": f"{cells} of {len(performance)}",
            "range": "",
            "words": "cells (pair and task) with a number",
            "link": "tasks",
        }
    )
    chance = int((performance["auc"] < 0.5).sum())
    facts.append({"value": str(chance), "range": "", "words": "cells worse than chance", "link": "tasks"})
    return facts


def accuracy_numbers(classes: pd.DataFrame, members: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return the span of the accuracies at home and elsewhere.

    Args:
        classes: ``classes.csv``.
        members: the data sets of each source.
    """
    shown = reported(classes).dropna(subset="accuracy")
    home = np.array([row.target in members[row.source] for row in shown.itertuples()], bool)
    facts = []
    for here, words in ((home, "accuracy at home"), (~home, "accuracy elsewhere")):
        if here.any():
            least, most = shown["accuracy"][here].agg(["min", "max"])
            value = f"{least:.2f}" + (f" to {most:.2f}" if here.sum() > 1 else "")
            facts.append({"value": value, "range": "", "words": words, "link": "classes"})
    return facts


def leakage_sentences(leakage: pd.DataFrame, overlap: str) -> list[str]:
    """Say what the audit of patients and near-duplicates found, and what was done about it.

    Args:
        leakage: the audit's summary, one row a source and target.
        overlap: the setting: move, refuse or keep.
    """
    once = leakage[leakage["source"] <= leakage["target"]]
    exact, near = (int(once[column].sum()) for column in ("exact", "near"))
    found = (
        f"found {exact:,} times an image that equals one of the same or another data set, and {near:,} times one that "
        "nearly does"
        if exact + near
        else "found no radiograph twice"
    )
    sentences = [f"The audit compared all images of the study by what they show and {found}."]
    if shared := int(once["shared_patients"].sum()):
        sentences.append(f"By the registers of their releases, {shared:,} patients are in two data sets.")
    before, after = int(leakage["overlap_before"].sum()), int(leakage["overlap"].sum())
    moved = int(leakage.drop_duplicates("target")["moved"].sum())
    if not before:
        return [*sentences, "No test image is of a patient whom a model was trained or chosen on."]
    done = {
        "move": f"Each group of such patients was moved to one split ({moved:,} images moved); {after:,} are left.",
        "refuse": "The numbers of such sources and targets are not given (O).",
        "keep": "Splits were kept by the configuration, so those numbers are too good.",
    }[overlap]
    leak = (
        f"{before:,} times, a test image is of a patient whom a model was trained or chosen on, or shows the same film."
    )
    return [*sentences, f"{leak} {done}"]


def cause_sentences(shift: pd.DataFrame) -> list[str]:
    """Say of every pair which tasks suffer from what, by log-loss.

    Args:
        shift: ``shift.csv``.
    """
    rows = shift[shift["metric"] == "log-loss"]
    several = len(set(rows["model"])) > 1
    sentences = []
    for (model, source, target), pair in rows.groupby(["model", "source", "target"], sort=False):
        said = [
            f"{words} {_listed(tasks)}"
            for verdict, words in _VERDICT_WORDS.items()
            if len(tasks := pair.loc[pair["verdict"] == verdict, "task"])
        ]
        empty = int(pair["verdict"].isna().sum())
        said += [f"no number for {empty} task{'s' if empty > 1 else ''}"] if empty else []
        name = f"{model}, {source} to {target}" if several else f"{source} to {target}"
        sentences.append(f"{name}: {'; '.join(said)}.")
    return sentences
