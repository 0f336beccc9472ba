"""Labels of one task from what a table says: marks, words, texts that are there or not, thresholds, several readers."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from crossray.datasets.fields import labels, numbers, plain
from crossray.datasets.patterns import group_of, wrong_group
from crossray.errors import UserError, listed, may_quote, named
from crossray.opinions import combined
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Obeys, Several, Text

if TYPE_CHECKING:
    import numpy
    import pandas
    from numpy.typing import NDArray

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LabelSource(Settings):
    """Where the labels of a task come from."""

    column: LeftOut[Text] = None
    "Column with the label."
    columns: LeftOut[Several[Text]] = None
    "Columns of several readers, instead of `column`; each is read by the same rule."
    combine: LeftOut[Literal["majority", "any", "all", "first"]] = None
    """How the labels of several readers are combined, ignoring empty ones: the majority (a tie is unknown), positive
    if one is positive (any) or if none is negative (all), or the first label (first)."""
    part: LeftOut[Annotated[str, Obeys(wrong_group)]] = None
    """Regular expression with one group that extracts the word from the cell, such as '^([A-Za-z ]+)-' for COVID-12;
    it must match every non-empty cell."""
    positive: tuple[str, ...] = ()
    "Words that are positive; case is ignored."
    negative: tuple[str, ...] = ()
    "Words that are negative."
    unknown: tuple[str, ...] = ()
    "Words that are unknown; an empty cell is unknown too, unless '' is listed under positive or negative."
    others: LeftOut[Literal["negative", "unknown"]] = None
    "Meaning of all other words; by default they are an error."
    separator: LeftOut[Text] = None
    """Separator of several words in a cell, such as a slash. One positive word makes the image positive; otherwise one
    unknown word makes it unknown."""
    not_empty: LeftOut[Literal[True]] = None
    "Positive if the cell is not empty, otherwise negative."
    at_least: LeftOut[Number] = None
    "Positive from this number on, negative below; an empty cell is unknown."
    above: LeftOut[Number] = None
    "Positive above this number, otherwise negative; an empty cell is unknown."
    always: LeftOut[Literal[0, 1]] = None
    "The same label for all images, without a column: 1 positive, 0 negative."


def contradiction(source: LabelSource) -> str | None:
    """Return what is wrong with a source of labels, in words that go after its key; None if nothing is."""
    rules = _rules(source)
    if len(rules) > 1:
        return f"{' and '.join(rules)} are given; one of them decides, take the others out"
    if source.always is not None:
        given = source.column or source.columns or source.combine or source.part
        return "always is given, and a column too; take one out" if given else None
    if (source.column is None) == (source.columns is None):
        return "the key column is missing, or columns with combine; one of the two says where labels are"
    if (source.columns is None) != (source.combine is None):
        return "columns and combine go together: combine says what several readers say together"
    words = [plain(word) for word in (*source.positive, *source.negative, *source.unknown)]
    if twice := [word for word, count in Counter(words).items() if count > 1]:
        return f"the word {twice[0]!r} stands there twice; a word has one meaning"
    if (source.others or source.separator) and not words:
        return "others and separator go with the words under positive, negative and unknown"
    return None


def _rules(source: LabelSource) -> list[str]:
    """Return which of the rules that exclude one another are given."""
    words = [key for key in ("positive", "negative", "unknown") if getattr(source, key)]
    others = ("not_empty", "at_least", "above", "always")
    return words[:1] + [key for key in others if getattr(source, key) is not None]


def columns_of(source: LabelSource) -> tuple[str, ...]:
    """Return the columns that labels come from."""
    return source.columns or ((source.column,) if source.column else ())


def opinions(
    source: LabelSource, cells: Callable[[str], tuple["pandas.Series", str]], task: str, met: set[str]
) -> Iterator["pandas.Series"]:
    """Yield what each column of a source says: 1, 0, -1 (uncertain) or missing, as floats.

    Args:
        source: where labels come from.
        cells: returns the texts of a column, by rows of the file that it stands in, and that file.
        task: its name, for the log.
        met: takes the words that cells have, as :func:`plain` writes them, where the source lists words.

    Raises:
        UserError: if a cell has no meaning; the message names file, row and column.
    """
    for column in columns_of(source):
        texts, path = cells(column)
        texts = texts.str.strip()
        if source.part:
            filled = texts[texts != ""]
            parts = group_of(source.part, filled, path, column).str.strip()
            texts = texts.map({"": ""} | dict(zip(filled, parts, strict=True))).astype("str")
        if _words(source):
            yield _from_words(source, texts, path, column, task, met)
        else:
            yield _from_numbers(source, texts, path, column)


def _from_numbers(source: LabelSource, texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Read texts that are there or not, numbers, or marks."""
    if source.not_empty:
        return (texts != "").astype(float)
    threshold = source.at_least if source.at_least is not None else source.above
    if threshold is not None:
        empty = texts == ""
        values = numbers(texts.mask(empty, "0"), path, column)
        positive = values >= threshold if source.at_least is not None else values > threshold
        return positive.astype(float).mask(empty)
    return labels(texts, path, column)


