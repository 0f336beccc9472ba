"""The decision sheet: answers, thresholds, groups, data needed to settle open criteria, digests, and space to sign."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import markupsafe
import pandas as pd

from crossray.decision_digests import DIGESTS
from crossray.figures import decision_groups
from crossray.figures.decision import Decision, decisions, lead, limit_of, required
from crossray.figures.pages import page_template
from crossray.figures.style import with_interval
from crossray.study.acceptance import ALERTS, MET
from crossray.tables import read, with_marks
from crossray.tables.acceptance import Acceptance, AcceptanceGroups, Thresholds
from crossray.texts import visible

#: columns of a threshold that the sheet shows, and their words
_YIELDS = {
    "sensitivity": "sensitivity", "specificity": "specificity", "precision": "alerts that are right",
    "alerts_per_day": "alerts per day", "missed_per_day": "missed per day",
    "cost": "cost of 100 images, in false alarms",
}  # fmt: skip
_SHARES = ("sensitivity", "specificity", "precision")


def render(folder: Path, settings: Mapping[str, Any], templates: Path, sealed: Mapping[str, str]) -> str:
    """Build the sheet.

    Args:
        folder: the study's results, with ``analysis/``.
        settings: ``study``, ``title``, ``phantoms``, ``unknown_training`` (models whose training data are not
            known).
        templates: folder of ``decision.html.j2`` and ``decision.css``.
        sealed: digests of the inputs of the decision (:func:`crossray.decision_digests.digests_of`).

    Returns:
        HTML; texts that come from the data are escaped, and their marks of direction written out.
    """
    analysis = folder / "analysis"
    acceptance, thresholds, groups = (
        with_marks(read(path, kind), path)
        for kind in (Acceptance, Thresholds, AcceptanceGroups)
        if (path := analysis / f"{kind.NAME}.csv")
    )
    found = decisions(acceptance, thresholds, groups)
    page = page_template(templates / "decision.html.j2").render(
        settings=settings,
        lead=list(lead(found)),
        decisions=[_shown(one) for one in found],
        sealed={key: (words, sealed[key]) for key, words in DIGESTS.items()},
        style=markupsafe.Markup((templates / "decision.css").read_text(encoding="utf-8")),
    )
    return visible(page)


def _shown(one: Decision) -> dict[str, Any]:
    """Return what the sheet has of a decision."""
    groups = decision_groups.answers(one.groups)
    return {
        "decision": one,
        "criteria": list(_criteria(one.criteria)),
        "yields": _yields(one.threshold),
        "unfit": [group for group in groups if group.answer != MET],
        "fit": [group.name for group in groups if group.answer == MET],
        "untested": list(decision_groups.untested(one.groups)),
        "looked_at": decision_groups.looked_at(one.groups),
    }


def _criteria(rows: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Yield each criterion: its name, what it requires, what was measured with its interval, and the answer."""
    for _, row in rows.iterrows():
        measured = "-"
        if pd.notna(row["value"]):
            digits = 1 if row["criterion"] == ALERTS else 3
            ends = (f"{row[name]:.{digits}f}" for name in ("value", "value_low", "value_high"))
            measured = "{} ({} to {})".format(*ends)
        yield row["criterion"], required(row["criterion"], row["wanted"]), measured, row["answer"]


def _yields(threshold: pd.Series | None) -> list[str]:
    """Describe the results at a threshold."""
    if threshold is None:
        return []
    said = [f"an image is called positive at {limit_of(threshold)} or more"]
    for name, words in _YIELDS.items():
        if pd.notna(threshold[name]):
            ends = threshold[name], threshold[f"{name}_low"], threshold[f"{name}_high"]
            said.append(f"{words}: {_wide(*ends) if name not in _SHARES else with_interval(*ends)}")
    if pd.notna(threshold["cost"]):
        none, everybody = threshold["cost_of_none"], threshold["cost_of_all"]
        said[-1] += f"; calling nobody costs {none:.1f}, calling everybody {everybody:.1f}"
    return said


def _wide(value: float, low: float, high: float) -> str:
    return f"{value:.1f} ({low:.1f} to {high:.1f})"
