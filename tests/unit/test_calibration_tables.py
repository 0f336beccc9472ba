"""The tables of docs/calibration are those of the code that is here, and the page is theirs."""

import sys

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import calibration
import calibration_agreement as agreement
import calibration_draws as drawn
import calibration_means as means
import calibration_scores as scores
import verdicts


def rows(path, method=drawn.NOW):
    return [row for row in calibration.read(path) if row["method"] == method]


@pytest.mark.parametrize("path", [calibration.COVERAGE, calibration.TESTS])
def test_the_tables_are_of_this_code(path):
    """After a change of intervals or tests: make calibration."""
    digests = {name: means.code(name) for name in (means.MEAN, means.DROP, means.MODELS, *means.SINGLE)}
    digests |= dict.fromkeys((drawn.TRAINED, drawn.TRAINED_DROP), drawn.code_of_trainings())
    digests |= dict.fromkeys(drawn.CALIBRATION, drawn.code_of_calibration())
    digests |= dict.fromkeys((drawn.AUC, drawn.UNEQUAL), drawn.code())
    digests[drawn.SHARE] = drawn.code_of_shares()
    digests |= {quantity: scores.code(quantity) for quantity in scores.QUANTITIES}
    digests |= {quantity: agreement.code(quantity) for quantity in agreement.QUANTITIES}
    for row in calibration.read(path):
        assert row["code"] == (digests[row["quantity"]] if "quantity" in row else drawn.code_of_tests())


def test_the_page_is_that_of_the_tables():
    assert calibration.PAGE.read_text(encoding="utf-8") == calibration.page()


#: where intervals cover less than 0.93, as the page says
LEAST = {
    (means.MEAN, "5"): 0.90, (means.DROP, "5"): 0.90, (drawn.SHARE, "10"): 0.91, (drawn.UNEQUAL, "10"): 0.90,
    (scores.ERROR, "20"): 0.91,
}  # fmt: skip


def test_intervals_cover_as_the_docs_say():
    for row in rows(calibration.COVERAGE):
        draws = int(row["draws"])
        error = (0.93 * 0.07 / draws) ** 0.5
        least = LEAST.get((row["quantity"], row["positives"]), 0.93)
        assert float(row["coverage"]) >= least - 2 * error, row
        if row["quantity"] == drawn.AUC and row["images_per_patient"] == "1":
            assert float(row["width"]) <= 1.15 * float(row["reference_width"]), row
        narrow = row["quantity"] in (
            means.MEAN, means.DROP, means.MODELS, *means.SINGLE, *drawn.CALIBRATION, *agreement.QUANTITIES
        )  # fmt: skip
        if narrow and row["positives"] == "50":
            assert float(row["width"]) <= 1.3 * float(row["reference_width"]), row


@pytest.mark.whole
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_cell_of_coverage_is_drawn_again(number):
    row = [row for row in rows(calibration.COVERAGE) if row["quantity"] == drawn.AUC][number * 9 + 5]
    names = ("positives", "negatives", "images_per_patient", "draws")
    positives, negatives, images, draws = (int(row[name]) for name in names)
    found = drawn.cover(drawn.AUC, positives, negatives, float(row["truth"]), images, draws)[0]
    assert [found[name] for name in ("coverage", "width")] == [float(row[name]) for name in ("coverage", "width")]


@pytest.mark.whole
def test_a_cell_of_means_is_drawn_again():
    row = next(row for row in rows(calibration.COVERAGE) if row["quantity"] == means.MEAN)
    names = ("positives", "negatives", "images_per_patient", "draws")
    positives, negatives, images, draws = (int(row[name]) for name in names)
    found = means.cover(means.MEAN, positives, negatives, float(row["truth"]), images, draws)[0]
    assert [found[name] for name in ("coverage", "width")] == [float(row[name]) for name in ("coverage", "width")]


@pytest.mark.whole
@pytest.mark.parametrize("number", [-1, -2])
def test_a_cell_of_tests_is_drawn_again(number):
    row = [row for row in rows(calibration.TESTS) if row["test"] == drawn.SAME][number]
    sizes = tuple(map(int, row["sizes"].split("/")))
    counts = int(row["draws"]), int(row["power_draws"])
    found = drawn.reject(row["test"], sizes, float(row["truth"]), int(row["images_per_patient"]), *counts)[0]
    assert [found[name] for name in ("rejects", "power")] == [float(row[name]) for name in ("rejects", "power")]


def test_verdicts_are_of_this_code_and_their_page_of_their_cells():
    """After a change of verdicts: python docs/verdicts.py."""
    cells = pd.read_csv(verdicts.CELLS_TABLE)
    assert set(cells["code"]) == {verdicts.code()}
    asked = {(name, one): verdicts.cells_of(family) for name, family in verdicts.FAMILIES.items()
             for one in verdicts.METRICS}  # fmt: skip
    assert cells.groupby(["family", "metric"]).size().to_dict() == asked
    pd.testing.assert_frame_equal(pd.read_csv(verdicts.COUNTS_TABLE), verdicts.summary(cells), check_dtype=False)
    assert verdicts.PAGE.read_text(encoding="utf-8") == verdicts.page(cells)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("family", "number"), [("harder images", 0), ("site mark", 1), ("wrong labels, second reading", 3)]
)
def test_a_verdict_is_drawn_again(family, number):
    cells = pd.read_csv(verdicts.CELLS_TABLE).set_index(["family", "number", "metric"])
    for row in verdicts.judged(family, number):
        told = cells.loc[(family, number, row["metric"])]
        assert (row["verdict"], row["outcome"]) == (told["verdict"], told["outcome"])
        assert [row.get(name, np.nan) for name in verdicts.CORRECTIONS] == pytest.approx(
            told[list(verdicts.CORRECTIONS)].tolist(), nan_ok=True
        )
