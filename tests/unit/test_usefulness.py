"""Net benefit by hand, its intervals, what it needs, and distributions of outputs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from test_external import config, plan_of

from crossray.analysis import net_benefit, usefulness
from crossray.analysis.cells import Study
from crossray.analysis.local_thresholds import Images
from crossray.analysis.shares import interval
from crossray.analysis.sums import of_two
from crossray.errors import UserError
from crossray.study.small_cells import SmallCells
from crossray.study.stage_settings import analyses, external
from crossray.study.usefulness import Usefulness
from crossray.tables import read
from crossray.tables.usefulness import DecisionCurve, ScoreDistribution


def images(right, missed, false, left, copies=1):
    """Return images by how many are called with and without the finding; probability 0.9 if called, else 0.05."""
    positive = np.repeat([True, True, False, False], [right, missed, false, left])
    called = np.repeat([True, False, True, False], [right, missed, false, left])
    patients = np.arange(len(positive))
    outputs = logit(np.where(called, 0.9, 0.05))
    return Images(
        positive.repeat(copies), outputs.repeat(copies), patients.repeat(copies), len(patients)
    ), called.repeat(copies)


def test_net_benefit_by_hand():
    # 65 of 100 found among 1,000, with 225 false alarms; who acts at 20% weighs four of these as one finding
    here, _ = images(65, 35, 225, 675)
    row = usefulness.of_threshold(here, 0.2, None)
    assert row["net_benefit"] == pytest.approx(0.065 - 0.225 / 4)
    assert row["treat_all"] == pytest.approx(0.1 - 0.9 / 4)
    assert row["over_all"] == pytest.approx(row["net_benefit"] - row["treat_all"])
    assert row["called"] == pytest.approx(0.29)


@pytest.mark.parametrize("threshold", [0.06, 0.2, 0.5])
def test_it_is_the_published_formula_and_with_a_prevalence_that_of_rates_carried_over(threshold):
    generator = np.random.default_rng(0)
    positive = generator.random(800) < 0.4
    here = Images(positive, generator.normal(size=800) + positive - 1.5, np.arange(800), 800)
    called = 1 / (1 + np.exp(-here.logits)) >= threshold
    true, false = (called & positive).sum(), (called & ~positive).sum()
    odds = threshold / (1 - threshold)
    assert usefulness.of_threshold(here, threshold, None)["net_benefit"] == pytest.approx(
        true / 800 - false / 800 * odds
    )
    sensitivity, specificity = true / positive.sum(), 1 - false / (~positive).sum()
    carried = sensitivity * 0.07 - (1 - specificity) * 0.93 * odds
    row = usefulness.of_threshold(here, threshold, 0.07)
    assert row["net_benefit"] == pytest.approx(carried)
    assert row["treat_all"] == row["treat_all_low"] == pytest.approx(0.07 - 0.93 * odds)
    assert row["over_all"] == pytest.approx(carried - row["treat_all"])


def test_an_output_that_is_the_threshold_itself_is_called():
    probabilities = np.round(np.arange(1, 100) / 100, 2)
    outputs = np.log(probabilities) - np.log1p(-probabilities)  # as predictions are read
    model = {"simulated": {"answers": "probability"}}
    for place, threshold in enumerate(probabilities):
        here = Images(np.array([True, False]), outputs[[place, place]], np.arange(2), 2)
        assert usefulness.of_threshold(here, float(threshold), None)["called"] == 1
        plan = plan_of(config(**model, threshold={"Effusion": float(threshold)}))[0]
        limit = external.external_model(plan, "v").thresholds["Effusion"]
        assert limit <= outputs[place]
        assert place == 0 or limit > outputs[place - 1]


def test_calling_all_or_nobody_is_what_it_is_called():
    here, _ = images(30, 70, 10, 290)
    everybody, nobody = np.ones(400, bool), np.zeros(400, bool)
    for prevalence in (None, 0.1):
        all_of_them = net_benefit.of_calling_all(here, 0.25, prevalence)
        assert net_benefit.of_calls(here, everybody, 0.25, prevalence)[0] == pytest.approx(all_of_them[0])
        assert net_benefit.over_calling_all(here, everybody, 0.25, prevalence)[0] == 0
        value, low, high = net_benefit.of_calls(here, nobody, 0.25, prevalence)
        assert value == 0
        assert low < 0 < high


def test_intervals_are_those_of_the_shares_they_come_from():
    here, called = images(40, 10, 0, 350)
    found = net_benefit.of_calls(here, called, 1e-9, 0.3)
    share = interval(called[here.positive], here.patients[here.positive])
    assert found == pytest.approx((0.3 * 0.8, *(0.3 * end for end in share)), abs=1e-6)
    # of two shares of the same images, the variance is that of their difference
    value, low, high = of_two((1.0, (0.5, 0.4, 0.6)), (-1.0, (0.2, 0.1, 0.3)), correlation=1.0)
    assert (value, low, high) == pytest.approx((0.3, 0.3, 0.3))
    value, low, high = of_two((2.0, (0.5, 0.4, 0.7)), (-1.0, (0.2, 0.1, 0.3)))
    assert (low, high) == pytest.approx((value - np.hypot(0.2, 0.1), value + np.hypot(0.4, 0.1)))


@pytest.mark.parametrize("prevalence", [None, 0.1])
def test_copies_of_a_patients_image_say_no_more_than_the_image(prevalence):
    alone, copied = (usefulness.of_threshold(images(65, 35, 30, 270, n)[0], 0.2, prevalence) for n in (1, 6))
    for name in ("net_benefit", "over_all", "treat_all"):
        for end in ("", "_low", "_high"):
            assert copied[name + end] == pytest.approx(alone[name + end], abs=0.012)


def test_use_is_told_where_both_intervals_say_so():
    assert usefulness.of_threshold(images(180, 20, 20, 780)[0], 0.2, None)["finding"] == usefulness.BETTER
    assert usefulness.of_threshold(images(20, 180, 400, 400)[0], 0.2, None)["finding"] == usefulness.WORSE
    assert usefulness.of_threshold(images(10, 10, 10, 70)[0], 0.2, None)["finding"] == usefulness.CANNOT_TELL


@pytest.mark.whole
@pytest.mark.parametrize(("prevalence", "threshold"), [(0.05, 0.05), (0.2, 0.2), (0.2, 0.5)])
def test_intervals_cover_also_with_few_positives(prevalence, threshold):
    generator = np.random.default_rng(1)

    def drawn(count):
        positive = generator.random(count) < prevalence
        return Images(positive, generator.normal(size=count) + 2.0 * positive - 2, np.arange(count), count)

    truth = usefulness.of_threshold(drawn(400_000), threshold, None)
    rows = pd.DataFrame([usefulness.of_threshold(drawn(200), threshold, None) for _ in range(400)])
    for name in ("net_benefit", "over_all", "treat_all"):
        covered = rows[f"{name}_low"].le(truth[name]) & rows[f"{name}_high"].ge(truth[name])
        assert covered.mean() > 0.92


def test_round_edges_hold_all_values():
    assert usefulness.round_edges(np.array([0.0, 100.0])) == pytest.approx(np.arange(0, 101, 5))
    assert len(usefulness.round_edges(np.array([5.0, 5.0]))) == 2
    for values in (np.array([3.1, 97.4]), np.array([-7.21, 4.9, 0.3]), np.array([0.001, 0.0023])):
        edges = usefulness.round_edges(values)
        assert edges[0] <= values.min()
        assert edges[-1] >= values.max() > edges[-2]
        assert len(edges) - 1 <= usefulness.BINS + 1
        step = edges[1] - edges[0]
        assert edges == pytest.approx(np.round(edges / step) * step)


@pytest.fixture
def tables(analysed):
    """Return the tables of the made-up study."""
    return (read(analysed.folder / f"analysis/{kind.NAME}.csv", kind) for kind in (DecisionCurve, ScoreDistribution))


def test_without_a_sampling_design_there_is_no_curve_and_a_reason(analysed, tables):
    curves, _ = tables
    first, task = next(iter(analysed.labels)), analysed.tasks[0]
    there = curves["net_benefit"].notna()
    assert (there == curves["reason"].isna()).all()
    assert set(curves.loc[curves["reason"] == "B", "target"]) == {first}
    assert task not in set(curves.loc[curves["reason"] == "B", "task"])
    given = curves[there & (curves["target"] == first)]
    assert set(given["task"]) == {task}
    assert given["prevalence"].eq(0.1).all()
    own = curves[there & (curves["target"] != first)]
    assert own["prevalence"].to_numpy() == pytest.approx(own["positives"] / (own["positives"] + own["negatives"]))


def test_shares_of_a_distribution_add_up_and_counts_are_those_of_the_cell(tables):
    curves, distributions = tables
    counts = curves.groupby(["model", "source", "target", "task"])[["positives", "negatives"]].first()
    for key, rows in distributions.groupby(["model", "source", "target", "task"]):
        totals = rows.groupby("group")[["images", "share"]].sum()
        assert totals["share"].to_numpy() == pytest.approx([1, 1])
        assert totals.loc[usefulness.WITH, "images"] == counts.loc[key, "positives"]
        assert totals.loc[usefulness.WITHOUT, "images"] == counts.loc[key, "negatives"]


def test_a_distribution_that_would_tell_few_patients_is_not_given(analysed, tables):
    _, given = tables
    first, *others = analysed.labels
    study = analysed.study
    rule = SmallCells(below=10_000, closed=(first,))
    closed = Study(study.predictions, study.manifests, dataclasses.replace(study.settings, small_cells=rule))
    _, kept = usefulness.measure(closed, analysed.asked_of_use)
    assert set(given["target"]) == {first, *others}
    assert set(kept["target"]) == set(others)
    assert len(kept) == (given["target"] != first).sum()


def study_of(sampling=None, **more):
    block = config(simulated={})
    if sampling is not None:
        block["datasets"]["ours"]["sampling"] = sampling
    return block | {"usefulness": {}} | more


def test_the_design_is_told_and_criteria_say_where_a_model_is_to_be_used():
    task = config(simulated={})["tasks"][0]
    told = analyses.measure_usefulness(plan_of(study_of("consecutive"))[0])
    assert (told.consecutive, told.prevalence) == (("ours",), {"ours": {}})
    assert told.thresholds == Usefulness().thresholds
    for sampling in (None, "unknown", "enriched"):
        told = analyses.measure_usefulness(plan_of(study_of(sampling))[0])
        assert (told.consecutive, told.prevalence) == ((), {"ours": {}})
    told = analyses.measure_usefulness(plan_of(study_of({task: 0.1}))[0])
    assert told.prevalence == {"ours": {task: 0.1}}
    criteria = {"acceptance": {task: {"sensitivity": 0.8, "prevalence": 0.02}}}
    told = analyses.measure_usefulness(plan_of(study_of({task: 0.1}, **criteria))[0])
    assert told.prevalence == {"ours": {task: 0.02}}


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (study_of("often"), "datasets.ours.sampling: 'often' is neither one of consecutive, enriched, unknown"),
        (study_of({"Cough": 0.1}), "datasets.ours.sampling: 'Cough' is not a task of this study"),
        (study_of(usefulness={"thresholds": [0.5, 0.1]}), r"usefulness.thresholds: \[0.5, 0.1\] is no range"),
        (study_of(usefulness={"thresholds": [0.1, 1.0]}), "usefulness.thresholds"),
    ],
)
def test_a_wrong_design_is_told_in_one_line(block, words):
    with pytest.raises(UserError, match=words):
        plan_of(block)


def test_who_does_not_ask_for_usefulness_has_no_such_figure_or_job():
    plan = plan_of(config(simulated={}))[0]
    assert not plan.conditions["usefulness"]
    assert plan_of(study_of())[0].conditions["usefulness"]
    assert "usefulness" not in {field.name for field in dataclasses.fields(type(analyses.analysis(plan)))}
