"""The report's sentences about external models."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crossray.errors import listed
from crossray.figures.style import with_interval
from crossray.reasons import CAVEATS, UNKNOWN_TRAINING_DATA

#: tasks that a sentence names, at most
_NAMED = 4


def external_answer(
    transfer: pd.DataFrame, performance: pd.DataFrame, claims: pd.DataFrame, refusals: pd.DataFrame
) -> str:  # fmt: skip
    """Answer the question of a study that trains no model: how well each does at each target, and whether claims hold.

    Args:
        transfer: ``transfer.csv``.
        performance: the reported rows of ``performance.csv``.
        claims: ``claims.csv``.
        refusals: ``refusals.csv``.
    """
    sentences = []
    for row in transfer.itertuples():
        if row.auc == row.auc:
            auc = with_interval(row.auc, row.auc_low, row.auc_high)
            tasks = f"{row.tasks} tasks" if row.tasks != 1 else "one task"
            sentences.append(f"{row.model} has a mean AUC of {auc} at {row.target}, over {tasks}.")
        else:
            sentences.append(_without_mean(row, performance))
    measured = claims[claims["measured"].notna()]
    if len(measured):
        below = measured[measured["finding"] == "below the claim"]
        names = ", ".join(f"{row.measure} of {row.model} for {row.task}" for row in below.head(3).itertuples())
        more = f" and {len(below) - 3} more" if len(below) > 3 else ""
        which = f": {names}{more}" if len(below) else ""
        sentences.append(f"{len(below)} of {len(measured)} claims are not met, by the interval{which}.")
    most = refusals[(refusals["group"] == "refused") & (refusals["share"] > 0)]
    if len(most):
        row = most.loc[most["share"].idxmax()]
        sentences.append(
            f"{row['model']} gave no score for {row['share']:.1%} of the labelled images of {row['target']}."
        )
    return " ".join(sentences)


def _without_mean(pair: Any, performance: pd.DataFrame) -> str:
    """Say what there is of a pair that has no mean AUC: of a site that sends counts, that of each task."""
    rows = performance[(performance["model"] == pair.model) & (performance["target"] == pair.target)]
    aucs = [f"{row.auc:.2f} for {row.task}" for row in rows[rows["auc"].notna()].itertuples()]
    if not aucs:
        return f"{pair.model} has no AUC at {pair.target} ({pair.reason})."
    return f"{pair.model} has AUCs of {listed(aucs, _NAMED)} at {pair.target}, by counts of its site, and no mean."


def external_facts(models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Describe each model in a line: its outputs, and what is known of its training.

    Args:
        models: the block ``external`` of the configuration, paths left out.
    """
    for name, model in models.items():
        if "simulated" in model:
            kind = "a simulated reader of true severities"
        elif "scores" in model:
            scale = model["scale"]
            words = scale if isinstance(scale, str) else f"scores from {scale[0]:g} to {scale[1]:g}"
            kind = f"scores from files ({words}, by {model['key']})"
        else:
            kind = f"a network ({model.get('onnx') or model['architecture']})"
        told = model["trained_on"]
        learnt = f"trained on {', '.join(told)} (as stated by its maker)" if isinstance(told, list | tuple) else (
            f"{UNKNOWN_TRAINING_DATA}: {CAVEATS[UNKNOWN_TRAINING_DATA]}"
        )  # fmt: skip
        home = f"home: {model['home']}" if model.get("home") else "no home in this study, so no drop is reported"
        yield f"{name}: {kind}; {learnt}; {home}."
