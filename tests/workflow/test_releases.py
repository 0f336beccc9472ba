"""Every reader at once, through the workflow: made-up releases to shards, and the audit of what they share."""

import json

import pandas as pd
import pytest
import yaml

from crossray.figures.entries import NEEDS
from crossray.figures.registry import FIGURES, had
from releases import LAYOUTS, mimic_cxr
from workflow_helpers import copy_workflow, executed, planned

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Return a checkout in which all releases were converted and audited."""
    checkout = copy_workflow(tmp_path_factory.mktemp("readers"))
    datasets = {}
    for name, (maker, settings) in LAYOUTS.items():
        root = tmp_path_factory.mktemp(name)
        maker(root)
        datasets[name] = {"reader": maker.__name__, "root": str(root), "public": True} | settings
    study = {"study": "readers", "tasks": ["Pneumonia"], "images": {"size": 32, "fit": "pad"}, "datasets": datasets}
    checkout.write("readers.yaml", yaml.safe_dump(study))
    checkout.snakemake("results/readers/leakage/summary.csv", study="readers.yaml")
    return checkout


def test_every_release_ends_in_shards(read):
    for name in LAYOUTS:
        index = json.loads((read.folder / f"results/datasets/{name}/32px-pad/index.json").read_text())
        assert index["images"] > 0, name
        assert index["rejected"] == 0, name
        assert index["preprocessing"]["fit"] == "whole, on black"


def test_the_same_films_in_several_releases_are_found(read):
    found = pd.read_csv(read.folder / "results/readers/leakage/summary.csv").set_index(["source", "target"])
    assert found.loc[("nih", "google"), "exact"] == 2
    assert found.loc[("nih", "google"), "shared_patients"] == 2
    assert found.loc[("mimic_ch", "mimic_nb"), "shared_patients"] == 2
    assert found.loc[("nih", "rsna"), ["exact", "near"]].sum() == 3  # PNG there, DICOM here
    assert (found["overlap"] == 0).all()


def test_a_changed_table_of_synonyms_reads_that_release_again(read):
    table = read.folder / "resources/labels/vindr.csv"
    table.write_text(table.read_text() + "goitre,Goitre,\n")
    jobs = executed(read.snakemake("-n", "results/readers/leakage/summary.csv", study="readers.yaml"))
    assert {words for rule, words in jobs if rule == "make_manifest"} == {"dataset=vindr"}


def test_the_papers_study_resolves_to_its_whole_graph(tmp_path):
    """Made-up releases stand where the study wants the paper's; nothing runs."""
    checkout = copy_workflow(tmp_path / "paper")
    study = yaml.safe_load((checkout.folder / "config/studies/cohen2020.yaml").read_text())
    for name, block in study["datasets"].items():
        root = tmp_path / name
        root.mkdir()
        maker = mimic_cxr if name == "mimic_nb" else LAYOUTS[name][0]
        maker(root)
        block["root"] = str(root)
        block |= {"nih_mapping": "mapping.json"} if name == "rsna" else {}
    checkout.write("cohen2020.yaml", yaml.safe_dump(study))
    jobs = planned(checkout.snakemake("-n", study="cohen2020.yaml"))
    sources, seeds = 11, 3
    assert jobs["train_model"] == sources * seeds
    assert jobs["train_shared_heads"] == 2 * seeds
    assert jobs["predict"] == sources * seeds  # each on the splits of every target, and on a sample of their images
    absent = ("models", "sweeps", "classes", "attribution", "localisation", "explanation", "corrections", "truth",
              "acceptance", "adaptation", "counted", "monitoring", "external", "usefulness", "plan", "readings", "read",
              "readers")  # fmt: skip
    assert jobs["draw_figure"] == len(had(FIGURES, set(NEEDS) - set(absent)))
    assert jobs["compare_paper"] == jobs["compare_labels"] == jobs["compare_domains"] == jobs["write_report"] == 1
