"""How many films are to be read: known answers, the intervals that a study prints, and what is wrong with a plan."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

from crossray.analysis import planned_films, sample_sizes
from crossray.analysis.expected import slope_variance
from crossray.analysis.intervals import newcombe_variance
from crossray.errors import UserError
from crossray.figures.films import sentences
from crossray.planning import plan_of
from crossray.study import stage_settings
from crossray.study.film_plan import (
    ALL,
    AUC,
    OBSERVED_EXPECTED,
    SENSITIVITY,
    SLOPE,
    SPECIFICITY,
    Expected,
    Widths,
)
from crossray.study.stages.plan_films import PlanFilms
from crossray.tables import write
from crossray.tables.film_plan import SampleSizes
from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import planned_widths

EXPECTED = planned_widths.PLANS[0][0]
#: the example of pmvalsampsize 0.1.0's help (and of its tests, 1.1 and 4.1), a normal linear predictor of mean -5 and
#: standard deviation 2.5 at a prevalence of 0.018: images for an interval of the C statistic 0.8 that is 0.1 wide, of
#: the calibration slope that is 0.2 wide, and of observed over expected that is 1 wide; it draws the predictor
PUBLISHED = {"auc": 4252, "slope": 4544, "observed_expected": 905}


@pytest.mark.parametrize("measure", planned_widths.PLANS[0][1])
def test_intervals_are_about_as_wide_as_promised(measure):
    """A few draws, against a change that the table below has not seen."""
    expected, wanted = planned_widths.PLANS[0]
    row = planned_widths.row_of(measure, wanted[measure], expected, draws=60)
    assert row["width"] == pytest.approx(wanted[measure], rel=0.04)


def test_widths_are_as_promised_over_thousands_of_draws():
    """After a change of plans or of intervals: python docs/planned_widths.py."""
    table = pd.read_csv(planned_widths.WIDTHS)
    assert set(table["code"]) == {planned_widths.code()}
    assert len(table) == sum(len(wanted) for _, wanted in planned_widths.PLANS)
    assert (table["draws"] == planned_widths.DRAWS).all()
    assert planned_widths.part_of_page(table) in planned_widths.PAGE.read_text(encoding="utf-8")
    ratios, errors = table["width"] / table["wanted"], table["width_error"] / table["wanted"]
    assert errors.max() < 0.01
    assert (ratios - 1).abs().max() < 0.05


def test_the_variance_of_the_auc_is_that_of_the_published_example():
    def width(images):
        return 2 * norm.isf(0.025) * np.sqrt(newcombe_variance(0.8, 0.018 * images, 0.982 * images))

    assert width(PUBLISHED["auc"]) <= 0.1 < width(PUBLISHED["auc"] - 1)


def test_the_variance_of_the_slope_is_that_of_the_published_example():
    places, weights = np.polynomial.hermite_e.hermegauss(96)
    logits = -5 + 2.5 * places
    needed = slope_variance(logits, weights / weights.sum(), expit(logits)) / (0.2 / 2 / norm.isf(0.025)) ** 2
    assert needed == pytest.approx(PUBLISHED["slope"], rel=0.005)  # a million draws there, a sum here


def test_observed_over_expected_needs_about_as_many_as_the_published_example():
    """The published variance takes the model for one that tells nothing, and has no Student's t."""
    expected = Expected(prevalence=0.018, auc=0.501)
    needed = sample_sizes.images_for(OBSERVED_EXPECTED, 1.0, expected, 1.0, 1.0)
    assert needed == pytest.approx(PUBLISHED["observed_expected"], rel=0.12)
    assert needed > PUBLISHED["observed_expected"]


def test_the_smallest_number_that_is_enough_is_found():
    for measure, wanted in ((AUC, 0.08), (SENSITIVITY, 0.1), (SLOPE, 0.3)):
        images = sample_sizes.images_for(measure, wanted, EXPECTED, 1.0, 1.0)
        for number, is_enough in ((images, True), (images - 1, False)):
            _, low, high = sample_sizes.interval_of(
                measure, EXPECTED, sample_sizes.sample_of(number, EXPECTED, 1.0, 1.0)
            )
            assert (high - low <= wanted) is is_enough


