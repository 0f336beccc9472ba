"""The style of all figures, and the export of a chart to SVG, PNG and JSON text."""

import html
import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from crossray.errors import listed
from crossray.files import replacing, write_json, write_text
from crossray.study.names import named
from crossray.texts import visible

#: data set colours: at least 15 apart in CAM02-UCS for every kind of colour vision, at least 3:1 on white
DATASET_COLOURS = ["#332288", "#bd1f01", "#01665e", "#578dff", "#663333", "#cc79a7", "#1845fb", "#999933"]
DATASET_SHAPES = [
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-left",
    "triangle-right",
]

#: AUC from chance to perfect: cividis reversed, lightness falling evenly; below chance it fades to white
AUC_DOMAIN = [0.0, 0.5, 0.625, 0.75, 0.875, 1.0]
AUC_RANGE = ["#ffffff", "#fee838", "#bbad6d", "#7c7b78", "#424e6c", "#00224e"]
#: from this AUC on, numbers on the ramp are white; black below
WHITE_FROM = 0.76
BELOW_CHANCE = "#d55e00"
EMPTY = "#e5e7eb"

INK = "#1f2937"
QUIET = "#666666"
#: sources that pool data sets
POOLED_COLOURS = ["#000000", "#4b5563", "#6b7280", "#374151"]
#: a star and a hexagon, as paths in a square from -1 to 1
POOLED_SHAPES = [
    "M0,-1L.24,-.32L.95,-.31L.38,.12L.59,.81L0,.4L-.59,.81L-.38,.12L-.95,-.31L-.24,-.32Z",
    "M-1,0L-.5,-.87L.5,-.87L1,0L.5,.87L-.5,.87Z",
]
#: one hue for proportions and agreements, from 0 to 1
SHARE_RANGE = ["#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"]
DROP_RANGE = ["#532687", "#988dbe", "#f6f6f7", "#ef9e3c", "#b25706"]
#: ways of attributing evidence to pixels, as words
METHODS = {
    "grad_cam": "Grad-CAM",
    "integrated_gradients": "integrated gradients",
    "input_gradients": "input gradients",
}
#: colours of internal and external tests
HOME, AWAY = "#1f2937", "#1845fb"
FONT = "Helvetica, Arial, sans-serif"
_INHERITED = ("fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor", "font-size", "font-weight")


@dataclass(frozen=True)
class Figure:
    """A chart and its words.

    Attributes:
        chart: the drawing.
        title: what it shows, as a result where there is one.
        caption: what is drawn, how many, and what an interval is.
        reading: how to read it, in a sentence or two.
    """

    chart: alt.TopLevelMixin
    title: str
    caption: str
    reading: str


def dataset_scale(datasets: Sequence[str]) -> alt.Scale:
    """Return the colour of each data set, the same in every figure of a study."""
    colours = [DATASET_COLOURS[i % len(DATASET_COLOURS)] for i in range(len(datasets))]
    return alt.Scale(domain=list(datasets), range=colours)


def dataset_shapes(datasets: Sequence[str]) -> alt.Scale:
    """Return the marker of each data set, so that colour never carries the meaning alone."""
    shapes = [DATASET_SHAPES[i % len(DATASET_SHAPES)] for i in range(len(datasets))]
    return alt.Scale(domain=list(datasets), range=shapes)


def notice(phantoms: Sequence[str], real: Sequence[str]) -> str:
    """Return the words that stand on every figure of a study with phantoms; empty for real images alone.

    Args:
        phantoms: the data sets of phantoms.
        real: all others.
    """
    if phantoms and real:
        return f"Phantoms, not patients: {listed(phantoms)}; the other images are real"
    return "Phantoms, not patients: simulated images" if phantoms else ""


