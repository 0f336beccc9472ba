"""Small counts of data that are not public are not told, nor can they be worked out from what is."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossray.small_cells import COUNTS, withhold, write
from crossray.study.small_cells import Published, SmallCells
from crossray.tables import HIDDEN, contract_of, read, with_marks
from crossray.tables.contract import columns
from helpers import ROOT, contract

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
    # of a pair of so few images nothing is said, neither that one of them is small nor that it is not
    few = {split for split in shown.index if shown.loc[split, "images"] in range(LIMIT, 2 * LIMIT - 1)}
    choices = [[value for value in range(30) if fits(value, shown.loc[split, kind], small and split not in few)]
               for split in SPLITS for kind in KINDS[:2]]  # fmt: skip
    tried = np.stack([axis.ravel() for axis in np.meshgrid(*choices, indexing="ij")], axis=1)
    parts = tried.reshape(len(tried), len(SPLITS), 2)
    sums = np.concatenate([parts, parts.sum(axis=2, keepdims=True)], axis=2)
    sums = np.concatenate([sums.sum(axis=1, keepdims=True), sums], axis=1)  # in the order of the table's rows
    agree = np.ones(len(tried), bool)
    for row, split in enumerate(("all", *SPLITS)):
        for column, kind in enumerate(KINDS):
            agree &= fits(sums[:, row, column], shown.loc[split, kind], small and split not in few)
    return [set(values) for values in tried[agree].T]


def fits(number, cell, small):
    """Say which numbers a cell may stand for."""
    if cell == f"<{LIMIT}":
        return (number > 0) & (number < LIMIT)
    return number >= (LIMIT if small else 0) if cell == HIDDEN else number == cell


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


def with_patients(cells):
    """Return a table of labels with patients: of each split positives and negatives, of images and of patients."""
    table = labels_of([images for images, _ in cells]).drop(columns="images")
    of_patients = labels_of([patients for _, patients in cells])
    return table.assign(patients=of_patients["images"], positive_patients=of_patients["positives"])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=2), st.integers(1, 3))
def test_patients_with_and_without_a_finding_cannot_be_worked_out_either(cells, each):
    table = with_patients([((p * each, n * each), (p, n)) for p, n in cells])
    shown = withhold(table, LIMIT, ["d"])
    whole = shown["patients"].where(shown["patients"].map(lambda cell: isinstance(cell, int)), other=-1)
    for true, said, all_of_them in zip(table["positive_patients"], shown["positive_patients"], whole, strict=True):
        assert said in (true, f"<{LIMIT}", HIDDEN)
        assert said != true or not 0 < true < LIMIT
        assert said != true or all_of_them < 0 or not 0 < all_of_them - true < LIMIT
    if each == 1:  # what is said of images tells as much of patients
        assert list(shown["positives"]) == list(shown["positive_patients"])


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


def test_who_is_in_each_split_is_told_of_public_data_alone():
    """With the groups of tables of results counts of these could give small ones away."""
    groups = [("all", "all", "all"), *(("all", "sex", one) for one in "FM"),
              *((split, "sex", one) for split in ("train", "test") for one in "FM")]  # fmt: skip
    rows = [{"dataset": name, "split": split, "property": what, "value": value, "images": 50, "patients": 40.0}
            for name in ("ours", "theirs") for split, what, value in groups]  # fmt: skip
    shown = withhold(pd.DataFrame(rows), LIMIT, ["ours"])
    hidden = (shown["dataset"] == "ours") & (shown["split"] != "all")
    assert (shown.loc[hidden, ["images", "patients"]] == HIDDEN).all(axis=None)
    assert (shown.loc[~hidden, "images"] == 50).all()


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


# Several tables


def everything_of(counts, matched):
    """Return the tables of a study that count one data set, as its analyses make them, by name.

    Args:
        counts: (split, group) -> positives, negatives and unknown labels of one task.
        matched: how many of the test split are called positive by a second labelling, of the positives and negatives.
    """
    splits, groups = ("train", "validation", "test"), ("F", "M")
    of = {split: [sum(counts[split, group][kind] for group in groups) for kind in range(3)] for split in splits}
    of["all"] = [sum(of[split][kind] for split in splits) for kind in range(3)]
    labels = [{"dataset": "d", "task": "A", "split": split, "positives": p, "negatives": n, "unknown": u,
               "prevalence": p / (p + n) if p + n else None} for split, (p, n, u) in of.items()]  # fmt: skip
    flow = [{"dataset": "d", "split": split, "rows": sum(of[split]), "found": sum(of[split]),
             "readable": sum(of[split]), "labelled": p + n, "patients": p + n}
            for split, (p, n, u) in of.items()]  # fmt: skip
    by_sex = {group: sum(sum(counts[split, group]) for split in splits) for group in groups}
    described = [("all", "all", sum(of["all"])), *(("split", split, sum(of[split])) for split in splits),
                 *(("sex", group, number) for group, number in by_sex.items())]  # fmt: skip
    of_splits = [(split, "sex", group, sum(counts[split, group])) for split in splits for group in groups]
    p, n, _ = of["test"]
    cell = {"model": "m", "source": "s", "target": "d", "task": "A"}
    both, second = matched
    agreed = {"first": "d", "second": "o", "task": "A", "matched": p + n, "images": p + n, "both": both,
              "first_only": p - both, "second_only": second, "neither": n - second}  # fmt: skip
    control = {"source": "d", "other": "o", "images": p + n, "own_positives": p, "other_positives": both + second}
    return {
        "labels": labels, "flow": flow,
        "datasets": [{"dataset": "d", "split": s, "property": a, "value": b, "images": c, "patients": c}
                     for s, a, b, c in (*(("all", *row) for row in described), *of_splits)],
        "performance": [cell | {"seed": "0", "images": p + n, "patients": p + n, "positives": p, "negatives": n,
                                "auc": 0.7, "sensitivity": 0.9}],
        "calibration": [cell | {"scale": "probability", "images": p + n, "positives": p, "brier": 0.1}],
        "roc": [cell | {"positives": p, "negatives": n, "false_positive_rate": x, "sensitivity": x} for x in (0, 1)],
        "subgroups": [cell | {"attribute": "sex", "group": group, "images": a + b, "patients": a + b, "positives": a,
                              "negatives": b, "auc": 0.7} for group in groups for a, b, _ in [counts["test", group]]],
        "acceptance": [cell | {"criterion": "auc", "positives": p, "negatives": n, "value": 0.7}],
        "thresholds": [cell | {"positives": p, "negatives": n, "threshold": 0.5, "sensitivity": 0.9}],
        "operating_points": [cell | {"rule": "youden", "images": p + n, "positives": p, "sensitivity": 0.9}],
        "decision_curve": [cell | {"positives": p, "negatives": n, "threshold": x, "called": x} for x in (0.1, 0.5)],
        "claims": [cell | {"measure": "auc", "images": p + n, "patients": p + n, "positives": p, "negatives": n,
                           "measured": 0.7}],
        "shift": [cell | {"metric": metric, "images": p + n, "positives": p, "negatives": n, "source_images": p + n,
                          "drop": 0.1} for metric in ("log-loss", "AUC")],
        "score_distribution": [cell | {"group": group, "bin": number, "low": 0.5, "images": count, "share": 1.0}
                               for group, number, count in (("with the finding", 1, p), ("without it", 0, n))
                               if min(getattr(one, "number", one) for one in (p, n)) >= LIMIT],
        "acceptance_groups": [cell | {"attribute": "sex", "group": group, "criterion": criterion, "images": a + b,
                                      "patients": a + b, "positives": a, "negatives": b, "value": 0.7}
                              for criterion in ("auc", "all") for group in groups
                              for a, b, _ in [counts["test", group]]],
        "label_agreement": [agreed], "label_control": [{"model": "m", "task": "A"} | control],
    }  # fmt: skip


# Not of every study: bounds (<5) of several tables together can still leave one value, as in
# [(9, 21, 4), (44, 39, 3), (31, 4, 4), (19, 0, 0), (1, 3, 9), (2, 35, 0)], 0.06, 0.68.
@pytest.mark.parametrize(
    ("numbers", "share", "other"),
    # of train F, train M, validation F, validation M, test F, test M
    [([(46, 49, 0), (2, 1, 0), (34, 4, 0), (5, 40, 5), (1, 2, 2), (3, 2, 1)], 1.0, 0.75),
     ([(6, 38, 6), (0, 2, 1), (3, 8, 6), (0, 5, 6), (8, 1, 1), (8, 1, 0)], 0.875, 1.0),
     ([(5, 22, 3), (8, 1, 1), (0, 3, 3), (1, 0, 0), (0, 58, 4), (8, 2, 0)], 0.875, 0.84),
     ([(4, 1, 0), (0, 6, 2), (0, 6, 2), (3, 3, 0), (3, 8, 3), (6, 8, 0)], 0.22, 0.875),
     ([(5, 9, 7), (30, 26, 6), (1, 23, 3), (1, 8, 0), (33, 1, 5), (15, 57, 5)], 0.0, 0.95)],
)  # fmt: skip
def test_small_counts_of_known_hard_studies_cannot_be_worked_out_from_all_their_tables_together(numbers, share, other):
    keys = [(split, group) for split in ("train", "validation", "test") for group in ("F", "M")]
    made = dict(zip(keys, numbers, strict=True))
    positives, negatives = (sum(made["test", group][kind] for group in "FM") for kind in (0, 1))
    matched = round(share * positives), round(other * negatives)
    tables = {name: pd.DataFrame(rows) for name, rows in everything_of(made, matched).items()}
    shown = {name: withhold(table, LIMIT, ["d"]) for name, table in tables.items()}
    for name in shown:
        whole = (
            tables[name]
            .select_dtypes("number")
            .columns.intersection(
                ["images", "patients", "positives", "negatives", "both", "first_only", "second_only", "neither", "rows"]
            )
        )
        for column in whole:
            small = tables[name][column].between(1, LIMIT - 1)
            assert shown[name].loc[small, column].isin([f"<{LIMIT}", HIDDEN]).all(), (name, column)
    found = worked_out(made, matched, shown)
    assert found == [], "\n".join(table.to_string() for table in shown.values())


def worked_out(made, matched, shown):
    """Return the small counts that have one value alone under everything that all tables show, by integer programs.

    Each cell of each table is a sum of unknown numbers; what is shown is an equation, ``<5`` bounds, and of what is
    hidden nothing is known but that it is there.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    base = [(*key, kind) for key in made for kind in range(3)] + ["both", "second"]
    basis = [np.eye(len(base))[place] for place in range(len(base))]
    rows, low, high, asked = [], [], [], []
    symbolic = everything_of(
        {key: tuple(Linear(basis[base.index((*key, kind))], made[key][kind]) for kind in range(3)) for key in made},
        (Linear(basis[-2], matched[0]), Linear(basis[-1], matched[1])),
    )
    for name, cells in symbolic.items():
        for place, row in enumerate(cells):
            for column, value in row.items():
                if not isinstance(value, Linear) or column == "prevalence":
                    continue
                cell = shown[name].iloc[place][column]
                rows.append(value.weights)
                least, most = (
                    (value.number,) * 2 if cell not in (f"<{LIMIT}", HIDDEN) else (int(cell != HIDDEN), LIMIT - 1)
                )
                low.append(least)
                high.append(np.inf if cell == HIDDEN else most)
                if 0 < value.number < LIMIT and column != "unknown":
                    asked.append((name, column, value))
    limits = LinearConstraint(np.array(rows), low, high)
    single = []
    for name, column, value in asked:
        ends = [milp(sign * value.weights, constraints=limits, bounds=Bounds(0, np.inf),
                     integrality=np.ones(len(base))) for sign in (1, -1)]  # fmt: skip
        reached = {None if end.x is None else round(float(value.weights @ end.x)) for end in ends}
        if len(reached) == 1 and None not in reached:
            single.append((name, column, value.number))
    return single


