"""The tiny study from raw DICOM to the report, and the promises of the contracts."""

import json
import re
import shutil
import subprocess

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from crossray.checking.cells import foresee
from crossray.checking.cohorts import read_cohort
from crossray.planning import plan_of
from workflow_helpers import FIGURES_OF_TWO, planned, server

pytestmark = pytest.mark.workflow


def test_every_file_of_the_contracts_is_there(finished):
    results = finished.folder / "results"
    for path in [
        "datasets/north/manifest.parquet", "datasets/north/32px/shards/0001.h5", "datasets/north/32px/rejected.csv",
        "datasets/north/32px/index.json", "tiny/models/small/north/0/weights.safetensors",
        "tiny/models/small/north/0/history.csv", "tiny/models/small/north/0/training.json",
        "tiny/predictions/small/north/0/test/south.parquet", "tiny/predictions/small/south/0/validation/south.parquet",
        "tiny/analysis/performance.csv", "tiny/analysis/transfer.csv", "tiny/report.html",
        "tiny/manifests/north.parquet", "tiny/leakage/summary.csv", "tiny/leakage/moves/south.csv",
    ]:  # fmt: skip
        assert (results / path).stat().st_size > 0, path
    assert not list(results.rglob("*.partial"))
    assert not list((results / "tiny/models").rglob("work"))
    assert list((finished.folder / "benchmarks/runs/tiny/train_model").rglob("*.tsv"))
    drawn = {path.stem for path in (finished.folder / "results/tiny/figures").glob("*.svg")}
    assert drawn == set(FIGURES_OF_TWO)


def test_manifests_and_shards_agree(finished):
    for name in ("north", "south"):
        folder = finished.folder / "results/datasets" / name
        table = pd.read_parquet(folder / "manifest.parquet")
        index = json.loads((folder / "32px/index.json").read_text())
        assert list(table.columns[:8]) == ["image_id", "patient_id", "study_id", "path", "view", "sex", "age", "split"]
        assert table.groupby("patient_id")["split"].nunique().max() == 1
        stored = []
        for entry in index["shards"]:
            with h5py.File(folder / "32px/shards" / entry["file"]) as file:
                stored += list(file["image_id"].asstr()[:])
                assert file["images"].dtype == np.uint8
                assert file.attrs["dataset"] == name
        assert stored == list(table["image_id"])
        assert index["images"] == 60
    assert "Nodule" not in table.columns


def test_identifiers_are_hashed_unless_the_data_set_is_public(finished):
    north, south = (
        pd.read_parquet(finished.folder / f"results/datasets/{name}/manifest.parquet") for name in ("north", "south")
    )
    assert north["patient_id"].str.fullmatch("[0-9a-f]{16}").all()
    assert north["path"].str.fullmatch("[0-9a-f]{16}").all()
    assert south["patient_id"].str.startswith("south-").all()
    assert (finished.folder / "private/pseudonyms.key").stat().st_mode & 0o777 == 0o600


def test_predictions_are_for_the_split_alone(finished):
    for split in ("test", "validation"):
        table = pd.read_parquet(finished.folder / "results/datasets/south/manifest.parquet")
        predicted = pd.read_parquet(finished.folder / f"results/tiny/predictions/small/south/0/{split}/south.parquet")
        assert list(predicted["image_id"]) == list(table.loc[table["split"] == split, "image_id"])
        assert list(predicted.columns) == ["image_id", "Cardiomegaly", "Effusion"]


def test_every_cell_has_a_number_or_a_reason(finished):
    table = pd.read_csv(finished.folder / "results/tiny/analysis/performance.csv")
    assert len(table) == 2 * 2 * 3
    assert (table["auc"].isna() == table["reason"].notna()).all()
    nodule = table[table["task"] == "Nodule"].set_index(["source", "target"])["reason"]
    assert nodule[("north", "south")] == "L"
    assert nodule[("south", "north")] == "M"


def test_check_foresaw_every_count_and_every_reason(finished, monkeypatch):
    """No phantom is near another here, no training diverged, all counts are shown: nothing that check cannot know."""
    monkeypatch.chdir(finished.folder)
    plan, sources = plan_of(yaml.safe_load((finished.folder / "tiny.yaml").read_text()))
    cohorts = {name: read_cohort(plan, sources, name) for name in plan.study.datasets}
    columns = ["model", "source", "target", "task", "images", "patients", "positives", "negatives", "reason"]
    foreseen = foresee(plan, {name: cohort.table for name, cohort in cohorts.items()}).cells[columns]
    found = pd.read_csv(finished.folder / "results/tiny/analysis/performance.csv")[columns]
    assert foreseen["reason"].nunique() == 2
    by = columns[:4]
    pd.testing.assert_frame_equal(
        foreseen.sort_values(by, ignore_index=True), found.sort_values(by, ignore_index=True), check_dtype=False
    )


