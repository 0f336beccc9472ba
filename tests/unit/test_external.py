"""Models that were trained elsewhere: files are checked, numbers are what a hand says, nothing is copied."""

import gzip
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from crossray import manifest, predictions, reasons
from crossray.analysis import external, performance
from crossray.analysis.cells import Study
from crossray.analysis.refusals import left_out
from crossray.datasets import scores
from crossray.datasets.simulated_scores import HARDEST, simulate
from crossray.errors import UserError
from crossray.figures.counts import caveats_of, reasons_text
from crossray.figures.matrix import layers
from crossray.planning import check_external, plan_of
from crossray.study import stage_settings
from crossray.study.small_cells import SmallCells
from crossray.study.stages.analysis import Analysis, ExternalModel, Intervals
from crossray.study.stages.read_scores import ReadScores
from crossray.study.stages.simulate_scores import SimulateScores
from helpers import manifest_table, workbook

TASKS = ("Effusion", "Nodule")
READING = ReadScores(
    key="image_id", columns={}, tasks=TASKS, limits=(0, 100), scale="score", unknown_ids="stop", public=True
)


def config(**external_block):
    """Return a study of a simulated hospital and a model that was trained elsewhere."""
    return {
        "study": "s", "tasks": list(TASKS), "models": {}, "external": {"v": external_block},
        "datasets": {"ours": {"reader": "simulated", "public": True, "images": 40, "role": "test"}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({}, "external.v: the kind of model is missing; name one of scores, simulated, onnx, architecture"),
        ({"scores": {"ours": "a.csv"}, "onnx": "a.onnx"}, "external.v: scores and onnx exclude each other"),
        ({"scores": {"theirs": "a.csv"}}, "external.v.scores: 'theirs' is not one of ours"),
        (
            {"scores": {"ours": "a.csv"}, "scale": "percent"},
            "'percent' is not one of logit, probability, score, binary",
        ),
        ({"scores": {"ours": "a.csv"}, "scale": [100, 0]}, r"external.v.scale: \[100, 0\] is not a range"),
        ({"scores": {"ours": "a.csv"}, "scale": [0, 1, 2]}, "external.v.scale: .* is too long; it takes 2 at most"),
        (
            {"scores": {"ours": "a.csv"}, "trained_on": "nih"},
            r"neither unknown nor a list of data sets, such as \[nih\]",
        ),
        ({"scores": {"ours": "a.csv"}, "home": "theirs"}, "external.v.home: 'theirs' is not one of ours"),
        ({"scores": {"ours": "a.csv"}, "claim": {"Mass": {"auc": 0.9}}}, "external.v.claim: 'Mass' is not one of"),
        ({"scores": {"ours": "a.csv"}, "claim": {"Nodule": {"auc": 90}}}, "claim.Nodule.auc: 90 is greater than"),
        ({"scores": {"ours": "a.csv"}, "columns": {"Effusion": "Nodule"}}, "'Nodule' is another task of this study"),
        ({"scores": {"ours": "a.csv"}, "columns": {"Effusion": "x", "Nodule": "x"}}, "have one column, 'x'"),
        ({"scores": {"ours": "a.csv"}, "key": "study_id"}, "scores are by study, and evaluation.unit is image"),
        ({"scores": {"ours": "a.csv"}, "key": "accession"}, "scores are by study, and evaluation.unit is image"),
        ({"scores": {"ours": "a.csv"}, "tasks": {"Nodule": 1}}, "external.v.tasks: goes with onnx or architecture"),
        (
            {"scores": {"ours": "a.csv"}, "scale": "binary", "threshold": {"Nodule": 1}},
            "threshold: binary answers have no threshold",
        ),
        (
            {"scores": {"ours": "a.csv"}, "threshold": "ours"},
            "external.v.threshold: no data set of the study has a",
        ),
        (
            {"scores": {"ours": "a.csv"}, "scale": [0, 100], "threshold": {"Nodule": 500}},
            r"external.v.threshold.Nodule: 500 is not on the scale of the scores, 0 to 100",
        ),
        ({"onnx": "a.onnx"}, "external.v: the key tasks is missing"),
        ({"onnx": "a.onnx", "tasks": {"Nodule": -1}}, "tasks.Nodule: -1 is less than the minimum of 0"),
        ({"onnx": "a.onnx", "tasks": {"Nodule": 0}, "input": {"size": 99}}, "takes 99 px, and images.size is 224"),
        ({"architecture": "resnet18", "tasks": {"Nodule": 0}}, "external.v: the key weights is missing"),
        ({"pickle": "a.pt"}, "external.v: unknown key pickle"),
    ],
)
def test_what_is_wrong_with_the_configuration_is_said_in_one_line(block, words):
    with pytest.raises(UserError, match=words) as raised:
        plan_of(config(**block))
    assert "\n" not in str(raised.value)


