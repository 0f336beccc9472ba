"""What every command-line program shares: how it starts, logs, and tells a person what went wrong."""

import argparse
import dataclasses
import json
import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

from crossray.errors import UserError
from crossray.study.base import Settings, key_of

S = TypeVar("S", bound=Settings)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser that shows ``description`` (a module's docstring) as it is written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )


def json_object(text: str) -> dict[str, Any]:
    """Parse a ``--settings`` argument; argparse turns the error into a message that names the flag.

    Raises:
        argparse.ArgumentTypeError: if ``text`` is not a JSON object.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON ({error}): {text}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"not a JSON object: {text}")
    return value


def settings_option(options: argparse.ArgumentParser, kind: type[Settings]) -> None:
    """Add the option ``--settings``, which takes a stage's settings as JSON; argparse tells what is wrong with them."""
    keys = ", ".join(key_of(field.name) for field in dataclasses.fields(cast("Any", kind)))
    options.add_argument("--settings", required=True, type=settings_of(kind), help=f"{keys} as JSON")


def settings_of(kind: type[S]) -> Callable[[str], S]:
    """Return a parser of settings; argparse turns its error into a message that names the flag."""

    def parse(text: str) -> S:
        try:
            return kind.from_json(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def run(program: Callable[[argparse.Namespace], None], arguments: argparse.Namespace) -> int:
    """Run ``program`` and return its exit status: 0, or 1 after an error that a person can mend, told in one line.

    That is a :class:`UserError`, or what the operating system reports: a file that is not there or may not be read, a
    disk that is full. Any other exception is a defect of CrossRay and keeps its traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        program(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 1
    return 0
