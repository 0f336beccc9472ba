"""An encoder that learns from the study's images, and models that describe them, through the workflow."""

import json

import numpy as np
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


def test_models_describe_the_images_of_every_target_as_they_see_them(again):
    again.change("tiny.yaml", "tasks:", "explanation: { encoder: models, corrections: false }\ntasks:")
    jobs = planned(again.snakemake("-n"))
    assert (jobs["describe_images"], jobs["explain_drops"]) == (2, 1)
    assert not {"train_encoder", "train_model", "predict"} & set(jobs)
    assert "explain_drops" in {rule for rule, _ in executed(again.snakemake("results/tiny/analysis/shift.csv"))}
    described = pd.read_parquet(again.folder / DESCRIBED)
    models = {column.rsplit(" ", 1)[0] for column in described.filter(like="inner ")}
    assert models == {f"inner small/{source}" for source in ("north", "south")}
    assert np.isfinite(described.filter(like="inner ").to_numpy()).all()
