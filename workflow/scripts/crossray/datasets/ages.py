"""Ages as people and DICOM write them, in years: 61, 045Y, 6M, 45 years, 50+, mid 50s, 40-49."""

import re

#: units in small letters, English and German -> how many of them a year has
_PER_YEAR = {
    **dict.fromkeys(("", "y", "yr", "yrs", "yo", "y/o", "year", "years", "years old", "j", "jahre", "jahr"), 1.0),
    **dict.fromkeys(("m", "mo", "mos", "month", "months", "monat", "monate"), 12.0),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks", "woche", "wochen"), 52.18),
    **dict.fromkeys(("d", "day", "days", "tag", "tage"), 365.25),
}

#: where in its ten years a decade puts an age
_IN_DECADE = {"early": 2, "mid": 5, "": 5, "late": 8}

#: a comma with three digits after it parts thousands, which no age has
_NUMBER = r"\d+(?:\.\d+|,\d{1,2})?"
_EXACT = re.compile(rf"({_NUMBER}) ?-?([a-z/ ]*)")
_LIMIT = re.compile(
    rf"(?:(?:>=?|over|above|from) ?({_NUMBER})|({_NUMBER}) ?(?:\+|or more|or older|and over|and above))"
)
_DECADE = re.compile(r"(?:in (?:his|her|their|the) )?(early|mid|late|)[ -]?(?:the )?(\d*0)'?s")
_RANGE = re.compile(r"(\d+) ?(?:-|to) ?(\d+)")


def years_of(text: str) -> float | None:
    """Return an age in years.

    Args:
        text: a number with a unit, years where it has none; DICOM's age strings (PS3.5 6.2, AS: 034Y, 018M, 006W, 003D)
            are such. A limit (50+, >89) is that number, a decade (early, mid, late 50s) its year 2, 5 or 8, a range
            (40-49) its middle.

    Returns:
        The age; None where the text says none that is understood.
    """
    words = re.sub(r" (years?|yrs?)( old)?$", "", " ".join(text.lower().split()).removesuffix("."))
    if (found := _EXACT.fullmatch(words)) and (unit := found[2].strip()) in _PER_YEAR:
        return _number(found[1]) / _PER_YEAR[unit]
    if found := _LIMIT.fullmatch(words):
        return _number(found[1] or found[2])
    if found := _DECADE.fullmatch(words):
        return float(int(found[2]) + _IN_DECADE[found[1]])
    if (found := _RANGE.fullmatch(words)) and int(found[1]) <= int(found[2]):
        return (int(found[1]) + int(found[2])) / 2
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
