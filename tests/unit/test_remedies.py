"""What would decide a verdict that leaves something open: for every kind of abstention, with its number."""

import numpy as np
import pytest

from crossray.analysis.shift.cell import Explained
from crossray.analysis.shift.decides import cheapest
from crossray.analysis.shift.labelling import Rule
from crossray.analysis.shift.overlap import Overlap
from crossray.analysis.shift.prevalence import MIXED, WEAK, Step
from crossray.analysis.shift.second_reading import Reread
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS, METRICS
from crossray.analysis.shift.verdict import (
    CANNOT_TELL,
    COMPOUND,
    NO_HARM,
    NO_SHIFT,
    NOT_FOUND,
    ONE_CLASS,
    OVERLAP,
    READING,
    REPRESENTATION,
    SCORES,
    SEVERITY,
    TIE,
    UNCONFIRMED,
    judge,
    present,
)

DRAWS, TARGET, SOURCE = 400, 1000, 2000
OPEN = (CANNOT_TELL, COMPOUND, NOT_FOUND)
SURE = dict.fromkeys(CAUSES, 1e-6)
SPREAD = 0.4  # nats: of what a second reading of one image leaves unknown


def drawn(value, error, seed):
    """Return a value, and resamples of it that have exactly that error."""
    noise = np.random.default_rng(seed).standard_normal(DRAWS)
    return np.r_[value, value + error * (noise - noise.mean()) / noise.std(ddof=1)]


def cell(terms, p=SURE, error=0.005, effective=0.8, lean=None, doubt="", offsets=((0, 0.1),) * 3, labels=None,
         same=1.0, prevalent=0.0):  # fmt: skip
    """Return a cell with these terms by both metrics, and as many tests that find something."""
    found = {
        name: {metric: {cause: drawn(some.get(cause, 0.0), error, place) for place, cause in enumerate(CAUSES)}
               for metric in METRICS}
        for name, some in (("rich", terms), ("lean", lean or terms))
    }  # fmt: skip
    nothing = np.zeros((DRAWS + 1, 2))
    overlap = Overlap(nothing, nothing, 0.8, 0.0, effective, 0.0)
    implied, recorded, level = (drawn(*offset, 10 + place) for place, offset in enumerate(offsets))
    rule = Rule("none", np.zeros(DRAWS + 1), np.zeros(DRAWS + 1))
    reread = labels and Reread(labels[2], {metric: drawn(*labels[:2], 20) for metric in METRICS})
    step = Step(implied, "agree", doubt) if terms.get("prevalence") else Step(np.zeros(DRAWS + 1), "none", doubt)
    by_record = {metric: dict.fromkeys(CAUSES, 0.0) for metric in METRICS}
    return Explained(found, dict.fromkeys(found, overlap), rule, step, implied, recorded, level, dict(p), same, np.nan,
                     prevalent, by_record, reread, dict.fromkeys(METRICS, SPREAD))  # fmt: skip


def told(found, metric=LOG_LOSS):
    """Return the verdict, what it is about, and what would decide."""
    judged = judge(found, present(found, found.p), dict.fromkeys(CAUSES, 0.0), metric)
    return judged.verdict, judged.about, cheapest(found, judged, metric, TARGET, SOURCE)


def none_but(*causes):
    """Return p values: nothing is found but some causes."""
    return dict.fromkeys(CAUSES, 0.5) | dict.fromkeys(causes, 1e-6)


def test_hospitals_without_like_images_need_images_that_are_alike():
    decides = "500 images of the source that look like the target's, with labels"  # 500 of 2,500 are a fifth
    assert told(cell({"image": 0.1}, effective=0.1)) == (CANNOT_TELL, OVERLAP, decides)


def test_prevalence_or_label_rule_needs_images_without_labels():
    # The error of 0.2 has to be a quarter of 0.4, so a half: four times the images.
    found = cell({"concept": 0.1}, doubt=WEAK, offsets=((0.1, 0.2), (0.4, 0.1), (0.2, 0.1)))
    assert told(found) == (CANNOT_TELL, WEAK, "3,000 more images of the target, without labels")


def test_prevalence_or_case_mix_needs_images_with_labels():
    found = cell({"case_mix": 0.1}, doubt=MIXED, offsets=((0.3, 0.1), (0.3, 0.1), (0.1, 0.1)))
    verdict, about, decides = told(found)
    error = (found.level - found.implied)[1:].std(ddof=1)
    needed = int(decides.split()[0].replace(",", ""))
    assert (verdict, about) == (CANNOT_TELL, MIXED)
    assert 2.8 * error / np.sqrt(1 + needed / TARGET) == pytest.approx(0.2, rel=0.05)


def test_resamples_of_one_class_need_more_patients():
    found = cell({"image": 0.1})
    for terms in found.main.values():
        terms["image"][1:] = np.where(np.arange(DRAWS) < 0.98 * DRAWS, np.nan, terms["image"][1:])
    assert told(found) == (CANNOT_TELL, ONE_CLASS, "more than 100,000 more images of the target, with labels")


def test_a_term_that_no_test_confirms_needs_images_or_readings():
    assert told(cell({"image": 0.05, "concept": 0.01}, none_but())) == (
        CANNOT_TELL, UNCONFIRMED, "17,000 more images of the target, with labels",  # p = 0.5 is 0.67 errors of 2.8
    )  # fmt: skip
    decides = "a second reading of 510 of the target's images by the source's readers"  # (2.8 * 0.4 / 0.05)^2
    assert told(cell({"concept": 0.05}, none_but())) == (CANNOT_TELL, UNCONFIRMED, decides)


