"""Recalibrated probabilities of a model: lines with known answers, and where there is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from crossray import predictions
from crossray.errors import UserError
from crossray.shell.model import Model
from crossray.shell.recalibration import FEWEST, recalibrations
from crossray.shell.trained import Facts, Trained

COUNT = 4000
#: data set -> intercept and slope of the truth
TRUTH = {"north": (0.0, 1.0), "south": (-1.0, 0.5), "west": (0.5, -1.0)}


@pytest.fixture
def trained(tmp_path):
    """Return a model of north that was applied to all; Nodule is unknown at south but for nine positives."""
    generator = np.random.default_rng(0)
    study = tmp_path / "results/s"
    for name, (intercept, slope) in TRUTH.items():
        logits = generator.normal(0, 2, (COUNT, 2))
        labels = (generator.random(logits.shape) < expit(intercept + slope * logits)).astype(float)
        if name == "south":
            labels[np.flatnonzero(labels[:, 1])[FEWEST - 1 :], 1] = np.nan
        names = [f"{name}{number}" for number in range(COUNT)]
        table = pd.DataFrame(logits, columns=["Effusion", "Nodule"]).assign(image_id=names)
        order = generator.permutation(COUNT)
        path = study / f"predictions/m/north/0/validation/{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        predictions.write(path, table[["image_id", "Effusion", "Nodule"]].iloc[order])
        (study / "manifests").mkdir(exist_ok=True)
        rows = pd.DataFrame(labels, columns=["Effusion", "Nodule"]).assign(image_id=names, split="validation")
        rows.to_parquet(study / f"manifests/{name}.parquet")
    return Trained(study / "models/m/north/0/weights.safetensors")


def test_lines_are_those_of_the_truth(trained):
    found = recalibrations(trained, ["north"], ["Effusion", "Nodule"])
    assert list(found) == ["north", "south"]  # at west logits rank worse than chance, and no order is turned round
    for name in found:
        assert found[name]["Effusion"] == pytest.approx(TRUTH[name], abs=0.15)
    assert set(found["north"]) == {"Effusion", "Nodule"}
    assert set(found["south"]) == {"Effusion"}  # fewer positives than ten


def test_a_task_that_a_data_set_does_not_label_has_no_line(trained):
    assert set(recalibrations(trained, ["north"], ["Effusion", "Mass"])["south"]) == {"Effusion"}


def test_data_sets_of_a_pooled_source_are_fitted_together(trained):
    found = recalibrations(trained, ["north", "south"], ["Effusion"])
    assert list(found) == ["north"]
    assert TRUTH["south"][1] < found["north"]["Effusion"][1] < TRUTH["north"][1]


@pytest.fixture
def model(trained):
    """Return a model without a network, for what is done with its logits."""
    facts = Facts(
        study="s", model="m", source="north", seed=0, datasets=("north",), tasks=("Effusion", "Nodule"),
        objective="multilabel", architecture="resnet18", size=32, channels=1, fit="crop", colour="grey",
        burnt_in="reject", sha256="", recalibrated=recalibrations(trained, ["north"], ["Effusion", "Nodule"]),
    )  # fmt: skip
    assert Facts.from_dict(facts.as_dict()) == facts
    made = Model.__new__(Model)
    made.facts = facts
    return made


def test_the_place_says_what_a_logit_means(model):
    logits = np.array([[0.0, 0.0], [2.0, 1.0], [np.nan, np.nan]])
    tables = {at: model._table(["a", "b", "c"], logits, [""] * 3, model._lines(at)) for at in (None, "north", "south")}
    pd.testing.assert_frame_equal(tables[None], tables["north"])
    there = tables["south"]["recalibrated"].to_numpy()
    assert there[[0, 2]] == pytest.approx(expit([-1, 0]), abs=0.03)
    assert np.isnan(there[[1, 3, 4, 5]]).all()
    assert (tables["south"]["probability"][:4] == expit(logits[:2].ravel())).all()


def test_a_place_that_is_unknown_is_told(model):
    with pytest.raises(UserError, match="recalibrated for north, south, not for 'east'"):
        model._lines("east")
    model.facts = replace(model.facts, recalibrated={})
    with pytest.raises(UserError, match="recalibrated for no data set, not for 'south'"):
        model._lines("south")
    assert not model._lines(None)
