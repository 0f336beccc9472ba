"""A study over the layouts of public COVID-19 and pneumonia collections passes ``check``, without a script."""

import json

import check
import layouts
from helpers import dicom_file, workbook
from releases import picture, pixels

COVID = {"column": "finding", "positive": ["COVID-19"], "negative": ["No finding"], "unknown": ["todo"]}
COHEN = {"column": "finding", "separator": "/", "unknown": ["Unknown"], "others": "negative"}
PATIENT = {"image_id": "patientId", "patient_id": "patientId"}
PEOPLE = {"sex": "sex", "age": "age", "view": "view"}

#: how each collection stands in a configuration
COLLECTIONS = {
    "hannover": {
        "table": "data.csv", "path": "png/{image_id}.png", "tasks": {"COVID-19": {"always": 1}},
        "columns": {"sex": "sex", "age": "age", "view": "projection"},
    },
    "actualmed": {
        "table": "metadata.csv", "path": "images/{imagename}", "tasks": {"COVID-19": COVID},
        "columns": {"image_id": "imagename", "patient_id": "patientid", **PEOPLE},
    },
    "figure1": {
        "table": "metadata.csv", "path": "images/{patientid}", "patterns": {"patient_id": "^(COVID-[0-9]+)"},
        "columns": {"image_id": "patientid", "patient_id": "patientid", **PEOPLE},
        "tasks": {"COVID-19": COVID | {"others": "negative", "unknown": []},
                  "Pneumonia": {"column": "finding", "positive": ["COVID-19", "Pneumonia"], "others": "negative"}},
    },
    "cohen": {
        "table": "metadata.csv", "path": "{folder}/{filename}",
        "columns": {"image_id": "filename", "patient_id": "patientid", **PEOPLE},
        "tasks": {name: {**COHEN, "positive": [name]} for name in ("Pneumonia", "COVID-19")},
    },
    "rsna": {
        "table": "stage_2_train_labels.csv", "path": "stage_2_train_images/{patientId}.dcm", "columns": PATIENT,
        "join": [{"table": "stage_2_detailed_class_info.csv", "key": "patientId"}], "several_rows": "any",
        "from_headers": ["sex", "age", "view"],
        "tasks": {"Pneumonia": "Target"},
    },
    "radiography": {
        "table": [f"{name}.metadata.xlsx" for name in layouts.RADIOGRAPHY], "path": "*/images/{FILE NAME}.png",
        "columns": {"image_id": "FILE NAME", "patient_id": "FILE NAME"},
        "tasks": {"COVID-19": {"column": "FILE NAME", "part": "^(.+)-[0-9]+$", "positive": ["COVID"],
                               "negative": ["NORMAL"], "others": "negative"}},
    },
}  # fmt: skip


def told(datasets, capsys, tasks=("COVID-19", "Pneumonia"), **more):
    """Return the exit status of ``check`` over public data sets, and all that it says."""
    study = {"study": "s", "tasks": list(tasks), "datasets": datasets, "evaluation": {"minimum": 1}, **more}
    status = check.main(["--settings", json.dumps(study)])
    return status, capsys.readouterr().out


def test_public_collections_of_covid_19_pass(tmp_path, capsys):
    datasets = {}
    for name, block in COLLECTIONS.items():
        (tmp_path / name).mkdir()
        getattr(layouts, name)(tmp_path / name, times=16)
        datasets[name] = {"reader": "table", "root": str(tmp_path / name), "public": True, **block}
    layouts.kermany(tmp_path / "kaggle")
    classes = {"NORMAL": [], "PNEUMONIA": ["Pneumonia"]}
    datasets["kaggle"] = {"reader": "folder", "root": str(tmp_path / "kaggle"), "public": True, "classes": classes}
    sources = [name for name in datasets if name != "hannover"]  # all of its images are positive
    status, text = told(datasets, capsys, sources=sources)
    assert status == 0, text
    assert "To change" not in text
    assert "hannover: 48 x PNG; 3 of 3 tried can be used" in text
    assert "rsna: view PA 48; sex F 48; age 40-59 48" in text


#: images of each, two of a patient
IMAGES = 40
SPLIT = {"train": 0.4, "validation": 0.3, "test": 0.3}


