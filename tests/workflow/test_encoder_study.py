"""An encoder that learns from the study's images, through the workflow."""

import json

import pandas as pd
import pytest

from workflow_helpers import executed, planned

pytestmark = pytest.mark.workflow

ASKED = "explanation: { encoder: self_supervised, encoder_epochs: 1 }\ntasks:"
DESCRIBED = "results/tiny/descriptions/north.parquet"


def test_an_encoder_is_trained_once_and_describes_the_images_of_every_target(again):
    again.change("tiny.yaml", "tasks:", ASKED)
    jobs = planned(again.snakemake("-n"))
    assert (jobs["train_encoder"], jobs["describe_images"], jobs["explain_drops"]) == (1, 2, 1)
    assert not {"train_model", "predict", "convert_shard"} & set(jobs)
    assert {rule for rule, _ in executed(again.snakemake(DESCRIBED))} == {"train_encoder", "describe_images"}
    record = json.loads((again.folder / "results/tiny/encoder/training.json").read_text())
    trained = {
        name: int((pd.read_parquet(again.folder / f"results/tiny/manifests/{name}.parquet")["split"] == "train").sum())
        for name in ("north", "south")
    }
    assert record["images"] == trained
    assert "epoch 1 of 1: loss " in (again.folder / "logs/tiny/train_encoder.log").read_text()
    described = pd.read_parquet(again.folder / DESCRIBED).filter(like="encoder ")
    assert described.shape[1] == 512
    jobs = planned(again.snakemake("-n"))
    assert "train_encoder" not in jobs
    assert jobs["describe_images"] == 1
