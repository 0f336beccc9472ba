"""Several readers: what each way of combining them makes of a model, and who agrees with whom."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from crossray.analysis import readers
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.analysis.units import labels_of
from crossray.planning import plan_of
from crossray.study.stages.analysis import Intervals

KEY = ModelKey("v", "elsewhere")
LIMIT = 0.5


class Settings:
    """What the analysis asks of a study's settings."""

    tasks = ("Effusion",)
    evaluation = Intervals(minimum=5, resamples=100, seed=0)


@pytest.fixture
def study(monkeypatch):
    """Return a study of one target that three readers read, the third of them only in part, and a model."""
    generator = np.random.default_rng(0)
    names = [f"p{number}" for number in range(300)]
    truth = generator.integers(0, 2, 300).astype(float)
    labels = pd.DataFrame({"patient_id": names, "Effusion": truth}, names)
    for number in range(3):
        labels[f"Effusion @ r{number}"] = np.where(generator.random(300) < 0.1, 1 - truth, truth)
    labels.loc[names[200:], "Effusion @ r2"] = np.nan
    logits = pd.DataFrame({"Effusion": truth + generator.normal(size=300)}, names)
    scored = ScoredSplit("ours", labels, {KEY: {"0": logits}}, 5)
    monkeypatch.setattr(readers, "own_thresholds", lambda study, trained: {("0", "Effusion"): LIMIT})

    class Study:
        settings = Settings
        trained = staticmethod(lambda: [KEY])
        targets = staticmethod(lambda: [scored])

    return Study


def test_every_rule_every_policy_and_every_reader_alone_by_hand():
    nan = np.nan
    said = pd.DataFrame({"a": [1, 1, 0, nan], "b": [0, 1, nan, nan], "c": [0, 0, nan, nan]}, dtype=float)
    found = dict(readers.labellings(said))
    assert list(found)[:3] == ["majority", "majority, unknown as positive", "majority, unknown as negative"]
    expected = {
        "majority": [0, 1, 0], "any": [1, 1, 0], "all": [0, 0, 0], "first": [1, 1, 0],
        "majority, unknown as positive": [0, 1, 1], "all, unknown as positive": [0, 0, 0],
        "any, unknown as positive": [1, 1, 1], "any, unknown as negative": [1, 1, 0],
        "a alone": [1, 1, 0],
    }  # fmt: skip
    for rule, labels in expected.items():
        assert found[rule].tolist()[:3] == labels, rule
    assert all(np.isnan(labels[3]) for labels in found.values())  # nobody read it
    assert not [rule for rule in dict(readers.labellings(said.iloc[:2])) if "unknown" in rule]


def test_numbers_of_a_labelling_are_those_of_its_labels(study):
    results, _ = readers.measure(study)
    (scored,) = study.targets()
    rows = results.set_index("rule")
    outputs = scored.reported(KEY)["Effusion"]
    for rule, labels in readers.labellings(readers.opinions_on(scored.labels, "Effusion")):
        here, row = labels.notna(), rows.loc[rule]
        assert row["auc"] == pytest.approx(roc_auc_score(labels[here], outputs[here]))
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert row["sensitivity"] == pytest.approx((outputs[labels == 1] >= LIMIT).mean())
        assert row["specificity"] == pytest.approx((outputs[labels == 0] < LIMIT).mean())
        assert (row["images"], row["positives"]) == (here.sum(), (labels == 1).sum())
    assert rows.loc["r2 alone", "images"] == 200


def test_agreement_of_the_model_with_each_reader_stands_beside_that_of_readers(study):
    _, agreements = readers.measure(study)
    (scored,) = study.targets()
    assert agreements["kind"].tolist() == ["readers"] * 3 + ["model and reader"] * 3
    rows = agreements.set_index(["first", "second"])
    opinions = readers.opinions_on(scored.labels, "Effusion")
    both = opinions["r2"].notna()
    assert rows.loc[("r0", "r2"), "images"] == 200
    assert rows.loc[("r0", "r2"), "kappa"] == pytest.approx(
        cohen_kappa_score(opinions["r0"][both], opinions["r2"][both])
    )
    calls = scored.reported(KEY)["Effusion"] >= LIMIT
    assert rows.loc[("v", "r0"), "kappa"] == pytest.approx(cohen_kappa_score(calls, opinions["r0"]))
    assert (agreements["kappa_low"] < agreements["kappa"]).all()


def test_a_model_without_a_threshold_has_a_reason_and_no_agreement(study, monkeypatch):
    monkeypatch.setattr(readers, "own_thresholds", lambda study, trained: {})
    results, agreements = readers.measure(study)
    models = agreements[agreements["kind"] == "model and reader"]
    assert (models["reason"] == "N").all()
    assert models["kappa"].isna().all()
    assert results["sensitivity"].isna().all()
    assert results["auc"].notna().all()


def test_a_readers_opinion_of_a_study_is_that_of_its_images():
    labels = {"A": [0.0, 1.0], "A @ r": [0.0, 1.0]}
    images = pd.DataFrame({"patient_id": "p", "study_id": "s", "split": "test", "view": "PA", **labels}, ["1", "2"])
    assert labels_of(images, images["study_id"])["A @ r"].tolist() == [1.0]


def test_only_a_study_with_several_readers_has_that_job(tmp_path):
    (tmp_path / "t.csv").write_text("image_id,patient_id,path,x,y\n")

    def plan(tasks):
        table = {"reader": "table", "root": str(tmp_path), "table": "t.csv", "tasks": tasks}
        return plan_of({"study": "s", "tasks": ["A"], "datasets": {"d": table}})[0]

    assert plan({"A": {"columns": ["x", "y"], "combine": "any"}}).conditions["readers"]
    assert not plan({"A": {"column": "x"}}).conditions["readers"]
    assert not plan(["A"]).conditions["readers"]
