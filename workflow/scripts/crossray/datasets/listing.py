"""What lies below the folder of a release: its image files, and what systems and archives leave between them."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path, PurePath

from crossray.errors import UserError, may_quote, named

log = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".dcm", ".dicom", ".png", ".jpg", ".jpeg")
#: endings of pictures that are not read
UNREAD_SUFFIXES = (".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".j2k", ".jfif", ".jpe", ".npy", ".nii", ".nii.gz")
#: endings of files that are no images
OTHER_SUFFIXES = (
    ".csv", ".tsv", ".txt", ".md", ".pdf", ".xml", ".xlsx", ".xls", ".ods", ".parquet", ".json", ".zip", ".gz",
)  # fmt: skip

#: what macOS, Windows, Synology and QNAP leave behind, in small letters; so do all names that begin with a point, the
#: AppleDouble files ``._NAME`` among them
_LITTER = {
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle", "@recycle", "$recycle.bin",
    "system volume information", "lost+found",
}  # fmt: skip


def is_litter(path: str) -> bool:
    """Return whether a path, from the root of a release or of an archive, is of no release: a part of it is litter."""
    return any(part.startswith(".") or part.lower() in _LITTER for part in PurePath(path).parts)


def files_below(root: str) -> Iterator[str]:
    """Yield the files below a folder as paths from it, in order, without litter; folders that are links are followed.

    Raises:
        UserError: if a folder may not be read, or no table could hold a name (not in UTF-8, or with a line break).
    """
    yield from _files(root, "", frozenset({_identity(root)}))


def _files(root: str, folder: str, above: Set[tuple[int, int]]) -> Iterator[str]:
    """Yield the files below a folder; ``above`` are the folders that it is in, so that a link to one of them ends."""
    for entry in _entries(root, folder):
        path = f"{folder}/{entry.name}" if folder else entry.name
        _check_name(root, path)
        if not entry.is_dir():
            if entry.is_symlink() and not Path(entry.path).exists():
                log.warning("a link leads to nothing that is there")
            yield path
        elif (identity := _identity(entry.path)) in above:
            log.warning("a link leads back to a folder that it is in; it is not followed")
        else:
            yield from _files(root, path, above | {identity})


def _entries(root: str, folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder, by name."""
    try:
        with os.scandir(Path(root, folder)) as entries:
            return sorted((one for one in entries if not is_litter(one.name)), key=lambda one: one.name)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise UserError(f"{root}: a folder in it cannot be listed ({reason}); make all of it readable") from error


def _identity(folder: str) -> tuple[int, int]:
    status = Path(folder).stat()
    return status.st_dev, status.st_ino


def _check_name(root: str, path: str) -> None:
    if any(sign < " " for sign in path):
        raise UserError(f"{root}: a file or folder in it has a name with a line break or the like; rename it")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UserError(
            f"{root}: a file or folder in it has a name that is not in UTF-8, as of an old disk or archive; rename all "
            "such files (for instance with convmv), and in the table too"
        ) from None


def image_files(root: str) -> list[str]:
    """Return the image files below a folder as paths from it, in order: by their endings, DICOM by its mark too.

    Raises:
        UserError: if a name is not in UTF-8.
    """
    return [path for path in files_below(root) if is_image(root, path)]


def is_image(root: str, path: str) -> bool:
    """Return whether a file below a folder is an image by its ending, or DICOM by its mark."""
    return path.lower().endswith(IMAGE_SUFFIXES) or _has_mark(root, path)


def _has_mark(root: str, path: str) -> bool:
    """Return whether a file with the ending of no other kind is DICOM (PS3.10 7.1), and no directory of such files."""
    name = PurePath(path).name.lower()
    if name.endswith(OTHER_SUFFIXES) or name == "dicomdir":
        return False
    file = Path(root, path)
    try:
        if not file.is_file():  # a pipe would wait for ever
            return False
        with file.open("rb") as opened:
            return opened.read(132)[128:] == b"DICM"
    except OSError:
        return False


def without_ending(path: str) -> str:
    """Return a path without its ending, if that is one of images; a point may stand elsewhere in a name."""
    return str(PurePath(path).with_suffix("")) if path.lower().endswith(IMAGE_SUFFIXES) else path


def find_images(
    root: str, wanted: Iterable[str], key: Callable[[str], str] = lambda path: PurePath(path).name
) -> dict[str, str]:
    """Find image files by their bare names anywhere below a folder.

    Args:
        root: the folder.
        wanted: the names.
        key: what of a path is compared with them; its file name where this is left out.

    Returns:
        Name -> path from the folder, of those that are there.

    Raises:
        UserError: if two different files have one of the names, as it is unclear which one is meant.
    """
    names, files = set(wanted), image_files(root)
    found: dict[str, str] = {}
    for path in files:
        name = key(path)
        if name not in names:
            continue
        first = found.setdefault(name, path)
        if first != path and not Path(root, first).samefile(Path(root, path)):
            doubles = [path for path in files if key(path) == name]
            raise UserError(
                f"{root}: {name if may_quote() else 'an image'} lies there more than once: {named(doubles, 'files')}. "
                "Which one is meant? Move the folders that are no part of the release elsewhere"
            )
    log.info("%d image files below the release's folder, %d of %d names found", len(files), len(found), len(names))
    return found
