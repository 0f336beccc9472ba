"""Small counts of data that are not public are not told, nor can they be worked out from what is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossray.small_cells import withhold, write
from crossray.study.small_cells import Published, SmallCells
from crossray.tables import HIDDEN, read, with_marks
from helpers import contract

LIMIT = 5
SPLITS = ("train", "test")
KINDS = ("positives", "negatives", "images")

counts = st.one_of(st.integers(0, 9), st.integers(0, 60))


def labels_of(cells):
    """Return a table of labels of one task with sums over splits, from positives and negatives of each split."""
    rows = [{"dataset": "d", "task": "A", "split": split, "positives": p, "negatives": n, "images": p + n}
            for split, (p, n) in zip(SPLITS, cells, strict=True)]  # fmt: skip
    every = {key: sum(row[key] for row in rows) for key in KINDS}
    return pd.DataFrame([{"dataset": "d", "task": "A", "split": "all", **every}, *rows])


def possible(table):
    """Return all values of each count of a split that agree with what a table shows, by trying them."""
    shown = table.set_index("split")
    small = (table[list(KINDS)] == f"<{LIMIT}").any(axis=None)
    choices = [[value for value in range(30) if fits(value, shown.loc[split, kind], small)]
               for split in SPLITS for kind in KINDS[:2]]  # fmt: skip
    tried = np.stack([axis.ravel() for axis in np.meshgrid(*choices, indexing="ij")], axis=1)
    parts = tried.reshape(len(tried), len(SPLITS), 2)
    sums = np.concatenate([parts, parts.sum(axis=2, keepdims=True)], axis=2)
    sums = np.concatenate([sums.sum(axis=1, keepdims=True), sums], axis=1)  # in the order of the table's rows
    agree = np.ones(len(tried), bool)
    for row, split in enumerate(("all", *SPLITS)):
        for column, kind in enumerate(KINDS):
            agree &= fits(sums[:, row, column], shown.loc[split, kind], small)
    return [set(values) for values in tried[agree].T]


def fits(number, cell, small):
    """Say which numbers a cell may stand for."""
    if cell == f"<{LIMIT}":
        return (number > 0) & (number < LIMIT)
    return number >= (LIMIT if small else 1) if cell == HIDDEN else number == cell


@settings(max_examples=40)
@example([(1, 1), (1, 4)])  # of each split, and of all, one count was not told to be a part of the others
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=2))
def test_no_small_count_of_a_table_with_totals_can_be_worked_out(cells):
    shown = withhold(labels_of(cells), LIMIT, ["d"])
    values = [value for pair in cells for value in pair]
    if sum(values) < LIMIT:
        return  # the total, itself not shown, is small too
    for true, found in zip(values, possible(shown), strict=True):
        assert true in found
        assert len(found) > 1 or not 0 < true < LIMIT, shown.to_string()


@settings(max_examples=30)
@given(st.lists(st.tuples(counts, counts), min_size=2, max_size=2))
def test_what_is_shown_is_true_and_small_counts_are_not_shown(cells):
    table = labels_of(cells)
    shown = withhold(table, LIMIT, ["d"])
    for name in ("positives", "negatives", "images"):
        for true, cell in zip(table[name], shown[name], strict=True):
            assert cell in (true, f"<{LIMIT}", HIDDEN)
            assert cell != true or not 0 < true < LIMIT
            assert cell != f"<{LIMIT}" or 0 < true < LIMIT


def test_public_data_and_large_counts_stay_as_they_are():
    table = labels_of([(3, 20), (40, 50)])
    assert withhold(table, LIMIT, ["other"]) is table
    large = labels_of([(30, 20), (10, 9)])
    pd.testing.assert_frame_equal(withhold(large, LIMIT, ["d"]), large)
    mixed = pd.concat([table, table.assign(dataset="open")], ignore_index=True)
    shown = withhold(mixed, LIMIT, ["d"])
    assert shown[3:].to_dict() == mixed[3:].to_dict()
    assert (shown[:3] != mixed[:3]).any(axis=None)


def cell(model, target="d", positives=3, **more):
    row = {"model": model, "source": "s", "target": target, "task": "A", "seed": "0", "images": 40, "patients": 40}
    return row | {"positives": positives, "negatives": 40 - positives, "reason": None, "auc": 0.8} | more


def test_equal_cells_of_all_models_say_the_same_and_have_no_number():
    shown = withhold(
        pd.DataFrame([cell("a"), cell("b"), cell("a", "open"), cell("a", positives=20, task="B")]), 5, ["d"]
    )
    assert shown["positives"].tolist() == ["<5", "<5", 3, 20]
    assert shown["negatives"].tolist() == [HIDDEN, HIDDEN, 37, 20]
    assert shown["images"].tolist() == [40] * 4
    assert shown["auc"].isna().tolist() == [True, True, False, False]
    assert shown["reason"].tolist()[:2] == ["F", "F"]


def test_a_group_that_the_rest_would_give_away():
    groups = {"F": 3, "M": 50, "O": 30}
    table = pd.DataFrame([{"target": "d", "task": "A", "attribute": "sex", "group": group, "images": count}
                          for group, count in groups.items()])  # fmt: skip
    assert withhold(table, LIMIT, ["d"])["images"].tolist() == ["<5", 50, HIDDEN]


def test_marks_are_missing_numbers_for_figures_and_words_for_the_page(tmp_path):
    table = labels_of([(3, 20), (40, 50)]).assign(prevalence=0.5)
    types = {"i": int, "f": float}
    kinds = contract(**{name: types.get(table[name].dtype.kind, str) for name in table})
    rule = Published(small_cells=SmallCells(below=5, closed=("d",)))
    write(tmp_path / "labels.csv", table, kinds, rule)
    write(tmp_path / "open.csv", table, kinds, Published())
    found = read(tmp_path / "labels.csv", kinds)
    assert found["positives"].dtype == float
    assert found["positives"].isna().sum() > 1
    words = with_marks(found[::-1], tmp_path / "labels.csv")
    assert words.loc[1, "positives"] == "<5"
    assert HIDDEN in set(words["positives"])
    assert found.loc[1:1, "prevalence"].isna().all()
    assert read(tmp_path / "open.csv", kinds).equals(table)
    pd.testing.assert_frame_equal(with_marks(read(tmp_path / "open.csv", kinds), tmp_path / "open.csv"), table)


@pytest.mark.parametrize("column", ["exact", "overlap"])
def test_what_two_data_sets_share_concerns_both(column):
    table = pd.DataFrame({"source": ["d", "o", "o"], "target": ["o", "d", "o"], column: [2, 2, 2]})
    assert withhold(table, LIMIT, ["d"])[column].tolist() == ["<5", "<5", 2]
