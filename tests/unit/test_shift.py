"""Images or labels? The terms, what they are made of, and verdicts on hospitals whose truth is known."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from crossray.analysis.resampling import weighted_ranking
from crossray.analysis.shift import labelling, second_reading
from crossray.analysis.shift.case_mix import DIFFERENT
from crossray.analysis.shift.cell import ShiftSample, explain, harmonic, null_floor
from crossray.analysis.shift.decides import cheapest
from crossray.analysis.shift.folds import folds_of
from crossray.analysis.shift.logistic import refitted
from crossray.analysis.shift.overlap import tell_apart
from crossray.analysis.shift.prevalence import (
    MIXED,
    WEAK,
    calibration,
    choose_step,
    class_weights,
    implied_offset,
    implied_weights,
    recorded_offset,
)
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS, METRICS
from crossray.analysis.shift.verdict import (
    CANNOT_TELL,
    COMPOUND,
    NO_HARM,
    NO_SHIFT,
    NOT_FOUND,
    VERDICTS,
    Verdict,
    judge,
    present,
)
from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

from verdict_families import Hospital, Reader, cases, draw, planted_terms

IMAGES, RESAMPLES = 2000, 60
NO_FLOOR = dict.fromkeys(CAUSES, 0.0)
#: name -> what differs, and the cause
GRID = {
    "nothing": ({}, None), "site mark": ({"harmless": 0.6}, None),
    "harder images": ({"image": 0.8}, "image"), "poorer images": ({"quality": 1.2}, "image"),
    "more prevalent": ({"prevalence": 1.2}, "prevalence"), "less prevalent": ({"prevalence": -1.0}, "helps"),
    "sicker patients": ({"severity": 0.9}, "case_mix"), "along severity": ({"axis": 0.7}, COMPOUND),
    "stricter": ({"threshold": 1.2}, COMPOUND), "looser": ({"threshold": -1.0}, COMPOUND),
    "wrong labels": ({"noise": 0.1}, COMPOUND), "softer readers": ({"error": 4.0}, COMPOUND),
    "sharper readers": ({"error": 0.1}, "helps"), "subgroup": ({"subgroup": 1.8}, COMPOUND),
    "cue of another image": ({"lookalike": 0.5}, COMPOUND), "noisier cue": ({"noisier": 0.7}, COMPOUND),
    "no overlap": ({"image": 3.0}, "overlap"),
}  # fmt: skip


def sides_of(planted, seed, images=IMAGES, most=1):
    """Return a reader and its cases at home and at a hospital that differs."""
    generator = np.random.default_rng(seed)
    reader = Reader(generator, Hospital(), images)
    drawn = [draw(images, generator, Hospital(**some), most) for some in ({}, planted)]
    return reader, drawn, [cases(reader, one) for one in drawn]


def verdict_of(cell, metric=LOG_LOSS):
    return judge(cell, present(cell, cell.p), NO_FLOOR, metric).verdict


@pytest.fixture(scope="module")
def grid():
    """Return the grid's cells: the cause, planted terms, what is found, and verdicts by both metrics."""
    found = {}
    for number, (name, (planted, cause)) in enumerate(GRID.items()):
        reader, _, sides = sides_of(planted, [77, number])
        cell = explain(*sides, RESAMPLES, number)
        verdicts = {metric: judge(cell, present(cell, cell.p), NO_FLOOR, metric) for metric in METRICS}
        found[name] = cause, planted_terms(reader, Hospital(), Hospital(**planted))[LOG_LOSS], cell, verdicts
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
    _, _, sides = sides_of({"noise": 0.1}, 0, 500)
    terms = explain(*sides, 0, 0).main
    losses = [log_loss(side.labels, expit(side.used)) for side in sides]
    aucs = [roc_auc_score(side.labels, side.scores) for side in sides]
    assert terms[LOG_LOSS]["drop"][0] == pytest.approx(losses[1] - losses[0])
    assert terms[AUC]["drop"][0] == pytest.approx(aucs[0] - aucs[1])


def test_auc_does_not_see_prevalence(grid):
    for _, _, cell, _ in grid.values():
        assert np.abs(cell.main[AUC]["prevalence"]).max() < 1e-9


