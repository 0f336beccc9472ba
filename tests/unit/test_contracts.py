"""Contracts of tables: a change of columns needs another version, and each program knows its own tables alone."""

import json

import pytest

from crossray import code_version, tables
from crossray.tables.contract import columns, digest
from helpers import ROOT

CONTRACTS = {contract.NAME: contract for contract in tables.contracts()}
#: table -> digests of its columns, one a version
RECORDED = json.loads((ROOT / "tests/unit/contracts.json").read_text())
#: what to do where columns changed
MEND = "columns changed: add a line to MIGRATIONS of the contract, and this digest to tests/unit/contracts.json"


def test_every_table_is_recorded():
    assert set(CONTRACTS) == set(RECORDED)


@pytest.mark.parametrize("name", CONTRACTS)
def test_other_columns_are_another_version_with_a_line_on_how_to_migrate(name):
    assert digest(CONTRACTS[name]) == RECORDED[name][-1], MEND
    assert CONTRACTS[name].version() == len(RECORDED[name]), MEND
    assert all(len(line.split()) > 3 for line in CONTRACTS[name].MIGRATIONS)


@pytest.mark.parametrize("name", CONTRACTS)
def test_keys_are_columns(name):
    assert CONTRACTS[name].KEY
    assert set(CONTRACTS[name].KEY) <= set(columns(CONTRACTS[name]))


def test_keys_tell_rows_apart(analysed):
    paths = sorted(analysed.folder.glob("analysis/*.csv"))
    assert len(paths) > 30
    for path in paths:
        contract = CONTRACTS[path.stem]
        table = tables.read(path, contract)
        assert not table.duplicated(list(contract.KEY)).any(), path.stem


def test_names_are_unique():
    assert len(list(tables.contracts())) == len(CONTRACTS) > 45


def families(program):
    """Return the families of tables that a program knows."""
    modules = {contract.__module__ for contract in CONTRACTS.values()}
    known = code_version.imported(program)
    return {name.rpartition(".")[2] for name in modules if any(f"{one}.".startswith(f"{name}.") for one in known)}


@pytest.mark.parametrize(
    ("program", "own"),
    [
        ("measure_transfer", {"comparisons", "performance", "transfer"}),
        ("train_model", {"training"}),
        ("convert_shard", {"conversion"}),
        ("draw_figure", set()),
        ("write_report", {"conversion", "training"}),
    ],
)
def test_a_program_imports_the_contracts_of_its_tables_alone(program, own):
    assert families(program) - {"lookup"} == own  # manifest.py reads that