def _words(source: LabelSource) -> dict[str, str]:
    """Return the words that a source lists, each with the key that it stands under."""
    return {word: key for key in ("positive", "negative", "unknown") for word in getattr(source, key)}


def say_never_met(task: str, source: LabelSource, met: set[str]) -> None:
    """Warn of words of a task that no cell has: one that is misspelt leaves a task without positives."""
    absent = [f"{word!r} ({key})" for word, key in _words(source).items() if plain(word) and plain(word) not in met]
    if absent:
        log.warning(
            "task %s: no cell of column %s is %s; is it written as in the table?",
            task, listed(columns_of(source)), listed(absent, 20),
        )  # fmt: skip


def _from_words(
    source: LabelSource, texts: "pandas.Series", path: str, column: str, task: str, met: set[str]
) -> "pandas.Series":
    """Read texts by the words that settings list."""
    meanings: dict[str, float | None] = {"": None}
    for words, value in ((source.positive, 1.0), (source.negative, 0.0), (source.unknown, None)):
        meanings |= dict.fromkeys((plain(word) for word in words), value)
    rest = {"negative": 0.0, "unknown": None}.get(source.others or "")
    parts = {text: _parts(text, source.separator) for text in texts.unique()}
    met.update(plain(word) for words in parts.values() for word in words)
    strange = texts.isin([text for text, words in parts.items() if any(plain(word) not in meanings for word in words)])
    if strange.any():
        counts = Counter(word for text in texts[strange] for word in parts[text] if plain(word) not in meanings)
        told = [f"{word!r} ({count})" for word, count in counts.most_common()]
        if source.others is None:
            raise UserError(_strange_words(texts[strange], told, path, column))
        log.warning(
            "%s: column %s: %d of %d rows have a word that %s does not list, which is %s as `others` says%s",
            path, column, strange.sum(), len(texts), task, source.others, f": {listed(told, 8)}" if may_quote() else "",
        )  # fmt: skip
    said = {text: _together([meanings.get(plain(word), rest) for word in words]) for text, words in parts.items()}
    return texts.map(said).astype(float)


def _parts(text: str, separator: str | None) -> list[str]:
    words = [word.strip() for word in text.split(separator)] if separator else [text]
    return [word for word in words if word] or [""]


def _together(values: Sequence[float | None]) -> float | None:
    """Return what the words of one cell say together."""
    if 1.0 in values:
        return 1.0
    return None if None in values else 0.0


def _strange_words(texts: "pandas.Series", words: Sequence[str], path: str, column: str) -> str:
    """Say which words have no meaning, with their counts; of data that are not public only how many."""
    told = named(words, f"words in {len(texts)} rows", 10)
    return (
        f"{path}: row {texts.index[0] + 2}, column {column}: not under positive, negative or unknown: {told}. List "
        "them, or say what all others are (others: negative, or unknown)"
    )


def by_image(said: "pandas.Series", images: "NDArray[numpy.intp] | None", rule: str | None) -> "pandas.Series":
    """Return what several rows say of each image together.

    Args:
        said: 1, 0 or missing, one a row.
        images: place of the image of each row, ascending; None where every image has one row.
        rule: as :attr:`LabelSource.combine`.
    """
    import pandas as pd

    if images is None:
        return said
    rows = pd.DataFrame({"image": images, "said": said.to_numpy()})
    rows["number"] = rows.groupby("image").cumcount()
    wide = rows.pivot_table(index="image", columns="number", values="said", aggfunc="first", dropna=False)
    return combined([wide[number] for number in wide], rule)