def test_a_cause_is_named_where_it_is_planted_and_can_be_told(grid):
    named = {name: (cause, verdicts[LOG_LOSS].verdict) for name, (cause, _, _, verdicts) in grid.items()}
    wrong = {name: pair for name, pair in named.items() if pair[1] in CAUSES and pair[1] != pair[0]}
    assert not wrong
    assert sum(cause in CAUSES and cause == verdict for cause, verdict in named.values()) >= 2, named  # of 4


def test_one_labelling_never_names_the_label_rule(grid):
    told = [verdicts[LOG_LOSS].verdict for cause, _, _, verdicts in grid.values() if cause == COMPOUND]
    assert set(told) <= {COMPOUND, CANNOT_TELL, NO_HARM}
    assert told.count(COMPOUND) >= 6, told  # of 8


def test_what_helps_is_not_to_blame(grid):
    for cause, _, _, verdicts in grid.values():
        if cause == "helps":
            assert verdicts[LOG_LOSS].verdict in (NO_HARM, NO_SHIFT, NOT_FOUND, CANNOT_TELL)


def test_nothing_planted_is_never_given_a_cause(grid):
    for name in ("nothing", "site mark"):
        for metric in METRICS:
            assert grid[name][3][metric].verdict in (NO_SHIFT, NOT_FOUND, NO_HARM, CANNOT_TELL), name


def test_images_without_a_like_are_not_explained(grid):
    assert grid["no overlap"][3][LOG_LOSS].why.startswith("overlap")


def test_terms_are_those_that_were_planted(grid):
    within = [cell for name, cell in grid.items() if name not in ("no overlap", "along severity")]
    hidden = ("cue of another image", "noisier cue")  # what the description cannot see is in the concept term
    within = [cell for cell in within if cell is not grid[hidden[0]] and cell is not grid[hidden[1]]]
    for cause, least in (("prevalence", 0.9), ("image", 0.95), ("concept", 0.95)):
        planted = [terms[cause] for _, terms, _, _ in within]
        found = [float(cell.main[LOG_LOSS][cause][0]) for _, _, cell, _ in within]
        assert np.corrcoef(planted, found)[0, 1] > least, cause


@pytest.mark.parametrize(
    ("planted", "least", "most"),
    [({"quality": 1.0}, 4, 6), ({"image": 0.6}, 4, 6), ({"severity": 0.7}, 0, 0), ({"axis": 0.7}, 0, 0),
     ({"severity": 0.7, "threshold": 0.8}, 0, 0)],
)  # fmt: skip
def test_case_mix_is_not_corrected_where_scores_differ_by_how_images_are_taken(planted, least, most):
    dropped = 0
    for seed in range(6):
        _, _, sides = sides_of(planted, [8, seed], 1500)
        cell = explain(*sides, 40, seed)
        off = not cell.main[LOG_LOSS]["case_mix"].any()
        assert off == (cell.same_labels <= DIFFERENT < cell.taken_alike)
        dropped += off
    assert least <= dropped <= most


def test_scores_of_sicker_patients_are_not_those_of_another_prevalence():
    found = {}
    for name, planted in (("sicker", {"severity": 0.8}), ("more prevalent", {"prevalence": 1.0})):
        cells = [explain(*sides_of(planted, [9, seed], 1500)[2], 40, seed) for seed in range(4)]
        found[name] = np.median([cell.as_prevalent for cell in cells])
    assert found["sicker"] < DIFFERENT < found["more prevalent"]


def test_weights_at_an_implied_prevalence_are_those_of_labels_where_scores_are_certain():
    generator = np.random.default_rng(3)
    labels, weights = generator.integers(0, 2, 500).astype(float), generator.integers(0, 4, (2, 500)).astype(float)
    offsets = np.array([0.0, 0.7])
    certain = implied_weights(np.tile(60 * labels - 30, (2, 1)), weights, offsets)
    assert certain == pytest.approx(class_weights(labels, weights, offsets))
    unsure = implied_weights(generator.standard_normal((2, 500)), weights, offsets)
    assert unsure[0] == pytest.approx(np.ones(500))
    assert (weights * unsure).sum(axis=1) == pytest.approx(weights.sum(axis=1))


