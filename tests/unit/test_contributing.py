"""The walk-throughs of CONTRIBUTING.md, applied to a copy of the code."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from helpers import ROOT

#: title of a walk-through -> its diff
DIFFS = dict(
    re.findall(r"^## (.*?)$.*?^```diff\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
)

pytestmark = pytest.mark.slow


@pytest.fixture
def applied(tmp_path):
    """Return a function that applies a diff to a copy of the code and returns the folder of programs."""

    def applied(title):
        scripts = tmp_path / "workflow/scripts"
        shutil.copytree(ROOT / "workflow/scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))
        patch = ["git", "apply", "--whitespace=error-all", "-"]
        done = subprocess.run(patch, input=DIFFS[title], text=True, capture_output=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return scripts

    return applied


def test_a_figure_is_its_module_and_an_entry(applied, made, tmp_path):
    scripts = applied("A figure")
    name, *_ = re.findall(r"^\+ +\"(\w+)\",$", DIFFS["A figure"], re.MULTILINE)
    asked = "import json; from crossray.figures.registry import *; "
    asked += f"print(json.dumps([FIGURES['{name}'].tables, FIGURES['{name}'].settings, '{name}' in had(FIGURES, [])]))"
    told = subprocess.run([sys.executable, "-c", asked], cwd=scripts, capture_output=True, text=True, check=True)
    tables, settings, drawn_always = json.loads(told.stdout)
    assert drawn_always
    words = [sys.executable, "draw_figure.py", "--figure", name, "--settings"]
    words += [json.dumps({key: made.settings[key] for key in ["phantoms", *settings]})]
    words += ["--tables", *(str(made.folder / f"analysis/{table}.csv") for table in tables)]
    for kind, suffix in {"svg": "svg", "png": "png", "words": "json"}.items():
        words += [f"--{kind}", str(tmp_path / f"{name}.{suffix}")]
    done = subprocess.run(words, cwd=scripts, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / f"{name}.svg").read_text()
    assert all(target in drawn for target in made.labels)
    assert drawn.count("<path") > len(made.labels)
    assert json.loads((tmp_path / f"{name}.json").read_text())["title"].endswith("cells have a number")
