"""The registry of figures, against their modules, the template of the page and the digests that reruns follow from."""

import ast
import dataclasses
import importlib
import inspect
import re
import shutil
from typing import get_args

import pytest

from crossray import code_version as digests
from crossray.errors import UserError
from crossray.figures.drawing import draw_figure
from crossray.figures.entries import MISSING, NEEDS, Passage, Setting
from crossray.figures.registry import CATEGORIES, FIGURES, SECTIONS, TABLES, had
from crossray.study.stages.draw_figure import DrawFigure
from helpers import ROOT

MODULES = ROOT / "workflow/scripts/crossray/figures"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figures_module_draws_what_its_entry_names(name):
    parameters = list(inspect.signature(importlib.import_module(f"crossray.figures.{name}").draw).parameters)
    assert parameters == [*FIGURES[name].tables, *FIGURES[name].folders, "settings"]


def test_a_figure_can_ask_for_each_setting_of_figures_and_for_no_other():
    fields = {field.name for field in dataclasses.fields(DrawFigure)}
    assert set(get_args(Setting)) == fields - {"phantoms", "real"}  # which every figure is told


def test_every_module_that_draws_is_in_the_registry():
    draws = {
        path.stem
        for path in MODULES.glob("*.py")
        if any(getattr(node, "name", "") == "draw" for node in ast.parse(path.read_text()).body)
    }
    assert draws == set(FIGURES)


def test_names_are_unique_and_all_words_are_there():
    for names in (
        [figure.name for section in SECTIONS for figure in section.figures],
        [table.name for section in SECTIONS for table in section.tables],
        [section.link for section in SECTIONS],
        [figure.label for figure in FIGURES.values()],
    ):
        assert len(set(names)) == len(names)
    assert all(figure.caption.endswith(".") for figure in FIGURES.values())
    assert all(CATEGORIES.values())


def test_what_a_study_can_lack_is_something_that_a_figure_or_table_needs():
    needed = {one.needs for one in (*FIGURES.values(), *TABLES.values())} - {None}
    assert needed == set(NEEDS)
    assert set(MISSING) == needed - {"classes"}
    assert had(FIGURES, NEEDS) == list(FIGURES)
    assert "confusion" not in had(FIGURES, set(NEEDS) - {"classes"})


def test_the_template_has_every_passage_of_the_registry_and_no_other():
    template = (MODULES / "templates/report.html.j2").read_text()
    passages = {part.name for section in SECTIONS for part in section.parts if isinstance(part, Passage)}
    assert set(re.findall(r"macro (\w+)_passage\(", template)) == passages


def digest(name):
    return digests.code_version.__wrapped__("draw_figure", f"crossray.figures.{name}")


def test_the_digest_of_a_figure_is_of_the_program_and_its_own_module(tmp_path, monkeypatch):
    copy = tmp_path / "scripts"
    shutil.copytree(ROOT / "workflow/scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "SCRIPTS", copy)
    before = {name: digest(name) for name in FIGURES}
    changes = {"registry": set(), "sections/performance": set(), "entries": set(), "report": set(), "drop": {"drop"},
               "drawing": set(FIGURES), "style": set(FIGURES)}  # fmt: skip
    for name, changed in changes.items():
        path = copy / f"crossray/figures/{name}.py"
        text = path.read_text()
        path.write_text(f"{text}\nEXTRA = 1\n")
        assert {figure for figure, old in before.items() if digest(figure) != old} == changed, name
        path.write_text(text)


@pytest.mark.parametrize(
    ("name", "tables", "words"),
    [
        ("nothing", [], "there is no figure 'nothing'"), ("style", [], "there is no figure 'style'"),
        ("../drop", [], "there is no figure '../drop'"),
        ("drop", ["summary"], "drop is drawn from summary, transfer, not from summary"),
        ("samples", [], "samples is drawn from datasets, manifests, not from nothing"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_table_is_told_in_one_line(tmp_path, name, tables, words):
    paths = [tmp_path / f"{table}.csv" for table in tables]
    for path in paths:
        path.write_text("source\na\n")
    with pytest.raises(UserError, match=re.escape(words)):
        draw_figure(name, paths, [], DrawFigure())
