"""Write docs/calibration/monitoring.csv and monitoring_estimates.csv: watching without labels, the truth being known.

Charts: simulated hospitals whose streams change at a known month, or never: how often is there a false alarm, how soon
is a change found, and is it named rightly? Estimates: studies of simulated hospitals with and without labels: does the
truth lie in the intervals, and is what may be printed within the tolerance? Run by ``make calibration``; cells that
this code has already drawn are kept.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import beta

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.analysis.back_tests import FEWEST, expected_error  # noqa: E402
from crossray.analysis.confidence import ESTIMATORS, QUANTITIES, Home, estimates, measured  # noqa: E402
from crossray.analysis.metrics import youden_threshold  # noqa: E402
from crossray.analysis.shift.overlap import tell_apart  # noqa: E402
from crossray.analysis.shift.prevalence import calibration  # noqa: E402
from crossray.analysis.watching import (  # noqa: E402
    ACQUISITION,
    IMAGES,
    PATIENTS,
    PREVALENCE,
    REFUSALS,
    REFUSED,
    SCORE,
    Charted,
    Period,
    Rule,
    Stream,
    cause_of,
    chart,
)
from crossray.code_version import code_version  # noqa: E402
from crossray.files import write_csv, write_text  # noqa: E402
from crossray.seeds import derived_seed  # noqa: E402

CHARTS, ESTIMATES = (ROOT / f"docs/calibration/{name}.csv" for name in ("monitoring", "monitoring_estimates"))
PAGE = ROOT / "docs/monitoring.md"
MARK = "<!-- the tables below are written by docs/monitoring_scores.py -->\n"
#: the stated probability of any alarm while nothing changes
STATED = 0.05
#: draws of a cell where nothing changes, and where something does
STILL, MOVING = 2000, 400
#: watched months, and which of them is the first of a change
WATCHED, CHANGED = 12, 4
#: features of the acquisition, and how much they share
FEATURES, SHARED = 13, 0.5
#: distance of scores with and without the finding, and its share at home
DISTANCE, USUAL = 1.8, 0.15

NOTHING, RULE_CHANGE = "nothing", "label rule"
#: what is planted -> how it is named; nothing that moves no output has a name
NAMES = {"prevalence": PATIENTS, "images": IMAGES, "slow drift of images": IMAGES, "refusals": REFUSED}


@dataclass(frozen=True)
class Cell:
    """A hospital whose months are watched."""

    change: str
    size: float
    patients: int
    baseline: int
    images_per_patient: int = 1
    restless: float = 0.0

    @property
    def columns(self) -> dict[str, float | str]:
        """Return the columns that name it."""
        return dict(vars(self))

    @property
    def draws(self) -> int:
        """Return how many hospitals are drawn."""
        return MOVING if self.change in NAMES else STILL


CELLS = (
    *(Cell(NOTHING, 0, patients, baseline) for patients in (15, 40) for baseline in (6, 12)),
    Cell(NOTHING, 0, 25, 6, images_per_patient=3),
    Cell(NOTHING, 0, 25, 6, restless=0.3),
    Cell(RULE_CHANGE, 0.25, 25, 6),
    *(Cell("prevalence", size, patients, 6) for size in (0.3, 0.45) for patients in (15, 40)),
    *(Cell("images", size, patients, 6) for size in (0.5, 1.0) for patients in (15, 40)),
    *(Cell("slow drift of images", 0.1, patients, 6) for patients in (15, 40)),
    *(Cell("refusals", size, patients, 6) for size in (0.1, 0.2) for patients in (15, 40)),
)


def code_of_charts() -> str:
    """Return the digest of the code that charts come from."""
    return code_version("crossray/analysis/watching")


def code_of_estimates() -> str:
    """Return the digest of the code that estimates and their intervals come from."""
    return code_version("crossray/analysis/confidence", "crossray.analysis.back_tests")


def hospital(cell: Cell, generator: Generator) -> tuple[list[Stream], list[Period]]:
    """Draw the streams of a hospital and its months; a change of the label rule moves none of them."""
    months = cell.baseline + WATCHED
    owners = np.repeat(np.arange(months * cell.patients), cell.images_per_patient)
    month = owners // cell.patients
    late = month >= cell.baseline + CHANGED
    moved = {name: cell.size * late if cell.change == name else np.zeros(len(month)) for name in NAMES}
    drift = np.clip(month - cell.baseline - CHANGED + 1, 0, None) * cell.size
    seen = moved["images"] + (drift if cell.change == "slow drift of images" else 0)

    def noise() -> NDArray[np.float64]:
        """Each month and each patient has something of its own, and each image."""
        own = generator.normal(size=months * cell.patients)[owners]
        each = generator.normal(size=len(owners))
        several = own if cell.images_per_patient == 1 else np.sqrt(0.7) * own + np.sqrt(0.3) * each
        return several + cell.restless * generator.normal(size=months)[month]

    streams = []
    for task in ("Effusion", "Nodule"):
        has = cell.change == "prevalence" and task == "Effusion"
        share = np.where(late & has, cell.size, USUAL)
        positive = (generator.random(months * cell.patients) < share[:: cell.images_per_patient])[owners]
        scores = noise() + DISTANCE * positive + 0.5 * seen
        logits = DISTANCE * scores - DISTANCE**2 / 2 + np.log(USUAL / (1 - USUAL))
        streams += [
            Stream(f"score of {task}", SCORE, scores),
            Stream(f"prevalence of {task}", PREVALENCE, expit(logits)),
        ]
    refused = generator.random(len(month)) < 0.02 + moved["refusals"]
    streams.append(Stream("refusals", REFUSALS, refused.astype(float)))
    common = noise()
    for number in range(FEATURES):
        values = np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * noise() + seen * (number < 4)
        values = np.exp(values) if number % 3 == 0 else np.maximum(values - 1.5, 0) if number % 3 == 1 else values
        streams.append(Stream(f"feature {number}", ACQUISITION, values))
    return streams, [Period(one, one, month == one, cell.patients) for one in range(months)]


def watch(cell: Cell, number: int) -> list[Charted]:
    """Draw a hospital, and return its charts with an alarm, the earliest first."""
    generator = np.random.default_rng(derived_seed(3, "watch", str(cell), str(number)))
    charted, _ = chart(*hospital(cell, generator), Rule(cell.baseline, STATED, 0.1))
    return sorted((one for one in charted if one.alarm), key=lambda one: one.alarm or (0, 0, 0))


def limits_of(hits: int, count: int) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, hits, count - hits + 1)) if hits else 0.0
    return low, float(beta.ppf(0.975, hits + 1, count - hits)) if hits < count else 1.0


def row_of(cell: Cell, draws: int | None = None) -> dict[str, object]:
    """Draw a cell of charts; months before a change are those of false alarms, all of them where nothing changes."""
    count, first = draws or cell.draws, cell.baseline + CHANGED
    changes = cell.change in NAMES
    false, found, delays, named = 0, 0, [], 0
    for number in range(count):
        alarms = watch(cell, number)
        early = [one for one in alarms if not changes or (one.alarm or (0,))[0] < first]
        false += bool(early)
        if changes and alarms and not early:
            found += 1
            delays.append((alarms[0].alarm or (0,))[0] - first + 1)
            named += cause_of(alarms[0].stream.kind, {one.stream.kind for one in alarms}) == NAMES[cell.change]
    row: dict[str, object] = dict(cell.columns) | {"draws": count, "stated": STATED}
    low, high = limits_of(false, count)
    row |= {"false_alarms": round(false / count, 4), "low": round(low, 4), "high": round(high, 4)}
    if changes:
        row |= {"found": round(found / max(count - false, 1), 4), "delay": float(np.median(delays or [np.nan])),
                "named": round(named / max(found, 1), 4)}  # fmt: skip
    return row | {"code": code_of_charts()}


@dataclass(frozen=True)
class Place:
    """A hospital where a model is used: share with the finding, distance of scores, their offset, wrong labels."""

    prevalence: float = 0.3
    distance: float = 1.8
    offset: float = 0.0
    turned: float = 0.0

    def drawn(self, images: int, generator: Generator) -> tuple[NDArray, NDArray]:
        """Draw labels and scores."""
        truth = generator.random(images) < self.prevalence
        scores = generator.normal(size=images) + self.distance * (truth - 0.5) + self.offset
        return (truth != (generator.random(images) < self.turned)).astype(float), scores


def _prevalence(generator: Generator) -> Place:
    return Place(prevalence=float(generator.uniform(0.1, 0.5)))


def _harder(generator: Generator) -> Place:
    return Place(distance=float(generator.uniform(1.0, 1.8)), offset=float(generator.normal(0, 0.3)))


def _rule(generator: Generator) -> Place:
    return Place(turned=float(generator.choice([0.0] * 9 + [0.25])))


@dataclass(frozen=True)
class Family:
    """Studies: how the hospitals differ from home, and how many have labels."""

    drawn: Callable[[Generator], Place]
    labelled: int = 6


FAMILIES: Mapping[str, Family] = {
    "no difference": Family(lambda _: Place()),
    "prevalence": Family(_prevalence),
    "harder images": Family(_harder),
    "another label rule at a tenth, which no verdict saw": Family(_rule),
    "prevalence, few hospitals": Family(_prevalence, FEWEST),
}
STUDIES, IMAGES_OF, TOLERANCE = 300, 400, 0.1


@dataclass
class Tally:
    """What came out of an estimator for a quantity, one entry a study."""

    covered: list[bool] = field(default_factory=list)
    printed: list[bool] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)


def at(place: Place, model: tuple[NDArray, NDArray, NDArray, float], generator: Generator, seed: int) -> dict:
    """Return the error of each estimate at a hospital, (estimator, quantity) -> error."""
    here, scores, fitted, threshold = model
    labels, away = place.drawn(IMAGES_OF, generator)
    ones, numbers = np.ones((1, IMAGES_OF)), np.arange(2 * IMAGES_OF)
    sides = scores[:, None], away[:, None]
    share = tell_apart(sides, (ones, ones), (numbers[:IMAGES_OF], numbers[IMAGES_OF:]), seed).source[0]
    home = Home(here, fitted[0] + fitted[1] * scores, threshold, share / (1 - share))
    logits = fitted[0] + fitted[1] * away
    truth = measured(labels, logits, threshold)
    return {
        (name, quantity): value - truth[quantity]
        for name, values in estimates(home, logits).items()
        for quantity, value in values.items()
    }


def study(name: str, number: int) -> tuple[list[dict], dict]:
    """Draw a study; return the errors at each labelled hospital, and at the one without labels."""
    family = FAMILIES[name]
    generator = np.random.default_rng(derived_seed(5, "estimates", name, str(number)))
    labels, scores = Place().drawn(IMAGES_OF, generator)
    fitted = calibration(scores, labels, np.ones((1, IMAGES_OF)))[0]
    threshold = youden_threshold(labels, fitted[0] + fitted[1] * scores)
    model = labels, scores, fitted, threshold
    found = [at(family.drawn(generator), model, generator, number) for _ in range(family.labelled + 1)]
    return found[:-1], found[-1]


def rows_of(name: str, studies: int = STUDIES) -> list[dict[str, object]]:
    """Draw a family of studies; return a row for each estimator and quantity."""
    tallies: dict[tuple[str, str], Tally] = {}
    for number in range(studies):
        tested, there = study(name, number)
        for key, error in there.items():
            tally = tallies.setdefault(key, Tally())
            expected = expected_error(np.array([one[key] for one in tested]), [str(n) for n in range(len(tested))])
            tally.covered.append(expected.low <= error <= expected.high)
            tally.printed.append(expected.is_within(TOLERANCE))
            tally.errors.append(error)
    rows: list[dict[str, object]] = []
    for estimator in ESTIMATORS:
        for quantity in [one for one in QUANTITIES if (estimator, one) in tallies]:
            tally = tallies[estimator, quantity]
            printed, right = np.array(tally.printed), np.abs(tally.errors) <= TOLERANCE
            low, high = limits_of(int(right[printed].sum()), int(printed.sum())) if printed.any() else (None, None)
            rows.append({
                "family": name, "estimator": estimator, "quantity": quantity, "studies": studies,
                "labelled": FAMILIES[name].labelled, "covered": round(float(np.mean(tally.covered)), 4),
                "printed": round(float(printed.mean()), 4),
                "right": round(float(right[printed].mean()), 4) if printed.any() else None,
                "right_low": low and round(low, 4), "right_high": high and round(high, 4),
                "right_of_all": round(float(right.mean()), 4), "code": code_of_estimates(),
            })  # fmt: skip
    return rows


def write() -> None:
    """Draw the cells that this code has not drawn yet, and write both tables after each."""
    table = pd.read_csv(CHARTS) if CHARTS.exists() else pd.DataFrame(columns=["code"])
    table = table[table["code"] == code_of_charts()]
    for cell in CELLS:
        done = [all(row[name] == value for name, value in cell.columns.items()) for row in table.to_dict("records")]
        if not any(done):
            table = pd.concat([table, pd.DataFrame([row_of(cell)])], ignore_index=True)
            write_csv(CHARTS, table[[*table.columns.drop("code"), "code"]])
    found = pd.read_csv(ESTIMATES) if ESTIMATES.exists() else pd.DataFrame(columns=["family", "code"])
    found = found[found["code"] == code_of_estimates()]
    for name in FAMILIES:
        if not (found["family"] == name).any():
            found = pd.concat([found, pd.DataFrame(rows_of(name))], ignore_index=True)
            write_csv(ESTIMATES, found)


def page() -> str:
    """Return the page with the tables below its mark as they are measured."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(MARK)] + MARK + "\n".join(["", *_of_charts(pd.read_csv(CHARTS)), "",
                                                        *_of_estimates(pd.read_csv(ESTIMATES)), ""])  # fmt: skip


