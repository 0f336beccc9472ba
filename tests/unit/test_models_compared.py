"""Points of sweeps, choices among them, and models beside each other: known answers on made-up predictions."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from crossray import manifest
from crossray.analysis import comparisons, models, performance, sweep_points, transfer, variances
from crossray.analysis.cells import ModelKey, Study
from crossray.analysis.means import Mean
from crossray.analysis.values import Value
from crossray.statistics import auc
from crossray.study.stages.analysis import Analysis
from crossray.study.stages.measure_sweeps import SweepPoint
from helpers import manifest_table

TASKS = ["A", "B"]
POINTS = {
    f"{sweep}-{rate}": SweepPoint(sweep=sweep, point={"learning_rate": rate})
    for sweep in ("scratch", "tuned")
    for rate in (0.1, 0.01)
}
#: where validation images prefer the points that test images do not
TURNED = (("north", "south"), ("all-but-north", "north"))
#: AUC of each point
SKILL = {"scratch-0.1": 0.6, "scratch-0.01": 0.8, "tuned-0.1": 0.7, "tuned-0.01": 0.85}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Write predictions of four points on two hospitals; the oracle of the south prefers what home does not."""
    folder = tmp_path_factory.mktemp("sweeps")
    generator = np.random.default_rng(0)
    sources = ["north", "south", "all", "all-but-north", "all-but-south"]
    for target in ("north", "south"):
        table = manifest_table(400, TASKS, seed=ord(target[0]))
        manifest.write(folder / f"manifests/{target}.parquet", table, {})
        for split, model, source, seed in itertools.product(("validation", "test"), SKILL, sources, (0, 1, 2)):
            rows = table[table["split"] == split]
            turned = split == "validation" and (source, target) in TURNED
            distance = np.sqrt(2) * norm.ppf(1.4 - SKILL[model] if turned else SKILL[model])
            logits = distance * rows[TASKS].fillna(0) + generator.normal(size=(len(rows), len(TASKS)))
            path = folder / f"predictions/{model}/{source}/{seed}/{split}/{target}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            logits.assign(image_id=rows["image_id"]).to_parquet(path, index=False)
    members = {"north": ["north"], "south": ["south"], "all": ["north", "south"], "all-but-north": ["south"],
               "all-but-south": ["north"]}  # fmt: skip
    settings = Analysis.from_dict({
        "models": list(SKILL), "sources": sources, "sources_of": dict.fromkeys(SKILL, sources), "members": members,
        "origins": {model: [] for model in SKILL}, "targets": ["north", "south"], "seeds": [0, 1, 2], "tasks": TASKS,
        "objective": "multilabel",
        "evaluation": {"minimum": 5, "resamples": 200, "seed": 0},
        "cohorts": {"north": "north", "south": "south"}, "paper": {}, "overlap": "refuse",
    })  # fmt: skip
    return Study(folder / "predictions", folder / "manifests", settings)


@pytest.fixture(scope="module")
def table(study):
    return sweep_points.measure(study, POINTS, dict.fromkeys(study.trained(), 10.0))


def test_a_point_is_the_mean_over_seeds_and_tasks(study, table):
    row = table[(table["model"] == "tuned-0.01") & (table["source"] == "north") & (table["target"] == "south")].iloc[0]
    scored = study.scored("south", "test", [ModelKey("tuned-0.01", "north")])
    seeds = []
    for seed in ("0", "1", "2"):
        logits = scored.logits[ModelKey("tuned-0.01", "north")][seed]
        here = [(scored.labels[task].notna(), task) for task in TASKS]
        seeds.append(np.mean([auc(scored.labels[task][known], logits[task][known]) for known, task in here]))
    assert row["auc"] == pytest.approx(np.mean(seeds))
    assert (row["seeds"], row["tasks"], row["reason"]) == (3, 2, None)


