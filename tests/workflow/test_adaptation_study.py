"""The tiny version of config/studies/adaptation.yaml: local images through the workflow, up to the report."""

import pandas as pd
import pytest
import yaml

from helpers import ROOT
from workflow_helpers import Checkout, copy_workflow, planned, same_key

pytestmark = [pytest.mark.workflow, pytest.mark.whole]


@pytest.fixture(scope="module")
def study(made_once):
    """Return a checkout in which the study has run; do not change it."""
    settings = yaml.safe_load((ROOT / "config/studies/adaptation.yaml").read_text())
    for dataset in settings["datasets"].values():
        dataset |= {"images": 70, "shards": 1, "split": {"train": 0.4, "validation": 0.2, "test": 0.4}}
        dataset["appearance"] |= {"rows": 64}
    settings |= {"images": {"size": 32}, "evaluation": {"minimum": 2, "resamples": 100}}
    settings["training"] |= {"epochs": 1, "batch_size": 16}
    settings["explanation"] |= {"minimum": 2, "resamples": 50}
    settings["adaptation"] |= {"images": [12], "draws": 1, "epochs": 1}

    def run(folder):
        checkout = copy_workflow(folder)
        checkout.write("adaptation.yaml", yaml.safe_dump(settings))
        same_key(folder)
        checkout.snakemake(study="adaptation.yaml")

    return Checkout(made_once("adaptation", run))


def test_the_curve_is_on_the_page_and_answers_first(study):
    page = (study.folder / "results/adaptation/report.html").read_text()
    assert 'id="figure-adaptation"' in page
    heading = page.index("What are local images worth, and what to do with them?")
    assert heading < page.index("resnet18 of north at south, for probabilities") < page.index('id="figure-adaptation"')


def test_every_way_has_every_number_of_images(study):
    table = pd.read_csv(study.folder / "results/adaptation/analysis/adaptation.csv")
    assert set(table["target"]) == {"south"}
    known = table[table["reason"].isna()]
    local = pd.read_parquet(study.folder / "results/adaptation/manifests/south.parquet")
    sizes = {0, 12, int((local["split"] != "test").sum())}
    assert set(known["local_images"]) == sizes
    counts = known.groupby(["task", "metric"]).size()
    assert (counts <= 1 + 6 * 2).all()
    assert counts.max() == 1 + 6 * 2
    advice = pd.read_csv(study.folder / "results/adaptation/analysis/adaptation_advice.csv")
    assert len(advice) == 2 * 3 * known.loc[known["task"] != "mean of tasks", "task"].nunique()


def test_a_change_of_what_is_measured_adapts_no_model_again(study):
    settings = yaml.safe_load((study.folder / "adaptation.yaml").read_text())
    study.write("fewer.yaml", yaml.safe_dump(settings | {"evaluation": {"minimum": 3, "resamples": 100}}))
    jobs = planned(study.snakemake("-n", study="fewer.yaml"))
    assert "measure_adaptation" in jobs
    assert not {"adapt_model", "train_model", "predict"} & set(jobs)
    study.write("more.yaml", yaml.safe_dump(settings | {"adaptation": settings["adaptation"] | {"draws": 2}}))
    jobs = planned(study.snakemake("-n", study="more.yaml"))
    assert jobs["adapt_model"] == 1
    assert "train_model" not in jobs
