"""Other trainings in intervals: published numbers, what pooling does, and coverage where trainings vary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from crossray.analysis import intervals, repeated_aucs
from crossray.analysis.repeated_aucs import pooled
from crossray.analysis.trainings import Trainings, pool, variance, widened

#: areas of five readers of cine and of spin-echo images of the aorta, of 45 patients with a dissection and 69 without
#: (VanDyke et al. 1993); then what programs for Obuchowski and Rockette's method print for each: variance and
#: covariance of an area, and the mean's standard error, degrees of freedom and interval
READERS = {
    "cine": ((0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066), 0.00101410277, 0.00048396180,
             0.033173597, 12.744648, 0.82522360, 0.96885048),
    "spin-echo": ((0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169), 0.00059047376, 0.00020418785,
                  0.021566368, 12.710190, 0.89413783, 0.98753689),
}  # fmt: skip


@pytest.mark.parametrize("method", READERS)
def test_one_reading_method_has_obuchowski_and_rocketts_interval(method):
    areas, whole, shared, error, freedom, *ends = READERS[method]
    residual = whole - shared
    weighted = ((1.0, pool("readers", [areas], [residual])[0]),)
    over_patients = shared + residual / len(areas)
    moved, degrees = variance(weighted)
    assert np.sqrt(over_patients + moved) == pytest.approx(error, abs=1e-7)
    assert degrees * (error**2 / moved) ** 2 == pytest.approx(freedom, rel=1e-4)
    reach, mean = norm.isf(0.025) * np.sqrt(over_patients), np.mean(areas)
    assert widened(mean, mean - reach, mean + reach, weighted, 0.0) == pytest.approx(ends, abs=1e-6)


def draw(seed, several, differ, places=2, size=60):
    """Draw trainings that differ by so much in d', measured on the same patients of each place."""
    generator = np.random.default_rng(seed)
    labels, owners = np.repeat([0, 1], [size, size]), np.arange(2 * size)
    skill = 1.2 + differ * generator.normal(size=several)
    found = []
    for _ in range(places):
        shared = generator.normal(size=2 * size)
        scores = [one * labels + 0.8 * shared + 0.6 * generator.normal(size=2 * size) for one in skill]
        found.append(repeated_aucs.measure(labels, scores, owners, 2 * size))
    return found


@given(st.integers(0, 10**6), st.integers(3, 6), st.sampled_from([0.0, 0.3, 2.0]))
@settings(max_examples=25, deadline=None)
def test_an_interval_over_trainings_holds_that_over_patients(seed, several, differ):
    places = draw(seed, several, differ)
    for alone, one in zip(places, pooled("m", places), strict=True):
        narrow, wide = intervals.interval(alone.measured), repeated_aucs.interval(one)
        assert 0 <= wide[0] <= narrow[0] <= one.measured.auc <= narrow[1] <= wide[1] <= 1
        assert one.measured.auc == pytest.approx(np.mean(one.aucs))


@pytest.mark.parametrize("several", [1, 2])
def test_fewer_than_three_trainings_say_nothing_of_others(several):
    places = draw(0, several, 0.3)
    for one in pooled("m", places):
        assert one.trainings is None
        assert repeated_aucs.interval(one) == intervals.interval(one.measured)


def test_the_mean_of_equal_trainings_is_surer_of_no_patient():
    labels, owners, scores = np.repeat([0, 1], 30), np.arange(60), np.random.default_rng(1).normal(size=60)
    one, three = (repeated_aucs.measure(labels, [scores] * several, owners, 60) for several in (1, 3))
    assert intervals.interval(three.measured) == pytest.approx(intervals.interval(one.measured))
    assert pooled("m", [three])[0].trainings.share == 0.0


def test_what_the_same_trainings_do_alike_cancels_in_a_difference():
    aucs = np.array([[0.90, 0.85, 0.80], [0.75, 0.70, 0.65], [0.60, 0.66, 0.54]])
    first, second, _ = pool("m", aucs, np.zeros(3))
    apart = Trainings("another", second.parts, second.freedom, second.share)
    assert variance(((1.0, first), (-1.0, second)))[0] < 0.2 * variance(((1.0, first), (-1.0, apart)))[0]
    assert variance(((0.5, first), (0.5, second)))[0] > 1.6 * variance(((0.5, first), (0.5, apart)))[0]


def test_places_that_speak_for_themselves_give_degrees_of_freedom():
    generator = np.random.default_rng(0)
    shared = generator.normal(size=5)
    alike = 0.7 + 0.02 * np.tile(shared, (8, 1))
    apart = 0.7 + 0.02 * generator.normal(size=(8, 5))
    assert pool("m", alike, np.zeros(8))[0].freedom == pytest.approx(4, abs=0.1)
    assert 8 < pool("m", apart, np.zeros(8))[0].freedom <= 16


@pytest.mark.whole
@pytest.mark.parametrize("several", [3, 5, 10])
def test_intervals_cover_the_mean_of_all_trainings(several):
    expected = norm.cdf(1.2 / np.sqrt(2 + 0.3**2))
    hits = sum(low <= expected <= high for low, high in (
        repeated_aucs.interval(pooled("m", draw(seed, several, 0.3, places=3))[0]) for seed in range(400)))  # fmt: skip
    assert 0.92 <= hits / 400 <= 0.985
