"""Write docs/calibration: how often intervals cover and tests reject, and the page that says so.

Run by ``make calibration``.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import calibration_agreement as agreement
import calibration_means as means
import calibration_scores as scores
import pandas as pd
from calibration_draws import (
    AUC,
    CALIBRATION,
    NOW,
    PERMUTATIONS,
    PLACE_TASKS,
    PLACES,
    ROOT,
    SEEDS_DIFFER,
    SHARE,
    SPREAD,
    TRAINED,
    TRAINED_DROP,
    UNEQUAL,
    calibration_cells,
    code,
    code_of_calibration,
    code_of_shares,
    code_of_tests,
    code_of_trainings,
    cover,
    cover_calibration,
    cover_share,
    cover_trainings,
    coverage_cells,
    reject,
    share_cells,
    test_cells,
    training_cells,
)

from crossray.files import write_csv, write_text

FOLDER, PAGE = ROOT / "docs/calibration", ROOT / "docs/calibration.md"
COVERAGE, TESTS = FOLDER / "coverage.csv", FOLDER / "tests.csv"
COVERAGE_COLUMNS = [
    "quantity", "method", "positives", "negatives", "truth", "images_per_patient", "seeds", "draws", "coverage",
    "width", "reference_width", "code",
]  # fmt: skip
TEST_COLUMNS = [
    "test", "method", "truth", "sizes", "images_per_patient", "draws", "rejects", "power_draws", "power",
    "reference_power", "code",
]  # fmt: skip
#: draws of which the permutation test is asked, one in so many
POWER_SHARE = 5


@dataclass(frozen=True)
class Cell:
    """What is drawn: the columns that name it, how its rows are found, and the digest of the code behind them."""

    names: Mapping[str, str]
    drawn: Callable[[], list[dict[str, object]]]
    code: str


def coverage_rows(draws: int) -> list[Cell]:
    """Return the cells of coverage.csv."""
    columns = ("quantity", "positives", "negatives", "truth", "images_per_patient")
    single = [
        Cell(dict(zip(columns, map(str, cell), strict=True)), partial(cover, *cell, draws), code())
        for cell in coverage_cells()
    ]
    named = ("quantity", "positives", "negatives", "truth", "seeds")
    of_trainings = [
        Cell(dict(zip(named, map(str, cell), strict=True)), partial(cover_trainings, *cell, draws), code_of_trainings())
        for cell in training_cells()
    ]
    return [*single, *(
        Cell(dict(zip(columns, map(str, cell), strict=True)), partial(drawn, *cell, draws), digest)
        for cells, drawn, digest in (
            *(([cell], means.cover, means.code(cell[0])) for cell in means.cells()),
            *(([cell], agreement.cover, agreement.code(cell[0])) for cell in agreement.cells()),
            (calibration_cells(), cover_calibration, code_of_calibration()),
            (share_cells(), cover_share, code_of_shares()),
            *(([cell], scores.cover, scores.code(cell[0])) for cell in scores.cells()),
        )
        for cell in cells
    ), *of_trainings]  # fmt: skip


def test_rows(draws: int) -> list[Cell]:
    """Return the cells of tests.csv."""
    columns = ("test", "sizes", "truth", "images_per_patient")
    return [
        Cell(
            dict(zip(columns, (test, "/".join(map(str, sizes)), str(truth), str(images)), strict=True)),
            partial(reject, test, sizes, truth, images, draws, max(draws // POWER_SHARE, 1)),
            code_of_tests(),
        )
        for test, sizes, truth, images in test_cells()
    ]


def write_table(path: Path, columns: Sequence[str], cells: Sequence[Cell], draws: int) -> None:
    """Draw each cell that this code has not drawn so often yet, and write the table after each.

    What was drawn less often stays until it is drawn again; what other code drew does not.
    """
    old = read(path) if path.exists() else []
    rows: list[Sequence[Mapping[str, object]]] = [
        [row for row in old if cell.names.items() <= row.items() and row["code"] == cell.code] for cell in cells
    ]
    for number, cell in enumerate(cells):
        if not any(row["method"] == NOW and int(str(row["draws"])) >= draws for row in rows[number]):
            rows[number] = cell.drawn()
            write_csv(path, pd.DataFrame([row for part in rows for row in part], columns=columns))


def read(path: Path) -> list[dict[str, str]]:
    """Read a table that :func:`write_table` wrote."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def page() -> str:
    """Return the page, in Markdown."""
    coverage, tests = read(COVERAGE), read(TESTS)
    now = [len([row for row in rows if row["method"] == NOW]) for rows in (coverage, tests)]
    lines = [
        "# Coverage of intervals and rejection rates of tests",
        "",
        "Written by `make calibration`, which simulates patients with known AUC: normal scores, of equal variance",
        "in both classes where nothing else is said, correlated images of a patient (0.7 of the variance). A 95%",
        "interval should cover in 95% of the draws, and a test at 5% reject in 5% without a difference. All cells,",
        "with the digest of the code, are in [coverage.csv](calibration/coverage.csv) and",
        "[tests.csv](calibration/tests.csv).",
        "",
        f"Drawn so far: {now[0]} of {len(coverage_rows(1))} cells of coverage and "
        f"{now[1]} of {len(list(test_cells()))} of tests, with the number of draws of its line. Two",
        "Monte Carlo errors of a coverage of 0.95 are 0.010 with 2,000 draws, 0.014 with 1,000 and 0.028 with 250.",
        "",
        "- **An AUC**: Newcombe's method 5 (2006), its variance moderated (Smyth 2004) by DeLong's with patients as",
        "  clusters (Obuchowski 1997), Student's t. The prior correlation of the images of a patient is 0.7",
        "  (Kish 1965).",
        "- **Internal against external**: limits recovered from those of both AUCs (MOVER; Zou and Donner 2008).",
        "- **Two models on the same images**: a test is Student's t of each patient's contribution to the difference.",
        "  The interval reaches as far, with as many degrees of freedom as patients that carry it, and at least as",
        "  far as the limits of both AUCs allow, their common error moving both alike. It ends at 0 where the test",
        "  rejects.",
        "- **Means of tasks** at one target, and of several pairs, and the differences of the latter: limits recovered",
        "  from those of the AUCs (MOVER), with the correlations of the bootstrap resamples of patients. The drop of",
        "  one pair, and two models on one target, have the limits of their tests, as above, wherever they are shown.",
        "- **Means of trainings**: patients and trainings both random (Obuchowski and Rockette 1995), the variance",
        "  between trainings pooled over targets and tasks on the logit scale, Satterthwaite's degrees of",
        "  freedom.",
        "- **Calibration**: slope, intercept and observed over expected with the sandwich variance, patients as",
        "  clusters, shrunk towards the model's if patients are few.",
        "- **Two who call the same images**: F1 from the share that both call among the images that either calls, and",
        "  kappa from F1 at the rates at which they call.",
        "- **Scores of maps**: Wilson's interval for as many images as the variance between patients makes them",
        "  worth, with Student's t.",
        "- **Average precision, Brier score, calibration error**: percentiles of resamples of patients, of the last",
        "  debiased twice.",
        "",
        "Not simulated: means over pairs of hospitals, and macro F1, which has percentiles too.",
        "",
        "## Intervals of an AUC",
        "",
        "Lowest and highest coverage over the true AUCs 0.5 to 0.99; the mean width, divided by that of",
        "Newcombe's method 5 if patients have one image and by the range that contains 95% of the estimates if",
        "they have several. Near an AUC of 1 estimates are skewed and any interval that covers is wider than them.",
        "",
        _HEAD.format("width to 0.95", "width at 0.99"),
        _RULE,
    ]
    lines += [
        *_coverage_lines([row for row in coverage if row["quantity"] == AUC]),
        "",
        f"**Scores of positives that vary more**: their standard deviation is {SPREAD} of that of the others.",
        "",
        _HEAD.format("width to 0.9", "width at 0.95"),
        _RULE,
        *_coverage_lines([row for row in coverage if row["quantity"] == UNEQUAL], "0.95"),
        "",
        "With ten patients with the finding these cover as little as 0.92: method 5 takes both classes to vary alike.",
    ]
    least = _least(coverage, "5", means.MEAN, means.DROP)
    lines += [
        "",
        "## Differences of two AUCs",
        "",
        "One task, of a model at home and at another hospital with these patients with and without the finding:",
        f"{means.AWAY[0]} / {means.AWAY[1]}; or of two models on the same images. The second d' is 0.6 less. Groups of",
        "patients are compared like hospitals. Coverage over the true AUCs 0.7, 0.9 and 0.95; the width is divided by",
        "the range that contains 95% of estimates. Where a model makes few errors in the sample the data allow many",
        "differences, so that limits of two models are wider than the estimates vary.",
        "",
        *_quantities(coverage, means.SINGLE),
        "## Means and their differences",
        "",
        "The same of five tasks, each with the given patients with and without the finding; the scores of an image",
        f"share half of their variance. With five patients per finding {least:.2f} is the least coverage of a mean;",
        "the default minimum of a study is ten.",
        "",
        *_quantities(coverage, (means.MEAN, means.DROP, means.MODELS)),
        "## Trainings",
        "",
        f"A model's trainings, whose d' has a standard deviation of {SEEDS_DIFFER} between them, measured on "
        f"{PLACE_TASKS} tasks at {PLACES}",
        "places with the given patients with and without the finding: how often the interval contains the mean of all",
        "possible trainings, and how often an interval over patients alone would. The true AUC is 0.8.",
        "",
        "In practice: over four seeds of an earlier default study on one machine, the AUC of south to north varied",
        "with a standard deviation of 0.046 (0.674, 0.754, 0.754, 0.674; interval of the first over patients: 0.64",
        "to 0.71), that of south to west with 0.05, and all other pairs with less than 0.01; the mean drop of south",
        "was 0.22, 0.13, 0.12 and 0.17.",
        "",
        "| what | seeds | patients with / without | method | draws | least coverage | largest | width |",
        "|---|---|---|---|---|---|---|---|",
        *_training_lines([row for row in coverage if row["quantity"] in (TRAINED, TRAINED_DROP)]),
        "",
        "## Calibration",
        "",
        "Logits with a standard deviation of 1.1 and labels drawn from their probabilities; a patient's labels have",
        "an additional correlation. For the slope, logits are too extreme: the true one is 0.7. The width is divided",
        "by the range that contains 95% of the estimates.",
        "",
        "| what | images a patient | patients with / without | draws | coverage | width |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['quantity']} | {_images(row)} | {row['positives']} / {row['negatives']} | {row['draws']} | "
            f"{float(row['coverage']):.3f} | {float(row['width']) / float(row['reference_width']):.2f} |"
            for row in coverage
            if row["quantity"] in CALIBRATION
        ),
        "",
        "## Percentiles of resamples",
        "",
        "Average precision of the true AUCs 0.7 and 0.9, the Brier score of probabilities that are right, and the",
        f"calibration error of these and of logits that are too extreme (slope {scores.SLOPES[1]}). The width is",
        "divided by the range that contains 95% of the estimates. The calibration error of logits that are too",
        "extreme covers as little as 0.91 with 20 patients with the finding; that of right ones covers too often, as",
        "it cannot be less than 0.",
        "",
        "| what | images a patient | patients with / without | draws | least coverage | largest | widths |",
        "|---|---|---|---|---|---|---|",
        *_width_lines(
            [row for row in coverage if row["quantity"] in scores.QUANTITIES], ("positives", "negatives"), "{} / {}"
        ),
        "",
        "## Sensitivity at a threshold",
        "",
        "Coverage over the true shares 0.5, 0.8 and 0.95; the width is divided by the range that contains 95% of the",
        "estimates. With ten patients and a true share of 0.95 Wilson's interval holds it only where nine or ten are",
        "found, in 91% of all samples.",
        "",
        _HEAD.format("width to 0.8", "width at 0.95").replace(" / without", ""),
        _RULE,
        *(
            line.replace(" / 0 |", " |")
            for line in _coverage_lines([row for row in coverage if row["quantity"] == SHARE], "0.95")
        ),
        "",
        "## Agreement of calls, and scores of maps",
        "",
        "Two call images at the same or at other rates (1 in 20 to 1 in 2); maps hit a region or not, or overlap",
        "with it in part, with means of 0.2 to 0.8. The width is divided by the range that contains 95% of the",
        "estimates. Where all or none of a sample's images are hit, or all calls agree, percentiles have width zero.",
        "",
        "| what | images a patient | patients | method | draws | least coverage | largest | widths |",
        "|---|---|---|---|---|---|---|---|",
        *(
            line
            for quantity in sorted(agreement.QUANTITIES)
            for line in _width_lines(
                [row for row in coverage if row["quantity"] == quantity], ("positives", "method"), "{} | {}"
            )
        ),
        "",
        "## Tests at 5%",
        "",
        "Rejections without a difference; power if d' is 0.6 less, of CrossRay's test and of a permutation test on",
        f"the same draws, one for {POWER_SHARE} of the others ({PERMUTATIONS} permutations).",
        "",
        "| test | patients with / without | images a patient | true AUC | method | draws | rejects | power | "
        "permutation's |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['test']} | {row['sizes']} | {_images(row)} | {row['truth']} | {row['method']} | {row['draws']} | "
        f"{float(row['rejects']):.3f} | {float(row['power']):.2f} | {float(row['reference_power']):.2f} |"
        for row in tests
    ]
    return "\n".join([*lines, ""])


