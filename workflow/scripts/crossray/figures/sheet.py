"""The decision sheet: answers, thresholds, groups, data needed to settle open criteria, digests, and space to sign."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import markupsafe
import pandas as pd

from crossray.figures.decision import decisions, lead
from crossray.figures.pages import page_template
from crossray.figures.style import with_interval
from crossray.reasons import TOO_FEW
from crossray.sealed import SEALED
from crossray.tables import read
from crossray.tables.acceptance import Acceptance, Thresholds
from crossray.tables.subgroups import Subgroups
from crossray.texts import visible

#: columns of a threshold that the sheet shows, and their words
_YIELDS = {
    "sensitivity": "sensitivity", "specificity": "specificity", "precision": "precision of alerts",
    "alerts_per_day": "alerts per day", "missed_per_day": "missed per day",
    "cost": "cost of 100 images, in false alarms",
}  # fmt: skip
_SHARES = ("sensitivity", "specificity", "precision")


def render(folder: Path, settings: Mapping[str, Any], templates: Path, sealed: Mapping[str, str]) -> str:
    """Build the sheet.

    Args:
        folder: the study's results, with ``analysis/``.
        settings: ``study``, ``title``, ``phantoms``.
        templates: folder of ``decision.html.j2`` and ``decision.css``.
        sealed: digests of the inputs of the decision (:func:`crossray.sealed.seal`).

    Returns:
        HTML; texts that come from the data are escaped, and their marks of direction written out.
    """
    analysis = folder / "analysis"
    acceptance, thresholds = (read(analysis / f"{kind.NAME}.csv", kind) for kind in (Acceptance, Thresholds))
    found, subgroups = decisions(acceptance, thresholds), read(analysis / "subgroups.csv", Subgroups)
    page = page_template(templates / "decision.html.j2").render(
        settings=settings,
        lead=list(lead(found)),
        decisions=[(one, _yields(one.threshold), _groups(subgroups, one.key)) for one in found],
        sealed={key: (words, sealed[key]) for key, words in SEALED.items()},
        style=markupsafe.Markup((templates / "decision.css").read_text(encoding="utf-8")),
    )
    return visible(page)


def _yields(threshold: pd.Series | None) -> list[str]:
    """Describe the results at a threshold."""
    if threshold is None:
        return []
    has_probability = pd.notna(threshold["probability"])
    value = _near_one(threshold["probability"]) if has_probability else f"{threshold['threshold']:g}"
    said = [f"positive at a {'probability' if has_probability else 'score'} of {value} or more"]
    for name, words in _YIELDS.items():
        if pd.notna(threshold[name]):
            ends = threshold[name], threshold[f"{name}_low"], threshold[f"{name}_high"]
            said.append(f"{words}: {_wide(*ends) if name not in _SHARES else with_interval(*ends)}")
    if pd.notna(threshold["cost"]):
        none, everybody = threshold["cost_of_none"], threshold["cost_of_all"]
        said[-1] += f"; calling nobody costs {none:.1f}, calling everybody {everybody:.1f}"
    return said


def _near_one(probability: float) -> str:
    """Write a probability with three significant digits, or those of its distance from 1 if that is smaller."""
    digits = max(3 - math.floor(math.log10(min(probability, 1 - probability))) - 1, 3) if 0 < probability < 1 else 3
    return f"{probability:.{min(digits, 12)}f}"


def _wide(value: float, low: float, high: float) -> str:
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def _groups(subgroups: pd.DataFrame, key: Mapping[str, str]) -> list[str]:
    """Say for which groups a model is significantly worse, and which are too small to tell."""
    rows = subgroups
    for name in ("model", "source", "target", "task"):
        rows = rows[rows[name] == key[name]]
    worse = rows[rows["difference_high"] < 0]
    small = rows[rows["reason"] == TOO_FEW]
    said = [
        f"worse for {row['attribute']} {row['group']}: AUC {with_interval(row['auc'], row['auc_low'], row['auc_high'])}"
        for _, row in worse.iterrows()
    ]
    if len(rows) and not len(worse):
        said.append("not significantly worse in any group")
    if len(small):
        names = ", ".join(f"{row['attribute']} {row['group']}" for _, row in small.iterrows())
        said.append(f"too few patients to tell: {names}")
    return said or ["no groups are recorded, or all images are of one group"]