def configured(chart: alt.TopLevelMixin, title: str, subtitle: str) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart with its title and the common look."""
    specification = json.loads(chart.to_json(indent=None))
    specification["title"] = {
        "text": _wrapped(title),
        "subtitle": _wrapped(subtitle, 90) if subtitle else [],
        "anchor": "start",
        "offset": 14,
    }
    specification["background"] = "#ffffff"
    specification["config"] = {
        "font": FONT,
        "view": {"stroke": None},
        "title": {"fontSize": 15, "fontWeight": 600, "color": INK, "subtitleColor": QUIET, "subtitleFontSize": 12},
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400, "labelColor": INK,
                 "titleColor": INK, "gridColor": "#e5e7eb", "domainColor": "#9ca3af", "tickColor": "#9ca3af",
                 "labelLimit": 420},
        "axisQuantitative": {"labelOverlap": "greedy", "labelSeparation": 6, "labelFlush": False, "tickCount": 7},
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400, "labelColor": INK,
                   "titleColor": INK, "symbolOpacity": 1},
        "header": {"labelFontSize": 13, "labelFontWeight": 600, "labelColor": INK, "title": None},
    }  # fmt: skip
    specification["padding"] = 12
    return specification


def _wrapped(text: str, width: int = 62) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def write(figure: Figure, svg: Path, png: Path, words: Path, subtitle: str = "") -> None:
    """Write a figure as SVG and PNG, and its words as JSON; no browser, no network.

    Args:
        figure: what to write.
        svg: file for the SVG; ids in it are unique to the figure, so many can share a page.
        png: file for the PNG, two pixels a point.
        words: file for title, caption and reading.
        subtitle: what stands below the title (:func:`notice`).
    """
    specification = configured(figure.chart, figure.title, subtitle)
    drawn = visible(vl_convert.vegalite_to_svg(specification))
    write_text(svg, visible(embeddable(drawn, svg.stem, figure)))
    with replacing(png) as partial:
        partial.write_bytes(vl_convert.svg_to_png(drawn, scale=2))
    write_json(words, {"title": figure.title, "caption": figure.caption, "reading": figure.reading})


def embeddable(svg: str, name: str, figure: Figure) -> str:
    """Make an SVG fit to share a page: own ids, one name and description, nothing said twice, hundredths of a pixel."""
    svg = re.sub(r' (?:aria-[a-z]+|role|font-family|stroke-miterlimit)="[^"]*"| opacity="1"', "", svg)
    svg = re.sub(r' (?:d|transform|[xy][12]?)="[^"]*"', _hundredths, svg)
    svg = _shared_once(svg)
    numbers: dict[str, str] = {}
    for old in re.findall(r'\bid="([^"]+)"', svg):
        numbers.setdefault(old, f"{name}-{len(numbers)}")
    for old, new in numbers.items():
        svg = re.sub(rf'(id="|url\(#|href="#){re.escape(old)}(?=["\)])', rf"\g<1>{new}", svg)
    head = f'<svg role="img" font-family="{FONT}" aria-labelledby="{name}-title {name}-description"'
    named = (
        f'<title id="{name}-title">{html.escape(figure.title)}</title>'
        f'<desc id="{name}-description">{html.escape(figure.caption)}</desc>'
    )
    svg = svg.replace("<svg", head, 1)
    return re.sub(r"(<svg[^>]*>)", lambda match: match.group(1) + named, svg, count=1)


def nothing(title: str, why: str, caption: str = "", reading: str = "") -> Figure:
    """Return a figure that says why there is nothing to draw."""
    chart = alt.Chart(pd.DataFrame({"why": [why]})).mark_text(fontSize=13, color=QUIET, align="left", x=0)
    return Figure(chart.encode(text="why:N").properties(width=560, height=40), title, caption or why, reading or "")


def source_scale(sources: Sequence[str], datasets: Sequence[str]) -> alt.Scale:
    """Return the colour of each source: its data set's, and greys for pooled ones."""
    colours = dict(zip(datasets, DATASET_COLOURS * (1 + len(datasets) // len(DATASET_COLOURS)), strict=False))
    greys = itertools.cycle(POOLED_COLOURS)
    return alt.Scale(domain=list(sources), range=[colours.get(source) or next(greys) for source in sources])


def source_shapes(sources: Sequence[str], datasets: Sequence[str]) -> alt.Scale:
    """Return the marker of each source: its data set's, and a star or a hexagon for pooled ones."""
    shapes = dict(zip(datasets, DATASET_SHAPES * (1 + len(datasets) // len(DATASET_SHAPES)), strict=False))
    pooled = itertools.cycle(POOLED_SHAPES)
    return alt.Scale(domain=list(sources), range=[shapes.get(source) or next(pooled) for source in sources])


def _shared_once(svg: str) -> str:
    """Say what all marks of a group share once, on the group: a matrix has hundreds of texts of one font."""
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(svg)  # noqa: S314  # our own drawing
    for group in root.iter():
        marks = list(group)
        for name in _INHERITED if len(marks) > 1 else ():
            values = {mark.get(name) for mark in marks}
            if len(values) == 1 and None not in values:
                group.set(name, str(values.pop()))
                for mark in marks:
                    del mark.attrib[name]
    return ElementTree.tostring(root, encoding="unicode")


def _hundredths(attribute: re.Match[str]) -> str:
    return re.sub(r"\d*\.\d{3,}", lambda number: f"{float(number.group()):.2f}", attribute.group())


def signed(value: float, digits: int = 2) -> str:
    """Write a difference with its sign, and none for what rounds to 0."""
    return f"{round(value, digits) or 0.0:+.{digits}f}" if round(value, digits) else f"{0:.{digits}f}"


def with_interval(value: float, low: float, high: float, digits: int = 2) -> str:
    """Write a number with its 95% interval for a sentence."""
    return f"{value:.{digits}f} (95% interval {low:.{digits}f} to {high:.{digits}f})"


def names_of(rows: pd.DataFrame) -> pd.Series:
    """Return the name of each row's model, with what it was trained on if that is a data set of the study."""
    pairs = zip(rows["model"], rows["source"], strict=True)
    return pd.Series([named(model, source) for model, source in pairs], rows.index, dtype=object)


def panels_of(rows: pd.DataFrame, most: int) -> tuple[list[str], str]:
    """Choose the panels that a figure has room for, those of each target in turn.

    Args:
        rows: with the columns panel and target.
        most: how many there is room for.

    Returns:
        Their names, and a sentence on how many there are else.
    """
    panels = rows[["panel", "target"]].drop_duplicates()
    turn = panels.groupby("target", sort=False).cumcount()
    shown = panels.loc[turn.sort_values(kind="stable").index[:most]].sort_index()
    rest = len(panels) - len(shown)
    return list(shown["panel"]), f" {rest} more are in the table." if rest else ""


def left_out(names: Sequence[str], why: str) -> str:
    """Return the sentence that names what a figure does not have, empty where that is nothing."""
    return f" Not shown: {', '.join(names)}, {why}." if names else ""


def below_chance(auc_high: Any) -> Any:
    """Return whether AUCs are worse than chance: by their intervals, whose upper ends these are."""
    return auc_high < 0.5


def label_word(label: float) -> str:
    """Write a label: an unknown one is neither positive nor negative."""
    return {1.0: "positive", 0.0: "negative"}.get(label, "unknown")
