"""Do the statistics keep their word? Intervals cover, tests reject as often as they say, power is what theory says."""

import numpy as np
import pytest
from scipy.stats import norm

from crossray.analysis.auc_differences import difference, paired_difference
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.resampling import interval as bootstrap_interval
from crossray.analysis.resampling import patient_weights, weighted_ranking

pytestmark = pytest.mark.whole

#: two normals one standard deviation apart
SHIFT, TRUE_AUC = 1.0, norm.cdf(1 / np.sqrt(2))


def draw(generator, patients, images, shift=SHIFT, correlation=0.7):
    """Draw labels and scores of patients with several images that are alike.

    Both the label and the error of a score have a part that a patient's images share.
    """
    owners = np.repeat(np.arange(patients), images)
    ill = generator.random(patients)[owners] < 0.4
    labels = np.where(generator.random(len(owners)) < 0.2, generator.random(len(owners)) < 0.4, ill).astype(float)
    shared, own = generator.normal(size=patients)[owners], generator.normal(size=len(owners))
    noise = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    return labels, shift * labels + noise, owners, noise


@pytest.mark.parametrize("images", [1, 3])
def test_intervals_cover_the_true_auc(images):
    generator, hits, repeats = np.random.default_rng(0), 0, 1000
    for _ in range(repeats):
        labels, scores, owners, _ = draw(generator, 150, images)
        low, high = interval(measure_auc(labels, scores, owners, 150))
        hits += low <= TRUE_AUC <= high
    assert 0.93 <= hits / repeats <= 0.97


def test_bootstrap_intervals_cover_the_true_auc_with_several_images_a_patient():
    generator, hits, repeats = np.random.default_rng(1), 0, 1000
    for repeat in range(repeats):
        labels, scores, owners, _ = draw(generator, 120, 2)
        aucs, _ = weighted_ranking(labels, scores, patient_weights(owners, 400, repeat))
        low, high = bootstrap_interval(aucs)
        hits += low <= TRUE_AUC <= high
    assert 0.93 <= hits / repeats <= 0.97


def rejections(generator, images, gap, paired, repeats=1000):
    """Return how often a difference of two AUCs is called significant at 5 %."""
    rejected, away_shift = 0, SHIFT - gap
    for _ in range(repeats):
        labels, scores, owners, _ = draw(generator, 150, images)
        ours = measure_auc(labels, scores, owners, 300)
        if paired:  # another model on the same images, whose errors are like the first one's
            others = away_shift * labels + 0.6 * (scores - SHIFT * labels) + 0.8 * generator.normal(size=len(labels))
            found = paired_difference([ours], [measure_auc(labels, others, owners, 300)])
        else:  # the same model at another hospital
            labels, others, owners, _ = draw(generator, 150, images, away_shift)
            found = difference([ours], [measure_auc(labels, others, owners + 150, 300)])
        rejected += found.p < 0.05
    return rejected / repeats


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("paired", [False, True])
def test_without_a_gap_the_test_rejects_as_often_as_it_says(images, paired):
    assert 0.03 <= rejections(np.random.default_rng(2 + images), images, 0.0, paired) <= 0.07


def test_with_a_gap_the_power_is_what_theory_says():
    """Power of a normal test is P(|N(gap / se, 1)| > 1.96), se from Hanley and McNeil (Radiology 1982) for normals."""
    gap = 0.45
    aucs = norm.cdf(np.array([SHIFT, SHIFT - gap]) / np.sqrt(2))
    # E[V10^2] for equal variances: both negatives lie below the positive; two normals with correlation one half
    both = [
        np.mean(norm.cdf(np.random.default_rng(0).normal(size=10**6) + shift) ** 2) for shift in (SHIFT, SHIFT - gap)
    ]
    m, n = 150 * 0.4, 150 * 0.6
    pairs = zip(aucs, both, strict=True)
    variances = [(a * (1 - a) + (m + n - 2) * (q - a**2)) / (m * n) for a, q in pairs]
    away = (aucs[0] - aucs[1]) / np.sqrt(sum(variances))
    expected = norm.sf(norm.isf(0.025) - away) + norm.cdf(-norm.isf(0.025) - away)
    assert 0.4 < expected < 0.9
    assert rejections(np.random.default_rng(9), 1, gap, paired=False) == pytest.approx(expected, abs=0.05)
