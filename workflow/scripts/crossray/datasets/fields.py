"""Cells of label tables to what a manifest holds: views, sexes, ages, labels. One meaning for each, in all readers."""

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from crossray.datasets.ages import years_of
from crossray.errors import UserError, listed, may_quote

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: what a label may look like -> its value; -1 is what labelers write for uncertain
LABELS = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "-1": -1.0, "-1.0": -1.0, "": None}

#: words in small letters -> sex as a manifest has it; English, German, French, Italian, Spanish, Portuguese, Dutch
SEXES = {
    **dict.fromkeys(
        ("f", "female", "woman", "girl", "w", "weiblich", "frau", "femme", "féminin", "feminin", "femminile",
         "femmina", "donna", "femenino", "mujer", "feminino", "mulher", "vrouw", "vrouwelijk"), "F"
    ),
    **dict.fromkeys(
        ("m", "male", "man", "boy", "männlich", "maennlich", "mann", "homme", "masculin", "maschile", "maschio",
         "uomo", "masculino", "hombre", "homem", "mannelijk"), "M"
    ),
    **dict.fromkeys(("", "o", "other", "u", "unk", "unknown", "n/a", "na", "nan", "none", "?", "-"), None),
}  # fmt: skip

#: weeks above which M and W behind ages are men and women: DICOM (PS3.5 6.2, AS) allows more, but then counts in months
_MOST_WEEKS = 26

#: words of views in capitals, without signs between them -> view as a manifest has it (DICOM PS3.3 C.8.7.1.1.3 and
#: C.8.11.5.1.1)
VIEWS = {
    **dict.fromkeys(
        ("PA", "P A", "POSTEROANTERIOR", "POSTERO ANTERIOR", "POSTERIOR ANTERIOR", "POSTERIOR TO ANTERIOR"), "PA"
    ),
    **dict.fromkeys(
        ("AP", "A P", "ANTEROPOSTERIOR", "ANTERO POSTERIOR", "ANTERIOR POSTERIOR", "ANTERIOR TO POSTERIOR"), "AP"
    ),
    **dict.fromkeys(
        ("L", "LAT", "LATERAL", "LARGE LATERAL", "LL", "RL", "LEFT LATERAL", "RIGHT LATERAL", "L LATERAL", "R LATERAL"),
        "LATERAL",
    ),
    **dict.fromkeys(("LLD", "RLD", "DECUBITUS", "LATERAL DECUBITUS", "LEFT DECUBITUS", "RIGHT DECUBITUS"), "DECUBITUS"),
    **dict.fromkeys(("LLO", "RLO", "OBLIQUE", "LEFT OBLIQUE", "RIGHT OBLIQUE"), "OBLIQUE"),
    "COSTAL": "COSTAL",
    **dict.fromkeys(("", "UNK", "UNKNOWN", "N A", "NA", "NAN", "NONE"), ""),
}  # fmt: skip

#: words beside a view that say how the patient lay, or nothing that changes the view
LYING = ("SUPINE", "HORIZONTAL", "LYING", "BED", "BEDSIDE")
AROUND = ("ERECT", "UPRIGHT", "STANDING", "SITTING", "SEMI", "SEMIERECT", "PORTABLE", "MOBILE", "CHEST", "VIEW",
          "PROJECTION", "FRONTAL", "XRAY", "CXR")  # fmt: skip

OTHER_VIEW = "OTHER"

FRONTAL = ["PA", "AP", "AP SUPINE"]

OLDEST = 120


#: a number with a comma in the place of the point, and one whose comma may part thousands
_COMMA, _THOUSANDS = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?"), re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")


def plain(word: str) -> str:
    """Return a word as it is compared: in one Unicode form, small, as it is seen."""
    return as_seen(unicodedata.normalize("NFC", word).casefold())


def as_seen(text: str) -> str:
    """Return text without signs that are not seen, which copying leaves in cells, and with single plain blanks."""
    if not text.isascii():
        text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return " ".join(text.split())


def optional(texts: "pandas.Series") -> "pandas.Series":
    """Replace empty texts by missing values."""
    return texts.mask(texts == "").astype("str")


def views(texts: "pandas.Series", own: Mapping[Any, Sequence[str]] | None = None) -> "pandas.Series":
    """Name views as a manifest does, by :data:`VIEWS`; missing if unknown, ``OTHER`` for any other word.

    The word itself is not kept: a column or header that was filled in by hand may hold anything.

    Args:
        texts: words.
        own: view -> further words for it, which count before all others.
    """
    known = _own_words(own, {"UNKNOWN": ""})
    words = texts.map({text: known.get(plain(text), view_of(text)) for text in texts.unique()}).astype("str")
    others = words == OTHER_VIEW
    if others.any():
        there = ", ".join(dict.fromkeys(filter(None, VIEWS.values())))
        log.warning(
            "%d of %d images have a view of another name than %s%s; they are OTHER",
            others.sum(), len(texts), there, commonest(texts[others]),
        )  # fmt: skip
    return optional(words)


def view_of(text: str) -> str:
    """Return the view that a text names: the empty text if none, ``OTHER`` if another."""
    words = re.findall(r"[A-Z0-9]+", text.upper().replace("X-RAY", "XRAY"))
    if (view := VIEWS.get(" ".join(words))) is not None:
        return view
    rest = VIEWS.get(" ".join(word for word in words if word not in (*LYING, *AROUND)), OTHER_VIEW)
    is_lying = any(word in LYING for word in words)
    return {"AP": "AP SUPINE", "": OTHER_VIEW}.get(rest, rest) if is_lying else rest or OTHER_VIEW