def test_sicker_patients_under_one_rule_are_no_label_term():
    found = []
    for seed in range(8):
        _, _, sides = sides_of({"severity": 0.9}, [6, seed])
        terms = explain(*sides, 0, seed).main[LOG_LOSS]
        found.append([terms[cause][0] for cause in ("case_mix", "concept")])
    case_mix, concept = np.mean(found, axis=0)
    assert case_mix == pytest.approx(0.035, abs=0.015)  # as planted
    assert abs(concept) < case_mix / 2


def test_label_rules_are_told_apart(grid):
    for name, part, other in (("stricter", "threshold", "noise"), ("looser", "threshold", "noise"),
                              ("wrong labels", "noise", "threshold")):  # fmt: skip
        terms = grid[name][2].main[LOG_LOSS]
        assert terms[part][0] > 2 * abs(terms[other][0]), name


@pytest.mark.parametrize("images", [1, 3, 8])
def test_one_rule_is_found_to_be_one_as_often_as_said_with_several_images_a_patient(images):
    found = []
    for seed in range(12):
        _, _, sides = sides_of({}, [5, images, seed], 500, images)
        found.append(explain(*sides, 40, seed).p["concept"])
    assert np.mean(np.array(found) < 0.05) <= 2 / 12


def reread(planted, seed, some=800):
    """Return a cell whose target was also read by the source's readers."""
    _, drawn, (source, target) = sides_of(planted, seed)
    second = np.where(np.arange(IMAGES) < some, drawn[1].second, np.nan)
    return explain(source, replace(target, second=second), RESAMPLES, 0)


def test_a_second_reading_tells_labels_from_images_that_nobody_described():
    assert verdict_of(reread({"noise": 0.12}, 3)) == "concept"
    assert verdict_of(reread({"lookalike": 0.6}, 3, IMAGES)) == "image"


def test_what_is_left_after_chance_is_as_uncertain_as_its_draws_say():
    generator, draws = np.random.default_rng(4), 40
    left, spread = [], []
    for _ in range(20_000):
        chance, rest = generator.standard_normal((2, draws + 1))
        chance[1:] += chance[0]  # resamples scatter about the sample as the sample does about the truth, 0
        rest[1:] += rest[0]
        found = second_reading._without(0.8 * chance + rest, chance)
        left.append(found[0])
        spread.append(found[1:].var(ddof=1))
    assert np.mean(np.square(left)) == pytest.approx(np.mean(spread), rel=0.03)
    assert np.mean(np.square(left)) < 1.1  # of 1.64 with chance


def test_a_second_reading_with_few_resamples_is_taken_as_it_is():
    values = np.arange(5.0)
    assert second_reading._without(values, np.ones(5)) is values


def test_what_would_decide_decides():
    _, drawn, (source, target) = sides_of({"lookalike": 0.6}, 3)
    cell = explain(source, target, RESAMPLES, 0)
    judged = judge(cell, present(cell, cell.p), NO_FLOOR, LOG_LOSS)
    assert judged.verdict == COMPOUND
    words = cheapest(cell, judged, LOG_LOSS, IMAGES, IMAGES)
    assert words.startswith("a second reading of ")
    needed = int(words.split()[4].replace(",", ""))
    assert 20 < needed < IMAGES
    second = np.where(np.arange(IMAGES) < needed, drawn[1].second, np.nan)
    error = explain(source, replace(target, second=second), RESAMPLES, 0).reread.labels[LOG_LOSS][1:].std()
    assert 2 * error < cell.main[LOG_LOSS]["concept"][0]
    assert cheapest(cell, Verdict("image", ""), LOG_LOSS, IMAGES, IMAGES) is None


