"""The tiny study, run once, and checkouts of the workflow to run others in."""

import shutil

import pytest

from helpers import ROOT
from workflow_helpers import Checkout, copy_workflow


@pytest.fixture
def checkout(tmp_path):
    """Return a fresh checkout without results."""
    return copy_workflow(tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Return a checkout in which the tiny study has run; do not change it."""
    made = copy_workflow(tmp_path_factory.mktemp("finished"))
    shutil.copyfile(ROOT / "tests/workflow/tiny.yaml", made.folder / "tiny.yaml")
    made.first_run = made.snakemake()
    return made


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Return a checkout in which the study of every analysis has run; do not change it."""
    made = copy_workflow(tmp_path_factory.mktemp("whole"))
    shutil.copyfile(ROOT / "tests/workflow/whole.yaml", made.folder / "whole.yaml")
    made.snakemake(study="whole.yaml")
    return made


@pytest.fixture
def again(finished, tmp_path):
    """Return a copy of the finished checkout, elsewhere, to change at will."""
    shutil.copytree(finished.folder, tmp_path / "again", symlinks=True)
    return Checkout(tmp_path / "again")
