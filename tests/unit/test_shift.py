"""Images or labels? The terms, what they are made of, and verdicts on hospitals whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from crossray.analysis.resampling import weighted_ranking
from crossray.analysis.shift import labelling
from crossray.analysis.shift.cell import Cases, explain, harmonic, null_floor
from crossray.analysis.shift.logistic import refitted
from crossray.analysis.shift.overlap import folds_of, tell_apart
from crossray.analysis.shift.prevalence import (
    AXIS,
    WEAK,
    calibration,
    choose_step,
    class_weights,
    distance,
    implied_offset,
    recorded_offset,
)
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS, METRICS
from crossray.analysis.shift.verdict import CANNOT_TELL, NO_HARM, NO_SHIFT, NOT_FOUND, VERDICTS, judge, present
from shift_grid import GRID, cases, hospital, planted_terms, reader

IMAGES, RESAMPLES = 2000, 60
NO_FLOOR = dict.fromkeys(CAUSES, 0.0)


@pytest.fixture(scope="module")
def grid():
    """Return the grid's cells: the planted settings, planted terms, what is found, and verdicts by both metrics."""
    found = {}
    for number, (name, (planted, cause)) in enumerate(GRID.items()):
        generator = np.random.default_rng([77, number])
        model = reader(generator, IMAGES)
        sides = [cases(model, *hospital(IMAGES, generator, **some)) for some in ({}, planted)]
        cell = explain(*sides, RESAMPLES, number)
        verdicts = {metric: judge(cell, present(cell, cell.p), NO_FLOOR, metric) for metric in METRICS}
        found[name] = cause, planted_terms(model, planted, 20_000), cell, verdicts
    return found


def test_terms_add_up_to_the_drop_in_every_draw(grid):
    for name, (_, _, cell, _) in grid.items():
        for metric in METRICS:
            terms = cell.main[metric]
            assert np.allclose(sum(terms[cause] for cause in CAUSES), terms["drop"], rtol=0, atol=1e-9), name
            assert np.allclose(terms["familiar"] + terms["new"], terms["image"], rtol=0, atol=1e-9)
            parts = terms["threshold"] + terms["noise"] + terms["other"]
            assert np.allclose(parts, terms["concept"], rtol=0, atol=1e-9)


def test_the_drop_is_what_libraries_measure():
    generator = np.random.default_rng(0)
    model = reader(generator, 500)
    sides = [cases(model, *hospital(500, generator, **some)) for some in ({}, {"noise": 0.1})]
    terms = explain(*sides, 0, 0).main
    losses = [log_loss(side.labels, expit(side.scores)) for side in sides]
    aucs = [roc_auc_score(side.labels, side.scores) for side in sides]
    assert terms[LOG_LOSS]["drop"][0] == pytest.approx(losses[1] - losses[0])
    assert terms[AUC]["drop"][0] == pytest.approx(aucs[0] - aucs[1])


def test_auc_does_not_see_prevalence(grid):
    for _, _, cell, _ in grid.values():
        assert np.abs(cell.main[AUC]["prevalence"]).max() < 1e-9


def test_pure_causes_are_named_or_nothing_is_said(grid):
    pure = {name: cell for name, cell in grid.items() if cell[0] in CAUSES}
    named = {name: verdicts[LOG_LOSS].verdict for name, (_, _, _, verdicts) in pure.items()}
    wrong = {name: verdict for name, verdict in named.items() if verdict in CAUSES and verdict != pure[name][0]}
    right = [name for name, verdict in named.items() if verdict == pure[name][0]]
    assert not wrong
    assert len(right) >= 14, named  # of 19, one of which has no overlap


def test_nothing_planted_is_never_given_a_cause(grid):
    for name in ("nothing", "harmless site"):
        assert grid[name][3][LOG_LOSS].verdict in (NO_SHIFT, NOT_FOUND, NO_HARM), name
        assert grid[name][3][AUC].verdict in (NO_SHIFT, NOT_FOUND, NO_HARM), name


def test_what_nobody_could_tell_is_not_told(grid):
    assert grid["no overlap"][3][LOG_LOSS].why.startswith("overlap")
    assert grid["along severity"][3][LOG_LOSS].verdict == CANNOT_TELL
    assert grid["along severity"][2].step.doubt == AXIS


def test_terms_are_those_that_were_planted(grid):
    # where the prevalence step is in doubt, no verdict hangs on the terms
    within = [cell for name, cell in grid.items() if name != "no overlap" and not cell[2].step.doubt]
    assert len(within) > 20
    for cause, least in (("prevalence", 0.75), ("image", 0.95), ("concept", 0.95)):
        planted = [terms[cause] for _, terms, _, _ in within]
        found = [float(cell.main[LOG_LOSS][cause][0]) for _, _, cell, _ in within]
        assert np.corrcoef(planted, found)[0, 1] > least, cause


