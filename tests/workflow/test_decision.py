"""The showcase of the decision on made-up releases of its layout: from files to the sheet, and checked again."""

import numpy as np
import PIL.Image
import pytest
import yaml

from crossray.tables import read
from crossray.tables.acceptance import Acceptance, Thresholds
from workflow_helpers import copy_workflow

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

#: release -> the prefix of its files, images, and what is added to those with the finding, in grey levels
RELEASES = {"shenzhen": ("CHNCXR", 120, 60), "montgomery": ("MCUCXR", 80, 60)}


def release(root, prefix, images, brighter):
    """Write films of noise, brighter where the name ends in 1."""
    generator = np.random.default_rng(images)
    for folder in ("CXR_png", "ClinicalReadings"):
        (root / folder).mkdir(parents=True)
    for number in range(images):
        ill = number % 2
        pixels = generator.integers(0, 120, (40, 40)) + brighter * ill
        name = f"{prefix}_{number + 1:04}_{ill}"
        PIL.Image.fromarray(pixels.astype(np.uint8)).save(root / f"CXR_png/{name}.png")
        (root / f"ClinicalReadings/{name}.txt").write_text(f"male {20 + number % 60}yrs\n{'PTB' if ill else 'normal'}")


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    """Run the study on small made-up releases; return its checkout."""
    checkout = copy_workflow(tmp_path_factory.mktemp("decision"))
    study = yaml.safe_load((checkout.folder / "config/studies/tuberculosis.yaml").read_text())
    for name, facts in RELEASES.items():
        root = tmp_path_factory.mktemp(name)
        release(root, *facts)
        study["datasets"][name] |= {"root": str(root), "shards": 1}
    study |= {"models": {"small": {"architecture": "resnet18"}}, "images": {"size": 32}}
    study["training"] = {"epochs": 8, "batch_size": 16}
    checkout.write("tb.yaml", yaml.safe_dump(study))
    checkout.snakemake(study="tb.yaml")
    return checkout


def test_the_sheet_answers_for_the_programme(decided):
    answers = read(decided.folder / "results/tuberculosis/analysis/acceptance.csv", Acceptance)
    here = answers[answers["target"] == "montgomery"]
    assert set(here["threshold_from"]) == {"source's validation split", "target, cross-fitted"}
    local = here[here["threshold_from"] == "target, cross-fitted"].set_index("criterion")
    assert local.loc["all", "answer"] == "met"  # brightness gives everything away
    thresholds = read(decided.folder / "results/tuberculosis/analysis/thresholds.csv", Thresholds)
    row = thresholds[(thresholds["target"] == "montgomery") & (thresholds["threshold_from"] == "target, cross-fitted")]
    assert row["sensitivity"].item() > 0.9
    assert 0 < row["alerts_per_day"].item() < 60
    sheet = (decided.folder / "results/tuberculosis/decision.html").read_text()
    assert "Tuberculosis at montgomery: criteria met by small of shenzhen" in sheet
    assert "<script" not in sheet
    page = (decided.folder / "results/tuberculosis/report.html").read_text()
    assert page.index("criteria met by small of shenzhen") < page.index("Key numbers")


def test_a_signed_sheet_is_checked_again_and_a_changed_criterion_shows(decided):
    decided.write("signed.html", (decided.folder / "results/tuberculosis/decision.html").read_text())
    words = ("recheck", "--config", "sheet=signed.html")
    assert "is the sheet of these results" in decided.snakemake(*words, study="tb.yaml")
    decided.change("tb.yaml", "sensitivity: 0.9", "sensitivity: 0.8")
    told = decided.snakemake(*words, study="tb.yaml", check=False)
    assert "other: the criteria, as the configuration has them" in told
    assert "same: the models' outputs for every image" in told
    assert "signed.html: is not the sheet of" in told
