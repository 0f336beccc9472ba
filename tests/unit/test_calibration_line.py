"""Slope, intercept and observed over expected: known answers, and what a calibrated model shows."""

import numpy as np
import pytest
from scipy.special import expit
from statsmodels.api import GLM, add_constant, families
from statsmodels.stats.proportion import proportion_confint

from crossray.analysis.calibration_line import measure
from crossray.analysis.metrics import calibration_error
from crossray.analysis.shares import interval


def drawn(seed, patients, slope=1.0, intercept=0.0, images=1):
    generator = np.random.default_rng(seed)
    owners = np.repeat(np.arange(patients), images)
    logits = generator.normal(-1.5, 1.3, patients)[owners] + 0.3 * generator.normal(size=len(owners))
    labels = (generator.random(len(owners)) < expit(intercept + slope * logits)).astype(float)
    return labels, logits, owners


def test_with_many_patients_it_is_the_logistic_regression():
    labels, logits, owners = drawn(0, 4000, 0.7, 0.4)
    line = measure(labels, logits, owners)
    fit = GLM(labels, add_constant(logits), family=families.Binomial()).fit(cov_type="HC0")
    assert line.slope.value == pytest.approx(fit.params[1], abs=1e-6)
    assert (line.slope.low, line.slope.high) == pytest.approx(fit.conf_int()[1], abs=0.005)
    offset = GLM(labels, np.ones((4000, 1)), family=families.Binomial(), offset=logits).fit(cov_type="HC0")
    assert line.intercept.value == pytest.approx(offset.params[0], abs=1e-6)
    assert (line.intercept.low, line.intercept.high) == pytest.approx(offset.conf_int()[0], abs=0.005)
    assert line.observed_expected.value == pytest.approx(labels.sum() / expit(logits).sum())


def test_turned_labels_turn_the_line_and_copies_add_no_certainty():
    labels, logits, owners = drawn(1, 300)
    line, turned = measure(labels, logits, owners), measure(1 - labels, -logits, owners)
    assert turned.slope.value == pytest.approx(line.slope.value)
    assert (turned.intercept.low, turned.intercept.high) == pytest.approx((-line.intercept.high, -line.intercept.low))
    copies = measure(*(np.repeat(values, 5) for values in (labels, logits, owners)))
    for name in ("slope", "intercept", "observed_expected"):
        one, five = getattr(line, name), getattr(copies, name)
        assert five.value == pytest.approx(one.value)
        assert five.high - five.low > 0.85 * (one.high - one.low)


def test_outputs_that_part_the_classes_have_no_slope():
    line = measure(np.repeat([0.0, 1.0], 10), np.arange(20.0) - 9.5, np.arange(20))
    assert np.isnan(line.slope.value)
    assert np.isfinite(line.intercept.low)


@pytest.mark.parametrize("images", [1, 3])
def test_a_calibrated_model_has_no_calibration_error_on_average(images):
    """Expected calibration error of such a model is 0.08 with 100 images."""
    errors = []
    for seed in range(60):
        labels, logits, owners = drawn(seed, 100, images=images)
        errors.append(calibration_error(labels, expit(logits), owners))
    assert np.mean(errors) < 0.035
    assert np.median(errors) < 0.03
    labels, logits, owners = drawn(0, 4000, intercept=1.5)
    assert calibration_error(labels, expit(logits), owners) > 0.15


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_single_images_has_wilsons_interval_and_never_a_width_of_zero(share):
    hits = np.arange(20) < 20 * share
    low, high = interval(hits, np.arange(20))
    assert (low, high) == pytest.approx(proportion_confint(hits.sum(), 20, method="wilson"), abs=0.008)
    assert 0 <= low <= share <= high <= 1
    wide = interval(np.repeat(hits, 3), np.repeat(np.arange(20), 3))  # copies add little
    assert high - low < 1.3 * (wide[1] - wide[0])


def test_a_share_of_no_image_has_no_interval():
    assert np.isnan(interval(np.zeros(0, bool), np.zeros(0))).all()
