"""Texts of releases and configurations in files that a person opens: nothing runs, nothing reads as it is not spelt."""

import base64
import gzip
import io
import re
import unicodedata
import urllib.parse

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossray.datasets import Release, unpacked
from crossray.figures.report_tables import download
from crossray.figures.style import Figure, write
from crossray.files import write_csv
from crossray.tables import read
from crossray.texts import as_cell, from_cell, visible
from helpers import ROOT, contract

#: signs by which a spreadsheet tells a formula
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: what Unicode lists as marks of direction, in classes of its own
DIRECTIONS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
MARKS = [chr(n) for n in range(0x3000) if unicodedata.bidirectional(chr(n)) in DIRECTIONS] + [
    "\u200e",
    "\u200f",
    "\u061c",
]
FORMULAS = ["=1+1", "=HYPERLINK(\"//x\";A1)", "+A1", "-A1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "'=1", "''=1", " =1",
            "\u00a0=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\uff1d1", "-", "=", "a;=1",
            "a\t=1", "a|@x", "a\n=1", "a\r+b"]  # fmt: skip
ALPHABET = list("=+-@\t\r\n;|' a[]U+202EB5,\"\u202e\u200b\u2066\uff1d")


@given(st.text(st.sampled_from(ALPHABET) | st.characters(exclude_categories=["Cs"])))
@settings(max_examples=300, deadline=None)
def test_a_cell_is_read_as_the_text_that_it_was(text):
    assert from_cell(as_cell(text)) == text


def is_number(text):
    """Return whether a text is a number such as -5 or -0E0, which a spreadsheet may show as one."""
    try:
        return np.isfinite(float(text)) and text == text.strip()
    except ValueError:
        return False


@given(st.text(st.sampled_from(ALPHABET), min_size=1))
@example("-0E0")
@settings(max_examples=300, deadline=None)
def test_no_cell_begins_a_formula_wherever_a_spreadsheet_parts_it(text):
    cell = as_cell(text)
    assert not set(MARKS) & set(cell)
    if cell == text and is_number(text):
        return
    assert not cell.startswith(SIGNS)
    assert not any(part.lstrip(" \u200b").startswith(tuple("=+-@\uff1d")) for part in re.split(r"[;|\t\r\n]", cell))


@pytest.mark.parametrize("number", ["-0.5", "+3", "-1e-05", "1.5", "-.5"])
def test_numbers_are_no_formulas(number):
    assert as_cell(number) == number


@pytest.mark.parametrize("column", ["image_id", "reason", "task", "=cmd()", "\u202egpj.exe"])
def test_every_table_is_without_formulas_and_read_back_as_it_was(tmp_path, column):
    table = pd.DataFrame({"dataset": FORMULAS[::-1], column: FORMULAS, "auc": np.linspace(-1, 1, len(FORMULAS))})
    write_csv(tmp_path / "t.csv", table)
    raw = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert not [cell for cell in [*raw.columns, *raw["dataset"], *raw.iloc[:, 1]] if cell.startswith(SIGNS)]
    assert raw["auc"].iloc[0] == "-1"
    assert not [mark for mark in MARKS if mark in (tmp_path / "t.csv").read_text()]
    if column in ("image_id", "reason", "task"):
        pd.testing.assert_frame_equal(
            read(tmp_path / "t.csv", contract(**{"dataset": str, column: str, "auc": float})), table, check_dtype=False
        )


def test_the_table_that_a_page_offers_is_such_a_table(tmp_path):
    columns = ["dataset", "split", "rows", "found", "readable", "labelled", "patients"]
    table = pd.DataFrame([["=1+1", "\u202etset", -1, 0, 0, 0, 0]], columns=columns)
    write_csv(tmp_path / "flow.csv", table)
    packed = download("flow", table, tmp_path / "flow.csv").link.partition("base64,")[2]
    text = gzip.decompress(base64.b64decode(packed)).decode()
    assert pd.read_csv(io.StringIO(text)).iloc[0].tolist() == ["'=1+1", "[U+202E]tset", -1, 0, 0, 0, 0]


def test_there_is_one_writer_of_tables():
    scripts = ROOT / "workflow/scripts"
    writers = {
        path.name for path in scripts.rglob("*.py") if re.search(r"\bto_csv\(|csv\.(Dict)?[wW]riter", path.read_text())
    }
    assert writers == {"files.py"}


def test_classes_of_a_release_come_back_from_the_table_that_unpacking_writes(tmp_path):
    rows = [{"image_id": str(n), "path": f"{n}.png", "split": "", "class": name} for n, name in enumerate(FORMULAS)]
    write_csv(tmp_path / "labels.csv", pd.DataFrame(rows))
    found = unpacked.read_unpacked(Release(str(tmp_path), (str(tmp_path / "labels.csv"),)), {"split": {}})
    # Line breaks become those of Unix, as in every table of a release.
    assert set(found.table.columns[7:]) == {name.replace("\r", "\n") for name in FORMULAS}


def test_a_mark_of_direction_is_seen_in_a_drawing(tmp_path):
    for number, mark in enumerate(MARKS):
        chart = alt.Chart(pd.DataFrame({"name": [f"a{mark}b"], "x": [1]})).mark_bar().encode(x="x:Q", y="name:N")
        if number == 0:
            figure = Figure(chart, f"Title {mark}", f"Caption {mark}", "")
            write(figure, tmp_path / "f.svg", tmp_path / "f.png", tmp_path / "f.json")
            drawing = urllib.parse.unquote((tmp_path / "f.svg").read_text())
            assert mark not in drawing
            assert drawing.count(f"[U+{ord(mark):04X}]") >= 2
        assert visible(f"a{mark}b") == f"a[U+{ord(mark):04X}]b"
