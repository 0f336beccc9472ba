"""May a model be used: intervals of shares, thresholds, answers, what they rest on, and what cannot be asked."""

import dataclasses
import math
import re
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from crossray import manifest
from crossray.analysis import acceptance, accepted_groups, local_thresholds, shares, yields
from crossray.analysis.answers import Judged, each_criterion, together
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.analysis.local_thresholds import Brought, Called, Images, choose, images_of
from crossray.analysis.proportions import (
    images_to_show,
    paired_share_difference,
)
from crossray.decision_digests import DIGESTS, differing, digests_of, digests_on
from crossray.errors import UserError
from crossray.figures import decision_groups
from crossray.figures.decision import decisions, lead
from crossray.planning import plan_of
from crossray.study.acceptance import ALERTS, CANNOT_TELL, LOCAL, MAKER, MET, NOT_MET, Criteria
from crossray.tables import of_rows, read
from crossray.tables.acceptance import Acceptance, AcceptanceGroups, Thresholds
from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import decision_truth

DECIDED = pd.read_csv(decision_truth.DECISIONS)


def single(count):
    """Return patients of one image each."""
    return np.arange(count)


def test_copies_of_an_image_say_no_more_than_the_image():
    hits = np.random.default_rng(0).random(400) < 0.8
    alone = shares.interval(hits, single(400))
    copied = shares.interval(np.repeat(hits, 5), np.repeat(single(400), 5))
    assert copied == pytest.approx(alone, abs=0.01)
    assert shares.worth(np.repeat(hits, 5), np.repeat(single(400), 5)) == pytest.approx(400, rel=0.05)


def test_two_who_agree_everywhere_are_not_equal_for_certain():
    hits = np.arange(40) < 30
    value, low, high = paired_share_difference(hits, hits, single(40))
    assert value == 0
    assert low == pytest.approx(-high)
    assert 0.03 < high < 0.15


@pytest.mark.whole
@pytest.mark.parametrize(("share", "wanted"), [(0.9, 0.8), (0.95, 0.9), (0.6, 0.75)])
def test_as_many_images_as_are_named_show_it_with_the_power_that_is_said(share, wanted):
    count = images_to_show(share, wanted)
    generator = np.random.default_rng(3)
    shown = 0
    for _ in range(600):
        low, high = shares.interval(generator.random(count) < share, single(count))
        shown += low >= wanted if share > wanted else high < wanted
    assert binomtest(shown, 600).proportion_ci(0.999).high > 0.8
    assert shown / 600 < 0.92  # and hardly more images than it takes
    assert images_to_show(wanted, wanted) is None


def test_a_threshold_leaves_both_criteria_the_most_room():
    positive = np.array([1, 1, 1, 1, 0, 0, 0, 0], bool)
    scores = np.array([9.0, 8, 5, 2, 6, 4, 3, 1])
    # at 5: three of four called, three of four left; at any other one of both is lower
    assert choose(positive, scores, Criteria(sensitivity=0.5, specificity=0.5)) == 5.0
    # who wants much sensitivity gets it
    assert choose(positive, scores, Criteria(sensitivity=0.9, specificity=0.1)) == 2.0
    assert math.isnan(choose(positive[:4], scores[:4], Criteria(sensitivity=0.5, specificity=0.5)))


def test_of_one_criterion_the_other_is_given_up_no_further_than_it_takes():
    generator = np.random.default_rng(1)
    positive = np.arange(4000) < 2000
    scores = generator.normal(size=4000) + 3.0 * positive
    limit = choose(positive, scores, Criteria(sensitivity=0.9))
    assert 0.9 < (scores[positive] >= limit).mean() < 0.93
    limit = choose(positive, scores, Criteria(specificity=0.9))
    assert 0.9 < (scores[~positive] < limit).mean() < 0.93


def test_right_calls_and_alerts_of_a_day_by_hand():
    positive = np.arange(1000) < 500
    called = np.r_[np.arange(500) < 400, np.arange(500) < 50]  # sensitivity 0.8, specificity 0.9
    images = Images(positive, np.zeros(1000), single(1000), 1000)
    row = yields.measure(images, Called(0.0, called), Criteria(sensitivity=0.5, prevalence=0.1, per_day=200))
    assert row["probability"] == 0.5
    assert row["precision"] == pytest.approx(0.08 / (0.08 + 0.09))
    assert row["alerts_per_day"] == pytest.approx(200 * (0.08 + 0.09))
    assert row["missed_per_day"] == pytest.approx(200 * 0.1 * 0.2)
    for name in ("precision", "alerts_per_day", "missed_per_day"):
        assert 0 < row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    nobody = yields.measure(images, Called(9.0, np.zeros(1000, bool)), Criteria(sensitivity=0.5, prevalence=0.1))
    assert math.isnan(nobody["precision"])


