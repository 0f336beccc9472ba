"""The commands that run the workflow: Snakemake, with the rules that belong to this library."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from crossray import own_files
from crossray.errors import UserError

#: options of Snakemake that say, themselves or by a profile, how much runs at a time
_SAY_HOW_MUCH = ("-c", "--cores", "-j", "--jobs", "--profile", "-e", "--executor")


def study_options(options: ArgumentParser) -> None:
    """Add what every command on a study takes."""
    options.add_argument("study", type=Path, metavar="STUDY.yaml", help="the study")
    options.add_argument(
        "words", nargs="...", metavar="...", help="targets and options of Snakemake, such as -n (see snakemake --help)"
    )


def run_study(arguments: Namespace) -> NoReturn:
    """Become Snakemake, which runs the study where one is."""
    _become(snakemake_command(arguments.study, arguments.words))


def check_study(arguments: Namespace) -> NoReturn:
    """Become Snakemake, which checks the study."""
    _become(snakemake_command(arguments.study, ["check", "--cores", "1", *arguments.words]))


def snakemake_command(study: Path, words: Sequence[str]) -> list[str]:
    """Return the command that runs a study with this interpreter and the rules that belong to this library.

    Results are written below the working folder. All cores are used unless the options, or a profile, say otherwise.

    Args:
        study: its configuration.
        words: targets and options for Snakemake. They come before ``--configfile``, which would take a target that
            follows it for one more file.

    Raises:
        UserError: if the study is not there or no text of a configuration, or another one is named among the options.
    """
    from crossray.configfiles import check_text

    if not study.is_file():
        raise UserError(f"{study}: no such file; write one with crossray new, or start from config/config.yaml")
    check_text(study)
    if any(word.partition("=")[0] in ("--configfile", "--configfiles") for word in words):
        raise UserError(f"--configfile: the study is {study}, one of a command; leave the option out")
    told = any(word.partition("=")[0] in _SAY_HOW_MUCH or _is_short_number(word) for word in words)
    cores = [] if told else ["--cores", "all"]
    rules = str(own_files.home().resolve() / "Snakefile")
    return [sys.executable, "-m", "snakemake", "--snakefile", rules, *cores, *words, "--configfile", str(study)]


def _is_short_number(word: str) -> bool:
    """Return whether an option is -c or -j with its number, as in -c4."""
    return word[:2] in ("-c", "-j") and word[2:].isdigit()


def _become(command: list[str]) -> NoReturn:
    """Replace this process, so that Ctrl-C and signals reach Snakemake alone."""
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted
