"""What one stage writes, another reads back as it was: names are text, whatever they look like."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assign_splits
from crossray import manifest
from crossray.analysis import transfer
from crossray.analysis.options import read_overlap
from crossray.errors import UserError
from crossray.files import write_csv
from crossray.tables import NUMBERS, TEXTS, read
from helpers import manifest_table

#: names that a reader which guesses takes for numbers, dates, flags or missing values
TEMPTING = ["2017", "01", "NA", "null", "None", "nan", "1e5", "true", "-", "inf", "#N/A", "2017-01-01", "0x1F", " x "]


@pytest.mark.parametrize("column", ["model", "source", "target", "task", "patient_id", "image_id", "dataset", "first"])
def test_a_name_stays_the_text_that_it_is(tmp_path, column):
    table = pd.DataFrame({column: TEMPTING, "auc": 0.5})
    write_csv(tmp_path / "table.csv", table)
    assert read(tmp_path / "table.csv")[column].tolist() == TEMPTING


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), min_size=1, max_size=5))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_survives(tmp_path, names):
    write_csv(tmp_path / "table.csv", pd.DataFrame({"task": names, "cells": range(len(names))}))
    read_back = read(tmp_path / "table.csv")
    assert read_back["task"].tolist() == names
    assert read_back["cells"].tolist() == list(range(len(names)))


def test_numbers_are_numbers_and_empty_is_missing(tmp_path):
    written = pd.DataFrame({"model": ["a", None], "auc": [0.25, None], "images": [3, 4], "worst": [True, False],
                            "inside": [True, None]})  # fmt: skip
    write_csv(tmp_path / "table.csv", written)
    table = read(tmp_path / "table.csv")
    assert table["model"].isna().tolist() == [False, True]
    assert table["auc"].isna().tolist() == [False, True]
    assert table["images"].tolist() == [3, 4]
    assert table["worst"].dtype == bool
    assert table["inside"][0] is True


def test_a_column_without_any_value_keeps_its_type(tmp_path):
    write_csv(tmp_path / "table.csv", pd.DataFrame({"reason": [None, None], "auc": [None, None]}))
    table = read(tmp_path / "table.csv")
    assert (table["reason"].dtype, table["auc"].dtype) == ("str", "float64")
    write_csv(tmp_path / "table.csv", pd.DataFrame({"reason": [], "auc": []}))
    assert read(tmp_path / "table.csv").empty


def test_an_edited_number_is_named(tmp_path):
    (tmp_path / "shift.csv").write_text("model,auc\na,0.5\nb,high\n")
    with pytest.raises(UserError, match=r"shift\.csv: column auc holds other things than numbers; delete the file"):
        read(tmp_path / "shift.csv")


def test_a_column_may_mean_another_thing_in_another_table(tmp_path):
    for name in ("shift_acceptance", "datasets"):
        write_csv(tmp_path / f"{name}.csv", pd.DataFrame({"value": ["01"]}))
    assert read(tmp_path / "shift_acceptance.csv")["value"].tolist() == [1]
    assert read(tmp_path / "datasets.csv")["value"].tolist() == ["01"]
    assert all(columns <= TEXTS for columns in NUMBERS.values())


def test_patients_of_tempting_names_move_as_the_audit_says(tmp_path):
    table = manifest_table(len(TEMPTING), ["A"]).assign(patient_id=TEMPTING, split="train")
    manifest.write(tmp_path / "before.parquet", table, {"dataset": "d"})
    write_csv(tmp_path / "moves.csv", pd.DataFrame({"patient_id": TEMPTING[1::2], "split": "test"}))
    files = {"manifest": "before.parquet", "moves": "moves.csv", "output": "after.parquet", "digest": "after.sha256"}
    words = [word for flag, name in files.items() for word in (f"--{flag}", str(tmp_path / name))]
    assert assign_splits.main([*words, "--settings", '{"classes": []}']) == 0
    after = manifest.read(tmp_path / "after.parquet")
    assert after.loc[after["split"] == "test", "patient_id"].tolist() == TEMPTING[1::2]


def test_losses_are_measured_whatever_hospitals_tasks_and_models_are_called(tmp_path):
    names = TEMPTING[:3]
    keys = [("1e5", source, target, task, "0") for source in names for target in names for task in ("None", "nan")]
    cells = pd.DataFrame(keys, columns=["model", "source", "target", "task", "seed"])
    write_csv(tmp_path / "performance.csv", cells.assign(auc=0.7, auc_low=0.6, auc_high=0.8, reason=None))
    cells.assign(replicates=[[0.6, 0.8]] * len(cells)).to_parquet(tmp_path / "replicates.parquet", index=False)
    tables = transfer.measure(read(tmp_path / "performance.csv"), pd.read_parquet(tmp_path / "replicates.parquet"))
    assert tables[0]["tasks"].tolist() == [2] * 9
    assert list(dict.fromkeys(tables[0]["source"])) == names


def test_refused_targets_of_tempting_names_are_found(tmp_path):
    rows = [(source, target, int(source != target)) for source in TEMPTING[:4] for target in TEMPTING[:4]]
    write_csv(tmp_path / "summary.csv", pd.DataFrame(rows, columns=["source", "target", "overlap"]))
    members = {name: [name] for name in TEMPTING[:4]}
    expected = {(source, target) for source, target, overlap in rows if overlap}
    assert read_overlap(tmp_path / "summary.csv", members) == expected
