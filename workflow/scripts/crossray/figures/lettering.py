"""Detect text burnt into an image by rows of letter-like shapes; no character recognition, no training.

Strokes are what is narrower and brighter, or darker, than its surroundings. Three or more shapes of strokes of one
height, side by side, are taken for text, and five or more one above the other. One or two are not: nearly every film
has an L or R, many an AP. How often text is missed stands in docs/data-format.md, from benchmarks/lettering.py.
"""

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

#: letters in a row that are taken for text, and in a column, where ribs stand one above the other
LETTERS, LETTERS_TURNED = 3, 5

#: pixels of the longer side when it is searched; what is too small to be a letter then cannot be read in a figure
_SIDE = 512

#: pixels around a stroke that it is compared with: for small letters, for larger ones, for large ones
_SURROUNDINGS = (9, 17, 33)

#: how many levels strokes stand out by, and by which part of the most that their surroundings do
_LEVELS, _PART = 28, 0.45

#: a letter's height in pixels, and by the surroundings; its width by its height; the part of its box that it fills
_HEIGHTS, _HEIGHTS_OF_SURROUNDINGS, _WIDTHS, _FILLED = (9, 110), (0.48, 3.2), (0.12, 1.7), 0.18

#: neighbours: how far apart by their height, how much they may overlap by their width, how unlike in height they may
#: be, and how much of the height they share
_GAP, _OVERLAP, _UNLIKE, _SHARED = 1.0, 0.3, 1.5, 0.7

#: a picture of so many letters is full of something, whatever it is
_MOST = 400


def has_text(image: NDArray[np.uint8]) -> bool:
    """Say whether a picture seems to have text in it, in rows or, turned by a quarter, in columns.

    Args:
        image: shape (rows, columns) or (rows, columns, 3).
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = _SIDE / max(grey.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way)
    return any(_has_row(letters, count) for letters, count in _letters(sized))


def _letters(grey: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Yield boxes of shapes like letters, and how many in a row are text: bright and dark, small and large, and turned.

    A box is left, top, width, height.
    """
    for around, way in itertools.product(_SURROUNDINGS, (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)):
        square = cv2.getStructuringElement(cv2.MORPH_RECT, (around, around))
        strokes = cv2.morphologyEx(grey, way, square)
        strong = (strokes > _LEVELS) & (strokes > _PART * cv2.dilate(strokes, square))
        _, _, found, _ = cv2.connectedComponentsWithStats(strong.astype(np.uint8), connectivity=8)
        boxes = found[1:].astype(np.int64)
        yield _like_letters(boxes, around), LETTERS
        yield _like_letters(boxes[:, [1, 0, 3, 2, 4]], around), LETTERS_TURNED


def _like_letters(boxes: NDArray[np.int64], around: int) -> NDArray[np.int64]:
    """Keep the boxes that have the size and shape of letters, from left to right."""
    _, _, width, height, area = boxes.T
    low, high = (share * around for share in _HEIGHTS_OF_SURROUNDINGS)
    kept = (
        (height >= max(_HEIGHTS[0], low))
        & (height <= min(_HEIGHTS[1], high))
        & (width >= _WIDTHS[0] * height)
        & (width <= _WIDTHS[1] * height)
        & (area >= _FILLED * width * height)
    )
    letters = boxes[kept, :4]
    return letters[np.argsort(letters[:, 0], kind="stable")]


def _has_row(letters: NDArray[np.int64], count: int) -> bool:
    """Say whether so many letters stand in a row."""
    if len(letters) > _MOST:
        return True
    lengths = np.ones(len(letters), np.int64)
    for number in range(1, len(letters)):
        left, top, width, height = letters[number]
        lefts, tops, widths, heights = letters[:number].T
        gap = left - (lefts + widths)
        tall, low = np.maximum(heights, height), np.minimum(heights, height)
        shared = np.minimum(tops + heights, top + height) - np.maximum(tops, top)
        beside = (
            (gap <= _GAP * tall)
            & (gap >= -_OVERLAP * np.minimum(widths, width))
            & (tall <= _UNLIKE * low)
            & (shared >= _SHARED * low)
        )
        if beside.any():
            lengths[number] += lengths[:number][beside].max()
    return bool((lengths >= count).any())
