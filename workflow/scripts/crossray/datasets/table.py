"""Reader ``table``: any folder of images beside one CSV or Parquet file, whose columns the settings name."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Len

from crossray.datasets import Release
from crossray.datasets.fields import ages, optional, sexes, views
from crossray.datasets.headers import read_headers
from crossray.datasets.image_paths import columns_in, from_pattern, with_endings, wrong_pattern
from crossray.datasets.joined import Join, Joined, read_joined
from crossray.datasets.labels_from import LabelSource, columns_of, combined, contradiction, opinions
from crossray.datasets.options import ImageChoice, UncertainLabels
from crossray.datasets.patterns import group_of, wrong_group
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages
from crossray.datasets.release import check_images, count_rows, find_root, find_table
from crossray.errors import UserError
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Obeys, OneKindOf, Several

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

SETTINGS = ("columns", "tasks", "path", "patterns", "join", "from_headers")
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore"}}
REGISTER = None

#: what a header may say -> DICOM's keyword
KEYWORDS = {
    "patient_id": "PatientID",
    "study_id": "StudyInstanceUID",
    "sex": "PatientSex",
    "age": "PatientAge",
    "view": "ViewPosition",
}
FromHeaders = Literal["patient_id", "study_id", "sex", "age", "view"]

TaskSource = Annotated[str | Annotated[LabelSource, Obeys(contradiction)], OneKindOf()]
Tasks = Several[str] | Annotated[Mapping[str, TaskSource], Len(1)]


@dataclass(frozen=True, kw_only=True)
class Columns(Settings):
    """Which column of the table holds what."""

    image_id: str = "image_id"
    "Identifier of the image, unique."
    patient_id: str = "patient_id"
    "Identifier of the patient."
    path: str = "path"
    "File of the image, from the root."
    study_id: LeftOut[str] = None
    "Identifier of the examination."
    view: LeftOut[str] = None
    "View position, for instance PA."
    sex: LeftOut[str] = None
    "F or M, or the word in one of several languages; other words are unknown, and counted."
    age: LeftOut[str] = None
    "Age in years, of DICOM (034Y), or in words (50+, mid 50s); others are unknown, and counted."
    split: LeftOut[str] = None
    "train, validation or test, where the release brings its own."


Group = Annotated[str, Obeys(wrong_group)]


@dataclass(frozen=True, kw_only=True)
class Patterns(Settings):
    """Which part of a cell is an identifier, as a regular expression with one group that must fit every row."""

    image_id: LeftOut[Group] = None
    "Part of the column of image_id."
    patient_id: LeftOut[Group] = None
    "Part of the column of patient_id, such as '(p[0-9]+)_' of a file name."
    study_id: LeftOut[Group] = None
    "Part of the column of study_id."


@dataclass(frozen=True, kw_only=True)
class Options(ImageChoice, UncertainLabels):
    """A folder of images beside a table."""

    root: str
    "Folder that image paths start from."
    table: str
    "CSV, Excel or Parquet file with one row an image, from the root."
    join: tuple[Join, ...] = ()
    "Further tables, whose columns are added by a key; images without a row there are counted, their cells are empty."
    path: LeftOut[Annotated[str, Obeys(wrong_pattern)]] = None
    """
    Pattern of the files' paths from the root, with columns in braces, such as png/{image_id}.png, in the place of
    columns.path. An ending that is left out is found on disk.
    """
    columns: Columns = Columns()
    "Which column of the table holds what; those without a default are used only if named."
    patterns: Patterns = Patterns()
    "Which part of an identifier counts, where it is not the whole cell."
    from_headers: tuple[FromHeaders, ...] = ()
    "What is read from the DICOM headers where the table has no such column, or an empty cell."
    tasks: Annotated[Tasks, OneKindOf()]
    "Label columns (1 positive, 0 negative, -1 or empty unknown), as a list, or as task to column or to its rule."


@dataclass(frozen=True, kw_only=True)
class TableReading(ChosenImages):
    """What this reader is told."""

    columns: Columns
    "Which column holds what."
    tasks: tuple[str, ...] | Mapping[str, str | LabelSource]
    "Label columns, or task to column or rule."
    uncertain: str
    "What an uncertain label is."
    path: LeftOut[str] = None
    "Pattern of paths."
    patterns: Patterns = Patterns()
    "Which part of an identifier counts."
    join: tuple[Join, ...] = ()
    "Further tables."
    from_headers: tuple[str, ...] = ()
    "What DICOM headers say."


Told = TableReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`.

    Raises:
        UserError: if the folder or a table is not there.
    """
    names = [("table", settings.table), *((f"join.{n}.table", join.table) for n, join in enumerate(settings.join))]
    tables = tuple(find_table(dataset, settings.root, name, [], key) for key, name in names)
    return Release(str(find_root(dataset, settings.root)), tables)


count_images = count_rows


