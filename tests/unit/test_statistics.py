"""Metrics and intervals against scikit-learn and hand-worked values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, cohen_kappa_score, f1_score, roc_auc_score

from crossray.analysis.delong import contributions
from crossray.analysis.metrics import (
    average_precision,
    brier_score,
    calibrated,
    calibration_bins,
    calibration_error,
    error_threshold,
    kappa_of_counts,
    limits_of_agreement,
    precision_threshold,
    threshold_metrics,
    youden_threshold,
)
from crossray.analysis.resampling import interval, patient_weights, weighted_ranking, weighted_sums
from crossray.seeds import derived_seed
from crossray.statistics import auc


@st.composite
def scored(draw):
    count = draw(st.integers(4, 60))
    scores = draw(st.lists(st.integers(-5, 5), min_size=count, max_size=count))
    labels = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count).filter(lambda x: 0 < sum(x) < len(x)))
    return np.array(labels, float), np.array(scores, float)


@given(scored(), st.integers(0, 100))
@settings(max_examples=60)
def test_weighted_rankings_equal_scikit_learn(data, seed):
    labels, scores = data
    weights = np.random.default_rng(seed).integers(1, 4, (3, len(labels)))
    aucs, precisions = weighted_ranking(labels, scores, weights)
    expected = [roc_auc_score(labels, scores, sample_weight=row) for row in weights]
    assert aucs == pytest.approx(expected, abs=1e-9)
    expected = [average_precision_score(labels, scores, sample_weight=row) for row in weights]
    assert precisions == pytest.approx(expected, abs=1e-9)


def test_images_that_a_resample_leaves_out_count_nothing():
    labels, scores = np.array([0, 1, 1, 0, 1]), np.array([1.0, 2, 3, 4, 5])
    weights = np.array([[1, 0, 2, 1, 1]])
    kept = np.repeat(np.arange(5), weights[0])
    measured = weighted_ranking(labels, scores, weights)
    for ours, theirs in zip(measured, (roc_auc_score, average_precision_score), strict=True):
        assert ours[0] == pytest.approx(theirs(labels[kept], scores[kept]), abs=1e-12)


def test_weighted_sums_are_sums():
    weights, values = np.array([[1, 2, 0], [0, 0, 3]]), np.array([[1.0, 10], [2, 20], [3, 30]])
    assert weighted_sums(weights, values).tolist() == [[5, 50], [9, 90]]


@given(scored())
@settings(max_examples=60)
def test_auc_does_not_change_under_monotone_maps_and_turns_with_the_labels(data):
    labels, scores = data
    assert auc(labels, np.exp(scores)) == pytest.approx(auc(labels, scores), abs=1e-12)
    assert auc(1 - labels, scores) == pytest.approx(1 - auc(labels, scores), abs=1e-12)


def test_large_logits_do_not_saturate():
    labels = np.array([0, 0, 1, 1])
    assert auc(labels, np.array([40.0, 41.0, 42.0, 43.0])) == 1.0


def test_one_class_is_not_a_number():
    ones = np.ones(5)
    assert np.isnan(auc(ones, ones))
    assert np.isnan(average_precision(ones, ones))
    assert np.isnan(youden_threshold(ones, ones))
    assert np.isnan(error_threshold(ones, ones))
    assert np.isnan(precision_threshold(ones, ones, 0.5))
    assert np.isnan(weighted_ranking(np.array([0, 1]), np.array([1, 2]), np.array([[1, 0]]))).all()
    assert all(np.isnan(value) for value in threshold_metrics(ones, ones, float("nan")).values())


def test_youden_and_the_metrics_at_it():
    labels = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    scores = np.array([1, 2, 3, 4, 5, 6, 7, 8.0])
    threshold = youden_threshold(labels, scores)
    assert threshold in (4, 6)
    metrics = threshold_metrics(labels, scores, 6)
    assert metrics == {"sensitivity": 0.75, "specificity": 1.0, "f1": f1_score(labels, scores >= 6), "accuracy": 7 / 8}


def test_patients_come_with_all_their_images():
    patients = np.array(["a", "a", "b", "c", "c", "c"])
    weights = patient_weights(patients, 50, 0)
    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(1) == 3).all()


def test_resamples_are_the_seeds_own():
    names = np.arange(30).astype(str)
    assert (patient_weights(names, 5, 1) == patient_weights(names, 5, 1)).all()
    assert (patient_weights(names, 5, 1) != patient_weights(names, 5, 2)).any()
    assert derived_seed(0, "a", "b") != derived_seed(0, "ab")


def test_an_interval_of_nothing_is_empty():
    assert np.isnan(interval(np.array([np.nan]))).all()


def delong_by_definition(labels, scores):
    """Variance of an AUC from all pairs (DeLong et al. 1988, section 2)."""
    positives, negatives = scores[labels == 1], scores[labels == 0]
    wins = (positives[:, None] > negatives) + (positives[:, None] == negatives) / 2
    return wins.mean(1).var(ddof=1) / len(positives) + wins.mean(0).var(ddof=1) / len(negatives)


@given(scored().filter(lambda data: 2 <= data[0].sum() <= len(data[0]) - 2))
@settings(max_examples=60)
def test_contributions_give_delongs_variance(data):
    labels, scores = data
    parts = contributions(labels, scores, np.arange(len(labels)), len(labels) + 3)
    assert len(parts) == len(labels) + 3
    assert (parts**2).sum() == pytest.approx(delong_by_definition(labels, scores), abs=1e-12)


def test_a_covariance_is_delongs_too():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], [40, 30])
    first, second = generator.normal(size=(2, 70)) + labels + generator.normal(size=70)
    ours = np.array([contributions(labels, scores, np.arange(70), 70) for scores in (first, second)])
    parts = []
    for scores in (first, second):
        wins = scores[labels == 1][:, None] > scores[labels == 0]
        parts.append((wins.mean(1), wins.mean(0)))
    expected = np.cov(parts[0][0], parts[1][0])[0, 1] / 30 + np.cov(parts[0][1], parts[1][1])[0, 1] / 40
    assert (ours[0] * ours[1]).sum() == pytest.approx(expected, abs=1e-12)


def test_variance_with_several_images_a_patient_agrees_with_the_bootstrap():
    generator = np.random.default_rng(1)
    patients = np.repeat(np.arange(150), 3)
    labels = np.where(
        generator.random(450) < 0.8, np.repeat(generator.random(150) < 0.4, 3), generator.random(450) < 0.4
    )
    scores = labels + np.repeat(generator.normal(size=150), 3) + 0.3 * generator.normal(size=450)
    analytic = np.sqrt((contributions(labels, scores, patients, 150) ** 2).sum())
    aucs, _ = weighted_ranking(labels, scores, patient_weights(patients, 4000, 0))
    assert analytic == pytest.approx(aucs.std(), rel=0.07)  # Monte Carlo error of the bootstrap: 1%
    naive = np.sqrt((contributions(labels, scores, np.arange(450), 450) ** 2).sum())
    assert naive < 0.8 * analytic


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
@settings(max_examples=60)
def test_kappa_equals_scikit_learn(pairs):
    first, second = np.array(pairs).T
    ours = kappa_of_counts((first & second).sum(), first.sum(), second.sum(), len(pairs))
    if len(set(first) | set(second)) < 2:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def test_the_map_puts_the_operating_point_at_one_half():
    def logit(p):
        return np.log(p / (1 - p))

    # Equation 2 of Cohen et al. 2020 with opt = 0.2: f(0.1) = 0.1 / 0.4, f(0.2) = 0.5, f(0.6) = 1 - 0.4 / 1.6
    mapped = calibrated(logit(np.array([0.1, 0.2, 0.6])), logit(0.2))
    assert mapped == pytest.approx([0.25, 0.5, 0.75], abs=1e-12)
    assert calibrated(np.array([-800.0, 800.0]), 0.3) == pytest.approx([0, 1])
    assert calibrated(np.array([40.0, 41.0]), 0.0)[1] >= calibrated(np.array([40.0, 41.0]), 0.0)[0]


def test_thresholds_by_hand():
    labels = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    scores = np.array([1, 2, 3, 4, 5, 6, 7, 8.0])
    assert error_threshold(labels, scores) == 6  # one error, as at 4, which is lower
    assert precision_threshold(labels, scores, 0.8) == 4  # 4 of 5 right
    assert precision_threshold(labels, scores, 1.0) == 6
    assert np.isnan(precision_threshold(labels, -scores, 0.8))


def test_calibration_by_hand():
    labels, given_ = np.array([0, 1, 1, 1]), np.array([0.05, 0.15, 0.85, 0.95])
    one_each = np.arange(4)
    # four bins of one image, each gap squared less p (1 - p)
    squares = np.array([0.05, 0.85, 0.15, 0.05]) ** 2 - given_ * (1 - given_)
    assert calibration_error(labels, given_, one_each) == pytest.approx(np.sqrt(squares.mean()))
    # two bins of gaps 0.4 and 0.1, whose two images' gaps have variances (0.9**2) / 2 and (0.1**2) / 2
    squares = (0.4**2 - 0.9**2 / 4) * 2 + (0.1**2 - 0.1**2 / 4) * 2
    assert calibration_error(labels, given_, one_each, bins=2) == pytest.approx(np.sqrt(max(squares, 0) / 4))
    assert brier_score(labels, given_) == pytest.approx(brier_score_loss(labels, given_))
    assert calibration_bins(np.array([0.0, 0.1, 0.1001, 1.0]), 10).tolist() == [0, 0, 1, 9]


def test_limits_of_agreement_by_hand():
    mean, low, high = limits_of_agreement(np.array([1.0, 2, 3]), np.array([0.0, 2, 4]))
    assert (mean, low, high) == pytest.approx((0, -1.96, 1.96))  # differences 1, 0, -1 have a standard deviation of 1
