"""A release, made in a repository of its own: version, packages, commit and tag; and what is refused."""

import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest
import yaml

from helpers import ROOT
from workflow_helpers import copy_workflow

pytestmark = pytest.mark.slow

AUTHOR = {
    "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "T",
    "GIT_COMMITTER_EMAIL": "t@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository with what a release needs, all of it committed."""
    for name, value in AUTHOR.items():
        monkeypatch.setenv(name, value)
    folder = copy_workflow(tmp_path / "repository").folder
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    text = (folder / "CHANGELOG.md").read_text()
    head, _, rest = text.partition("## Unreleased\n")
    (folder / "CHANGELOG.md").write_text(f"{head}## Unreleased\n\n### Added\n- A thing.\n{rest}")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def git(folder, *words):
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def release(folder, *words):
    done = subprocess.run([sys.executable, "envs/release.py", *words], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def names(path):
    """Return the files in a wheel, but those with its own name in their path."""
    with zipfile.ZipFile(path) as wheel:
        return {name for name in wheel.namelist() if ".dist-info/" not in name}


def test_a_release_is_a_version_packages_a_commit_and_a_tag(repository, tmp_path):
    status, told, errors = release(repository, "3.2.1")
    assert status == 0, errors
    assert told.splitlines()[:2] == ["dist/crossray-3.2.1-py3-none-any.whl", "dist/crossray-3.2.1.tar.gz"]
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "cat-file", "-t", "v3.2.1") == "tag"  # an annotated one
    assert git(repository, "rev-parse", "v3.2.1^{commit}") == git(repository, "rev-parse", "HEAD")
    assert tomllib.loads((repository / "pyproject.toml").read_text())["project"]["version"] == "3.2.1"
    citation = yaml.safe_load((repository / "CITATION.cff").read_text())
    assert citation["version"] == "3.2.1"
    assert (
        f"## Unreleased\n\n## 3.2.1 ({citation['date-released']})\n\n### Added\n- A thing."
        in (repository / "CHANGELOG.md").read_text()
    )
    wheel = repository / "dist/crossray-3.2.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as files:
        assert "\nVersion: 3.2.1\n" in files.read("crossray-3.2.1.dist-info/METADATA").decode()
    assert {"crossray/shipped/Snakefile", "crossray/__init__.py", "crossray/programs/check.py"} <= names(wheel)
    with tarfile.open(repository / "dist/crossray-3.2.1.tar.gz") as files:
        files.extractall(tmp_path)  # our own
    words = [sys.executable, "-c", "from setuptools import build_meta; build_meta.build_wheel('.')"]
    subprocess.run(words, cwd=tmp_path / "crossray-3.2.1", capture_output=True, check=True)
    assert names(next((tmp_path / "crossray-3.2.1").glob("*.whl"))) == names(wheel)  # the sdist lacks nothing
    assert release(repository, "3.2.1")[0] == 1
    assert "nothing under ## Unreleased" in release(repository, "3.2.2")[2]


@pytest.mark.parametrize(
    ("version", "spoil", "words"),
    [
        ("1.0", None, "'1.0' is no version; write three numbers"),
        ("", None, "'' is no version"),
        ("1.0.0", lambda folder: (folder / "new.txt").touch(), "error: new.txt: not as committed; commit or remove"),
        ("1.0.0", lambda folder: (folder / "README.md").write_text("x"), "error: README.md: not as committed"),
        ("1.0.0", lambda folder: git(folder, "tag", "v1.0.0"), "the tag v1.0.0 is there already"),
        (
            "1.0.0",
            lambda folder: commit(folder, "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 0.9.0\n- A thing.\n"),
            "CHANGELOG.md has nothing under ## Unreleased",
        ),
        (
            "1.0.0",
            lambda folder: commit(folder, "CITATION.cff", "cff-version: 1.2.0\n"),
            "CITATION.cff: 0 places where a version belongs",
        ),
        (
            "1.0.0",
            lambda folder: commit(folder, "pyproject.toml", '[project]\nversion = "0.1.0"\nname = 3\n'),
            "the packages cannot be built: ",
        ),
    ],
)
def test_what_is_not_ready_is_refused_in_one_line_and_leaves_no_trace(repository, version, spoil, words):
    if spoil:
        spoil(repository)
    before = git(repository, "rev-parse", "HEAD"), git(repository, "tag"), git(repository, "status", "--porcelain")
    status, told, errors = release(repository, version)
    assert (status, told, errors.count("\n")) == (1, "", 1)
    assert errors.startswith("error: ")
    assert words in errors
    after = git(repository, "rev-parse", "HEAD"), git(repository, "tag"), git(repository, "status", "--porcelain")
    assert before == after
    assert not (repository / "dist").exists()


def commit(folder, name, text):
    (folder / name).write_text(text)
    git(folder, "commit", "--quiet", "--all", "--message", "changed")


def test_the_version_is_the_same_wherever_it_stands():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]
    assert project["version"] == "0.1.0" or f"\n## {project['version']} (" in (ROOT / "CHANGELOG.md").read_text()