def test_images_that_differ_tell_no_prevalence_against_the_labels(grid):
    for name, (_, _, cell, verdicts) in grid.items():
        if cell.step.rule == "images":
            assert not cell.overlaps["features"].told_apart, name
        if cell.step.doubt == AXIS:
            assert verdicts[LOG_LOSS].verdict == CANNOT_TELL, name


def test_label_rules_are_told_apart(grid):
    for level in (1, 2, 3):
        for name, part, other in (("stricter", "threshold", "noise"), ("looser", "threshold", "noise"),
                                  ("noisy labels", "noise", "threshold")):  # fmt: skip
            terms = grid[f"{name} {level}"][2].main[LOG_LOSS]
            assert terms[part][0] > 2 * abs(terms[other][0]), (name, level)
    noises = [grid[f"noisy labels {level}"][2].rule.noises[0] for level in (1, 2, 3)]
    assert noises == pytest.approx([0.04, 0.08, 0.15], abs=0.02)


def test_two_labellings_of_the_same_images_are_concept_shift_alone():
    generator = np.random.default_rng(3)
    model = reader(generator, IMAGES)
    x, labels = hospital(IMAGES, generator)
    again = labels != (generator.random(IMAGES) < 0.12)
    first = cases(model, x, labels)
    cell = explain(first, replace(first, labels=again.astype(float)), RESAMPLES, 0)
    terms = cell.main[LOG_LOSS]
    assert terms["concept"][0] == pytest.approx(terms["drop"][0], abs=0.005)
    assert np.abs(terms["image"]).max() < 0.02  # the same patients are drawn on both sides
    assert judge(cell, present(cell, cell.p), NO_FLOOR, LOG_LOSS).verdict == "concept"


def test_a_chord_refit_is_a_full_refit():
    generator = np.random.default_rng(1)
    design = np.c_[np.ones(400), generator.standard_normal((400, 12))]
    targets = (generator.random(400) < expit(design @ generator.normal(size=13))).astype(float)
    weights = np.concatenate([np.ones((1, 400)), generator.multinomial(400, np.full(400, 1 / 400), size=20)])
    found = refitted(design, targets, weights, np.r_[0.0, np.full(12, 3.0)])
    for row in (0, 1, 20):
        library = LogisticRegression(C=1 / 3, tol=1e-10, max_iter=1000)
        library.fit(design[:, 1:], targets, sample_weight=weights[row])
        expected = np.r_[library.intercept_, library.coef_[0]]
        assert found[row] == pytest.approx(expected, abs=1e-4 if row == 0 else 0.02)
    spread = np.std(found[1:], axis=0)
    assert np.abs(found[1:] - found[0]).max() > 10 * 0.02 or spread.max() > 0.1  # resamples do differ


def test_the_domain_classifiers_resamples_are_those_of_full_refits():
    generator = np.random.default_rng(4)
    first, second = generator.standard_normal((600, 8)), generator.standard_normal((600, 8)) + 0.3
    counts = generator.multinomial(600, np.full(600, 1 / 600), size=(10, 2)).astype(float)
    draws = [np.concatenate([np.ones((1, 600)), counts[:, side]]) for side in (0, 1)]
    owners = np.arange(600), np.arange(600, 1200)
    together = tell_apart((first, second), (draws[0], draws[1]), owners, 0)
    for row in (1, 7):
        alone = tell_apart((first, second), (draws[0][row : row + 1], draws[1][row : row + 1]), owners, 0)
        assert np.abs(alone.source[0] - together.source[row]).mean() < 0.02


def test_float_weights_rank_as_the_library_does():
    generator = np.random.default_rng(2)
    labels, scores = generator.integers(0, 2, 80), generator.integers(0, 20, 80).astype(float)
    weights = generator.random((3, 80))
    found, _ = weighted_ranking(labels, scores, weights)
    expected = [roc_auc_score(labels, scores, sample_weight=row) for row in weights]
    assert found == pytest.approx(expected, abs=1e-12)


def two_classes(generator, images, share, gap=2.5):
    labels = (generator.random(images) < share).astype(float)
    return labels, generator.normal(size=images) + gap * (labels - 0.5)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_the_images_tell_the_prevalence(share):
    generator = np.random.default_rng(int(share * 100))
    labels, scores = two_classes(generator, 8000, 0.3)
    _, others = two_classes(generator, 8000, share)
    ones = np.ones((1, 8000))
    fitted = calibration(scores, labels, ones)
    calibrated = [(fitted[:, :1] + fitted[:, 1:] * part) for part in (scores, others)]
    assert implied_offset(*calibrated, ones, ones)[0] == pytest.approx(logit(share) - logit(0.3), abs=0.15)
    assert implied_offset(calibrated[0], calibrated[0], ones, ones)[0] == pytest.approx(0, abs=1e-6)