class Linear:
    """A sum of unknown numbers, with its true value."""

    def __init__(self, weights, number):
        self.weights, self.number = weights, number

    def __add__(self, other):
        return Linear(self.weights + getattr(other, "weights", 0), self.number + getattr(other, "number", other))

    __radd__ = __add__

    def __sub__(self, other):
        return Linear(self.weights - other.weights, self.number - other.number)

    def __truediv__(self, other):
        return Linear(self.weights, 0.5)

    def __bool__(self):
        return self.number != 0


# Writers

#: numbers that count neither images nor patients, in whatever table of an analysis they stand
NO_COUNTS = {
    "applied", "bin", "cells", "classes", "compared", "datasets", "draws", "first_seed", "hospitals", "inside",
    "label", "local_images",
    "more_negatives", "more_positives", "operations", "pairs", "pairs_at_chance", "paper_numbers", "parameters",
    "planted_concept", "planted_image",
    "planted_prevalence", "possible_pairs", "second_seed", "seed", "seeds", "shared_cells", "shared_tasks", "tasks",
    "trainings", "unknown", "with_interval",
    "baseline", "month", "periods", "streams", "targets", "until", "watched",
}  # fmt: skip

#: programs that write tables without small_cells.write -> their tables of an analysis; others write none, but one row
#: an image, what releases hold, or a training's history
DIRECT = {
    "compare_domains": ["domains"],
    "measure_heads": ["head_places", "head_distances", "head_relations"],
    "measure_transfer": ["transfer", "summary", "tasks", "variances"],
    "check_verdicts": ["shift_truth", "shift_acceptance"],
    "attribute_images": [], "convert_shard": [], "index_shards": [], "simulate_hospital": [],
    "simulate_scores": [], "plan_films": [], "choose_films": [],
    "fit_probe": [], "unpack_release": [],
}  # fmt: skip


