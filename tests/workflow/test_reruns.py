"""What changed, and what runs again: every row of the table in docs/reruns.md."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from helpers import ROOT
from releases import chexpert
from workflow_helpers import FIGURES_OF_TWO, Checkout, copy_workflow, executed, planned

pytestmark = pytest.mark.workflow

#: the rows of the table that tests of this module hold
TESTED = set()


def row(*names):
    """Mark a test as that of rows of the table, by their first cells."""
    TESTED.update(names)
    return lambda test: test


DRAWING = {*FIGURES_OF_TWO, "write_report"}
ANALYSES = {
    "measure_performance", "measure_transfer", "measure_agreement", "measure_calibration", "measure_subgroups",
    "compare_models", "compare_outputs",
}  # fmt: skip
AFTER_TRAINING = (
    {"train_model", "predict", "probe_sources"} | ANALYSES | DRAWING - {"prevalence", "patients", "samples"}
)


def rerun(checkout):
    """Return the rules that would run, of figures the names."""
    jobs = executed(checkout.snakemake("-n"))
    return {words.removeprefix("figure=") if rule == "draw_figure" else rule for rule, words in jobs}


@row("a comment, a docstring, what a setting means in words, the order of keys")
def test_a_comment_in_a_library_module_reruns_nothing(again):
    again.change("workflow/scripts/crossray/grey_levels.py", "GREY_MAX = 65535", "# sixteen bits\nGREY_MAX = 65535")
    again.change("workflow/scripts/crossray/shards.py", '"""Shards:', '"""Pieces:')
    assert rerun(again) == set()


@row("a figure's colour, in the code")
def test_a_constant_of_the_figures_reruns_the_figures(again):
    again.change("workflow/scripts/crossray/figures/style.py", 'INK = "#1f2937"', 'INK = "#000000"')
    assert rerun(again) == DRAWING


@row("one figure, in the code")
def test_a_constant_of_one_figure_reruns_that_figure(again):
    again.change("workflow/scripts/crossray/figures/drop.py", "strokeWidth=2", "strokeWidth=3")
    assert rerun(again) == {"drop", "write_report"}


@row("a figure's caption in Snakemake's report, or its place on the page")
def test_a_caption_reruns_the_page(again):
    again.change(
        "workflow/scripts/crossray/figures/sections/performance.py", "Internal minus external", "Inner minus outer"
    )
    assert rerun(again) == {"write_report"}


@row("the page's style")
def test_the_pages_style_reruns_the_page(again):
    again.change("workflow/scripts/crossray/figures/templates/report.css", "#1f2937", "#000000")
    assert rerun(again) == {"write_report"}


@row("a training setting")
def test_a_training_setting_reruns_training_and_what_follows(again):
    again.change("tiny.yaml", "rotation: 5", "rotation: 6")
    assert rerun(again) == AFTER_TRAINING
    assert again.snakemake("-n").count("reason: Changed: setting augmentation.rotation, 5 before, 6 now\n") == 2


@row("the penalties of linear probes, in the code")
def test_other_penalties_fit_again_on_the_same_features(probed, tmp_path):
    shutil.copytree(probed.folder, tmp_path / "again", symlinks=True)
    again = Checkout(tmp_path / "again")
    again.change("workflow/scripts/crossray/study/penalties.py", "(1000.0, 100.0,", "(300.0, 30.0,")
    jobs = planned(again.snakemake("-n", study="probes.yaml"))
    assert jobs["fit_probe"] == jobs["predict"] == 4
    assert not {"compute_features", "convert_shard"} & set(jobs)


@row("a setting of the evaluation")
def test_a_setting_of_the_evaluation_trains_nothing(again):
    again.change("tiny.yaml", "minimum: 2", "minimum: 3")
    trained = {"train_model", "predict", "training_curves", "probe_sources", "probe"}
    assert rerun(again) == AFTER_TRAINING - trained


@row("a comment, a docstring, what a setting means in words, the order of keys")
def test_the_order_of_keys_reruns_nothing(again):
    again.change("tiny.yaml", "epochs: 1, batch_size: 16", "batch_size: 16, epochs: 1")
    assert rerun(again) == set()


@row("a fresh or moved checkout")
def test_a_fresh_and_moved_checkout_reruns_nothing(finished, tmp_path):
    moved = copy_workflow(tmp_path / "somewhere/else")  # new file times, as after git clone
    for name in ("results", "private", ".snakemake", "tiny.yaml"):
        source, copy = finished.folder / name, moved.folder / name
        if source.is_dir():
            shutil.copytree(source, copy, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, copy)
    for path in (moved.folder / "workflow").rglob("*"):
        os.utime(path)
    assert rerun(moved) == set()


@row("a file touched or copied, content as it was")
@pytest.mark.parametrize(
    "pattern", ["weights.safetensors", "*.h5", "index.json", "manifest.parquet", "labels.csv", "south.parquet"]
)
def test_a_touched_file_reruns_nothing(again, pattern):
    touched = list((again.folder / "results").rglob(pattern))
    assert touched
    for path in touched:
        os.utime(path)
    assert rerun(again) == set()


@row("a file touched or copied, content as it was")
def test_a_clock_that_was_wrong_reruns_nothing(again):
    """Weights and shards from the future: the clock ran ahead while they were made."""
    ahead = 2_000_000_000
    for pattern in ("weights.safetensors", "*.h5", "training.json", "*.parquet"):
        for path in (again.folder / "results").rglob(pattern):
            os.utime(path, (ahead, ahead))
    assert rerun(again) == set()


@row("threads, memory, time, profile")
def test_threads_and_memory_rerun_nothing(again):
    words = ["--set-resources", "train_model:mem_mb=9000", "train_model:runtime=5", "--set-threads", "predict=2"]
    plan = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--cores", "1", *words, "--configfile", "tiny.yaml"],
        cwd=again.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert planned(plan.stdout + plan.stderr) == {}


@row("image size or fit")
def test_another_image_size_reruns_all_but_manifests(again):
    again.change("tiny.yaml", "size: 32", "size: 48")
    jobs = planned(again.snakemake("-n"))
    assert {"convert_shard": 4, "index_shards": 2, "train_model": 2, "predict": 2}.items() <= jobs.items()
    assert not {"simulate_hospital", "make_manifest"} & set(jobs)


@row("a seed added")
def test_another_seed_trains_that_seed(again):
    again.change("tiny.yaml", "models:", "seeds: [0, 1]\nmodels:")
    jobs = planned(again.snakemake("-n"))
    assert {"train_model": 2, "predict": 2, "measure_performance": 1}.items() <= jobs.items()
    assert not {"convert_shard", "make_manifest", "audit_leakage"} & set(jobs)


def with_library(checkout, name, version):
    """Return the rules that run again where another version of a library is installed."""
    facts = checkout.folder / f"elsewhere/{name.replace('-', '_')}-{version}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return set(planned(checkout.snakemake("-n", PYTHONPATH=str(facts.parent))))


@row("pydicom, imagecodecs, GDCM, OpenCV or Pillow upgraded")
def test_a_decoder_upgraded_converts_again(again):
    jobs = with_library(again, "imagecodecs", "2999.1.1")
    assert "convert_shard" in jobs
    assert not {"simulate_hospital", "make_manifest"} & jobs


@row("torch or another library upgraded")
def test_torch_upgraded_reruns_nothing(again):
    assert with_library(again, "torch", "99.0") == set()


@row("a label policy, or another setting of a reader")
def test_a_label_policy_reruns_its_data_set(checkout, tmp_path):
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        chexpert(tmp_path / name)
    hospital = {"reader": "chexpert", "max_missing": 1, "max_rejected": 1}
    study = {
        "study": "policy", "tasks": ["Cardiomegaly"], "images": {"size": 32},
        "models": {"m": {"architecture": "resnet18"}},
        "datasets": {name: hospital | {"root": str(tmp_path / name)} for name in ("ours", "theirs")},
    }  # fmt: skip
    checkout.write("policy.yaml", yaml.safe_dump(study))
    checkout.snakemake("convert", study="policy.yaml")
    assert planned(checkout.snakemake("-n", "convert", study="policy.yaml")) == {}
    study["datasets"]["ours"]["policy"] = "paper"
    checkout.write("policy.yaml", yaml.safe_dump(study))
    jobs = executed(checkout.snakemake("-n", "convert", study="policy.yaml"))
    assert {rule for rule, _ in jobs} == {"make_manifest", "convert_shard", "index_shards", "convert"}
    assert all("dataset=ours" in words for rule, words in jobs if rule != "convert")


@pytest.mark.whole
@row("images in one data set (a row in its table)")
def test_one_more_image_reruns_what_saw_that_hospital(again):
    again.change(
        "tiny.yaml", "images: 60\n    shards: 2\n    split: *split", "images: 61\n    shards: 2\n    split: *split"
    )
    predictions = again.folder / "results/tiny/predictions/small/north/0"
    before = {path: path.read_bytes() for path in predictions.glob("[tv]*/*.parquet")}
    assert len(before) == 4
    jobs = executed(again.snakemake())
    of_rule = {rule: {words for name, words in jobs if name == rule} for rule, _ in jobs}
    assert of_rule["simulate_hospital"] == of_rule["make_manifest"] == {"dataset=south"}
    assert all("dataset=south" in words for words in of_rule["convert_shard"] | of_rule["index_shards"])
    assert of_rule["train_model"] == {"model=small, source=south, seed=0"}
    assert of_rule["predict"] == {"model=small, source=north, seed=0", "model=small, source=south, seed=0"}
    told = (again.folder / "logs/tiny/predict/small/north/0/1.log").read_text()
    assert set(re.findall(r"(\w+): (\w+) images as before", told)) == {("north", "validation"), ("north", "test")}
    after = {path: path.read_bytes() for path in before}
    assert all(before[path] == after[path] for path in before if path.stem == "north")
    assert "measure_performance" in of_rule
    assert "Nothing to be done" in again.snakemake()


@pytest.mark.whole
@row("a constant in the library, however deep")
def test_a_conversion_that_ends_in_the_same_pixels_retrains_nothing(again):
    again.change("workflow/scripts/crossray/grey_levels.py", "GREY_MAX = 65535", "GREY_MAX = 65534 + 1")
    jobs = {rule for rule, _ in executed(again.snakemake())}
    assert {"convert_shard", "index_shards"} <= jobs
    assert not jobs & {"train_model", "predict"}
    assert "Nothing to be done" in again.snakemake()


#: writes files that are always the same, so that only the graph is tested
STAND_IN = """
import sys
from pathlib import Path