def test_alerts_are_a_maximum_and_a_precision_a_minimum_by_hand():
    positive = np.arange(2000) < 1000
    called = np.r_[np.arange(1000) < 800, np.arange(1000) < 100]  # sensitivity 0.8, specificity 0.9
    here = Judged(Images(positive, np.zeros(2000), single(2000), 2000), Called(0.0, called))
    at = {"prevalence": 0.1, "per_day": 200}  # 34 alerts of a day, 16 of them right: a precision of 0.4706
    for wanted, answer in ((40, MET), (34.5, CANNOT_TELL), (28, NOT_MET)):
        (row,) = each_criterion(here, Criteria(alerts_per_day=wanted, **at))
        assert (row["criterion"], row["answer"]) == (ALERTS, answer)
        assert row["value"] == pytest.approx(34)
        assert ("more_positives" in row) == (answer == CANNOT_TELL)
    for wanted, answer in ((0.40, MET), (0.46, CANNOT_TELL), (0.55, NOT_MET)):
        (row,) = each_criterion(here, Criteria(precision=wanted, **at))
        assert row["answer"] == answer
        assert row["value"] == pytest.approx(8 / 17)
    (row,) = each_criterion(here, Criteria(precision=0.48, **at))
    assert row["would_be"] == NOT_MET  # as the measured value is
    nobody = Judged(here.images, Called(9.0, np.zeros(2000, bool)))
    (row,) = each_criterion(nobody, Criteria(precision=0.4, **at))
    assert row["answer"] == CANNOT_TELL  # of no alerts, no share is right
    assert "value" not in row


def test_a_threshold_for_a_yield_keeps_to_it_and_finds_as_many_as_it_can():
    generator = np.random.default_rng(1)
    positive = np.arange(8000) < 4000
    scores = generator.normal(size=8000) + 2.0 * positive
    at = {"prevalence": 0.1, "per_day": 100}

    def of(limit):
        right, false = (scores[positive] >= limit).mean(), (scores[~positive] >= limit).mean()
        return 10 * right + 90 * false, 10 * right / (10 * right + 90 * false)

    limit = choose(positive, scores, Criteria(alerts_per_day=20, **at))
    assert 18 < of(limit)[0] < 20
    lower = choose(positive, scores, Criteria(alerts_per_day=40, **at))
    assert lower < limit  # more alerts are allowed, so more are found
    limit = choose(positive, scores, Criteria(precision=0.5, **at))
    assert 0.5 < of(limit)[1] < 0.56
    # the tighter of two decides
    assert choose(positive, scores, Criteria(precision=0.5, alerts_per_day=100, **at)) == limit
    assert choose(positive, scores, Criteria(precision=0.01, alerts_per_day=40, **at)) == lower


@pytest.mark.parametrize("criteria", [{"precision": 0.35}, {"alerts_per_day": 25}])
def test_a_threshold_for_a_yield_is_judged_on_patients_who_did_not_choose_it(criteria):
    generator = np.random.default_rng(5)
    wanted = Criteria(prevalence=0.2, per_day=100, **criteria)
    positive, seen, fitted = np.arange(60) < 30, [], []
    for draw in range(200):
        scores = generator.normal(size=60) + positive
        images = Images(positive, scores, single(60), 60)
        called = local_thresholds.cross_fitted(images, wanted, draw)
        limit = choose(positive, scores, wanted)
        for found, calls in ((seen, scores >= limit), (fitted, called.positive)):
            found.append(calls[positive].mean() - calls[~positive].mean())
    assert np.mean(seen) > np.mean(fitted) + 0.01


