"""Which column of a table holds patients, studies, views, sexes, ages, dates, splits: by its name and its cells."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crossray.datasets.ages import years_of
from crossray.datasets.fields import OTHER_VIEW, SEXES, plain, view_of
from crossray.datasets.identifiers import NOBODY

if TYPE_CHECKING:
    import pandas

#: field -> names of its column, without capitals, accents and signs: English, German, French, Spanish, Italian
NAMES = {
    "image_id": (
        "imageid imageindex imagename image filename file id uid sopinstanceuid dicomid imgid img bildid "
        "bildnummer bildname bild dateiname datei imagen idimagen immagine idimage nomfichier"
    ),
    "patient_id": (
        "patientid patientnumber patientno patientnr patientkey patient pid patid patnr pat subjectid subjectnumber "
        "subject participantid participant mrn personid patientenid patientennummer patientennr patientenkennung "
        "patientenpseudonym patientpseudonym pseudonym probandid idpaciente pacienteid paciente idpatient "
        "numeropatient idpaziente paziente"
    ),
    "study_id": (
        "studyid studyinstanceuid studyuid study accessionnumber accessionno accession examid examinationid exam "
        "untersuchungsid untersuchungsnummer untersuchungsnr untersuchung auftragsnummer auftragsnr "
        "anforderungsnummer idestudio estudio idexamen examen esame"
    ),
    "view": (
        "viewposition view projection viewpos projektion strahlengang aufnahmerichtung ebene proyeccion vista "
        "incidence proiezione"
    ),
    "sex": "sex gender patientsex patientgender geschlecht sexe sexo genero sesso genere",
    "age": "age patientage ageyears ageinyears ageatexam ageatstudy alter patientenalter alterinjahren edad eta",
    "date": (
        "studydate examdate examinationdate acquisitiondate dateofexamination contentdate date untersuchungsdatum "
        "aufnahmedatum studiendatum datum fechaestudio fecha dateexamen dataesame data"
    ),
    "split": "split subset partition set fold aufteilung phase",
}  # fmt: skip
_NAMES = {role: names.split() for role, names in NAMES.items()}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?|\d{8}")
_SPLITS = {"train", "validation", "test"}
#: share of filled cells that must be understood
_MOST = 0.8


@dataclass
class Columns:
    """Columns by the field that they hold.

    Attributes:
        found: field -> column.
        why: field -> what speaks for it.
        asked: what could not be guessed, each with what to write.
        doubtful: columns that some of that is about.
    """

    found: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    def add(self, role: str, column: str, why: str) -> None:
        """Take a column for a field."""
        self.found[role], self.why[role] = column, why

    def ask(self, column: str, words: str) -> None:
        """Say what a column may hold, and what to write if it does."""
        self.asked.append(words)
        self.doubtful.append(column)


def squeezed(name: str) -> str:
    """Return a name without capitals, accents and signs, as :data:`NAMES` has it."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in bare if sign.isalnum())


def guess_columns(table: "pandas.DataFrame", image_column: str | None) -> Columns:
    """Guess which columns hold what.

    Args:
        table: as text.
        image_column: the column that names the images' files, if one does.
    """
    columns = Columns()
    _guess_image(table, image_column, columns)
    for role in ("patient_id", "study_id"):
        if (column := _called(table, role, columns)) is not None:
            columns.add(role, column, f"by its name; {_distinct(table[column]):,} different values")
    for role, guess in (("sex", _sex), ("view", _view), ("age", _age), ("date", _date), ("split", _split)):
        if (column := _called(table, role, columns)) is not None:
            guess(table[column].str.strip(), column, columns)
        elif role in ("sex", "view"):
            _by_cells(table, role, columns)
    return columns


def _guess_image(table: "pandas.DataFrame", image_column: str | None, columns: Columns) -> None:
    """Take the column of files for the images' identifiers, or a column of that name whose cells are all different."""
    named = [column for column in table if squeezed(column) in _NAMES["image_id"] and _is_key(table[column])]
    column = next(iter(sorted(named, key=lambda name: _NAMES["image_id"].index(squeezed(name)))), image_column)
    if column is not None:
        unlike = "every cell is another" if _is_key(table[column]) else "the column that names the files"
        columns.add("image_id", column, unlike)


def _called(table: "pandas.DataFrame", role: str, columns: Columns) -> str | None:
    """Return the free column whose name is the field's, the surest name first."""
    free = {squeezed(name): name for name in reversed(list(table)) if name not in columns.found.values()}
    return next((free[name] for name in _NAMES[role] if name in free and _distinct(table[free[name]])), None)


def _is_key(texts: "pandas.Series") -> bool:
    return bool((texts.str.strip() != "").all() and texts.str.strip().is_unique)


def _distinct(texts: "pandas.Series") -> int:
    return len(set(texts.str.strip()) - {""})


def _by_cells(table: "pandas.DataFrame", role: str, columns: Columns) -> None:
    """Take a column of any name for sex or view if its words are understood, and there are two of them or more."""
    for column in table:
        words = set(table[column].str.strip().map(plain)) - {""}
        meanings = {_meaning(role, word) for word in words}
        if column not in columns.found.values() and len(meanings) > 1 and None not in meanings and len(words) <= 10:
            columns.add(role, column, f"by its cells: {_counted(table[column])}")
            return


def _meaning(role: str, word: str) -> str | None:
    if role == "sex":
        return SEXES.get(word)
    return {OTHER_VIEW: None, "": None}.get(view := view_of(word), view)


def _understood(texts: "pandas.Series", known: Mapping[str, object]) -> float:
    """Return the share of filled cells whose word is known."""
    filled = texts[~texts.map(plain).isin(NOBODY | {""})]
    return float(filled.isin(list(known)).mean()) if len(filled) else 0.0


def _sex(texts: "pandas.Series", column: str, columns: Columns) -> None:
    known = {text: sex for text in texts.unique() if (sex := SEXES.get(plain(text)))}
    spanish = {"h", "m"} >= {plain(text) for text in texts.unique()} - {""}
    is_understood = _understood(texts, known) >= _MOST or spanish
    _add_words("sex", is_understood, texts, column, columns, "{ F: [...], M: [...] }")


def _view(texts: "pandas.Series", column: str, columns: Columns) -> None:
    known = {text: view for text in texts.unique() if (view := _meaning("view", text))}
    is_understood = _understood(texts, known) >= _MOST
    _add_words("view", is_understood, texts, column, columns, "{ PA: [...], AP: [...], LATERAL: [...] }")


def _add_words(
    field: str, is_understood: bool, texts: "pandas.Series", column: str, columns: Columns, words: str
) -> None:
    """Add a column of words, or ask what they mean; ``words`` is what such an answer looks like."""
    if is_understood:
        columns.add(field, column, _counted(texts))
    else:
        columns.ask(
            column,
            f"{field}: the words of column {column} are not understood ({_counted(texts)}); write columns: {{ {field}: "
            f"{column} }} and {field}_words: {words}",
        )


def _age(texts: "pandas.Series", column: str, columns: Columns) -> None:
    known = {text: years for text in texts.unique() if (years := years_of(text)) is not None and years <= 120}
    if _understood(texts, known) >= _MOST:
        columns.add("age", column, f"{min(known.values()):g} to {max(known.values()):g} years")
    else:
        columns.ask(column, f"age: most cells of column {column} are no ages; write columns: {{ age: ... }} if one is")


def _date(texts: "pandas.Series", column: str, columns: Columns) -> None:
    filled = texts[texts != ""]
    if filled.str.fullmatch(_DATE).mean() >= _MOST:
        columns.add("date", column, "only months since the first date are kept")
    else:
        columns.ask(
            column,
            f"date: column {column} is not written 2024-01-31 or 20240131, and 01/02/2024 could be two days; write it "
            f"so and add columns: {{ date: {column} }}",
        )


def _split(texts: "pandas.Series", column: str, columns: Columns) -> None:
    words = {text.lower() for text in texts.unique()}
    if words <= _SPLITS and "test" in words:
        columns.add("split", column, _counted(texts))
    elif words - {""} <= _SPLITS | {"val", "valid", "dev", "training", "testing", "eval"}:
        columns.ask(
            column,
            f"split: column {column} has {_counted(texts)}; call them train, validation and test and add columns: "
            f"{{ split: {column} }}, or patients are split anew",
        )


def _counted(texts: "pandas.Series", limit: int = 6) -> str:
    """Return the commonest words of a column with their counts."""
    counts = texts.str.strip().replace("", "empty").value_counts()
    shown = ", ".join(f"{word} {count:,}" for word, count in counts.head(limit).items())
    return f"{shown} and {len(counts) - limit} more" if len(counts) > limit else shown
