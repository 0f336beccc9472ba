"""The command that comes with the wheel runs the workflow from a folder that has nothing but a study."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT, dicom_file
from workflow_helpers import ONE_THREAD, planned, same_key, server

pytestmark = [pytest.mark.workflow, pytest.mark.whole]


def caller(command, variables):
    """Return a function that calls the command in a folder and returns what it wrote."""

    def call(folder, *words, status=0):
        done = subprocess.run([*command, *words], cwd=folder, env=variables, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


@pytest.fixture
def crossray(installed):
    """Return a function that calls the installed command, beside the packages of this environment, without start-up."""
    return caller([server().python, installed / "bin/crossray"], os.environ | {"PYTHONPATH": str(installed)})


@pytest.fixture
def alone(installed, tmp_path):
    """Return a function that calls the command of an environment in which the wheel, and what it asks for, is all."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("needs uv beside Python, as make install puts it")
    place = tmp_path / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
    (wheel,) = installed.parent.glob("crossray-*.whl")
    words = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        place / "bin/python",
        "--constraint",
        "requirements.lock",
        wheel,
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if "dns error" in done.stderr or "onnect" in done.stderr:
        pytest.skip("needs the packages of requirements.lock: no registry can be reached")
    assert done.returncode == 0, done.stderr
    left = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return caller(["crossray"], left | {"PATH": f"{place / 'bin'}:/usr/bin:/bin"})


def test_what_snakemake_made_in_a_checkout_is_up_to_date_for_the_command(crossray, finished):
    output = crossray(finished.folder, "run", "tiny.yaml", "-n")
    assert planned(output) == {"write_report": 1}  # the template lies elsewhere


def test_a_study_is_checked_and_its_faults_are_told_in_one_line(crossray, tmp_path):
    study = (ROOT / "tests/workflow/tiny.yaml").read_text()
    (tmp_path / "tiny.yaml").write_text(study)
    told = crossray(tmp_path, "check", "tiny.yaml")
    assert "No problems found: the study can run." in told
    assert not list(tmp_path.glob("results/**/*"))
    (tmp_path / "tiny.yaml").write_text(study.replace("epochs: 1", "epoch: 1"))
    told = crossray(tmp_path, "run", "tiny.yaml", "-n", status=1)
    assert [line for line in told.splitlines() if "error" in line.lower()] == [told.splitlines()[-1]]
    assert "training" in told


def test_a_strangers_hour(alone, tmp_path):
    """The commands of docs/shell.md, In an hour, with a smaller network's input and one epoch, on films of noise."""
    work, films = tmp_path / "work", tmp_path / "films"
    work.mkdir()
    same_key(work)
    generator = np.random.default_rng(0)
    for number in range(90):
        pixels = generator.integers(0, 120 + 100 * (number % 2), (40, 40), dtype=np.uint8)
        dicom_file(films / f"{number}.dcm", pixels, PatientID=f"p{number}", PatientSex="F", PatientAge="050Y")
    rows = [f"{number}.dcm,{'yes' if number % 2 else 'no'}" for number in range(90)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,Effusion", *rows]))
    alone(work, "new", "first.yaml", "--table", "../labels.csv", "--images", "../films")
    text = (work / "first.yaml").read_text().replace("size: 128", "size: 32").replace("epochs: 30", "epochs: 1")
    assert "size: 32" in text
    assert "epochs: 1," in text
    (work / "first.yaml").write_text(text)
    assert "No problems found" in alone(work, "check", "first.yaml")
    alone(work, "run", "first.yaml", "--cores", "2", *ONE_THREAD)
    assert (work / "results/first/report.html").is_file()
    model = "results/first/models/resnet18/films/0"
    told = alone(work, "predict", model, "../films/1.dcm", "--map", "maps", "--method", "input_gradients")
    assert "../films/1.dcm,Effusion," in told
    assert (work / "maps/0001-1-Effusion.jpg").is_file()
    alone(work, "export", model)
    assert "## Where it must not be used" in (work / "first-resnet18-films-0/README.md").read_text()


def test_the_command_makes_the_same_tables_and_weights_as_snakemake_in_a_checkout(crossray, finished, tmp_path):
    shutil.copyfile(ROOT / "tests/workflow/tiny.yaml", tmp_path / "tiny.yaml")
    same_key(tmp_path)
    crossray(tmp_path, "run", "tiny.yaml", "--cores", "2", *ONE_THREAD)
    kinds = ("csv", "parquet", "safetensors", "svg", "json")
    made = {
        path.relative_to(finished.folder) for kind in kinds for path in finished.folder.glob(f"results/**/*.{kind}")
    }
    assert sum(path.suffix == ".safetensors" for path in made) == 2
    different = [str(path) for path in made if (tmp_path / path).read_bytes() != (finished.folder / path).read_bytes()]
    assert not different