def test_a_study_needs_a_model_of_some_kind():
    block = config(simulated={}) | {"external": {}}
    with pytest.raises(UserError, match="models: no model is trained, and none is external"):
        plan_of(block)


@pytest.mark.parametrize(
    ("rows", "change", "words"),
    [
        (["image_id,Effusion", "a,12", "a,13", "b,1"], {}, "column image_id: 'a' stands in rows 2, 3"),
        (["image_id,Effusion", "a,12", ",13"], {}, "row 3, column image_id: names nothing"),
        (["image_id,Effusion", "a,12", "b,101"], {}, "row 3, column Effusion: not from 0 to 100, which scale says"),
        (["image_id,Effusion", "a,-0.1", "b,1"], {}, "row 2, column Effusion: not from 0 to 100"),
        (["image_id,Effusion", "a,high", "b,1"], {}, "row 2, column Effusion: not a number; leave it empty"),
        (["image_id,Effusion", "a,inf", "b,1"], {}, "row 2, column Effusion: not a number"),
        (["image_id,Mass", "a,3", "b,1"], {}, r"has no column of a task of this study \(Effusion, Nodule\)"),
        (
            ["image_id,effusion,Nodule", "a,3,1", "b,1,2"],
            {},
            "no column Effusion, a task of this study, but effusion; name",
        ),
        (
            ["image_id,Effusion,Nodule,Effusion", "a,3,1,4", "b,1,2,2"],
            {},
            r"no column Effusion, .* but Effusion \(column 2\), Effusion \(column 4\); name the one that is meant",
        ),
        (["study,Effusion", "a,3", "b,1"], {}, "no column image_id"),
        (["image_id,Effusion", "a,3", "b,1"], {"columns": {"Effusion": "eff"}}, "no column eff"),
        (["image_id,Effusion", "a,1", "b,0"], {}, "holds 0 and 1 alone, which are answers and no scores"),
        (["image_id,Effusion", "a,1", "b,0.5"], {"scale": "binary", "limits": (0, 1)}, "row 3.*neither 0 nor 1"),
        (["image_id,Effusion", "a,1", "b,2"], {"scale": "probability", "limits": (0, 1)}, "row 3.*not from 0 to 1"),
    ],
)
def test_what_is_wrong_with_a_file_of_scores_is_said_with_its_row(tmp_path, rows, change, words):
    (tmp_path / "v.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(UserError, match=words) as raised:
        scores.read_scores(str(tmp_path / "v.csv"), replace(READING, **change))
    assert "\n" not in str(raised.value)


def test_files_are_looked_at_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan, _ = plan_of(config(scores={"ours": "v.csv"}, scale=[0, 100]))
    with pytest.raises(UserError, match=r"config: external\.v\.scores\.ours: no file 'v\.csv'"):
        check_external(plan)
    (tmp_path / "v.csv").write_text("image_id,Effusion\na,120\n")
    with pytest.raises(UserError, match=r"v\.csv: row 2, column Effusion: not from 0 to 100"):
        check_external(plan)
    (tmp_path / "v.csv").write_text("image_id,Effusion\na,12\n")
    check_external(plan)


@pytest.mark.parametrize("kind", ["csv", "semicolons", "gz", "xlsx", "parquet"])
def test_scores_come_as_people_save_them(tmp_path, kind):
    rows = [["image_id", "eff", "remark"], ["01", "12.5", "x"], ["a", "refused", ""], ["b", "0", ""], ["c", "", ""]]
    text = "\n".join(",".join(row) for row in rows) + "\n"
    path = tmp_path / f"v.{'csv' if kind == 'semicolons' else 'csv.gz' if kind == 'gz' else kind}"
    if kind == "xlsx":
        workbook(path, scores=rows)
    elif kind == "parquet":
        pd.DataFrame(rows[1:], columns=rows[0]).to_parquet(path)
    elif kind == "gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text.replace(",", ";") if kind == "semicolons" else text)
    read = scores.read_scores(str(path), replace(READING, columns={"Effusion": "eff"}))
    assert list(read["key"]) == ["01", "a", "b", "c"]
    assert read["Effusion"].fillna(-1).tolist() == [12.5, -1, 0, -1]
    assert scores.tasks_of(read) == ["Effusion"]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["5,5", "7", "80,25"], [5.5, 7, 80.25]),
        (["0,123", "1,5E-05"], [0.123, 1.5e-5]),
        (["#N/A", "1,250", "0,5"], [None, 1.25, 0.5]),
    ],
)
def test_scores_with_decimal_commas(tmp_path, cells, numbers):
    rows = ["image_id;Effusion", *(f"{place};{cell}" for place, cell in enumerate(cells))]
    (tmp_path / "v.csv").write_text("\n".join(rows) + "\n")
    read = scores.read_scores(str(tmp_path / "v.csv"), READING)["Effusion"]
    assert [None if math.isnan(number) else number for number in read] == numbers


