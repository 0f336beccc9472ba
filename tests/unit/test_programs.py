"""Every program: its help, its name, its errors."""

import errno
import importlib
import json
import os
import re
import subprocess
import sys
from argparse import Namespace

import pytest
import yaml

from crossray.errors import UserError, told_at_once
from crossray.program import run as run_program
from helpers import ROOT

SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))
RULES = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))


def run(script, *words):
    return subprocess.run([sys.executable, str(script), *words], capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_explains_every_option_and_needs_no_heavy_library(script):
    heavy = "import sys, runpy; sys.argv = ['x', '--help']\ntry: runpy.run_path({!r}, run_name='__main__')\nfinally: " \
        "print('HEAVY', [m for m in ('torch', 'pandas', 'altair', 'pydicom') if m in sys.modules])"  # fmt: skip
    shown = subprocess.run(
        [sys.executable, "-c", heavy.format(str(script))], capture_output=True, text=True,
        env={"PYTHONPATH": str(script.parent)},
    )  # fmt: skip
    assert "HEAVY []" in shown.stdout
    source = script.read_text()
    for option in re.findall(r'add_argument\(\s*"(--[a-z-]+)"', source):
        assert option in shown.stdout
    assert source.count("add_argument(") == source.count(", help=") + source.count("\n        help=")
    assert script.read_text().split('"""')[1].strip().splitlines()[0] in shown.stdout


def own_text():
    """Return the text of every rule that runs a program; `predict` is made in a loop."""
    heads = re.compile(r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S)", re.MULTILINE | re.DOTALL)
    looped = re.search(r"^for number, part in .*?(?=^rule )", RULES, re.MULTILINE | re.DOTALL).group()
    return dict(heads.findall(RULES + "\nend")) | {"predict": looped}


def test_rule_script_and_log_have_one_name():
    rules = own_text()
    alone = {"check", "diff", "query", "print_matrix", "print_plan", "make_keys"}
    assert set(rules) == {path.stem for path in SCRIPTS} - alone
    for name, own in rules.items():
        assert re.search(rf'log:\s+f?"[^"]*\b{name}\b', own), name
        assert re.search(rf'code_version\("{name}"[,)]', own) or "manifest_code" in own
        assert f"{{resources.scripts:q}}/{name}.py" in own
        assert re.search(r'^\s+"""[A-Z]', own, re.MULTILINE), f"{name} has no docstring"


def test_every_rule_that_runs_a_network_asks_for_a_gpu_threads_and_minutes():
    takes_gpus = re.compile(r"(?:hardware|training)_options\(options\)")
    networks = {path.stem for path in SCRIPTS if takes_gpus.search(path.read_text())}
    assert {"train_model", "predict", "predict_corrected", "describe_images"} <= networks
    rules = own_text()
    for words in ("gpu=gpus,", "--gpus {resources.gpu}", "--threads {threads}"):
        assert {name for name, text in rules.items() if words in text} - {"fit_probe"} == networks, words
    threads = re.compile(r"^ +threads: (8|lambda .+: LOADS\.(training|network)_threads\(.+\))$", re.MULTILINE)
    for name in networks:
        assert threads.search(rules[name]), name
        assert re.search(r"runtime=lasts\(\s*lambda .+: LOADS\.(training|network)_minutes\(", rules[name]), name
    named = re.search(r"GPU jobs are (.*?);", (ROOT / "docs/slurm.md").read_text(), re.DOTALL).group(1)
    assert set(re.findall(r"`(\w+)`", named)) == networks
    for profile in ("slurm", "local-gpu"):  # what the command line says of these would replace it
        settings = yaml.safe_load((ROOT / f"profiles/{profile}/profile.v9+.yaml").read_text())
        assert "set-resources" not in settings
        assert settings["resources"]["gpu"] > 1


@pytest.mark.parametrize(
    ("script", "words", "message"),
    [
        ("measure_performance", ["--settings", "{broken"], "--settings: not JSON"),
        ("measure_performance", ["--settings", "[1]"], "--settings: not a JSON object: [1]"),
        ("train_model", ["--reading", "slow"], "invalid choice: 'slow'"),
        ("convert_shard", ["--shard", "two"], "invalid int value: 'two'"),
    ],
)
def test_wrong_options_are_told(script, words, message):
    done = run(ROOT / f"workflow/scripts/{script}.py", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_user_can_cause_is_one_line_without_a_traceback(tmp_path):
    (tmp_path / "labels.csv").write_text("image_id,patient_id,path,A\n1,p,a.dcm,maybe\n")
    columns = {name: name for name in ("image_id", "patient_id", "path")}
    split = {"seed": 0, "train": 0.7, "validation": 0.1, "test": 0.2}
    settings = {"reader": "table", "public": True, "columns": columns, "tasks": ["A"], "split": split, "max_missing": 1}
    settings |= {"views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore"}
    words = [
        "--dataset",
        "d",
        "--settings",
        json.dumps(settings),
        "--root",
        str(tmp_path),
        "--tables",
        str(tmp_path / "labels.csv"),
    ]
    words += ["--key", str(tmp_path / "p"), "--lookup", str(tmp_path / "p.csv")]
    words += ["--output", str(tmp_path / "m.parquet")]
    done = run(ROOT / "workflow/scripts/make_manifest.py", *words)
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*labels.csv: row 2, column A: the value is not one of .*\n", done.stderr)
    assert not (tmp_path / "m.parquet").exists()


@pytest.mark.parametrize("program", ["train_model", "predict"])
def test_a_file_that_is_not_there_is_named(program, tmp_path, capsys):
    gone = str(tmp_path / "gone")
    flags = {"train_model": ["source", "indexes", "manifests", "checkpoint-dir",
                             "tensorboard", "weights", "history", "record"],
             "predict": ["weights", "manifests", "indexes", "outputs"]}[program]  # fmt: skip
    settings = {"train_model": '{"architecture": "resnet18", "tasks": ["A"]}',
                "predict": '{"batch_size": 8, "precision": "fastest"}'}[program]  # fmt: skip
    words = [word for flag in flags for word in (f"--{flag}", gone)] + ["--settings", settings]
    assert importlib.import_module(program).main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert gone in told


def test_a_full_disk_is_told(capsys):
    def fill(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "shard.h5")

    assert run_program(fill, Namespace()) == 1
    assert capsys.readouterr().err == "error: shard.h5: no space left on device\n"


def test_a_defect_keeps_its_traceback():
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_program(fail, Namespace())


def test_print_matrix_says_what_is_missing(tmp_path):
    done = run(ROOT / "workflow/scripts/print_matrix.py", str(tmp_path))
    assert done.returncode == 1
    assert "run the study first" in done.stderr


def test_ctrl_c_is_one_line(capsys):
    def stopped(_):
        raise KeyboardInterrupt

    assert run_program(stopped, Namespace(settings={"public": True})) == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C\n"


def test_rules_end_in_one_line_that_snakemake_adds_nothing_to():
    for error, words in (
        (UserError("study: 5 is no name"), "error: study: 5 is no name"),
        (KeyboardInterrupt(), "stop"),
    ):
        with pytest.raises(SystemExit, match=words), told_at_once():
            raise error
