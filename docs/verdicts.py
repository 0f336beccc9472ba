"""Write docs/calibration/verdicts.csv: how often verdicts are right on families of known truth.

Run by ``make calibration``. Cells that this code has already judged are kept.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta
from verdict_families import FAMILIES, PLANTS, ROOT, Family, Reader, cases, draw, planted_terms

from crossray.analysis.shift.cell import explain
from crossray.analysis.shift.terms import CAUSES, METRICS
from crossray.analysis.shift.verdict import COMPOUND, LIMITS, NO_SHIFT, judge, present
from crossray.code_version import code_version
from crossray.files import write_csv
from crossray.seeds import derived_seed

VERDICTS = ROOT / "docs/calibration/verdicts.csv"
COLUMNS = ["family", "identifiable", "tuned", "metric", "cells", "right", "abstained", "wrong", "wrong_low",
           "wrong_high", "named", "harmful", "harmful_named", "harmful_low", "harmful_high", "code"]  # fmt: skip
#: cells of a family, images a side and to learn from, images of a patient at most in every other cell, resamples
CELLS, IMAGES, LEARNT, MOST, RESAMPLES = 40, 1500, 2000, 3, 40
#: the seed that nothing was set on; limits were set on seed 11
HELD_OUT = 2026
RIGHT, ABSTAINED, WRONG = "right", "abstained", "wrong"
#: nats from which on a planted cause has to be named
HARM = 0.03
#: a cause is one of those that count if it is not smaller than the largest by this factor
_CLEAR = 1.5
#: boosted trees read one cell in so many, else a logistic regression
_TREES = 4


def code() -> str:
    """Return the digest of the code that verdicts come from."""
    return code_version("crossray/analysis/shift/verdict")


def judged(name: str, number: int, seed: int = HELD_OUT) -> dict[str, tuple[str, Mapping[str, float]]]:
    """Draw a cell of a family and judge it; return metric -> verdict and the planted terms, in nats."""
    family = FAMILIES[name]
    generator = np.random.default_rng(derived_seed(seed, name, str(number)))
    home, away = family.drawn(generator)
    reader = Reader(generator, home, LEARNT, trees=number % _TREES == _TREES - 1)
    drawn = [draw(IMAGES, generator, hospital, 1 if number % 2 else MOST) for hospital in (home, away)]
    source, target = (cases(reader, images) for images in drawn)
    if family.second:
        read_again = generator.permutation(IMAGES) < family.second
        target = replace(target, second=np.where(read_again, drawn[1].second, np.nan))
    found = explain(source, target, RESAMPLES, number)
    flags = present(found, found.p)
    terms = planted_terms(reader, home, away)
    return {metric: (judge(found, flags, dict.fromkeys(CAUSES, 0.0), metric).verdict, terms) for metric in METRICS}


def outcome(family: Family, verdict: str, terms: Mapping[str, float]) -> str:
    """Say whether a verdict is right, abstains or is wrong.

    A cause is right where it is planted, harms and is none of the smaller ones; the compound verdict is right where
    nobody could tell more, wrong where nothing is planted that harms, and else abstains.
    """
    causes = [cause for cause, names in PLANTS.items() if set(names) & set(family.planted)]
    causes = causes or [cause for cause, names in PLANTS.items() if set(names) & set(family.source)]
    harmless = not causes or set(family.planted) == {"harmless"}
    largest = max(terms.values())
    if verdict in CAUSES:
        told = family.identifiable or (len(causes) > 1 and verdict != "concept")
        fits = verdict in causes and terms[verdict] > 0 and terms[verdict] * _CLEAR >= largest
        return RIGHT if told and fits and not harmless else WRONG
    if verdict == COMPOUND:
        return WRONG if harmless else ABSTAINED if family.identifiable else RIGHT
    if harmless:
        return RIGHT
    return WRONG if verdict == NO_SHIFT and largest > LIMITS.nothing["log-loss"] else ABSTAINED


def exact(hits: int, of: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, of - hits)) if hits < of else 1.0
    return round(low, 4), round(high, 4)


def rows_of(name: str, cells: int) -> list[dict[str, object]]:
    """Judge a family's cells; return a row for each metric."""
    family = FAMILIES[name]
    found = [judged(name, number) for number in range(cells)]
    rows: list[dict[str, object]] = []
    for metric in METRICS:
        verdicts = [one[metric] for one in found]
        outcomes = [outcome(family, verdict, terms) for verdict, terms in verdicts]
        harmful = [verdict for verdict, terms in verdicts if max(terms.values()) > HARM]
        row: dict[str, object] = {"family": name, "identifiable": family.identifiable, "tuned": family.tuned}
        row |= {"metric": metric, "cells": cells, **{one: outcomes.count(one) for one in (RIGHT, ABSTAINED, WRONG)}}
        row |= dict(zip(("wrong_low", "wrong_high"), exact(outcomes.count(WRONG), cells), strict=True))
        row["named"] = sum(verdict in CAUSES for verdict, _ in verdicts)
        row |= {"harmful": len(harmful), "harmful_named": sum(verdict in CAUSES for verdict in harmful)}
        if harmful:
            ends = exact(row["harmful_named"], len(harmful))
            row |= dict(zip(("harmful_low", "harmful_high"), ends, strict=True))
        rows.append(row | {"code": code()})
    return rows


def write(cells: int = CELLS, names: Sequence[str] = tuple(FAMILIES), path: Path = VERDICTS) -> None:
    """Judge the families that this code has not judged yet, and write the table after each."""
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    for name in names:
        old = table[table["family"] == name]
        if len(old) and (old["code"] == code()).all() and (old["cells"] >= cells).all():
            continue
        table = pd.concat([table[table["family"] != name], pd.DataFrame(rows_of(name, cells), columns=COLUMNS)])
        order = {family: place for place, family in enumerate(FAMILIES)}
        table = table.sort_values("family", key=lambda column: column.map(order), kind="stable")
        write_csv(path, table)


if __name__ == "__main__":
    write(names=sys.argv[1:] or tuple(FAMILIES))