def read(release: Release, settings: TableReading) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``columns``, ``tasks`` and the policy."""
    table = read_rows(release, settings)
    kept = keep_images(table, settings)
    check_images(release.root, kept["path"], settings.max_missing)
    return kept


def read_rows(release: Release, settings: TableReading) -> "pandas.DataFrame":
    """Read the tables by the names of their columns, without looking whether images are there."""
    import pandas as pd

    columns, sources = _columns(settings), _sources(settings.tasks)
    of_tasks = [column for source in sources.values() for column in columns_of(source)]
    joined = read_joined(
        release.tables, settings.join, [*columns.values(), *columns_in(settings.path or ""), *of_tasks]
    )
    facts = _facts(release.root, joined, columns, settings)
    table = pd.DataFrame(
        {
            "image_id": facts["image_id"],
            "patient_id": facts["patient_id"],
            "study_id": optional(facts["study_id"]),
            "path": facts["path"],
            "view": views(facts["view"]),
            "sex": sexes(facts["sex"], release.tables[0], columns.get("sex", "sex")),
            "age": ages(facts["age"], release.tables[0], columns.get("age", "age")),
        }
    )
    if "split" in columns:
        table["split"] = joined.texts[columns["split"]].str.strip().str.lower()
    labels = dict(_labels(sources, joined, settings))
    return table.assign(**labels)


def _columns(settings: TableReading) -> dict[str, str]:
    """Return the columns that are read by their fields; a default that a pattern or headers replace is left out."""
    columns, default = settings.columns.as_dict(), Columns().as_dict()
    replaced = {*settings.from_headers, *(["path"] if settings.path else [])}
    return {field: name for field, name in columns.items() if field not in replaced or name != default.get(field)}


def _sources(tasks: Sequence[str] | Mapping[str, str | LabelSource]) -> dict[str, LabelSource]:
    """Return where the labels of each task come from."""
    named = tasks if isinstance(tasks, Mapping) else {task: task for task in tasks}
    return {task: LabelSource(column=one) if isinstance(one, str) else one for task, one in named.items()}


def _facts(root: str, joined: Joined, columns: Mapping[str, str], settings: TableReading) -> dict[str, "pandas.Series"]:
    """Return what is known of each image but its labels, as text; empty where nothing is.

    Raises:
        UserError: if an image has no identifier, patient or path; the message names the row.
    """
    import pandas as pd

    texts = joined.texts
    fields = ("image_id", "patient_id", "study_id", "path", "view", "sex", "age")
    facts = {
        field: texts[columns[field]].str.strip() if field in columns else pd.Series("", texts.index, dtype="str")
        for field in fields
    }
    if settings.path:
        facts["path"] = from_pattern(settings.path, texts)
    for field, pattern in settings.patterns.as_dict().items():
        if field in columns:
            facts[field] = group_of(pattern, facts[field], joined.origins[columns[field]][0], columns[field])
    facts["path"] = with_endings(root, facts["path"])
    facts |= _from_headers(root, facts, settings.from_headers)
    for field in ("image_id", "patient_id", "path"):
        empty = texts.index[facts[field] == ""]
        if len(empty):
            column = columns.get(field, settings.path if field == "path" else KEYWORDS.get(field, field))
            origin = joined.origins[next(iter(texts))][0]
            raise UserError(f"{origin}: row {empty[0] + 2}, column {column}: empty; every image needs one")
    return facts


def _from_headers(root: str, facts: Mapping[str, "pandas.Series"], fields: Sequence[str]) -> dict[str, "pandas.Series"]:
    """Return facts with what DICOM headers say where they are empty; only headers of such images are read."""
    empty = [facts[field] == "" for field in fields]
    if not fields or not (needed := sum(empty) > 0).any():
        return {}
    paths = facts["path"][needed]
    headers = read_headers(root, paths, [KEYWORDS[field] for field in fields]).set_axis(paths.index)
    log.info("%d headers were read for %s", len(paths), ", ".join(fields))
    filled = {}
    for field, where in zip(fields, empty, strict=True):
        said = headers[KEYWORDS[field]].str.strip().reindex(where.index, fill_value="")
        filled[field] = facts[field].mask(where, said)
    return filled


def _labels(
    sources: Mapping[str, LabelSource], joined: Joined, settings: TableReading
) -> Iterator[tuple[str, "pandas.Series"]]:
    """Yield the labels of each task, then what each of several readers said."""
    import pandas as pd

    from crossray.manifest import BY

    index = joined.texts.index
    readers: dict[str, pandas.Series] = {}
    for task, source in sources.items():
        if source.always is not None:
            yield task, pd.Series(float(source.always), index)
            continue
        said = [one.set_axis(index) for one in opinions(source, joined.cells, settings.uncertain)]
        yield task, combined(said, source.combine)
        if source.columns:
            readers |= {f"{task}{BY}{name}": one for name, one in zip(source.columns, said, strict=True)}
    yield from readers.items()
