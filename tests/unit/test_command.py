"""The command crossray: its help, its errors, and the Snakemake command that it becomes."""

import subprocess
import sys

import pytest

from crossray.errors import UserError
from crossray.shell import command, workflow
from helpers import ROOT

HEAVY = ("torch", "pandas", "numpy", "altair", "pydicom", "snakemake", "yaml", "pydantic")


@pytest.mark.parametrize("words", [[], *([name] for name in command.COMMANDS)], ids=" ".join)
def test_help_explains_everything_and_needs_no_heavy_library(words):
    code = f"import sys; sys.argv = ['crossray', *{words!r}, '--help']\nimport crossray.shell.command as c\n" \
        f"try: c.main()\nfinally: print('HEAVY', sorted(set(sys.modules) & set({HEAVY!r})))"  # fmt: skip
    scripts = str(ROOT / "workflow/scripts")
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": scripts})
    assert "HEAVY []" in shown.stdout, shown.stdout + shown.stderr
    assert f"usage: crossray{' ' if words else ''}{' '.join(words)}" in shown.stdout
    for name in () if words else command.COMMANDS:
        assert f"\n    {name}" in shown.stdout


def test_every_command_of_the_docs_is_one():
    """What docs and README show in code is taken by the command line; words in capitals stand for a user's own."""
    shown = []
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for block in page.read_text().split("```")[1::2]:
            shown += [line.partition(" #")[0].split() for line in block.splitlines() if line.startswith("crossray ")]
    taken = [command.options().parse_args(words[1:]) for words in shown if words[1:] != ["--help"]]
    assert {line.function for line in taken} == {one.function for one in command.COMMANDS.values()}


@pytest.fixture
def study(tmp_path):
    (tmp_path / "s.yaml").write_text("study: s\n")
    return tmp_path / "s.yaml"


def test_targets_come_before_the_study_which_would_swallow_them(study):
    made = workflow.snakemake_command(study, ["train", "-n"])
    assert made[:3] == [sys.executable, "-m", "snakemake"]
    assert made[-4:] == ["train", "-n", "--configfile", str(study)]
    assert made[made.index("--snakefile") + 1] == str(ROOT / "Snakefile")


@pytest.mark.parametrize(
    "words", [["--cores", "2"], ["-c2"], ["-c", "2"], ["--cores=2"], ["-j4"], ["--profile", "p"], ["--executor=slurm"]]
)
def test_all_cores_are_used_unless_the_options_say_how_many(study, words):
    assert "all" not in workflow.snakemake_command(study, words)
    assert workflow.snakemake_command(study, ["-n"])[5:7] == ["--cores", "all"]


@pytest.mark.parametrize("option", [["--configfile", "other.yaml"], ["--configfiles=other.yaml"]])
def test_a_second_study_is_refused(study, option):
    with pytest.raises(UserError, match="one of a command"):
        workflow.snakemake_command(study, option)


@pytest.mark.parametrize("name", ["run", "check"])
def test_a_study_that_is_not_there_is_one_line(name, tmp_path, capsys):
    assert command.main([name, str(tmp_path / "gone.yaml")]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {tmp_path}/gone.yaml: no such file")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"), [(b"title: R\xf6ntgen\n", "not in UTF-8; save it so"), (b"tasks: [A\n", "line"), (b"", "keys")]
)
def test_a_study_that_is_no_configuration_is_one_line(text, words, tmp_path, capsys):
    (tmp_path / "s.yaml").write_bytes(text)
    assert command.main(["check", str(tmp_path / "s.yaml")]) == 1
    told = capsys.readouterr().err
    assert "s.yaml: " in told
    assert words in told
    assert "Traceback" not in told


def test_check_asks_for_the_target_and_hands_on_the_options(study, monkeypatch):
    called = []
    monkeypatch.setattr("os.execv", lambda program, words: called.append(words))
    command.main(["check", str(study), "--quiet", "all"])
    assert called[0][5:] == ["check", "--cores", "1", "--quiet", "all", "--configfile", str(study)]
