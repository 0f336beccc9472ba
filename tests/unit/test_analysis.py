"""From predictions to tables: known answers, reasons for empty cells, and no look at test labels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from crossray import manifest, reasons
from crossray.analysis import comparisons, domains, performance, transfer, variances
from crossray.analysis import datasets as summary_of
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, fewest_patients, known
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.options import read_overlap
from crossray.errors import FILE_NOT_FOUND, UserError
from crossray.files import write_csv
from crossray.study.stages.analysis import Analysis
from crossray.study.stages.summarise_datasets import SummariseDatasets
from crossray.tables.contract import names
from crossray.tables.performance import Performance
from crossray.tables.transfer import Summary, Transfer
from helpers import manifest_table

EVALUATION = {"minimum": 5, "resamples": 200, "seed": 0}
TASKS = ["A", "B", "C"]


@pytest.fixture
def study(tmp_path):
    """Two hospitals; north labels A and B, south labels A and C. Models know their own labels' tasks."""
    labels = {"north": ["A", "B"], "south": ["A", "C"]}
    tables = {}
    for number, (name, tasks) in enumerate(labels.items()):
        tables[name] = manifest_table(400, tasks, seed=number, patients=200)
        manifest.write(tmp_path / "manifests" / f"{name}.parquet", tables[name], {})
    generator = np.random.default_rng(7)
    for source, tasks in labels.items():
        for seed in (0, 1):
            for target, split in [("north", "test"), ("south", "test"), (source, "validation")]:
                rows = tables[target][tables[target]["split"] == split]
                skill = 2.0 if source == target else 0.5
                logits = {
                    task: skill * rows.get(task, pd.Series(0.0, rows.index)).to_numpy()
                    + generator.normal(size=len(rows))
                    for task in tasks
                }
                path = tmp_path / "predictions/resnet50" / source / str(seed) / split / f"{target}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                pd.DataFrame({"image_id": rows["image_id"].to_numpy(), **logits}).to_parquet(path, index=False)
    settings = Analysis.from_dict({
        "models": ["resnet50"],
        "sources": list(labels),
        "sources_of": {"resnet50": list(labels)},
        "origins": {"resnet50": []},
        "members": {name: [name] for name in labels},
        "targets": list(labels),
        "cohorts": {name: name for name in labels},
        "paper": {},
        "seeds": [0, 1],
        "tasks": TASKS,
        "objective": "multilabel",
        "evaluation": EVALUATION,
        "overlap": "refuse",
    })  # fmt: skip
    return Study(tmp_path / "predictions", tmp_path / "manifests", settings)


def cell(table, source, target, task, seed="0"):
    chosen = table[(table["source"] == source) & (table["target"] == target) & (table["task"] == task)]
    return chosen[chosen["seed"] == seed].iloc[0]