@pytest.mark.parametrize(
    ("criteria", "words"),
    [
        ({"prevalence": 0.1}, "acceptance.Effusion: nothing is to be reached; give auc, sensitivity, specificity, "),
        ({"precision": 0.5}, r"acceptance.Effusion.precision: .* need a prevalence; set prevalence too"),
        ({"alerts_per_day": 9, "prevalence": 0.1}, r"Effusion.alerts_per_day: .*; set per_day too"),
        (
            {"auc": 0.8, "groups": ["ward"]},
            "groups: 'ward' is no attribute of images; allowed are sex, age, view, months",
        ),
        ({"precision": 0.5, "prevalence": 0.1, "groups": ["sex"]}, "nothing is to be reached in each group"),
        ({"auc": 0.8, "against": "nobody"}, "against: 'nobody' is not a model of this study"),
    ],
)
def test_criteria_that_contradict_one_another_are_told(criteria, words):
    study = {
        "study": "s", "tasks": ["Effusion"], "models": {"small": {"architecture": "resnet18"}},
        "datasets": {"ours": {"reader": "simulated", "public": True, "images": 40}},
        "acceptance": {"Effusion": criteria},
    }  # fmt: skip
    with pytest.raises(UserError, match=words):
        plan_of(study)


def rows_by_group(found):
    """Return the answer over all criteria of each group."""
    return {(row["attribute"], row["group"]): row for row in found if row["criterion"] == "all"}


def parted():
    """Return a cell that is right for women and wrong for men, with few of the oldest, one view and no strata."""
    count = 600
    positive = np.arange(count) % 2 == 0
    women = np.arange(count) < 300
    called = np.where(women, positive, ~positive)
    ages = np.where(np.arange(count) % 60 == 0, 85.0, 50.0)  # ten of them, all with the finding
    labels = pd.DataFrame({"sex": np.where(women, "F", "M"), "age": ages, "view": "PA"})
    return Judged(Images(positive, called.astype(float), single(count), count), Called(0.5, called)), labels


def test_for_whom_not_is_told_group_by_group():
    here, labels = parted()
    rows = list(accepted_groups.measure(here, labels, Criteria(sensitivity=0.4, specificity=0.4), 10))
    found = rows_by_group(rows)
    assert found["sex", "F"]["answer"] == MET
    assert found["sex", "M"]["answer"] == NOT_MET
    assert found["age", "80 and over"]["answer"] == CANNOT_TELL
    assert found["view", "PA"]["answer"] == together(list(each_criterion(here, Criteria(sensitivity=0.4))))["answer"]
    old = {row["criterion"]: row for row in rows if row["group"] == "80 and over"}
    assert (old["all"]["positives"], old["all"]["negatives"]) == (10, 0)
    assert "value" in old["sensitivity"]
    assert old["specificity"]["reason"] == "F"
    assert "value" not in old["specificity"]


def test_groups_that_are_named_count_and_others_do_not():
    here, labels = parted()
    for groups, answer in (((), None), (("sex",), NOT_MET), (("age",), CANNOT_TELL), (("ward",), CANNOT_TELL)):
        criteria = Criteria(sensitivity=0.4, specificity=0.4, groups=groups or None)
        rows = list(accepted_groups.measure(here, labels, criteria, 10))
        assert {row["attribute"] for row in rows if row["named"]} == set(groups) & {"sex", "age"}
        found = {row["criterion"]: row["answer"] for row in accepted_groups.as_criteria(rows, criteria)}
        assert found == ({f"each group by {groups[0]}": answer} if groups else {})


def test_a_precision_is_not_judged_in_groups_whose_prevalence_nobody_knows():
    here, labels = parted()
    criteria = Criteria(precision=0.2, prevalence=0.1)
    assert not list(accepted_groups.measure(here, labels, criteria, 10))
    rows = list(accepted_groups.measure(here, labels, dataclasses.replace(criteria, auc=0.6), 10))
    assert {row["criterion"] for row in rows} == {"auc", "all"}


def table_of(rows):
    """Return rows as the table of a decision."""
    key = {"model": "m", "source": "a", "target": "b", "task": "Effusion", "threshold_from": "the maker"}
    return of_rows([key | row for row in rows], AcceptanceGroups)


