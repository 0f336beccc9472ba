"""Several models through the workflow: weights from one another, a sweep, why they lose elsewhere, where they look."""

import hashlib
import json

import pandas as pd
import pytest
import safetensors.torch
import torch

from crossray.figures.registry import FIGURES

pytestmark = [pytest.mark.workflow, pytest.mark.whole]


@pytest.fixture(scope="module")
def study(run_once):
    """Return a checkout in which the study of several models has run; do not change it."""
    return run_once("models.yaml")


def read(study, name):
    return pd.read_csv(study.folder / f"results/models/analysis/{name}.csv", dtype={"seed": str})


def test_what_only_such_a_study_has_is_on_its_page(study):
    page = (study.folder / "results/models/report.html").read_text()
    had = ("models", "sweeps", "attribution", "localisation", "explanation", "corrections", "truth")
    of_these = [name for name, figure in FIGURES.items() if figure.needs in had]
    assert len(of_these) > len(had)
    assert all(f'id="figure-{name}"' in page for name in of_these)


def test_models_are_trained_on_their_sources_alone(study):
    models = study.folder / "results/models/models"
    trained = {str(path.parent.relative_to(models)) for path in models.rglob("training.json")}
    points = {f"tuned-images-16-learning_rate-{rate}/south/0" for rate in ("0.001", "0.0001")}
    assert trained == {"small/north/0", "small/south/0", "smoothed/north/0", "atto/north/0"} | points
    explained = {("small", "north"), ("small", "south"), ("atto", "north")}
    for name, more in {"shift": set(), "corrections": set(), "localisation": {("smoothed", "north")}}.items():
        assert set(zip(read(study, name)["model"], read(study, name)["source"], strict=True)) == explained | more


def test_a_model_that_is_trained_otherwise_is_set_beside_the_first(study):
    table = read(study, "corrections")
    assert set(table.loc[table["correction"] == "smoothed", "model"]) == {"small"}
    assert "smoothed" in set(read(study, "corrections_by_verdict")["correction"])
    assert read(study, "shift_truth")["seed"].notna().all()


def test_weights_come_from_the_model_that_the_study_trained_first(study):
    models = study.folder / "results/models/models"
    tuned = models / "tuned-images-16-learning_rate-0.001/south/0"
    origin = (models / "small/north/0/weights.safetensors").read_bytes()
    record = json.loads((tuned / "training.json").read_text())
    assert record["weights"] == hashlib.sha256(origin).hexdigest()
    assert record["images"]["train"] <= 16
    assert record["settings"]["loss"] == "focal"
    before, after = (safetensors.torch.load(path) for path in (origin, (tuned / "weights.safetensors").read_bytes()))
    kept = {name.split(".")[0] for name in before if torch.equal(before[name], after[name])}
    assert {"conv1", "bn1", "layer1", "layer2"} <= kept
    assert not kept & {"layer4", "fc"}


def test_points_of_sweeps_are_beside_each_other(study):
    table, choices = read(study, "sweeps"), read(study, "choices")
    assert set(table["setting"]) == {"images"}
    assert len(table) == 2 * 2  # points and targets, one source
    assert set(choices["fixed"]) == {"images 16"}
    assert set(choices["choice"]) == {"training-domain validation", "test-domain validation (oracle)"}
    assert set(read(study, "models")["model"]) == {"small", "smoothed", "atto"}


def test_every_model_is_asked_where_it_looks(study):
    folder = study.folder / "results/models"
    regions = pd.read_parquet(study.folder / "results/datasets/north/regions.parquet")
    manifest = pd.read_parquet(folder / "manifests/north.parquet").set_index("image_id")
    assert set(regions["image_id"]) <= set(manifest.index)
    drawn = []
    for source in ("north", "south"):
        images = pd.read_csv(folder / f"attributions/small/{source}/north/images.csv", dtype={"image_id": str})
        assert set(images["method"]) == {"grad_cam", "input_gradients"}
        assert (manifest.loc[images["image_id"], "split"] == "test").all()
        scored = images[images["scored"]]
        assert (scored["label"] == 1).all()
        assert set(scored["weights"]) == {"trained", "random"}
        drawn.append(set(zip(scored["image_id"], scored["task"], strict=True)))
    assert drawn[0]
    assert all(one == drawn[0] for one in drawn)  # every model on the same images
    table = read(study, "localisation")
    assert len(table) == 4 * 2 * 3 * 2 * 2 * 3  # trained, targets, tasks and their mean, methods, weights, measures
    assert (table["score"].isna() == table["reason"].notna()).all()
    assert table["score"].notna().any()
