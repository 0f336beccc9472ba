"""The docs as a site: it builds without a warning, loads nothing from elsewhere, and its navigation is whole."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from crossray.reasons import CAVEATS, REASONS, WATCHING
from helpers import ROOT

#: what a page loads as it is opened, as opposed to links that a reader may follow
_LOADED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)")
_ADDRESS = re.compile(r"https?://[^\s)\"'`>]*crossray|[\w.+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE)


def module(name):
    specification = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


def leaves(entries):
    """Yield the pages of a navigation."""
    for entry in entries:
        for part in entry.values() if isinstance(entry, dict) else [entry]:
            yield from leaves(part) if isinstance(part, list) else [part]


def build(folder, *words):
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *words]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_every_page_is_in_the_navigation():
    pages = module("site_pages")
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = list(leaves(pages._listed(navigation)))
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} | {*pages.OUTSIDE.values()}
    missing, gone = sorted(there - set(named)), sorted(set(named) - there)
    assert not missing, f"give each a line below nav in mkdocs.yml: {missing}"
    assert not gone, f"below nav in mkdocs.yml, and not there: {gone}"
    assert len(named) == len(set(named))


@pytest.mark.slow
def test_it_builds_without_a_warning_and_loads_nothing_from_another_host(tmp_path):
    done = build(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 60
    loaded = {(page.name, address) for page in pages for address in _LOADED.findall(page.read_text(encoding="utf-8"))}
    assert not loaded
    styles = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.css")]
    assert not [style for style in styles if re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style)]
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="own-hospital.html"' in text  # a link of README.md, to docs/own-hospital.md
    assert 'src="demo-auc-matrix.png"' in text
    assert 'href="index.html#' not in (tmp_path / "configuration.html").read_text(encoding="utf-8").split("</nav>")[-1]


@pytest.mark.slow
@pytest.mark.parametrize("link", ["[x](gone.md)", "[x](running.md#gone)", "[x](../gone/file.py)"])
def test_a_link_to_nothing_stops_the_build(tmp_path, link):
    for name in ("mkdocs.yml", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    text = (ROOT / "docs/site_pages.py").read_text(encoding="utf-8")
    (docs / "site_pages.py").write_text(re.sub(r"OUTSIDE = \{.*?\}", "OUTSIDE = {}", text, flags=re.DOTALL))
    (docs / "running.md").write_text("# Run\n")
    settings = (tmp_path / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[0]
    (tmp_path / "mkdocs.yml").write_text(settings + "\nnav: [index.md, running.md]\n", encoding="utf-8")
    for text, status in (("[x](running.md#run)", 0), (link, 1)):
        (docs / "index.md").write_text(f"# Home\n\n{text}\n")
        done = build(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
        assert done.returncode == status, done.stdout + done.stderr
    assert "gone" in done.stdout + done.stderr


def test_the_page_of_commands_is_what_the_code_says():
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert page == module("command_reference").reference(), "run `make docs`"
    assert {"all", "check", "train", "forget", "bundle_preview"} <= set(module("command_reference").targets())


def test_every_reason_for_a_missing_number_is_on_the_page_of_outputs():
    page = (ROOT / "docs/outputs.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \*\*(\w)\*\* \|", page, re.MULTILINE)) == {*REASONS, *CAVEATS, *WATCHING}


def test_the_page_on_verdicts_quotes_how_often_they_were_right():
    measured = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    said = " ".join((ROOT / "docs/verdict-meaning.md").read_text(encoding="utf-8").split())
    wrong, cells = re.search(r"\| ([\d,]+) of ([\d,]+) cells", measured).groups()
    named, single = map(int, re.search(r"^\| named rightly.*?\| (\d+) of (\d+) cells", measured, re.MULTILINE).groups())
    assert (
        f"On {cells} simulated pairs of hospitals whose truth was known, a single cause was named wrongly in {wrong}"
        in said
    )
    assert f"it was named in {round(100 * named / single)} of 100" in said


def test_the_public_address_stands_in_pyproject_alone_and_no_address_is_made_up():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    public = project["urls"].get("Repository", "")
    assert set(project["urls"]) <= {"Repository"}
    folders = ("docs", "config", ".github", "workflow", "envs", "profiles")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    paths += [path for path in ROOT.iterdir() if path.suffix in (".md", ".cff", ".yml", ".toml")]
    written = [
        path for path in paths if path.suffix in (".md", ".yml", ".yaml", ".cff", ".toml", ".py", ".smk", ".def")
    ]
    assert len(written) > 200
    made_up = {
        (str(path.relative_to(ROOT)), address)
        for path in written
        for address in _ADDRESS.findall(path.read_text(encoding="utf-8"))
        if not (path.name == "pyproject.toml" and public and public.startswith(address))
    }
    assert not made_up


def test_a_public_forge_runs_what_every_machine_runs_and_asks_for_no_patients():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step][-1] == ".ci/run"
    assert os.access(ROOT / ".ci/run", os.X_OK)
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert {form.stem for form in forms} == {"bug", "config", "data-set", "question"}
    for form in forms:
        asked = yaml.safe_load(form.read_text(encoding="utf-8"))
        for field in asked.get("body", []):
            assert field["type"] in ("markdown", "textarea", "input", "checkboxes")
            assert field["attributes"].get("label") or field["attributes"].get("value")
    assert "Nothing in this report comes from a patient" in (ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text()