def test_the_sheet_says_for_whom_not_and_who_was_not_tested():
    here, labels = parted()
    labels["age"] = np.nan
    labels[f"{manifest.STRATUM}ward"] = np.where(np.arange(600) < 10, "x", "y")
    table = table_of(accepted_groups.measure(here, labels, Criteria(sensitivity=0.4, specificity=0.4), 10))
    found = decision_groups.answers(table)
    assert [one.answer for one in found] == [NOT_MET, CANNOT_TELL, MET, MET]
    assert found[0].name == "sex M"
    assert found[0].why.startswith("sensitivity 0.00 (")
    assert list(decision_groups.for_whom(table)) == ["not met for sex M.", "nothing can be said for ward x."]
    assert list(decision_groups.untested(table)) == [
        "Not recorded, so that groups by it could not be looked at: age.",
        "Tested on one group only, which says nothing of others: view PA.",
    ]
    assert decision_groups.looked_at(table).startswith("4 groups were looked at; none was required to pass")


@pytest.fixture
def judged(made):
    """Return the answers and thresholds of the made-up study."""
    return (
        read(made.folder / f"analysis/{kind.NAME}.csv", kind) for kind in (Acceptance, Thresholds, AcceptanceGroups)
    )


def test_an_answer_follows_its_interval_and_all_follow_from_each(judged):
    answers, _, _ = judged
    parts = answers[answers["criterion"] != "all"]
    measured = parts[parts["value"].notna()]
    assert {MET, NOT_MET, CANNOT_TELL} <= set(measured["answer"])
    met, not_met = measured["value_low"] >= measured["wanted"], measured["value_high"] < measured["wanted"]
    assert (measured["answer"] == np.select([met, not_met], [MET, NOT_MET], CANNOT_TELL)).all()
    keys = ["model", "source", "target", "task", "threshold_from"]
    whole = answers[answers["criterion"] == "all"].set_index(keys)["answer"]
    for key, rows in parts.groupby(keys):
        given = set(rows["answer"])
        assert whole[key] == (NOT_MET if NOT_MET in given else CANNOT_TELL if CANNOT_TELL in given else MET)


def test_only_what_cannot_be_told_asks_for_more_images(judged):
    answers, _, _ = judged
    more = answers[["more_positives", "more_negatives"]].notna().any(axis=1)
    assert more.any()
    assert (answers.loc[more, "answer"] == CANNOT_TELL).all()
    assert (answers.loc[more, ["more_positives", "more_negatives"]].max(axis=1) >= 1).all()


def test_a_threshold_of_the_target_is_judged_on_patients_who_did_not_choose_it():
    generator = np.random.default_rng(4)
    criteria = Criteria(sensitivity=0.5, specificity=0.5)
    positive, seen, fitted = np.arange(16) < 8, [], []
    for draw in range(300):
        scores = generator.normal(size=16)  # no skill at all
        called = local_thresholds.cross_fitted(Images(positive, scores, single(16), 16), criteria, draw)
        for found, calls in ((seen, scores >= choose(positive, scores, criteria)), (fitted, called.positive)):
            found.append(min(calls[positive].mean(), 1 - calls[~positive].mean()))  # the tighter of the two
    assert np.mean(seen) > np.mean(fitted) + 0.04


def test_the_table_of_decisions_is_of_this_code_and_the_page_has_it():
    """After a change of thresholds or answers: python docs/decision_truth.py."""
    assert set(DECIDED["code"]) == {decision_truth.code()}
    names = list(decision_truth.cells()[0].columns)
    assert DECIDED[names].to_dict("records") == [cell.columns for cell in decision_truth.cells()]
    page = decision_truth.PAGE.read_text(encoding="utf-8")
    assert f"{decision_truth.START}\n{decision_truth.table(DECIDED)}{decision_truth.END}" in page


def test_answers_are_as_often_right_as_the_docs_say():
    """Wrongly met in 5% at most, also where the truth is borderline; rightly in 80% with as many as planned."""
    assert set(DECIDED["truth"]) == {decision_truth.MEETS, decision_truth.BORDERLINE, decision_truth.MISSES}
    assert (DECIDED["draws"] == decision_truth.DRAWS).all()
    shares = DECIDED[["met", "wrongly_met", "wrongly_not_met"]].div(DECIDED["draws"], axis=0)
    assert (shares["wrongly_met"] <= 0.035).all()  # 0.025, and the error of so many draws
    alone = ~DECIDED["criteria"].str.contains(",")
    assert (shares.loc[alone, "wrongly_not_met"] <= 0.035).all()
    assert (shares["wrongly_not_met"] <= 0.07).all()  # two criteria, of which either can be missed by chance
    planned = (DECIDED["truth"] == decision_truth.MEETS) & ~alone
    assert (shares.loc[planned, "met"] >= 0.8).all()