def _own_words(own: Mapping[Any, Sequence[str]] | None, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return word -> meaning, of words by meaning; ``names`` has meanings that are called otherwise."""
    return {plain(word): names.get(meaning, meaning) for meaning, words in (own or {}).items() for word in words}


def sexes(
    texts: "pandas.Series", path: str, column: str, own: Mapping[Any, Sequence[str]] | None = None
) -> "pandas.Series":
    """Translate sexes to F, M or missing, as is any word that :data:`SEXES` has not; those are counted in the log.

    Args:
        texts: words.
        path: their file, for the log.
        column: their column.
        own: F or M -> further words for it, which count before all others.
    """
    words = texts.map({text: plain(text) for text in texts.unique()}).astype("str")
    known = SEXES | _with_h(set(words.unique()))
    if {"v", "m"} <= set(words.unique()):  # varón and mujer, or vrouw and man
        del known["m"]
    known |= _own_words(own, {"U": None})
    _say_unknown(texts, ~words.isin(list(known)), path, column, "name no sex that is understood")
    return words.map(known).astype("str")


def _with_h(words: Set[str]) -> dict[str, str | None]:
    """Return what H, and M beside it, mean: hombre and mujer, homem and mulher; homme where F stands there too."""
    if "h" not in words:
        return {}
    women = words & {word for word, sex in SEXES.items() if sex == "F"}
    if "m" not in words:
        return {"h": "M"}
    return {"h": None, "m": None} if women else {"h": "M", "m": "F"}


def labels(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate labels to 1, 0, -1 (uncertain) or missing, as floats."""
    words = texts.str.strip().str.replace(r"^(-?[01]),0$", r"\1.0", regex=True)
    return translated(words, LABELS, path, column).astype(float)


def translated(texts: "pandas.Series", allowed: Mapping[str, Any], path: str, column: str) -> "pandas.Series":
    """Replace each text by its meaning.

    Raises:
        UserError: if a text has none; the message names the first row and what is allowed, and quotes nothing, as a
            column named by mistake may hold anything.
    """
    unknown = texts.index[~texts.isin(list(allowed))]
    if len(unknown):
        names = ", ".join(name or "empty" for name in allowed)
        raise UserError(
            f"{path}: row {unknown[0] + 2}, column {column}: the value is not one of {names} "
            f"({len(unknown)} such rows in all)"
        )
    return texts.map(allowed)


def numbers(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate a column of a table to numbers.

    Raises:
        UserError: if a text is none; the message names the file, the row and the column.
    """
    import numpy as np
    import pandas as pd

    texts = with_points(texts.str.strip())
    values = pd.to_numeric(texts, errors="coerce")
    wrong = texts.index[~np.isfinite(values)]
    if len(wrong):
        words = why_no_numbers(texts[wrong], "not a number")
        raise UserError(f"{path}: row {wrong[0] + 2}, column {column}: {words} ({len(wrong)} such rows in all)")
    return values.astype(float)


def why_no_numbers(texts: "pandas.Series", otherwise: str) -> str:
    """Say why texts are no numbers: each has a comma that may part thousands, or else ``otherwise``."""
    if texts.str.fullmatch(_THOUSANDS).all():
        return "its comma may part thousands or be a decimal comma; write a point, or none"
    return otherwise


def with_points(texts: "pandas.Series") -> "pandas.Series":
    """Return numbers with points for decimal commas, if the commas of a column cannot part thousands."""
    with_comma = texts.str.fullmatch(_COMMA)
    if not with_comma.any() or texts[with_comma].str.fullmatch(_THOUSANDS).all():
        return texts
    return texts.mask(with_comma, texts.str.replace(",", ".", regex=False))


def ages(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate ages to years, by :func:`crossray.datasets.ages.years_of`.

    Those that are not understood become missing, and are counted in the log. So do ages above 120 years, slips of the
    pen that several releases have.
    """
    words = _without_sex(texts.str.strip())
    years = words.map({text: years_of(text) for text in words.unique()}).astype(float)
    _say_unknown(texts, (words != "") & years.isna(), path, column, "name no age that is understood")
    too_old = years > OLDEST
    if too_old.any():
        log.warning("%d ages above %d years are taken as unknown", too_old.sum(), OLDEST)
    return years.mask(too_old)


def _without_sex(words: "pandas.Series") -> "pandas.Series":
    """Return ages without a letter of the sex behind them: 45F beside 45M are a woman and a man of 45, no baby.

    M, W and D are months, weeks and days unless a letter stands there that is no unit, or weeks that nobody counts.
    """
    parts = words.str.lower().str.extract(r"^(\d{1,3}) ?-? ?([dfhmvw])$")
    weeks = parts.loc[parts[1] == "w", 0].astype(float)
    if not (parts[1].isin(["f", "h", "v"]).any() or ((parts[1] == "m").any() and (weeks > _MOST_WEEKS).any())):
        return words
    return words.mask(parts[0].notna(), parts[0])


def _say_unknown(texts: "pandas.Series", which: "pandas.Series", path: str, column: str, words: str) -> None:
    """Count texts that were not understood."""
    if which.any():
        first = f"row {which.index[which][0] + 2}"
        log.warning(
            "%s: column %s: %d of %d rows %s, the first is %s%s; they are taken as unknown",
            path, column, which.sum(), len(which), words, first, commonest(texts[which]),
        )  # fmt: skip


def commonest(texts: "pandas.Series", limit: int = 5) -> str:
    """Return the commonest texts with their counts, after a colon; nothing if the data are not public.

    A column that was named by mistake, or filled in by hand, may hold anything.
    """
    if not may_quote():
        return ""
    counts = texts.str.strip().value_counts()
    return f": {listed([f'{text!r} ({count})' for text, count in counts.items()], limit)}"
