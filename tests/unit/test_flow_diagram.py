"""The diagram of images and patients says what its tables say, and no more than is known."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from crossray.figures.flow_diagram import draw
from crossray.figures.journal import DOUBLE, LEAST, typeset
from crossray.files import read_json
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import of_rows
from crossray.tables.datasets import Datasets, Flow
from crossray.tables.performance import Performance

SPLITS = {"train": (60, 50), "validation": (10, 9), "test": (30, 20)}


def steps(name, splits, lost):
    """Return rows of the flow of a data set, all that is lost of training images: files, unreadable, unlabelled."""
    rows = []
    for split, (images, patients) in splits.items():
        here = lost if split == "train" else (0, 0, 0)
        counts = [images + sum(here[step:]) for step in range(4)]
        rows.append(dict(zip(("rows", "found", "readable", "labelled"), counts, strict=True), split=split,
                         row_patients=patients + (split == "train"), patients=patients))  # fmt: skip
    table = pd.DataFrame(rows)
    whole = table.drop(columns="split").sum().to_dict() | {"split": "all"}
    return pd.concat([pd.DataFrame([whole]), table]).assign(dataset=name)


def rejected(name, reasons):
    rows = {"all": sum(reasons.values())} | reasons
    return left_out(name, "rejected", rows)


def left_out(name, what, rows, patients=None):
    """Return rows of what was left out of a data set, all splits together."""
    row = {"dataset": name, "split": "all", "property": what}
    return [row | {"value": value, "images": n, "patients": (patients or {}).get(value)} for value, n in rows.items()]


def cells(name, aucs):
    found = [{"model": "m", "source": source, "target": name, "task": task, "auc": auc, "reason": reason}
             for source, task, auc, reason in aucs]  # fmt: skip
    return of_rows(found, Performance)


REASONS = {"file not found": 5, "empty file": 4, "a strip of 9 x 900 pixels": 2, "no pixel data (7FE0,0010)": 1}
AUCS = [("north", "A", 0.8, None), ("north", "B", None, "F"), ("north", "C", None, "L"), ("south", "A", None, "M")]


def drawn(names=("north",), at_sites=(), more=(), **changes):
    """Draw data sets that are alike, of the first more is left out; each change takes and returns the flow."""
    flow = pd.concat([steps(name, SPLITS, (5, 7, 3)) for name in names])[list(of_rows([], Flow))]
    for change in changes.values():
        flow = change(flow)
    held = of_rows([*more, *(row for name in names for row in rejected(name, REASONS))], Datasets)
    settings = DrawFigure(models=("m",), datasets=tuple(names), at_sites=at_sites)
    return draw(flow, held, pd.concat([cells(name, AUCS) for name in names]), settings)


def words(figure):
    parts = figure.chart.to_dict()["datasets"].values()
    return [row["text"] for rows in parts for row in rows if "text" in row]


def test_the_numbers_of_a_row_add_up_to_what_was_read():
    said = words(drawn())
    assert "115 images" in said
    assert {"100 images", "79 patients"} <= set(said)
    assert "Training 60 images, 50 patients" in said
    assert "Test 30 images, 20 patients" in said
    left = [text for text in said if re.match(r"\d+ (file|empty file|for 2 other|without)", text)]
    assert left == ["5 file not found", "4 empty file", "3 for 2 other reasons", "3 without a label of a task"]
    assert 115 - sum(int(text.split()[0]) for text in left) == 100


POLICY = {"all": 40, "view LATERAL": 25, "view UNKNOWN": 5, "further images of a patient": 10}
UNLABELLED = {"all": 3, "uncertain": 2, "blank": 1}


def test_what_the_label_policy_leaves_out_is_told_with_the_patients_who_go():
    gone = {"all": 6, "view LATERAL": 4, "view UNKNOWN": 2, "further images of a patient": 0}
    more = [*left_out("north", "not kept", POLICY, gone), *left_out("north", "unlabelled", UNLABELLED)]
    said = words(drawn(more=more))
    assert {"155 images", "86 patients"} <= set(said)  # 115 rows, of whom 80 patients, and what was not kept
    assert {"25 view LATERAL", "5 view UNKNOWN", "10 further images of a patient"} <= set(said)
    assert "2 without a label of a task:" in said
    assert "so 7 patients without an image" in said
    left = [
        int(found[1]) for text in said if (found := re.match(r"(\d+) (view|further|file|empty file|for|without)", text))
    ]
    assert 155 - sum(left) == 100


def test_tests_are_counted_by_model_and_task_with_the_reasons_of_empty_cells():
    said = words(drawn())
    assert "2 models" in said
    assert "1 of 2 tasks" in said
    assert "2 empty (F, M)" in said


def test_of_a_site_that_keeps_its_images_nothing_is_said_of_what_it_left_out():
    said = words(drawn(at_sites=("north",)))
    assert "What its site left out" in said
    assert not [text for text in said if "file not found" in text or text == "115 images"]


def test_counts_that_are_not_shown_are_not_made_up():
    def hide(flow):
        hidden = flow[["labelled", "patients"]].astype("Int64").mask(flow["split"].isin(["all", "validation"]))
        return flow.assign(**hidden)

    figure = drawn(hide=hide)
    assert "some counts are not shown" in figure.title
    assert {"some images", "some without a label of a task", "Validation some images, some patients"} <= set(
        words(figure)
    )
    assert not re.search(r"<NA>|nan|None", " ".join(words(figure)))


def test_data_sets_without_training_have_one_split():
    said = words(drawn(only=lambda flow: flow[flow["split"].isin(["all", "test"])]))
    assert not [text for text in said if text.startswith(("Training", "Validation"))]


@pytest.mark.parametrize("count", [3, 8])
def test_it_fits_a_page_with_text_that_can_be_read(tmp_path, count):
    figure = drawn([f"hospital {n}" for n in range(count)])
    paths = [tmp_path / f"flow.{kind}" for kind in ("svg", "pdf", "json")]
    typeset(figure, *paths)
    sizes = read_json(paths[2])
    assert sizes["text_pt"] >= LEAST
    assert sizes["width_mm"] == DOUBLE  # texts grew no larger than their boxes
    assert len(paths[0].read_bytes()) < 30_000
    assert ElementTree.parse(paths[0]).getroot().get("role") == "img"


def test_data_sets_for_which_there_is_no_room_are_named():
    figure = drawn([f"hospital {n}" for n in range(10)])
    assert "Not shown: hospital 8, hospital 9," in figure.caption
    assert "hospital 7" in words(figure)
    assert "hospital 8" not in words(figure)
