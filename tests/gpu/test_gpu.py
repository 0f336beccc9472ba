"""What a GPU computes is what a CPU computes, within what its arithmetic allows; trainings there resume."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import train_model
from crossray import manifest
from crossray.learning.attribution import METHODS, attribute
from crossray.learning.batches import Examples
from crossray.learning.hardware import choose_device, precision
from crossray.learning.models import build_model, load_model
from crossray.learning.prediction import predict_logits
from crossray.shards import ImageStore, with_rows
from crossray.statistics import auc
from crossray.study.stages.inference import Inference

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")]

SETTINGS = {
    "architecture": "resnet18", "tasks": ["A", "B"], "objective": "multilabel", "stem": "standard", "seed": 0,
    "epochs": 4, "batch_size": 16, "precision": "fastest", "learning_rate": 0.001, "weight_decay": 0.00001,
    "schedule": "cosine", "augmentation": {"rotation": 10, "translation": 0.1, "scale": 0.1}, "weights": None,
    "freeze": None, "unfreeze_every": 0, "images": None, "loss": "cross_entropy", "label_smoothing": 0.0,
    "task_weights": "paper", "positive_weights": "none", "balance": "images",
}  # fmt: skip


def train(dataset, folder, **changes):
    paths = {
        "--manifests": dataset / "manifest.parquet", "--indexes": dataset / "32px/index.json",
        "--checkpoint-dir": folder / "work", "--tensorboard": folder / "tensorboard",
        "--weights": folder / "weights.safetensors", "--history": folder / "history.csv",
        "--record": folder / "training.json",
    }  # fmt: skip
    words = ["--settings", json.dumps(SETTINGS | changes), "--source", "north", "--gpus", "1"]
    return train_model.main(words + [str(word) for pair in paths.items() for word in pair])


def logits_of(dataset, weights, device, kind):
    """Return logits of the test images, as the program computes them, and their labels."""
    model, tasks, _ = load_model(weights)
    store = ImageStore(dataset / "32px/index.json")
    rows = with_rows(manifest.read(dataset / "manifest.parquet"), store, "test")
    labels = rows[tasks].to_numpy(float)
    settings = Inference(batch_size=32, precision=kind)
    return predict_logits(model, Examples(store, rows["row"].to_numpy(), labels), settings, device), labels


@pytest.fixture
def trained(make_dataset, tmp_path):
    """Return a data set and a model of it that a GPU trained."""
    dataset = make_dataset("north", images=600)
    assert train(dataset, tmp_path / "trained") == 0
    return dataset, tmp_path / "trained/weights.safetensors"


def test_a_job_that_was_promised_a_gpu_takes_it_and_computes_in_bfloat16():
    device = choose_device(1)
    assert device.type == "cuda"
    assert precision("fastest", device) == "bf16-mixed"
    assert precision("float32", device) == "32-true"


def test_a_model_learns_on_a_gpu(trained):
    _, weights = trained
    history = pd.read_csv(weights.with_name("history.csv"))
    assert len(history) == SETTINGS["epochs"]
    assert history["auc A"].max() > 0.95  # it shows as brightness
    record = json.loads(weights.with_name("training.json").read_text())
    assert "cuda" in json.dumps(record)


def test_a_training_that_stopped_continues_and_ends_near_the_same_weights(make_dataset, tmp_path, monkeypatch, caplog):
    def no_room(*_):
        raise OSError(28, "no room", "weights")

    dataset = make_dataset("north", images=160)
    assert train(dataset, tmp_path / "whole", epochs=3) == 0
    with monkeypatch.context() as failing:
        failing.setattr("crossray.learning.models.save_weights", no_room)
        assert train(dataset, tmp_path / "stopped", epochs=3) == 1
    last = next((tmp_path / "stopped/work").rglob("last.ckpt"))
    last.unlink()  # so the last epoch is done again
    with caplog.at_level("INFO"):
        assert train(dataset, tmp_path / "stopped", epochs=3) == 0
    assert "continuing from" in caplog.text
    whole, stopped = (pd.read_csv(tmp_path / name / "history.csv") for name in ("whole", "stopped"))
    # a GPU may add in another order
    np.testing.assert_allclose(stopped["train_loss"], whole["train_loss"], rtol=0.05)


def test_predictions_of_both_devices_agree(trained, tell):
    dataset, weights = trained
    cpu, labels = logits_of(dataset, weights, torch.device("cpu"), "float32")
    full, fast = (logits_of(dataset, weights, torch.device("cuda"), kind)[0] for kind in ("float32", "fastest"))
    far_full, far_fast = (np.abs(found - cpu).max() / cpu.std() for found in (full, fast))
    moved = max(abs(auc(labels[:, task], fast[:, task]) - auc(labels[:, task], cpu[:, task])) for task in (0, 1))
    tell(f"GPU: largest change of a logit {far_full:.1e} (float32) and {far_fast:.1e} (bfloat16) standard deviations, "
         f"of an AUC {moved:.1e}")  # fmt: skip
    assert far_full < 0.02  # convolutions are computed in TF32
    assert far_fast < 0.2
    assert moved < 0.005


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_both_devices_agree(method):
    torch.manual_seed(0)
    model = build_model("resnet18", 2, 64).eval()
    images = torch.randint(0, 256, (4, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    cpu = attribute(model, images, 1, method, 8).detach()
    gpu = attribute(model.cuda(), images.cuda(), 1, method, 8).detach().cpu()
    assert cpu.amax() == pytest.approx(1)
    assert (gpu - cpu).abs().mean() < 0.02
