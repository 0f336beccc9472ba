"""Estimates without labels: known answers, the rule of trust, and when nothing is printed."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from crossray import reasons
from crossray.analysis.back_tests import expected_error
from crossray.analysis.confidence import (
    ACCURACY,
    AS_AT_HOME,
    AUC,
    AVERAGE_CONFIDENCE,
    BY_CLASS,
    DIFFERENCE,
    ESTIMATORS,
    MATCHING,
    PREVALENCE,
    PRIOR_SHIFT,
    QUANTITIES,
    SENSITIVITY,
    SPECIFICITY,
    WEIGHTING,
    Home,
    estimates,
    measured,
)
from crossray.analysis.unlabelled import LABELLED, UNLABELLED, judge, summarise, verdicts_of


def draw(generator, images, prevalence=0.3, distance=1.8):
    """Return labels and logits that are calibrated at a prevalence of 0.3."""
    labels = (generator.random(images) < prevalence).astype(float)
    scores = generator.normal(size=images) + distance * (labels - 0.5)
    return labels, distance * scores + np.log(0.3 / 0.7)


def home(generator, images=4000):
    labels, logits = draw(generator, images)
    return Home(labels, logits, -0.8, np.ones(images))


def test_labels_give_what_everybody_measures():
    labels, logits = draw(np.random.default_rng(1), 300)
    logits = logits.round(1)  # with ties
    found = measured(labels, logits, 0.0)
    assert found[AUC] == pytest.approx(roc_auc_score(labels, logits))
    assert found[SENSITIVITY] == pytest.approx((logits[labels == 1] >= 0).mean())
    assert found[SPECIFICITY] == pytest.approx((logits[labels == 0] < 0).mean())
    assert found[ACCURACY] == pytest.approx(((logits >= 0) == labels).mean())
    weights = np.random.default_rng(2).random(300)
    assert measured(labels, logits, 0.0, weights)[AUC] == pytest.approx(
        roc_auc_score(labels, logits, sample_weight=weights)
    )


def test_expected_values_are_means_over_labels_that_could_be():
    generator = np.random.default_rng(3)
    logits = generator.normal(size=400)
    shares = expit(logits)
    drawn = [measured((generator.random(400) < shares).astype(float), logits, 0.2) for _ in range(400)]
    found = measured(shares, logits, 0.2)
    for name in QUANTITIES:
        assert found[name] == pytest.approx(np.mean([one[name] for one in drawn]), abs=0.005)


def test_nothing_changes_and_every_estimator_is_right():
    generator = np.random.default_rng(4)
    here = home(generator)
    labels, logits = draw(generator, 6000)
    truth = measured(labels, logits, here.threshold)
    for estimator, values in estimates(here, logits).items():
        for name, value in values.items():
            assert value == pytest.approx(truth[name], abs=0.03), (estimator, name)


def test_another_prevalence_is_found_by_prior_shift_and_by_no_constant():
    generator = np.random.default_rng(5)
    here = home(generator)
    labels, logits = draw(generator, 6000, prevalence=0.08)
    truth, found = measured(labels, logits, here.threshold), estimates(here, logits)
    assert found[PRIOR_SHIFT][PREVALENCE] == pytest.approx(0.08, abs=0.015)
    assert found[PRIOR_SHIFT][SENSITIVITY] == pytest.approx(truth[SENSITIVITY], abs=0.05)
    assert found[AVERAGE_CONFIDENCE][PREVALENCE] > 0.12
    assert found[AS_AT_HOME][PREVALENCE] == pytest.approx(0.3, abs=0.02)


def test_another_label_rule_is_seen_by_no_estimator():
    generator = np.random.default_rng(6)
    here = home(generator)
    labels, logits = draw(generator, 6000)
    turned = np.where(generator.random(6000) < 0.25, 1 - labels, labels)
    truth = measured(turned, logits, here.threshold)
    assert all(values[ACCURACY] > truth[ACCURACY] + 0.1 for values in estimates(here, logits).values())


def test_importance_weights_move_what_is_measured_at_home():
    generator = np.random.default_rng(7)
    here = home(generator, 8000)
    hard = np.abs(here.logits - here.threshold) < 1
    weighted = Home(here.labels, here.logits, here.threshold, np.where(hard, 5.0, 1.0))
    found = estimates(weighted, here.logits)
    assert found[WEIGHTING][ACCURACY] < found[AS_AT_HOME][ACCURACY] - 0.03


def test_estimators_lack_what_they_cannot_estimate_and_all_stay_within_0_and_1():
    generator = np.random.default_rng(8)
    found = estimates(home(generator, 300), 8 + generator.normal(size=200))  # all called positive, by far
    assert set(found) == set(ESTIMATORS)
    assert set(found[MATCHING]) == {ACCURACY}
    assert AUC not in found[DIFFERENCE + BY_CLASS]
    for values in found.values():
        assert all(np.isnan(value) or -1e-9 <= value <= 1 + 1e-9 for value in values.values())


def test_a_prediction_interval_of_one_cell_each_is_that_of_the_textbook():
    errors = np.array([0.01, -0.02, 0.03, 0.0, 0.02])
    found = expected_error(errors, list("abcde"))
    reach = t.ppf(0.975, 4) * errors.std(ddof=1) * np.sqrt(1 + 1 / 5)
    assert (found.low, found.high) == pytest.approx((errors.mean() - reach, errors.mean() + reach))
    assert found.targets == 5
    assert expected_error(errors[:3], list("abc")).is_known is False


def test_a_prediction_interval_covers_another_cohort_as_often_as_it_says():
    generator, inside = np.random.default_rng(9), []
    cohorts = np.repeat(np.arange(6), 4)
    for _ in range(1500):
        errors = 0.03 * generator.normal(size=7)[np.r_[cohorts, 6]] + 0.02 * generator.normal(size=25)
        found = expected_error(errors[:24], cohorts)
        inside.append(found.low <= errors[24] <= found.high)
    assert 0.94 <= np.mean(inside) <= 0.985


def table(**changes):
    """Return back-tests at five targets, and an unlabelled one; nearly right everywhere."""
    errors = dict(zip("abcde", (0.01, -0.01, 0.02, 0.0, 0.01), strict=True)) | changes.pop("errors", {})
    common = {"model": "m", "source": "home", "task": "Effusion", "estimator": DIFFERENCE, "quantity": AUC}
    rows = [
        {**common, "target": name, "group": LABELLED, "estimate": 0.8 + error, "truth": 0.8, "error": error,
         "verdict": "image"}
        for name, error in errors.items()
    ]  # fmt: skip
    rows.append({**common, "target": "new", "group": UNLABELLED, "estimate": 0.75, "verdict": "no harm"} | changes)
    names = [*common, "target", "group", "images", "estimate", "truth", "error", "verdict"]
    return pd.DataFrame(rows).reindex(columns=names)


COHORTS = {name: name for name in [*"abcde", "new"]}


def judged(rows, cohorts=COHORTS, tolerance=0.1):
    return judge(rows, cohorts, tolerance).set_index("target")


def test_what_errs_little_elsewhere_is_printed_with_an_interval():
    found = judged(table()).loc["new"]
    assert pd.isna(found["reason"])
    assert found["is_chosen"]
    assert found["targets"] == 5
    assert found["estimate_low"] == pytest.approx(0.75 - found["error_high"])
    assert found["error_low"] < 0 < found["error_high"]


@pytest.mark.parametrize(
    ("changes", "options", "reason"),
    [
        ({"errors": {"a": 0.4}}, {}, reasons.ERRS),
        ({}, {"tolerance": 0.02}, reasons.ERRS),
        ({}, {"cohorts": COHORTS | {"b": "a", "c": "a"}}, reasons.NOT_CHECKED),
        ({"verdict": None}, {}, reasons.OTHER_RULE),
        ({"verdict": "concept"}, {}, reasons.OTHER_RULE),
        ({"verdict": "cannot tell"}, {}, reasons.OTHER_RULE),
    ],
)
def test_what_cannot_be_trusted_is_not_printed_and_says_why(changes, options, reason):
    found = judged(table(**changes), **options).loc["new"]
    assert found["reason"] == reason
    assert pd.isna(found["estimate"])
    assert not found["is_chosen"]


def test_a_cell_is_never_judged_by_its_own_cohort():
    wrong = judged(table(errors={"a": 0.3}))
    assert wrong.loc["a", "error_high"] < 0.1 < wrong.loc["b", "error_high"]
    assert not wrong["is_chosen"].drop("a").any()


def test_a_clean_verdict_is_compared_with_clean_verdicts_alone():
    rows = table(errors={"f": 0.01, "g": 0.3})
    rows.loc[rows["target"] == "g", "verdict"] = "concept"
    cohorts = COHORTS | {"f": "f", "g": "g"}
    found = judged(rows, cohorts)
    assert pd.isna(found.loc["a", "reason"])
    assert found.loc["g", "reason"] == reasons.OTHER_RULE
    assert pd.isna(found.loc["new", "reason"])
    assert found.loc["a", "targets"] == 5


def test_labels_that_differ_without_harm_are_in_doubt_too():
    common = {"model": "m", "source": "home", "task": "Effusion", "concept_present": False}
    shift = pd.DataFrame([
        common | {"target": "a", "metric": "AUC", "verdict": "no harm"},
        common | {"target": "a", "metric": "log-loss", "verdict": "image"},
        common | {"target": "b", "metric": "AUC", "verdict": "cannot tell"},
        common | {"target": "b", "metric": "log-loss", "verdict": "no shift"},
        common | {"target": "c", "metric": "AUC", "verdict": "no harm", "concept_present": True},
        common | {"target": "d", "metric": "AUC", "verdict": None, "concept_present": None},
    ])  # fmt: skip
    found = {target: verdict for (_, _, target, _), verdict in verdicts_of(shift).items()}
    assert found == {"a": "image", "b": "cannot tell", "c": "labels or unseen images"}


def test_errors_are_summed_up_by_cause():
    rows = table()
    rows.loc[rows["target"] == "a", "verdict"] = "concept"
    found = summarise(judge(rows, COHORTS, 0.1), COHORTS, 0.015).set_index("cause")
    assert found.loc["all", "cells"] == 5
    assert found.loc["concept", "cells"] == 1
    assert found.loc["all", "worst"] == pytest.approx(0.02)
    assert found.loc["all", "within"] == pytest.approx(0.8)
