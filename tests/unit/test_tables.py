"""What one stage writes, another reads back as it was: names are text, whatever they look like."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossray.errors import UserError
from crossray.files import write_csv
from crossray.tables import NUMBERS, TEXTS, read

#: names that a reader which guesses takes for numbers, dates, flags or missing values
TEMPTING = ["2017", "01", "NA", "null", "None", "nan", "1e5", "true", "-", "inf", "#N/A", "2017-01-01", "0x1F", " x "]


@pytest.mark.parametrize("column", ["model", "source", "target", "task", "patient_id", "image_id", "dataset", "first"])
def test_a_name_stays_the_text_that_it_is(tmp_path, column):
    table = pd.DataFrame({column: TEMPTING, "auc": 0.5})
    write_csv(tmp_path / "table.csv", table)
    assert read(tmp_path / "table.csv")[column].tolist() == TEMPTING


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), min_size=1, max_size=5))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
