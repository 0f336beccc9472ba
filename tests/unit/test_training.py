"""A training that is killed and started again ends in the same bytes; the best epoch is the one that is kept."""

import json
import os
import signal
import subprocess
import sys

import pandas as pd
import safetensors

import train_model
from helpers import ROOT

SETTINGS = {
    "architecture": "resnet18", "tasks": ["A", "B"], "seed": 0, "epochs": 4, "batch_size": 16, "learning_rate": 0.001,
    "weight_decay": 0.00001, "schedule": "cosine", "augmentation": {"rotation": 10, "translation": 0.1, "scale": 0.1},
}  # fmt: skip


def command(dataset, folder, **changes):
    paths = {
        "--source": "north",
        "--manifests": dataset / "manifest.parquet",
        "--indexes": dataset / "32px/index.json",
        "--work": folder / "work",
        "--tensorboard": folder / "tensorboard",
        "--weights": folder / "weights.safetensors",
        "--history": folder / "history.csv",
        "--record": folder / "training.json",
    }
    words = ["--settings", json.dumps(SETTINGS | changes)]
    return words + [str(word) for pair in paths.items() for word in pair]


def start(words):
    script = [sys.executable, str(ROOT / "workflow/scripts/train_model.py"), *words]
    return subprocess.Popen(script, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})


def test_killed_and_continued_gives_the_same_bytes(make_dataset, tmp_path):
    def no_choice(table):
        table.loc[table["split"] == "validation", ["A", "B"]] = 1.0  # no AUC, so the last epoch is kept

    dataset = make_dataset("north", images=80, edit=no_choice)
    whole = start(command(dataset, tmp_path / "whole"))
    assert whole.wait(timeout=300) == 0, whole.stderr.read()

    killed = start(command(dataset, tmp_path / "killed"))
    for line in killed.stderr:
        if "epoch 3 of 4" in line:  # the checkpoint of epoch 2 is whole; that of epoch 3 may be half written
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed/weights.safetensors").exists()
    assert list((tmp_path / "killed/work").rglob("last.ckpt"))
    continued = start(command(dataset, tmp_path / "killed"))
    log = continued.communicate(timeout=300)[1]
    assert continued.returncode == 0, log
    assert "continuing from" in log
    assert "epoch 1 of 4" not in log

    for name in ("weights.safetensors", "history.csv", "training.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
    assert json.loads((tmp_path / "whole/training.json").read_text())["best_epoch"] == 4
    assert not (tmp_path / "killed/work").exists()


def test_other_settings_start_afresh(make_dataset, tmp_path):
    dataset = make_dataset("north", images=80)
    killed = start(command(dataset, tmp_path / "a"))
    for line in killed.stderr:
        if "epoch 2 of 4" in line:
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    again = start(command(dataset, tmp_path / "a", learning_rate=0.002, epochs=1))
    log = again.communicate(timeout=300)[1]
    assert again.returncode == 0, log
    assert "continuing" not in log


def test_the_best_epoch_is_kept_and_the_record_tells_all(make_dataset, tmp_path):
    dataset = make_dataset("north", images=200)
    assert train_model.main(command(dataset, tmp_path / "m", epochs=3)) == 0
    history = pd.read_csv(tmp_path / "m/history.csv")
    record = json.loads((tmp_path / "m/training.json").read_text())
    assert list(history["epoch"]) == [1, 2, 3]
    assert record["best_epoch"] == history.loc[history["validation_auc"].idxmax(), "epoch"]
    assert history["auc A"].max() > 0.9  # brightness tells A, nothing tells B
    assert record["images"] == {"train": 120, "validation": 40}
    assert record["settings"]["learning_rate"] == 0.001
    assert not [key for key in record if "time" in key or "date" in key]
    with safetensors.safe_open(tmp_path / "m/weights.safetensors", "pt") as file:
        assert json.loads(file.metadata()["crossray"])["tasks"] == ["A", "B"]
    assert list((tmp_path / "m/tensorboard").rglob("events.*"))
