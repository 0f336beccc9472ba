"""A training that is killed and started again ends in the same bytes; the best epoch is the one that is kept."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import h5py
import pandas as pd
import pytest
import safetensors.torch
import torch

import train_model
from crossray.learning.checkpoints import is_whole, only_writer
from crossray.learning.training import BestEpoch
from helpers import ROOT

pytestmark = pytest.mark.usefixtures("networks_freed")

#: what a training is told beside the settings of the paper
LEARNING = {
    "stem": "standard", "objective": "multilabel", "weights": None, "freeze": None, "unfreeze_every": 0,
    "images": None, "loss": "cross_entropy", "label_smoothing": 0.0,
    "task_weights": "paper", "positive_weights": "none", "balance": "images",
}  # fmt: skip
#: a network whose checkpoints are small
SETTINGS = {
    "architecture": "shufflenet_v2_x0_5", "tasks": ["A", "B"], "seed": 0, "epochs": 4, "batch_size": 16,
    "precision": "fastest", "learning_rate": 0.001, "weight_decay": 0.00001, "schedule": "cosine",
    "augmentation": {"rotation": 10, "translation": 0.1, "scale": 0.1}, **LEARNING,
}  # fmt: skip


def command(dataset, folder, **changes):
    paths = {
        "--source": "north",
        "--manifests": dataset / "manifest.parquet",
        "--indexes": dataset / "32px/index.json",
        "--checkpoint-dir": folder / "work",
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


@pytest.mark.slow
def test_killed_and_continued_gives_the_same_bytes(make_dataset, tmp_path, caplog):
    def no_choice(table):
        table.loc[table["split"] == "validation", ["A", "B"]] = 1.0  # no AUC, so the last epoch is kept

    dataset = make_dataset("north", images=80, edit=no_choice)
    assert train_model.main(command(dataset, tmp_path / "whole")) == 0

    # how often checkpoints are written changes nothing but how much is done again
    killed = start([*command(dataset, tmp_path / "killed"), "--checkpoint-every", "2"])
    for line in killed.stderr:
        if "epoch 3 of 4" in line:  # the checkpoint of epoch 2 is whole; there is none of epoch 3
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed/weights.safetensors").exists()
    assert list((tmp_path / "killed/work").rglob("last.ckpt"))
    caplog.clear()
    assert train_model.main(command(dataset, tmp_path / "killed")) == 0
    assert "continuing from" in caplog.text
    assert "epoch 2 of 4" not in caplog.text
    assert "epoch 3 of 4" in caplog.text

    for name in ("weights.safetensors", "history.csv", "training.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
    assert json.loads((tmp_path / "whole/training.json").read_text())["best_epoch"] == 4
    assert not (tmp_path / "killed/work").exists()


def test_inputs_from_the_future_do_not_outlive_what_is_made_of_them(make_dataset, tmp_path, caplog):
    dataset = make_dataset("north", images=80)
    (dataset / "manifest.sha256").write_text("digest\n")
    inputs = [path for path in dataset.rglob("*") if path.is_file()]
    for path in inputs:
        os.utime(path, (time.time() + 400 * 86400,) * 2)
    words = command(dataset, tmp_path / "m", epochs=1)
    assert train_model.main(words) == 0
    written = min(path.stat().st_mtime for path in (tmp_path / "m").glob("*.*") if path.is_file())
    compared = [dataset / name for name in ("manifest.parquet", "manifest.sha256", "32px/index.json")]
    compared += [path for path in inputs if path.suffix == ".h5"]
    now = time.time()
    assert len(compared) > 3
    assert all(written - 60 < path.stat().st_mtime <= now for path in compared)
    assert "has a file time in the future: the clock was turned back" in caplog.text
    for path in compared:
        os.utime(path, (now + 400 * 86400,) * 2)
    assert train_model.main(words) == 0  # it is there already, and is kept so
    assert all(path.stat().st_mtime <= time.time() for path in compared)


@pytest.fixture
def stopped(make_dataset, tmp_path, monkeypatch):
    """Return the command of a training that fails as it writes its weights, and its two checkpoints."""

    def no_room(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "weights")

    words = command(make_dataset("north", images=80), tmp_path / "m", epochs=2)
    with monkeypatch.context() as failing:
        failing.setattr("crossray.learning.models.save_weights", no_room)
        assert train_model.main(words) == 1
    work = next((tmp_path / "m/work").iterdir())
    return words, work / "last.ckpt", work / "before.ckpt"


def test_a_truncated_checkpoint_is_named_and_the_one_before_is_used(stopped, caplog):
    words, last, before = stopped
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    with caplog.at_level("INFO"):
        assert train_model.main(words) == 0
    assert f"{last} is damaged and is not used" in caplog.text
    assert f"continuing from {before}" in caplog.text
    assert "epoch 1 of" not in caplog.text


def test_without_a_whole_checkpoint_training_starts_afresh(stopped, caplog):
    words, last, before = stopped
    last.write_bytes(b"")
    before.write_bytes(b"not a checkpoint")
    with caplog.at_level("INFO"):
        assert train_model.main(words) == 0
    assert caplog.text.count("is damaged and is not used") == 2
    assert "epoch 1 of" in caplog.text


def _without_history(content):
    del content["callbacks"]["BestEpoch"]


def _of_fewer_epochs(content):
    content["callbacks"]["BestEpoch"]["history"].pop()


def _of_another_network(content):
    name = next(name for name, value in content["state_dict"].items() if value.ndim == 4)
    content["state_dict"][name] = torch.zeros(3)


def _of_another_optimiser(content):
    for state in content["optimizer_states"][0]["state"].values():
        state["exp_avg"] = torch.zeros(3)


@pytest.mark.parametrize("damage", [_without_history, _of_fewer_epochs, _of_another_network, _of_another_optimiser])
def test_a_whole_checkpoint_that_cannot_be_used_is_passed_over(stopped, caplog, damage):
    words, last, before = stopped
    content = torch.load(before if damage is _of_another_optimiser else last, weights_only=True)
    damage(content)
    torch.save(content, last)
    with caplog.at_level("INFO"):
        assert train_model.main(words) == 0
    assert f"{last} is intact, but cannot be used" in caplog.text
    assert f"continuing from {before}" in caplog.text
    assert "epoch 1 of" not in caplog.text


def test_a_training_starts_afresh_where_no_checkpoint_can_be_used(stopped, caplog):
    words, last, before = stopped
    torch.save([1, 2], last)
    torch.save({"state_dict": {}}, before)
    with caplog.at_level("INFO"):
        assert train_model.main(words) == 0
    assert caplog.text.count("is intact, but cannot be used") == 2
    assert "epoch 1 of" in caplog.text


def test_every_flipped_byte_of_a_tensor_is_found(tmp_path):
    torch.save({"weights": torch.arange(1000.0)}, tmp_path / "whole.ckpt")
    content = (tmp_path / "whole.ckpt").read_bytes()
    assert is_whole(tmp_path / "whole.ckpt")
    assert not is_whole(tmp_path / "missing.ckpt")
    start_of_tensor = content.index(torch.arange(1000.0).numpy().tobytes())
    for place in range(start_of_tensor, start_of_tensor + 4000, 37):
        damaged = bytearray(content)
        damaged[place] ^= 1
        (tmp_path / "damaged.ckpt").write_bytes(damaged)
        assert not is_whole(tmp_path / "damaged.ckpt"), place


@pytest.mark.slow
def test_two_trainings_of_one_model_wait_for_each_other_and_train_once(make_dataset, tmp_path, caplog):
    words = command(make_dataset("north", images=80), tmp_path / "m", epochs=1)
    with only_writer(tmp_path / "m"):
        waiting = start(words)
        assert "waiting for it" in waiting.stderr.readline()
        assert not (tmp_path / "m/work").exists()
    waiting.communicate(timeout=300)
    assert waiting.returncode == 0
    weights = (tmp_path / "m/weights.safetensors").stat()
    with caplog.at_level("INFO"):
        assert train_model.main(words) == 0
    assert "is already trained" in caplog.text
    assert (tmp_path / "m/weights.safetensors").stat() == weights


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_locks_are_refused_a_training_goes_on_and_says_so(tmp_path, monkeypatch, caplog, code):
    def refused(*_):
        raise OSError(code, "refused")

    monkeypatch.setattr(fcntl, "flock", refused)
    with only_writer(tmp_path / "m"):
        pass
    assert (
        f"{tmp_path / 'm/.lock'}: this file system does not support locks ({os.strerror(code).lower()})" in caplog.text
    )


def test_what_an_old_workflow_left_running_does_not_count_for_other_settings(make_dataset, tmp_path, caplog):
    dataset = make_dataset("north", images=80)
    assert train_model.main(command(dataset, tmp_path / "m", epochs=1)) == 0
    with caplog.at_level("INFO"):
        assert train_model.main(command(dataset, tmp_path / "m", epochs=2)) == 0
    assert "epoch 2 of 2" in caplog.text


def test_a_damaged_shard_is_named_before_training(make_dataset, tmp_path, capsys):
    dataset = make_dataset("north", images=80)
    shard = dataset / "32px/shards/0001.h5"
    content = bytearray(shard.read_bytes())
    with h5py.File(shard) as file:
        content[file["images"].id.get_offset() + 100] ^= 8
    shard.write_bytes(content)
    assert train_model.main(command(dataset, tmp_path / "m")) == 1
    said = capsys.readouterr().err
    assert f"{shard}: is not what its index.json says" in said
    assert f"snakemake --cores all -R {shard}" in said
    assert not (tmp_path / "m/weights.safetensors").exists()


def test_other_settings_start_afresh(stopped, caplog):
    words, last, _ = stopped
    settings = json.loads(words[1])
    with caplog.at_level("INFO"):
        assert train_model.main(["--settings", json.dumps(settings | {"learning_rate": 0.002}), *words[2:]]) == 0
    assert "continuing" not in caplog.text
    assert "epoch 1 of 2" in caplog.text
    assert not last.exists()


@pytest.mark.slow
def test_the_best_epoch_is_kept_and_the_record_tells_all(make_dataset, tmp_path):
    dataset = make_dataset("north", images=200)
    assert train_model.main(command(dataset, tmp_path / "m", epochs=3, architecture="resnet18")) == 0
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


def test_a_training_that_diverges_ends_there_without_weights_and_says_what_to_change(make_dataset, tmp_path, caplog):
    dataset = make_dataset("north", images=80)
    assert train_model.main(command(dataset, tmp_path / "m", learning_rate=1e30)) == 0
    record = json.loads((tmp_path / "m/training.json").read_text())
    assert record["diverged"] == len(pd.read_csv(tmp_path / "m/history.csv")) < SETTINGS["epochs"]
    assert record["best_epoch"] == 0
    for told in (record["notes"][0], caplog.text):
        assert f"diverged: outputs are not numbers after epoch {record['diverged']} of 4" in told
        assert "lower training.learning_rate (it is 1e+30) or set training.precision to float32" in told
    weights = safetensors.torch.load_file(tmp_path / "m/weights.safetensors")
    assert all(tensor.isnan().all() for tensor in weights.values() if tensor.is_floating_point())
    assert train_model.main(command(dataset, tmp_path / "m", epochs=1)) == 0
    assert json.loads((tmp_path / "m/training.json").read_text())["diverged"] == 0


def test_a_training_that_diverged_when_it_was_stopped_ends_in_the_same_history():
    stopped = BestEpoch()
    stopped.load_state_dict({"history": [{"epoch": 1}], "best": {}, "best_epoch": 0, "diverged": 1})
    trainer = SimpleNamespace(should_stop=False)
    stopped.on_train_epoch_end(trainer, SimpleNamespace())
    assert trainer.should_stop
    assert stopped.history == [{"epoch": 1}]