def test_two_labellings_of_the_same_images_are_the_label_rule():
    first = sides_of({}, 3)[2][0]
    again = first.labels != (np.random.default_rng(0).random(IMAGES) < 0.12)
    cell = explain(first, replace(first, labels=again.astype(float), second=first.labels), RESAMPLES, 0)
    terms = cell.main[LOG_LOSS]
    assert cell.reread.labels[LOG_LOSS][0] == pytest.approx(terms["drop"][0], abs=0.01)
    assert np.abs(terms["image"]).max() < 0.03  # the same patients are drawn on both sides
    assert verdict_of(cell) == "concept"


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
    ("implied", "recorded", "level", "rule", "doubt"),
    [(1.0, 1.05, 1.0, "agree", ""), (1.0, 0.5, 0.0, "none", ""), (1.0, 0.0, -1.0, "none", ""),
     (0.3, 0.3, 0.15, "none", MIXED), (0.1, 0.35, 0.2, "none", WEAK), (0.0, 1.0, 1.0, "none", ""),
     (0.0, 0.0, 0.0, "none", "")],
)  # fmt: skip
def test_the_prevalence_step_follows_its_rules(implied, recorded, level, rule, doubt):
    generator = np.random.default_rng(0)
    draws = [np.r_[value, value + generator.normal(scale=0.1, size=200)] for value in (implied, recorded, level)]
    step = choose_step(*draws)
    assert (step.rule, step.doubt) == (rule, doubt)
    assert (step.offsets[0] != 0) == (rule != "none")


@pytest.mark.parametrize(("shift", "noise", "name"), [(0, 0, "none"), (-1, 0, "threshold"), (0, 0.1, "noise"),
                                                      (1.5, 0.1, "threshold and noise")])  # fmt: skip
def test_planted_label_rules_are_found(shift, noise, name):
    generator = np.random.default_rng(8)
    logits = generator.normal(scale=3, size=4000)
    labels = (generator.random(4000) < noise + (1 - 2 * noise) * expit(logits + shift)).astype(float)
    weights = np.concatenate([np.ones((1, 4000)), generator.multinomial(4000, np.full(4000, 1 / 4000), 30)])
    rule = labelling.compare(np.tile(logits, (31, 1)), labels, weights.astype(float))
    assert rule.name == name
    assert rule.shifts[0] == pytest.approx(shift, abs=0.25)
    assert rule.noises[0] == pytest.approx(noise, abs=0.02)
    for values in (rule.shifts, rule.noises):
        assert abs(values[1:].mean() - values[0]) < 0.1


def test_patients_stay_together():
    owners = np.repeat(np.arange(50), 3)
    folds = folds_of(owners, 0)
    assert all(len(set(folds[owners == one])) == 1 for one in range(50))
    _, drawn, (source, once) = sides_of({}, 9, 300)
    many = cases(Reader(np.random.default_rng(9), Hospital(), 300), drawn[1].chosen(np.repeat(np.arange(300), 3)))
    once = replace(once, scores=many.scores[::3], used=many.used[::3])
    spreads = [explain(source, side, 100, 0).main[LOG_LOSS]["drop"][1:].std() for side in (many, once)]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.25)  # three equal images of a patient are one image's worth


def test_constant_scores_end_in_no_claim():
    generator = np.random.default_rng(6)
    sides = []
    for place in range(2):
        labels = generator.integers(0, 2, 300).astype(float)
        features = generator.standard_normal((300, 4))
        owners = np.arange(300) + 300 * place
        sides.append(ShiftSample(labels, np.zeros(300), np.zeros(300), owners, {"features": features}, features))
    cell = explain(*sides, 50, 0)
    assert np.isfinite(cell.main[LOG_LOSS]["concept"]).all()
    assert judge(cell, present(cell, cell.p), NO_FLOOR, LOG_LOSS).verdict not in CAUSES


def test_the_null_floor_is_what_halves_of_one_hospital_differ_by():
    _, _, (source, again) = sides_of({}, 7, 1000)
    floor = null_floor(source, 20, 0)
    terms = explain(source, again, 0, 0).main
    for metric in METRICS:
        for cause in CAUSES:
            assert abs(terms[metric][cause][0]) < 2 * floor[metric][cause] / np.sqrt(harmonic(1000, 1000)) + 1e-12


def test_a_dozen_images_have_a_verdict_all_the_same():
    generator = np.random.default_rng(11)
    reader = Reader(generator, Hospital(), 300)
    for _ in range(4):
        sides = [cases(reader, draw(14, generator, Hospital())) for _ in range(2)]
        for side in sides:
            side.labels[:2] = 1
            side.labels[2:] = 0
        cell = explain(*sides, 50, 0)
        for metric in METRICS:
            judged = judge(cell, present(cell, cell.p), NO_FLOOR, metric)
            assert judged.verdict in VERDICTS
            cheapest(cell, judged, metric, 14, 14)