def test_three_trainings_widen_intervals_and_say_so(study):
    table, replicates = performance.measure(study)
    known = table[table["auc"].notna()]
    means, others = (known[(known["seed"] == "mean of trainings") == here] for here in (True, False))
    assert set(means["interval_over"]) == {"patients and trainings"}
    assert set(others["interval_over"]) == {"patients"}
    assert set(means["trainings"]) == set(others.loc[others["seed"] == "ensemble", "trainings"]) == {3}
    assert means["seed_sd"].notna().all()
    assert others["seed_sd"].isna().all()
    kept = replicates[replicates["seed"] == "mean of trainings"].reset_index(drop=True)
    keys = ["model", "source", "target", "task"]
    both = means.merge(kept, on=keys, suffixes=("", "_kept"))
    assert len(both) == len(means)
    assert (both["auc_low"] <= both["patients_low"]).all()
    assert (both["auc_high"] >= both["patients_high"]).all()
    slope = both["auc"] * (1 - both["auc"])
    for _, part in both.assign(ratio=both["seed_sd"] / slope)[slope > 0.02].groupby(["model", "source"]):
        assert np.ptp(part["ratio"]) < 1e-9  # pooled on the scale of the logit
        assert np.ptp(part["seed_freedom"]) < 1e-9


def test_the_variance_of_a_mean_is_parted(study):
    table, replicates = performance.measure(study)
    compared = comparisons.measure(study)
    found = variances.measure(table, replicates, compared)
    _, summary, _ = transfer.measure(table, replicates, compared)
    drops = found[found["quantity"] == "drop"].set_index(["model", "source"])
    for row in summary[summary["pairs"] > 0].itertuples():
        part = drops.loc[(row.model, row.source)]
        assert (part["value"], part["low"], part["high"]) == pytest.approx((row.drop, row.drop_low, row.drop_high))
        assert part["patients_sd"] > 0
        assert part["trainings"] == 3


def test_hospitals_as_a_sample_have_the_interval_of_their_mean():
    """Of one source's targets the jackknife is the standard error of a mean."""
    values = {("a", name): Value(Mean(value, np.zeros(4), np.zeros(4), least=-1.0))
              for name, value in (("b", 0.1), ("c", 0.2), ("d", 0.4))}  # fmt: skip
    row = variances._parts(values)
    reach = t.ppf(0.975, 2) * np.std([0.1, 0.2, 0.4], ddof=1) / np.sqrt(3)
    mean = np.mean([0.1, 0.2, 0.4])
    assert (row["sample_low"], row["sample_high"]) == pytest.approx((mean - reach, mean + reach))
    assert row["sites_sd"] == pytest.approx(np.std([0.1, 0.2, 0.4], ddof=1))
    assert "sample_low" not in variances._parts(dict(list(values.items())[:2]))


def test_points_are_beside_those_of_the_first_sweep_with_the_same_value(table):
    tuned = table[table["sweep"] == "tuned"]
    assert set(tuned["beside"]) == {"scratch"}
    assert table[table["sweep"] == "scratch"]["difference"].isna().all()
    gains = tuned.groupby("value")["difference"].mean()
    assert gains[0.1] == pytest.approx(0.1, abs=0.04)
    assert gains[0.01] == pytest.approx(0.05, abs=0.03)
    assert ((tuned["difference_low"] < tuned["difference"]) & (tuned["difference"] < tuned["difference_high"])).all()


def test_a_single_seed_brings_no_variance_of_seeds(study):
    alone = replace(study, settings=replace(study.settings, seeds=(0,)))
    one, three = (sweep_points.measure(s, POINTS, dict.fromkeys(s.trained(), 1.0)) for s in (alone, study))
    width = (one["auc_high"] - one["auc_low"]).mean()
    assert width > 0
    assert (one["seeds"] == 1).all()
    assert (three["seeds"] == 3).all()


def chosen(study, table, **keys):
    choices = sweep_points.choose(study, POINTS, table)
    for column, value in keys.items():
        choices = choices[choices[column] == value]
    return dict(zip(choices["choice"], choices["model"], strict=True))


