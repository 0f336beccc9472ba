"""Write docs/calibration/widths.csv, and its part of docs/planning.md: are intervals as wide as was promised?

Run by ``make calibration``. Each draw is a hospital's sample of the planned number of films, normal scores of a
calibrated model, and its interval that which a study prints. Rows that this code has already drawn are kept.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.analysis import calibration_line, net_benefit, sample_sizes, shares  # noqa: E402
from crossray.analysis.expected import Binormal  # noqa: E402
from crossray.analysis.intervals import interval, measure_auc  # noqa: E402
from crossray.analysis.local_thresholds import Images  # noqa: E402
from crossray.code_version import code_version  # noqa: E402
from crossray.figures.films import MEASURES  # noqa: E402
from crossray.files import write_csv  # noqa: E402
from crossray.seeds import derived_seed  # noqa: E402
from crossray.study.film_plan import (  # noqa: E402
    AUC,
    NET_BENEFIT,
    OBSERVED_EXPECTED,
    SENSITIVITY,
    SLOPE,
    SPECIFICITY,
    Expected,
)

WIDTHS = ROOT / "docs/calibration/widths.csv"
PAGE = ROOT / "docs/planning.md"
#: what the part of the page stands between
MARKS = "<!-- written by docs/planned_widths.py -->\n", "<!-- until here -->\n"
DRAWS = 4000

#: what is expected of a model, and the width that is asked for of each number
PLANS = (
    (
        Expected(prevalence=0.2, auc=0.85, sensitivity=0.8, specificity=0.7, acts_from=0.15),
        {AUC: 0.1, SENSITIVITY: 0.15, SPECIFICITY: 0.1, NET_BENEFIT: 0.06, SLOPE: 0.5, OBSERVED_EXPECTED: 0.4},
    ),
    (
        Expected(prevalence=0.05, auc=0.9, sensitivity=0.85, specificity=0.8, acts_from=0.1),
        {AUC: 0.1, SENSITIVITY: 0.2, SPECIFICITY: 0.05, NET_BENEFIT: 0.03, SLOPE: 0.5, OBSERVED_EXPECTED: 0.5},
    ),
    (
        Expected(prevalence=0.4, auc=0.7, sensitivity=0.9, specificity=0.4, acts_from=0.3),
        {AUC: 0.15, SENSITIVITY: 0.15, SPECIFICITY: 0.2, NET_BENEFIT: 0.15, SLOPE: 0.8, OBSERVED_EXPECTED: 0.4},
    ),
)


def code() -> str:
    """Return the digest of the code that plans and intervals come from."""
    modules = ("calibration_line", "intervals", "net_benefit", "shares")
    return code_version("crossray/analysis/sample_sizes", *(f"crossray.analysis.{name}" for name in modules))


def drawn(generator: np.random.Generator, images: int, expected: Expected) -> Images:
    """Draw images of a calibrated model as they come."""
    scores = Binormal(float(expected.prevalence), float(expected.auc))
    positive = generator.random(images) < expected.prevalence
    logits = scores.logits(generator.normal(size=images) + scores.distance * positive)
    return Images(positive, logits, np.arange(images), images)


def called(here: Images, expected: Expected) -> NDArray[np.bool_]:
    """Call images so that sensitivity and specificity are those expected, whatever the probability to act from."""
    scores = Binormal(float(expected.prevalence), float(expected.auc))
    places = {True: norm.isf(expected.sensitivity) + scores.distance, False: norm.ppf(expected.specificity)}
    limits = (scores.logits(np.array(places[one])) for one in (True, False))
    return here.logits >= np.where(here.positive, *limits)


def measured(measure: str, here: Images, expected: Expected) -> tuple[float, float]:
    """Return the interval that a study prints."""
    if measure == AUC:
        return interval(measure_auc(here.positive, here.logits, here.patients, here.count))
    if measure in (SENSITIVITY, SPECIFICITY):
        rows = here.positive == (measure == SENSITIVITY)
        return shares.interval((called(here, expected) == here.positive)[rows], here.patients[rows])
    if measure == NET_BENEFIT:
        limit = float(expected.acts_from or 0)
        return net_benefit.of_calls(here, called(here, expected), limit / (1 - limit), None)[1:]
    line = calibration_line.measure(here.positive, here.logits, here.patients)
    found = line.slope if measure == SLOPE else line.observed_expected
    return found.low, found.high


def row_of(measure: str, wanted: float, expected: Expected, draws: int = DRAWS) -> dict[str, object]:
    """Draw samples of the planned number of films; return how wide intervals are."""
    images = sample_sizes.images_for(measure, wanted, expected, 1.0, 1.0)
    generator = np.random.default_rng(derived_seed(11, measure, repr(expected)))
    ends = np.array([measured(measure, drawn(generator, images, expected), expected) for _ in range(draws)])
    widths = ends[:, 1] - ends[:, 0]
    return {
        "prevalence": expected.prevalence, "auc": expected.auc, "measure": measure, "wanted": wanted,
        "films": images, "draws": draws, "width": round(float(widths.mean()), 6),
        "width_error": round(float(widths.std(ddof=1)) / draws**0.5, 6),
        "widest_of_ten": round(float(np.quantile(widths, 0.9)), 4), "code": code(),
    }  # fmt: skip


def write(path: Path = WIDTHS, draws: int = DRAWS) -> None:
    """Draw what this code has not drawn yet, and write the table after each row."""
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["prevalence", "auc", "measure", "code"])
    for expected, widths in PLANS:
        for measure, wanted in widths.items():
            keys = {"prevalence": expected.prevalence, "auc": expected.auc, "measure": measure}
            own = np.logical_and.reduce([table[name] == value for name, value in keys.items()])
            if len(table[own]) and (table.loc[own, "code"] == code()).all():
                continue
            row = pd.DataFrame([row_of(measure, wanted, expected, draws)])
            table = pd.concat([table[~own], row], ignore_index=True) if len(table) else row
            write_csv(path, table)


def part_of_page(table: pd.DataFrame) -> str:
    """Return what the page says of the table."""
    ratios, errors = table["width"] / table["wanted"], table["width_error"] / table["wanted"]
    lines = [
        f"Over {int(table['draws'].iloc[0]):,} samples of each number, the mean width is {ratios.min():.3f} to "
        f"{ratios.max():.3f} times the promised one (Monte Carlo errors of",
        f"at most {errors.max():.3f}). A single sample's may be wider: one in ten is wider than the last column. From",
        "[widths.csv](calibration/widths.csv), by `docs/planned_widths.py`, a part of `make calibration`.",
        "",
        "| prevalence | AUC | number | films | promised | mean width, Monte Carlo error | one in ten is wider than |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table.itertuples():
        numbers = f"{row.prevalence:g} | {row.auc:g} | {MEASURES[str(row.measure)]} | {row.films:,} | {row.wanted:g}"
        lines.append(f"| {numbers} | {row.width:.4f} ± {row.width_error:.4f} | {row.widest_of_ten:.3f} |")
    return "\n".join([*lines, ""])


def write_page(table: pd.DataFrame) -> None:
    """Put the table into the page, between its marks."""
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text("".join([before, MARKS[0], part_of_page(table), MARKS[1], after]), encoding="utf-8")


if __name__ == "__main__":
    write()
    write_page(pd.read_csv(WIDTHS))
