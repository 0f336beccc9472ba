"""``crossray new``: by kinds of tables and folders; ``check`` accepts what it writes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

import check
from crossray.shell import command
from helpers import dicom_file

#: images of a table, of as many patients
IMAGES = 90
POSITIVE = np.arange(IMAGES) % 2


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def pictures(*names):
    """Write PNG or JPEG files below ``images``, each unlike the others."""
    for number, name in enumerate(names):
        path = Path("images", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (24, 24), dtype=np.uint8)
        Image.fromarray(pixels).save(path)


def frame(**columns):
    return pd.DataFrame({"patient_id": [f"p{n:03d}" for n in range(IMAGES)], **columns})


def new(*tables, images="images"):
    """Write a study of tables, check that ``check`` accepts it, and return its data set, the study and its text."""
    words = ["--table", *map(str, tables)] if tables else []
    assert command.main(["new", "s.yaml", *words, "--images", images]) == 0
    text = Path("s.yaml").read_text()
    study = yaml.safe_load(text)
    assert check.main(["--settings", json.dumps(study)]) == 0
    return next(iter(study["datasets"].values())), study, text


def written(table, name="labels.csv", **options):
    table.to_csv(name, index=False, **options)
    return name


NAMES = [f"{n:03d}.png" for n in range(IMAGES)]


def test_paths_and_marks(capsys):
    pictures(*NAMES)
    table = frame(path=NAMES, sex=["F", "M", "f"] * 30, age=np.arange(20, 20 + IMAGES), Effusion=POSITIVE)
    table["StudyDate"] = "2024-01-31"
    found, study, text = new(written(table))
    assert found["columns"] == {
        "image_id": "path", "path": "path", "patient_id": "patient_id", "sex": "sex", "age": "age", "date": "StudyDate",
    }  # fmt: skip
    assert found["tasks"] == {"Effusion": "Effusion"}
    assert study["tasks"] == ["Effusion"]
    assert f"path: path  # guessed, {IMAGES} of {IMAGES} names found" in text
    assert "45 positive, 45 negative" in text
    assert "another hospital" in capsys.readouterr().out


def test_german_headers_semicolons_and_words(capsys):
    pictures(*NAMES)
    table = pd.DataFrame({
        "Bild-Nr.": np.arange(IMAGES), "Datei": NAMES, "Patienten-ID": [f"a{n // 2}" for n in range(IMAGES)],
        "Geschlecht": ["w", "m"] * 45, "Alter": [f"{n % 80 + 10} Jahre" for n in range(IMAGES)],
        "Untersuchungsdatum": "31.01.2024", "Erguss": np.where(POSITIVE, "ja", "nein"),
    })  # fmt: skip
    found, _, _ = new(written(table, sep=";", encoding="utf-8"))
    wanted = {"path": "Datei", "patient_id": "Patienten-ID", "sex": "Geschlecht", "age": "Alter"}
    assert wanted.items() <= found["columns"].items()
    assert "date" not in found["columns"]
    assert found["tasks"] == {"Erguss": {"column": "Erguss", "positive": ["ja"], "negative": ["nein"]}}
    assert "date: column Untersuchungsdatum is not written 2024-01-31" in capsys.readouterr().out


@pytest.mark.parametrize("folders", ["", "all/", "p{}/", "a/b{}/"])
def test_identifiers_without_an_ending_in_folders(folders):
    pictures(*(folders.format(n % 7) + name for n, name in enumerate(NAMES)))
    table = frame(image=[name.removesuffix(".png") for name in NAMES], Effusion=POSITIVE)
    found, _, text = new(written(table))
    pattern = {"": None, "all/": "all/{image}", "p{}/": "*/{image}", "a/b{}/": "*/*/{image}"}[folders]
    assert found.get("path") == pattern
    assert found["columns"].get("path") == (None if pattern else "image")
    assert f"{IMAGES} of {IMAGES} names found" in text


def test_one_name_in_many_folders_is_found_by_the_column_of_the_folder():
    pictures(*(f"p{n:03d}/film.png" for n in range(IMAGES)))
    table = frame(Effusion=POSITIVE, file="film.png", study_id=[f"s{n}" for n in range(IMAGES)])
    found, _, _ = new(written(table.assign(image_id=np.arange(IMAGES))))
    assert found["path"] == "{patient_id}/{file}"


def test_paths_that_begin_with_the_folders_name():
    pictures(*NAMES)
    found, _, _ = new(written(frame(path=[f"images/{name}" for name in NAMES], Effusion=POSITIVE)))
    assert found["root"].endswith("test_paths_that_begin_with_the0")


def test_some_files_are_missing():
    pictures(*NAMES[:-3])
    found, _, text = new(written(frame(path=NAMES, Effusion=POSITIVE)))
    assert found["max_missing"] == 0.04
    assert f"{IMAGES - 3} of {IMAGES} names found" in text


def test_a_column_of_classes():
    pictures(*NAMES)
    words = np.array(["Normal", "COVID-19", "Viral Pneumonia"])[np.arange(IMAGES) % 3]
    found, study, _ = new(written(frame(path=NAMES, finding=words)))
    assert study["tasks"] == ["COVID-19", "Viral Pneumonia"]
    assert found["tasks"]["COVID-19"] == {"column": "finding", "positive": ["COVID-19"], "others": "negative"}


def test_a_column_of_two_words_one_of_them_normal():
    pictures(*NAMES)
    found, _, _ = new(written(frame(path=NAMES, Befund=np.where(POSITIVE, "Pneumothorax", "unauffällig"))))
    assert found["tasks"] == {
        "Pneumothorax": {"column": "Befund", "positive": ["Pneumothorax"], "negative": ["unauffällig"]}
    }


def test_lists_of_findings():
    pictures(*NAMES)
    words = np.array(["No Finding", "Mass|Nodule", "Nodule", "Mass", "Effusion|Mass|Nodule"])[np.arange(IMAGES) % 5]
    found, study, _ = new(written(frame(**{"Image Index": NAMES, "Finding Labels": words})))
    assert sorted(study["tasks"]) == ["Effusion", "Mass", "Nodule"]
    assert found["tasks"]["Mass"]["separator"] == "|"


def test_crosses_and_empty_cells_are_said(capsys):
    pictures(*NAMES)
    _, _, text = new(written(frame(path=NAMES, Effusion=np.where(POSITIVE, "x", ""), Mass=np.where(POSITIVE, "1", ""))))
    assert text.count("taken as: empty is negative") == 2


def test_uncertain_marks_without_a_zero_are_not_positive():
    pictures(*NAMES)
    found, _, text = new(written(frame(path=NAMES, Effusion=["1", "-1.0", ""] * 30)))
    assert found["tasks"]["Effusion"] == {
        "column": "Effusion",
        "positive": ["1"],
        "negative": [""],
        "unknown": ["-1.0"],
    }
    assert "30 positive, 30 uncertain, 30 empty; taken as: empty is negative" in text


def test_the_dicom_folder_knows_what_the_table_does_not():
    for number in range(IMAGES):
        dicom_file(
            Path("images", f"deep/{number % 3}/IM{number}"),
            np.random.default_rng(number).integers(0, 255, (24, 24), dtype=np.uint8),
            AccessionNumber=f"A{number:04d}", PatientID=f"p{number}", PatientSex="F", PatientAge="050Y",
            StudyInstanceUID=f"1.2.{number + 1}",
        )  # fmt: skip
    table = pd.DataFrame({"Anforderung": [f"A{n:04d}" for n in range(IMAGES)], "Effusion": POSITIVE})
    found, _, _ = new(written(table))
    assert found["found_by"] == {"column": "Anforderung", "header": "AccessionNumber"}
    assert "columns" not in found


def test_headers_say_who_the_patient_is():
    names = [f"{n}.dcm" for n in range(IMAGES)]
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 255, (24, 24), dtype=np.uint8)
        dicom_file(Path("images", name), pixels, PatientID=f"p{number}", PatientSex="M")
    found, _, _ = new(written(pd.DataFrame({"file": names, "Effusion": POSITIVE})))
    assert set(found["from_headers"]) >= {"patient_id", "sex"}


def test_tables_are_joined_and_tables_alike_are_one():
    pictures(*NAMES)
    table = frame(path=NAMES)
    first, second = written(table[:50], "a.csv"), written(table[50:], "b.csv")
    labels = pd.DataFrame({"Patient": table["patient_id"], "Effusion": np.where(POSITIVE, "yes", "no")})
    found, _, _ = new(first, second, written(labels, "c.csv"))
    assert len(found["table"]) == 2
    assert {"key": "patient_id", "key_there": "Patient"}.items() <= found["join"][0].items()


def test_several_tables_are_joined_and_no_column_is_made_up():
    pictures(*NAMES)
    people = pd.DataFrame({"patient": frame()["patient_id"], "sex": "F"})
    wards = pd.DataFrame({"patient": frame()["patient_id"], "ward": ["north", "south"] * (IMAGES // 2)})
    labels = frame(file=NAMES, Effusion=POSITIVE).rename(columns={"patient_id": "patient"})
    found, _, text = new(written(labels), written(people, "p.csv"), written(wards, "w.csv"))
    assert [join["key"] for join in found["join"]] == ["patient", "patient"]
    assert found["columns"]["sex"] == "sex"
    assert "key" not in text.replace("key: patient", "")


def test_several_rows_of_an_image():
    pictures(*NAMES)
    table = frame(path=NAMES, Effusion=POSITIVE)
    found, _, _ = new(written(pd.concat([table, table.assign(Effusion=0)])))
    assert found["several_rows"] == "any"


def test_two_hospitals(capsys):
    pictures(*NAMES)
    pictures(*(f"../others/{name}" for name in NAMES))
    table = frame(path=NAMES, Effusion=POSITIVE)
    words = ["--table", written(table), written(table.rename(columns={"Effusion": "Mass"}), "b.csv")]
    assert command.main(["new", "s.yaml", *words, "--images", "images", "others"]) == 0
    study = yaml.safe_load(Path("s.yaml").read_text())
    assert list(study["datasets"]) == ["images", "others"]
    assert study["tasks"] == ["Effusion", "Mass"]
    assert check.main(["--settings", json.dumps(study)]) == 0
    assert "another hospital" not in capsys.readouterr().out


def test_a_folder_for_each_class(capsys):
    pictures(*(f"{'NORMAL' if n % 2 else 'PNEUMONIA'}/{n}.png" for n in range(IMAGES)))
    found, study, _ = new()
    assert found["classes"] == {"NORMAL": [], "PNEUMONIA": ["PNEUMONIA"]}
    assert study["tasks"] == ["PNEUMONIA"]
    assert "patients: nothing says who they are" in capsys.readouterr().out


def test_what_cannot_be_guessed_is_said_with_what_to_write(capsys):
    pictures(*NAMES)
    table = pd.DataFrame({"file": NAMES, "gender": ["1", "2"] * 45, "note": [f"text {n}" for n in range(IMAGES)]})
    written(table)
    assert command.main(["new", "s.yaml", "--table", "labels.csv", "--images", "images"]) == 0
    told = capsys.readouterr().out
    for words in ("patients: no column has them", "sex_words: { F: [...], M: [...] }", "tasks: no column has labels",
                  "not used: note"):  # fmt: skip
        assert words in told
    to_do = [line for line in Path("s.yaml").read_text().splitlines() if line.startswith("# To do: ")]
    assert len(to_do) >= 4
    assert all(line.removeprefix("# To do: ") in told for line in to_do)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--table", "labels.csv", "--images", "images"], "s.yaml: is there already"),
     (["--table", "gone.csv", "--images", "images"], "gone.csv: no such file"),
     (["--table", "labels.csv", "--images", "gone"], "gone: no such folder"),
     (["--table", "other.csv", "--images", "images"], "other.csv: no column names the files below images"),
     (["--table", "data.csv", "--images", "images"], "data.csv: its first row looks like data"),
     (["--images", "images"], "images: without --table its images must lie in a folder for each class"),
     (["--table", "a", "b", "c", "--images", "images", "gone"], "--table: 3 tables for 2 folders")],
)  # fmt: skip
def test_errors_are_one_line(words, message, capsys):
    pictures(*NAMES[:3])
    written(pd.DataFrame({"path": NAMES[:3], "Effusion": [0, 1, 0]}))
    written(pd.DataFrame({"person": ["a", "b"], "Effusion": [0, 1]}), "other.csv")
    written(pd.DataFrame({"1.png": ["2.png"], "0": ["1"]}), "data.csv")
    if "already" in message:
        Path("s.yaml").touch()
    assert command.main(["new", "s.yaml", *words]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {message}")
    assert told.count("\n") == 1