def test_a_tie_needs_images_until_one_is_clearly_larger():
    verdict, about, decides = told(cell({"image": 0.06, "concept": 0.05}, error=0.01))
    assert (verdict, about) == (CANNOT_TELL, TIE)
    error = np.hypot(0.01, 0.015)  # of the first less 1.5 times the second, -0.015
    assert int(decides.split()[0].replace(",", "")) == pytest.approx(TARGET * ((2.8 * error / 0.015) ** 2 - 1), rel=0.2)
    surely = told(cell({"image": 0.06, "concept": 0.055}, error=0.001))[2]
    assert surely == "nothing: images and labels or unseen images cost about as much"


def test_a_loss_smaller_than_a_gain_needs_images_that_compare_both():
    verdict, about, decides = told(cell({"image": 0.04, "concept": -0.05}))
    assert (verdict, about) == (CANNOT_TELL, TIE)
    assert decides


def test_sicker_patients_need_readings_or_other_knowledge():
    decides = "a second reading of 13,000 images of the target by the source's readers"
    assert told(cell({"case_mix": 0.1, "concept": 0.01}, none_but("case_mix", "concept"))) == (
        CANNOT_TELL, SEVERITY, decides,
    )  # fmt: skip
    read_otherwise = cell({"case_mix": 0.1, "concept": 0.01}, none_but("case_mix"), same=0.01)
    assert told(read_otherwise) == (CANNOT_TELL, SEVERITY, decides)
    assert told(cell({"case_mix": 0.1}, none_but("case_mix")))[0] == "case_mix"


def test_scores_that_fit_another_prevalence_too_need_images_without_labels():
    found = cell({"case_mix": 0.1}, none_but("case_mix"), prevalent=0.16151)  # 1.4 errors of the 2.8
    assert told(found) == (CANNOT_TELL, SCORES, "3,000 more images of the target, without labels")
    verdict, about, decides = told(cell({"case_mix": 0.1}, none_but("case_mix", "image")))
    assert (verdict, about) == (CANNOT_TELL, SEVERITY)
    assert decides.startswith("no number of images: how sick the target's patients are")


def test_descriptions_that_disagree_need_readings_or_another_description():
    decides = "a second reading of 32 of the target's images by the source's readers"
    assert told(cell({"concept": 0.2}, lean={"image": 0.2})) == (CANNOT_TELL, REPRESENTATION, decides)
    verdict, about, decides = told(cell({"image": 0.2}, lean={"case_mix": 0.2}))
    assert (verdict, about) == (CANNOT_TELL, REPRESENTATION)
    assert decides == "no number of images: features that show more (explanation.encoder)"


@pytest.mark.parametrize("metric", METRICS)
def test_labels_or_unseen_images_need_a_second_reading(metric):
    decides = "a second reading of 130 of the target's images by the source's readers"  # (2.8 * 0.4 / 0.1)^2 = 125.4
    assert told(cell({"concept": 0.1}), metric) == (COMPOUND, READING, decides)


def test_a_second_reading_that_is_too_small_says_how_many_are_needed():
    found = cell({"concept": 0.1}, labels=(0.05, 0.04, 50))
    decides = "a second reading of 130 of the target's images by the source's readers (50 are there)"
    assert told(found) == (COMPOUND, READING, decides)
    decides = told(cell({"concept": 0.1}, labels=(0.05, 0.04, 300)))[2]
    assert decides == "a second reading of 310 of the target's images by the source's readers (300 are there)"


def test_weak_power_needs_images_that_show_every_term_that_is_not_small():
    found = cell({}, none_but(), error=0.04)
    decides = "2,500 more images of the target, with labels"  # (2.8 * 0.04 / 0.06)^2 is 3.5
    assert told(found) == (NOT_FOUND, NOT_FOUND, decides)
    assert told(found, AUC)[2] == "31,000 more images of the target, with labels"  # an AUC counts from 0.02 on


def test_a_reading_that_leaves_labels_uncertain_leaves_no_shift_unsaid():
    assert told(cell({}, none_but()))[0] == NO_SHIFT
    verdict, about, decides = told(cell({}, none_but(), labels=(-0.05, 0.04, 100)))
    assert (verdict, about) == (NOT_FOUND, NOT_FOUND)
    assert decides == "a second reading of 350 of the target's images by the source's readers (100 are there)"


def test_what_is_decided_needs_nothing():
    assert told(cell({"image": 0.1}))[0] == "image"
    assert told(cell({"image": -0.1}))[0] == NO_HARM
    for terms in ({"image": 0.1}, {"image": -0.1}):
        assert told(cell(terms))[1:] == ("", None)


def test_every_abstention_has_a_remedy_and_no_other_verdict_has():
    generator = np.random.default_rng(3)
    seen = set()
    for _ in range(300):
        sizes = dict(zip(CAUSES, generator.choice([0.0, 0.03, 0.1, -0.05], 4, p=[0.7, 0.1, 0.1, 0.1]), strict=True))
        p = dict(zip(CAUSES, generator.choice([1e-6, 0.5], 4), strict=True))
        labels = (sizes["concept"] * generator.integers(2), 0.02, 200) if generator.random() < 0.3 else None
        doubt = generator.choice(["", "", "", WEAK, MIXED])
        found = cell(sizes, p, generator.choice([0.002, 0.02, 0.05]), generator.choice([0.1, 0.8, 0.8]), None, doubt,
                     ((0.3, 0.1), (0.4, 0.1), (0.2, 0.1)), labels)  # fmt: skip
        for metric in METRICS:
            verdict, _, decides = told(found, metric)
            assert (verdict in OPEN) == bool(decides), (verdict, decides)
            seen.add(verdict)
    assert seen >= {*OPEN, NO_HARM, NO_SHIFT, "image", "concept"}
