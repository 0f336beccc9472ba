"""Shards: the images of a data set as HDF5 files that are memory-mapped, and the index that lists them.

A shard holds ``images`` uint8 (N, size, size), or (N, size, size, 3) in colour, contiguous and uncompressed, and
``image_id``, N strings; attributes name the data set, the size, the preprocessing and the library versions, and have
the digest of the content as it was written, so that damage is never indexed. The index, a small JSON file, has the
digest of every shard's content: what depends on the index alone is not rerun by a conversion that ends in the same
pixels. HDF5 takes no locks, which some clusters' file systems refuse: shards never change.
"""

import atexit
import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.errors import UserError
from crossray.files import damaged, read_json, replacing
from crossray.seeds import derived_seed

FORMAT_VERSION = 1

#: bytes that are copied at a time
_PIECE = 1 << 20


def write_shard(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    image_ids: Sequence[str],
    size: int,
    attributes: Mapping[str, Any],
    channels: int = 1,
) -> None:
    """Write one shard, whole or not at all.

    Args:
        path: the file to write.
        images: one array of shape (size, size), or (size, size, 3), for each of ``image_ids``; taken one at a time,
            none is kept in memory.
        image_ids: identifiers in the order of ``images``; looked at when all images have been taken.
        size: pixels along each side.
        attributes: facts for a reader; mappings and lists are stored as JSON.
        channels: 1 for grey, 3 for colour.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # HDF5 wants to know how many images there are before the first.
    with tempfile.TemporaryFile(dir=path.parent) as waiting, replacing(path) as partial:
        for image in images:
            waiting.write(np.ascontiguousarray(image, np.uint8).data)
        waiting.seek(0)
        digest = _of_identifiers(image_ids)
        while piece := waiting.read(_PIECE):
            digest.update(piece)
        waiting.seek(0)
        facts = {"format_version": FORMAT_VERSION, "size": size, "sha256": digest.hexdigest(), **attributes}
        with h5py.File(partial, "w", locking=False) as file:
            layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            shape = (len(image_ids), size, size, *([channels] if channels > 1 else []))
            dataset = file.create_dataset("images", shape, np.uint8, dcpl=layout, fill_time="never", track_times=False)
            file.create_dataset("image_id", data=np.array(image_ids, dtype=h5py.string_dtype()), track_times=False)
            for name, value in facts.items():
                file.attrs[name] = value if isinstance(value, str | int | float) else json.dumps(value, sort_keys=True)
            offset = dataset.id.get_offset()
        # Pixels go past HDF5, which cannot let go of a file on a full disk.
        with partial.open("r+b") as pixels:
            pixels.seek(offset or 0)
            shutil.copyfileobj(waiting, pixels, _PIECE)


def shard_entry(path: Path) -> dict[str, Any]:
    """Describe a shard for the index: file name, number of images, and a digest of identifiers and pixels.

    Raises:
        UserError: if the content is not what was written; shards of earlier versions do not say what that was.
    """
    entry, written = _entry(path)
    if written not in (None, entry["sha256"]):
        raise damaged(path, "is not what was written, it was damaged since")
    return entry


def _of_identifiers(names: Sequence[str]) -> "hashlib._Hash":
    """Return the digest of a shard's identifiers, to be updated with its pixels."""
    return hashlib.sha256("\n".join(names).encode())


def _entry(path: Path) -> tuple[dict[str, Any], str | None]:
    """Return what a shard is now, and the digest that it had when it was written."""
    with _opened(path) as (images, names):
        digest = _of_identifiers(names)
        for start in range(0, len(images), 1024):
            digest.update(images[start : start + 1024].tobytes())
        entry = {"file": path.name, "images": len(images), "sha256": digest.hexdigest()}
        return entry, images.file.attrs.get("sha256")


