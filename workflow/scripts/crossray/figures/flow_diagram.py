"""Figure: the way of images and patients from the release's table to the tests, a row for each data set."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.style import INK, QUIET, Figure, left_out
from crossray.reasons import NOT_LABELLED
from crossray.study.stages.draw_figure import DrawFigure

#: pixels: left and right edges of what was read, left out, used, split and tested; the last one is the drawing's width
_READ, _OUT, _USED, _SPLIT, _TESTED = (0, 104), (124, 332), (352, 458), (478, 732), (752, 860)
#: pixels: a line of text, a box's margin, between boxes, between data sets, and the height of a row's name
_LINE, _MARGIN, _GAP, _BETWEEN, _NAME = 15, 5, 6, 16, 20
#: characters of a line of what was left out, how many reasons are told, and data sets that there is room for on a page
_CHARACTERS, _REASONS, _MOST = 35, 3, 8
_HEADINGS = {_READ: "Read", _OUT: "Left out", _USED: "Used", _SPLIT: "Split", _TESTED: "Tests"}
_SPLITS = {"train": "Training", "validation": "Validation", "test": "Test"}
_TEXT = {"baseline": "top", "align": "left", "fontSize": 12}


@dataclass(frozen=True)
class _Line:
    """A straight line, or the diagonal of a box."""

    x: float
    y: float
    x2: float
    y2: float


@dataclass
class _Drawing:
    """What is drawn: boxes, those of what was left out, lines, tips of arrows, and texts with their places."""

    boxes: list[_Line] = field(default_factory=list)
    dashed: list[_Line] = field(default_factory=list)
    lines: list[_Line] = field(default_factory=list)
    tips: list[tuple[float, float]] = field(default_factory=list)
    texts: list[tuple[float, float, str]] = field(default_factory=list)
    strong: list[tuple[float, float, str]] = field(default_factory=list)

    def box(self, sides: tuple[float, float], top: float, texts: Sequence[str], *, dashed: bool = False) -> _Line:
        """Add a box around lines of text; a dashed one has room for two at least, as an arrow passes through it."""
        rows = max(len(texts), 2 * dashed)
        box = _Line(sides[0], top, sides[1], top + 2 * _MARGIN + _LINE * rows - 2)
        (self.dashed if dashed else self.boxes).append(box)
        self.texts += [(box.x + _MARGIN + 1, top + _MARGIN + _LINE * row, text) for row, text in enumerate(texts)]
        return box

    def arrow(self, first: _Line, second: _Line, level: _Line) -> None:
        """Add an arrow from one box to another, on its right, at the middle of a third."""
        height = (level.y + level.y2) / 2
        self.lines.append(_Line(first.x2, height, second.x, height))
        self.tips.append((second.x - 3, height))

    def branch(self, first: _Line, others: Sequence[_Line]) -> None:
        """Add arrows from one box to several, on its right, which share their beginning."""
        start, middle = (first.y + first.y2) / 2, (first.x2 + others[0].x) / 2
        ends = [(box.y + box.y2) / 2 for box in others]
        self.lines.append(_Line(first.x2, start, middle, start))
        self.lines.append(_Line(middle, min(start, *ends), middle, max(start, *ends)))
        self.lines += [_Line(middle, end, others[0].x, end) for end in ends]
        self.tips += [(others[0].x - 3, end) for end in ends]


def draw(flow: pd.DataFrame, datasets: pd.DataFrame, performance: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the diagram.

    Args:
        flow: ``flow.csv``.
        datasets: ``datasets.csv``, for the reasons why files could not be used.
        performance: the reported rows of ``performance.csv``.
        settings: models, datasets, at_sites.
    """
    drawing, top = _Drawing(), float(_NAME)
    drawing.strong += [(sides[0], 0, words) for sides, words in _HEADINGS.items()]
    names = [name for name in settings.datasets if name in set(flow["dataset"])]
    for name in names[:_MOST]:
        top = _way(drawing, top, _Told(name, flow, datasets, performance, settings)) + _BETWEEN
    caption = (
        "Images and patients of each data set. Read: rows of the release's table. Left out: images of views that the "
        "label policy does not keep, or further ones of a patient; files that cannot be used; and images without a "
        "label of a task, which the release calls uncertain or leaves blank. Used: images that can be read and are "
        "labelled for a task; other numbers of the report are of readable images. Split: after the audit of leakage. "
        "Tests: models that were tested on the test split, and of how many of the tasks that it labels one has an AUC; "
        "an empty cell is a model and a task without one, with its reason as in the matrix."
        f"{left_out(names[_MOST:], 'for want of room; the tables have them')}"
    )
    reading = "Numbers of a row add up from left to right; those of each finding are in the table of labels."
    return Figure(_chart(drawing, top - _BETWEEN), _title(flow), caption, reading)


