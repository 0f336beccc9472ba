"""Names and paths that look as if they were there: another case, another Unicode form, the separators of Windows."""

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def why_missing(root: Path, path: str) -> str | None:
    """Say in words why a path from a folder may not be found although its file seems to be there; quotes no name.

    Returns:
        A sentence without its point, or None where there is nothing to say.
    """
    if path.startswith("~"):
        return "~ is not read as a home folder: write the path in full"
    if _DRIVE.match(path):
        return "it is written as a path of a Windows drive (C:\\...): write paths from root, with /"
    turned = path.replace("\\", "/")
    there = _alike(root, turned)
    if there is None:
        return None
    if turned != path:
        return "it is there if \\ is read as /: write / as separator, Windows writes \\"
    if unicodedata.normalize("NFC", there) == unicodedata.normalize("NFC", path):
        return (
            "it is there with the same letters in another Unicode form (an accent as one sign with its letter, or as "
            "one of its own, as macOS writes it): write both alike"
        )
    return "it is there with other capital and small letters: write both alike"


def first_explained(root: Path, paths: Iterable[str], limit: int = 100) -> str | None:
    """Return what :func:`why_missing` says of the first of some paths that it has something to say of."""
    return next(
        (words for path, _ in zip(paths, range(limit), strict=False) if (words := why_missing(root, path))), None
    )


def _alike(root: Path, path: str) -> str | None:
    """Return the one path below a folder that is there and has the same letters, whatever their case and form."""
    here, found = root, []
    for part in Path(path).parts:
        names = [part] if (here / part).exists() else _names_alike(here, part)
        if len(names) != 1:
            return None
        found.append(names[0])
        here /= names[0]
    return str(Path(*found))


def _names_alike(folder: Path, name: str) -> list[str]:
    try:
        return [other for other in os.listdir(folder) if folded(other) == folded(name)]  # noqa: PTH208
    except OSError:
        return []


def folded(name: str) -> str:
    """Return what names have in common that differ in their case or their Unicode form alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
