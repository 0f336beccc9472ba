"""A study over the layouts of public COVID-19 and pneumonia collections passes ``check``, without a script."""

import json

import check
import layouts

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
    assert "rsna: sex F 48" in text