def excel_with_a_title(root):
    """A workbook whose first row is a title, sex as a number, findings as yes and no."""
    rows = [[f"P{n // 2:03d}", f"img{n}", "12"[n % 2], 30 + n, ("ja", "nein")[n // 2 % 2]] for n in range(IMAGES)]
    head = [
        ["Thorax study 2019", None, None, None, None],
        [None] * 5,
        ["Patient", "Bild", "Geschlecht", "Alter", "Erguss"],
    ]
    workbook(root / "liste.xlsx", Info=[["by", "N. N."]], Tabelle1=[*head, *rows])
    for n in range(IMAGES):
        picture(root / "bilder" / f"img{n}.jpg", n)
    return {
        "reader": "table", "table": "liste.xlsx", "path": "bilder/{Bild}",
        "columns": {"image_id": "Bild", "patient_id": "Patient", "sex": "Geschlecht", "age": "Alter"},
        "sex_words": {"M": ["1"], "F": ["2"]},
        "tasks": {"Effusion": {"column": "Erguss", "positive": ["ja"], "negative": ["nein"]}},
    }  # fmt: skip


def latin_1_with_decimal_commas(root):
    """A CSV of a German spreadsheet: semicolons, Latin-1, decimal commas, an empty patient here and there."""
    rows = [f"{n};{n // 2 if n % 9 else ''};Bild {n}.png;{'männlich' if n % 2 else 'weiblich'};{n // 2 % 2},{n % 10}"
            for n in range(IMAGES)]  # fmt: skip
    (root / "daten.csv").write_bytes("\r\n".join(["Nr;Pat;Datei;Geschlecht;Größe", *rows]).encode("latin-1"))
    for n in range(IMAGES):
        picture(root / f"Bild {n}.png", n)
    return {
        "reader": "table", "table": "daten.csv", "no_patient": [""],
        "columns": {"image_id": "Nr", "patient_id": "Pat", "path": "Datei", "sex": "Geschlecht"},
        "tasks": {"Effusion": {"column": "Größe", "at_least": 1}},
    }  # fmt: skip


def flat_folder(root):
    """No table: patient, view and class in the files' names."""
    for n in range(IMAGES):
        picture(root / f"pt{n // 2}_{'ap' if n % 2 else 'pa'}_{('effusion', 'healthy')[n // 2 % 2]}_{n}.png", n)
    return {
        "reader": "folder", "class_from": "_([a-z]+)_[0-9]+[.]", "patient": "(pt[0-9]+)_", "view": "_(ap|pa)_",
        "classes": {"effusion": ["Effusion"], "healthy": []},
    }  # fmt: skip


def dicom_without_a_table(root):
    """DICOM files without endings, a folder a class below a folder a patient."""
    for n in range(IMAGES):
        said = {"PatientID": "ANONYMOUS", "ViewPosition": "PA", "PatientSex": "F", "PatientAge": "061Y"}
        folder = root / f"case{n // 2}" / ("effusion", "clear")[n // 2 % 2]
        dicom_file(folder / f"I{n:07d}", pixels(n), **said)
    return {
        "reader": "folder", "classes": {"effusion": ["Effusion"], "clear": []}, "patient": "^(case[0-9]+)/",
    }  # fmt: skip


def two_tables_by_accession_number(root):
    """Images in one table, reports in another; the sex in both, and accession numbers of which one is longer."""
    images = [f"{n},{n // 2},A{n // 2},{'FM'[n // 2 % 2]}" for n in range(IMAGES)]
    reports = [f"A{n}\t{'effusion, small' if n % 2 else 'normal'}\t{'fm'[n % 2]}" for n in range(IMAGES // 2)]
    (root / "images.csv").write_text("\n".join(["image,patient,accession,sex", *images]) + "\n")
    (root / "reports.tsv").write_text("\n".join(["Accession Number\treport\tsex", *reports]) + "\n")
    for n in range(IMAGES):
        picture(root / "xr" / f"{n}.png", n)
    return {
        "reader": "table", "table": "images.csv", "path": "xr/{image}.png",
        "columns": {"image_id": "image", "patient_id": "patient", "sex": "sex"},
        "join": [{"table": "reports.tsv", "key": "accession", "key_there": "Accession Number"}],
        "tasks": {"Effusion": {"column": "report", "separator": ",", "positive": ["effusion"], "negative": ["normal"],
                               "others": "unknown"}},
    }  # fmt: skip


FOREIGN = {
    excel_with_a_title: "sex F 20, M 20; age 18-39 10, 40-59 20, 60-79 10",
    latin_1_with_decimal_commas: "5 of 40 images have no patient, by no_patient",
    flat_folder: "view AP 20, PA 20",
    dicom_without_a_table: "40 x DICOM",
    two_tables_by_accession_number: "sex F 20, M 20",
}


def test_five_foreign_collections_pass(tmp_path, capsys):
    datasets = {}
    for make in FOREIGN:
        root = tmp_path / make.__name__
        root.mkdir()
        datasets[make.__name__] = {"root": str(root), "public": True, "split": SPLIT, **make(root)}
    status, text = told(datasets, capsys, ["Effusion"])
    assert status == 0, text
    for make, words in FOREIGN.items():
        assert any(
            words in line for line in text.splitlines() if line.startswith((make.__name__, f"  - {make.__name__}"))
        )
