"""Means of AUCs and their differences: limits that come from the single AUCs' and from how these vary together."""

import numpy as np
import pytest

from crossray.analysis.means import mean_of, single


def drawn(generator, *aucs, alike=0.5, resamples=2_000):
    """Return made-up AUCs in resamples, correlated so much."""
    shared = generator.normal(size=resamples)
    return [auc + 0.01 * (alike**0.5 * shared + (1 - alike) ** 0.5 * generator.normal(size=resamples)) for auc in aucs]


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_a_single_auc_keeps_its_limits_alone_and_as_a_mean_of_one(generator):
    (replicates,) = drawn(generator, 0.9)
    replicates[:5] = np.nan
    one = single(0.9, 0.7, 0.95, replicates)
    for mean in (one, mean_of([one])):
        assert mean.interval == pytest.approx((0.7, 0.95))


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_a_mean_of_two_is_as_sure_as_its_parts_are_alike(generator, alike):
    parts = [single(0.8, 0.8 - 0.1, 0.8 + 0.05, one) for one in drawn(generator, 0.8, 0.8, alike=alike)]
    low, high = mean_of(parts).interval
    shorter = np.sqrt((1 + alike) / 2)  # the standard deviation of a mean of two, over that of one
    assert (0.8 - low, high - 0.8) == pytest.approx((0.1 * shorter, 0.05 * shorter), rel=0.03)


def test_a_difference_is_low_where_the_first_is_low_and_the_second_high(generator):
    home, away = (single(auc, auc - 0.02, auc + 0.01, one) for auc, one in
                  zip((0.9, 0.8), drawn(generator, 0.9, 0.8, alike=0.0), strict=True))  # fmt: skip
    low, high = (home - away).interval
    assert (0.1 - low, high - 0.1) == pytest.approx((np.hypot(0.02, 0.01), np.hypot(0.01, 0.02)), rel=0.03)


def test_what_two_models_share_is_no_doubt_about_their_difference(generator):
    alike, apart = (drawn(generator, 0.9, 0.8, alike=alike) for alike in (0.95, 0.0))
    widths = []
    for pair in (alike, apart):
        first, second = (single(auc, auc - 0.02, auc + 0.02, one) for auc, one in zip((0.9, 0.8), pair, strict=True))
        low, high = (first - second).interval
        widths.append(high - low)
    assert widths[0] == pytest.approx(widths[1] * np.sqrt(0.05), rel=0.1)


def test_aucs_without_an_error_keep_a_width_and_numbers_their_range():
    perfect = single(1.0, 0.8, 1.0, np.ones(100))
    assert perfect.interval == pytest.approx((0.8, 1.0))
    low, high = mean_of([perfect, perfect]).interval
    assert (low, high) == pytest.approx((1 - 0.2 / np.sqrt(2), 1.0))  # nobody knows that they vary together
    worst = single(0.0, 0.0, 0.2, np.zeros(100))
    assert (perfect - worst).interval == pytest.approx((1 - np.hypot(0.2, 0.2), 1.0))
    assert (worst - perfect).interval == pytest.approx((-1.0, -1 + np.hypot(0.2, 0.2)))
    nothing = single(0.7, 0.5, 0.8, np.full(100, np.nan))
    assert nothing.interval == pytest.approx((0.5, 0.8))


def test_the_order_of_parts_does_not_matter(generator):
    parts = [single(auc, auc - 0.1, auc + 0.05, one) for auc, one in
             zip((0.6, 0.7, 0.8), drawn(generator, 0.6, 0.7, 0.8), strict=True)]  # fmt: skip
    assert mean_of(parts).interval == pytest.approx(mean_of(parts[::-1]).interval)
