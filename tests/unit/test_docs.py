"""What the pages say of tables is what the code writes."""

import re

import pytest

from crossray.figures.registry import TABLES
from helpers import ROOT

PAGE = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
#: columns that the head of the page explains for all tables
COMMON = {"model", "source", "target", "task", "seed", "images", "patients", "positives", "negatives", "reason"}


def section(name):
    return next(line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}.csv`" in line)


#: tables of the analyses that the page offers, and those that figures alone read
ANALYSES = [name for name, table in TABLES.items() if table.path.startswith("analysis/")]


@pytest.mark.parametrize("name", [*ANALYSES, "head_places", "output_points", "output_extremes"])
def test_every_column_of_every_table_is_explained(analysed, name):
    columns = (analysed.folder / "analysis" / f"{name}.csv").read_text().splitlines()[0].split(",")
    named = set(re.findall(r"`(\w+)`", section(name)))
    missing = {column for column in columns if not re.search(r"_(low|high)$", column)} - named - COMMON
    written_out = {"quantity", "property", "value", "split", "dataset"}  # the row says what they are
    assert missing <= written_out, missing


def test_the_page_names_no_table_that_is_not_there(analysed):
    named = set(re.findall(r"`(\w+)\.csv`", PAGE))
    assert named == {path.stem for path in (analysed.folder / "analysis").glob("*.csv")}
