"""Write docs/calibration/films.csv: what lists of films to read are worth, on simulated hospitals of known truth.

Run by ``make calibration``. Cells that this code has already drawn are kept.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.analysis import read_lists, weighted  # noqa: E402
from crossray.analysis.expected import Binormal  # noqa: E402
from crossray.code_version import code_version  # noqa: E402
from crossray.files import write_csv  # noqa: E402
from crossray.seeds import derived_seed  # noqa: E402
from crossray.study.film_plan import AUC, LISTED, PRECISION, PREVALENCE, SENSITIVITY, SPECIFICITY  # noqa: E402

FILMS = ROOT / "docs/calibration/films.csv"
#: films of a hospital, draws of a cell, and draws whose gains are averaged
CANDIDATES, DRAWS, EXACT = 3000, 2000, 40
#: of the noise of a patient's films
ALIKE = 0.7


@dataclass(frozen=True)
class Cell:
    """A hospital, a model and a list."""

    prevalence: float
    auc: float
    sensitivity: float
    read: int
    images_per_patient: int = 1

    @property
    def columns(self) -> dict[str, float]:
        """Return the columns that name it."""
        names = ("prevalence", "auc", "true_sensitivity", "read", "images_per_patient")
        values = self.prevalence, self.auc, self.sensitivity, self.read, self.images_per_patient
        return dict(zip(names, values, strict=True))


CELLS = (
    Cell(0.05, 0.85, 0.8, 400), Cell(0.05, 0.9, 0.6, 400), Cell(0.05, 0.95, 0.6, 400), Cell(0.2, 0.85, 0.8, 200),
    Cell(0.2, 0.85, 0.8, 300, 3),
)  # fmt: skip


def code() -> str:
    """Return the digest of the code that lists and estimates come from."""
    return code_version("crossray/analysis/read_lists", "crossray.analysis.weighted")


def drawn(cell: Cell, number: int) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """Draw labels, scores and patients of a hospital's films; a patient's films have one label."""
    generator = np.random.default_rng(derived_seed(7, str(cell), str(number)))
    patients = np.arange(CANDIDATES) // cell.images_per_patient
    count = int(patients[-1]) + 1
    positive = (generator.random(count) < cell.prevalence)[patients]
    noise = np.sqrt(ALIKE) * generator.normal(size=count)[patients]
    noise += np.sqrt(1 - ALIKE) * generator.normal(size=CANDIDATES)
    return positive, noise + Binormal(cell.prevalence, cell.auc).distance * positive, patients


def limit_of(cell: Cell) -> float:
    """Return the threshold with the cell's sensitivity."""
    return float(Binormal(cell.prevalence, cell.auc).distance - norm.ppf(cell.sensitivity))


def truth_of(cell: Cell) -> dict[str, float]:
    """Return the true numbers."""
    kept = float(norm.cdf(limit_of(cell)))
    called = cell.prevalence * cell.sensitivity + (1 - cell.prevalence) * (1 - kept)
    precision = cell.prevalence * cell.sensitivity / called
    return {AUC: cell.auc, SENSITIVITY: cell.sensitivity, SPECIFICITY: kept, PREVALENCE: cell.prevalence,
            PRECISION: precision}  # fmt: skip


def list_of(
    cell: Cell, number: int, scores: NDArray, patients: NDArray, parts: Sequence[float] = read_lists.EQUAL_PARTS
) -> read_lists.ReadList:  # fmt: skip
    """Put the films of a draw into an order, patients whole, for the AUC and the sensitivity."""
    scored = read_lists.Scored("finding", scores, limit_of(cell), Binormal(cell.prevalence, cell.auc))
    return read_lists.make([scored], patients, (AUC, SENSITIVITY), number, parts)


