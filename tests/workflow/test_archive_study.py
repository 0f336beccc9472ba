"""The path of docs/archive.md as written: a query by name, what has labels fetched and converted, raw files deleted."""

import json
import re

import pytest

from helpers import ROOT
from pacs import ORTHANC, PLUGIN, Orthanc, hospital
from workflow_helpers import copy_workflow, planned

pytestmark = [
    pytest.mark.archive,
    pytest.mark.skipif(not (ORTHANC and PLUGIN), reason="no Orthanc with its DICOMweb plugin is installed"),
]

STUDIES = 12
COMMAND = re.compile(r"^snakemake (\w+) --cores \w+ --configfile first\.yaml", re.MULTILINE)


def test_the_path_as_written(tmp_path):
    page = (ROOT / "docs/archive.md").read_text(encoding="utf-8")
    block = page.split("```yaml\n")[1].split("```")[0]
    assert len(block.splitlines()) <= 10
    query, convert, diff = COMMAND.findall(page)
    files, labels = hospital(tmp_path / "dicom", STUDIES)
    archive = Orthanc(tmp_path / "orthanc")
    checkout = copy_workflow(tmp_path / "site")
    labels.to_csv(checkout.folder / "labels.csv", index=False)
    block = block.replace("https://pacs.hospital.org/dicom-web", archive.url)
    further = "    keep_raw: false\n    limits: { per_second: 500 }\nimages:"
    checkout.write("first.yaml", block.replace("images:", further))
    raw = checkout.folder / "private/archive/ours/raw"

    told = checkout.snakemake(convert, "--dry-run", study="first.yaml", check=False)
    assert "its archive has not been asked yet what it has; run: snakemake query" in told
    try:
        archive.start().put(*files)
        assert f"ours: {STUDIES} studies with" in checkout.snakemake(query, study="first.yaml")
        jobs = planned(checkout.snakemake(convert, "--dry-run", study="first.yaml"))
        assert jobs["retrieve_for_once"] == 1
        assert not raw.exists()
        checkout.snakemake(convert, study="first.yaml")
        assert "nothing has changed" in checkout.snakemake(diff, study="first.yaml")
    finally:
        archive.stop()
    index = json.loads((checkout.folder / "results/datasets/ours/224px/index.json").read_text())
    assert index["images"] == STUDIES
    assert not raw.exists()
    assert not (raw.parent / "incoming").exists()
    assert planned(checkout.snakemake(convert, "--dry-run", study="first.yaml")) == {}
    labels.assign(Effusion=1 - labels["Effusion"]).to_csv(checkout.folder / "labels.csv", index=False)
    again = planned(checkout.snakemake(convert, "--dry-run", study="first.yaml"))
    assert again["retrieve_for_once"] == again["make_manifest"] == 1