def test_commas_in_scores_that_may_part_thousands_are_not_guessed(tmp_path):
    (tmp_path / "v.csv").write_text("image_id;Effusion\na;1,250\nb;2,500\nc;7\n")
    with pytest.raises(UserError, match="row 2, column Effusion: its comma may part thousands or be a decimal comma"):
        scores.read_scores(str(tmp_path / "v.csv"), READING)


def named(key="image_id", **change):
    """Return the identifiers of four images of three studies and two patients, hashed, and settings."""
    table = pd.DataFrame({"image_id": ["h1", "h2", "h3", "h4"], "study_id": ["hs", "hs", "ht", "hu"],
                          "patient_id": ["hp", "hp", "hp", "hq"]})  # fmt: skip
    lookup = pd.DataFrame({"image_id": table["image_id"], "released_image_id": list("abcd"),
                           "released_study_id": ["s", "s", "t", "u"],
                           "released_patient_id": ["p", "p", "p", "q"]})  # fmt: skip
    return table, lookup, replace(READING, key=key, **change)


@pytest.mark.parametrize(
    ("key", "given", "column", "wanted"),
    [
        ("image_id", ["b", "d"], "image_id", ["h2", "h4"]),
        ("study_id", ["t", "s"], "study_id", ["ht", "hs"]),
        ("accession", ["u"], "study_id", ["hu"]),
        ("patient_id", ["q", "p"], "patient_id", ["hq", "hp"]),
    ],
)
def test_scores_get_the_names_that_manifests_have(key, given, column, wanted):
    table, lookup, settings = named(key)
    known = scores.with_identifiers(pd.DataFrame({"key": given, "Effusion": 1.5}), table, lookup, settings, "v.csv")
    assert known.columns[0] == column
    assert list(known[column]) == wanted


def test_rows_of_others_are_told_or_left_out():
    table, lookup, settings = named()
    given = pd.DataFrame({"key": ["a", "z", "y"], "Effusion": [1.0, 2.0, 3.0]})
    with pytest.raises(UserError, match=r"v.csv: row 3: 'z' is no image of the data set \(2 such rows in all\)"):
        scores.with_identifiers(given, table, lookup, settings, "v.csv")
    settings = replace(settings, unknown_ids="leave out")
    assert list(scores.with_identifiers(given, table, lookup, settings, "v.csv")["image_id"]) == ["h1"]
    with pytest.raises(UserError, match=r"has no image that a row names .*is image_id the right key"):
        scores.with_identifiers(given.iloc[1:], table, lookup, settings, "v.csv")
    with pytest.raises(UserError, match=r"is accession the right key, .*columns: \{ study_id: accession \}"):
        scores.with_identifiers(given.iloc[1:], table, lookup, replace(settings, key="accession"), "v.csv")


def test_a_date_is_no_study():
    table, lookup, settings = named("accession")
    given = pd.DataFrame({"key": ["t", "s"], "Effusion": 1.5})
    with pytest.raises(UserError, match=r"v.csv: accession: 1 of 2 values of the data set's study_id stand at"):
        scores.with_identifiers(given, table.assign(study_id=["hs", "hs", "ht", "hs"]), lookup, settings, "v.csv")


