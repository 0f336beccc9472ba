"""Every analysis on predictions that are known: library values, hand-worked values, and properties."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import brier_score_loss, cohen_kappa_score, f1_score, roc_auc_score

from crossray.analysis import calibration, comparisons, heads, label_agreement, paper, probe, roc, transfer
from crossray.analysis.agreement import OWN, PAPER, SEEDS
from crossray.analysis.cells import Cell, ModelKey, ScoredSplit, known
from crossray.analysis.comparisons import Place, _difference
from crossray.analysis.kappa import f1
from crossray.analysis.metrics import calibrated, limits_of_agreement, threshold_metrics, youden_threshold
from crossray.analysis.outputs import most_telling
from crossray.analysis.repeated_aucs import measure as measure_trainings
from crossray.analysis.thresholds import own_thresholds
from crossray.analysis.transfer import GROUPS
from crossray.study.stages.compare_models import Primary
from crossray.tables import HOME_AND_AWAY, MEAN_OF_TASKS, SAME_IMAGES
from helpers import ROOT

PUBLISHED = ROOT / "resources/cohen2020"


def read(analysed, name):
    return pd.read_csv(
        analysed.folder / f"analysis/{name}.csv", dtype={"seed": str, "first_seed": str, "second_seed": str}
    )


def scored(analysed, target):
    return next(part for part in analysed.study.targets() if part.dataset == target)


def picked(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def test_kappa_and_tau_are_the_libraries(analysed):
    target, task = scored(analysed, "south"), "Edema"
    ends = [ModelKey("resnet50", source) for source in ("north", "south")]
    scores = [target.reported(trained)[task].to_numpy() for trained in ends]
    row = picked(read(analysed, "agreement"), target="south", task=task, first="north", second="south").iloc[0]
    calls = [s >= own_thresholds(analysed.study, t)["ensemble", task] for s, t in zip(scores, ends, strict=True)]
    assert row["kappa"] == pytest.approx(cohen_kappa_score(*calls), abs=1e-8)
    here = [s >= youden_threshold(target.labels[task].to_numpy(), s) for s in scores]
    assert row["kappa_at_target"] == pytest.approx(cohen_kappa_score(*here), abs=1e-8)
    assert row["tau"] == pytest.approx(kendalltau(*scores).statistic, abs=1e-8)
    assert row["kappa_low"] <= row["kappa"] <= row["kappa_high"]


def test_kappas_are_averaged_by_each_rule(analysed):
    pairs, means = read(analysed, "agreement"), read(analysed, "agreement_summary")
    at = {"target": "north", "task": "Edema"}
    between = picked(pairs, **at, kind="sources")
    # reread has north's patients, so south's is the only other domain
    own = picked(between, first="north", second="south").iloc[0]
    assert picked(means, **at, rule=OWN).iloc[0]["kappa"] == pytest.approx(own["kappa"])
    assert picked(means, **at, rule=PAPER).iloc[0]["kappa"] == pytest.approx(own["kappa"])
    seeds = picked(pairs, **at, kind="seeds")
    assert set(zip(seeds["first_seed"], seeds["second_seed"], strict=True)) == {("0", "1")}
    of_all = picked(means, **at, rule=SEEDS)
    assert of_all[of_all["source"].isna()].iloc[0]["kappa"] == pytest.approx(seeds["kappa"].mean())
    assert (of_all.set_index("source").loc["south", "kappa"]) == picked(seeds, first="south").iloc[0]["kappa"]
    assert seeds["kappa"].mean() > between["kappa"].mean()


def test_operating_points_are_those_of_home_and_of_the_target(analysed):
    points, target = read(analysed, "operating_points"), scored(analysed, "south")
    trained, task = ModelKey("resnet50", "north"), "Edema"
    truth, scores, _ = known(target.labels, target.reported(trained), task)
    limits = {calibration.SOURCE: own_thresholds(analysed.study, trained)["ensemble", task],
              calibration.TARGET: youden_threshold(truth, scores)}  # fmt: skip
    for place, limit in limits.items():
        row = picked(points, source="north", target="south", task=task, rule="youden", chosen_on=place).iloc[0]
        assert row["threshold"] == pytest.approx(limit)
        expected = threshold_metrics(truth, scores, limit)
        assert row["sensitivity"] == pytest.approx(expected["sensitivity"])
        assert row["specificity"] == pytest.approx(expected["specificity"])
        assert row["sensitivity_low"] <= row["sensitivity"] <= row["sensitivity_high"]
    of_pair = picked(points, source="north", target="south", rule="youden", chosen_on=calibration.SOURCE)
    single = of_pair[of_pair["task"] != MEAN_OF_TASKS]
    mean = picked(of_pair, task=MEAN_OF_TASKS).iloc[0]
    assert mean["tasks"] == len(single) == 2
    assert mean["sensitivity"] == pytest.approx(single["sensitivity"].mean())


def test_the_area_under_a_roc_curve_is_the_auc(analysed):
    curves, cells = read(analysed, "roc"), read(analysed, "performance").set_index(["source", "target", "task", "seed"])
    pair = picked(curves, source="north", target="south")
    areas = {}
    for task, curve in pair.groupby("task"):
        assert list(curve["false_positive_rate"]) == pytest.approx(list(roc.RATES))
        assert curve["sensitivity"].is_monotonic_increasing
        assert curve["sensitivity"].iloc[-1] == 1
        areas[task] = np.trapezoid(curve["sensitivity"], curve["false_positive_rate"])
    mean = areas.pop(MEAN_OF_TASKS)
    for task, area in areas.items():
        cell = cells.loc["north", "south", task, "mean of trainings"]
        assert area == pytest.approx(cell["auc"], abs=0.02)  # between two rates the curve may have a step
        assert pair[pair["task"] == task]["positives"].unique() == [cell["positives"]]
    assert mean == pytest.approx(np.mean(list(areas.values())))


def test_a_roc_curve_goes_through_the_thresholds():
    labels = pd.DataFrame({"patient_id": list("abcd"), "A": [0.0, 1.0, 0.0, 1.0]}, index=list("abcd"))
    trained = ModelKey("m", "s")
    logits = {trained: {"0": pd.DataFrame({"A": [-1.0, 0.0, 0.5, 2.0]}, index=labels.index)}}
    _, curve = roc._curve(Cell(ScoredSplit("t", labels, logits, 1), trained, "0", "A"))
    # the positive at 2.0 is found before any false alarm, that at 0.0 after one of two
    assert curve == pytest.approx(np.where(roc.RATES < 0.5, 0.5, 1.0))


def test_calibration_is_measured_on_probabilities_and_on_the_map(analysed):
    errors, target = read(analysed, "calibration"), scored(analysed, "south")
    trained, task = ModelKey("resnet50", "north"), "Edema"
    truth, scores, _ = known(target.labels, target.reported(trained), task)
    cell = picked(errors, source="north", target="south", task=task).set_index("scale")
    assert cell.loc["probability", "brier"] == pytest.approx(brier_score_loss(truth, 1 / (1 + np.exp(-scores))))
    limits = own_thresholds(analysed.study, trained)
    mapped = np.mean([calibrated(known(target.labels, target.logits[trained][seed], task)[1], limits[seed, task])
                      for seed in ("0", "1")], axis=0)  # fmt: skip
    assert cell.loc["operating point", "brier"] == pytest.approx(brier_score_loss(truth, mapped))
    bins = picked(read(analysed, "reliability"), source="north", target="south", task=task, scale="probability")
    assert bins["images"].sum() == len(truth)
    assert (bins["observed"] * bins["images"]).sum() == pytest.approx(truth.sum())
    squares = ((bins["observed"] - bins["probability"]) ** 2 * bins["images"]).sum() / len(truth)
    assert 0 < cell.loc["probability", "calibration_error"] < np.sqrt(squares)  # as chance is subtracted
    mean = (bins["probability"] * bins["images"]).sum()
    assert cell.loc["probability", "observed_expected"] == pytest.approx(truth.sum() / mean)
    assert np.isnan(cell.loc["operating point", "slope"])
    pooled = picked(
        read(analysed, "reliability"), source="north", target="south", task="all tasks", scale="probability"
    )
    assert pooled["images"].sum() == 2 * len(truth)


def test_sure_images_lie_on_the_side_of_the_threshold_that_their_logits_are_on():
    mapped = calibrated(np.array([30.0, 39.0, 40.0, 41.0, 50.0]), 40.0)  # whose probabilities are all 1
    assert (mapped[:3] <= 0.5).all()
    assert (mapped[3:] > 0.8).all()


def test_limits_are_of_calibrated_outputs_and_extremes_the_most_different(analysed):
    table, points, extremes = (read(analysed, name) for name in ("outputs", "output_points", "output_extremes"))
    target, task = scored(analysed, "south"), "Edema"
    row = picked(table, target="south", task=task, first="south", second="north").iloc[0]
    sides = []
    for source in ("south", "north"):
        trained = ModelKey("resnet50", source)
        limits = own_thresholds(analysed.study, trained)
        sides.append(np.mean([calibrated(target.logits[trained][seed][task].to_numpy(), limits[seed, task])
                              for seed in ("0", "1")], axis=0))  # fmt: skip
    assert row[["difference", "lower_limit", "upper_limit"]].tolist() == pytest.approx(limits_of_agreement(*sides))
    keys = ["target", "task", "first", "second"]
    shown = set(map(tuple, most_telling(table)[keys].to_numpy()))
    assert set(map(tuple, points[keys].to_numpy())) == shown == set(map(tuple, extremes[keys].to_numpy()))
    for key, part in extremes.groupby(keys, sort=False):
        differences = (part["first_output"] - part["second_output"]).abs()
        assert differences.is_monotonic_decreasing
        every = (points[(points[keys] == list(key)).all(axis=1)][["first_output", "second_output"]].diff(axis=1)).abs()
        assert differences.iloc[-1] >= every["second_output"].nlargest(len(part)).iloc[-1] - 1e-9


def test_groups_are_measured_alone_and_against_the_others(analysed):
    table, target = read(analysed, "subgroups"), scored(analysed, "south")
    trained, task = ModelKey("resnet50", "north"), "Edema"
    trainings = [known(target.labels, logits, task) for logits in target.each_training(trained)]
    truth, _, here = trainings[0]
    women = (target.labels["sex"] == "F").to_numpy()[here]
    of = {"source": "north", "target": "south", "attribute": "sex"}
    row = picked(table, **of, task=task, group="F").iloc[0]
    aucs = [
        np.mean([roc_auc_score(truth[part], scores[part]) for _, scores, _ in trainings]) for part in (women, ~women)
    ]
    assert row["auc"] == pytest.approx(aucs[0])
    assert row["difference"] == pytest.approx(aucs[0] - aucs[1])
    assert row["images"] == women.sum()
    groups = picked(table, **of, task="mean of tasks")
    assert groups["worst"].sum() == 1
    assert groups.loc[groups["worst"], "auc"].iloc[0] == groups["auc"].min()
    assert set(table["attribute"]) == {"sex", "age", "view", "months"}
    assert (table["auc"].isna() == table["reason"].notna()).all()


def test_differences_are_tested_in_pairs_and_corrected(analysed):
    table, performance = read(analysed, "comparisons"), read(analysed, "performance")
    assert (table["p_holm"].dropna() >= table["p"][table["p_holm"].notna()]).all()
    assert (table["p_fdr"].dropna() <= table["p_holm"].dropna()).all()
    row = picked(table, kind="home and away", source="north", target="south", task="Edema").iloc[0]
    aucs = picked(performance, source="north", task="Edema", seed="mean of trainings").set_index("target")["auc"]
    assert row["difference"] == pytest.approx(aucs["north"] - aucs["south"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    same = picked(table, kind="same images", target="south", first="south", second="north", task="mean of tasks").iloc[
        0
    ]
    assert same["tasks"] == 2
    assert same["p"] < 0.01  # true AUCs 0.9 and 0.3
    identical = picked(table, kind="same images", target="north", first="south", second="all-but-north")
    assert len(identical)  # the same data, but other noise


def test_comparisons_that_were_named_are_primary_and_corrected_for_one_another(analysed):
    ends = {"model": "resnet50", "second": "south"}
    named = [Primary(**ends, first="north", target=None, task=None),
             Primary(**ends, first="all-but-north", target="south", task="Edema")]  # fmt: skip
    table, before = comparisons.measure(analysed.study, named), read(analysed, "comparisons")
    assert set(before["role"]) == {"exploratory"}
    primary = table[table["role"] == "primary"]
    assert set(primary["kind"]) == {HOME_AND_AWAY, SAME_IMAGES}
    assert len(primary) == 2
    assert sorted(primary["p_holm"]) == pytest.approx(
        [min(1, 2 * min(primary["p"])), max(min(1, 2 * min(primary["p"])), max(primary["p"]))]
    )
    rest = table[table["role"] == "exploratory"]
    assert len(rest) == len(before) - 2
    assert (rest["p_holm"] <= before.loc[rest.index, "p_holm"] + 1e-9).all()  # of fewer than before


def test_a_patient_behind_both_numbers_counts_with_what_they_contribute_to_both():
    generator = np.random.default_rng(0)
    labels, shared = np.repeat([0, 1], [60, 60]), generator.normal(size=120)
    home, away = (
        measure_trainings(labels, [labels + shared + 0.3 * generator.normal(size=120)], np.arange(120), 120)
        for _ in range(2)
    )
    patients = np.arange(300, 420)
    turned = replace(away.measured, parts=away.measured.parts[::-1].copy())
    turned = Place(patients[::-1].copy(), replace(away, measured=turned))
    widths = [
        found["difference_high"] - found["difference_low"]
        for second in (Place(patients + 500, away), Place(patients + 60, away), turned, Place(patients, away))
        if (found := _difference([(Place(patients, home), second)]))
    ]
    other, half, same, paired = widths
    assert same == pytest.approx(paired, rel=0.1)
    assert paired < 0.7 * other
    assert abs(half - other) < 0.1 * other  # sixty patients of the other class: hardly alike


def test_leave_one_out_averages_over_shared_tasks(analysed):
    table, performance = read(analysed, "domains"), read(analysed, "performance")
    assert set(table["target"]) == {"north", "south"}  # reread is not left out by name
    row = picked(table, target="south", condition="all other domains").iloc[0]
    assert row["source"] == "all-but-south"
    cells = picked(performance, source="all-but-south", target="south")
    cells = cells[cells["auc"].notna()]
    assert row["reported_auc"] == pytest.approx(cells[cells["seed"] == "mean of trainings"]["auc"].mean())
    by_seed = cells[cells["seed"].str.isdigit()].groupby("seed")["auc"].mean()
    assert row["auc"] == pytest.approx(by_seed.mean())
    assert row["sd"] == pytest.approx(by_seed.std())
    assert row["auc_low"] <= row["reported_auc"] <= row["auc_high"]


@pytest.mark.parametrize(
    ("aucs", "reach", "groups"),
    [
        ([0.9, 0.7, 0.5], 0.05, ["good", "medium", "variable"]),
        ([0.9, 0.7, 0.5], 0.25, ["medium", "medium", "medium"]),  # no interval leaves the mean of all, 0.7
        ([0.48, 0.4, 0.3], 0.02, ["medium", "medium", "variable"]),  # nothing at chance is good
        ([0.9, 0.7], 0.01, [None, None]),
    ],
)
def test_a_task_is_called_good_or_variable_only_where_its_interval_says_so(aucs, reach, groups):
    table = pd.DataFrame({"mean_auc": aucs})
    table = table.assign(mean_auc_low=table["mean_auc"] - reach, mean_auc_high=table["mean_auc"] + reach)
    assert transfer._groups(table) == groups


def test_tasks_are_sorted_grouped_and_compared(analysed):
    table, performance = read(analysed, "tasks"), read(analysed, "performance")
    shown = performance[(performance["seed"] == "mean of trainings") & performance["auc"].notna()]
    assert table["mean_auc"].is_monotonic_decreasing
    assert set(table["group"]) <= set(GROUPS)
    for row in table.itertuples():
        aucs = shown[shown["task"] == row.task]["auc"]
        assert (row.cells, row.mean_auc) == (len(aucs), pytest.approx(aucs.mean()))
        assert row.sd == pytest.approx(aucs.std(ddof=0))
        assert row.drop == pytest.approx(row.home_auc - row.away_auc)


def test_the_papers_own_grouping_comes_out_of_its_matrix():
    """The slides name six good, six medium and six variable tasks; thirds by the mean AUC are these."""
    cells = pd.read_csv(PUBLISHED / "fig1_auc.csv")
    order = list(cells.groupby("task")["auc"].mean().sort_values(ascending=False).index)
    assert set(order[:6]) == {"Hernia", "Effusion", "Edema", "Cardiomegaly", "Fibrosis", "Emphysema"}
    assert set(order[12:]) == {"Pneumothorax", "Lung Lesion", "Pneumonia", "Infiltration", "Nodule", "Fracture"}


def test_distances_of_weight_vectors_by_hand():
    def vectors(scale):
        rows = [("a", "X", 0, 0), ("b", "X", 3 * scale, 4 * scale), ("c", "X", 0, 0), ("a", "Y", 0, 0),
                ("b", "Y", 1, 0), ("a", "Z", 9, 9)]  # fmt: skip
        return pd.DataFrame(rows, columns=["dataset", "task", "weight 0", "weight 1"])

    tasks = pd.DataFrame({"model": "m", "task": ["X", "Y", "Z"], "mean_auc": [0.9, 0.8, 0.7]})
    found = {("m", "none", "0"): vectors(1), ("m", "none", "1"): vectors(2), ("m", "l2", "0"): vectors(1)}
    places, distances, relations = heads.measure(found, tasks)
    free = picked(distances, penalty="none").set_index("task")
    assert free.loc["X", ["distance", "relative", "datasets"]].tolist() == pytest.approx([(10 / 3 + 20 / 3) / 2, 1, 3])
    assert free.loc["Y", ["distance", "sd", "mean_auc"]].tolist() == pytest.approx([1, 0, 0.8])
    assert "Z" not in free.index  # one data set has no distance
    assert len(picked(places, penalty="l2")) == 6
    assert relations["pearson"].isna().all()  # two tasks are too few
    table = pd.DataFrame({"distance": [1.0, 2, 3, 4], "mean_auc": [0.9, 0.8, 0.7, 0.6]})
    assert heads._relation(table)["pearson"] == pytest.approx(-1)


def test_a_probe_finds_what_tells_data_sets_apart_and_nothing_else():
    generator = np.random.default_rng(0)

    def sample(shift):
        parts = [pd.DataFrame({"dataset": name, "split": ["train"] * 100 + ["test"] * 100,
                               "feature 0": generator.normal(size=200) + shift * place,
                               "feature 1": generator.normal(size=200)})
                 for place, name in enumerate("abc")]  # fmt: skip
        return pd.concat(parts, ignore_index=True)

    table, confusion = probe.measure({"apart": sample(8.0), "alike": sample(0.0)})
    apart, alike = table.set_index("features").loc[["apart", "alike"]].itertuples()
    assert apart.accuracy > 0.98
    assert 0.9 < apart.accuracy_low < apart.accuracy <= apart.accuracy_high <= 1
    assert alike.accuracy_low < 1 / 3 < alike.accuracy_high
    assert (alike.chance, alike.images, alike.datasets) == (1 / 3, 300, 3)
    rows = picked(confusion, features="alike").groupby("dataset")["share"].sum()
    assert rows.tolist() == pytest.approx([1, 1, 1])


def test_a_probe_that_names_every_image_rightly_is_not_sure_of_it():
    low, high = probe._interval([np.ones(12, bool), np.ones(30, bool)])
    assert high == 1.0
    assert 0.8 < low < 0.95
    assert probe._interval([np.ones(12, bool)])[0] == pytest.approx(12 / (12 + 1.959964**2))  # Wilson's


def pairs_table(*rows):
    return pd.DataFrame(rows, columns=["dataset", "image_id", "other_dataset", "other_image_id"])


def test_images_are_matched_through_chains_and_never_ambiguously():
    pairs = pairs_table(("nih", "1", "rsna", "a"), ("rsna", "a", "google", "x"), ("nih", "2", "rsna", "b"),
                        ("nih", "2", "nih", "3"), ("google", "y", "rsna", "c"))  # fmt: skip
    found = set(label_agreement.matches(pairs).itertuples(index=False, name=None))
    assert found == {("nih", "rsna", "1", "a"), ("google", "nih", "x", "1"), ("google", "rsna", "x", "a"),
                     ("google", "rsna", "y", "c")}  # fmt: skip
    assert label_agreement.matches(pairs_table()).empty


def test_label_agreement_is_the_libraries(analysed):
    table = read(analysed, "label_agreement")
    ours, theirs = (
        pd.read_parquet(analysed.folder / f"manifests/{name}.parquet")["Edema"] for name in ("north", "reread")
    )
    row = picked(table, task="Edema").iloc[0]
    assert row["f1"] == pytest.approx(f1_score(ours, theirs))
    assert row["kappa"] == pytest.approx(cohen_kappa_score(ours, theirs))
    assert row[["both", "first_only", "second_only", "neither"]].sum() == row["images"] == len(ours)
    assert row["first_only"] == ((ours == 1) & (theirs == 0)).sum()
    assert row["kappa_low"] < row["kappa"] < row["kappa_high"]


def test_the_published_label_table_gives_its_own_f1():
    published = pd.read_csv(PUBLISHED / "figA1_label_agreement.csv")
    for row in published.itertuples():
        counts = (row.both, row.first_only, row.second_only)
        ours, theirs = (np.repeat(calls, counts) for calls in ([True, True, False], [True, False, True]))
        assert f1(ours, theirs, np.arange(len(ours)))[0] == pytest.approx(row.f1, abs=0.0006)


def test_another_labelling_is_tested_on_the_same_images(analysed):
    table = read(analysed, "label_control")
    assert set(zip(table["source"], table["other"], strict=True)) == {("north", "reread"), ("reread", "north")}
    row = picked(table, source="north", task="Edema").iloc[0]
    own, other = scored(analysed, "north"), scored(analysed, "reread")
    several = [logits["Edema"] for logits in own.each_training(ModelKey("resnet50", "north"))]
    others = other.labels.loc[own.labels.index, "Edema"]
    for name, labels in (("own_auc", own.labels["Edema"]), ("other_auc", others)):
        assert row[name] == pytest.approx(np.mean([roc_auc_score(labels, scores) for scores in several]))
    assert row["drop"] == pytest.approx(row["own_auc"] - row["other_auc"])
    assert row["drop_low"] < row["drop"] < row["drop_high"]


NAMES = {"nih": "NIH", "padchest": "PC", "chexpert": "CheX", "mimic_ch": "MIMIC_CH", "mimic_nb": "MIMIC_NB",
         "rsna": "Kaggle", "openi": "OpenI", "google": "Google"}  # fmt: skip


def as_if_ours():
    """Return the paper's numbers as the tables of a study that found the same."""
    ours = {theirs: name for name, theirs in NAMES.items()} | {"All": "all"}
    empty = {"auc_low": np.nan, "auc_high": np.nan}
    performance = pd.read_csv(PUBLISHED / "fig1_auc.csv").assign(model="m", seed="0", **empty)
    performance = performance.assign(source=performance["source"].map(ours), target=performance["target"].map(ours))
    domains = pd.read_csv(PUBLISHED / "fig2_leave_one_out.csv").melt("target", value_name="reported_auc")
    words = {"own_domain": "own domain", "other_domains": "all other domains", "all_domains": "all domains"}
    domains = domains.assign(model="m", condition=domains["variable"].map(words), target=domains["target"].map(ours),
                             source="", auc=0.0, auc_low=domains["reported_auc"] - 0.1, auc_high=1.0)  # fmt: skip
    kappa = pd.read_csv(PUBLISHED / "fig3_kappa.csv").rename(columns={"test_dataset": "target"})
    kappa = kappa.assign(rule=PAPER, source=None)
    seeds = pd.read_csv(PUBLISHED / "figA2_seed_kappa.csv").rename(columns={"model": "source"})
    summary = pd.concat([kappa, seeds.assign(rule=SEEDS, target=seeds["source"])])
    summary = summary.assign(model="m", kappa_at_target=summary["avg_kappa_pct"] / 100,
                             target=summary["target"].map(ours), source=summary["source"].map(ours))  # fmt: skip
    distances = pd.read_csv(PUBLISHED / "fig6_weight_distance.csv").melt("task", value_name="relative")
    distances = distances.assign(
        model="m", penalty=distances["variable"].map({"rel_L2_noreg": "none", "rel_L2_reg": "l2"})
    )
    agreed = pd.read_csv(PUBLISHED / "figA1_label_agreement.csv")
    agreed = agreed.assign(first=agreed["second"].map(ours), second=agreed["first"].map(ours))  # the other way round
    labels = pd.read_csv(PUBLISHED / "tableA1_counts.csv").assign(split="all")
    labels = labels.assign(
        dataset=labels["dataset"].map(ours), positives=labels["positive"], negatives=labels["negative"]
    )
    return {"performance": performance, "domains": domains, "agreement_summary": summary, "head_distances": distances,
            "label_agreement": agreed, "labels": labels}  # fmt: skip