def test_every_count_in_a_table_of_an_analysis_is_known_as_one(analysed):
    found = set()
    for path in (analysed.folder / "analysis").glob("*.csv"):
        table = read(path, contract_of(path.stem))
        whole = {name for name, column in columns(contract_of(path.stem)).items() if column.kind is int}
        for name in whole & set(table.select_dtypes("number")):
            values = table[name].dropna()
            if len(values) and (values % 1 == 0).all() and (values != values.iloc[0]).any():
                found.add(name)
    assert len(found & set(COUNTS)) > 15
    assert found <= {*COUNTS, *NO_COUNTS}, "a new count goes into small_cells.COUNTS, any other number into NO_COUNTS"


def test_programs_that_write_tables_with_counts_do_it_by_small_cells(analysed):
    texts = {path.stem: path.read_text() for path in (ROOT / "workflow/scripts").glob("*.py")}
    assert not [name for name, text in texts.items() if re.search(r"\b(write_csv|to_csv|csv_text)\b", text)]
    direct = {name for name, text in texts.items() if re.search(r"from crossray\.tables import .*\bwrite\b", text)}
    assert direct == set(DIRECT)
    assert len({name for name, text in texts.items() if "from crossray.small_cells import write" in text}) > 10
    for name in (name for names in DIRECT.values() for name in names):
        assert not set(read(analysed.folder / f"analysis/{name}.csv", contract_of(name))) & set(COUNTS), name
    modules = (ROOT / "workflow/scripts/crossray/analysis").rglob("*.py")
    assert not [path for path in modules if re.search(r"\b(write_csv|to_csv|csv_text)\b", path.read_text())]
