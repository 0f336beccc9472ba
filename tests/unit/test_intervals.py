"""Intervals and tests of AUCs, their means and differences: known answers, and what holds for all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm, ttest_1samp

from crossray.analysis.auc_differences import difference, mean_interval, paired_difference
from crossray.analysis.intervals import independent, interval, limits, measure_auc, newcombe_variance

#: ratings of 58 normal and 51 abnormal images, from 1 to 5 (Hanley and McNeil, Radiology 1982, table I)
NORMAL, ABNORMAL = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)


def ratings():
    scores = np.concatenate([np.repeat(np.arange(5.0), counts) for counts in (NORMAL, ABNORMAL)])
    return np.repeat([0, 1], [58, 51]), scores


def alone(labels, scores):
    """Measure an AUC of patients with one image each."""
    return measure_auc(np.asarray(labels), np.asarray(scores, float), np.arange(len(labels)), len(labels))


def drawn(seed, positives, negatives, shift, images=1):
    """Draw and measure an AUC of patients with equally many images, which are alike."""
    generator = np.random.default_rng(seed)
    count = positives + negatives
    owners = np.repeat(np.arange(count), images)
    labels = (owners < positives).astype(int)
    scores = shift * labels + generator.normal(size=count)[owners] + 0.5 * generator.normal(size=len(owners))
    return measure_auc(labels, scores, owners, count)


@st.composite
def cells(draw):
    """Measure few images of few patients, with ties, separated classes and patients of both classes."""
    images = draw(st.integers(2, 24))
    labels = draw(st.lists(st.integers(0, 1), min_size=images, max_size=images).filter(lambda x: 0 < sum(x) < len(x)))
    scores = draw(st.lists(st.integers(-3, 3), min_size=images, max_size=images))
    patients = draw(st.lists(st.integers(0, 7), min_size=images, max_size=images))
    return measure_auc(np.array(labels), np.array(scores, float), np.array(patients), 8)


def test_the_estimate_and_its_variance_are_those_published():
    """Area 0.893 by Hanley and McNeil; area and standard error of Stata's manual of roctab, by DeLong."""
    measured = alone(*ratings())
    assert measured.auc == pytest.approx(0.8932, abs=5e-5)
    assert np.sqrt((measured.parts**2).sum()) == pytest.approx(0.0307, abs=5e-5)


def test_the_model_variance_is_hanley_and_mcneils_where_classes_are_equal():
    auc, size = 0.893, 50
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    expected = (auc * (1 - auc) + (size - 1) * (first + second - 2 * auc**2)) / size**2
    assert newcombe_variance(auc, size, size) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("auc", "positives", "negatives"), [(0.95, 5, 195), (0.8, 30, 30), (0.5, 500, 20)])
def test_limits_are_aucs_that_lie_so_many_of_their_own_errors_away(auc, positives, negatives):
    reach = norm.isf(0.025)

    def beyond(limit):
        return abs(auc - limit) - reach * np.sqrt(newcombe_variance(limit, positives, negatives))

    low, high = limits(auc, positives, negatives, 1.0, reach)
    assert low == pytest.approx(brentq(beyond, 0, auc), abs=1e-9)
    assert high == pytest.approx(brentq(beyond, auc, 1), abs=1e-9)


@pytest.mark.parametrize("size", [10, 30])
def test_classes_that_are_parted_leave_what_so_many_patients_cannot_rule_out(size):
    """Without an error only the sizes speak."""
    measured = alone(np.repeat([0, 1], size), np.arange(2 * size))
    low, high = interval(measured)
    assert (measured.auc, high, measured.ratio) == (1.0, 1.0, 1.0)
    reach = (1 - low) / np.sqrt(newcombe_variance(low, size, size))
    assert reach == pytest.approx(2.1788, abs=1e-4)  # Student's t with 12 degrees of freedom
    assert 1 - low < 1 - 0.025 ** (1 / size)  # narrower than an exact share of the smaller class


@given(cells())
@settings(max_examples=80)
def test_an_interval_holds_its_estimate_has_a_width_and_stays_within_0_and_1(measured):
    low, high = interval(measured)
    assert 0 <= low <= measured.auc <= high <= 1
    assert high - low > 0.05


@given(cells())
@settings(max_examples=40)
def test_a_higher_level_is_wider_and_the_mean_of_one_is_itself(measured):
    low, high = interval(measured)
    wide = interval(measured, 0.99)
    assert wide[0] <= low
    assert wide[1] >= high
    assert mean_interval([measured]) == pytest.approx((low, high), abs=1e-12)


def test_turned_labels_turn_the_interval():
    labels, scores = ratings()
    low, high = interval(alone(labels, scores))
    assert interval(alone(1 - labels, scores)) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_with_many_patients_the_interval_is_delongs():
    measured = drawn(0, 2000, 2000, 1.0)
    reach = norm.isf(0.025) * np.sqrt((measured.parts**2).sum())
    assert interval(measured) == pytest.approx((measured.auc - reach, measured.auc + reach), abs=0.0006)


def test_images_of_a_patient_count_as_more_than_one_and_fewer_than_so_many():
    assert independent(np.arange(7)) == 7
    assert 1 < independent(np.zeros(9)) < 1.5
    assert independent(np.repeat(np.arange(10), 3)) == pytest.approx(30 / 2.4)  # 1 + 0.7 * 2


