"""The marks of every figure: what is counted is drawn, and what is drawn can be seen."""

import collections
import re
import xml.etree.ElementTree as ElementTree

import pytest

from crossray.figures.drawing import draw_figure
from crossray.figures.registry import FIGURES
from crossray.tables import contract_of, read

pytestmark = pytest.mark.slow

#: kind of mark in a specification -> class of its elements in the SVG; of a line all rows are one element
CLASSES = {"point": "mark-symbol", "tick": "mark-rect", "bar": "mark-rect", "rect": "mark-rect", "rule": "mark-rule",
           "text": "mark-text", "image": "mark-image"}  # fmt: skip
#: marks without an inside
STROKES = ("mark-line", "mark-rule")
#: figures whose marks are means over data sets or errors at them, of none yet, or pairs by their published names or
#: their differences
MEANS = {
    "models",
    "tasks",
    "localisation",
    "corrections",
    "shift_truth",
    "head_distances",
    "paper",
    "sample_sizes",
    "unlabelled",
}
#: figures that show what an analysis chose, and the table that says what; others show their first table
CHOSEN = {"outputs": "output_points", "probe": "probe_confusion"}


@pytest.fixture(scope="module")
def chart(made):
    """Return a function that returns the specification of a figure of the small study."""

    def chart(name):
        entry = FIGURES[name]
        tables = [made.folder / f"analysis/{table}.csv" for table in entry.tables]
        folders = [made.folder / folder for folder in entry.folders]
        return draw_figure(name, tables, folders, made.for_figures()).chart.to_dict()

    return chart


def views(specification, data="", encoding=()):
    """Yield the kind, the name of the data and the encoding of every view with marks."""
    data = specification.get("data", {}).get("name", data)
    encoding = {**dict(encoding), **specification.get("encoding", {})}
    if "mark" in specification:
        yield specification["mark"]["type"], data, encoding
    for key in ("layer", "hconcat", "vconcat", "concat"):
        for part in specification.get(key, []):
            yield from views(part, data, encoding)
    if "spec" in specification:
        yield from views(specification["spec"], data, encoding)


def has_place(row, encoding):
    fields = [encoding[channel].get("field") for channel in ("x", "y", "x2", "y2") if channel in encoding]
    return all(row[field] is not None for field in fields if field in row)


def marks(svg):
    """Yield the class of every group of marks, and its elements with the attributes that they inherit."""
    pending = [(svg, {})]
    while pending:
        element, inherited = pending.pop()
        attributes = inherited | element.attrib
        if "role-mark" in element.get("class", ""):
            yield element.get("class").split()[0], [(mark, attributes | mark.attrib) for mark in element]
        pending += [(child, attributes) for child in element]


def in_svg(study, name):
    return list(marks(ElementTree.fromstring((study.folder / f"figures/{name}.svg").read_text())))


@pytest.mark.parametrize("name", FIGURES)
def test_every_row_that_has_a_place_is_a_mark(made, chart, name):
    specification = chart(name)
    wanted, found = collections.Counter(), collections.Counter()
    for kind, data, encoding in views(specification):
        rows = [row for row in specification["datasets"][data] if has_place(row, encoding)]
        wanted["mark-line" if kind == "line" else CLASSES[kind]] += len(rows)
    for kind, elements in in_svg(made, name):
        corners = [len(re.findall("[ML]", mark.get("d", "M"))) for mark, _ in elements]
        found[kind] += sum(corners) if kind == "mark-line" else len(elements)
    assert sum(wanted.values()) > 0
    assert found == wanted


@pytest.mark.parametrize("name", FIGURES)
def test_every_mark_can_be_seen(made, name):
    seen = 0
    for kind, elements in in_svg(made, name):
        for _, attributes in elements:
            words = {key: value for key, value in attributes.items() if not key.endswith("href")}
            assert not re.search(r"NaN|undefined|null|Infinity", str(words)), words
            if kind == "mark-image":
                assert any(key.endswith("href") and value for key, value in attributes.items())
            else:
                paints = {attributes.get(paint) for paint in (["stroke"] if kind in STROKES else ["stroke", "fill"])}
                assert paints - {None, "none", "transparent"}, (kind, words)
            assert float(attributes.get("opacity", 1)) > 0
            seen += 1
    assert seen


def names_in(specification):
    """Return the texts of the rows that are drawn, and the titles of panels."""
    rows = (row for part in specification["datasets"].values() for row in part)
    found = [str(value) for row in rows for value in row.values() if isinstance(value, str | list)]
    pending = [specification]
    while pending:
        view = pending.pop()
        found.append(str(view.get("title", "")))
        pending += [part for key in ("layer", "hconcat", "vconcat", "concat") for part in view.get(key, [])]
    return " ".join(found)


def counted(study, name):
    """Return the data sets with a number in the table that a figure shows, or in the folder."""
    entry = FIGURES[name]
    if not entry.tables:
        return set(study.labels)
    chosen = CHOSEN.get(name, entry.tables[0])
    table = read(study.folder / f"analysis/{chosen}.csv", contract_of(chosen))
    measured = table[table["reason"].isna()] if "reason" in table else table
    columns = [column for column in ("dataset", "source", "target", "first", "second") if column in measured]
    return {value for column in columns for value in measured[column].dropna()} & set(study.labels)


@pytest.mark.parametrize("name", sorted(set(FIGURES) - MEANS))
def test_every_data_set_that_is_counted_is_drawn(made, chart, name):
    words, wanted = names_in(chart(name)), counted(made, name)
    assert wanted
    assert not {dataset for dataset in wanted if not re.search(rf"\b{dataset}\b", words)}


def test_every_training_is_drawn_those_of_pooled_sources_too(made, chart):
    rows = [row for part in chart("training_curves")["datasets"].values() for row in part]
    assert {row["source"] for row in rows if "source" in row} == set(made.settings["sources"])