def test_each_way_of_choosing_looks_at_its_own_images_alone(study, table):
    keys = {"sweep": "scratch", "source": "north", "target": "south"}
    assert chosen(study, table, **keys) == {
        sweep_points.TRAINING_DOMAIN: "scratch-0.01", sweep_points.ORACLE: "scratch-0.1"}  # fmt: skip
    keys["target"] = "north"
    assert chosen(study, table, **keys) == {sweep_points.TRAINING_DOMAIN: "scratch-0.01"}  # home needs no oracle


def test_pooled_sources_can_leave_one_domain_out(study, table):
    keys = {"sweep": "tuned", "source": "all", "target": "south"}
    found = chosen(study, table, **keys)
    # north, left out, says 0.1 and south says 0.01: 0.7 + 0.7 against 0.55 + 0.85, a close call that the mean decides
    assert set(found) == {sweep_points.TRAINING_DOMAIN, sweep_points.LEFT_OUT_DOMAINS}
    assert found[sweep_points.TRAINING_DOMAIN] == "tuned-0.01"
    values = {model: [np.mean([_validation(study, model, f"all-but-{name}", name)]) for name in ("north", "south")]
              for model in ("tuned-0.1", "tuned-0.01")}  # fmt: skip
    assert found[sweep_points.LEFT_OUT_DOMAINS] == max(values, key=lambda model: np.mean(values[model]))


def _validation(study, model, source, dataset):
    scored = study.scored(dataset, "validation", [ModelKey(model, source)])
    values = []
    for seed in ("0", "1", "2"):
        logits = scored.logits[ModelKey(model, source)][seed]
        for task in TASKS:
            known = scored.labels[task].notna()
            values.append(auc(scored.labels[task][known], logits[task][known]))
    return np.mean(values)


def test_how_much_is_learnt_from_is_not_chosen(study, table):
    points = {model: replace(point, point={"images": int(1000 * point.point["learning_rate"])})
              for model, point in POINTS.items()}  # fmt: skip
    assert sweep_points.choose(study, points, table).empty


def test_a_task_that_one_point_lacks_counts_at_none(study, tmp_path):
    path = study.predictions / "scratch-0.1/north/1/test/south.parquet"
    whole = pd.read_parquet(path)
    try:
        whole.drop(columns="B").to_parquet(path, index=False)
        table = sweep_points.measure(study, POINTS, dict.fromkeys(study.trained(), 1.0))
        here = (table["source"] == "north") & (table["target"] == "south")
        assert set(table[here]["tasks"]) == {1}
        assert set(table[~here]["tasks"]) == {2}
        whole[["image_id"]].to_parquet(path, index=False)
        table = sweep_points.measure(study, POINTS, dict.fromkeys(study.trained(), 1.0))
        assert set(table[here]["reason"]) == {"M"}
        assert table[here]["auc"].isna().all()
    finally:
        whole.to_parquet(path, index=False)


def test_models_are_compared_on_the_cells_that_both_have(study):
    settings = replace(study.settings, sources_of={**study.settings.sources_of, "tuned-0.01": ("north",)})
    table, replicates = performance.measure(replace(study, settings=settings))
    costs = {model: {"architecture": "resnet18", "parameters": 11, "operations": 3} for model in SKILL}
    found = models.measure(table, replicates, ["scratch-0.01", "tuned-0.01"], settings.members, costs)
    rows = found.set_index(["model", "where"])
    assert (
        rows.loc[("scratch-0.01", "home"), "cells"] == 6 * 2
    )  # each alone, both in all, one in each that leaves one out
    assert rows.loc[("tuned-0.01", "elsewhere"), "cells"] == 2
    assert rows.loc[("tuned-0.01", "elsewhere"), "shared_cells"] == 2
    shown = table[table["seed"] == "mean of trainings"].set_index(["model", "source", "target"])["auc"]
    expected = shown["tuned-0.01", "north", "south"].mean() - shown["scratch-0.01", "north", "south"].mean()
    assert rows.loc[("tuned-0.01", "elsewhere"), "difference"] == pytest.approx(expected)
    assert found["difference"].isna().tolist() == [True, True, False, False]