_HEAD = "| images a patient | patients with / without | method | draws | least coverage | largest | {} | {} |"
_RULE = "|---|---|---|---|---|---|---|---|"


def _least(coverage: Sequence[Mapping[str, str]], positives: str, *quantities: str) -> float:
    """Return the least coverage of quantities with so many patients with the finding."""
    rows = [row for row in coverage if row["method"] == NOW and row["positives"] == positives]
    return min(float(row["coverage"]) for row in rows if row["quantity"] in quantities)


def _quantities(coverage: Sequence[Mapping[str, str]], quantities: Sequence[str]) -> Iterator[str]:
    """Yield a table for each of several quantities."""
    for quantity in quantities:
        yield from (f"**{quantity[0].upper()}{quantity[1:]}**", "")
        yield from (_HEAD.format("width to 0.9", "width at 0.95"), _RULE)
        yield from _coverage_lines([row for row in coverage if row["quantity"] == quantity], "0.95")
        yield ""


def _coverage_lines(rows: Sequence[Mapping[str, str]], last_truth: str = "0.99") -> Iterator[str]:
    """Yield a line for each size and method; the width at one true AUC stands alone."""
    keys = ("images_per_patient", "positives", "negatives", "method")
    for key in dict.fromkeys(tuple(row[name] for name in keys) for row in rows):
        part = [row for row in rows if tuple(row[name] for name in keys) == key]
        covered = [float(row["coverage"]) for row in part]
        widths = {row["truth"]: float(row["width"]) / float(row["reference_width"]) for row in part}
        last = widths.pop(last_truth, None)
        usual = f"{min(widths.values()):.2f} to {max(widths.values()):.2f}" if widths else ""
        yield (
            f"| {_images(part[0])} | {key[1]} / {key[2]} | {key[3]} | {part[0]['draws']} | {min(covered):.3f} | "
            f"{max(covered):.3f} | {usual} | {'' if last is None else f'{last:.2f}'} |"
        )


