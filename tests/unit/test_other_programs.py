"""Numbers of other programs on data that a formula makes: pROC 1.18.0 (R 4.2.2) and dcurves 1.1.7 printed them."""

import numpy as np
import pytest
from scipy.special import logit

from crossray.analysis import auc_differences, intervals, usefulness
from crossray.analysis.delong import contributions
from crossray.analysis.local_thresholds import Images
from crossray.statistics import auc

ROWS = np.arange(120)
LABELS = (ROWS % 4 == 0).astype(int)
RAMP = (ROWS * 37) % 101 / 101
#: two models' scores of the same images, with ties
SCORES = [np.round(RAMP + 0.25 * LABELS, 2), np.round((ROWS * 59) % 103 / 103 + 0.10 * LABELS, 2)]

OTHERS = np.arange(80)
OTHER_LABELS = (OTHERS % 5 < 2).astype(int)
OTHER_SCORES = np.round((OTHERS * 29) % 83 / 83 + 0.30 * OTHER_LABELS, 2)


def parts_of(labels, scores):
    """Return what each image contributes, its patient having no other."""
    return contributions(labels, scores, np.arange(len(labels)), len(labels))


def test_aucs_their_variances_and_their_covariance_are_procs():
    assert [auc(LABELS, one) for one in SCORES] == pytest.approx([0.710925925925926, 0.602037037037037], abs=1e-14)
    first, second = (parts_of(LABELS, one) for one in SCORES)
    assert (first**2).sum() == pytest.approx(0.002882399581408722, rel=1e-12)
    assert (second**2).sum() == pytest.approx(0.003575937193238125, rel=1e-12)
    assert (first * second).sum() == pytest.approx(0.000230633749107783, rel=1e-10)


def test_delongs_paired_statistic_is_procs_and_students_p_is_a_little_more_careful():
    measured = [intervals.measure_auc(LABELS, one, ROWS, len(ROWS)) for one in SCORES]
    parts = measured[0].parts - measured[1].parts
    found = auc_differences.paired_difference(measured[:1], measured[1:])
    assert found.value / np.sqrt((parts**2).sum()) == pytest.approx(1.406092958604846, rel=1e-12)
    assert 0.159696523010388 <= found.p < 0.17


def test_delongs_unpaired_statistic_is_procs_and_movers_p_is_near():
    assert auc(OTHER_LABELS, OTHER_SCORES) == pytest.approx(0.756184895833333, abs=1e-14)
    errors = [(parts_of(*one) ** 2).sum() for one in ((LABELS, SCORES[0]), (OTHER_LABELS, OTHER_SCORES))]
    assert errors[1] == pytest.approx(0.00290141239833897, rel=1e-12)
    difference = auc(LABELS, SCORES[0]) - auc(OTHER_LABELS, OTHER_SCORES)
    assert difference / np.sqrt(sum(errors)) == pytest.approx(-0.595110457578729, rel=1e-12)
    patients = len(ROWS) + len(OTHERS)
    here = intervals.measure_auc(LABELS, SCORES[0], ROWS, patients)
    there = intervals.measure_auc(OTHER_LABELS, OTHER_SCORES, len(ROWS) + OTHERS, patients)
    assert auc_differences.difference([here], [there]).p == pytest.approx(0.552478995239712, abs=0.02)


@pytest.mark.parametrize(
    ("threshold", "worth", "of_all", "worth_carried", "of_all_carried"),
    [
        (0.05, 0.213596, 0.210526, 0.035345029240, 0.031578947368),
        (0.1, 0.180556, 0.166667, -0.005185185185, -0.022222222222),
        (0.2, 0.125, 0.0625, -0.073333333333, -0.15),
        (0.3, 0.064286, -0.071429, -0.125142857143, -0.314285714286),
        (0.5, 0.016667, -0.5, -0.108, -0.84),
    ],
)
def test_net_benefit_is_that_of_dcurves(threshold, worth, of_all, worth_carried, of_all_carried):
    """At the images' own prevalence of 0.25, and carried over to one of 0.08."""
    probability = np.clip(np.round(0.6 * RAMP + 0.25 * LABELS, 2), 0.01, 0.99)
    here = Images(LABELS == 1, logit(probability), ROWS, len(ROWS))
    own, carried = (usefulness.of_threshold(here, threshold, prevalence) for prevalence in (None, 0.08))
    assert (own["net_benefit"], own["treat_all"]) == pytest.approx((worth, of_all), abs=1e-6)
    assert (carried["net_benefit"], carried["treat_all"]) == pytest.approx((worth_carried, of_all_carried), abs=1e-11)
