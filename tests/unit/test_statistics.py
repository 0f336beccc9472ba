"""Metrics and intervals against scikit-learn and hand-worked values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from crossray.seeds import derived_seed
from crossray.statistics import (
    auc,
    average_precision,
    interval,
    patient_weights,
    threshold_metrics,
    weighted_aucs,
    youden_threshold,
)


@st.composite
def scored(draw):
    count = draw(st.integers(4, 60))
    scores = draw(st.lists(st.integers(-5, 5), min_size=count, max_size=count))
    labels = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count).filter(lambda x: 0 < sum(x) < len(x)))
    return np.array(labels, float), np.array(scores, float)


@given(scored(), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_weighted_aucs_equal_scikit_learn(data, seed):
    labels, scores = data
    weights = np.random.default_rng(seed).integers(1, 4, (3, len(labels)))
    expected = [roc_auc_score(labels, scores, sample_weight=row) for row in weights]
    assert weighted_aucs(labels, scores, weights) == pytest.approx(expected, abs=1e-9)


@given(scored())
@settings(max_examples=60, deadline=None)
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
    assert np.isnan(weighted_aucs(np.array([0, 1]), np.array([1, 2]), np.array([[1, 0]]))).all()
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


def test_intervals_cover_the_true_auc():
    generator, hits, repeats = np.random.default_rng(0), 0, 200
    truth = 0.760250  # Phi(1 / sqrt 2), two normals one standard deviation apart
    for repeat in range(repeats):
        labels = np.repeat([0.0, 1.0], [120, 80])
        scores = generator.normal(labels, 1)
        weights = patient_weights(np.arange(200).astype(str), 300, repeat)
        low, high = interval(weighted_aucs(labels, scores, weights))
        hits += low <= truth <= high
    assert 0.90 <= hits / repeats <= 0.985


def test_an_interval_of_nothing_is_empty():
    assert np.isnan(interval(np.array([np.nan]))).all()
