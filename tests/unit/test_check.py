"""What ``check`` says of a study before it runs: counts, cells, files, costs, and its exit status."""

import json
import logging

import numpy as np
import pandas as pd
import pytest

import check
import make_manifest
from crossray import reasons
from crossray.analysis.datasets import count_labels
from crossray.checking.cells import foresee
from crossray.checking.cohorts import read_cohort
from crossray.checking.costs import reckon
from crossray.checking.files import SAMPLE
from crossray.checking.warnings import heard
from crossray.datasets.hospital import planned_labels, write_release
from crossray.job_resources import Loads
from crossray.planning import manifest_settings, plan_of
from crossray.small_cells import withhold
from crossray.study.hospital import Appearance, Hospital, Labelling
from helpers import dicom_file
from releases import LAYOUTS, picture, pixels

COLUMNS = {name: name for name in ("image_id", "patient_id", "path", "split")}


def study(datasets, tasks=("A", "B"), **more):
    return {"study": "s", "tasks": list(tasks), "datasets": datasets, "evaluation": {"minimum": 2}, **more}


def release(folder, images=40, prefix="p", **labels):
    """Write PNG files and a table: every second image is a positive of A, a quarter are for testing."""
    numbers = np.arange(images)
    for number in numbers:
        picture(folder / f"{number}.png", number)
    table = pd.DataFrame({"image_id": numbers, "patient_id": [f"{prefix}{n}" for n in numbers]})
    table["path"] = [f"{n}.png" for n in numbers]
    table["split"] = np.array(["train", "train", "train", "validation", "test", "train", "validation", "test"])[
        numbers % 8
    ]
    table["A"], table["B"] = numbers // 8 % 2, numbers // 16 % 2
    table.assign(**labels).to_csv(folder / "labels.csv", index=False)
    return {"reader": "table", "root": str(folder), "table": "labels.csv", "public": True, "columns": COLUMNS,
            "tasks": ["A", "B"], "views": ["ANY"]}  # fmt: skip


def looked_at(configuration):
    plan, sources = plan_of(configuration)
    cohorts = {name: read_cohort(plan, sources, name) for name in plan.study.datasets}
    tables = {name: cohort.table for name, cohort in cohorts.items() if cohort.table is not None}
    return plan, sources, cohorts, foresee(plan, tables)


def told(configuration, capsys):
    """Return the exit status and all that the program says."""
    status = check.main(["--settings", json.dumps(configuration)])
    output = capsys.readouterr()
    return status, output.out + output.err


def test_every_public_layout_is_checked(tmp_path, capsys):
    datasets = {}
    for name, (maker, settings) in LAYOUTS.items():
        (tmp_path / name).mkdir()
        maker(tmp_path / name)
        datasets[name] = {"reader": maker.__name__, "root": str(tmp_path / name), "public": True} | settings
    plan, sources, cohorts, outlook = looked_at(study(datasets, ["Pneumonia"], images={"size": 32, "fit": "pad"}))
    assert {name: cohort.problem for name, cohort in cohorts.items()} == dict.fromkeys(LAYOUTS, "")
    for name, cohort in cohorts.items():
        assert cohort.missing == 0, name
        assert sum(kind.images for kind in cohort.kinds) == cohort.table["path"].nunique(), name
        assert not any(kind.refused for kind in cohort.kinds), name
        words = ["--dataset", name, "--settings", manifest_settings(plan, sources.readings[name], name)]
        words += ["--root", sources.releases[name].root, "--tables", *sources.releases[name].tables, "--key"]
        words += ["--lookup", str(tmp_path / "l.csv"), "--output", str(tmp_path / "m.parquet")]
        assert make_manifest.main(words) == 0
        pd.testing.assert_frame_equal(cohort.table, pd.read_parquet(tmp_path / "m.parquet"), check_dtype=False)
    assert outlook.shared["nih", "google"] == 2
    status, text = told(study(datasets, ["Pneumonia"]), capsys)
    assert status == 1  # a handful of images teaches nothing
    assert "no cell would have a number" in text


