"""Other trainings in intervals: published numbers, what pooling does, and coverage where trainings vary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossray.analysis import intervals, trainings
from crossray.analysis.trainings import Trainings, pool, pooled, variance, widened

#: areas of five readers of spin-echo and of cine magnetic resonance images of the aorta, 45 patients with a dissection and
#: 69 without (VanDyke et al. 1993), and the mean, standard error, degrees of freedom and interval that programs for
#: Obuchowski and Rockette's method print for each; the mean over both of the covariances and of the variance
READERS = {
    "cine": ((0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066), 0.897037, 0.033173, 12.74, 0.825224, 0.968850),
    "spin-echo": ((0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169), 0.940837, 0.021560, 12.71, 0.894156, 0.987519),
}  # fmt: skip
SHARED, WHOLE = 0.00034407, 0.00080229


@pytest.mark.parametrize("method", READERS)
def test_one_reading_method_has_obuchowski_and_rocketts_interval(method):
    areas, mean, error, freedom, low, high = READERS[method]
    readers = len(areas)
    residual = WHOLE - SHARED
    found = pool("readers", [areas], [residual])
    # the shared covariance of this method is what its printed error leaves
    over_patients = error**2 - np.var(areas, ddof=1) / readers + residual / readers
    reach = 1.959964 * np.sqrt(over_patients)
    weighted = ((1.0, found[0]),)
    moved, degrees = variance(weighted)
    assert np.sqrt(over_patients + moved) == pytest.approx(error, abs=1e-6)
    assert degrees * (error**2 / moved) ** 2 == pytest.approx(freedom, abs=0.05)
    assert np.mean(areas) == pytest.approx(mean, abs=1e-6)
    assert widened(mean, mean - reach, mean + reach, weighted, 0.0) == pytest.approx((low, high), abs=2e-4)


def draw(seed, several, differ, places=2, size=60):
    """Draw trainings that differ by so much in d', measured on the same patients of each place."""
    generator = np.random.default_rng(seed)
    labels, owners = np.repeat([0, 1], [size, size]), np.arange(2 * size)
    skill = 1.2 + differ * generator.normal(size=several)
    found = []
    for _ in range(places):
        shared = generator.normal(size=2 * size)
        scores = [one * labels + 0.8 * shared + 0.6 * generator.normal(size=2 * size) for one in skill]
        found.append(trainings.measure(labels, scores, owners, 2 * size))
    return found


@given(st.integers(0, 10**6), st.integers(3, 6), st.sampled_from([0.0, 0.3, 2.0]))
@settings(max_examples=25, deadline=None)
def test_an_interval_over_trainings_holds_that_over_patients(seed, several, differ):
    places = draw(seed, several, differ)
    for alone, one in zip(places, pooled("m", places), strict=True):
        narrow, wide = intervals.interval(alone.measured), trainings.interval(one)
        assert 0 <= wide[0] <= narrow[0] <= one.measured.auc <= narrow[1] <= wide[1] <= 1
        assert one.measured.auc == pytest.approx(np.mean(one.aucs))


@pytest.mark.parametrize("several", [1, 2])
def test_fewer_than_three_trainings_say_nothing_of_others(several):
    places = draw(0, several, 0.3)
    for one in pooled("m", places):
        assert one.trainings is None
        assert trainings.interval(one) == intervals.interval(one.measured)


def test_the_mean_of_equal_trainings_is_surer_of_no_patient():
    labels, owners, scores = np.repeat([0, 1], 30), np.arange(60), np.random.default_rng(1).normal(size=60)
    one, three = (trainings.measure(labels, [scores] * several, owners, 60) for several in (1, 3))
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
    expected = intervals.scipy.special.ndtr(1.2 / np.sqrt(2 + 2 * 0.0 + 0.3**2))
    hits = sum(low <= expected <= high for low, high in (
        trainings.interval(pooled("m", draw(seed, several, 0.3, places=3))[0]) for seed in range(400)))  # fmt: skip
    assert 0.92 <= hits / 400 <= 0.985
