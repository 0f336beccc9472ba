"""Which numbers of two studies differ: `snakemake diff`."""

import shutil

import numpy as np
import pandas as pd
import pytest

import diff
from crossray.differences import compare
from crossray.errors import UserError
from crossray.tables import contract_of, read, write

TABLES = {"performance", "transfer", "summary", "shift", "shift_evidence"}


@pytest.fixture
def copies(analysed, tmp_path):
    """Return the folders of two equal studies."""
    folders = [tmp_path / name / "analysis" for name in ("before", "after")]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in TABLES:
            shutil.copyfile(analysed.folder / f"analysis/{name}.csv", folder / f"{name}.csv")
    return folders


def change(folder, name, edit):
    table = read(folder / f"{name}.csv", contract_of(name))
    write(folder / f"{name}.csv", edit(table), contract_of(name))


def test_a_study_is_equal_to_itself_in_every_table(copies, capsys):
    found = list(compare(*copies))
    assert {one.name for one in found} == TABLES
    assert all(one.differ.empty and one.rows[1:] == (0, 0) for one in found)
    assert sum(one.numbers for one in found) > 1000
    assert diff.main(["--before", str(copies[0].parent), "--after", str(copies[1])]) == 0
    said = capsys.readouterr().out
    assert "numbers are equal" in said
    assert "differ" not in said
    assert "No number is beyond an interval." in said


def test_what_moved_is_told_and_what_moved_beyond_its_interval_is_named(copies, capsys):
    rows = read(copies[0] / "performance.csv", contract_of("performance"))
    place, other = rows.index[rows["auc"].notna()][:2]

    def move(table):
        table.loc[place, "auc"] = rows.loc[place, "auc_low"] - 0.01
        table.loc[other, "auc"] = (rows.loc[other, "auc_high"] + rows.loc[other, "auc"]) / 2
        return table

    change(copies[1], "performance", move)
    (found,) = [one for one in compare(*copies) if len(one.differ)]
    assert found.name == "performance"
    assert list(found.differ["number"]) == ["auc", "auc"]
    (beyond,) = found.beyond.itertuples()
    assert beyond.row == " ".join(rows.loc[place, ["model", "source", "target", "task", "seed"]])
    assert (beyond.before, beyond.after) == (rows.loc[place, "auc"], rows.loc[place, "auc_low"] - 0.01)
    assert diff.main(["--before", str(copies[0]), "--after", str(copies[1])]) == 0
    said = capsys.readouterr().out
    assert "2 of" in said
    assert "numbers differ, 1 of them beyond an interval" in said


def test_rows_and_numbers_of_one_study_alone_are_counted(copies):
    change(copies[0], "transfer", lambda table: table[:-1])
    change(copies[1], "transfer", lambda table: table[1:])
    rows = len(pd.read_csv(copies[0] / "transfer.csv"))
    (found,) = [one for one in compare(*copies) if one.rows[1:] != (0, 0)]
    assert (found.name, found.rows) == ("transfer", (rows - 1, 1, 1))

    change(copies[1], "performance", lambda table: table.assign(auc=np.nan))
    (found,) = [one for one in compare(*copies) if one.name == "performance"]
    assert set(found.differ["number"]) == {"auc"}
    assert found.beyond.empty


def test_a_folder_without_tables_and_a_study_that_is_not_named_are_told(copies, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no tables: name the folder of a study"):
        list(compare(tmp_path / "empty", copies[1]))
    assert diff.main(["--before", "", "--after", str(copies[1])]) == 1
    assert "--config before=results/STUDY" in capsys.readouterr().err