def estimates(cell: Cell, found: read_lists.ReadList, drawing: tuple[NDArray, NDArray, NDArray]) -> NDArray[np.float64]:
    """Read the list, and return each number with its limits, shape (numbers, 3)."""
    positive, scores, patients = drawing
    units = found.order[: cell.read // cell.images_per_patient]
    rows = np.flatnonzero(np.isin(patients, units))
    owners = patients[rows]
    sample = weighted.Sample(found.strata[owners], owners, owners, np.bincount(found.strata))
    ill, called, every = positive[rows], scores[rows] >= limit_of(cell), np.ones(len(rows), bool)
    return np.array([
        weighted.auc(sample, ill, ~ill, scores[rows]), weighted.share(sample, ill, called),
        weighted.share(sample, ~ill, ~called), weighted.share(sample, every, ill), weighted.share(sample, called, ill),
    ])  # fmt: skip


def gains(cell: Cell, found: read_lists.ReadList, drawing: tuple[NDArray, NDArray, NDArray]) -> NDArray[np.float64]:
    """Return the ratio of variances of a simple random sample of units and of the list, with the true labels."""
    positive, scores, patients = drawing
    called, films = scores >= limit_of(cell), np.bincount(patients)
    placed = np.searchsorted(np.sort(scores[~positive]), scores) / (~positive).sum()
    beaten = 1 - np.searchsorted(np.sort(scores[positive]), scores) / positive.sum()
    area = placed[positive].mean()
    errors = [
        np.where(positive, (placed - area) / positive.sum(), (beaten - area) / (~positive).sum()),
        positive * (called - called[positive].mean()) / positive.sum(),
        ~positive * (called[~positive].mean() - called) / (~positive).sum(),
        (positive - positive.mean()) / len(positive), called * (positive - positive[called].mean()) / called.sum(),
    ]  # fmt: skip
    units, strata = cell.read // cell.images_per_patient, found.strata
    there, read = np.bincount(strata), np.bincount(strata[found.order[:units]])
    ratios = []
    for error in errors:
        sums = np.bincount(patients, error)
        means = np.bincount(strata, sums) / there
        within = np.bincount(strata, (sums - means[strata]) ** 2) / np.maximum(there - 1, 1)
        ours = (there**2 * within / read).sum() + (there * means**2).sum()
        ratios.append(len(films) ** 2 * sums.var() / units / ours)
    return np.array(ratios)


def most(cell: Cell) -> dict[str, float]:
    """Return the gain of the AUC and of the sensitivity that no list and no unbiased estimator can exceed.

    Of a number alone, by the efficiency bound where scores are known and nothing is assumed on how the probability
    rises with them: the best probabilities of reading are proportional to the standard deviation that is left.
    """
    scores = Binormal(cell.prevalence, cell.auc)
    grid = np.linspace(-7, 7 + scores.distance, 40_001)
    density = (1 - cell.prevalence) * norm.pdf(grid) + cell.prevalence * norm.pdf(grid - scores.distance)
    density /= density.sum()
    share, called = 1 / (1 + np.exp(-scores.logits(grid))), grid >= limit_of(cell)
    errors = {
        AUC: ((norm.cdf(grid) - cell.auc) / cell.prevalence,
              (norm.cdf(scores.distance - grid) - cell.auc) / (1 - cell.prevalence)),
        SENSITIVITY: ((called - cell.sensitivity) / cell.prevalence, np.zeros(len(grid))),
    }  # fmt: skip
    found = {}
    for name, (ill, well) in errors.items():
        plain = (density * (share * ill**2 + (1 - share) * well**2)).sum()
        found[name] = float(plain / (density * np.sqrt(share * (1 - share)) * np.abs(ill - well)).sum() ** 2)
    return found


def rows_of(cell: Cell, draws: int = DRAWS) -> list[dict[str, object]]:
    """Draw a cell; return a row for each number."""
    first = drawn(cell, 0)
    part = list_of(cell, 0, *first[1:]).equal_part
    found, saved = [], []
    for number in range(draws):
        drawing = drawn(cell, number)
        listed = list_of(cell, number, *drawing[1:], (part,))
        found.append(estimates(cell, listed, drawing))
        if number < EXACT:
            saved.append(gains(cell, listed, drawing))
    values = np.array(found)
    rows: list[dict[str, object]] = []
    for place, name in enumerate(LISTED):
        true, (value, low, high) = truth_of(cell)[name], values[:, place].T
        row: dict[str, object] = dict(cell.columns)
        row |= {"measure": name, "draws": draws, "equal_part": part, "truth": round(true, 6)}
        row |= {"bias": round(float(np.nanmean(value)) - true, 6)}
        row |= {"bias_error": round(float(np.nanstd(value)) / draws**0.5, 6)}
        row |= {"coverage": round(float(((low <= true) & (true <= high)).mean()), 4)}
        row |= {
            "width": round(float(np.nanmean(high - low)), 4),
            "gain": round(float(np.mean(saved, axis=0)[place]), 3),
        }
        rows.append(row | {"code": code()})
    return rows


def write(path: Path = FILMS) -> None:
    """Draw the cells that this code has not drawn yet, and write the table after each."""
    table = pd.read_csv(path) if path.exists() else pd.DataFrame()
    for cell in CELLS:
        if len(table) and _of(table, cell)["code"].eq(code()).sum() == len(LISTED):
            continue
        kept = table.drop(_of(table, cell).index) if len(table) else table
        table = pd.concat([kept, pd.DataFrame(rows_of(cell))], ignore_index=True)
        write_csv(path, table)


def _of(table: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    return table[np.logical_and.reduce([table[name] == value for name, value in cell.columns.items()])]


if __name__ == "__main__":
    write()
