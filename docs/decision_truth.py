"""Write docs/calibration/decisions.csv: how often criteria are answered rightly, on simulated images of known truth.

Run by ``make calibration``; the table of docs/decision.md is written from it. Cells that this code has already drawn
are kept.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.analysis.answers import Judged, each_criterion, together  # noqa: E402
from crossray.analysis.local_thresholds import Images, called_at, cross_fitted  # noqa: E402
from crossray.analysis.proportions import POWER, images_to_show  # noqa: E402
from crossray.code_version import code_version  # noqa: E402
from crossray.files import write_csv, write_text  # noqa: E402
from crossray.seeds import derived_seed  # noqa: E402
from crossray.study.acceptance import ALERTS, CANNOT_TELL, MET, NOT_MET, Criteria  # noqa: E402

DECISIONS, PAGE = ROOT / "docs/calibration/decisions.csv", ROOT / "docs/decision.md"
START, END = "<!-- by docs/decision_truth.py -->", "<!-- to here -->"
DRAWS = 2000
#: of the noise of a patient's images
ALIKE = 0.7
#: rooms below this are none
_EQUAL = 1e-9
#: where a threshold is from
CHOSEN, GIVEN, NONE = "chosen on the target's images", "brought by the model", "none"
#: what the truth is, by how much it exceeds what is wanted
MEETS, BORDERLINE, MISSES = "meets", "borderline", "does not meet"


@dataclass(frozen=True)
class Cell:
    """Criteria, a model of known truth, and how many patients were read.

    Attributes:
        truth: one of ``MEETS``, ``BORDERLINE`` and ``MISSES``.
        criteria: what is required.
        distance: between the means of scores with and without the finding, in standard deviations.
        positives: patients with the finding.
        negatives: patients without it.
        threshold: that the model brings; None if it is chosen on the target's images.
        images_per_patient: of each patient.
    """

    truth: str
    criteria: Criteria
    distance: float
    positives: int
    negatives: int
    threshold: float | None = None
    images_per_patient: int = 1

    @property
    def columns(self) -> dict[str, object]:
        """Return the columns that name it."""
        said = [f"{name} {value:g}" for name, value in self.criteria.wanted().items()]
        place = CHOSEN if self.threshold is None else GIVEN
        return {
            "criteria": ", ".join(said), "threshold": place if self.criteria.needs_threshold() else NONE,
            "truth": self.truth,
            "auc": round(float(norm.cdf(self.distance / np.sqrt(2))), 4), "positives": self.positives,
            "negatives": self.negatives, "images_per_patient": self.images_per_patient,
        }  # fmt: skip


def cells() -> list[Cell]:
    """Return what is drawn: criteria of the docs at three truths, and yields; thresholds given and chosen."""
    both = Criteria(sensitivity=0.85, specificity=0.8)
    found = []
    for truth, (right, kept) in {MEETS: (0.9, 0.85), BORDERLINE: (0.85, 0.8), MISSES: (0.8, 0.75)}.items():
        sizes = _planned(0.9, 0.85), _planned(0.85, 0.8)
        distance, given = float(norm.ppf(right) + norm.ppf(kept)), float(norm.ppf(kept))
        found += [Cell(truth, both, distance, *sizes, given), Cell(truth, both, distance, *sizes)]
        if truth != MEETS:
            found.append(Cell(truth, both, distance, 150, 150, given, 3))
    for truth, auc in {MEETS: 0.9, BORDERLINE: 0.85, MISSES: 0.8}.items():
        found.append(Cell(truth, Criteria(auc=0.85), float(np.sqrt(2) * norm.ppf(auc)), 200, 200))
    found.append(Cell(MEETS, Criteria(sensitivity=0.9), 2.0, 300, 300))
    at = {"prevalence": 0.1, "per_day": 100}
    for truth, more in {MEETS: 0.08, BORDERLINE: 0.0, MISSES: -0.08}.items():
        precise, few = Criteria(precision=0.4, **at), Criteria(alerts_per_day=20, **at)
        found += [Cell(truth, precise, 2.0, 300, 300, _at_precision(2.0, 0.4 + more))]
        found += [Cell(truth, few, 2.0, 300, 300, _at_alerts(2.0, 20 - 50 * more))]
    found += [Cell(MEETS, Criteria(precision=0.4, **at), 2.0, 300, 300)]
    found += [Cell(MISSES, Criteria(precision=0.15, **at), 0.0, 300, 300)]
    found += [Cell(MEETS, Criteria(alerts_per_day=20, **at), 2.0, 300, 300)]
    return found


def _planned(share: float, wanted: float) -> int:
    """Return the images that show one of two criteria, so that both are shown with the planned power."""
    return images_to_show(share, wanted, power=POWER**0.5) or 0


def true_values(cell: Cell, threshold: float) -> dict[str, float]:
    """Return the true value of every criterion at a threshold."""
    right, false = float(norm.cdf(cell.distance - threshold)), float(norm.cdf(-threshold))
    ill = float(cell.criteria.prevalence or 0)
    alerts = ill * right + (1 - ill) * false
    return {
        "auc": float(norm.cdf(cell.distance / np.sqrt(2))), "sensitivity": right, "specificity": 1 - false,
        "precision": ill * right / alerts if alerts else 1.0, ALERTS: float(cell.criteria.per_day or 0) * alerts,
    }  # fmt: skip


def _at_precision(distance: float, wanted: float) -> float:
    """Return the threshold with a precision at a prevalence of 0.1; with a distance a precision rises with it."""
    odds = np.log(wanted / (1 - wanted) * 9)
    return float(brentq(lambda at: norm.logsf(at - distance) - norm.logsf(at) - odds, -3, 6, xtol=1e-12))


def _at_alerts(distance: float, wanted: float) -> float:
    """Return the threshold with so many alerts of 100 images at a prevalence of 0.1."""
    return float(brentq(lambda at: 10 * norm.sf(at - distance) + 90 * norm.sf(at) - wanted, -6, 6, xtol=1e-12))


def room(cell: Cell, threshold: float) -> float:
    """Return by which part of what is wanted the truth exceeds the tightest criterion; below 0 it falls short."""
    values = true_values(cell, threshold)
    apart = [(wanted - values[name] if name == ALERTS else values[name] - wanted) / wanted
             for name, wanted in cell.criteria.wanted().items()]  # fmt: skip
    return min(apart)


def judged(cell: Cell, number: int) -> tuple[str, float]:
    """Draw images and judge them; return the answer, and the true room of the threshold to use."""
    generator = np.random.default_rng(derived_seed(11, str(cell.columns), str(number)))
    owners = np.repeat(np.arange(cell.positives + cell.negatives), cell.images_per_patient)
    positive = owners < cell.positives
    noise = np.sqrt(ALIKE) * generator.normal(size=owners[-1] + 1)[owners]
    noise = noise + np.sqrt(1 - ALIKE) * generator.normal(size=len(owners))
    images = Images(positive, noise + cell.distance * positive, owners, int(owners[-1]) + 1)
    called = called_at(images, cell.threshold) if cell.threshold is not None else None
    if cell.threshold is None and cell.criteria.needs_threshold():
        called = cross_fitted(images, cell.criteria, number)
    answer = together(list(each_criterion(Judged(images, called), cell.criteria)))["answer"]
    return answer, room(cell, called.threshold if called else 0.0)


def row_of(cell: Cell, draws: int = DRAWS) -> dict[str, object]:
    """Draw a cell; return its row."""
    found = [judged(cell, number) for number in range(draws)]
    answers = [answer for answer, _ in found]
    row: dict[str, object] = dict(cell.columns) | {"draws": draws}
    row |= {answer.replace(" ", "_"): answers.count(answer) for answer in (MET, NOT_MET, CANNOT_TELL)}
    # where the truth is what is wanted, either answer is as wrong as where it is a hair's breadth on the other side
    row |= {"wrongly_met": sum(answer == MET and truth < _EQUAL for answer, truth in found)}
    row |= {"wrongly_not_met": sum(answer == NOT_MET and truth > -_EQUAL for answer, truth in found)}
    return row | {"code": code()}


def code() -> str:
    """Return the digest of the code that thresholds and answers come from."""
    return code_version("crossray/analysis/answers")


def write(path: Path = DECISIONS) -> None:
    """Draw the cells that this code has not drawn yet, and write the table after each; then the page."""
    old = pd.read_csv(path).to_dict("records") if path.exists() else []
    rows: list[Mapping[str, object]] = []
    for cell in cells():
        kept = [row for row in old if cell.columns.items() <= row.items() and row["code"] == code()]
        rows.append(kept[0] if kept else row_of(cell))
        write_csv(path, pd.DataFrame(rows))
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(START)[0], text.split(END)[1]
    write_text(PAGE, f"{before}{START}\n{table(pd.DataFrame(rows))}{END}{after}")


def table(rows: pd.DataFrame) -> str:
    """Return the table of the page: shares in per cent, with their 95% intervals over the draws."""
    lines = ["| required | threshold | truth | AUC | patients with / without | images a patient | met | not met "
             "| wrongly met | wrongly not met |", "|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows.to_dict("records"):
        shares = [_share(row[name], row["draws"]) for name in ("met", "not_met", "wrongly_met", "wrongly_not_met")]
        sizes = f"{row['positives']} / {row['negatives']}"
        lines.append(
            f"| {row['criteria']} | {row['threshold']} | {row['truth']} | {row['auc']:.2f} | {sizes} | "
            f"{row['images_per_patient']} | {' | '.join(shares)} |"
        )
    return "\n".join([*lines, ""])


def _share(count: int, draws: int) -> str:
    low, high = proportion_confint(count, draws, method="wilson")
    return f"{100 * count / draws:.1f} ({100 * low:.1f} to {100 * high:.1f})"


if __name__ == "__main__":
    write()
