"""Reader ``table``: any folder of images beside tables, whose columns the settings name."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Len

from crossray.datasets import Release
from crossray.datasets.fields import ages, optional, sexes, views
from crossray.datasets.found_images import FILE, HEADER, FoundBy, dicom_files
from crossray.datasets.found_images import find as find_images_by
from crossray.datasets.headers import KEYWORDS, read_headers
from crossray.datasets.identifiers import check_whole, say_shared_files
from crossray.datasets.image_paths import columns_in, wrong_pattern
from crossray.datasets.joined import Join, Joined, read_joined, with_joins
from crossray.datasets.labels_from import (
    LabelSource,
    by_image,
    columns_of,
    contradiction,
    opinions,
    say_never_met,
)
from crossray.datasets.options import ImageChoice, NamedView, Sex, UncertainLabels, Words
from crossray.datasets.patterns import group_of, wrong_group
from crossray.datasets.policy import keep_images, resolve_uncertain
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, find_root, find_table
from crossray.datasets.row_facts import facts_of
from crossray.datasets.sheets import count_rows as count_table_rows
from crossray.datasets.strata import ELEMENTS, OfTables, from_the_first, months, sources_of
from crossray.errors import UserError
from crossray.opinions import combined
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Obeys, OneKindOf, Several

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

SETTINGS = (
    "columns", "tasks", "path", "patterns", "join", "from_headers", "several_rows", "found_by", "names", "no_patient",
    "sex_words", "view_words",
)  # fmt: skip
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore"}}
COHORT = None

FromHeaders = Literal["patient_id", "study_id", "sex", "age", "view", "date"]

TaskSource = Annotated[str | Annotated[LabelSource, Obeys(contradiction)], OneKindOf()]
Tasks = Several[str] | Annotated[Mapping[str, TaskSource], Len(1)]


@dataclass(frozen=True, kw_only=True)
class Columns(Settings):
    """Which column of the table holds what."""

    image_id: str = "image_id"
    "Unique identifier of the image."
    patient_id: str = "patient_id"
    "Identifier of the patient."
    path: str = "path"
    "File of the image, relative to the root."
    study_id: LeftOut[str] = None
    "Identifier of the examination, unlike those of all other patients: an accession number, no date."
    view: LeftOut[str] = None
    "View position, for instance PA."
    sex: LeftOut[str] = None
    "F or M, or the word in one of several languages; others are unknown, and counted."
    age: LeftOut[str] = None
    "Age in years, as in DICOM (034Y), or in words (50+, mid 50s); others are unknown, and counted."
    date: LeftOut[str] = None
    "Date of the examination, 2024-01-31 or 20240131; only the months since the data set's first date are kept."
    split: LeftOut[str] = None
    "train, validation or test, if the release has its own split."


Group = Annotated[str, Obeys(wrong_group)]


@dataclass(frozen=True, kw_only=True)
class Patterns(Settings):
    """Which part of a cell counts, as a regular expression with one group; those of identifiers must fit every row."""

    image_id: LeftOut[Group] = None
    "Regular expression for part of the column of image_id."
    patient_id: LeftOut[Group] = None
    "Regular expression for part of the column of patient_id, such as '(p[0-9]+)_' for a file name."
    study_id: LeftOut[Group] = None
    "Regular expression for part of the column of study_id."
    view: LeftOut[Group] = None
    "Regular expression for part of the column of view, or of the path if none is named; unknown if no match."
    sex: LeftOut[Group] = None
    "The same for the sex."
    age: LeftOut[Group] = None
    "The same for the age."


@dataclass(frozen=True, kw_only=True)
class Options(ImageChoice, UncertainLabels, OfTables):
    """A folder of images beside a table."""

    root: str
    "Folder that image paths are relative to."
    table: Annotated[str | Several[str], OneKindOf()]
    "CSV, Excel or Parquet file with one row per image, relative to the root; several with the same columns as a list."
    found_by: LeftOut[FoundBy] = None
    """If no table lists images: use the DICOM files below root whose headers have a value of a column of the table,
    such as an accession number."""
    several_rows: LeftOut[Literal["any", "all", "majority", "first"]] = None
    """How the labels of several rows of an image, or of a key of a further table, are combined, like `combine` of
    tasks; by default several rows are an error. In everything but labels they must agree."""
    join: tuple[Join, ...] = ()
    """Further tables, whose columns are added by a key; images without a row there are counted, and their cells are
    empty."""
    path: LeftOut[Annotated[str, Obeys(wrong_pattern)]] = None
    """Pattern of file paths relative to the root, with columns in braces, such as png/{image_id}.png, instead of
    columns.path. A missing file extension is looked up on disk; * matches any folder."""
    columns: Columns = Columns()
    "Names of the table's columns; those without a default are used only if named."
    patterns: Patterns = Patterns()
    "Which part of a cell is used, if not the whole cell."
    from_headers: tuple[FromHeaders, ...] = ()
    "Fields to read from the DICOM headers if the table has no such column, or an empty cell."
    names: tuple[str, ...] = ()
    "Names of all columns, from left to right, if the table has no header line."
    no_patient: tuple[str, ...] = ()
    """Values of patient_id that name no patient, such as unknown, or '' for an empty cell. Each such image, or study if
    study_id is given, counts as a patient of its own; by default they are an error."""
    sex_words: LeftOut[Words[Sex]] = None
    "F and M to further words for them, such as F: ['2']; U to words that leave it unknown."
    view_words: LeftOut[Words[NamedView]] = None
    "Views to further words for them, such as AP: [mobile, '2']; UNKNOWN to words that leave it unknown."
    tasks: Annotated[Tasks, OneKindOf()]
    "Label columns (1 positive, 0 negative, -1 or empty unknown), as a list, or as task to column or to its rule."


@dataclass(frozen=True, kw_only=True)
class TableReading(ChosenImages):
    """Settings of ``read``."""

    columns: Columns
    "Names of the columns."
    tasks: tuple[str, ...] | Mapping[str, str | LabelSource]
    "Label columns, or task to column or rule."
    uncertain: str
    "Meaning of an uncertain label."
    path: LeftOut[str] = None
    "Pattern of paths."
    patterns: Patterns = Patterns()
    "Which part of a cell is used."
    join: tuple[Join, ...] = ()
    "Further tables."
    from_headers: tuple[str, ...] = ()
    "Fields to read from DICOM headers."
    several_rows: LeftOut[str] = None
    "How several rows are combined."
    found_by: LeftOut[FoundBy] = None
    "How images that no table lists are found."
    names: tuple[str, ...] = ()
    "Names of columns."
    no_patient: tuple[str, ...] = ()
    "Words that name no patient."
    sex_words: LeftOut[Words[Sex]] = None
    "Words for sexes."
    view_words: LeftOut[Words[NamedView]] = None
    "Words for views."


ReadSettings = TableReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`; tables of images first, then one of each join.

    Raises:
        UserError: if the folder or a table is not there, or settings contradict one another.
    """
    images = [settings.table] if isinstance(settings.table, str) else list(settings.table)
    if settings.found_by and (len(images) > 1 or settings.path):
        raise UserError(
            f"datasets.{dataset}.found_by: images are found by what their headers say, so that path, and more than one "
            "table, have no meaning; take them out"
        )
    names = [("table", name) for name in images]
    names += [(f"join.{n}.table", join.table) for n, join in enumerate(settings.join)]
    tables = tuple(find_table(dataset, settings.root, name, [], key) for key, name in names)
    return Release(str(find_root(dataset, settings.root)), tables)


