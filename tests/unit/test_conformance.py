"""Every file of pydicom's own collections converts rightly or is rejected for the right reason."""

import dataclasses
import importlib.util
import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT

for package in ("data_store", "gdcm", "openjpeg"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"the package {package}, files or a reference decoder, is missing", allow_module_level=True)

if not shutil.which("dcmj2pnm"):
    pytest.skip("DCMTK, the judge of grey levels, is missing", allow_module_level=True)


pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def conformance():
    """Return the program of the docs."""
    specification = importlib.util.spec_from_file_location("conformance", ROOT / "docs/conformance.py")
    module = importlib.util.module_from_spec(specification)
    import sys

    sys.modules["conformance"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table(conformance):
    return pd.DataFrame(conformance.outcomes())


def test_no_file_fails(table):
    failed = table[table["result"] == "FAILED"]
    assert failed.empty, failed.to_string()
    assert (table["result"] == "converted").sum() > 140


def test_every_kind_of_syntax_is_in_the_set(table):
    converted = set(table.loc[table["result"] == "converted", "syntax"])
    assert len(converted) >= 12


def test_the_page_is_up_to_date(conformance, table):
    assert conformance.PAGE.read_text(encoding="utf-8") == conformance.page(table), "run `make conformance`"


def test_a_wrong_pixel_would_be_noticed(conformance, monkeypatch):
    path = next(path for path in conformance.files() if path.name == "MR_small.dcm")
    assert conformance.check(path).result == "converted"
    right = conformance.frames.decode

    def wrong(header, element):
        decoded = right(header, element)
        return dataclasses.replace(decoded, values=np.asarray(decoded.values) + 1)

    monkeypatch.setattr(conformance.frames, "decode", wrong)
    assert conformance.check(path).words == "4096 stored values differ"
    monkeypatch.undo()
    shown = conformance.read_dicom
    monkeypatch.setattr(conformance, "read_dicom", lambda path: (65535 - np.asarray(shown(path)[0]), 1.0))
    assert conformance.check(path).words.startswith("grey levels differ")
    monkeypatch.undo()
    monkeypatch.setattr(conformance, "BROKEN", {"MR_small.dcm": "several frames"})
    assert conformance.check(path).result == "FAILED"
