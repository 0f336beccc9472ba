"""Benchmarks still run: what they call is called as it is now. Nothing is timed here."""

import importlib
import importlib.util
import sys

import pytest

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
