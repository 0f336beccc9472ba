"""What every command-line program shares: how it starts, logs, and tells a person what went wrong."""

import argparse
import errno
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from crossray.errors import UserError

#: what the operating system reports and may not report a minute later; another attempt is worth it
_MAY_PASS = (errno.EAGAIN, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT)


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
    disk that is full; or a GPU whose memory is too small. Any other exception is a defect of CrossRay and keeps its
    traceback. A last line that begins with ``error: `` keeps the job from being tried again
    (:mod:`crossray.attempts`).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        program(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        kind = "error that may pass" if error.errno in _MAY_PASS else "error"
        print(f"{kind}: {where}{(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 1
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not imported here
            raise
        print(
            f"error: a GPU's memory is too small ({str(error).splitlines()[0]}); set training.batch_size or "
            "images.size to less, or take a GPU with more",
            file=sys.stderr,
        )
        return 1
    return 0
