"""Paths that almost match a file: another case, another Unicode form, Windows separators."""

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
    if not _can_be(path):
        return "it has signs that no file's name has"
    turned = path.replace("\\", "/")
    try:
        if Path(root, path).exists():
            return "it is a folder, not a file" if Path(root, path).is_dir() else None
        there = _alike(root, turned)
    except OSError:
        return "a name in it is longer than a file system takes"
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


def outside(root: Path, paths: Iterable[str]) -> list[str]:
    """Return those of some paths from a folder that lead out of it: by .., as absolute ones, or by links.

    If the file is missing, its folders decide.
    """
    whole = os.path.realpath(root)
    folders: dict[str, bool] = {}

    def leaves(path: str) -> bool:
        if not _can_be(path):
            return False
        file = os.path.join(root, path)  # noqa: PTH118  # one path in a hundred thousand is an object too many
        folder, name = os.path.split(file)
        if folder not in folders:
            folders[folder] = not _is_below(os.path.realpath(folder), whole)
        if name in ("", ".", "..") or os.path.islink(file):  # noqa: PTH114
            return not _is_below(os.path.realpath(file), whole)
        return folders[folder]

    return [path for path in paths if leaves(path)]


def is_file(root: Path, path: str) -> bool:
    """Return whether a path from a folder is that of a file; one that no file system could have is not."""
    try:
        return _can_be(path) and Path(root, path).is_file()
    except OSError:  # a name that is too long
        return False


def _can_be(path: str) -> bool:
    """Return whether a system could be asked for a path: it has no zeros and no halves of characters."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


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