def count_images(release: Release, settings: Options) -> int:
    """Count the rows of the tables of images, or the files that may be DICOM where no table lists images."""
    if settings.found_by:
        return len(dicom_files(release.root))
    return sum(count_table_rows(path) for path in release.tables[: len(release.tables) - len(settings.join)])


def read(release: Release, settings: TableReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``columns``, ``tasks`` and the policy."""
    table = read_rows(release, settings)
    kept = keep_images(table, settings)
    check_images(release.root, kept.table["path"], settings.max_missing)
    return kept


def read_rows(release: Release, settings: TableReading) -> "pandas.DataFrame":
    """Read the tables by the names of their columns, without looking whether images are there.

    Raises:
        UserError: if a table does not fit the settings, or an image is in two tables of images.
    """
    import pandas as pd

    from crossray.manifest import MONTHS

    of_images = len(release.tables) - len(settings.join)
    sources = _sources(settings.tasks)
    met: dict[str, set[str]] = {task: set() for task in sources}
    parts = {
        path: _read_images(Release(release.root, (path, *release.tables[of_images:])), settings, sources, met)
        for path in release.tables[:of_images]
    }
    for task, source in sources.items():
        say_never_met(task, source, met[task])
    _one_image_each(parts)
    table = pd.concat(parts.values(), ignore_index=len(parts) > 1)
    return from_the_first(table, MONTHS) if MONTHS in table else table


def _one_image_each(parts: Mapping[str, "pandas.DataFrame"]) -> None:
    """Check that no image is in two tables of images."""
    seen: dict[str, str] = {}
    for path, part in parts.items():
        for row, name in part["image_id"].items():
            if seen.setdefault(name, path) != path:
                place = f"row {int(str(row)) + 2}"
                raise UserError(f"{path}: {place}: this image is in {seen[name]} too; an image is in one of the tables")


def _read_images(
    release: Release, settings: TableReading, sources: Mapping[str, LabelSource], met: Mapping[str, set[str]]
) -> "pandas.DataFrame":
    """Read one table of images, with what further ones say of them; ``met`` takes the words of each task."""
    import pandas as pd

    joined, columns = _joined(release, settings, sources)
    facts = facts_of(release.root, joined, columns, settings)
    origin = release.tables[0]
    table = pd.DataFrame(
        {
            "image_id": facts["image_id"],
            "patient_id": facts["patient_id"],
            "study_id": optional(facts["study_id"]),
            "path": facts["path"],
            "view": views(facts["view"], settings.view_words),
            "sex": sexes(facts["sex"], origin, columns.get("sex", "sex"), settings.sex_words),
            "age": ages(facts["age"], origin, columns.get("age", "age")),
        }
    )
    if "split" in columns:
        table["split"] = joined.texts[columns["split"]].str.strip().str.lower()
    labels = dict(_labels(sources, joined, settings, met))
    table = table.assign(**labels)
    say_shared_files(table, list(sources), origin)
    return table.assign(**_strata(release.root, joined, facts, settings))


def _strata(
    root: str, joined: Joined, facts: Mapping[str, "pandas.Series"], settings: TableReading
) -> dict[str, "pandas.Series"]:
    """Return what else images are compared by, as text, from tables or else from headers; and months."""
    from crossray.manifest import MONTHS, STRATUM

    found = {}
    if settings.columns.date or "date" in settings.from_headers:
        found[MONTHS] = months(facts["date"])
    asked = sources_of(settings.strata or ())
    of_headers = [source for source in asked.values() if source not in joined.texts]
    headers = read_headers(root, facts["path"], of_headers).set_axis(joined.texts.index) if of_headers else None
    for name, source in asked.items():
        texts = headers[source] if headers is not None and source in headers else joined.texts[source]
        found[f"{STRATUM}{name}"] = texts
    return found


def _joined(
    release: Release, settings: TableReading, sources: Mapping[str, LabelSource]
) -> tuple[Joined, dict[str, str]]:
    """Return the cells of all tables, and which column is read for each field.

    A column that has its default name and is not there is left out where a pattern or headers are in its place.
    """
    given, default = settings.columns.as_dict(), Columns().as_dict()
    replaced = {*settings.from_headers, *(["path"] if settings.path else [])}
    if settings.found_by:
        replaced |= {"image_id", *KEYWORDS}
        given["path"] = FILE
    optional_columns = {
        field: name for field, name in given.items() if field in replaced and name == default.get(field)
    }
    required = {field: name for field, name in given.items() if field not in optional_columns}
    of_tasks = [column for source in sources.values() for column in columns_of(source)]
    of_strata = [source for source in sources_of(settings.strata or ()).values() if source not in ELEMENTS]
    facts = [*required.values(), *columns_in(settings.path or ""), *of_strata]
    several, used = settings.several_rows is not None, list(optional_columns.values())
    if settings.found_by:
        by = settings.found_by
        keywords = [KEYWORDS[field] for field in KEYWORDS if field != "date" or field in settings.from_headers]
        images = find_images_by(release.root, release.tables[0], by, keywords, settings.max_missing, settings.names)
        labels = Join(table="", key=HEADER + by.header, key_there=by.column, names=settings.names)
        joined = with_joins(images, release.tables, [labels, *settings.join], [*facts, *of_tasks], several, used)
    else:
        identify = partial(_identifiers, columns=settings.columns, pattern=settings.patterns.image_id)
        joined = read_joined(
            release.tables, settings.join, [*facts, *of_tasks], identify, several, settings.names, used
        )
    there = {field: name for field, name in optional_columns.items() if name in joined.texts and field != "path"}
    columns = required | there
    joined.require_one([*columns.values(), *columns_in(settings.path or ""), *of_strata])
    return joined, columns


def _identifiers(images: "pandas.DataFrame", path: str, columns: Columns, pattern: str | None) -> "pandas.Series":
    """Return the identifiers of images in their table; nothing where another table has them."""
    import pandas as pd

    if columns.image_id not in images:
        return pd.Series("", images.index, dtype="str")
    texts = images[columns.image_id].str.strip()
    check_whole(texts, path, columns.image_id)
    return group_of(pattern, texts, path, columns.image_id) if pattern else texts


def _sources(tasks: Sequence[str] | Mapping[str, str | LabelSource]) -> dict[str, LabelSource]:
    """Return where the labels of each task come from."""
    named = tasks if isinstance(tasks, Mapping) else {task: task for task in tasks}
    return {task: LabelSource(column=one) if isinstance(one, str) else one for task, one in named.items()}


def _labels(
    sources: Mapping[str, LabelSource], joined: Joined, settings: TableReading, met: Mapping[str, set[str]]
) -> Iterator[tuple[str, "pandas.Series"]]:
    """Yield the labels of each task, then what each of several readers said, and which labels are uncertain."""
    import pandas as pd

    from crossray.manifest import BY, uncertain_of

    index = joined.texts.index
    readers: dict[str, pandas.Series] = {}
    uncertain: dict[str, pandas.Series] = {}
    for task, source in sources.items():
        if source.always is not None:
            yield task, pd.Series(float(source.always), index)
            continue
        marks = dict(zip(columns_of(source), opinions(source, joined.cells, task, met[task]), strict=True))
        said = _of_images(marks, settings.uncertain, joined, settings.several_rows)
        yield task, (label := combined(said, source.combine))
        if settings.uncertain == "ignore" and any((column == -1).any() for column in marks.values()):
            called = _of_images(marks, "positive", joined, settings.several_rows)
            uncertain[task] = label.isna() & combined(called, source.combine).notna()
        if source.columns:
            readers |= {f"{task}{BY}{name}": one for name, one in zip(marks, said, strict=True)}
    yield from readers.items()
    yield from uncertain_of(uncertain).items()


def _of_images(
    marks: Mapping[str, "pandas.Series"], uncertain: str, joined: Joined, several_rows: str | None
) -> list["pandas.Series"]:
    """Return what each column says of each image: 1, 0 or missing; ``uncertain`` says what -1 becomes."""
    resolved = {name: resolve_uncertain(column, uncertain) for name, column in marks.items()}
    images = joined.texts.index
    return [by_image(one, joined.images_of(name), several_rows).set_axis(images) for name, one in resolved.items()]