def test_copies_of_the_images_add_no_certainty():
    generator = np.random.default_rng(0)
    labels, owners = np.repeat([0, 1], [60, 40]), np.arange(100)
    scores = labels + generator.normal(size=100)
    once = interval(measure_auc(labels, scores, owners, 100))
    five = [np.repeat(values, 5) for values in (labels, scores, owners)]
    low, high = interval(measure_auc(*five, 100))
    assert high - low > 0.9 * (once[1] - once[0])


def test_an_auc_that_one_patient_gave_says_nearly_nothing():
    labels, scores, owners = np.repeat([0, 1], [40, 10]), np.arange(50.0), np.r_[np.arange(40), np.full(10, 40)]
    low, _ = interval(measure_auc(labels, scores, owners, 41))
    assert low < 0.5


@given(cells(), cells())
@settings(max_examples=60)
def test_differences_stay_in_range_have_a_width_and_agree_with_their_test(first, second):
    for compare in (difference, paired_difference):
        found, turned = compare([first], [second]), compare([second], [first])
        assert -1 <= found.low <= found.value <= found.high <= 1
        same = np.array_equal(first.parts, second.parts)  # the same patients and scores differ by 0, for certain
        assert found.high > found.low or same
        assert 0 <= found.p <= 1
        assert (found.low, found.high, found.p) == pytest.approx((-turned.high, -turned.low, turned.p), abs=1e-6)
        if abs(found.p - 0.05) > 1e-6:
            assert not found.low < 0 < found.high if found.p < 0.05 else found.low <= 0 <= found.high


def test_a_mover_interval_recovers_the_single_limits():
    first, second = (drawn(seed, *sizes, 1.5) for seed, sizes in enumerate([(10, 190), (300, 900)]))
    reach = norm.isf(0.025)
    (low, high), (other_low, other_high) = (
        limits(one.auc, one.positives, one.negatives, one.ratio, reach) for one in (first, second)
    )
    value = first.auc - second.auc
    count = len(first.parts) + len(second.parts)
    ours = [aligned(first, 0, count)], [aligned(second, len(first.parts), count)]
    found = difference(*ours)
    below = np.hypot(first.auc - low, other_high - second.auc)
    above = np.hypot(high - first.auc, second.auc - other_low)
    assert (found.value, found.low, found.high) == pytest.approx((value, value - below, value + above), abs=1e-9)


def aligned(measured, start, count):
    """Give an AUC's patients numbers from ``start`` on, among so many."""
    parts = np.zeros(count)
    parts[start : start + len(measured.parts)] = measured.parts
    return measured.__class__(**{**vars(measured), "parts": parts})


def test_with_many_patients_a_paired_test_is_students():
    """Classes of one size: the t test of what each patient contributes, but for its degrees of freedom."""
    generator = np.random.default_rng(2)
    labels = np.repeat([0, 1], [200, 200])
    shared = generator.normal(size=400)
    first, second = (alone(labels, labels + shared + generator.normal(size=400)) for _ in range(2))
    found = paired_difference([first], [second])
    parts = (first.parts - second.parts) * 400 + (first.auc - second.auc)
    assert found.p == pytest.approx(ttest_1samp(parts, 0).pvalue, abs=0.01)


def test_a_model_beside_itself_differs_by_nothing_whatever_the_order_of_sums():
    several = [drawn(seed, 30, 70, 1.0) for seed in range(7)]
    for compare in (difference, paired_difference):
        assert compare(several, several[::-1]).p == 1.0


def test_models_that_err_alike_differ_by_little_however_wide_their_own_limits_are():
    generator = np.random.default_rng(5)
    labels = np.repeat([0, 1], [190, 10])
    scores = labels * 2.5 + generator.normal(size=200)
    first, second = alone(labels, scores), alone(labels, scores + 0.05 * generator.normal(size=200))
    found, (low, high) = paired_difference([first], [second]), interval(first)
    assert 0 < found.high - found.low < (high - low) / 3


def test_limits_of_two_models_allow_what_those_of_a_model_without_an_error_do():
    """Ten patients, all of whom the first model ranks above the others: their parts are 0, and say nothing."""
    labels, wrong = np.repeat([0, 1], [90, 10]), np.arange(100.0)
    wrong[90] = 80.5  # below nine of the others
    first, second = alone(labels, np.arange(100.0)), alone(labels, wrong)
    found, reach = paired_difference([first], [second]), norm.isf(0.025)
    lows = [float(limits(one.auc, one.positives, one.negatives, one.ratio, reach)[0]) for one in (first, second)]
    assert found.low <= found.value - (first.auc - lows[0]) + 1e-9
    assert found.high >= found.value + (second.auc - lows[1]) - 1e-9


def test_shared_patients_narrow_a_difference_and_widen_a_mean():
    first, second = drawn(3, 60, 60, 1.0), drawn(3, 60, 60, 1.2)
    assert np.dot(first.parts, second.parts) > 0
    apart = [aligned(first, 0, 240)], [aligned(second, 120, 240)]
    joint, lone = difference([first], [second]), difference(*apart)
    assert joint.high - joint.low < lone.high - lone.low
    both, single = mean_interval([first, second]), mean_interval([*apart[0], *apart[1]])
    assert both[1] - both[0] > single[1] - single[0]
