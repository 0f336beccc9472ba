"""The references that methods sections cite: a BibTeX file of the project, and the entries of it that a text cites."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crossray.errors import UserError

#: package -> the entry that its makers ask to cite
SOFTWARE = {
    "snakemake": "molder2021", "torch": "paszke2019", "pytorch-lightning": "falcon2019", "pydicom": "mason2011",
    "opencv-python-headless": "bradski2000", "scikit-learn": "pedregosa2011", "numpy": "harris2020",
    "scipy": "virtanen2020", "altair": "vanderplas2018",
}  # fmt: skip

_ENTRY = re.compile(r"^@[a-z]+\{([a-z0-9]+),\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  ([a-z]+) = \{(.*)\},$", re.MULTILINE)
_CITED = re.compile(r"\[@([a-z0-9]+)\]")


@dataclass(frozen=True)
class Reference:
    """An entry.

    Attributes:
        text: of the BibTeX file.
        short: names and year, for a page without a list of references.
    """

    text: str
    short: str


def read_references(path: Path) -> dict[str, Reference]:
    """Return the entries of a BibTeX file that is written as the project's: one field a line, in braces.

    Raises:
        UserError: if an entry has no author or year.
    """
    found = {}
    for entry in _ENTRY.finditer(path.read_text(encoding="utf-8")):
        fields = dict(_FIELD.findall(entry[2]))
        if lacking := [name for name in ("author", "title", "year") if name not in fields]:
            raise UserError(f"{path}: {entry[1]} has no {lacking[0]}; write one field a line, as: year = {{2020}},")
        found[entry[1]] = Reference(entry[0], f"{_names(fields['author'])} {fields['year']}")
    return found


def _names(authors: str) -> str:
    surnames = [name.split(",")[0].strip("{}") for name in authors.split(" and ")]
    if len(surnames) > 2:
        return f"{surnames[0]} et al."
    return " and ".join(surnames)


def cited(text: str) -> list[str]:
    """Return the keys that a text cites, as ``[@key]``, in order and once each."""
    return list(dict.fromkeys(_CITED.findall(text)))


def with_years(text: str, references: Mapping[str, Reference]) -> str:
    """Return a text whose citations are names and years."""
    return _CITED.sub(lambda key: f"({references[key[1]].short})" if key[1] in references else key[0], text)


def bibliography(keys: Iterable[str], references: Mapping[str, Reference]) -> str:
    """Return the entries of some keys as BibTeX, sorted by key."""
    return "\n".join(references[key].text for key in sorted(set(keys) & set(references)))