def test_several_images_a_patient_need_more_images_of_fewer_patients():
    widths = Widths(auc=0.1, sensitivity=0.1)
    alone, several, told = (
        planned_films.plan(PlanFilms(tasks={"A": EXPECTED}, widths=widths, **more)).set_index("measure")
        for more in ({}, {"images_per_patient": 2.0}, {"images_per_patient": 2.0, "design_effect": 1.0})
    )
    assert several.loc[SENSITIVITY, "images"] == pytest.approx(1.7 * alone.loc[SENSITIVITY, "images"], abs=8)
    assert several.loc[AUC, "images"] > 1.6 * alone.loc[AUC, "images"]
    assert (several["patients"] < alone["images"]).all()
    assert told.loc[SENSITIVITY, "images"] == alone.loc[SENSITIVITY, "images"]
    assert told.loc[SENSITIVITY, "patients"] == -(-alone.loc[SENSITIVITY, "images"] // 2)


def test_a_table_keeps_to_its_contract_and_its_last_row_holds_for_all(tmp_path):
    tasks = {"A": EXPECTED, "B": Expected(prevalence=0.05, auc=0.9, sensitivity=0.9, specificity=0.9)}
    table = planned_films.plan(PlanFilms(tasks=tasks, widths=Widths(auc=0.1, sensitivity=0.2, specificity=0.05)))
    write(tmp_path / "sample_sizes.csv", table, SampleSizes)
    for _, rows in table.groupby("task"):
        assert list(rows["measure"]) == [AUC, SENSITIVITY, SPECIFICITY, ALL]
        assert rows["images"].iloc[-1] == rows["images"].max()
        assert (rows["positives"] + rows["negatives"] == rows["images"]).all()
    said = list(sentences(table))
    assert len(said) == len(table)
    assert said[0].startswith(f"A: read {table['images'][:4].max():,} films, ")
    assert said[5].startswith("B, AUC 0.90 (")


def study_of(**plan):
    """Return a study with a plan."""
    return {
        "study": "s", "tasks": ["Effusion", "Nodule"], "models": {}, "external": {"v": {"simulated": {}}}, "plan": plan,
        "datasets": {"ours": {"reader": "simulated", "public": True, "images": 40, "role": "test"}},
    }  # fmt: skip


EFFUSION = {"Effusion": {"prevalence": 0.05, "auc": 0.85}}


def test_a_stage_is_told_the_plan_and_nothing_else():
    plan = plan_of(study_of(tasks=EFFUSION, widths={"auc": 0.1}))[0]
    assert plan.conditions["plan"]
    told = stage_settings.analyses.plan_films(plan)
    assert told.as_dict() == {
        "tasks": {"Effusion": {"prevalence": 0.05, "auc": 0.85, "slope": 1.0}}, "widths": {"auc": 0.1},
        "images_per_patient": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"tasks": EFFUSION, "widths": {}}, "plan.widths: no width is wanted"),
        ({"tasks": {"Mass": EFFUSION["Effusion"]}, "widths": {"auc": 0.1}}, "plan.tasks: 'Mass' is not a task"),
        ({"tasks": EFFUSION, "widths": {"sensitivity": 0.1}}, "plan.tasks.Effusion: the width of sensitivity needs"),
        (
            {"tasks": EFFUSION, "widths": {"net_benefit": 0.1}},
            "plan.tasks.Effusion: the width of net_benefit needs sensitivity, specificity, acts_from",
        ),
        ({"tasks": {"Effusion": {"prevalence": 0, "auc": 0.9}}, "widths": {"auc": 0.1}}, "Effusion.prevalence: 0"),
        ({"tasks": {"Effusion": {"auc": 0.9}}, "widths": {"auc": 0.1}}, "Effusion: the key prevalence is missing"),
        ({"tasks": EFFUSION, "widths": {"auc": 0.1}, "images_per_patient": 0.5}, "plan.images_per_patient: 0.5"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_in_one_line(plan, words):
    with pytest.raises(UserError, match=words) as told:
        plan_of(study_of(**plan))
    assert "\n" not in str(told.value)
