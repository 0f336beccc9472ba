"""What one stage writes, another reads back as it was: names are text, whatever they look like."""

import numpy as np
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
from crossray.tables import read, write
from crossray.tables.comparisons import Comparisons
from crossray.tables.contract import Count, Share, names
from crossray.tables.leakage import Leakage
from crossray.tables.performance import Performance
from helpers import contract, manifest_table

#: names that a reader which guesses takes for numbers, dates, flags or missing values
TEMPTING = ["2017", "01", "NA", "null", "None", "nan", "1e5", "true", "-", "inf", "#N/A", "2017-01-01", "0x1F", " x "]


@pytest.mark.parametrize("column", ["model", "source", "target", "task", "patient_id", "image_id", "dataset", "first"])
def test_a_name_stays_the_text_that_it_is(tmp_path, column):
    table = pd.DataFrame({column: TEMPTING, "auc": 0.5})
    write_csv(tmp_path / "table.csv", table)
    assert read(tmp_path / "table.csv", contract(**{column: str}, auc=float))[column].tolist() == TEMPTING


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), min_size=1, max_size=5))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_survives(tmp_path, tasks):
    write_csv(tmp_path / "table.csv", pd.DataFrame({"task": tasks, "cells": range(len(tasks))}))
    read_back = read(tmp_path / "table.csv", contract(task=str, cells=int))
    assert read_back["task"].tolist() == tasks
    assert read_back["cells"].tolist() == list(range(len(tasks)))


def test_numbers_are_numbers_and_empty_is_missing(tmp_path):
    written = pd.DataFrame({"model": ["a", None], "auc": [0.25, None], "images": [3, 4], "worst": [True, False],
                            "inside": [True, None]})  # fmt: skip
    write_csv(tmp_path / "table.csv", written)
    kinds = {"model": str | None, "auc": Share | None, "images": Count, "worst": bool, "inside": bool | None}
    table = read(tmp_path / "table.csv", contract(**kinds))
    assert table["model"].isna().tolist() == [False, True]
    assert table["auc"].isna().tolist() == [False, True]
    assert table["images"].tolist() == [3, 4]
    assert table["worst"].dtype == bool
    assert table["inside"][0] is True


def test_a_column_without_any_value_keeps_its_type(tmp_path):
    for cells in ([None, None], []):
        write_csv(tmp_path / "table.csv", pd.DataFrame({"reason": cells, "auc": cells}))
        table = read(tmp_path / "table.csv", contract(reason=str | None, auc=float | None))
        assert (table["reason"].dtype, table["auc"].dtype) == ("str", "float64")


def test_a_text_of_digits_and_a_whole_number_are_what_the_contract_says(tmp_path):
    write_csv(tmp_path / "table.csv", pd.DataFrame({"value": ["01"], "share": [1]}))
    table = read(tmp_path / "table.csv", contract(value=str, share=float))
    assert table["value"].tolist() == ["01"]
    assert table["share"].dtype == "float64"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model,images,auc\na,1,high\n", "row 2, column auc: expected numbers from 0 to 1, or empty"),
        ("model,images,auc\na,1,0.5\nb,1,1.5\n", "row 3, column auc: expected"),
        ("model,images,auc\na,1.5,0.5\n", "row 2, column images: expected integers >= 0"),
        ("model,images,auc\n,1,0.5\n", "row 2, column model: expected text"),
        ("model,images,auc\na,,0.5\n", "row 2, column images"),
        ("model,auc\na,0.5\n", "the table made, version 1, has no column images"),
        ("model,images,auc,sd\na,1,0.5,0\n", "has a column sd that it should not have"),
        ("images,model,auc\n1,a,0.5\n", "columns of the table made, version 1, are not in their order"),
    ],
)
def test_a_file_that_breaks_its_contract_is_named_with_what_is_allowed(tmp_path, text, words):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(UserError, match=rf"table\.csv: .*{words}.*make it again"):
        read(tmp_path / "table.csv", contract(model=str, images=Count, auc=Share | None))


def test_what_breaks_its_contract_is_not_written(tmp_path):
    with pytest.raises(UserError, match=r"row 2, column auc: .*error in CrossRay"):
        write(tmp_path / "table.csv", pd.DataFrame({"auc": [2.0]}), contract(auc=Share))
    assert not list(tmp_path.iterdir())


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
    hospitals = TEMPTING[:3]
    keys = [
        ("1e5", source, target, task, "0") for source in hospitals for target in hospitals for task in ("None", "nan")
    ]
    cells = pd.DataFrame(keys, columns=["model", "source", "target", "task", "seed"])
    whole = cells.assign(auc=0.7, images=9, patients=9, positives=4, negatives=5, trainings=1).reindex(
        columns=names(Performance)
    )
    write(tmp_path / "performance.csv", whole, Performance)
    kept = cells.assign(replicates=[[0.6, 0.8]] * len(cells), patients_low=0.6, patients_high=0.8, trainings_of="")
    kept = kept.assign(trainings=[[]] * len(cells), freedom=np.nan, share=np.nan)
    kept.to_parquet(tmp_path / "replicates.parquet", index=False)
    tables = transfer.measure(
        read(tmp_path / "performance.csv", Performance),
        pd.read_parquet(tmp_path / "replicates.parquet"),
        pd.DataFrame(columns=names(Comparisons)),
    )
    assert tables[0]["tasks"].tolist() == [2] * 9
    assert list(dict.fromkeys(tables[0]["source"])) == hospitals


def test_refused_targets_of_tempting_names_are_found(tmp_path):
    rows = [(source, target, int(source != target)) for source in TEMPTING[:4] for target in TEMPTING[:4]]
    table = pd.DataFrame(rows, columns=["source", "target", "overlap"])
    write(tmp_path / "summary.csv", table.reindex(columns=names(Leakage), fill_value=0), Leakage)
    members = {name: [name] for name in TEMPTING[:4]}
    expected = {(source, target) for source, target, overlap in rows if overlap}
    assert read_overlap(tmp_path / "summary.csv", members) == expected