def test_a_cell_of_decisions_is_drawn_again():
    cell = decision_truth.cells()[0]
    found = [decision_truth.judged(cell, number) for number in range(100)]
    assert 0.6 < np.mean([answer == MET for answer, _ in found]) < 0.95
    assert all(room > 0 for _, room in found)


@pytest.fixture
def compared():
    """Return a target with a model, its copy, a reader who says yes and no of half of the images, and one of nobody."""
    generator = np.random.default_rng(2)
    names = [f"i{number}" for number in range(400)]
    labels = pd.DataFrame({"patient_id": names, "Effusion": generator.integers(0, 2, 400).astype(float)}, names)
    seen = labels[["Effusion"]] + generator.normal(size=(400, 1))
    answers = (labels[["Effusion"]] > 0).astype(float).where(np.arange(400)[:, None] < 200)
    outputs = {"v1": seen, "v2": seen, "reader": answers, "absent": seen[[]]}
    keys = {name: ModelKey(name, "elsewhere") for name in outputs}
    logits = {keys[name]: {"0": table} for name, table in outputs.items()}
    return ScoredSplit("ours", labels, logits, 10, scales={keys["reader"]: "binary"})


def against(scored, name, criteria, place=LOCAL):
    """Return the rows of the first model against the one that criteria name."""
    trained = next(iter(scored.logits))
    rival = acceptance._rival(scored, trained, criteria)
    own = Brought(MAKER, {"Effusion": 1.0})
    here = acceptance._at(images_of(scored, trained, "Effusion"), scored, trained, "Effusion", criteria, place, own)
    rows = acceptance._against(here, scored, (trained, rival), "Effusion", criteria, place, own)
    assert rival.model == name
    return {row["criterion"]: row for row in rows}


def test_not_worse_than_another_model_is_judged_on_the_same_images(compared):
    rows = against(compared, "v2", Criteria(auc=0.6, sensitivity=0.5, against="v2", margin=0.2))
    assert list(rows) == ["auc against v2", "sensitivity against v2"]
    assert all(row["value"] == 0 and row["wanted"] == -0.2 and row["answer"] == MET for row in rows.values())
    assert acceptance._rival(compared, ModelKey("v2", "elsewhere"), Criteria(auc=0.6, against="v2")) is None


def test_not_worse_than_a_reader_is_judged_on_what_the_reader_read(compared):
    criteria = Criteria(sensitivity=0.5, specificity=0.5, against="reader", margin=0.05)
    rows = against(compared, "reader", criteria, MAKER)
    assert list(rows) == ["sensitivity against reader", "specificity against reader"]
    read = compared.labels[:200]
    scores = next(iter(compared.logits.values()))["0"]["Effusion"][:200]
    found = (scores[read["Effusion"] == 1] >= 1).mean()
    assert rows["sensitivity against reader"]["value"] == pytest.approx(found - 1)  # who is never wrong
    assert rows["sensitivity against reader"]["answer"] == NOT_MET
    assert against(compared, "reader", criteria)  # the reader has no other threshold at the target


@pytest.mark.parametrize("name", ["absent", "reader"])
def test_whom_nobody_can_compare_with_is_not_passed_over(compared, name):
    scored = dataclasses.replace(compared, minimum=150)  # the reader read fewer with the finding
    rows = against(scored, name, Criteria(sensitivity=0.5, against=name))
    assert {row["answer"] for row in rows.values()} == {CANNOT_TELL}
    assert together([{"answer": MET}, *rows.values()])["answer"] == CANNOT_TELL


