"""Commands of the docs that run a study which comes with CrossRay and needs no data: each is planned, as quoted."""

import re

import pytest
import yaml

from helpers import ROOT
from workflow_helpers import planned

PAGE = (ROOT / "docs/running.md").read_text(encoding="utf-8")
PHANTOMS = PAGE.split("## Studies that come with it\n")[1].split("These need public data")[0]
STUDIES = ["config/config.yaml", *re.findall(r"^snakemake --cores all --configfile (\S+)", PHANTOMS, re.MULTILINE)]


@pytest.mark.workflow
@pytest.mark.whole
@pytest.mark.parametrize("study", STUDIES)
def test_studies_on_phantoms_are_planned_as_quoted(checkout, study):
    jobs = planned(checkout.snakemake("--dry-run", study=study))
    datasets = yaml.safe_load((ROOT / study).read_text(encoding="utf-8"))["datasets"]
    assert jobs["make_manifest"] == len(datasets)
    assert jobs["write_report"] == 1
