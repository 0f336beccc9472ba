"""Time the search for near-duplicates among made-up films.

Images are smooth noise on a chest that all share and that varies in a few ways. Two of them correlate by 0.24 in the
median, with a spread of 0.18; two of the real films that set the threshold by 0.04 to 0.10, with 0.12 to 0.17. One in
a hundred is a copy of another, compressed, inverted or rescaled. Given are for each number of films the seconds to
describe and to search them, and how many of the copies were found.
"""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from measuring import Row, peak_mb
from numpy.typing import NDArray

from crossray.datasets.duplicates import concatenate, describe, find_duplicates

IMAGES = (10_000, 100_000, 400_000)
SIZE = 64
BATCH = 1000


def smooth(generator: np.random.Generator, side: int) -> NDArray[np.float64]:
    """Draw smooth noise with so many waves a side."""
    return cv2.resize(generator.normal(0, 1, (side, side)), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def chests() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what all films share: the mean chest, and the ways in which chests vary, shape (ways, size, size)."""
    generator = np.random.default_rng(1)
    mean = 0.5 + 0.35 * smooth(generator, 5) + 0.036 * smooth(generator, 14) + 0.024 * smooth(generator, 20)
    return mean, 0.027 * np.array([smooth(generator, side) for side in (12, 14, 16, 18, 20)])


def films(count: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw so many films, each with structure of its own at every scale."""
    mean, ways = chests()
    drawn = mean + np.tensordot(generator.normal(0, 1, (count, len(ways))), ways, 1)
    for own in drawn:
        for side, weight in ((6, 0.10), (12, 0.06), (24, 0.04)):
            own += weight * smooth(generator, side)
    return (255 * np.clip(drawn, 0, 1)).astype(np.uint8)


def changed(image: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Copy an image in one of three ways."""
    if number % 3 == 0:
        buffer = io.BytesIO()
        PIL.Image.fromarray(image).save(buffer, "JPEG", quality=50)
        return np.array(PIL.Image.open(buffer))
    if number % 3 == 1:
        return 255 - image
    return cv2.resize(cv2.resize(image, (40, 40), interpolation=cv2.INTER_AREA), (SIZE, SIZE))


def measure(folder: Path) -> Iterator[Row]:
    """Describe and search each number of images."""
    for count in IMAGES:
        yield from _search(count)


def _search(count: int) -> Iterator[Row]:
    generator = np.random.default_rng(0)
    parts, originals, spent = [], [], 0.0
    for start in range(0, count, BATCH):
        images = films(min(BATCH, count - start), generator)
        for place in range(0, len(images) // 2, 50):
            images[-1 - place] = changed(images[place], place // 50)
            originals.append((start + place, start + len(images) - 1 - place))
        began = time.perf_counter()
        parts.append(describe(images))
        spent += time.perf_counter() - began
    began = time.perf_counter()
    found = find_duplicates(concatenate(parts))
    searched = time.perf_counter() - began
    pairs = set(zip(found["first"], found["second"], strict=True))
    hit = sum(pair in pairs for pair in originals)
    case = f"duplicates among {count:,} films"
    yield Row(f"{case}, describe", "CrossRay", [spent], peak_mb=peak_mb())
    yield Row(f"{case}, search", "CrossRay", [searched], peak_mb=peak_mb())
    yield Row(f"{case}, copies", "CrossRay", [len(originals)], "pairs")
    yield Row(f"{case}, copies found", "CrossRay", [hit], "pairs")
    yield Row(f"{case}, others found", "CrossRay", [len(pairs) - hit], "pairs")
