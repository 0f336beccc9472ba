"""Processes that train one model together: the same batches, the same loss, one result."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from test_training import command

import train_model
from crossray.errors import UserError
from crossray.learning.batches import EpochShuffle, SharedBatches
from crossray.learning.hardware import choose_device
from crossray.learning.losses import MaskedLoss
from crossray.study.training import Training
from helpers import ROOT


def shares(monkeypatch, processes, images=50, batch_size=12):
    """Return the batches of each process."""
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    parts = []
    for number in range(processes):
        monkeypatch.setenv("RANK", str(number))
        parts.append(list(SharedBatches(EpochShuffle([np.arange(images)], images, 0), batch_size, drop_last=True)))
    return parts


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_a_batch_has_the_same_images_however_many_share_it(monkeypatch, processes):
    alone = shares(monkeypatch, 1)[0]
    together = shares(monkeypatch, processes)
    assert len(alone) == 4
    for number, batch in enumerate(alone):
        parts = [part[number] for part in together]
        assert sorted(place for part in parts for place in part) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_losses_of_parts_add_up_to_that_of_the_batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20, 3, generator=generator)
    labels = torch.randint(0, 2, (20, 3), generator=generator).float()
    labels[torch.rand(20, 3, generator=generator) < 0.4] = float("nan")
    settings = Training(positive_weights="balanced", label_smoothing=0.1)
    loss, counts = MaskedLoss(labels.numpy(), settings), (~torch.isnan(labels)).sum(0)
    parts = [loss(logits[n::3], labels[n::3], counts) for n in range(3)]
    assert sum(parts) == pytest.approx(float(loss(logits, labels)), rel=1e-6)


def test_more_gpus_than_processes_are_refused(monkeypatch):
    with pytest.raises(UserError, match='launcher to "torchrun --standalone --nproc-per-node 4"'):
        choose_device(4)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(UserError, match="asked for 4 GPU and sees 0"):
        choose_device(4)


def together(words, *launcher):
    """Start processes that train together on the CPU."""
    program = str(ROOT / "workflow/scripts/train_model.py")
    start = [sys.executable, "-m", "torch.distributed.run", *launcher, program, *words]
    return subprocess.Popen(start, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


@pytest.mark.slow
def test_two_processes_train_one_model(make_dataset, tmp_path):
    dataset = make_dataset("north", images=80)
    words = command(dataset, tmp_path / "m", epochs=2)
    training = together(words, "--standalone", "--nproc-per-node", "2")
    log = training.communicate(timeout=300)[1]
    assert training.returncode == 0, log
    assert log.count("epoch 2 of 2") == 1  # one of them tells the story
    assert not (tmp_path / "m/work").exists()
    alone = command(dataset, tmp_path / "alone", epochs=2)
    assert train_model.main(alone) == 0
    history, expected = (pd.read_csv(tmp_path / name / "history.csv") for name in ("m", "alone"))
    assert len(history) == 2
    assert history["train_loss"][0] == pytest.approx(expected["train_loss"][0], rel=0.2)
    record, other = (json.loads((tmp_path / name / "training.json").read_text()) for name in ("m", "alone"))
    assert record["images"] == other["images"]


@pytest.mark.whole
def test_two_machines_train_one_model_or_agree_that_it_is_there(make_dataset, tmp_path):
    words = command(make_dataset("north", images=80), tmp_path / "m", epochs=1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    meeting = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", "1"]
    for told in ("epoch 1 of 1", "is already trained"):
        agents = [together(words, *meeting, "--rdzv-endpoint", f"127.0.0.1:{port}") for _ in range(2)]
        logs = [agent.communicate(timeout=300)[1] for agent in agents]
        assert [agent.returncode for agent in agents] == [0, 0], "\n".join(logs)
        assert "".join(logs).count(told) == 1