def test_images_without_a_row_have_no_score_and_a_study_is_there_once():
    rows = pd.DataFrame({"image_id": ["h1", "h2", "h3", "h4"], "study_id": ["hs", "hs", "ht", "hu"]})
    given = pd.DataFrame({"study_id": ["hu", "hs"], "Effusion": [4.0, 7.0]})
    placed = predictions.placed(given, rows, "study")
    assert list(placed["study_id"]) == ["hs", "ht", "hu"]
    assert placed["Effusion"].fillna(-1).tolist() == [7, -1, 4]


@pytest.mark.parametrize(("scale", "unit"), [("score", "study"), ("probability", "image"), ("binary", "patient")])
def test_predictions_say_what_their_numbers_are(tmp_path, scale, unit):
    predictions.write(tmp_path / "p.parquet", pd.DataFrame({f"{unit}_id": ["a"], "A": [0.5]}), scale, unit)
    read = predictions.read(tmp_path / "p.parquet")
    assert (read.scale, read.unit, read.table.loc["a", "A"]) == (scale, unit, 0.5)
    pd.DataFrame({"image_id": ["a"], "A": [0.5]}).to_parquet(tmp_path / "old.parquet")
    assert predictions.read(tmp_path / "old.parquet").scale == "logit"


class Hospital:
    """A hospital of 400 images, two a study, with the predictions of models that were trained elsewhere."""

    def __init__(self, folder):
        self.folder, self.models = folder, {}
        table = manifest_table(400, TASKS, seed=3)
        table["split"] = np.where(np.arange(400) < 120, "validation", "test")
        table["patient_id"] = table["study_id"] = [f"s{number // 2}" for number in range(400)]
        table[list(TASKS)] = table[list(TASKS)].iloc[np.arange(400) // 2 * 2].to_numpy()
        manifest.write(folder / "manifests/ours.parquet", table, {})
        self.table = table
        generator = np.random.default_rng(4)
        noise = generator.normal(size=400)
        self.logits = 2 * (table["Effusion"].to_numpy() - 0.5) + noise

    def add(self, name, values, scale, column="image_id", **facts):
        """Add a model with a value for each image, or each study."""
        for split in ("validation", "test"):
            rows = self.table.assign(Effusion=values)[self.table["split"] == split]
            rows = rows[[column, "Effusion"]].drop_duplicates(column)
            path = self.folder / f"predictions/{name}/elsewhere/0/{split}/ours.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            predictions.write(path, rows, scale, column.removesuffix("_id"))
        self.models[name] = ExternalModel(source="elsewhere", scale=scale, targets=("ours",), **facts)
        return self

    def study(self, unit="image", combine="max", **change):
        """Return the study as analyses see it."""
        settings = Analysis(
            models=tuple(self.models), sources=("elsewhere",), origins=dict.fromkeys(self.models, ()),
            sources_of=dict.fromkeys(self.models, ("elsewhere",)), members={"elsewhere": ()}, targets=("ours",),
            seeds=(0,), tasks=TASKS, objective="multilabel", cohorts={"ours": "ours"}, paper={}, overlap="move",
            evaluation=Intervals(minimum=5, resamples=100, seed=0, unit=unit, combine=combine), external=self.models,
        )  # fmt: skip
        return Study(self.folder / "predictions", self.folder / "manifests", replace(settings, **change))

    def cells(self, **how):
        """Return the row of each model for the finding that all of them know."""
        table = performance.measure(self.study(**how))[0]
        return table[table["task"] == "Effusion"].set_index("model")


@pytest.fixture
def hospital(tmp_path):
    return Hospital(tmp_path)


def test_what_needs_a_probability_is_not_given_for_less(hospital):
    probability = 1 / (1 + np.exp(-hospital.logits))
    hospital.add("logit", hospital.logits, "logit", is_known=True, thresholds={"Effusion": 0.0})
    hospital.add("probability", probability, "probability", thresholds={"Effusion": 0.0})
    hospital.add("score", np.round(probability * 100), "score", chosen_on="ours")
    hospital.add("silent", hospital.logits, "score")
    hospital.add("binary", (hospital.logits > 0).astype(float), "binary")
    cells = hospital.cells()
    numbers = ["auc", "calibration_error", "sensitivity", "specificity"]
    assert np.allclose(*cells.loc[["logit", "probability"], numbers].to_numpy(float), atol=1e-9)
    assert abs(cells.loc["score", "auc"] - cells.loc["logit", "auc"]) < 0.01
    assert cells["calibration_reason"].fillna("").to_dict() == {
        "logit": "", "probability": "", "score": "P", "silent": "P", "binary": "P",
    }  # fmt: skip
    assert cells["calibration_error"].notna().tolist() == [True, True, False, False, False]
    assert cells.loc["score", "sensitivity"] > 0
    assert cells.loc["silent", "threshold_reason"] == reasons.NOT_GIVEN
    assert np.isnan(cells.loc["silent", "sensitivity"])
    assert cells.loc["binary", "reason"] == reasons.NO_PROBABILITY
    assert np.isnan(cells.loc["binary", "auc"])
    test = hospital.table["split"] == "test"
    truth, called = hospital.table["Effusion"][test] == 1, hospital.logits[test] > 0
    assert cells.loc["binary", "sensitivity"] == pytest.approx(called[truth].mean())
    assert cells.loc["binary", "specificity"] == pytest.approx((~called[~truth]).mean())
    assert cells["caveat"].fillna("").tolist() == ["", "U", "U", "U", "U"]


def test_other_tasks_and_other_targets_have_their_reasons(hospital):
    hospital.add("v", hospital.logits, "logit")
    hospital.models["far"] = replace(hospital.models["v"], targets=())
    hospital.models["learnt"] = replace(hospital.models["v"], refused=("ours",))
    folder = hospital.folder / "predictions"
    (folder / "learnt").symlink_to(folder / "v")
    table = performance.measure(hospital.study())[0].set_index(["model", "task"])["reason"]
    assert table["v", "Nodule"] == reasons.NOT_TRAINED
    assert table["far", "Effusion"] == reasons.NOT_GIVEN
    assert table["learnt", "Effusion"] == reasons.PATIENTS_OVERLAP
    kept = performance.measure(hospital.study(overlap="keep"))[0].set_index(["model", "task"])["reason"]
    assert pd.isna(kept["learnt", "Effusion"])


def test_images_become_studies_by_the_named_rule_and_a_study_is_never_copied(hospital):
    hospital.add("images", hospital.logits, "logit", thresholds={"Effusion": 0.0})
    hospital.add("studies", hospital.logits, "logit", "study_id", thresholds={"Effusion": 0.0})
    rows = hospital.table.assign(score=hospital.logits)[hospital.table["split"] == "test"]
    for how in ("max", "mean"):
        by_study = rows.groupby("study_id").agg({"score": how, "Effusion": "max"})
        cells = hospital.cells(unit="study", combine=how)
        assert cells.loc["images", "auc"] == pytest.approx(roc_auc_score(by_study["Effusion"], by_study["score"]))
        assert list(cells["images"]) == [140, 140]
    with pytest.raises(UserError, match=r"are by study, and evaluation\.unit is image"):
        hospital.cells(unit="image")


def test_refused_images_are_counted_compared_and_bounded(hospital):
    values = hospital.logits.copy()
    values[np.abs(values) < 0.3] = np.nan
    hospital.add("v", values, "logit", is_known=True, thresholds={"Effusion": 0.0})
    study = hospital.study()
    claims, refusals, _ = external.measure(
        study, {"v": {"Effusion": {"auc": 0.99, "sensitivity": 0.5, "specificity": 0.1}}}
    )
    rows = refusals[refusals["task"] == "Effusion"].set_index("group")
    test = (hospital.table["split"] == "test").to_numpy()
    missing, truth = np.isnan(values[test]), hospital.table["Effusion"].to_numpy()[test]
    assert rows["images"].to_dict() == {"scored": (~missing).sum(), "refused": missing.sum(), "all": 280}
    assert rows.loc["refused", "prevalence"] == pytest.approx(truth[missing].mean())
    cell = hospital.cells().loc["v"]
    assert cell["images"] == (~missing).sum()
    assert cell["auc"] == pytest.approx(roc_auc_score(truth[~missing], values[test][~missing]))
    assert rows.loc["refused", "auc_worst"] < cell["auc"] < rows.loc["refused", "auc_best"]
    findings = claims.set_index("measure")["finding"]
    assert findings.to_dict() == {"auc": external.BELOW, "sensitivity": external.ABOVE, "specificity": external.ABOVE}


def test_u_stands_beside_each_number_of_a_model_whose_training_data_are_unknown():
    rows = [("v", "elsewhere", "ours", 0.8, "U"), ("v", "elsewhere", "theirs", np.nan, None),
            ("own", "ours", "ours", 0.9, None)]  # fmt: skip
    performance = pd.DataFrame(rows, columns=["model", "source", "target", "auc", "caveat"])
    assert caveats_of(performance) == {("v", "elsewhere", "ours"): "U"}
    cells = performance.assign(auc_high=0.99, reason=[None, "N", None], small="")
    members = {"elsewhere": [], "ours": ["ours"]}
    drawn = layers(cells, members, ["ours", "theirs"], 64, "small").to_dict()["datasets"]
    assert {row["text"] for table in drawn.values() for row in table} == {"0.80 U", "N", "0.90"}
    assert reasons_text(["U", None]).startswith(" U beside a number: the model's training data are unknown")
    assert reasons_text([None]) == ""


LIMIT = 5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_difference_of_counts_tells_how_few_images_were_refused(data):
    rows = data.draw(st.integers(1, 40))
    cells = {name: data.draw(st.lists(st.integers(0, most), min_size=rows, max_size=rows))
             for name, most in (("truth", 2), ("refused", 6), ("patient", 15))}  # fmt: skip
    names = [f"i{number}" for number in range(rows)]
    truth = np.array([0.0, 1.0, np.nan])[cells["truth"]]
    labels = pd.DataFrame({"patient_id": [f"p{one}" for one in cells["patient"]], "Effusion": truth}, names)
    outputs = pd.DataFrame({"Effusion": np.where(np.array(cells["refused"]) == 0, np.nan, np.arange(rows))}, names)
    kept = left_out(outputs, labels, LIMIT, "v/ours")
    given = kept["Effusion"].notna()
    assert (kept["Effusion"][given] == outputs["Effusion"][given]).all()  # none is changed, none is added
    counted = {"1": labels["Effusion"] == 1, "0": labels["Effusion"] == 0, "labelled": labels["Effusion"].notna()}
    for name, among in counted.items():
        owners = labels["patient_id"] if name == "labelled" else pd.Series(names, names)
        lost = owners[among].nunique() - owners[among & given].nunique()
        assert not 0 < lost < LIMIT or not (among & given).any()
    turned = left_out(outputs[::-1], labels[::-1], LIMIT, "v/ours")[::-1]
    assert turned.equals(kept)  # the draw does not hang on the order
    if outputs["Effusion"].notna().all():
        assert kept.equals(outputs)


def test_few_refusals_of_patients_are_in_no_table_and_its_counts_are_true(hospital):
    values = hospital.logits.copy()
    rows = np.flatnonzero((hospital.table["split"] == "test") & (hospital.table["Effusion"] == 1))[:2]
    values[rows] = np.nan
    hospital.add("v", values, "logit", is_known=True, thresholds={"Effusion": 0.0})
    rule = SmallCells(below=LIMIT, closed=("ours",))
    for small_cells, refused in ((rule, range(LIMIT, 20)), (None, [2])):
        study = hospital.study(small_cells=small_cells)
        table = external.measure(study, {})[1].set_index(["task", "group"]).loc["Effusion"]
        assert table.loc["refused", "positives"] in refused
        assert table.loc["scored", "positives"] == table.loc["all", "positives"] - table.loc["refused", "positives"]
        cell = performance.measure(study)[0].set_index("task").loc["Effusion"]
        assert cell["positives"] == table.loc["scored", "positives"]
        assert cell["negatives"] == table.loc["scored", "negatives"]


def test_bounds_by_hand():
    labels = pd.Series([1.0, 1, 1, 0, 0, 0])
    values = pd.Series([5, 2, np.nan, 3, 1, np.nan])
    found = external.bounds(labels, values, 2.5)
    # Wrong: the third positive below all, the third negative above all; of 9 pairs 5 > 3, 5 > 1 and 2 > 1 are right.
    assert found["auc_worst"] == pytest.approx(3 / 9)
    # Right: the third positive above all, the third negative below all: 3 + 2 + 3 of 9.
    assert found["auc_best"] == pytest.approx(8 / 9)
    shares = {key: value for key, value in found.items() if not key.startswith("auc")}
    assert shares == pytest.approx({
        "sensitivity_worst": 1 / 3, "sensitivity_best": 2 / 3, "specificity_worst": 1 / 3, "specificity_best": 2 / 3,
    })  # fmt: skip
    assert math.isnan(external.bounds(labels, values, float("nan"))["sensitivity_worst"])


def test_two_versions_are_compared_on_the_same_images(hospital):
    hospital.add("v1", hospital.logits, "logit", thresholds={"Effusion": 0.0})
    hospital.add("v2", hospital.logits, "logit", thresholds={"Effusion": 1.0})
    (row,) = external.measure(hospital.study(), {})[2].to_dict("records")
    test = hospital.logits[hospital.table["split"] == "test"]
    assert (row["difference"], row["second_only"]) == (0, 0)
    assert row["first_only"] == ((test >= 0) & (test < 1)).sum()
    assert row["both"] + row["first_only"] + row["neither"] == row["images"] == 280


def test_what_a_model_learnt_from_is_matched_with_data_sets_and_their_registers():
    block = config(simulated={}, trained_on=["ours"])
    assert plan_of(block)[0].learnt_from("v") == ("ours",)
    block["datasets"]["ours"]["cohort"] = "city"
    assert plan_of(block | {"external": {"v": {"simulated": {}, "trained_on": ["city"]}}})[0].learnt_from("v") == (
        "ours",
    )
    told = {"simulated": {}, "trained_on": ["a hospital in Lyon"]}
    plan = plan_of(block | {"external": {"v": told}})[0]
    assert plan.learnt_from("v") == ()
    assert stage_settings.external.external_model(plan, "v").is_known
    assert not stage_settings.external.external_model(plan_of(config(simulated={}))[0], "v").is_known


def test_the_simulated_reader_has_the_faults_that_it_is_told_to_have():
    generator = np.random.default_rng(0)
    truth = pd.DataFrame({"image_id": [f"i{n}" for n in range(4000)], **{t: generator.random(4000) for t in TASKS}})
    faults = SimulateScores(tasks=TASKS, error=0.05, drift=0.2, refused=0.1, answers="score", seed=0)
    given = simulate(truth, "ours", faults)
    refused = given["Effusion"].isna()
    assert refused.sum() == 400
    distance = (truth[list(TASKS)].max(axis=1) - HARDEST).abs()
    assert distance[refused].max() <= distance[~refused].min()
    inside = truth["Effusion"].between(0.2, 0.6) & ~refused
    error = given["Effusion"][inside] / 100 - truth["Effusion"][inside]
    assert error[error.index < 400].mean() == pytest.approx(0.01, abs=0.02)
    assert error[error.index >= 3600].mean() == pytest.approx(0.19, abs=0.02)
    assert error[error.index < 400].std() == pytest.approx(0.05, abs=0.01)


def test_a_simulated_reader_says_how_probable_a_finding_is_or_yes_and_no():
    generator = np.random.default_rng(1)
    truth = pd.DataFrame({"image_id": [f"i{n}" for n in range(8000)], **{t: generator.random(8000) for t in TASKS}})
    faults = SimulateScores(tasks=TASKS, error=0.1, drift=0.0, refused=0.0, answers="probability", seed=0)
    said = simulate(truth, "ours", faults)[TASKS[0]]
    severe = truth[TASKS[0]] >= HARDEST
    for low in (0.1, 0.4, 0.7):  # what it calls probable is as frequent
        here = said.between(low, low + 0.2)
        assert severe[here].mean() == pytest.approx(said[here].mean(), abs=0.06)
    answers = simulate(truth, "ours", replace(faults, error=0.0, answers="binary"))[TASKS[0]]
    assert (answers == severe).all()
    for kind in ("probability", "binary"):
        model = plan_of(config(simulated={"answers": kind}))[0].external["v"]
        assert (model.kind_of_scale(), model.limits()) == (kind, (0, 1))