def test_class_weights_bring_the_prevalence_that_was_asked_for():
    generator = np.random.default_rng(5)
    labels, counts = generator.integers(0, 2, 300), generator.integers(1, 4, (4, 300)).astype(float)
    offsets = np.array([0.0, 1.0, -1.0, 0.5])
    weighted = counts * class_weights(labels, counts, offsets)
    after = logit(weighted @ labels / weighted.sum(axis=1))
    before = logit(counts @ labels / counts.sum(axis=1))
    assert after - before == pytest.approx(offsets, abs=1e-9)
    assert recorded_offset(labels, labels, counts, counts) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("implied", "recorded", "fit", "rule", "doubt"),
    [(1.0, 1.05, 9.0, "agree", ""), (1.0, 0.0, 1.0, "images", ""), (1.0, 0.0, 2.0, "none", AXIS),
     (0.1, 0.35, 1.0, "none", WEAK), (0.0, 1.0, 1.0, "none", ""), (0.0, 0.0, 1.0, "none", "")],
)  # fmt: skip
def test_the_prevalence_step_follows_its_rules(implied, recorded, fit, rule, doubt):
    spread = np.random.default_rng(0).normal(scale=0.1, size=200)
    step = choose_step(np.r_[implied, implied + spread], np.r_[recorded, recorded + spread], fit)
    assert (step.rule, step.doubt) == (rule, doubt)
    assert (step.offsets[0] != 0) == (rule != "none")


@pytest.mark.parametrize(("shift", "noise", "name"), [(0, 0, "none"), (-1, 0, "threshold"), (0, 0.1, "noise"),
                                                      (1.5, 0.1, "threshold and noise")])  # fmt: skip
def test_planted_label_rules_are_found(shift, noise, name):
    generator = np.random.default_rng(8)
    logits = generator.normal(scale=3, size=4000)
    labels = (generator.random(4000) < noise + (1 - 2 * noise) * expit(logits + shift)).astype(float)
    weights = np.concatenate([np.ones((1, 4000)), generator.multinomial(4000, np.full(4000, 1 / 4000), 30)])
    rule = labelling.compare(np.tile(logits, (31, 1)), labels, weights.astype(float), 0.0)
    assert rule.name == name
    assert rule.shifts[0] == pytest.approx(shift, abs=0.25)
    assert rule.noises[0] == pytest.approx(noise, abs=0.02)
    assert (rule.p < 0.01) == (name != "none")
    for values in (rule.shifts, rule.noises):
        assert abs(values[1:].mean() - values[0]) < 0.1


def test_patients_stay_together():
    owners = np.repeat(np.arange(50), 3)
    folds = folds_of(owners, 0)
    assert all(len(set(folds[owners == one])) == 1 for one in range(50))
    generator = np.random.default_rng(9)
    model = reader(generator, 600)
    x, labels = hospital(600, generator)
    y, other = hospital(200, generator)
    many = cases(model, np.repeat(y, 3, axis=0), np.repeat(other, 3), np.repeat(np.arange(200), 3))
    spreads = [explain(cases(model, x, labels), side, 100, 0).main[LOG_LOSS]["drop"][1:].std()
               for side in (many, cases(model, many.features["features"], many.labels))]  # fmt: skip
    assert spreads[0] > 1.2 * spreads[1]  # three equal images of a patient are one image's worth


def test_constant_scores_end_in_no_claim():
    generator = np.random.default_rng(6)
    sides = []
    for place in range(2):
        labels = generator.integers(0, 2, 300).astype(float)
        sides.append(Cases(labels, np.zeros(300), np.zeros(300), np.arange(300) + 300 * place,
                           {"features": generator.standard_normal((300, 4))}))  # fmt: skip
    cell = explain(*sides, 50, 0)
    assert np.isfinite(cell.main[LOG_LOSS]["concept"]).all()
    assert judge(cell, present(cell, cell.p), NO_FLOOR, LOG_LOSS).verdict not in CAUSES


def test_the_null_floor_is_what_halves_of_one_hospital_differ_by():
    generator = np.random.default_rng(7)
    model = reader(generator, 1000)
    source = cases(model, *hospital(1000, generator))
    floor = null_floor(source, 20, 0)
    again = cases(model, *hospital(1000, generator))
    terms = explain(source, again, 0, 0).main
    for metric in METRICS:
        for cause in CAUSES:
            assert abs(terms[metric][cause][0]) < 2 * floor[metric][cause] / np.sqrt(harmonic(1000, 1000)) + 1e-12


def test_scores_of_one_hospital_are_not_far_from_its_own():
    generator = np.random.default_rng(10)
    assert distance(generator.normal(size=500), np.ones(500), generator.normal(size=500), 1.0) < 1.63
    assert distance(generator.normal(size=500), np.ones(500), generator.normal(size=500) + 0.5, 1.0) > 1.63


def test_a_dozen_images_have_a_verdict_all_the_same():
    generator = np.random.default_rng(11)
    model = reader(generator, 300)
    for _ in range(4):
        sides = [cases(model, *hospital(14, generator)) for _ in range(2)]
        for side in sides:
            side.labels[:2] = 1
            side.labels[2:] = 0
        cell = explain(*sides, 50, 0)
        for metric in METRICS:
            assert judge(cell, present(cell, cell.p), NO_FLOOR, metric).verdict in VERDICTS
