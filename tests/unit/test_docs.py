"""What docs/tables.md says of tables is what their contracts say, and what the analyses write."""

import importlib.util

import pytest

from crossray.figures.report_tables import VIEWS
from crossray.tables import contracts
from crossray.tables.contract import columns
from helpers import ROOT

PAGE = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
CONTRACTS = {contract.NAME: contract for contract in contracts()}


@pytest.fixture(scope="module")
def table_reference():
    """Return the module that writes the page."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "docs"))
        found = importlib.util.spec_from_file_location("table_reference", ROOT / "docs/table_reference.py")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    return module


def test_the_page_is_what_the_contracts_say(table_reference):
    head, mark, reference = PAGE.partition(table_reference.MARK)
    assert head
    assert mark
    assert reference.strip() == table_reference.reference().strip(), "run `make docs`"


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_column_has_a_meaning_or_is_the_end_of_an_interval(table_reference, name):
    said = table_reference.meanings(CONTRACTS[name])
    named = {column.removesuffix("_") for column in said}
    present = list(columns(CONTRACTS[name]))
    for column in set(present) - named:
        number, _, end = column.rpartition("_")
        assert end in ("low", "high"), column
        assert number in present, column


@pytest.mark.parametrize("name", VIEWS)
def test_what_the_report_shows_of_a_table_it_has(name):
    assert set(VIEWS[name].columns.split()) <= set(columns(CONTRACTS[name]))


def test_every_analysis_has_a_contract_and_every_contract_of_one_a_table(table_reference, analysed):
    written = {path.stem for path in (analysed.folder / "analysis").glob("*.csv")}
    assert len(written) > 30
    assert written == set(CONTRACTS) - set(table_reference.ELSEWHERE)
