"""Contracts of tables: a change of columns needs another version, and each program knows its own tables alone."""

import json

import pytest

from crossray import code_version, tables
from crossray.tables.contract import columns, digest
from helpers import ROOT

CONTRACTS = {contract.NAME: contract for contract in tables.contracts()}
#: table -> version and digest of its columns; after a change: another VERSION, a line in docs/tables.md, and this
RECORDED = json.loads((ROOT / "tests/unit/contracts.json").read_text())


def test_columns_change_with_their_version_alone():
    assert {name: [one.VERSION, digest(one)] for name, one in CONTRACTS.items()} == RECORDED


@pytest.mark.parametrize("name", CONTRACTS)
def test_keys_are_columns(name):
    assert CONTRACTS[name].KEY
    assert set(CONTRACTS[name].KEY) <= set(columns(CONTRACTS[name]))


def test_names_are_unique():
    assert len(list(tables.contracts())) == len(CONTRACTS) > 45


@pytest.mark.parametrize("program", ["measure_transfer", "train_model", "convert_shard"])
def test_a_program_imports_the_contracts_of_its_tables_alone(program):
    own = {  # manifest.py writes the look-up
        "measure_transfer": {"lookup", "performance", "transfer"},
        "train_model": {"lookup", "training"},
        "convert_shard": {"conversion", "lookup"},
    }
    modules = {contract.__module__ for contract in CONTRACTS.values()}
    known = code_version.imported(program)
    found = {name.rpartition(".")[2] for name in modules if any(f"{one}.".startswith(f"{name}.") for one in known)}
    assert found == own[program]