def test_counts_and_cells_of_a_known_release(tmp_path, capsys):
    configuration = study({"here": release(tmp_path / "a"), "there": release(tmp_path / "b", prefix="q", B="")})
    plan, sources, cohorts, outlook = looked_at(configuration)
    cells = outlook.cells.set_index(["source", "target", "task"])
    here = pd.read_csv(tmp_path / "a/labels.csv")
    tested = here[here["split"] == "test"]
    assert cells.loc[("there", "here", "A"), "positives"] == (tested["A"] == 1).sum()
    assert cells.loc[("here", "here", "B"), "negatives"] == (tested["B"] == 0).sum()
    assert cells["reason"].dropna().to_dict() == {
        ("there", "here", "B"): reasons.NOT_TRAINED, ("here", "there", "B"): reasons.NOT_LABELLED,
        ("there", "there", "B"): reasons.NOT_LABELLED,
    }  # fmt: skip
    assert [(kind.name, kind.images, kind.decoded) for kind in cohorts["here"].kinds] == [("PNG", 40, SAMPLE)]
    learnt = 2 * int((here["split"] == "train").sum())
    cost = reckon(plan, Loads(plan, sources.releases), list(cohorts.values()), outlook.tables)
    assert (cost.trainings, cost.trained_images, cost.timed) == (2, 100 * learnt, 2 * SAMPLE)
    status, text = told(configuration, capsys)
    assert status == 0
    assert "5 of 8 cells" in text


@pytest.mark.parametrize("public", [True, False])
def test_words_that_are_not_understood_are_on_the_page(public, tmp_path, capsys, monkeypatch):
    numbers = np.arange(40)
    block = release(tmp_path / "a", sex="Zq", age=np.where(numbers < 2, "old", "45"), view=["PA", "Xy"] * 20, ward="W")
    block |= {"columns": COLUMNS | {"sex": "sex", "age": "age", "view": "view"}, "public": public, "strata": ["ward"]}
    monkeypatch.chdir(tmp_path)
    _, text = told(study({"here": block}), capsys)
    page = text.split("Reading here")[1]
    assert "here: view OTHER 20, PA 20; sex not recorded 40; age " in page
    assert "; ward W 40" in page
    lines = page.split("To know")[1]
    assert "column sex: 40 of 40 rows name no sex" in lines
    assert f"column age: {'2' if public else '<5'} of 40 rows name no age" in lines
    assert "20 of 40 images have a view of another name" in lines
    assert [word in page for word in ("'Zq' (40)", "'old' (2)", "'Xy' (20)")] == [public] * 3


def test_nearly_all_is_not_counted_where_the_rest_is_few():
    with heard(5) as warnings:
        logging.getLogger("crossray.datasets.a").warning("%d of %d rows; %d of %d", 38, 40, 40, 40)
    assert warnings == ["nearly all of 40 rows; 40 of 40"]


def test_rows_without_a_partner_in_a_joined_table_are_on_the_page(tmp_path, capsys):
    block = release(tmp_path / "a") | {"join": [{"table": "more.csv", "key": "key"}], "tasks": ["C"]}
    table = pd.read_csv(tmp_path / "a/labels.csv", dtype="str")
    keys = table["image_id"].str.zfill(4)
    table.assign(key=keys).to_csv(tmp_path / "a/labels.csv", index=False)
    few = pd.DataFrame({"key": [key.lstrip("0") if n % 2 else key for n, key in enumerate(keys[:30])], "C": 1})
    few.to_csv(tmp_path / "a/more.csv", index=False)
    _, text = told(study({"here": block}, ["C"]), capsys)
    lines = text.split("To know")[1]
    assert "more.csv: 25 of 40 images have no row there by key; 15 of them would if leading zeros" in lines
    assert "here: 25 of 40 images have no label of a task of the study" in lines


