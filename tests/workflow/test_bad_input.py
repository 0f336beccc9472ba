"""What a user can get wrong stops early and says what to do."""

import csv
import os
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from workflow_helpers import planned

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trainig": {}}, "config: the top level: unknown key trainig; allowed are acceptance, adaptation, "),
        ({"seeds": "zero"}, "config: seeds: 'zero' is not of type array"),
        ({"sources": ["east"]}, "config: sources: 'east' is not a data set; allowed are north, south"),
        ({"datasets": {"x": {"reader": "pacs"}}}, "config: datasets.x.reader: 'pacs' is not one of simulated, table"),
        ({"datasets": {"x": {"reader": "table", "root": "gone", "table": "t.csv", "tasks": ["A"]}}},
         "datasets.x.root: no folder 'gone'; set it to where the release lies"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_one_line_before_any_job(checkout, finished, change, message):
    study = yaml.safe_load((finished.folder / "tiny.yaml").read_text()) | change
    checkout.write("wrong.yaml", yaml.safe_dump(study))
    output = checkout.snakemake(study="wrong.yaml", check=False)
    assert any(line.startswith(f"error: {message}") for line in output.splitlines()), output
    assert "File " not in output
    assert "Traceback" not in output
    assert not (checkout.folder / "results").exists()


def test_a_clock_that_runs_behind_earlier_results_stops_before_any_job(checkout, finished):
    checkout.write("tiny.yaml", (finished.folder / "tiny.yaml").read_text())
    early = checkout.folder / "results/datasets/north/manifest.parquet"
    early.parent.mkdir(parents=True)
    early.write_bytes(b"")
    os.utime(early, (time.time() + 400 * 86400,) * 2)
    output = checkout.snakemake("convert", check=False)
    assert "manifest.parquet: has a file time in the future (1 such files): this machine's clock is behind" in output
    assert "Traceback" not in output
    assert not list(checkout.folder.glob("logs/datasets/*/*.log"))


def test_a_given_study_replaces_the_default_one_and_a_value_changes_it(checkout, finished):
    checkout.write("tiny.yaml", (finished.folder / "tiny.yaml").read_text())
    assert "west" not in checkout.snakemake("-n")
    output = checkout.snakemake("-n", "--config", "study=other")
    assert planned(output)["train_model"] == 2
    assert "results/other/report.html" in output


@pytest.fixture
def hospital(checkout, write_dicom, tmp_path):
    """Return a study of one's own DICOM folder and CSV, ten images, two of them unusable."""
    generator = np.random.default_rng(0)
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image_id", "patient_id", "path", "Effusion"])
        for number in range(10):
            path = write_dicom(generator.integers(0, 255, (40, 40)).astype(np.uint8), f"{number}.dcm")
            rows.writerow([f"i{number}", f"p{number}", path.name, number % 2])
    (tmp_path / "3.dcm").write_bytes(b"")
    (tmp_path / "4.dcm").write_text("not an image")
    study = {
        "study": "own", "tasks": ["Effusion"], "images": {"size": 32},
        "datasets": {"mine": {"reader": "table", "root": str(tmp_path), "table": "labels.csv", "tasks": ["Effusion"]}},
    }  # fmt: skip
    checkout.write("own.yaml", yaml.safe_dump(study))
    return checkout


def test_too_many_broken_images_stop_the_conversion_with_their_reasons(hospital):
    output = hospital.snakemake("convert", study="own.yaml", check=False)
    assert "error: data set mine: 2 of 10 images cannot be used, more than max_rejected = 0.01 allows" in output
    assert "1 x empty file" in output
    assert "1 x not a DICOM file" in output
    assert not (hospital.folder / "results/datasets/mine/32px/index.json").exists()
    hospital.change("own.yaml", "reader: table", "reader: table\n    max_rejected: 0.5")
    hospital.snakemake("convert", study="own.yaml")
    rejected = (hospital.folder / "results/datasets/mine/32px/rejected.csv").read_text()
    assert ".dcm" not in rejected
    lookup = pd.read_csv(hospital.folder / "private/mine.csv", dtype=str).set_index("image_id")["path"]
    reasons = {lookup[row["image_id"]]: row["reason"] for row in csv.DictReader(rejected.splitlines())}
    assert reasons == {"3.dcm": "empty file", "4.dcm": "not a DICOM file"}


def test_a_wrong_label_stops_with_file_row_and_value(hospital, tmp_path):
    text = (tmp_path / "labels.csv").read_text()
    (tmp_path / "labels.csv").write_text(text.replace("i5,p5,5.dcm,1", "i5,p5,5.dcm,positive"))
    output = hospital.snakemake("convert", study="own.yaml", check=False)
    assert "labels.csv: row 7, column Effusion: the value is not one of" in output
    assert "Traceback (most recent call last)" not in output
