"""The rows of a bundle: one a test image, with salted identifiers, labels, strata and what each model made of it.

As CSV, which people can read and no reader can be harmed by. Columns: image_id, patient_id, study_id, view, sex, age,
then ``label: TASK``, ``stratum: NAME`` and ``MODEL: TASK``. Numbers have all their digits.
"""

import io
from collections.abc import Mapping, Sequence

import pandas as pd

from crossray import manifest
from crossray.errors import UserError, listed
from crossray.files import csv_text, with_texts
from crossray.pseudonyms import is_pseudonym, pseudonym
from crossray.texts import from_cell

FILE = "rows.csv"
#: columns that every bundle has; the first three name somebody
IDENTIFIERS = ("image_id", "patient_id", "study_id")
FACTS = ("view", "sex", "age")
LABEL = "label: "

#: digits that give a float64 back
_ALL_DIGITS = 17
#: letters of a value of a stratum or view
_LONGEST = 200


def output(model: str, task: str) -> str:
    """Return the name of the column with a model's outputs for a task."""
    return f"{model}: {task}"


def gather(table: pd.DataFrame, outputs: Mapping[str, pd.DataFrame], tasks: Sequence[str], salt: bytes) -> pd.DataFrame:
    """Return the rows of a bundle, sorted by their salted identifiers, so that the order says nothing.

    Args:
        table: the manifest of the site's data set.
        outputs: model -> one column a task, by image_id: the test images that have pixels, the same for every model.
        tasks: of the study; of other tasks nothing leaves.
        salt: of the site for this invitation; without it nobody can tell which of the site's pseudonyms a row has.

    Raises:
        UserError: if models were not applied to the same images, or to none.
    """
    rows = test_rows(table, outputs)
    salted = {name: rows[name].map(lambda text, kind=name: pseudonym(text, salt, kind), na_action="ignore")
              for name in IDENTIFIERS}  # fmt: skip
    columns = salted | {name: rows[name] for name in FACTS}
    columns |= {f"{LABEL}{task}": rows[task] for task in tasks if task in rows}
    columns |= {name: rows[name] for name in manifest.strata_of(rows)}
    columns |= {output(model, task): one[task].to_numpy() for model, one in outputs.items() for task in one}
    return pd.DataFrame(columns).sort_values("image_id").reset_index(drop=True)


def test_rows(table: pd.DataFrame, outputs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of a manifest that models were applied to, in the order of their outputs.

    Raises:
        UserError: if models were not applied to the same images, or to none.
    """
    first = next(iter(outputs.values()))
    if first.empty:
        raise UserError("the data set has no test image with pixels, so there is nothing to send; set its role to test")
    if any(not one.index.equals(first.index) for one in outputs.values()):
        raise UserError("the predictions of two models are not of the same images; delete them and run again")
    return table.set_index("image_id").loc[first.index].reset_index()


def as_csv(rows: pd.DataFrame) -> bytes:
    """Write rows, missing values empty."""
    return csv_text(rows, _ALL_DIGITS).encode()


def read(content: bytes, tasks: Sequence[str], outputs: Sequence[str], where: str) -> pd.DataFrame:
    """Read rows that came from elsewhere; every cell must be what it may be.

    Args:
        content: of :func:`as_csv`.
        tasks: of the study; a bundle has labels of some of them.
        outputs: the columns of outputs that it must have, in order.
        where: the file, for messages, which quote no value.

    Raises:
        UserError: if a column is missing, strange or not in its place, an identifier is none or stands twice, or a
            value is not allowed.
    """
    try:
        texts = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False, encoding="utf-8")
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{where}: {FILE} is not a readable table") from error
    texts = with_texts(texts, from_cell)
    _check_columns(list(texts.columns), tasks, outputs, where)
    numbers = [name for name in texts if name in ("age", *outputs) or name.startswith(LABEL) or name == manifest.MONTHS]
    table = texts.mask(texts == "")
    for name in numbers:
        table[name] = pd.to_numeric(texts[name].mask(texts[name] == ""), errors="coerce").astype(float)
        _refuse((texts[name] != "") & ~table[name].abs().lt(float("inf")), name, "not a number", where)
    for name in IDENTIFIERS:
        wrong = ~texts[name].map(is_pseudonym) & ((texts[name] != "") | (name != "study_id"))
        _refuse(wrong, name, "not a salted identifier", where)
    _refuse(table["image_id"].duplicated(), "image_id", "an identifier that stands twice", where)
    for name in (name for name in table if name.startswith(LABEL)):
        _refuse(table[name].notna() & ~table[name].isin([0, 1]), name, "neither 0 nor 1", where)
    _refuse(table["sex"].notna() & ~table["sex"].isin(["F", "M"]), "sex", "neither F nor M", where)
    _refuse(table["age"].notna() & ~table["age"].between(0, 120), "age", "not from 0 to 120", where)
    for name in set(table) - set(numbers):
        _refuse(texts[name].str.len() > _LONGEST, name, f"more than {_LONGEST} letters", where)
    return table


def _check_columns(found: list[str], tasks: Sequence[str], outputs: Sequence[str], where: str) -> None:
    labels = [f"{LABEL}{task}" for task in tasks if f"{LABEL}{task}" in found]
    strata = [name for name in found if name.startswith(manifest.STRATUM)]
    wanted = [*IDENTIFIERS, *FACTS, *labels, *strata, *outputs]
    if found != wanted or len(set(found)) != len(found):
        strange = [name for name in found if name not in wanted] or [name for name in wanted if name not in found]
        raise UserError(f"{where}: {FILE} has not the columns of this study, see {listed(strange) or 'their order'}")


def _refuse(wrong: pd.Series, column: str, words: str, where: str) -> None:
    rows = wrong.index[wrong]
    if len(rows):
        raise UserError(f"{where}: {FILE}, row {rows[0] + 2}, column {column}: {words} ({len(rows)} such rows in all)")


def of_nobody() -> pd.DataFrame:
    """Return no rows, of no task."""
    texts = {name: pd.Series(dtype="str") for name in (*IDENTIFIERS, *FACTS)}
    return pd.DataFrame(texts | {"age": pd.Series(dtype=float)})


def as_manifest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader returns of rows: the columns of a manifest but for ``split``."""
    table = rows[[*IDENTIFIERS, *FACTS]].assign(path=rows["image_id"])
    labels = {name.removeprefix(LABEL): rows[name] for name in rows if name.startswith(LABEL)}
    return table.assign(**labels, **{name: rows[name] for name in manifest.strata_of(rows)})
