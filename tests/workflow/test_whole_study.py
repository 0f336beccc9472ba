"""Every analysis through the workflow: pooled sources, seeds, a second reading, shared outputs, the paper."""

import html
import json

import pandas as pd
import pytest

from crossray.figures.entries import MISSING, NEEDS
from crossray.figures.registry import FIGURES, TABLES, had

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

#: what the study of several models has
ABSENT = ("models", "sweeps", "classes", "attribution", "localisation", "explanation", "corrections", "truth",
          "external", "usefulness", "plan", "adaptation", "counted", "monitoring", "readings", "read",
          "readers")  # fmt: skip


def read(whole, name):
    return pd.read_csv(whole.folder / f"results/whole/analysis/{name}.csv", dtype={"seed": str})


def test_every_table_and_figure_is_there(whole):
    results = whole.folder / "results/whole"
    figures = had(FIGURES, set(NEEDS) - set(ABSENT))
    assert {path.stem for path in (results / "figures").glob("*.png")} == set(figures)
    assert all((results / TABLES[name].path).is_file() for name in had(TABLES, set(NEEDS) - set(ABSENT)))
    page = html.unescape((results / "report.html").read_text())
    for name in figures:
        assert f'id="figure-{name}"' in page
    assert {name for name, words in MISSING.items() if words in page} == set(ABSENT) - {"classes"}
    assert len(page) < 3_000_000


def test_pooled_sources_are_trained_on_their_members(whole):
    models = whole.folder / "results/whole/models/small"
    facts = {name: json.loads((models / name / "0/training.json").read_text()) for name in ("all", "all-but-north")}
    assert facts["all"]["datasets"] == ["north", "south"]
    assert facts["all-but-north"]["datasets"] == ["south"]
    assert facts["all"]["settings"]["balance"] == "datasets"
    assert "balance" not in json.loads((models / "south/0/training.json").read_text())["settings"]
    south, left = (pd.read_csv(models / name / "0/history.csv") for name in ("south", "all-but-north"))
    assert list(south["train_loss"]) == list(left["train_loss"])  # the same one data set


def test_the_second_reading_has_the_first_ones_images(whole):
    agreed = read(whole, "label_agreement")
    assert set(zip(agreed["first"], agreed["second"], strict=True)) == {("north", "reread")}
    assert (agreed["matched"] == 60).all()
    assert (agreed["first_only"] > 0).any()  # called from a lower severity on
    north, reread = (pd.read_parquet(whole.folder / f"results/whole/manifests/{name}.parquet").set_index("image_id")
                     for name in ("north", "reread"))  # fmt: skip
    assert len(north) == len(reread)


def test_each_condition_of_leave_one_out_is_there(whole):
    table = read(whole, "domains")
    assert set(table["condition"]) == {"own domain", "all other domains", "all domains"}
    assert set(table["target"]) == {"north"}
    assert (table["seeds"] == 2).all()


def test_outputs_of_the_shared_network_have_vectors(whole):
    vectors = pd.read_parquet(whole.folder / "results/whole/shared_heads/small/l2/1/vectors.parquet")
    assert set(zip(vectors["dataset"], vectors["task"], strict=True)) == {
        ("north", "Cardiomegaly"), ("north", "Effusion"), ("north", "Nodule"),
        ("south", "Cardiomegaly"), ("south", "Effusion"),
    }  # fmt: skip
    assert vectors.shape[1] == 2 + 512


def test_numbers_of_the_paper_stand_beside_ours(whole):
    table = read(whole, "paper")
    aucs = table[table["quantity"] == "AUC"]
    assert set(aucs["source"]) <= {"NIH", "PC", "All"}
    assert set(aucs["target"]) == {"NIH", "PC"}
    assert (table["difference"] - (table["ours"] - table["paper"])).abs().max() < 1e-8
