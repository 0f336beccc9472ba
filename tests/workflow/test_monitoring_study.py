"""The tiny version of config/studies/monitoring.yaml: months and estimates through the workflow, up to the report."""

import pandas as pd
import pytest
import yaml

from helpers import ROOT
from workflow_helpers import Checkout, copy_workflow, planned, same_key

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

#: images of hospitals with and without months
DATED, OTHERS = 150, 60


@pytest.fixture(scope="module")
def study(made_once):
    """Return a checkout in which the study has run; do not change it."""
    settings = yaml.safe_load((ROOT / "config/studies/monitoring.yaml").read_text())
    del (
        settings["datasets"]["bay"],
        settings["datasets"]["west"],
    )  # the fewest hospitals for which an estimate is tested
    for dataset in settings["datasets"].values():
        dataset |= {"images": DATED if "months" in dataset else OTHERS, "shards": 1}
        dataset["appearance"] = dataset.get("appearance", {}) | {"rows": 64}
    cape = settings["datasets"]["cape"] | {"months": 12, "several_images": 0}
    cape["changes"] = [{"month": 6, "labelling": {"unlabelled": ["Cardiomegaly", "Effusion"]}},
                       {"month": 8, "appearance": {"rows": 64, "exposure": 0.5, "noise": 0.1}}]  # fmt: skip
    settings["datasets"] |= {"cape": cape}
    settings |= {"images": {"size": 32}, "evaluation": {"minimum": 2, "resamples": 100}}
    settings["training"] |= {"epochs": 1, "batch_size": 16}
    settings["explanation"] |= {"minimum": 2, "resamples": 50}

    def run(folder):
        checkout = copy_workflow(folder)
        checkout.write("monitoring.yaml", yaml.safe_dump(settings))
        same_key(folder)
        checkout.snakemake(study="monitoring.yaml")

    return Checkout(made_once("monitoring", run))


def table(study, name):
    return pd.read_csv(study.folder / f"results/monitoring/analysis/{name}.csv")


def test_the_page_answers_first_whether_anything_moved(study):
    page = (study.folder / "results/monitoring/report.html").read_text()
    answer = page.split('<div class="answer">')[1].split("</p>")[0]
    assert " at cape " in answer
    assert " in month " in answer
    heading = page.index("Did anything move, and how good are models without labels?")
    first = page.index("streams in 6 watched months after 6 that charts learnt from")
    assert heading < first < page.index('id="figure-control_charts"') < page.index('id="figure-unlabelled"')
    assert "Not watched: east, hill, lake, north, south; the images have no dates, or too few months" in page


def test_planted_darkness_is_found_and_named(study):
    watched = table(study, "watched").set_index("dataset")
    assert watched["reason"].drop("cape").eq("T").all()
    assert watched.loc["cape", ["periods", "baseline", "watched"]].tolist() == [12, 6, 6]
    alarms = table(study, "alarms")
    assert len(alarms) == watched.loc["cape", "alarms"] > 0
    assert alarms["month"].min() >= 8
    assert set(alarms["moved"]) == {"images"}
    assert "mean of images" in set(alarms["stream"])
    charts = table(study, "control_charts")
    assert charts["is_alarm"].sum() == len(alarms)
    assert charts.groupby("stream")["images"].sum().eq(DATED).all()


def test_images_without_labels_are_estimated_by_themselves_and_none_is_printed_unchecked(study):
    found = table(study, "unlabelled")
    later = found[found["group"] == "unlabelled"]
    assert set(later["target"]) == {"cape"}
    assert (later["estimate"].notna() == later["reason"].isna()).all()
    tested = found[found["error"].notna()]
    assert ((tested["estimate"] - tested["truth"] - tested["error"]).abs() < 1e-6).all()
    errors = table(study, "unlabelled_errors")
    cells = tested.groupby(["estimator", "quantity"]).size()
    counted = errors[errors["cause"] == "all"].set_index(["estimator", "quantity"])["cells"]
    assert counted.to_dict() == cells.to_dict()


def test_another_tolerance_estimates_again_and_looks_at_no_image(study):
    settings = yaml.safe_load((study.folder / "monitoring.yaml").read_text())
    study.write("tighter.yaml", yaml.safe_dump(settings | {"monitoring": settings["monitoring"] | {"tolerance": 0.2}}))
    jobs = planned(study.snakemake("-n", study="tighter.yaml"))
    assert {"estimate_unlabelled", "chart_months"} <= set(jobs)
    assert not {"describe_images", "train_model", "predict", "simulate_hospital"} & set(jobs)
