"""Code shared by all command-line programs: start-up, logging, and error reporting."""

import argparse
import dataclasses
import errno
import json
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

from crossray.errors import SHOW_VALUES, UserError, may_quote, speaking_of
from crossray.study.base import Settings, key_of

S = TypeVar("S", bound=Settings)

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


def settings_option(options: argparse.ArgumentParser, kind: type[Settings]) -> None:
    """Add the option ``--settings``, which takes a stage's settings as JSON; argparse reports errors in them."""
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
    """Run ``program`` and return its exit status: 0, 1 after an error, or 130 after Ctrl-C.

    What the user can fix (a :class:`UserError`, an error of the operating system, a full GPU) is one line that begins
    with ``error: ``, which keeps the job from being retried (:mod:`crossray.attempts`). Any other exception is a defect
    of CrossRay and keeps its traceback. Unless the settings say that the data are public, nothing quotes them: no
    warning of a library, no exception's message, no name of a file that is not on the command line.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    settings = getattr(arguments, "settings", None)
    public = settings.get("public") if isinstance(settings, dict) else getattr(settings, "public", None)
    with nullcontext() if public is None else speaking_of(public), warnings.catch_warnings():
        if not may_quote():
            warnings.showwarning = _warn_without_values
        try:
            program(arguments)
        except KeyboardInterrupt:
            print("stopped by Ctrl-C", file=sys.stderr)
            return 128 + signal.SIGINT
        except Exception as error:
            if may_quote() and not (isinstance(error, UserError | OSError) or _is_full_gpu(error)):
                raise
            print(logged(error, paths_of(arguments)), file=sys.stderr)
            return 1
    return 0


def logged(error: Exception, paths: Iterable[Path] = ()) -> str:
    """Return the message about an exception.

    Args:
        error: what a program ended with.
        paths: files and folders that may be shown, as they were given on the command line.
    """
    if isinstance(error, UserError):
        return f"error: {error}"
    if isinstance(error, OSError):
        kind = "error that may pass" if error.errno in _MAY_PASS else "error"
        return f"{kind}: {_where(error, paths)}{_what(error)}"
    if _is_full_gpu(error):
        return (
            f"error: a GPU's memory is too small ({str(error).splitlines()[0]}); set training.batch_size or "
            "images.size to less, or take a GPU with more"
        )
    return "".join(_without_values(error)).rstrip()


@contextmanager
def one_line(kind: type[Exception], public: bool, paths: Iterable[Path] = ()) -> Iterator[None]:
    """Convert exceptions while a release is read to a kind that is reported in one line.

    Args:
        kind: of exception.
        public: whether the line may quote the release.
        paths: files and folders that are no secret.
    """
    try:
        with speaking_of(public):
            yield
    except kind:
        raise
    except Exception as error:
        raise kind(logged(error, paths).removeprefix("error: ")) from None


def _is_full_gpu(error: Exception) -> bool:
    return type(error).__name__ == "OutOfMemoryError"  # torch's, which is not imported here


def paths_of(arguments: argparse.Namespace) -> list[Path]:
    """Return the paths among the arguments of a program."""
    values = vars(arguments).values()
    several = [one for value in values if isinstance(value, list | tuple) for one in value]
    return [path for path in (*values, *several) if isinstance(path, Path)]


def _where(error: OSError, paths: Iterable[Path]) -> str:
    """Name the file of an error, or only the given folder if the file's own name may identify a person."""
    if not error.filename:
        return ""
    file = Path(os.fsdecode(error.filename))
    if may_quote() or any(file in (path, *path.parents) for path in paths):
        return f"{file}: "
    above = [path for path in paths if file.is_relative_to(path)]
    return f"a file in {max(above, key=lambda path: len(path.parts))}: " if above else "a file: "


def _what(error: OSError) -> str:
    if error.strerror:
        return error.strerror.lower()
    return str(error).lower() if may_quote() else f"{type(error).__name__}, which the system does not explain"


def _without_values(error: BaseException) -> Iterator[str]:
    """Yield a traceback whose exceptions have lost their messages: lines of code hold no value, a message may."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _without_values(before)
        yield "\nwhich led to:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__} (its message may hold values of data; set {SHOW_VALUES}=1 to see it)\n"


def _warn_without_values(
    message: Warning | str,  # noqa: ARG001
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Tell of a warning where it came from, as its text may quote what was read."""
    print(f"{filename}:{lineno}: {category.__name__} (its text may hold values)", file=sys.stderr)
