"""The command that comes with the wheel runs the workflow from a folder that has nothing but a study."""

import os
import shutil
import subprocess

import pytest

from helpers import ROOT
from workflow_helpers import ONE_THREAD, planned, same_key, server

pytestmark = pytest.mark.workflow


@pytest.fixture
def crossray(installed):
    """Return a function that calls the installed command in a folder and returns what it wrote."""

    def call(folder, *words, status=0):
        command = [str(server().original), "-m", "crossray", *words]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, text=True
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


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


@pytest.mark.whole
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
