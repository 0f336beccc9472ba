"""Size limits of files and of their decoded content, checked before decoding.

A few kilobytes can claim to be gigabytes. So sizes that a file states are compared with these limits and with one
another, what is inflated is inflated up to a limit, and what is read element by element is read up to a number of them.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from crossray.errors import UnusableImageError

#: pixels of an image; a film of 35 x 43 cm has 61 million at 50 micrometres, the finest that is scanned
LARGEST_FRAME = 2**26

#: bytes of a file, of what it inflates to, and of the values of an image
LARGEST_BYTES = 2**28

#: maximum pixels per byte in an image of more than a million; lossy radiographs have 100, a single colour 1,000
_PIXELS_A_BYTE, _SMALL = 1000, 2**20

#: bytes before the pixels of a DICOM file
LARGEST_HEADER = 2**25

#: reads of a file that is taken apart in Python: so many, and one more for so many bytes
_READS, _BYTES_A_READ = 20_000, 1000

#: values of a block of rows; what is computed in between takes a few times 8 MB
_BLOCK = 2**20


def check_file(path: Path) -> int:
    """Return the bytes of a file.

    Raises:
        UnusableImageError: if they are more than :data:`LARGEST_BYTES`.
        OSError: if the file is not there.
    """
    return check_bytes(path.stat().st_size, "file")


def check_bytes(count: int, what: str) -> int:
    """Return a number of bytes.

    Raises:
        UnusableImageError: if they are more than :data:`LARGEST_BYTES`; the reason says ``what`` they are.
    """
    if count > LARGEST_BYTES:
        raise UnusableImageError(f"{what} of {megabytes(count)}, more than {megabytes(LARGEST_BYTES)} are not read")
    return count


def check_frame(rows: int, columns: int, coded: int | None = None) -> None:
    """Check the size that an image states.

    Args:
        rows: its height.
        columns: its width.
        coded: the bytes that it is said to be coded in, where it is compressed.

    Raises:
        UnusableImageError: if it has more than :data:`LARGEST_FRAME` pixels, or more than its bytes can hold.
    """
    if rows * columns > LARGEST_FRAME:
        raise UnusableImageError(f"{rows} x {columns} pixels, more than {LARGEST_FRAME} are not read")
    if coded is not None and rows * columns > max(_SMALL, _PIXELS_A_BYTE * coded):
        raise UnusableImageError(f"{rows} x {columns} pixels in {coded} bytes, too few for a picture")


def row_blocks(shape: Sequence[int]) -> Iterator[slice]:
    """Yield the rows of an image in blocks, for what takes several times the memory of the image itself.

    Args:
        shape: rows, columns, and perhaps channels.
    """
    step = max(1, _BLOCK // max(1, shape[1]))
    for first in range(0, shape[0], step):
        yield slice(first, min(first + step, shape[0]))


def megabytes(count: int) -> str:
    """Write a number of bytes for a message."""
    return f"{-(-count // 2**20)} MB"


class Reads:
    """A binary file whose reads are counted, as one of millions of empty parts would be read for ever.

    Args:
        file: open for reading.
        size: its bytes.
        most: the bytes that may be read of it.
    """

    def __init__(self, file: BinaryIO, size: int, most: int = LARGEST_BYTES) -> None:
        self._file = file
        self._left = _READS + size // _BYTES_A_READ
        self._size, self._bytes = size, most

    def read(self, count: int = -1) -> bytes:
        """Read as the file does.

        Raises:
            UnusableImageError: if it is read in more parts than a file of its size can have, or for too long.
        """
        self._left -= 1
        if self._left < 0:
            raise UnusableImageError("a header of too many parts for a file of its size")
        self._bytes -= min(count, self._size) if count >= 0 else self._size
        if self._bytes < 0:
            raise UnusableImageError("a header of too many bytes")
        return self._file.read(count)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()
