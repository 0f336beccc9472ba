"""Safe display of texts of releases and configurations: no spreadsheet formulas, no invisible control characters."""

import re

#: marks that turn the direction of the text around them, and are not seen: 202A to E, 2066 to 9, 200E and F, 061C
_MARKS = "\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c"
_MARK = re.compile(f"[{_MARKS}]")
_CODES = "202[A-E]|206[6-9]|200[EF]|061C"
#: a mark, or a bracket of a text that looks like a mark written out
_TO_WRITE = re.compile(rf"[{_MARKS}]|\[(?=U\+(?:{_CODES}|005B)\])")
_TO_READ = re.compile(rf"\[U\+({_CODES}|005B)\]")

#: what a spreadsheet takes for a formula: these signs, their wide forms in Asian ones, and blanks that it passes over
_FORMULA = "(?:[^\\S\t\r\n]|[\u00ad\u200b-\u200d\u2060\ufeff])*[=+\\-@\uff1d\uff0b\uff0d\uff20]"
#: where a cell begins: a text, and what is behind a separator or a line break in another country's spreadsheet
_START = "(?:\\A|(?<=[;\t|\r\n]))"
_RUNNABLE = re.compile(f"\\A(?='*[\t\r\n])|{_START}(?='*{_FORMULA})")
_QUOTED = re.compile(f"\\A'(?='*[\t\r\n])|{_START}'(?='*{_FORMULA})")
#: what most texts are, told at a glance: no formula, and no sign behind which one could begin; the same of cells
_HARMLESS = re.compile(f"(?!'*(?:{_FORMULA}|[\t\r\n]))[^;\t|\r\n\\[{_MARKS}]*")
_UNCHANGED = re.compile("[^';\t|\r\n\\[][^;\t|\r\n\\[]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def visible(text: str) -> str:
    """Write out the marks that turn the direction of a text, as ``[U+202E]``: a name then reads as it is spelt."""
    return _MARK.sub(_code, text)


def _code(sign: re.Match[str]) -> str:
    return f"[U+{ord(sign.group()):04X}]"


def as_cell(text: str) -> str:
    """Write a text so that no spreadsheet runs it: with an apostrophe before anything that would begin a formula.

    A number stays as it is. :func:`from_cell` gives the text back, whatever it was.
    """
    if _HARMLESS.fullmatch(text) or _NUMBER.fullmatch(text):
        return text
    return _RUNNABLE.sub("'", _TO_WRITE.sub(_code, text))


def from_cell(text: str) -> str:
    """Return the text that :func:`as_cell` wrote."""
    if _UNCHANGED.fullmatch(text):
        return text
    return _TO_READ.sub(lambda code: chr(int(code.group(1), 16)), _QUOTED.sub("", text))
