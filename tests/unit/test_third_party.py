"""What is installed is locked, the installer too, and its licences stand in a page that cannot go stale."""

import importlib.util
import re

import pytest

from helpers import ROOT


def module(name):
    specification = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


def test_the_page_of_licences_has_the_packages_and_versions_of_the_lock():
    locked = module("third_party").locked((ROOT / "requirements.lock").read_text())
    rows = re.findall(r"^\| ([\w.-]+) \| ([^|]+) \| ([^|]+) \|", (ROOT / "THIRD_PARTY.md").read_text(), re.MULTILINE)
    told = {name: versions.split(", ") for name, versions, _ in rows if name != "package"}
    assert told == locked, "run make docs"
    assert len(told) > 100
    closed = (ROOT / "THIRD_PARTY.md").read_text().split("## Open licences")[0]
    assert all(f"| {name} |" in closed for name in locked if name.startswith("nvidia-"))
    assert not [name for name, _, licence in rows if not licence.strip()]


def test_the_installer_comes_by_its_hash():
    pinned = (ROOT / "envs/uv.txt").read_text()
    assert re.search(r"^uv==[\d.]+ \\$", pinned, re.MULTILINE)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", pinned)) >= 4
    installs = [line for line in (ROOT / "Makefile").read_text().splitlines() if re.search(r"pip (install|sync)", line)]
    assert len(installs) == 2
    assert all("--require-hashes" in line for line in installs)


@pytest.mark.parametrize(
    ("printed", "status", "words"),
    [
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', 0, "1 packages, 0 advisories"),
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]}', 1,
         "a 1: X-1; mended in 2"),
        ("", 2, "cannot be reached"),
        ("[]", 2, "cannot be reached"),
    ],
)  # fmt: skip
def test_an_audit_says_what_is_known_and_whether_anything_is(tmp_path, monkeypatch, capsys, printed, status, words):
    (tmp_path / "answer").write_text(printed)
    audit = module("audit")
    monkeypatch.setattr(audit, "COMMAND", ["cat", str(tmp_path / "answer")])
    assert audit.main() == status
    assert words in capsys.readouterr().out


def test_without_the_program_nothing_is_known(monkeypatch, capsys):
    audit = module("audit")
    monkeypatch.setattr(audit, "COMMAND", ["no-such-program"])
    assert audit.main() == 2
    assert "nothing is known" in capsys.readouterr().out
