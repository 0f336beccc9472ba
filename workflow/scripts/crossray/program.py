"""What every command-line program shares: how it starts, logs, and tells a person what went wrong."""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from crossray.errors import UserError


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