for path in map(Path, sys.argv[1:]):
    if path.suffix and path.parts[0] in ("results", "private") and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{sys.argv[0]} {path}")
"""


def predicting(jobs):
    """Return the source of every job that predicts."""
    return [re.search(r"source=(\w+)", words).group(1) for rule, words in jobs if rule == "predict"]


def release(checkout):
    """Write a release of one image, and return its block."""
    (checkout.folder / "release").mkdir()
    checkout.write("release/labels.csv", "image_id,patient_id,path,Effusion\na,1,a.png,1\n")
    return {"reader": "table", "root": "release", "table": "labels.csv", "tasks": ["Effusion"], "public": True}


@row("a data set added", "a data set removed")
def test_a_fourth_data_set_is_a_row_and_a_column_more(checkout):
    for program in (checkout.folder / "workflow/scripts").glob("*.py"):
        program.write_text(STAND_IN)
    hospital = release(checkout)
    three, four = [f"h{number}" for number in range(3)], [f"h{number}" for number in range(4)]

    def run(names):
        study = {"study": "graph", "tasks": ["Effusion"], "models": {"m": {"architecture": "resnet18"}},
                 "datasets": dict.fromkeys(names, hospital)}  # fmt: skip
        checkout.write("tiny.yaml", yaml.safe_dump(study))
        return executed(checkout.snakemake())

    jobs = run(three)
    assert sorted(predicting(jobs)) == three
    jobs = run(four)
    for rule in ("make_manifest", "convert_shard", "index_shards", "train_model"):
        words = [words for name, words in jobs if name == rule]
        assert len(words) == 1, rule
        assert re.search(r"(dataset|source)=h3\b", words[0])
    assert sorted(predicting(jobs)) == four  # those of old trainings compute the new data set alone
    assert "Nothing to be done" in checkout.snakemake()
    jobs = run(three)
    assert {"audit_leakage", "measure_performance", "draw_figure"} <= {rule for rule, _ in jobs}
    assert not {"make_manifest", "convert_shard", "train_model"} & {rule for rule, _ in jobs}
    assert "Nothing to be done" in checkout.snakemake()


@row("what the encoder `self_supervised` learns with (`explanation.encoder_epochs`, `encoder_images`)")
def test_another_training_of_the_encoder_describes_and_explains_again(checkout):
    for program in (checkout.folder / "workflow/scripts").glob("*.py"):
        program.write_text(STAND_IN)
    hospital = release(checkout)
    study = {"study": "graph", "tasks": ["Effusion"], "models": {"m": {"architecture": "resnet18"}},
             "datasets": {"north": hospital, "south": hospital}, "explanation": {"corrections": False}}  # fmt: skip

    def run(*words, **explanation):
        written = yaml.safe_dump(study | {"explanation": study["explanation"] | explanation})
        checkout.write("tiny.yaml", written)
        return {rule for rule, _ in executed(checkout.snakemake(*words))}

    assert "train_encoder" not in run()
    following = {"describe_images", "explain_drops", "draw_figure", "write_report"}
    learning = {"encoder": "self_supervised"}
    assert run(**learning) == {"train_encoder"} | following
    assert run("-n", **learning) == set()
    assert run("-n", **learning, encoder_epochs=7) == {"train_encoder"} | following
    assert run("-n", encoder="random") == following
    assert run(encoder="models") == following
    study["training"] = {"epochs": 3}
    assert {"train_model"} | following <= run("-n", encoder="models")


def test_every_row_of_the_table_has_a_test():
    table = (ROOT / "docs/reruns.md").read_text().split("\n## ")[0]
    assert set(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)) - {"changed"} == TESTED
