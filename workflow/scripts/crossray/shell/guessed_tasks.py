"""Which columns of a table are labels, and what their words mean: marks, yes and no, classes, lists of findings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crossray.datasets.fields import LABELS, plain
from crossray.datasets.identifiers import NOBODY
from crossray.shell.guessed_columns import squeezed
from crossray.study.names import NOT_TASKS

if TYPE_CHECKING:
    import pandas

#: names of columns with a class, or with a list of findings, as :func:`squeezed` writes them
CLASSES = frozenset((
    "label", "labels", "finding", "findings", "findinglabels", "diagnosis", "diagnoses", "class", "classes",
    "category", "target", "pathology", "disease", "result", "befund", "befunde", "diagnose", "diagnosen", "klasse",
    "kategorie", "ergebnis", "hallazgo", "hallazgos", "diagnostico", "etiqueta", "clase", "resultado", "diagnostic",
    "etiquette", "classe", "resultat", "reperto", "reperti", "diagnosi", "etichetta",
))  # fmt: skip
#: words that name no finding
NORMAL = frozenset((
    "normal", "no finding", "no findings", "nofinding", "no abnormality", "healthy", "unremarkable", "clear", "none",
    "negative", "control", "ohne befund", "o.b.", "kein befund", "unauffällig", "normalbefund", "gesund", "keine",
    "sain", "aucun", "sin hallazgos", "sano", "ninguno", "normale", "nessuno",
))  # fmt: skip
YES = frozenset((
    "yes", "y", "true", "t", "positive", "pos", "present", "+", "ja", "j", "wahr", "positiv", "vorhanden", "oui", "o",
    "vrai", "positif", "si", "sí", "sì", "s", "positivo", "vero", "verdadero", "x", "1",
))  # fmt: skip
NO = frozenset((
    "no", "n", "false", "f", "negative", "neg", "absent", "-", "nein", "falsch", "negativ", "nicht vorhanden", "non",
    "faux", "négatif", "negativo", "falso", "0",
))  # fmt: skip
UNKNOWN = (NOBODY - {"none", "-"}) | {
    "uncertain", "unclear", "equivocal", "indeterminate", "not assessed", "u", "unklar", "fraglich", "unsicher",
    "nicht beurteilbar", "incertain", "dudoso", "incerto", "-1",
}  # fmt: skip

#: images with a word below which it becomes no task
LEAST = 5
_SEPARATORS = ("|", ";", ",", "/", "+")
_MOST_WORDS, _MOST_CLASSES, _LONGEST = 40, 20, 60


@dataclass
class Tasks:
    """Tasks, with where their labels come from.

    Attributes:
        found: task -> its column, or its rule.
        why: task -> its words and their counts.
        unused: columns that are no task and nothing else.
        asked: what could not be guessed, each with what to write.
    """

    found: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, rule: str | dict[str, Any], why: str) -> None:
        """Take a task, unless one of this name is there, under a name that no other column of a table has."""
        name = f"{name} finding" if name in NOT_TASKS else name
        if name not in self.found:
            self.found[name], self.why[name] = rule, why


def guess_tasks(table: "pandas.DataFrame", used: Iterable[str]) -> Tasks:
    """Guess tasks.

    Args:
        table: as text.
        used: columns that hold something else.
    """
    tasks = Tasks()
    rest = [column for column in table if column not in set(used)]
    texts = {column: table[column].str.strip() for column in rest}
    left = [
        column for column in rest if not (_marks(texts[column], column, tasks) or _yes_no(texts[column], column, tasks))
    ]
    classes = [column for column in left if squeezed(column) in CLASSES]
    if not classes and not tasks.found:
        classes = [column for column in left if _is_class(texts[column])][:1]
        tasks.asked += [
            f"tasks: column {column} is taken for classes, as no other column looks like labels; name another under "
            "tasks if it is none" for column in classes
        ]  # fmt: skip
    taken = [column for column in classes if _classes(texts[column], column, tasks)]
    tasks.unused = [column for column in left if column not in taken]
    tasks.asked += [
        f"column {column} has numbers: a task of them would be {column}: {{ column: {column}, at_least: NUMBER }}"
        for column in tasks.unused
        if squeezed(column) in CLASSES and _is_number(texts[column])
    ]
    if not tasks.found:
        tasks.asked.append(
            "tasks: no column has labels that are understood; write tasks: { NAME: { column: COLUMN, positive: "
            "[WORDS], negative: [WORDS] } } (docs/datasets/table.md, Labels)"
        )
    return tasks


def _marks(texts: "pandas.Series", column: str, tasks: Tasks) -> bool:
    """Take a column of 1, 0, -1 and empty cells."""
    words = texts.str.replace(r"^(-?[01])[.,]0$", r"\1", regex=True)
    counts = Counter(words)
    if not set(counts) <= set(LABELS) or not counts["1"] or len(counts) < 2:
        return False
    said = ", ".join(f"{counts[word]:,} {name}" for word, name in _MARKS.items() if counts[word])
    if counts["0"]:
        tasks.add(column, column, said)
        return True
    spelt = {word: sorted(set(texts[words == word])) for word in counts}
    unknown = {"unknown": spelt["-1"]} if counts["-1"] else {}
    rule = {"column": column, "positive": spelt["1"], "negative": [""]} | unknown
    tasks.add(column, rule, f"{said}; taken as: empty is negative")
    return True


_MARKS = {"1": "positive", "0": "negative", "-1": "uncertain", "": "empty"}


def _yes_no(texts: "pandas.Series", column: str, tasks: Tasks) -> bool:
    """Take a column of yes and no in several languages, or of crosses."""
    spelt = {plain(text): text for text in texts.unique()}
    words = set(spelt) - {""}
    positive, negative, unknown = (sorted(words & group) for group in (YES, NO, UNKNOWN - YES - NO))
    if not positive or words - {*positive, *negative, *unknown} or not (negative or "" in spelt):
        return False
    rule: dict[str, Any] = {"column": column, "positive": [spelt[word] for word in positive]}
    rule["negative"] = [spelt[word] for word in negative] or [""]
    if unknown:
        rule["unknown"] = [spelt[word] for word in unknown]
    counts = Counter(texts)
    said = ", ".join(f"{counts[spelt[word]]:,} {spelt[word]}" for word in (*positive, *negative, *unknown))
    empty = f", {counts['']:,} empty" if counts[""] else ""
    tasks.add(column, rule, said + empty + ("" if negative else "; taken as: empty is negative"))
    return True


def _is_number(texts: "pandas.Series") -> bool:
    return bool(texts[texts != ""].str.fullmatch(r"[-+]?\d+([.,]\d+)?").all())


def _is_class(texts: "pandas.Series") -> bool:
    """Return whether a column may be one of classes: few words, each in several rows."""
    filled = texts[texts != ""]
    counts = filled.value_counts()
    return 2 <= len(counts) <= _MOST_CLASSES and counts.iloc[-1] >= LEAST and not _is_number(texts)


def _classes(texts: "pandas.Series", column: str, tasks: Tasks) -> bool:
    """Take a column of classes, or of lists of findings: a task for each that is not normal."""
    if _is_number(texts):
        return False
    separator = _separator(texts)
    spelt: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text in texts:
        for word in {part.strip() for part in (text.split(separator) if separator else [text])} - {""}:
            counts[plain(word)] += 1
            spelt.setdefault(plain(word), word)
    if not counts or len(counts) > _MOST_WORDS or max(map(len, counts)) > _LONGEST:
        tasks.asked.append(
            f"column {column}: {len(counts):,} different texts, too many for classes; write tasks: {{ NAME: {{ column: "
            f"{column}, positive: [WORDS], others: negative }} }} for those that matter"
        )
        return False
    unknown = sorted(word for word in counts if word in UNKNOWN - NORMAL)
    findings = [word for word, count in counts.most_common() if word not in NORMAL and word not in unknown]
    rare = [word for word in findings if counts[word] < LEAST]
    for word in findings:
        if word not in rare:
            rule = {"column": column, **({"separator": separator} if separator else {}), "positive": [spelt[word]]}
            rule |= _negatives(word, counts, findings, spelt, unknown)
            tasks.add(spelt[word], rule, f"{counts[word]:,} of {len(texts):,} rows")
    if rare:
        words = ", ".join(f"{spelt[word]} ({counts[word]})" for word in rare)
        tasks.asked.append(f"column {column}: in fewer than {LEAST} rows, and no tasks: {words}")
    return True


def _negatives(
    word: str, counts: Mapping[str, int], findings: list[str], spelt: Mapping[str, str], unknown: list[str]
) -> Iterator[tuple[str, Any]]:
    """Yield what the other words of a class's column are."""
    normal = [spelt[other] for other in counts if other in NORMAL]
    if findings == [word] and normal:
        yield "negative", normal
    else:
        yield "others", "negative"
    if unknown:
        yield "unknown", [spelt[other] for other in unknown]


def _separator(texts: "pandas.Series") -> str | None:
    """Return the sign that parts several words of a cell: with it there are fewer words than cells without it."""
    wholes = set(texts) - {""}
    for sign in _SEPARATORS:
        parts = {part.strip() for text in wholes for part in text.split(sign)} - {""}
        if any(sign in text for text in wholes) and len(parts) < len(wholes):
            return sign
    return None
