"""Every analysis through the workflow: pooled sources, seeds, a second reading, shared outputs, the paper."""

import hashlib
import json

import pandas as pd
import pytest
import safetensors.torch
import torch

from crossray.figures.contents import ALL_FIGURES, ALL_TABLES, MISSING

pytestmark = pytest.mark.workflow

#: its tasks are findings, and not all of its hospitals show identifiers
ABSENT = ("classes", "truth")


def read(whole, name):
    return pd.read_csv(whole.folder / f"results/whole/analysis/{name}.csv", dtype={"seed": str})


def test_every_table_and_figure_is_there(whole):
    results = whole.folder / "results/whole"
    figures = {name for name, condition in ALL_FIGURES.items() if condition not in ABSENT}
    assert {path.stem for path in (results / "figures").glob("*.png")} == figures
    assert {name for name, condition in ALL_TABLES.items() if condition not in ABSENT} <= {
        path.stem for path in (results / "analysis").glob("*.csv")
    }
    page = (results / "report.html").read_text()
    for name in figures:
        assert f'id="figure-{name}"' in page
    assert {name for name, words in MISSING.items() if words in page} == {"truth"}
    assert len(page) < 3_000_000


def test_pooled_sources_are_trained_on_their_members(whole):
    models = whole.folder / "results/whole/models/small"
    facts = {name: json.loads((models / name / "0/training.json").read_text()) for name in ("all", "all-but-north")}
    assert facts["all"]["datasets"] == ["north", "south"]
    assert facts["all-but-north"]["datasets"] == ["south"]
    assert facts["all"]["settings"]["balance"] == "datasets"
    assert "balance" not in json.loads((models / "south/0/training.json").read_text())["settings"]
    south, left = (pd.read_csv(models / name / "0/history.csv") for name in ("south", "all-but-north"))
    assert list(south["train_loss"]) == list(left["train_loss"])  # the same one data set


def test_weights_come_from_the_model_that_the_study_trained_first(whole):
    models = whole.folder / "results/whole/models"
    tuned = models / "tuned-images-16-learning_rate-0.001/south/1"
    origin = (models / "small/north/1/weights.safetensors").read_bytes()
    record = json.loads((tuned / "training.json").read_text())
    assert record["weights"] == hashlib.sha256(origin).hexdigest()
    assert record["images"]["train"] <= 16
    assert record["settings"]["loss"] == "focal"
    before, after = (safetensors.torch.load(path) for path in (origin, (tuned / "weights.safetensors").read_bytes()))
    kept = {name.split(".")[0] for name in before if torch.equal(before[name], after[name])}
    assert {"conv1", "bn1", "layer1", "layer2"} <= kept
    assert not kept & {"layer4", "fc"}


def test_points_of_sweeps_are_beside_each_other(whole):
    table, choices = read(whole, "sweeps"), read(whole, "choices")
    assert set(table["setting"]) == {"images"}
    assert len(table) == 2 * 3  # points and targets, one source
    assert set(choices["fixed"]) == {"images 16"}
    assert set(choices["choice"]) == {"training-domain validation", "test-domain validation (oracle)"}
    assert set(read(whole, "models")["model"]) == {"small", "atto"}


def test_the_second_reading_has_the_first_ones_images(whole):
    agreed = read(whole, "label_agreement")
    assert set(zip(agreed["first"], agreed["second"], strict=True)) == {("north", "reread")}
    assert (agreed["matched"] == 60).all()
    assert (agreed["first_only"] > 0).any()  # called from a lower severity on
    north, reread = (pd.read_parquet(whole.folder / f"results/whole/manifests/{name}.parquet").set_index("image_id")
                     for name in ("north", "reread"))  # fmt: skip
    assert len(north) == len(reread)


def test_each_condition_of_leave_one_out_is_there(whole):
    table = read(whole, "domains")
    assert set(table["condition"]) == {"own domain", "all other domains", "all domains"}
    assert set(table["target"]) == {"north"}
    assert (table["seeds"] == 2).all()


def test_outputs_of_the_shared_network_have_vectors(whole):
    vectors = pd.read_parquet(whole.folder / "results/whole/shared_heads/small/tied/1/vectors.parquet")
    assert set(zip(vectors["dataset"], vectors["task"], strict=True)) == {
        ("north", "Cardiomegaly"), ("north", "Effusion"), ("north", "Nodule"),
        ("south", "Cardiomegaly"), ("south", "Effusion"),
    }  # fmt: skip
    assert vectors.shape[1] == 2 + 512


def test_numbers_of_the_paper_stand_beside_ours(whole):
    table = read(whole, "paper")
    aucs = table[table["quantity"] == "AUC"]
    assert set(aucs["source"]) <= {"NIH", "PC", "All"}
    assert set(aucs["target"]) == {"NIH", "PC"}
    assert (table["difference"] - (table["ours"] - table["paper"])).abs().max() < 1e-8


def test_every_model_is_asked_where_it_looks(whole):
    folder = whole.folder / "results/whole"
    regions = pd.read_parquet(whole.folder / "results/datasets/north/regions.parquet")
    manifest = pd.read_parquet(folder / "manifests/north.parquet").set_index("image_id")
    assert set(regions["image_id"]) <= set(manifest.index)  # by their pseudonyms
    drawn = []
    for source in ("north", "south", "reread", "all", "all-but-north"):
        images = pd.read_csv(folder / f"attributions/small/{source}/north/images.csv", dtype={"image_id": str})
        assert set(images["method"]) == {"grad_cam", "integrated_gradients", "input_gradients"}
        assert (manifest.loc[images["image_id"], "split"] == "test").all()
        scored = images[images["scored"]]
        assert (scored["label"] == 1).all()
        assert set(scored["weights"]) == {"trained", "random"}
        known = scored[scored["task"] != "Nodule"]
        drawn.append(set(zip(known["image_id"], known["task"], strict=True)))
    assert drawn[0]
    assert all(one == drawn[0] for one in drawn)  # every model on the same images
    table = read(whole, "localisation")
    assert len(table) == 5 * 3 * 4 * 3 * 2 * 3
    assert (table["score"].isna() == table["reason"].notna()).all()
    assert table["score"].notna().any()
