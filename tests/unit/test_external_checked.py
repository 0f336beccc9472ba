"""External models before a run: what `check` says of their files of scores, and of what is counted."""

import json

import numpy as np
import pandas as pd
import pytest
from test_external import config

import check
from crossray.checking.cells import foresee
from crossray.checking.cohorts import read_cohort
from crossray.errors import UserError
from crossray.planning import plan_of


def test_a_study_without_training_is_checked_with_the_rows_of_its_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    block = config(simulated={})
    block["datasets"]["ours"]["images"] = 120
    assert check.main(["--settings", json.dumps(block)]) == 0
    told = capsys.readouterr().out
    assert "2 of 2 cells (model x source x target x task) will have a number" in told
    assert "No problems found: the study can run." in told
    (tmp_path / "v.csv").write_text("image_id,Effusion\nnobody,12\n")
    block["external"] = {"v": {"scores": {"ours": "v.csv"}}}
    assert check.main(["--settings", json.dumps(block)]) == 1
    assert "v.csv: the data set has no image that a row names" in capsys.readouterr().out


@pytest.mark.parametrize(("share", "status"), [(1, 0), (0.05, 1)])
def test_a_check_counts_the_images_that_have_a_score(share, status, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    block = config(simulated={})
    block["datasets"]["ours"] |= {"images": 120, "public": True}
    plan, sources = plan_of(block)
    images = read_cohort(plan, sources, "ours").table["image_id"]
    scores = pd.DataFrame({"image_id": images, "Effusion": np.linspace(1, 99, len(images)), "Nodule": 50.5})
    scores.loc[int(share * len(images)) :, ["Effusion", "Nodule"]] = np.nan
    scores.to_csv("v.csv", index=False)
    block["external"] = {"v": {"scores": {"ours": "v.csv"}, "trained_on": "unknown", "scale": [0, 100]}}
    assert check.main(["--settings", json.dumps(block)]) == status
    told = capsys.readouterr().out
    assert f"{2 * (status == 0)} of 2 cells (model x source x target x task) will have a number" in told


def test_a_check_says_that_a_study_is_of_several_patients(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    block = config(simulated={}) | {"evaluation": {"unit": "study"}}
    block["datasets"]["ours"]["images"] = 120
    plan, sources = plan_of(block)
    table = read_cohort(plan, sources, "ours").table
    assert foresee(plan, {"ours": table}).problems == []
    wrong = foresee(plan, {"ours": table.assign(study_id="2024-02-01")})
    assert "1 of 1 values of study_id stand at several patients" in wrong.problems[0]
    assert "have no study_id" in foresee(plan, {"ours": table.assign(study_id=None)}).problems[0]


def test_thresholds_are_chosen_on_a_data_set_with_a_validation_split():
    block = config(scores={"ours": "a.csv"}, threshold="ours")
    block["datasets"]["north"] = {"reader": "simulated", "public": True, "images": 40}
    with pytest.raises(UserError, match=r"external.v.threshold: 'ours' is not one of north"):
        plan_of(block)