def test_a_minimum_that_nothing_reaches_ends_in_status_1(tmp_path, capsys):
    configuration = study({"here": release(tmp_path / "a")}) | {"evaluation": {"minimum": 9}}
    status, text = told(configuration, capsys)
    assert status == 1
    assert "lower evaluation.minimum" in text
    assert set(looked_at(configuration)[3].cells["reason"]) == {reasons.TOO_FEW}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"A": 0, "B": ""}, "no task can be learnt"),
        ({"split": "test"}, "no image in the split train"),
        ({"image_id": "same"}, "occurs more than once"),
        ({"A": "maybe"}, "row 2, column A"),
    ],
)
def test_what_would_stop_a_run_is_told_with_what_to_change(edit, words, tmp_path, capsys):
    status, text = told(study({"here": release(tmp_path / "a"), "bad": release(tmp_path / "b", **edit)}), capsys)
    assert status == 1
    assert words in text.split("To change")[1]
    assert "Traceback" not in text


def test_missing_doubled_and_damaged_files_are_counted(tmp_path, capsys):
    block = release(tmp_path / "a") | {"max_missing": 0.1, "max_rejected": 0.1}
    (tmp_path / "a/3.png").unlink()
    table = pd.read_csv(tmp_path / "a/labels.csv")
    table.loc[1, "path"] = "0.png"
    table.to_csv(tmp_path / "a/labels.csv", index=False)
    (cohort,) = looked_at(study({"here": block}))[2].values()
    assert (cohort.missing, cohort.repeated_rows, cohort.kinds[0].images) == (1, 1, 38)
    assert told(study({"here": block}), capsys)[0] == 0
    assert told(study({"here": block | {"max_rejected": 0.01}}), capsys)[0] == 0  # the limit for files that are there
    status, text = told(study({"here": block | {"max_missing": 0.01}}), capsys)
    assert status == 1
    assert "1 of 40 images are missing, more than max_missing = 0.01 allows" in text
    for path in (tmp_path / "a").glob("*.png"):
        path.write_bytes(b"no picture")
    status, text = told(study({"here": block}), capsys)
    assert status == 1
    assert "no file that was tried of 38 x PNG could be used" in text


def test_each_kind_of_dicom_is_decoded_by_itself(tmp_path):
    block = release(tmp_path / "a", images=8, path=[f"{n}.dcm" for n in range(8)])
    for number in range(8):
        colours = "MONOCHROME1" if number == 5 else "MONOCHROME2"
        dicom_file(tmp_path / f"a/{number}.dcm", pixels(number, np.uint16), bits=12, PhotometricInterpretation=colours)
    (tmp_path / "a/7.dcm").write_bytes(b"nothing")
    (cohort,) = looked_at(study({"here": block}))[2].values()
    found = {kind.name: (kind.images, kind.decoded) for kind in cohort.kinds}
    assert found.pop("DICOM, Explicit VR Little Endian, MONOCHROME2, 12 bits") == (6, SAMPLE)
    assert found.pop("DICOM, Explicit VR Little Endian, MONOCHROME1, 12 bits") == (1, 1)
    assert list(found.values()) == [(1, 0)]


def test_shared_patients_move_or_are_refused(tmp_path):
    blocks = {name: release(tmp_path / name) | {"cohort": "one"} for name in ("a", "b")}
    table = pd.read_csv(tmp_path / "b/labels.csv")
    table["split"] = table["split"].replace({"train": "test", "test": "train"})
    table.to_csv(tmp_path / "b/labels.csv", index=False)
    moved = looked_at(study(blocks))[3]
    assert moved.shared == {("a", "b"): 40}
    assert sum(moved.moved.values()) > 0
    for name in ("a", "b"):
        assert (
            moved.tables[name]
            .set_index("patient_id")["split"]
            .equals(moved.tables["a"].set_index("patient_id")["split"])
        )
    refused = looked_at(study(blocks, leakage={"overlap": "refuse"}))[3].cells.set_index(["source", "target"])
    assert set(refused.loc[("a", "b"), "reason"]) == {reasons.PATIENTS_OVERLAP}
    assert refused.loc[("a", "a"), "reason"].isna().all()


def test_nothing_of_a_closed_data_set_is_shown_but_counts(tmp_path, capsys, monkeypatch):
    block = release(tmp_path / "a", prefix="Doe^Jane") | {"public": False}
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    status, text = told(study({"here": block}, small_cells=0), capsys)
    assert status == 0
    assert "Doe" not in text
    assert ".png" not in text
    assert set(tmp_path.rglob("*")) == before  # no key, no results


