"""Figures for a paper: without their title, at the width of a column or a page, as SVG and PDF, with text of 7 points.

Widths are those of Nature's guide for figures, which others share or exceed: 89 mm for one column, 183 mm for two.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vl_convert

from crossray.figures.style import Figure, configured, embeddable
from crossray.files import replacing, write_json, write_text
from crossray.texts import visible

#: millimetres: a column, two columns, and the most that a figure and its caption leave of a page's height
SINGLE, DOUBLE, HIGHEST = 89.0, 183.0, 230.0
#: points of the smallest text
LEAST = 7.0
_POINTS = 72 / 25.4
#: sizes grow with their texts, so that a few rounds are needed
_ROUNDS = 6
#: pixels that small text may grow to so that a drawing fits one column: more, and labels run into one another
_LARGEST = 15.0
_SIZES = ("fontSize", "labelFontSize", "titleFontSize", "subtitleFontSize")


@dataclass(frozen=True)
class Size:
    """A drawing's size.

    Attributes:
        width: pixels.
        height: pixels.
        text: pixels of its smallest text; a drawing without text has that of the largest there is.
    """

    width: float
    height: float
    text: float

    def placed(self, width: float) -> tuple[float, float, float]:
        """Return width and height in millimetres and the smallest text in points, at a width or less if too high."""
        width = min(width, HIGHEST * self.width / self.height)
        return width, width * self.height / self.width, self.text * width * _POINTS / self.width


def typeset(figure: Figure, svg: Path, pdf: Path, words: Path, subtitle: str = "") -> None:
    """Write a figure at a journal's width: one column where its text stays large enough, else two.

    Args:
        figure: what to write.
        svg: file for the SVG, with its size in millimetres.
        pdf: file for the PDF.
        words: file for title, caption and reading, ``width_mm``, ``height_mm`` and ``text_pt``.
        subtitle: what stands above it (:func:`crossray.figures.style.notice`).
    """
    drawing, size, column = _drawn(configured(figure.chart, "", subtitle) | {"padding": 2})
    width, height, text = size.placed(column)
    sides = f"{width:.2f}mm", f"{height:.2f}mm"
    write_text(svg, visible(_sized(embeddable(drawing, svg.stem, figure), size, *sides)))
    with replacing(pdf) as partial:
        points = f"{width * _POINTS:.2f}", f"{height * _POINTS:.2f}"  # of an SVG's pixels it makes points
        partial.write_bytes(vl_convert.svg_to_pdf(_sized(drawing, size, *points)))
    measures = {"width_mm": round(width, 1), "height_mm": round(height, 1), "text_pt": round(text, 1)}
    write_json(words, {"title": figure.title, "caption": figure.caption, "reading": figure.reading, **measures})


def _drawn(specification: dict[str, Any]) -> tuple[str, Size, float]:
    """Draw for one column where its text need not grow much for that, else for two."""
    drawing = visible(vl_convert.vegalite_to_svg(specification))
    size = size_of(drawing)
    for column, most in ((SINGLE, _LARGEST), (DOUBLE, float("inf"))):
        larger, fitted = _fitted(specification, drawing, size, column, most)
        if fitted.placed(column)[2] >= LEAST or column == DOUBLE:
            return larger, fitted, column
    raise AssertionError("two columns take any drawing")


def _fitted(specification: dict[str, Any], drawing: str, size: Size, column: float, most: float) -> tuple[str, Size]:
    """Enlarge small texts up to so many pixels until they are large enough at a width; drawings grow with them."""
    for _ in range(_ROUNDS):
        width, _, text = size.placed(column)
        least = LEAST * size.width / (width * _POINTS) + 0.05
        if text >= LEAST or least > most:
            break
        specification = _enlarged(specification, least)
        drawing = visible(vl_convert.vegalite_to_svg(specification))
        size = size_of(drawing)
    return drawing, size


def size_of(svg: str) -> Size:
    """Return the size of a drawing by Vega."""
    width, height = (float(found[1]) for found in (_side(svg, "width"), _side(svg, "height")))
    texts = [float(size) for size in re.findall(r'font-size="([0-9.]+)(?:px)?"', svg)]
    return Size(width, height, min(texts, default=max(width, height)))


def _side(svg: str, name: str) -> re.Match[str]:
    found = re.search(rf'<svg[^>]*? {name}="([0-9.]+)"', svg)
    assert found, "a drawing by Vega says how large it is"
    return found


def _enlarged(specification: dict[str, Any], least: float) -> dict[str, Any]:
    """Return a specification whose texts have so many pixels at least."""
    larger = copy.deepcopy(specification)
    for block in _blocks(larger):
        for name in _SIZES:
            if isinstance(block.get(name), int | float) and block[name] < least:
                block[name] = least
    return larger


def _blocks(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every block of a specification; data have none with sizes of text."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _blocks(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _blocks(inner)


def _sized(svg: str, size: Size, width: str, height: str) -> str:
    """Return a drawing with other sides; what it is drawn in stays its view box."""
    for name, pixels, side in (("width", size.width, width), ("height", size.height, height)):
        svg = re.sub(rf'(<svg[^>]*? {name}=)"{pixels:g}"', rf'\g<1>"{side}"', svg, count=1)
    return svg