def read_index(path: Path) -> dict[str, Any]:
    """Read the index of a data set.

    Returns:
        dataset, size, images, rejected, and shards: file (a bare name), images and sha256 of each.

    Raises:
        UserError: if it is none.
    """
    facts = read_json(path)
    entries = facts.get("shards")
    counts = all(_is_count(facts.get(key)) for key in ("size", "images"))
    if not isinstance(facts.get("dataset"), str) or not counts or not isinstance(entries, list) or not entries:
        raise damaged(path, "is no index of shards")
    if not all(map(_is_entry, entries)):
        raise damaged(path, "is no index of shards")
    return facts


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not _is_count(entry.get("images")):
        return False
    name = entry.get("file")
    return isinstance(name, str) and name not in ("", "..") and Path(name).name == name


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@contextmanager
def _opened(path: Path) -> Iterator[tuple[h5py.Dataset, list[str]]]:
    """Open a shard: its pixels, which lie in the file itself as they are in memory, and its identifiers.

    Raises:
        UserError: if that is not so, as where a link leads to another file.
    """
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise damaged(path, f"not a readable shard ({error})") from error
    with file:
        images, identifiers = (_own_data(file, name, path) for name in ("images", "image_id"))
        shape = images.shape
        if images.dtype != np.uint8 or shape[1:] not in ((shape[1:2] * 2), (*shape[1:2] * 2, 3)):
            raise damaged(path, "holds no square images of bytes")
        offset = images.id.get_offset() or 0
        if images.size and (not offset or offset + images.size > path.stat().st_size):
            raise damaged(path, "its pixels do not lie in it in one piece")
        try:
            names = list(identifiers.asstr()[:])
        except (OSError, TypeError, ValueError) as error:
            raise damaged(path, "its identifiers are not readable") from error
        if len(names) != len(images):
            raise damaged(path, f"holds {len(images)} images and {len(names)} identifiers")
        yield images, names


def _own_data(file: h5py.File, name: str, path: Path) -> h5py.Dataset:
    """Return what a shard holds itself; a link, a virtual data set or external storage would be another file's."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
        raise damaged(path, f"has no {name} of its own")
    data = file[name]
    if data.is_virtual or data.external or not data.shape:
        raise damaged(path, f"has no {name} of its own, they lie in another file")
    return data


class _Pixels:
    """Arrays of images as if they were one, the second below the first and so on."""

    def __init__(self, arrays: Sequence[NDArray[np.uint8]], shape: tuple[int, ...]) -> None:
        self.arrays, self.shape = list(arrays), shape
        self._ends = np.cumsum([len(array) for array in arrays])

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the images at ``rows``; each is copied once, which is all that reading costs."""
        taken = np.empty((len(rows), *self.shape), np.uint8)
        array_of = np.searchsorted(self._ends, rows, side="right")
        within = rows - np.concatenate([[0], self._ends])[array_of]
        for place, (array, row) in enumerate(zip(array_of.tolist(), within.tolist(), strict=True)):
            taken[place] = self.arrays[array][row]
        return taken


