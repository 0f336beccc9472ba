"""The path of docs/decision.md, from a vendor's file and a folder of DICOM to the sheet, as it is written there."""

import csv
import re
import shlex

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT, dicom_file
from workflow_helpers import same_key

pytestmark = [pytest.mark.workflow, pytest.mark.whole]


def as_written():
    """Return the configuration and the commands of the page."""
    page = (ROOT / "docs/decision.md").read_text(encoding="utf-8")
    part = page.split("## From a vendor's file to the sheet")[1].split("\n## ")[0]
    configuration, commands = re.findall(r"```(?:yaml|bash)\n(.*?)```", part, re.DOTALL)
    return configuration, commands.splitlines()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """Return a folder of made-up films, two a study, beside labels and a vendor's scores that follow them."""
    folder = tmp_path_factory.mktemp("chest")
    generator = np.random.default_rng(0)
    labels, scores = [("accession", "Effusion")], [("accession", "pleural_effusion")]
    for study in range(160):
        ill, accession = int(study % 4 == 0), f"A{study:04}"
        for view in ("PA", "LL"):
            pixels = generator.integers(0, 200, (48, 40), dtype=np.uint8)
            patient = {"PatientID": f"p{study // 2}", "PatientSex": "FM"[study // 2 % 2], "PatientAge": "050Y"}
            dicom_file(folder / f"{study % 7}/IM{study}{view}", pixels, AccessionNumber=accession, ViewPosition=view,
                       StudyInstanceUID=f"1.2.3.{study}", **patient)  # fmt: skip
        labels.append((accession, ill))
        if study != 7:  # the software refused it
            scores.append((accession, int(np.clip(30 + 40 * ill + generator.normal(0, 12), 0, 100))))
    for name, rows in (("labels", labels), ("vendor", scores)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


def test_ten_lines_lead_to_the_sheet(hospital, checkout):
    configuration, commands = as_written()
    assert len(configuration.splitlines()) == 10
    text = configuration.replace("/data/chest", str(hospital)).replace("vendor.csv", str(hospital / "vendor.csv"))
    checkout.write("vendor.yaml", text)
    same_key(checkout.folder)
    told = []
    for words in map(shlex.split, commands):
        place = words.index("--configfile")
        assert words[0] == "snakemake"
        told.append(checkout.snakemake(*words[1:place], study=words[place + 1]))
    assert "No problems found" in told[0]
    results = checkout.folder / "results/vendor"
    answers = pd.read_csv(results / "analysis/acceptance.csv").set_index(["threshold_from", "criterion"])
    assert answers.loc[("the maker", "specificity"), "answer"] == "met"
    refusals = pd.read_csv(results / "analysis/refusals.csv").set_index("group")
    images = refusals["images"].astype(int)
    assert images["refused"] == images["all"] - images["scored"] >= 5  # one study, of data that are not public
    groups = pd.read_csv(results / "analysis/acceptance_groups.csv").set_index(["attribute", "group", "criterion"])
    assert {"F", "M"} <= set(groups.loc["sex"].index.get_level_values("group"))
    sheet = (results / "decision.html").read_text(encoding="utf-8")
    assert "Effusion at ours: vendor, at the threshold of its maker" in sheet