def _training_lines(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield a line for each quantity, number of trainings, size and method."""
    keys = ("quantity", "seeds", "positives", "negatives", "method")
    for key in dict.fromkeys(tuple(row[name] for name in keys) for row in rows):
        part = [row for row in rows if tuple(row[name] for name in keys) == key]
        covered = [float(row["coverage"]) for row in part]
        width = max(float(row["width"]) / float(row["reference_width"]) for row in part)
        yield (
            f"| {key[0]} | {key[1]} | {key[2]} / {key[3]} | {key[4]} | {part[0]['draws']} | {min(covered):.3f} | "
            f"{max(covered):.3f} | {width:.2f} |"
        )


def _width_lines(rows: Sequence[Mapping[str, str]], keys: Sequence[str], cell: str) -> Iterator[str]:
    """Yield a line for each quantity, number of images, and value of ``keys``, which ``cell`` shows."""
    keys = ("quantity", "images_per_patient", *keys)
    for key in dict.fromkeys(tuple(row[name] for name in keys) for row in rows):
        part = [row for row in rows if tuple(row[name] for name in keys) == key]
        covered = [float(row["coverage"]) for row in part]
        widths = [float(row["width"]) / float(row["reference_width"]) for row in part]
        yield (
            f"| {key[0]} | {_images(part[0])} | {cell.format(*key[2:])} | {part[0]['draws']} | {min(covered):.3f} | "
            f"{max(covered):.3f} | {min(widths):.2f} to {max(widths):.2f} |"
        )


def _images(row: Mapping[str, str]) -> str:
    most = row["images_per_patient"]
    return most if most == "1" else f"1 to {most}"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw, and write tables and page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--draws", type=int, default=2000, help="draws of each cell (default: %(default)s)")
    options.add_argument("--only", choices=("coverage", "tests", "page"), help="write this table, or the page, alone")
    arguments = options.parse_args(argv)
    FOLDER.mkdir(exist_ok=True)
    if arguments.only in (None, "coverage"):
        write_table(COVERAGE, COVERAGE_COLUMNS, coverage_rows(arguments.draws), arguments.draws)
    if arguments.only in (None, "tests"):
        write_table(TESTS, TEST_COLUMNS, test_rows(arguments.draws), arguments.draws)
    if COVERAGE.exists() and TESTS.exists():
        write_text(PAGE, page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
