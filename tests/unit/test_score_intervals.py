"""Limits of F1, kappa and mean scores: within the range, never of width zero, right on known answers."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from crossray.analysis import score_means, shares
from crossray.analysis.kappa import agreement_of, f1, kappa

CALLS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=2, max_size=60)


def columns(calls):
    """Return what two call, and whose the images are."""
    ours, theirs, patients = zip(*calls, strict=True)
    return np.array(ours), np.array(theirs), np.array(patients)


@given(CALLS)
def test_limits_of_agreement_hold_the_number_and_stay_in_its_range(calls):
    ours, theirs, patients = columns(calls)
    for measured, least, theirs_is in ((f1, 0, f1_score), (kappa, -1, cohen_kappa_score)):
        value, low, high = measured(ours, theirs, patients)
        if not np.isnan(value):
            assert least <= low <= value <= high <= 1
            assert high - low > 0.01
            assert value == pytest.approx(theirs_is(ours, theirs))


@given(CALLS)
def test_kappa_is_the_same_for_either_call_and_either_order(calls):
    ours, theirs, patients = columns(calls)
    assume(ours.sum() + theirs.sum() != len(ours))  # else either call may be that which is made more rarely
    expected = kappa(ours, theirs, patients)
    assert kappa(theirs, ours, patients) == pytest.approx(expected, nan_ok=True)
    assert kappa(~ours, ~theirs, patients) == pytest.approx(expected, nan_ok=True)


def test_two_who_agree_in_every_call_are_not_known_to_agree_always():
    calls = np.arange(40) < 4
    row = agreement_of(calls, calls, np.arange(40))
    assert row["f1"] == row["kappa"] == row["f1_high"] == row["kappa_high"] == 1
    low = shares.of_size(1.0, 4.0)[0]
    assert row["f1_low"] == pytest.approx(2 * low / (1 + low))
    assert row["kappa_low"] == pytest.approx((row["f1_low"] - 0.1) / 0.9)
    assert [row[name] for name in ("both", "first_only", "second_only", "neither")] == [4, 0, 0, 36]


def test_without_a_call_nothing_is_known():
    nobody = np.zeros(5, bool)
    assert np.isnan(f1(nobody, nobody, np.arange(5))).all()
    assert np.isnan(kappa(nobody, nobody, np.arange(5))).all()
    assert np.isnan(kappa(~nobody, ~nobody, np.arange(5))).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=40))
def test_limits_of_a_mean_score_hold_it_and_are_never_of_width_zero(images):
    scores, patients = (np.array(column) for column in zip(*images, strict=True))
    low, high = score_means.interval(scores, patients)
    assert 0 <= low <= scores.mean() <= high + 1e-12
    assert high <= 1 + 1e-12
    assert high - low > 0.01


def test_scores_that_vary_less_are_known_better_and_images_of_one_patient_count_less():
    generator = np.random.default_rng(0)
    hits, near = (generator.random(60) < 0.4).astype(float), generator.uniform(0.3, 0.5, 60)

    def width(scores, patients):
        low, high = score_means.interval(scores, patients)
        return high - low

    own = np.arange(60)
    assert width(near, own) < 0.5 * width(hits, own)
    assert width(np.repeat(hits[:20], 3), own // 3) > 1.3 * width(hits, own)
    assert score_means.interval(np.array([0.3, 0.4]), np.array(["a", "a"])) == (0.0, 1.0)
    assert np.isnan(score_means.interval(np.array([]), np.array([]))).all()
