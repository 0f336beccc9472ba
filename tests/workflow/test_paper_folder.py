"""The target ``paper`` on the tiny study."""

import re

import pandas as pd
import pytest

from workflow_helpers import FIGURES_OF_TWO, executed

pytestmark = [pytest.mark.workflow, pytest.mark.whole]


def test_the_paper_of_a_study_is_written_from_it_and_reruns_nothing_else(again):
    jobs = [rule for rule, _ in executed(again.snakemake("paper"))]
    assert set(jobs) == {"typeset_figure", "write_paper", "paper"}
    assert jobs.count("typeset_figure") == len(FIGURES_OF_TWO)
    folder = again.folder / "results/tiny/paper"
    methods = (folder / "methods.md").read_text()
    assert "trained for 1 epochs" in methods
    assert "batches of 16" in methods
    assert "A tiny {study} of {{two}} {0}" in (folder / "tripod_ai.md").read_text()
    flow = pd.read_csv(again.folder / "results/tiny/analysis/flow.csv").query("split == 'all'")
    for row in flow.itertuples():
        assert f"{row.dataset}: {row.rows} rows after the label policy" in methods
    assert str(again.folder) not in "".join(path.read_text() for path in folder.glob("*.*"))
    assert re.search(r"@article\{delong1988,", (folder / "references.bib").read_text())
    assert "Nothing to be done" in again.snakemake("paper")


def test_a_caption_writes_the_report_and_the_paper_again_and_no_figure(again):
    again.snakemake("paper")
    again.change(
        "workflow/scripts/crossray/figures/sections/performance.py", "Internal minus external", "Inner minus outer"
    )
    assert {rule for rule, _ in executed(again.snakemake("-n", "paper"))} == {"write_report", "write_paper", "paper"}
