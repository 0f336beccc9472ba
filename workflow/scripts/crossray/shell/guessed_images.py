"""Which column of a table names the image files below a folder, and how: as paths, by their names, in headers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, get_args

from crossray.datasets.found_images import Key, dicom_files
from crossray.datasets.headers import read_headers
from crossray.datasets.listing import without_ending
from crossray.paths import folded

if TYPE_CHECKING:
    import pandas

#: share of a column's names that must be found for the column to be the one of images
_ENOUGH = 0.5
#: headers that are read at most to see which element a table has
_HEADERS = 2000


@dataclass(frozen=True)
class NamedImages:
    """Where a table's images are.

    Attributes:
        root: the folder that paths start from.
        column: the column that names them.
        settings: of the data set: ``path``, a pattern, or ``found_by``; none where the column has paths.
        found: names of the column that have a file.
        names: all of them.
        share: what speaks for it, from 0 to 1: of names that have a file, or of files that the column names.
    """

    root: str
    column: str
    settings: Mapping[str, Any]
    found: int
    names: int
    share: float


class _Files:
    """The image files below a folder, by what a table may call them; capital letters do not count."""

    def __init__(self, files: Iterable[str]) -> None:
        self.paths: set[str] = set()
        self.names: dict[str, list[str]] = defaultdict(list)
        for file in files:
            self.paths |= {file, without_ending(file)}
            for name in {PurePath(file).name, PurePath(without_ending(file)).name}:
                self.names[folded(name)].append(file)


def find_named(table: "pandas.DataFrame", images: str, files: list[str]) -> NamedImages | None:
    """Find the column that names most image files of a folder; of equal ones that whose cells are paths.

    Args:
        table: as text.
        images: the folder.
        files: the image files below it, as paths from it.
    """
    there = _Files(files)
    ways = (
        NamedImages(root, column, settings, found, names, found / names)
        for column in table
        for root, settings, found, names in _ways(table, column, images, there)
    )
    found = [one for one in ways if one.share >= _ENOUGH]
    return max(found, key=lambda one: (one.share, not one.settings, one.names), default=None)


def _ways(
    table: "pandas.DataFrame", column: str, images: str, files: _Files
) -> Iterator[tuple[str, dict[str, Any], int, int]]:
    """Yield the ways in which a column may name files: root, settings, names with a file, names."""
    cells = table[column].str.strip()
    names = [name for name in cells.unique() if name]
    if 2 * len(names) < len(cells.unique()) or not names:
        return
    absolute = str(Path(images).resolve())
    inside = [name.removeprefix(absolute + "/") for name in names]
    yield images, {}, sum(name in files.paths for name in inside), len(names)
    above = Path(absolute)
    for depth in range(
        1, min(3, len(above.parts))
    ):  # the table's paths begin with the folder's own name, or with that of the one above it
        start = "/".join(above.parts[-depth:]) + "/"
        count = sum(name.startswith(start) and name.removeprefix(start) in files.paths for name in names)
        yield str(above.parents[depth - 1]), {}, count, len(names)
    by_name = {name: files.names.get(folded(name), []) for name in names}
    for pattern, count in _patterns(table, column, by_name):
        yield images, {"path": pattern}, count, len(names)


def _patterns(table: "pandas.DataFrame", column: str, by_name: Mapping[str, list[str]]) -> Iterator[tuple[str, int]]:
    """Yield patterns of paths for a column of bare names, with the number of names that have just one file by them."""
    if set("{}") & set(column):
        return
    folders = {name: [PurePath(file).parent.parts for file in files] for name, files in by_name.items()}
    every = {parts for several in folders.values() for parts in several if parts}
    if len(every) == 1:
        (parts,) = every
        if not set("{}*") & set("".join(parts)):
            yield f"{'/'.join(parts)}/{{{column}}}", sum(several == [parts] for several in folders.values())
    for depth in {len(parts) for parts in every}:
        stars = "*/" * depth
        yield f"{stars}{{{column}}}", sum([len(p) for p in several] == [depth] for several in folders.values())
    if any(len(several) > 1 for several in folders.values()):
        for other in table.columns.drop(column):
            pairs = set(zip(table[other].str.strip(), table[column].str.strip(), strict=True))
            found = {name for folder, name in pairs if (folder,) in folders.get(name, [])}
            if found and not set("{}") & set(other):
                yield f"{{{other}}}/{{{column}}}", len(found)


def find_in_headers(table: "pandas.DataFrame", images: str) -> NamedImages | None:
    """Find the column that has what headers of DICOM files say, such as accession numbers.

    Args:
        table: as text.
        images: the folder of the files, of which some are read.
    """
    files = dicom_files(images)
    keywords = ["SOPInstanceUID", "SeriesInstanceUID", *get_args(Key)]  # what an image has for itself comes first
    headers = read_headers(images, files[:_HEADERS], get_args(Key)) if files else None
    if headers is None:
        return None
    every = len(files) <= _HEADERS
    best: NamedImages | None = None
    for keyword in keywords:
        said = headers[keyword].str.strip()
        for column in table if said.any() else ():
            names = set(table[column].str.strip()) - {""}
            share = float(said.isin(names).mean())
            if share >= _ENOUGH and (best is None or share > best.share):
                settings = {"found_by": {"column": column, "header": keyword}}
                found = len(names & set(said)) if every else len(names)
                best = NamedImages(images, column, settings, found, len(names), share)
    return best
