"""A small version of config/studies/external.yaml, up to its report: its vendor's faults are known, and are found."""

import html
import json

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import roc_auc_score

from helpers import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

IMAGES, READINGS = 240, 120


@pytest.fixture(scope="module")
def study(made_once):
    """Return the folder in which a small version of the study has run; do not change it."""
    from workflow_helpers import Checkout, copy_workflow

    def run(folder):
        checkout = copy_workflow(folder)
        settings = yaml.safe_load((ROOT / "config/studies/external.yaml").read_text())
        settings["datasets"]["ours"]["images"] = IMAGES
        settings |= {"images": {"size": 32}, "evaluation": {"minimum": 5, "resamples": 100}}
        planning = yaml.safe_load((ROOT / "config/studies/planning.yaml").read_text())
        settings["external"]["labels"] = planning["external"]["labels"]
        settings["plan"] = planning["plan"] | {"readings": READINGS}
        checkout.write("external.yaml", yaml.safe_dump(settings))
        checkout.snakemake(study="external.yaml")

    return Checkout(made_once("external", run)).folder


def test_numbers_are_those_of_the_scores_and_the_labels(study):
    release = study / "results/datasets/ours/release"
    labels = pd.read_csv(release / "labels.csv").set_index("image_id")
    cells = pd.read_csv(study / "results/external/analysis/performance.csv").set_index(["model", "task"])
    for model in ("vendor_v1", "vendor_v2"):
        scores = pd.read_csv(study / f"results/external/external/{model}/ours.csv").set_index("image_id")
        for task in ("Effusion", "Nodule", "Pneumothorax"):
            given = scores[task].dropna()
            truth, row = labels.loc[given.index, task], cells.loc[(model, task)]
            assert row["images"] == len(given)
            assert row["auc"] == pytest.approx(roc_auc_score(truth, given))
            assert row["sensitivity"] == pytest.approx((given[truth == 1] >= 25).mean())
            assert row["specificity"] == pytest.approx((given[truth == 0] < 25).mean())
            assert row["calibration_reason"] == "P"
    assert cells.loc["vendor_v1", "caveat"].eq("U").all()
    assert cells.loc["vendor_v2", "caveat"].isna().all()


def test_refusals_are_the_hardest_and_the_claim_that_is_too_high_is_found(study):
    analysis = study / "results/external/analysis"
    truth = pd.read_csv(study / "results/datasets/ours/release/truth.csv").set_index("image_id")
    scores = pd.read_csv(study / "results/external/external/vendor_v1/ours.csv").set_index("image_id")
    refused = scores["Effusion"].isna()
    refusals = pd.read_csv(analysis / "refusals.csv").set_index(["model", "task", "group"])
    row = refusals.loc[("vendor_v1", "Effusion", "refused")]
    assert row["images"] == refused.sum() == round(0.08 * len(truth))
    hardness = (truth[["Effusion", "Nodule", "Pneumothorax"]].max(axis=1) - 0.3).abs()
    assert hardness[refused].max() <= hardness[~refused].min()
    assert row["auc_worst"] < row["auc_best"]
    assert refusals.loc[("vendor_v2", "Effusion", "refused"), "images"] == 0
    claims = pd.read_csv(analysis / "claims.csv").set_index(["model", "task", "measure"])
    assert claims.loc[("vendor_v1", "Effusion", "auc"), "finding"] == "below the claim"
    versions = pd.read_csv(analysis / "versions.csv")
    versions = versions[(versions["model"] == "vendor_v1") & (versions["other_model"] == "vendor_v2")]
    assert len(versions) == 3
    assert (versions["difference_high"] < 0).all()  # the second version reads better, by construction


def test_a_published_networks_net_benefit_is_that_of_its_probabilities_and_scores_have_none(study):
    results = study / "results/external"
    labels = pd.read_csv(study / "results/datasets/ours/release/labels.csv").set_index("image_id")
    given = pd.read_csv(results / "external/published/ours.csv").set_index("image_id")
    curves = pd.read_csv(results / "analysis/decision_curve.csv")
    assert set(curves.loc[curves["model"] != "published", "reason"]) == {"P"}
    rows = curves[curves["model"] == "published"]
    assert len(rows) == 3 * 26
    for row in rows.itertuples():
        truth, called = labels.loc[given.index, row.task] == 1, given[row.task] >= row.threshold
        odds = row.threshold / (1 - row.threshold)
        assert row.net_benefit == pytest.approx((called & truth).mean() - odds * (called & ~truth).mean())
        assert row.treat_all == pytest.approx(truth.mean() - odds * (1 - truth.mean()))
    # it knows severities with little error, so that acting on it is worth more, where few would treat all or none
    assert (rows.loc[rows["threshold"].between(0.2, 0.4), "finding"] == "better than both").all()
    assert 'id="figure-decision_curve"' in (results / "report.html").read_text()


def test_nothing_is_trained_and_the_report_says_what_is_known(study):
    results = study / "results/external"
    assert not (results / "models").exists()
    page = html.unescape((results / "report.html").read_text())
    assert "vendor_v1 has a mean AUC of" in page
    assert "U: the model's training data are unknown" in page
    assert "trained on a hospital far away (as stated by its maker)" in page
    assert "No model was trained" in page
    assert 'id="figure-claims"' in page
    assert json.loads((results / "figures/claims.json").read_text())["title"].startswith("Claims not met")
    transfer = pd.read_csv(results / "analysis/transfer.csv")
    assert np.isfinite(transfer.loc[transfer["model"] != "labels", "auc"]).all()


def test_films_are_planned_listed_read_and_judged(study):
    """The tiny version of config/studies/planning.yaml: labels of a part say what those of all say."""
    results = study / "results/external"
    films = pd.read_csv(results / "to_read/ours.csv")
    assert list(films["order"]) == list(range(1, READINGS + 1))
    assert films["weight"].sum() == pytest.approx(IMAGES)
    named = pd.read_csv(study / "private/to_read/external.ours.csv")
    assert list(named["released_image_id"]) == list(films["id"])  # the data set is public
    read = pd.read_csv(results / "analysis/read_films.csv")
    assert set(read["model"]) == {"vendor_v1", "vendor_v2", "published"}
    truth = pd.read_csv(study / "results/datasets/ours/release/truth.csv").set_index("image_id")
    for row in read[read["measure"] == "prevalence"].itertuples():
        assert row.images < row.listed == READINGS  # one film in twenty cannot be read
        assert row.estimate_low < (truth[row.task] >= 0.3).mean() < row.estimate_high
    sizes = pd.read_csv(results / "analysis/sample_sizes.csv")
    page = html.unescape((results / "report.html").read_text())
    assert f"Effusion: read {sizes['images'][sizes['measure'] == 'all'].iloc[0]:,} films" in page
    assert "of 120 films read" in page