def table_after(text, title):
    """Return a table of the page below its title as rows of words."""
    lines = text.split(title)[1].split("\n\n")[1].splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines[1:]}


@pytest.mark.parametrize(("public", "limit"), [(True, 5), (False, 0), (False, 5)])
def test_small_counts_of_a_closed_data_set_are_those_of_the_tables(public, limit, tmp_path, capsys, monkeypatch):
    """Forty images: 20 for training, 10 for testing, of these 4 positive; a run's own tables say what may be shown."""
    block = release(tmp_path / "a") | {"public": public}
    table = pd.read_csv(tmp_path / "a/labels.csv")
    table["A"] = 0
    table.loc[table.index[table["split"] == "test"][:4], "A"] = 1
    table.loc[table.index[table["split"] == "train"][:8], "A"] = 1
    table.to_csv(tmp_path / "a/labels.csv", index=False)
    monkeypatch.chdir(tmp_path)
    _, text = told(study({"here": block}, small_cells=limit), capsys)
    positives = table_after(text, "Positives of")["A"]
    closed = limit and not public
    counts = pd.DataFrame(count_labels("here", table, ["A", "B"]))
    shown = (withhold(counts, limit, ["here"]) if closed else counts).set_index(["task", "split"])["positives"]
    assert positives == [str(shown["A", split]) for split in ("train", "validation", "test")]
    assert (positives[2] == "<5") == bool(closed)
    assert ("<5" in text) == bool(closed)


def test_few_shared_patients_of_closed_data_sets_are_not_counted(tmp_path, capsys, monkeypatch):
    blocks = {name: release(tmp_path / name, prefix=name) | {"cohort": "one", "public": False} for name in "ab"}
    table = pd.read_csv(tmp_path / "b/labels.csv")
    table.loc[:2, "patient_id"] = ["a0", "a1", "a2"]
    table.to_csv(tmp_path / "b/labels.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert "a and b share <5 patients" in told(study(blocks), capsys)[1]
    assert "a and b share 3 patients" in told(study(blocks, small_cells=0), capsys)[1]


@pytest.mark.parametrize("more", [{}, {"labelling": Labelling(unlabelled=("Nodule",))}, {"patients_of": "other"}])
def test_a_hospital_is_known_before_it_is_rendered(more, tmp_path):
    settings = Hospital(images=12, appearance=Appearance(rows=32), **more)
    labels, _, _ = write_release("d", settings, tmp_path)
    pd.testing.assert_frame_equal(planned_labels("d", settings), labels)


def test_digits_are_known_before_they_are_unpacked():
    names = ["zero", "one"]
    block = {"reader": "digits", "public": True}
    _, _, cohorts, outlook = looked_at(study({"d": block}, names, objective="multiclass"))
    assert len(cohorts["d"].table) == 1797
    assert outlook.cells["reason"].isna().all()


def test_the_cause_of_an_empty_split_is_one_patient(tmp_path, capsys):
    block = release(tmp_path / "a", patient_id="p") | {"columns": {name: name for name in ("image_id", "path")}}
    status, text = told(study({"here": block}), capsys)
    assert status == 1
    assert "all its images are of one patient, and a patient's images are in one split" in text
    assert "raise its share" not in text


def test_nothing_is_estimated_of_a_study_that_cannot_be_read(tmp_path, capsys):
    bad = release(tmp_path / "b", A="maybe")
    _, text = told(study({"here": release(tmp_path / "a"), "bad": bad}), capsys)
    assert "No estimate of what the run costs, as bad cannot be read" in text
    assert "An estimate of" not in text


def test_nearly_all_images_without_a_label_are_not_counted_in_a_closed_data_set(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numbers = np.arange(40)
    labels = np.where(numbers < 2, "1", "")
    block = release(tmp_path / "a", A=labels, B=labels) | {"public": False}
    _, text = told(study({"here": block}), capsys)
    assert "here: nearly all of 40 images have no label" in text