def test_costs_by_hand_and_the_threshold_that_costs_the_least():
    positive = np.arange(1000) < 500
    called = np.r_[np.arange(500) < 400, np.arange(500) < 50]  # sensitivity 0.8, specificity 0.9
    images = Images(positive, np.zeros(1000), single(1000), 1000)
    row = yields.measure(images, Called(0.0, called), Criteria(sensitivity=0.5, prevalence=0.1, miss_costs=9))
    assert row["cost"] == pytest.approx(100 * (9 * 0.1 * 0.2 + 0.9 * 0.1))
    assert (row["cost_of_none"], row["cost_of_all"]) == (pytest.approx(90), pytest.approx(90))
    assert row["net_benefit"] == pytest.approx(0.08 - 0.09 / 9)
    assert row["cost"] == pytest.approx(row["cost_of_none"] - 900 * row["net_benefit"])
    assert 0 < row["cost_low"] < row["cost"] < row["cost_high"]
    generator = np.random.default_rng(0)
    scores = generator.normal(size=1000) + 2.0 * positive
    costs = {}
    for missed in (1, 9, 99):
        limit = choose(positive, scores, Criteria(auc=0.6, prevalence=0.1, miss_costs=missed))
        each = [0.1 * missed * (scores[positive] < cut).mean() + 0.9 * (scores[~positive] >= cut).mean()
                for cut in scores]  # fmt: skip
        here = 0.1 * missed * (scores[positive] < limit).mean() + 0.9 * (scores[~positive] >= limit).mean()
        assert here == pytest.approx(min(each))
        costs[missed] = limit
    assert costs[1] > costs[9] > costs[99]


def test_the_page_says_first_whether_anything_may_be_used(judged):
    rows, thresholds, groups = judged
    found = decisions(rows, thresholds, groups)
    first = list(lead(found))
    assert len(first) == len(rows[["target", "task"]].drop_duplicates())
    for one in found:
        assert (one.answer == CANNOT_TELL) or not re.search("more patients", one.surer)
        assert ("would not help" in one.surer) == (one.answer == NOT_MET)
        for _, row in one.criteria[one.criteria["answer"] == one.answer].iterrows():
            assert pd.isna(row["value"]) or f"{row['value']:.2f}" in one.why


def results(folder):
    """Write what a decision rests on, and the sheet's rows; return both."""
    texts = {"predictions/m/a/0/test/b.parquet": "p", "manifests/b.parquet": "m", "analysis/acceptance.csv": "a",
             "analysis/acceptance_groups.csv": "g",
             "models/m/a/0/weights.safetensors": "w", "analysis/thresholds.csv": "t"}  # fmt: skip
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    sealed = digests_of(folder, (), '{"Effusion": {}}', "1")
    sheet = folder / "decision.html"
    sheet.write_text("".join(f'<code id="sealed-{key}">{digest}</code>' for key, digest in sealed.items()))
    return sealed, sheet


@pytest.mark.parametrize(
    ("name", "key"),
    [("predictions/m/a/0/test/b.parquet", "scores"), ("manifests/b.parquet", "labels"),
     ("models/m/a/0/weights.safetensors", "models"), ("analysis/acceptance.csv", "answers"),
     ("analysis/thresholds.csv", "answers"), ("analysis/acceptance_groups.csv", "answers"),
     ("predictions/m/a/0/test/another.parquet", "scores")],
)  # fmt: skip
def test_a_signed_sheet_tells_what_is_no_longer_what_it_was(tmp_path, name, key):
    sealed, sheet = results(tmp_path)
    assert digests_on(sheet) == sealed
    assert not list(differing(sealed, digests_of(tmp_path, (), '{"Effusion": {}}', "1")))
    (tmp_path / name).write_text("other")
    assert list(differing(sealed, digests_of(tmp_path, (), '{"Effusion": {}}', "1"))) == [key]
    assert list(differing(sealed, digests_of(tmp_path, (), "{}", "2"))) == [
        one for one in DIGESTS if one in {"criteria", "code", key}
    ]


def test_another_network_from_elsewhere_is_noticed_and_a_moved_one_is_the_same(tmp_path):
    results(tmp_path)
    for name, text in (("one.onnx", "a"), ("moved.onnx", "a"), ("other.onnx", "b")):
        (tmp_path / name).write_text(text)
    sealed = digests_of(tmp_path, [tmp_path / "one.onnx"], "{}", "1")
    assert not list(differing(sealed, digests_of(tmp_path, [tmp_path / "moved.onnx"], "{}", "1")))
    for networks in ([tmp_path / "other.onnx"], [], [tmp_path / "one.onnx", tmp_path / "other.onnx"]):
        assert list(differing(sealed, digests_of(tmp_path, networks, "{}", "1"))) == ["models"]


def test_what_is_no_sheet_is_refused(tmp_path):
    (tmp_path / "x.html").write_text("<p>hello</p>")
    for name in ("x.html", "missing.html"):
        with pytest.raises(UserError, match=r"give the decision\.html that was signed"):
            digests_on(tmp_path / name)
