"""What is installed is locked, the installer too, and its licences stand in a page that cannot go stale."""

import importlib.metadata
import importlib.util
import json
import re
import subprocess

import pytest

from helpers import ROOT


def module(name, folder="docs"):
    specification = importlib.util.spec_from_file_location(name, ROOT / folder / f"{name}.py")
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
    (processors,) = [line for line in installs if "--require-hashes" not in line]
    assert len(installs) == 3
    assert processors.endswith("--no-deps --torch-backend cpu $(TORCH)")


def test_an_install_for_processors_lacks_pytorch_and_what_its_builds_for_gpus_need():
    cpu = module("cpu", "envs")
    lock = (ROOT / "requirements.lock").read_text()
    written = (ROOT / "envs/cpu.txt").read_text()
    assert written == cpu.HEAD + cpu.without_gpu(lock), "run make lock"
    packages = module("third_party").locked
    left_out = set(packages(lock)) - set(packages(written))
    assert {"torch", "torchvision", "triton", "nvidia-cudnn-cu13"} <= left_out
    needed = {}
    for package in importlib.metadata.distributions():
        for line in package.requires or []:
            name = re.match(r"[\w.-]+", line)[0].lower().replace("_", "-").replace(".", "-")
            if "extra ==" not in line:
                needed.setdefault(name, set()).add(package.name.lower().replace("_", "-"))
    for name in left_out - {"torch", "torchvision"}:
        assert needed.get(name, set()) <= left_out, name


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


def answer(*packages):
    """Return an answer as pip-audit gives it, with what advisories of OSV have."""
    return json.dumps({"dependencies": list(packages), "fixes": []})


def advisory(name, *mended):
    return {"id": name, "fix_versions": list(mended), "aliases": ["CVE-2020-0001"], "description": "made up"}


SOUND = {"name": "sound", "version": "1.0", "vulns": []}
HOLED = {"name": "holed", "version": "2.0", "vulns": [advisory("PYSEC-2020-1", "2.1", "3.0"), advisory("GHSA-made-up")]}
SKIPPED = {"name": "local", "skip_reason": "not on the index"}


@pytest.mark.parametrize(
    ("text", "status", "lines"),
    [(answer(SOUND), 0, ["1 packages, 0 advisories"]),
     (answer(SOUND, HOLED, SKIPPED), 1,
      ["holed 2.0: PYSEC-2020-1; mended in 2.1, 3.0", "holed 2.0: GHSA-made-up; mended in no version yet",
       "not asked about: local", "2 packages, 2 advisories"])],
)  # fmt: skip
def test_what_the_advisories_say_is_told(text, status, lines):
    assert module("audit").report(text) == (lines, status)


@pytest.mark.parametrize(
    "text",
    ["", "ERROR: no connection", "[]", "{}", "null", answer(), answer(SKIPPED), answer({"name": "a", "version": "1"}),
     answer({"name": "a", "version": "1", "vulns": None}), answer({"version": "1", "vulns": [advisory("x")]}),
     answer("a"), answer(SOUND)[:-5]],
)  # fmt: skip
def test_an_answer_that_is_none_is_not_taken_for_a_sound_lock(monkeypatch, capsys, text):
    audit = module("audit")
    done = subprocess.CompletedProcess([], 1, stdout=text, stderr="")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert audit.main() == 2
    assert "nothing is known" in capsys.readouterr().out


def test_without_the_program_that_asks_nothing_is_known(monkeypatch, capsys):
    audit = module("audit")
    monkeypatch.setattr(audit, "COMMAND", ["/nowhere/uv"])
    assert audit.main() == 2
    assert "nothing is known" in capsys.readouterr().out