def test_the_report_says_phantoms_and_names_no_folder_or_machine(finished):
    page = (finished.folder / "results/tiny/report.html").read_text()
    assert "Phantoms, not patients." in page
    assert str(finished.folder) not in page
    assert len(page) < 3_000_000


def test_braces_of_a_title_are_no_wildcards(finished):
    assert "<title>A tiny {study} of {{two}} {0}" in (finished.folder / "results/tiny/report.html").read_text()


def test_a_study_set_beside_its_own_tables_is_equal(again):
    shutil.copytree(again.folder / "results/tiny/analysis", again.folder / "earlier")
    said = again.snakemake("diff", "--config", "before=earlier")
    assert "Before: earlier; after: results/tiny" in said
    assert "numbers are equal" in said
    assert "No number is beyond an interval." in said


def test_a_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.snakemake()


@pytest.mark.parametrize(
    ("target", "rules"),
    [
        ("convert", {"simulate_hospital": 2, "make_manifest": 2, "convert_shard": 4, "index_shards": 2}),
        ("train", {"train_model": 2}),
        ("evaluate", {"predict": 2, "measure_performance": 1, "measure_transfer": 1}),
        ("report", {"summarise_datasets": 1, "draw_figure": len(FIGURES_OF_TWO), "write_report": 1}),
        ("paper", {"typeset_figure": len(FIGURES_OF_TWO), "write_paper": 1, "write_report": 1}),
    ],
)
def test_targets_by_name_resolve_to_the_whole_graph(checkout, finished, target, rules):
    checkout.write("tiny.yaml", (finished.folder / "tiny.yaml").read_text())
    jobs = planned(checkout.snakemake("-n", target))
    assert rules.items() <= jobs.items()


def test_lint_is_clean(checkout, finished):
    checkout.write("tiny.yaml", (finished.folder / "tiny.yaml").read_text())
    assert "Congratulations" in checkout.snakemake("--lint")


def test_snakemakes_own_report_has_captions_categories_and_labels(finished):
    finished.snakemake("--report", "snakemake-report.html")
    page = (finished.folder / "snakemake-report.html").read_text()
    for text in ("Performance", "Training", "mean AUC of every pair", "Outlined: internal test", "drop in AUC"):
        assert text in page, text


def test_logs_tell_the_story_in_few_lines(finished):
    log = (finished.folder / "logs/tiny/train_model/small/north/0.log").read_text()
    assert re.search(r"training and \d+ validation images of north, tasks: Cardiomegaly, Effusion, Nodule, on cpu", log)
    assert "epoch 1 of 1: loss" in log
    assert len(log.splitlines()) < 12
    assert "60 images of" in (finished.folder / "logs/datasets/north/make_manifest.log").read_text()


def test_the_predictions_of_a_training_can_be_several_jobs(checkout, finished):
    study = (finished.folder / "tiny.yaml").read_text()
    checkout.write("tiny.yaml", study.replace("models:", "predictions_per_job: 1\nmodels:", 1))
    jobs = planned(checkout.snakemake("-n", "evaluate"))
    assert jobs["train_model"] == jobs["predict"] == jobs["predict_2"] == 2


def in_a_terminal(checkout):
    """Run the study as a person does, who asks for no more output."""
    words = [str(server().python), "-m", "snakemake", "--cores", "1", "--configfile", "tiny.yaml"]
    return subprocess.run(words, cwd=checkout.folder, capture_output=True, text=True)


def test_the_terminal_says_what_is_done_and_what_came_out(again):
    (again.folder / "results/tiny/report.html").unlink()
    done = in_a_terminal(again)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^1 of 2 done: write_report \(\d+ s\)", done.stderr, re.MULTILINE)
    assert "resources:" not in done.stderr
    assert re.search(r"^north +0\.\d\d \(0\.\d\d-[01]\.\d\d\)", done.stdout, re.MULTILINE)
    assert done.stdout.rstrip().endswith("Report: results/tiny/report.html")


def test_the_terminal_says_why_a_job_failed_and_how_to_go_on(again):
    again.write(
        "workflow/scripts/write_report.py",
        'import sys\nprint("error: no report today", file=sys.stderr)\nsys.exit(1)\n',
    )
    done = in_a_terminal(again)
    assert done.returncode == 1
    assert (
        "write_report failed.\nThe end of its log logs/tiny/write_report.log:\n    error: no report today\n"
    ) in done.stderr
    assert "run the same command again; finished steps are kept" in done.stderr
    assert "CalledProcessError" not in done.stderr
