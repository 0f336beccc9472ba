"""How often burnt-in text is missed before a picture is shown, and how often a picture without any is held back.

Text is drawn into made-up films: words in several fonts, sizes, brightnesses and places, upright and turned by a
quarter. Phantoms will not do, as their ribs, drawn as even rows, are taken for text.
Sizes are heights of capitals in pixels of a picture of 224; a figure shows it with 128, where capitals of less than
about 9 cannot be read. docs/data-format.md has the table, and what was found on radiographs.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import films
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from measuring import Row
from numpy.random import Generator
from numpy.typing import NDArray

SIDE, PICTURES = 224, 50
HEIGHTS = (5, 6, 7, 8, 10, 14, 20, 30)

#: films are larger: text is drawn at so many times the size, and reduced as conversions do it
_FILM = 4
_WORDS = ["SMITH JOHN", "MUELLER ANNA", "1978-03-12", "Dr. Garcia", "ID 4471902", "LEE", "Kowalski, M.", "DOE^JANE",
          "03/12/1978 14:22", "Ward 7B", "Nguyen", "St. Mary Hospital", "Zhao", "MRN:0099321", "PATEL R"]  # fmt: skip
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_LEAST_CONTRAST = 60


def measure(folder: Path) -> Iterator[Row]:
    """Return the share of pictures in which text is found: without any, with text of each height, and turned."""
    from crossray.figures.lettering import has_text

    generator = np.random.default_rng(0)
    pictures = [films.film(8, SIDE, SIDE, seed).astype(np.uint8) for seed in range(PICTURES)]
    yield Row("no text", "made-up films", [float(np.mean([has_text(picture) for picture in pictures]))], "share")
    for height in HEIGHTS:
        marked = [with_text(picture, generator, height) for picture in pictures]
        yield Row(f"{height} px", "made-up films", [float(np.mean([has_text(one) for one in marked]))], "share")
        turned = [has_text(np.ascontiguousarray(np.rot90(one))) for one in marked]
        yield Row(f"{height} px, turned", "made-up films", [float(np.mean(turned))], "share")


def with_text(picture: NDArray[np.uint8], generator: Generator, height: int) -> NDArray[np.uint8]:
    """Draw words somewhere on a picture, often at its edge, of any brightness that can be told from what is there.

    Args:
        picture: shape (size, size).
        generator: draws words, font, brightness and place.
        height: of capitals, in pixels.
    """
    side = len(picture) * _FILM
    film = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
    words = _drawn(_WORDS[generator.integers(len(_WORDS))], generator, height * _FILM)[:side, : side - 8]
    rows, columns = words.shape
    top, left = generator.integers(0, side - rows + 1), generator.integers(0, side - columns + 1)
    if generator.random() < 0.6:
        top = [0, side - rows][generator.integers(2)]
    place = film[top : top + rows, left : left + columns]
    level = float(generator.choice([0, 128, 200, 255]))
    if abs(level - np.median(place)) < _LEAST_CONTRAST:
        level = 255.0 if np.median(place) < 128 else 0.0
    share = words / 255
    place[...] = np.round(place * (1 - share) + level * share)
    return cv2.resize(film, picture.shape, interpolation=cv2.INTER_AREA)


def _drawn(words: str, generator: Generator, height: int) -> NDArray[np.uint8]:
    """Return words in white on black, no larger than they are."""
    number = int(generator.integers(2 * len(_FONTS)))
    if number < len(_FONTS):
        width = max(1, height // 8)
        canvas = np.zeros((3 * height, 40 * height), np.uint8)
        scale = cv2.getFontScaleFromHeight(_FONTS[number], height, width)
        cv2.putText(canvas, words, (height, 2 * height), _FONTS[number], scale, 255, width, cv2.LINE_AA)
    else:
        image = PIL.Image.new("L", (40 * height, 3 * height))
        font = PIL.ImageFont.load_default(size=height / 0.72)
        PIL.ImageDraw.Draw(image).text((height, height), words, fill=255, font=font)
        canvas = np.asarray(image)
    rows, columns = np.nonzero(canvas)
    return canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