def _title(flow: pd.DataFrame) -> str:
    whole, tested = flow[flow["split"] == "all"], flow[flow["split"] == "test"]
    if flow[["rows", "labelled", "patients"]].isna().any(axis=None):
        return f"The way of images to tests in {len(whole)} data sets; some counts are not shown"
    return (
        f"{whole['labelled'].sum():,} of {whole['rows'].sum():,} images could be used; test splits have "
        f"{tested['labelled'].sum():,} images of {tested['patients'].sum():,} patients"
    )


@dataclass(frozen=True)
class _Told:
    """What is known of a data set."""

    name: str
    flow: pd.DataFrame
    datasets: pd.DataFrame
    performance: pd.DataFrame
    settings: DrawFigure

    def steps(self, split: str) -> pd.Series | None:
        """Return the counts of a split; None where it has none."""
        rows = self.flow[(self.flow["dataset"] == self.name) & (self.flow["split"] == split)]
        return rows.iloc[0] if len(rows) else None

    def of(self, what: str) -> pd.DataFrame:
        """Return how many images were left out, in all and by the reason."""
        held = self.datasets
        return held[(held["dataset"] == self.name) & (held["property"] == what) & (held["split"] == "all")]

    def reasons(self) -> Iterator[tuple[str, Any]]:
        """Yield why images were left out, step by step, the most frequent reason first, and how many."""
        yield from _few(self.of("not kept"))
        yield from _few(self.of("rejected"))
        steps = self.steps("all")
        unlabelled = 0 if steps is None else steps["readable"] - steps["labelled"]
        uncertain = self.of("unlabelled").query("value == 'uncertain'")["images"].sum()
        if uncertain:
            yield "without a label of a task: uncertain", uncertain
            unlabelled -= uncertain
        if pd.isna(unlabelled) or unlabelled:
            yield f"without a label of a task{': blank' if uncertain else ''}", unlabelled

    def read(self) -> tuple[Any, Any]:
        """Return how many images the release has, and patients."""
        steps, whole = self.steps("all"), self.of("not kept").query("value == 'all'")
        assert steps is not None, "each data set has a row of all its splits"
        more = (0, 0) if whole.empty else (whole["images"].iloc[0], whole["patients"].iloc[0])
        return steps["rows"] + more[0], steps["row_patients"] + more[1]


