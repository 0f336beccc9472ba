"""The walk-throughs of CONTRIBUTING.md, applied to a copy of the code."""

import json
import re
import shutil
import subprocess
import sys

import pandas as pd
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
        shutil.copytree(ROOT / "workflow", tmp_path / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
        patch = ["git", "apply", "--whitespace=error-all", "-"]
        done = subprocess.run(patch, input=DIFFS[title], text=True, capture_output=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return tmp_path / "workflow/scripts"

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
    words += [json.dumps({key: made.settings[key] for key in ["phantoms", "real", *settings]})]
    words += ["--tables", *(str(made.folder / f"analysis/{table}.csv") for table in tables)]
    for kind, suffix in {"svg": "svg", "png": "png", "caption": "json"}.items():
        words += [f"--{kind}", str(tmp_path / f"{name}.{suffix}")]
    done = subprocess.run(words, cwd=scripts, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / f"{name}.svg").read_text()
    assert all(target in drawn for target in made.labels)
    assert drawn.count("<path") > len(made.labels)
    assert json.loads((tmp_path / f"{name}.json").read_text())["title"].endswith("cells have a number")


def test_an_analysis_is_its_module_a_contract_a_program_and_a_rule(applied, made, tmp_path):
    scripts = applied("An analysis")
    output = tmp_path / "separation.csv"
    leakage = tmp_path / "leakage.csv"
    leakage.write_text("source,target,exact,near,shared_patients,overlap_before,overlap,moved\n")
    words = ["--predictions", made.folder / "predictions", "--manifests", made.folder / "manifests"]
    words += ["--leakage", leakage, "--settings", made.study.settings.to_json(), "--output", output]
    done = subprocess.run(
        [sys.executable, "measure_separation.py", *words], cwd=scripts, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(output).set_index(["source", "target"])
    assert (table.loc[("north", "north"), "separation"] > 1).all()  # AUC 0.9 at home, 0.3 elsewhere
    assert (table.loc[("north", "south"), "separation"] < 0).all()
    assert (table["separation_low"] < table["separation"]).all()
    rules = re.findall(r"^\+rule (\w+):$", DIFFS["An analysis"], re.MULTILINE)
    assert [(scripts / f"{rule}.py").is_file() for rule in rules] == [True]


def test_a_reader_is_its_module_and_an_entry(applied, tmp_path):
    scripts = applied("A reader")
    release = tmp_path / "release"
    (release / "images").mkdir(parents=True)
    for name in ("1.png", "2.png"):
        (release / "images" / name).touch()
    (release / "labels.csv").write_text("File,Patient,View,Sex,Age,Nodule\n1.png,a,PA,F,40,1\n2.png,b,LATERAL,M,50,0\n")
    asked = """
import sys
from crossray.datasets import find_reader
from crossray.datasets.configured import with_policy
from crossray.planning import study_of
study = study_of({"study": "s", "tasks": ["Nodule"], "datasets": {"a": {"reader": "clinic", "root": sys.argv[1]}}})
reader, settings = find_reader("clinic"), study.datasets["a"]
release = reader.locate("a", settings)
table = reader.read(release, with_policy("a", settings)).table
print(reader.count_images(release, settings), table.to_json(orient="records"))
"""
    told = subprocess.run([sys.executable, "-c", asked, str(release)], cwd=scripts, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    count, rows = told.stdout.split(" ", 1)
    (row,) = json.loads(rows)  # the lateral one is left out by the policy
    assert (count, row["path"], row["sex"], row["age"], row["Nodule"]) == ("2", "images/1.png", "F", 40, 1)