def _of_charts(table: pd.DataFrame) -> list[str]:
    """Return a line for each cell of charts."""
    lines = ["| what changes | size | patients a month | baseline | false alarms | found | months until the alarm "
             "| named rightly |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in table.to_dict("records"):
        more = f", {row['images_per_patient']} images each" if row["images_per_patient"] > 1 else ""
        what = row["change"] + (", restless months" if row["restless"] else "")
        rate = f"{row['false_alarms']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        found = ["", "", ""] if row["change"] not in NAMES else [
            f"{row['found']:.0%}", "" if pd.isna(row["delay"]) else f"{row['delay']:g}", f"{row['named']:.0%}",
        ]  # fmt: skip
        size = f"{row['size']:g}" if row["size"] else ""
        lines.append(
            " | ".join([f"| {what}", size, f"{row['patients']}{more}", str(row["baseline"]), rate, *found]) + " |"
        )
    return lines


def _of_estimates(table: pd.DataFrame) -> list[str]:
    """Return a line for each family of studies and quantity, over all estimators."""
    lines = ["| hospitals differ in | with labels | number | truth in the interval | printed | of these within the "
             "tolerance | of all estimates |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for (family, quantity), rows in table.groupby(["family", "quantity"], sort=False):
        printed = (rows["printed"] * rows["studies"]).sum()
        right = (rows["right"].fillna(0) * rows["printed"] * rows["studies"]).sum()
        inside = f"{rows['covered'].min():.0%} to {rows['covered'].max():.0%}"
        share = f"{right / printed:.1%}" if printed else "none"
        cells = [f"| {family}", str(rows["labelled"].iloc[0]), str(quantity), inside, f"{rows['printed'].mean():.0%}",
                 share, f"{rows['right_of_all'].mean():.0%}"]  # fmt: skip
        lines.append(" | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    write()
    write_text(PAGE, page())
