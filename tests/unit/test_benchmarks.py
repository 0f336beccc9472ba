"""Benchmarks still run: what they call is called as it is now. Nothing is timed here."""

import importlib
import importlib.util
import json
import sys

import numpy as np
import pytest

from crossray.shards import ImageStore
from helpers import ROOT


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield
    for name in [path.stem for path in (ROOT / "benchmarks").glob("*.py")]:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py")))
def test_every_subject_can_be_imported(name):
    assert importlib.import_module(name).__doc__


def test_a_film_is_converted_as_the_workflow_does(tmp_path):
    conversion, films = importlib.import_module("conversion"), importlib.import_module("films")
    conversion.convert_copies(films.write_film(tmp_path / "film.dcm", "raw"), 2, tmp_path / "shard.h5")
    assert (tmp_path / "shard.h5").stat().st_size > 2 * 224 * 224


@pytest.mark.slow
def test_a_step_of_every_contender_is_timed(tmp_path):
    training = importlib.import_module("training")
    rows = list(training.on_device(training.torch.device("cpu"), {32: (1, 1)}, 4, tmp_path))
    assert [row.contender for row in rows] == ["CrossRay", "in memory", "torchxrayvision's loop"]


def test_batches_are_read_as_a_training_does(tmp_path):
    memory, stored = importlib.import_module("memory"), importlib.import_module("stored")
    assert memory._batches(*stored.write_dataset(tmp_path, 70, 32, ["Effusion"])) > 0


def test_predictions_read_every_target_for_every_source(tmp_path):
    precision = importlib.import_module("precision")
    study = precision.study_of(precision.yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    precision.IMAGES = 30
    written, index = precision._hospital("north", study, tmp_path)
    assert precision.load_source([written], [index], precision.stored.learning(study.tasks)).tasks


def test_the_page_has_the_table_of_hostile_files_as_it_was_measured():
    specification = importlib.util.spec_from_file_location("hostile_page", ROOT / "docs/hostile.py")
    page = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(page)
    text = page.PAGE.read_text()
    assert page.with_table(text, page.table()) == text, "run python docs/hostile.py"
    with pytest.raises(ValueError, match="lacks the marks"):
        page.with_table("no mark", page.table())


def test_made_data_sets_have_the_paper_s_structure(tmp_path):
    shards = importlib.import_module("paper_shards")
    made = {each.name: each for each in shards.write_datasets(tmp_path, 2500, 8)}
    assert sum(each.images for each in made.values()) == pytest.approx(2500, abs=4)
    tables = {name: shards.manifest.read(each.manifest) for name, each in made.items()}
    counts = shards.published_counts()
    assert {name: set(table) & set(counts["task"]) for name, table in tables.items()} == {
        name: set(rows["task"]) for name, rows in counts.groupby("dataset")
    }
    row = counts[(counts["dataset"] == "CheX") & (counts["task"] == "Atelectasis")].iloc[0]
    drawn = tables["CheX"]["Atelectasis"]
    assert drawn.mean() == pytest.approx(row["positive"] / (row["positive"] + row["negative"]), abs=0.1)
    assert drawn.isna().any()
    assert len(tables["PC"]) > 1.5 * tables["PC"]["patient_id"].nunique()
    store, again = (ImageStore(made[name].index) for name in ("NIH", "Google"))
    assert (store.take(np.arange(20)) == again.take(np.arange(20))).all()
    assert list(tables["NIH"]["patient_id"][:17]) == list(tables["Google"]["patient_id"][:17])


@pytest.mark.slow
def test_a_rehearsal_runs_and_its_page_says_what_was_run(tmp_path, monkeypatch):
    rehearse, measuring = importlib.import_module("rehearse"), importlib.import_module("measuring")
    monkeypatch.setattr(rehearse, "_alone", lambda case, *arguments: case(*arguments))
    parts = dict(rehearse.rehearse(tmp_path, 2400, 32, 1, ("reading", "training", "prediction", "audit")))
    cases = {row.case: row for rows in parts.values() for row in rows}
    assert cases["audit, exact links"].values[0] > 100
    assert cases["epoch of batches, mapped, warm, of the disk"].values[0] == 0
    assert cases["training, mapped, cold, image"].values[0] > 0
    parts["page"] = [measuring.Row(f"page, {name}", "CrossRay", [1.0]) for name in ("tables", "figures", "page")]
    parts["analyses"] = [measuring.Row("analysis, performance", "CrossRay", [36.0])]
    facts = {"images": 24_985.5, "size": 32, "steps": 1, "gpu": None, "cores": 2, "processor": "P", "date": "today",
             "extensions": [], "python": "3", "torch": "2", "load": 0.1}  # fmt: skip
    for part, rows in parts.items():
        measuring.write(tmp_path / f"results/{part}.csv", rows)
        (tmp_path / f"results/{part}.json").write_text(json.dumps(facts))
    specification = importlib.util.spec_from_file_location("rehearsal_page", ROOT / "docs/rehearsal.py")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    page = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(page)
    results, facts = page.read_rehearsal(tmp_path / "results")
    text = page.page(results, facts)
    assert "2 cores of P, no GPU" in text
    assert "| analyses, one after the other | 0.10 | 0.10 |" in text
    hours = [part.one for part in page.parts(results, facts)]
    assert f"| **all** | {sum(hours):,.1f} |" in text
    assert hours[0] == pytest.approx(9.9, rel=0.05)  # what docs/cost-at-scale.md has for one GPU


def test_memory_that_grows_fails_a_rehearsal():
    rehearsed = importlib.import_module("rehearsed")
    flat = [300.0, 900.0] + [500.0, 520.0] * 20
    assert abs(rehearsed.growth(flat, "case")) < 25
    with pytest.raises(SystemExit, match=r"case: memory grows by \d+ MB in an epoch"):
        rehearsed.growth([500.0 + look for look in range(40)], "case")