def test_the_papers_numbers_as_if_they_were_ours_differ_by_nothing():
    table, summary = paper.compare(as_if_ours(), PUBLISHED, NAMES)
    assert table["difference"].abs().max() < 1e-12
    counts = summary.set_index("quantity")
    assert counts["compared"].to_dict() == counts["paper_numbers"].to_dict() == {
        "AUC": 416, "leave one out": 12, "kappa": 51, "kappa of seeds": 51, "distance of weights": 36,
        "F1 of labels": 4, "positives": 83, "negatives": 83,
    }  # fmt: skip
    assert counts.loc["leave one out", ["with_interval", "inside"]].tolist() == [12, 12]
    assert counts.loc["AUC", "with_interval"] == 0
    assert counts.loc["AUC", "correlation"] == pytest.approx(1)


def test_a_subset_is_compared_with_its_part_of_the_paper():
    tables = as_if_ours()
    del tables["domains"], tables["head_distances"], tables["label_agreement"]
    tables["performance"] = tables["performance"].assign(auc_low=0.7, auc_high=0.9)
    table, summary = paper.compare(tables, PUBLISHED, {"nih": "NIH", "padchest": "PC"})
    aucs = picked(table, quantity="AUC")
    assert set(aucs["source"]) == {"NIH", "PC", "All"}
    assert set(aucs["target"]) == {"NIH", "PC"}
    assert (aucs["inside"] == ((aucs["paper"] >= 0.7) & (aucs["paper"] <= 0.9))).all()
    assert "leave one out" not in set(summary["quantity"])