def _few(rows: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Yield some reasons and how many images were left out for each, the others together."""
    reasons = rows[rows["value"] != "all"]
    few = reasons if len(reasons) <= _REASONS else reasons.iloc[: _REASONS - 1]
    yield from zip(few["value"], few["images"], strict=True)
    if len(reasons) > len(few):
        rest = reasons.iloc[len(few) :]
        yield f"for {len(rest)} other reasons", rest["images"].sum()


def _way(drawing: _Drawing, top: float, told: _Told) -> float:
    """Draw the row of a data set; return its lower end."""
    steps = told.steps("all")
    assert steps is not None, "each data set has a row of all its splits"
    drawing.strong.append((0, top, told.name))
    top += _NAME
    images, patients = told.read()
    known = [_of(images, "image"), _of(patients, "patient")]
    read = drawing.box(_READ, top, ["not known", "here"] if _is_away(told) else known)
    out = drawing.box(_OUT, top, _left_out(told), dashed=True)
    used = drawing.box(_USED, top, [_of(steps["labelled"], "image"), _of(steps["patients"], "patient")])
    drawing.arrow(read, out, read)
    drawing.arrow(out, used, read)
    end = max(out.y2, used.y2)
    boxes = []
    for split, words in _SPLITS.items():
        counts = told.steps(split)
        if counts is not None:
            sizes = _of(counts["labelled"], "image"), _of(counts["patients"], "patient")
            boxes.append(drawing.box(_SPLIT, top, [f"{words} {', '.join(sizes)}"]))
            top = boxes[-1].y2 + _GAP
    drawing.branch(used, boxes)
    end = max(end, boxes[-1].y2)
    if told.steps("test") is None:
        return end
    said = _tested(told)
    above = min(boxes[-1].y - used.y, (len(said) - 1) * _LINE)
    tests = drawing.box(_TESTED, boxes[-1].y - above, said)
    drawing.arrow(boxes[-1], tests, boxes[-1])
    return max(end, tests.y2)


def _is_away(told: _Told) -> bool:
    return told.name in told.settings.at_sites


def _left_out(told: _Told) -> list[str]:
    if _is_away(told):
        return ["What its site left out", "is not known here"]
    said = [f"{_count(count)} {reason}" for reason, count in told.reasons()] or ["none"]
    steps, (_, patients) = told.steps("all"), told.read()
    lost = 0 if steps is None else patients - steps["patients"]
    said += [f"so {_of(lost, 'patient')} without an image"] if pd.isna(lost) or lost else []
    return [line for words in said for line in textwrap.wrap(words, _CHARACTERS, subsequent_indent="  ")[:2]]


def _tested(told: _Told) -> list[str]:
    """Say how many models were tested on a data set, and of how many tasks they have an AUC."""
    cells = told.performance[
        (told.performance["target"] == told.name)
        & told.performance["model"].isin(told.settings.models)
        & (told.performance["reason"] != NOT_LABELLED)
    ]
    if cells.empty:
        return ["none"]
    models = len(cells[["model", "source"]].drop_duplicates())
    empty = cells[cells["auc"].isna()]
    tasks = f"{cells.loc[cells['auc'].notna(), 'task'].nunique()} of {cells['task'].nunique()} tasks"
    letters = f" ({', '.join(sorted(empty['reason'].dropna().unique()))})" if len(empty) else ""
    return [f"{models:,} model{'s' * (models != 1)}", tasks, f"{len(empty) or 'none'} empty{letters}"]


def _count(count: Any) -> str:
    return "some" if pd.isna(count) else f"{int(count):,}"


def _of(count: Any, what: str) -> str:
    return f"{_count(count)} {what}" + ("" if count is not pd.NA and count == 1 else "s")


def _chart(drawing: _Drawing, height: float) -> alt.LayerChart:
    width = _TESTED[1]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False, zero=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0], nice=False, zero=False))

    def lines(of: list[_Line]) -> alt.Chart:
        return alt.Chart(pd.DataFrame([astuple(line) for line in of], columns=["x", "y", "x2", "y2"]))

    def texts(of: list[tuple[float, float, str]]) -> alt.Chart:
        return alt.Chart(pd.DataFrame(of, columns=["x", "y", "text"]))

    ends = {"x": x, "y": y, "x2": "x2:Q", "y2": "y2:Q"}
    tips = alt.Chart(pd.DataFrame(drawing.tips, columns=["x", "y"]))
    return alt.layer(
        lines(drawing.lines).mark_rule(color=QUIET, strokeWidth=1).encode(**ends),
        tips.mark_point(shape="triangle-right", filled=True, size=36, color=QUIET, opacity=1).encode(x=x, y=y),
        lines(drawing.boxes).mark_rect(fill="#ffffff", stroke=INK, strokeWidth=1).encode(**ends),
        lines(drawing.dashed).mark_rect(fill="#ffffff", stroke=QUIET, strokeWidth=1, strokeDash=[4, 3]).encode(**ends),
        texts(drawing.texts).mark_text(color=INK, **_TEXT).encode(x=x, y=y, text="text:N"),
        texts(drawing.strong).mark_text(color=INK, fontWeight=600, **_TEXT).encode(x=x, y=y, text="text:N"),
    ).properties(width=width, height=height)