@pytest.mark.parametrize("few", [1.0, 0.0])
@pytest.mark.parametrize(("patients", "reason"), [(4, "F"), (5, None)])
def test_the_minimum_counts_patients_and_not_their_images(study, few, patients, reason):
    labels = pd.DataFrame({"patient_id": np.repeat(np.arange(60), 4).astype(str)})
    labels["A"] = np.where(np.arange(len(labels)) // 4 < patients, few, 1 - few)
    trained = ModelKey("resnet50", "north")
    scored = ScoredSplit("south", labels, {trained: {"0": labels[["A"]]}}, EVALUATION["minimum"])
    row = scored.count(trained, "0", "A")
    assert (row["positives" if few else "negatives"], row["patients"], row["reason"]) == (4 * patients, 60, reason)


def test_a_cohort_is_drawn_once_in_whichever_data_sets_it_appears(study):
    shared = replace(study.settings, cohorts={**study.settings.cohorts, "south": "north"})
    drawn = {}
    for cohorts, one in (("own", study), ("one", replace(study, settings=shared))):
        for scored in one.targets():
            counts = pd.DataFrame(scored.weights(study.settings.evaluation).T)
            assert len(counts) == len(scored.labels)
            drawn[cohorts, scored.dataset] = counts.groupby(scored.labels["patient_id"].to_numpy()).first()
    both = drawn["one", "north"].index.intersection(drawn["one", "south"].index)
    assert len(both) > 5
    assert drawn["one", "north"].loc[both].equals(drawn["one", "south"].loc[both])
    assert not drawn["own", "north"].loc[both].equals(drawn["own", "south"].loc[both])
    everyone = pd.concat([drawn["one", "north"], drawn["one", "south"]])
    total = everyone[~everyone.index.duplicated()].sum()
    assert (total == everyone.index.nunique()).all()  # as many as there are, in each resample


HOLDS = {"labelled": False, "diverged": True, "trained": False, "overlap": True, "enough": False}


@pytest.mark.parametrize("code", ["L", "D", "M", "O", "F"])
def test_of_several_reasons_the_same_one_is_given_whatever_else_holds(code):
    order = dict(zip(["L", "D", "M", "O", "F"], HOLDS, strict=True))
    first = list(order).index(code)
    for later in range(first, len(order)):
        assert reasons.why_not(**{name: HOLDS[name] for name in [*HOLDS][first : later + 1]}) == code
    assert reasons.why_not() is None


def replicates_of(shown):
    """Return what means need of cells whose replicates are all 0.8."""
    one = {"replicates": np.full(10, 0.8), "trainings": np.empty(0)}
    facts = {name: [values] * len(shown) for name, values in one.items()}
    limits = {"patients_low": shown["auc_low"], "patients_high": shown["auc_high"]}
    return shown.assign(**facts, **limits, trainings_of="", freedom=np.nan, share=np.nan)


def test_a_seed_that_diverged_leaves_the_comparison_of_domains_to_the_others():
    """Its ensemble has no number, so no row may ask for one."""
    rows = [("m", source, "a", task, seed, 0.8, 0.7, 0.9) for source in ("a", "all-but-a") for task in TASKS
            for seed in ("0", "1", "ensemble")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["model", "source", "target", "task", "seed", "auc", "auc_low", "auc_high"])
    lost = (table["source"] == "a") & (table["task"] == "A") & (table["seed"] != "1")
    table.loc[lost, ["auc", "auc_low", "auc_high"]] = np.nan
    shown = table[(table["seed"] == "ensemble") & table["auc"].notna()]
    found = domains.measure(table, replicates_of(shown))
    assert list(found["tasks"]) == [2, 2]
    table.loc[(table["source"] == "a") & (table["seed"] != "1"), "auc"] = np.nan
    shown = table[(table["seed"] == "ensemble") & table["auc"].notna()]
    found = domains.measure(table, replicates_of(shown))
    assert list(found["condition"]) == ["all other domains"]


def test_a_patient_with_images_of_both_classes_counts_in_both():
    assert fewest_patients(np.array([0, 1, 1, 0, 1]), np.array([7, 7, 8, 9, 8])) == 2


def test_an_auc_has_the_same_interval_whether_patients_have_one_image_or_the_report_shows_it(study):
    table, _ = performance.measure(study)
    scored = next(study.targets())
    known_ones = table[table["auc"].notna() & (table["target"] == scored.dataset)]
    known_ones = known_ones[known_ones["seed"] != "mean of trainings"]
    assert len(known_ones) > 3
    for row in known_ones.itertuples():
        logits = scored.logits[ModelKey(row.model, row.source)][row.seed]
        truth, scores, here = known(scored.labels, logits, row.task)
        measured = measure_auc(truth, scores, scored.patients[here], scored.patient_count)
        assert (row.auc_low, row.auc_high) == interval(measured)


def test_every_cell_has_a_number_or_a_reason(study):
    table, _ = performance.measure(study)
    assert len(table) == 2 * 2 * 3 * 4  # sources, targets, tasks; two seeds, their mean and the ensemble
    assert (table["auc"].isna() == table["reason"].notna()).all()
    assert list(table.columns) == names(Performance)
    assert cell(table, "north", "south", "B")["reason"] == "L"
    assert cell(table, "north", "south", "C")["reason"] == "M"
    assert cell(table, "south", "north", "C")["reason"] == "L"


def test_aucs_and_the_ensemble_equal_scikit_learn(study):
    table, _ = performance.measure(study)
    labels = study.scored("south", "test", [ModelKey("resnet50", "north")]).labels["A"]
    paths = [study.predictions / f"resnet50/north/{seed}/test/south.parquet" for seed in (0, 1)]
    logits = [pd.read_parquet(path).set_index("image_id").loc[labels.index, "A"] for path in paths]
    assert cell(table, "north", "south", "A")["auc"] == pytest.approx(roc_auc_score(labels, logits[0]), abs=1e-12)
    mean = roc_auc_score(labels, (logits[0] + logits[1]) / 2)
    assert cell(table, "north", "south", "A", "ensemble")["auc"] == pytest.approx(mean, abs=1e-12)
    low, high = cell(table, "north", "south", "A")[["auc_low", "auc_high"]]
    assert low < cell(table, "north", "south", "A")["auc"] < high


def test_thresholds_do_not_look_at_the_target(study):
    before, _ = performance.measure(study)
    path = study.manifests / "south.parquet"
    table = manifest.read(path)
    table.loc[table["split"] == "test", "A"] = 1 - table.loc[table["split"] == "test", "A"]
    manifest.write(path, table, {})
    after, _ = performance.measure(study)
    one, other = (cell(t, "north", "south", "A") for t in (before, after))
    assert one["threshold"] == other["threshold"]
    assert one["auc"] == pytest.approx(1 - other["auc"])
    assert one["sensitivity"] == pytest.approx(1 - other["specificity"])


def test_too_few_positives_leave_the_cell_empty(study):
    path = study.manifests / "south.parquet"
    table = manifest.read(path)
    test = table.index[table["split"] == "test"]
    table.loc[test, "A"] = 0.0
    table.loc[test[:4], "A"] = 1.0
    table.loc[test, "C"] = np.nan
    manifest.write(path, table, {})
    measured, _ = performance.measure(study)
    empty = cell(measured, "north", "south", "A")
    assert (empty["reason"], empty["positives"], empty["negatives"]) == ("F", 4, 76)
    assert cell(measured, "south", "south", "C")["reason"] == "L"


def test_cells_whose_patients_were_learnt_from_are_refused(study, tmp_path):
    (tmp_path / "summary.csv").write_text(
        "source,target,exact,near,shared_patients,overlap_before,overlap,moved,reason\n"
        "north,south,0,0,3,3,3,0,\nsouth,north,0,0,0,0,0,0,\n"
    )
    refused = read_overlap(
        tmp_path / "summary.csv", {"north": ["north"], "south": ["south"], "all": ["north", "south"]}
    )
    assert refused == {("north", "south"), ("all", "south")}
    table, replicates = performance.measure(replace(study, refused=refused))
    row = cell(table, "north", "south", "A")
    assert row["reason"] == "O"
    assert np.isnan(row["auc"])
    assert row["positives"] > 0
    assert cell(table, "north", "south", "B")["reason"] == "L"
    assert cell(table, "south", "north", "A")["auc"] > 0
    assert not ((replicates["source"] == "north") & (replicates["target"] == "south")).any()
    pairs, _, _ = transfer.measure(table, replicates, comparisons.measure(study))
    assert pairs.set_index(["source", "target"]).loc[("north", "south"), "reason"] == "O"


def test_no_threshold_is_a_note_and_not_a_crash(study):
    path = study.manifests / "north.parquet"
    table = manifest.read(path)
    table.loc[table["split"] == "validation", "B"] = 0.0
    manifest.write(path, table, {})
    row = cell(performance.measure(study)[0], "north", "north", "B")
    assert row["auc"] > 0.5
    assert np.isnan(row["threshold"])
    assert row["threshold_reason"] == "F"


def test_missing_predictions_are_noticed(study):
    path = study.predictions / "resnet50/south/0/test/north.parquet"
    pd.read_parquet(path).iloc[1:].to_parquet(path, index=False)
    with pytest.raises(UserError, match=r"1 images are missing or too many"):
        performance.measure(study)


def test_losses_are_over_shared_tasks_and_paired(study):
    table, replicates = performance.measure(study)
    pairs, summary, _ = transfer.measure(table, replicates, comparisons.measure(study))
    row = pairs[(pairs["source"] == "north") & (pairs["target"] == "south")].iloc[0]
    home, away = (cell(table, "north", target, "A", "mean of trainings")["auc"] for target in ("north", "south"))
    assert (row["tasks"], row["shared_tasks"]) == (1, 1)
    assert row["drop"] == pytest.approx(home - away)
    assert row["drop_low"] < row["drop"] < row["drop_high"]
    at_home = pairs[(pairs["source"] == "north") & (pairs["target"] == "north")].iloc[0]
    assert at_home["tasks"] == 2
    assert np.isnan(at_home["drop"])
    overall = summary[summary["source"] == "all sources"].iloc[0]
    assert overall["drop"] == pytest.approx(pairs["drop"].mean())
    assert (overall["pairs"], overall["possible_pairs"]) == (2, 2)


def test_a_drop_has_the_limits_of_its_test_wherever_it_stands(study):
    """The drop of a pair, of a source with one target, and of a task that one pair has."""
    table, replicates = performance.measure(study)
    tests = comparisons.measure(study)
    pairs, summary, tasks = transfer.measure(table, replicates, tests)
    tested = tests[(tests["kind"] == "home and away") & (tests["task"] == "mean of tasks")]
    tested = tested.set_index(["source", "target"])
    columns = ["drop", "drop_low", "drop_high"]
    columns_of_test = ["difference", "difference_low", "difference_high"]
    for row in pairs[pairs["drop"].notna()].itertuples():
        expected = tested.loc[(row.source, row.target), columns_of_test]
        assert [getattr(row, name) for name in columns] == pytest.approx(list(expected), abs=1e-12)
        of_source = summary.set_index("source").loc[row.source]
        assert of_source["pairs"] == 1
        assert list(of_source[columns]) == pytest.approx(list(expected), abs=1e-12)
    parted = variances.measure(table, replicates, tests).set_index(["source", "quantity"])
    of_north = parted.loc[("north", "drop")]
    assert [of_north["low"], of_north["high"]] == list(tested.loc[("north", "south"), columns_of_test[1:]])
    assert tasks.set_index("task").loc["A", "pairs"] == 2


def test_a_pair_of_one_task_has_the_interval_of_its_cell(study):
    table, replicates = performance.measure(study)
    pairs, _, _ = transfer.measure(table, replicates, comparisons.measure(study))
    row = pairs[(pairs["source"] == "north") & (pairs["target"] == "south")].iloc[0]
    assert row["shared_tasks"] == row["tasks"] == 1
    home, away = (cell(table, "north", target, "A", "mean of trainings") for target in ("north", "south"))
    for end in ("", "_low", "_high"):
        assert row[f"auc{end}"] == row[f"away_auc{end}"] == away[f"auc{end}"]
        assert row[f"home_auc{end}"] == home[f"auc{end}"]


def test_pairs_without_a_shared_task_keep_their_reason(study):
    study = replace(study, settings=replace(study.settings, tasks=("B", "C")))
    table, replicates = performance.measure(study)
    pairs, summary, _ = transfer.measure(table, replicates, comparisons.measure(study))
    row = pairs[(pairs["source"] == "north") & (pairs["target"] == "south")].iloc[0]
    assert np.isnan(row["auc"])
    assert row["reason"] == "M"
    assert summary.set_index("source").loc["all sources", "pairs"] == 0


def test_data_sets_are_counted(tmp_path):
    table = manifest_table(50, ["A"], patients=25)
    table.loc[:9, "A"] = np.nan
    table.loc[:4, "age"] = np.nan
    counts = pd.DataFrame(summary_of.describe("d", table, {"b": 1, "a": 2}))
    lookup = counts.set_index(["property", "value"])
    assert lookup.loc[("all", "all"), "images"] == 50
    assert lookup.loc[("all", "all"), "patients"] == 25
    assert lookup.loc[("age", "not recorded"), "images"] == 5
    assert lookup.loc["rejected", "images"].to_dict() == {"all": 3, "a": 2, "b": 1}
    labels = pd.DataFrame(summary_of.count_labels("d", table, ["A", "Z"])).set_index(["task", "split"])
    assert labels.loc[("A", "all"), ["positives", "negatives", "unknown"]].sum() == 50
    assert labels.loc[("A", "all"), "unknown"] == 10
    assert labels.loc[("A", "all"), "patients"] == 25
    found = table.loc[table["A"] == 1, "patient_id"].nunique()
    assert labels.loc[("A", "all"), "positive_patients"] == found < 25
    assert labels.loc[("Z", "all"), ["patients", "positive_patients"]].tolist() == [0, 0]
    assert np.isnan(labels.loc[("Z", "all"), "prevalence"])
    low, high = labels.loc[("A", "all"), ["prevalence_low", "prevalence_high"]]
    assert low < labels.loc[("A", "all"), "prevalence"] < high


def test_every_step_from_a_row_to_a_label_is_counted_and_only_usable_images_have_labels(tmp_path):
    """Of 20 images 1 is not there and 3 cannot be read; of the rest 4 have no label, and all positives are left."""
    table = manifest_table(20, ["A", "B"]).assign(split=["train"] * 12 + ["test"] * 8, A=0.0, B=np.nan)
    table.loc[[0, 1, 2, 12], "A"] = 0.0
    table.loc[[3, 4, 13, 14], "A"] = np.nan
    table.loc[5:9, "A"] = 1.0
    lost = pd.DataFrame({"image_id": ["i0", "i1", "i2", "i12"], "path": "", "reason": "not a DICOM file"})
    lost.loc[0, "reason"] = FILE_NOT_FOUND
    manifest.write(tmp_path / "manifests/d.parquet", table, {})
    write_csv(tmp_path / "d/32px/rejected.csv", lost)
    settings = SummariseDatasets(datasets=("d",), shape="32px", tasks=("A", "B", "Z"))
    counts, labels, flow = summary_of.summarise(tmp_path / "manifests", tmp_path, settings)
    steps = flow.set_index("split")[["rows", "found", "readable", "labelled"]]
    assert steps.loc["all"].tolist() == [20, 19, 16, 12]
    assert steps.loc["train"].tolist() == [12, 11, 9, 7]
    assert steps.loc["test"].tolist() == [8, 8, 7, 5]
    assert "validation" not in steps.index
    of_a = labels.set_index(["task", "split"]).loc[("A", "all")]
    assert (of_a["positives"], of_a["negatives"], of_a["unknown"]) == (5, 7, 4)
    assert of_a["prevalence"] == pytest.approx(5 / 12)
    people = flow.set_index("split")
    assert people.loc["all", "row_patients"] == table["patient_id"].nunique() >= people.loc["all", "patients"]
    usable = counts[counts["split"] == "all"].set_index(["property", "value"])["images"]
    assert usable["all", "all"] == usable["split", "train"] + usable["split", "test"] == 16
    assert usable["rejected"].to_dict() == {"all": 4, "not a DICOM file": 3, FILE_NOT_FOUND: 1}
    assert usable["unlabelled"].to_dict() == {"all": 4, "uncertain": 0, "blank": 4}


def test_properties_of_splits_add_up_to_those_of_all(tmp_path):
    table = manifest_table(60, ["A"]).assign(split=["train"] * 40 + ["test"] * 20)
    rows = pd.DataFrame([*summary_of.describe("d", table, {}), *summary_of.by_split("d", table)])
    images = (
        rows[~rows["property"].isin(["all", "split", "rejected"])]
        .set_index(["split", "property", "value"])["images"]
        .sort_index()
    )
    parts = images.drop(index="all").groupby(["property", "value"]).sum()
    assert parts.to_dict() == images["all"].to_dict()
    assert set(rows["split"]) == {"all", "train", "test"}


def test_uncertain_and_blank_labels_are_told_apart_by_the_study_s_tasks():
    table = manifest_table(6, ["A", "B"]).assign(split="test", A=[1, np.nan, np.nan, np.nan, 0, np.nan], B=np.nan)
    table[manifest.UNCERTAIN] = [None, "A", "B", None, "B", "A|B"]

    def counted(*tasks):
        return {
            row["value"]: row["images"] for row in summary_of.unlabelled("d", table, tasks) if row["split"] == "all"
        }

    assert counted("A") == {"all": 4, "uncertain": 2, "blank": 2}
    assert counted("A", "B") == {"all": 4, "uncertain": 3, "blank": 1}
    assert manifest.tasks_of(table) == ["A", "B"]


def test_what_is_not_kept_is_counted_with_patients_of_whom_nothing_is_left():
    reasons = {"view LATERAL": [5, 2], "further images of a patient": [3, 0]}
    found = {row["value"]: (row["images"], row["patients"]) for row in summary_of.not_kept("d", reasons)}
    assert found == {"all": (8, 2), "view LATERAL": (5, 2), "further images of a patient": (3, 0)}
    assert not list(summary_of.not_kept("d", {}))


def test_a_study_of_one_data_set_has_all_columns_and_no_loss(study):
    study = replace(study, settings=replace(study.settings, sources=("north",), targets=("north",)))
    table, replicates = performance.measure(study)
    pairs, summary, _ = transfer.measure(table, replicates, comparisons.measure(study))
    assert list(pairs.columns) == names(Transfer)
    assert list(summary.columns) == names(Summary)
    assert pairs["drop"].isna().all()
    assert summary.loc[0, "pairs"] == 0