class ImageStore:
    """The images of a data set, from its shards.

    Args:
        index: an ``index.json``, with its shards in the folder ``shards`` beside it.
        reading: ``mapped`` leaves pixels on the disk, which the system's cache keeps as far as there is memory;
            ``memory`` reads them once and keeps them; ``local`` copies the shards to a folder of this process below
            ``TMPDIR`` and maps them there.

    Attributes:
        dataset: name of the data set.
        size: pixels along each side of an image.
        shape: of an image, (size, size), or (size, size, 3) in colour.
        channels: 1 for grey, 3 for colour.

    Raises:
        UserError: if a shard is missing or not what the index says.
    """

    def __init__(self, index: Path, reading: str = "mapped") -> None:
        facts = read_index(index)
        self._folder = index.parent / "shards"
        self._entries = {self._folder / entry["file"]: entry for entry in facts["shards"]}
        if reading == "local":
            self._entries = _copied(self._entries)
        mapped = [_mapped(path, entry["images"]) for path, entry in self._entries.items()]
        self.dataset: str = facts["dataset"]
        self.size: int = facts["size"]
        arrays = [np.array(part) if reading == "memory" else part for part, _ in mapped]
        self.shape: tuple[int, ...] = arrays[0].shape[1:]
        self.channels: int = math.prod(self.shape[2:])
        self.pixels = _Pixels(arrays, self.shape)
        self._rows = {name: row for row, name in enumerate(name for _, names in mapped for name in names)}

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._rows)

    @property
    def image_ids(self) -> list[str]:
        """Identifiers of all images, in the order of their rows."""
        return list(self._rows)

    def check(self) -> None:
        """Read every shard once and compare it with the digest in the index.

        Raises:
            UserError: if a shard's identifiers or pixels are not those that were indexed.
        """
        for path, entry in self._entries.items():
            if _entry(path)[0] != entry:
                raise damaged(self._folder / path.name, "is not what its index.json says, it was damaged since")

    def rows(self, image_ids: Iterable[str]) -> NDArray[np.int64]:
        """Return where images are in the store; -1 for those that were rejected and have no pixels."""
        return np.array([self._rows.get(name, -1) for name in image_ids], dtype=np.int64)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the images at ``rows`` as uint8 of shape (len(rows), *shape)."""
        return self.pixels.take(rows)


class JoinedStores:
    """Several stores as one: the rows of the second begin where those of the first end, and so on.

    Args:
        stores: at least one, all with images of one shape.

    Raises:
        UserError: if the shapes differ.
    """

    def __init__(self, stores: Sequence[ImageStore]) -> None:
        shapes = {store.dataset: store.shape for store in stores}
        if len(set(shapes.values())) > 1:
            raise UserError(f"these data sets cannot be joined, their images differ in size: {shapes}")
        self.size: int = stores[0].size
        self.shape, self.channels = stores[0].shape, stores[0].channels
        self.starts = np.cumsum([0, *(len(store) for store in stores)])[:-1]
        self.pixels = _Pixels([array for store in stores for array in store.pixels.arrays], self.shape)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the images at ``rows`` as uint8 of shape (len(rows), *shape)."""
        return self.pixels.take(rows)


def _copied(entries: Mapping[Path, dict[str, Any]]) -> dict[Path, dict[str, Any]]:
    """Copy shards to a folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="crossray-shards-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {Path(shutil.copyfile(path, folder / path.name)): entry for path, entry in entries.items()}


def _mapped(path: Path, expected: int) -> tuple[NDArray[np.uint8], list[str]]:
    with _opened(path) as (images, names):
        shape, offset = images.shape, images.id.get_offset()
    if shape[0] != expected:
        raise damaged(path, f"holds {shape[0]} images, its index says {expected}")
    if not expected:
        return np.empty(shape, np.uint8), names
    return np.memmap(path, np.uint8, "r", offset, shape).view(np.ndarray), names


class RowStore(Protocol):
    """What programs read rows of: pixels of images, or what a network makes of them."""

    size: int
    channels: int

    def take(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return what is at ``rows``, one along the first axis for each."""


class RowIndex(Protocol):
    """What has something of the images of a data set, each in a row: pixels, or what a network makes of them."""

    dataset: str

    def rows(self, image_ids: Iterable[str]) -> NDArray[np.int64]:
        """Return where images are; -1 for those that are not there."""


def with_rows(manifest: pd.DataFrame, store: RowIndex, split: str) -> pd.DataFrame:
    """Return a manifest's rows of one split that have pixels, with their place in the store as ``row``."""
    chosen = manifest[manifest["split"] == split]
    chosen = chosen.assign(row=store.rows(chosen["image_id"]))
    return chosen[chosen["row"] >= 0].reset_index(drop=True)


def sample_rows(manifest: pd.DataFrame, store: RowIndex, images: int, seed: int) -> pd.DataFrame:
    """Draw at most so many images with pixels of the training split and of the test split, one for each patient.

    Returns:
        Rows of the manifest with their place in the store as ``row``; the same for the same seed.
    """
    parts = []
    for split in ("train", "test"):
        rows = with_rows(manifest, store, split).drop_duplicates("patient_id")
        parts.append(rows.sample(min(images, len(rows)), random_state=derived_seed(seed, store.dataset, split) % 2**32))
    return pd.concat(parts, ignore_index=True)
