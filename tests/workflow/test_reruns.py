"""What changed, and what runs again: exactly the rules that use it."""

import os
import shutil

import pytest

from workflow_helpers import copy_workflow, executed, planned

pytestmark = pytest.mark.workflow

#: what a study of two hospitals has
DRAWING = {
    "draw_auc_matrix", "draw_task_matrices", "draw_drop", "draw_training_curves", "draw_prevalence", "draw_patients",
    "draw_samples", "draw_tasks", "draw_local", "draw_agreement", "draw_outputs", "draw_disagreements",
    "draw_operating_points", "draw_reliability", "draw_subgroups", "draw_probe", "write_report",
}  # fmt: skip
ANALYSES = {
    "measure_performance", "measure_transfer", "measure_agreement", "measure_calibration", "measure_subgroups",
    "compare_models", "compare_outputs",
}  # fmt: skip
AFTER_TRAINING = (
    {"train_model", "predict", "embed_images", "probe_sources"}
    | ANALYSES
    | DRAWING - {"draw_prevalence", "draw_patients", "draw_samples"}
)


def rerun(checkout):
    return set(planned(checkout.snakemake("-n")))


def test_a_comment_in_a_library_module_reruns_nothing(again):
    again.change("workflow/scripts/crossray/grey_levels.py", "GREY_MAX = 65535", "# sixteen bits\nGREY_MAX = 65535")
    again.change("workflow/scripts/crossray/shards.py", '"""Shards:', '"""Pieces:')
    assert rerun(again) == set()


def test_a_constant_of_the_figures_reruns_the_figures(again):
    again.change("workflow/scripts/crossray/figures/style.py", 'INK = "#1f2937"', 'INK = "#000000"')
    assert rerun(again) == DRAWING


def test_the_pages_style_reruns_the_page(again):
    again.change("workflow/scripts/crossray/figures/templates/report.css", "#1f2937", "#000000")
    assert rerun(again) == {"write_report"}


def test_a_training_setting_reruns_training_and_what_follows(again):
    again.change("tiny.yaml", "rotation: 5", "rotation: 6")
    assert rerun(again) == AFTER_TRAINING


def test_a_setting_of_the_evaluation_trains_nothing(again):
    again.change("tiny.yaml", "minimum: 2", "minimum: 3")
    trained = {"train_model", "predict", "draw_training_curves", "embed_images", "probe_sources", "draw_probe"}
    assert rerun(again) == AFTER_TRAINING - trained


def test_the_order_of_keys_reruns_nothing(again):
    again.change("tiny.yaml", "epochs: 1, batch_size: 16", "batch_size: 16, epochs: 1")
    assert rerun(again) == set()


def test_a_fresh_and_moved_checkout_reruns_nothing(finished, tmp_path):
    moved = copy_workflow(tmp_path / "somewhere/else")  # new file times, as after git clone
    for name in ("results", "private", ".snakemake", "tiny.yaml"):
        source, copy = finished.folder / name, moved.folder / name
        shutil.copytree(source, copy, symlinks=True) if source.is_dir() else shutil.copyfile(source, copy)
    for path in (moved.folder / "workflow").rglob("*"):
        os.utime(path)
    assert rerun(moved) == set()


def test_one_more_image_reruns_what_saw_that_hospital(again):
    again.change(
        "tiny.yaml", "images: 60\n    shards: 2\n    split: *split", "images: 61\n    shards: 2\n    split: *split"
    )
    jobs = executed(again.snakemake())
    of_rule = {rule: {words for name, words in jobs if name == rule} for rule, _ in jobs}
    assert of_rule["simulate_hospital"] == of_rule["make_manifest"] == {"dataset=south"}
    assert all("dataset=south" in words for words in of_rule["convert_shard"] | of_rule["index_shards"])
    assert of_rule["train_model"] == {"model=small, source=south, seed=0"}
    predicted = {tuple(pair.split("=")[1] for pair in words.split(", ")) for words in of_rule["predict"]}
    assert predicted == {
        ("small", "south", "0", "validation", "south"), ("small", "south", "0", "test", "south"),
        ("small", "south", "0", "test", "north"), ("small", "north", "0", "test", "south"),
    }  # fmt: skip
    assert "measure_performance" in of_rule
    assert "Nothing to be done" in again.snakemake()


def test_a_conversion_that_ends_in_the_same_pixels_retrains_nothing(again):
    again.change("workflow/scripts/crossray/grey_levels.py", "GREY_MAX = 65535", "GREY_MAX = 65534 + 1")
    jobs = {rule for rule, _ in executed(again.snakemake())}
    assert {"convert_shard", "index_shards"} <= jobs
    assert not jobs & {"train_model", "predict"}
    assert "Nothing to be done" in again.snakemake()
