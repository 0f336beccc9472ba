"""A study of classes through the workflow: unpacked, in colour, up to its report; and labels that are no classes."""

import json
import re

import pandas as pd
import pytest
import yaml

from crossray import manifest
from crossray.figures.entries import MISSING
from crossray.figures.registry import FIGURES, TABLES

pytestmark = [pytest.mark.workflow, pytest.mark.whole]


@pytest.fixture(scope="module")
def study(run_once):
    """Return a checkout in which the study of classes has run; do not change it."""
    return run_once("classes.yaml")


def test_the_report_has_what_is_about_classes_and_nothing_about_findings(study):
    results = study.folder / "results/classes"
    page = (results / "report.html").read_text()
    for name in ("accuracy", "confusion"):
        assert f'id="figure-{name}"' in page
    findings = {name for name, figure in FIGURES.items() if figure.needs in ("findings", "agreement")}
    assert findings == {"agreement", "outputs", "disagreements", "operating_points", "reliability", "roc"}
    assert not any(f'id="figure-{name}"' in page for name in findings)
    assert MISSING["findings"] in page
    tables = {name for name, table in TABLES.items() if table.needs in ("findings", "agreement")}
    assert not tables & {path.stem for path in (results / "analysis").glob("*.csv")}
    assert "cross-entropy of the softmax" in page
    assert "external accuracy" in page


def test_digits_that_are_alike_are_not_the_same(study):
    assert pd.read_csv(study.folder / "results/classes/leakage/pairs.csv").empty  # near ones would be many


def test_images_of_other_classes_are_unknown_and_left_out(study):
    table = manifest.read(study.folder / "results/classes/manifests/plain.parquet")
    known = table["zero"].notna()
    assert 0 < known.sum() < len(table) / 2
    assert (table.loc[known, ["zero", "one", "seven"]].sum(axis=1) == 1).all()
    assert "eight" in table
    record = json.loads((study.folder / "results/classes/models/small/plain/0/training.json").read_text())
    train = table["split"] == "train"
    assert record["images"]["train"] == (known & train).sum()
    assert any(note.startswith(f"{(~known & train).sum()} images of the train split") for note in record["notes"])
    assert record["input"]["channels"] == 3
    log = (study.folder / "logs/classes/assign_splits/plain.log").read_text()
    assert f"{(~known).sum()} of {len(table)} images are of no class of the study" in log


def test_every_answer_is_counted_once(study):
    analysis = study.folder / "results/classes/analysis"
    table = pd.read_csv(analysis / "classes.csv")
    assert len(table) == 3 * 2
    assert table["accuracy"].between(0, 1).all()
    assert (table["accuracy_low"] < table["accuracy_high"]).all()
    assert (table["top5_accuracy"].isna()).all()  # three classes
    counts = pd.read_csv(analysis / "confusion.csv").groupby(["source", "target"])["images"].sum()
    assert counts.to_dict() == table.set_index(["source", "target"])["images"].to_dict()


def test_an_image_of_two_classes_stops_the_study_with_its_row(checkout):
    folder = checkout.folder / "pictures"
    folder.mkdir()
    import numpy as np
    import PIL.Image

    rows = ["image_id,patient_id,path,cat,dog"]
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 256, (20, 20, 3), np.uint8)
        PIL.Image.fromarray(noise).save(folder / f"{number}.png")
        rows.append(f"i{number},p{number},{number}.png,{int(number % 2 == 0 or number == 7)},{number % 2}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    study = {
        "study": "pets", "objective": "multiclass", "tasks": ["cat", "dog"], "images": {"size": 16},
        "datasets": {"ours": {"reader": "table", "root": "pictures", "table": "labels.csv", "tasks": ["cat", "dog"]}},
    }  # fmt: skip
    checkout.write("pets.yaml", yaml.safe_dump(study))
    output = checkout.snakemake("train", study="pets.yaml", check=False)
    log = (checkout.folder / "logs/pets/assign_splits/ours.log").read_text()
    told = r"1 images have, the first of them in row \d+ of the manifest, more than one class \(cat, dog\)"
    assert re.search(told, log)  # rows are in the order of keyed hashes
    assert "train_model" not in output.split("assign_splits")[-1]
