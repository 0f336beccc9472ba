"""A data set that is only tested on and a training that diverged: nothing stops, nothing goes without a word."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from made_study import Made, words_of

TASKS = ["Mass", "Edema"]
#: those that have something to say of it
FIGURES = ["auc_matrix", "drop", "local", "sweeps", "localisation", "heads", "probe", "samples", "training_curves"]
LABELS = {"north": TASKS, "south": TASKS, "lost": TASKS, "away": TASKS[:1]}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Return a study whose data set ``away`` is only tested on, and whose training on ``lost`` diverged; drawn."""
    aucs = {(source, target, task): 0.95 if source == target else 0.7
            for source in LABELS for target in LABELS for task in TASKS}  # fmt: skip
    study = Made(tmp_path_factory.mktemp("uneven"), LABELS, ["north", "south", "lost"], aucs, TASKS, images=120,
                 classes=True, tested=("away",), diverged=("lost",))  # fmt: skip
    return study.make().analyse().draw(figures=FIGURES)


@pytest.fixture(scope="module")
def page(uneven):
    return uneven.page(figures=FIGURES)


def read(study, name):
    return pd.read_csv(study.folder / f"analysis/{name}.csv", dtype={"seed": str})


def test_every_cell_of_a_training_that_diverged_is_empty_with_its_reason(uneven):
    table = read(uneven, "performance")
    lost = table[table["source"] == "lost"]
    assert set(lost.loc[(lost["target"] != "away") | (lost["task"] == "Mass"), "reason"]) == {"D"}
    assert lost["auc"].isna().all()
    assert table.loc[(table["source"] != "lost") & (table["target"] != "away"), "reason"].isna().all()
    for name in ("transfer", "classes", "confusion", "localisation", "sweeps"):
        codes = read(uneven, name).query("source == 'lost'")["reason"]
        assert codes.notna().all(), name
        assert set(codes) <= {"D", "L"}, name
    shift = read(uneven, "shift")
    assert set(shift.loc[(shift["source"] == "lost") & (shift["task"] == "Mass"), "reason"]) == {"D"}


def test_other_models_keep_their_numbers(uneven):
    summary = read(uneven, "summary").set_index("source")
    assert summary.loc["all sources", "pairs"] == 2 * 3  # two sources on three others each
    assert summary.loc["lost", "pairs"] == 0
    first, second = read(uneven, "comparisons").query("kind == 'same images'")[["first", "second"]].T.to_numpy()
    assert {"north", "south"} <= {*first, *second}
    assert "lost" not in {*first, *second}
    assert (read(uneven, "agreement")[["first", "second"]] != "lost").all(axis=None)


def test_the_page_names_the_training_and_says_why(uneven, page):
    assert "No number for the model of lost: training diverged (D)." in page
    assert "lost, seed 0</b>: 3 training and 2 validation images, no epoch kept" in page
    assert "diverged: outputs are not numbers after epoch 2 of 2." in page
    assert "resnet50 of lost, seed 0" in words_of(uneven.folder, "training_curves")["caption"]
    assert "resnet50 of lost: training diverged" in words_of(uneven.folder, "probe")["caption"]
    assert "as training diverged: penalty" in words_of(uneven.folder, "heads")["caption"]


def test_what_is_only_tested_on_is_measured_shown_and_named(uneven, page):
    cells = read(uneven, "performance").query("target == 'away' and task == 'Mass' and source != 'lost'")
    assert cells["auc"].notna().all()
    assert "Test only: away." in words_of(uneven.folder, "auc_matrix")["caption"]
    assert "away has none, so its test split is shown." in words_of(uneven.folder, "samples")["caption"]
    assert "<strong>Test only.</strong>" in page


def test_the_probe_tells_apart_only_what_it_could_learn_and_names_the_rest(uneven):
    images, lost = read(uneven, "probe").to_dict("records")
    assert (images["datasets"], images["chance"], images["left_out"]) == (3, pytest.approx(1 / 3), "away")
    assert lost["reason"] == "D"
    assert set(read(uneven, "probe_confusion")["dataset"]) == {"north", "south", "lost"}
    assert "without training images: away." in words_of(uneven.folder, "probe")["caption"]


def test_no_figure_and_no_page_has_a_number_that_is_none(uneven, page):
    for path in (uneven.folder / "figures").glob("*.svg"):
        text = " ".join(ElementTree.fromstring(path.read_text()).itertext())
        assert not re.search(r"\b(null|NaN|nan|undefined|None)\b", text), path.name
    html = re.sub(r"base64,[A-Za-z0-9+/=%]+", "", page)
    assert not re.search(r">(nan|None|NaN)<", html)
