"""What an archive has of a data set: asked from studies down to objects, written as the table of its release."""

import functools
import itertools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.datasets.pacs.access import Access
from crossray.datasets.pacs.archive import Gone, Level, NotReceived, Unreachable
from crossray.datasets.pacs.options import SERIES_KEYS, STUDY_KEYS, FromArchive, values_of
from crossray.datasets.sheets import read_table
from crossray.errors import UserError
from crossray.files import csv_text, file_digest, replacing, write_json
from crossray.tables.archive import QueriedObject
from crossray.tables.contract import names

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: a UID (PS3.5 9.1); whatever else an archive sends as one becomes no file name
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

_STUDY = ("StudyInstanceUID", "PatientID", "AccessionNumber", "StudyID", "ModalitiesInStudy")
_SERIES = ("SeriesInstanceUID", "Modality", "NumberOfSeriesRelatedInstances")
_IMAGE = ("SOPInstanceUID", "ViewPosition")

#: DICOM's keyword -> column of the table
COLUMNS = {
    "StudyInstanceUID": "study_instance_uid", "SeriesInstanceUID": "series_instance_uid",
    "SOPInstanceUID": "sop_instance_uid", "PatientID": "patient_id", "AccessionNumber": "accession_number",
    "StudyID": "study_id", "Modality": "modality", "ViewPosition": "view_position",
}  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """What came of a query.

    Attributes:
        studies: that match and have labels.
        objects: of them.
        unlabelled: studies that match and have no labels.
        not_found: rows of labels, by the value that leads to them, that no study has.
        incomplete: series of which the archive lists another number of objects than it says.
    """

    studies: int
    objects: int
    unlabelled: int
    not_found: int
    incomplete: int

    def as_dict(self) -> dict[str, int]:
        """Return the counts by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def ask(dataset: str, settings: FromArchive, access: Access) -> tuple["pandas.DataFrame", Counts]:
    """Ask an archive for the objects that a query is about and that have labels.

    Args:
        dataset: name of the data set, for messages.
        settings: query, and the labels with how they are joined.
        access: how the archive is asked.

    Returns:
        A table of :class:`QueriedObject`, by study, series and object, and its counts.

    Raises:
        UserError: if nothing matches, nothing that matches has labels, or the archive does not answer.
    """
    column = settings.column or settings.join
    wanted = set(read_table(settings.labels, [column])[column].str.strip()) - {""}
    walk = _Walk(dataset, settings, access)
    try:
        return _asked(dataset, settings, walk, wanted, column)
    finally:
        walk.close()


def _asked(
    dataset: str, settings: FromArchive, walk: "_Walk", wanted: Set[str], column: str
) -> tuple["pandas.DataFrame", Counts]:
    import pandas as pd

    studies = walk.studies()
    if not studies:
        raise UserError(
            f"datasets.{dataset}.query: no study in the archive matches; are values written as the archive has them?"
        )
    labelled = [one for one in studies if settings.join not in one or one[settings.join] in wanted]
    log.info("%s: %d studies match, %d of them have labels", dataset, len(studies), len(labelled))
    rows = [row for study in labelled for row in walk.objects(study) if row[settings.join] in wanted]
    if not rows:
        raise UserError(
            f"datasets.{dataset}: {len(studies)} studies match, and no object of theirs has a value of {settings.join} "
            f"that stands in column {column} of {settings.labels}; are they written alike (leading zeros), and is it "
            "the right column?"
        )
    table = pd.DataFrame(
        [{COLUMNS[key]: row.get(key, "") for key in COLUMNS} for row in rows], columns=names(QueriedObject)
    )
    order = ["study_instance_uid", "series_instance_uid", "sop_instance_uid"]
    table = table.sort_values(order).drop_duplicates("sop_instance_uid").reset_index(drop=True)
    there = {row["StudyInstanceUID"] for row in rows}
    counts = Counts(
        len(there), len(table), len(studies) - len(there), len(wanted - {row[settings.join] for row in rows}),
        walk.incomplete,
    )  # fmt: skip
    return table, counts


def lines_of(counts: Counts) -> Iterator[str]:
    """Yield what is said of a query: counts, of what is wrong only where something is."""
    yield f"{counts.studies} studies with {counts.objects} objects have labels"
    if counts.unlabelled:
        yield f"{counts.unlabelled} studies match without labels"
    if counts.not_found:
        yield f"{counts.not_found} of the labels have no study"
    if counts.incomplete:
        yield (
            f"{counts.incomplete} series list another number of objects than they should have: the archive may end its "
            "answers at a limit, have that raised"
        )


class _Walk:
    """The way from studies to objects."""

    def __init__(self, dataset: str, settings: FromArchive, access: Access) -> None:
        self._dataset, self._archive, self._pace = dataset, access.connect(), access.pace
        self._query = {key: values_of(asked) for key, asked in settings.query.items()}
        self.incomplete = 0

    def studies(self) -> list[dict[str, str]]:
        """Return the studies that match, by their UIDs in order."""
        asked = {key: values for key, values in self._query.items() if key in STUDY_KEYS}
        if "Modality" in self._query:
            asked["ModalitiesInStudy"] = self._query["Modality"]
        found: dict[str, dict[str, str]] = {}
        for keys in _combined(asked):
            found |= {one["StudyInstanceUID"]: one for one in self._find("STUDY", keys, _STUDY)}
        return [found[uid] for uid in sorted(found)]

    def objects(self, study: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """Yield the objects of a study whose series match."""
        asked = {key: values for key, values in self._query.items() if key in SERIES_KEYS}
        above = {"StudyInstanceUID": study["StudyInstanceUID"]}
        series: dict[str, dict[str, str]] = {}
        for keys in _combined(asked):
            series |= {one["SeriesInstanceUID"]: one for one in self._find("SERIES", above | keys, _SERIES)}
        modalities = self._query.get("Modality", ())
        for uid, one in sorted(series.items()):
            if modalities and one["Modality"] not in modalities:
                continue  # an archive need not know every key (PS3.4 C.2.2.1)
            objects = self._find("IMAGE", above | {"SeriesInstanceUID": uid}, _IMAGE)
            said = one["NumberOfSeriesRelatedInstances"]
            self.incomplete += bool(said) and said != str(len(objects))
            yield from ({**study, **one, **image} for image in objects)

    def close(self) -> None:
        """End the connection."""
        self._archive.close()

    def _find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> list[dict[str, str]]:
        """Ask patiently."""
        try:
            found = self._pace.patiently(functools.partial(self._archive.find, level, keys, wanted))
        except Gone as error:
            if level == "STUDY":
                raise UserError(
                    f"datasets.{self._dataset}: no service answers there: {error}; look at the address"
                ) from None
            return []  # it went while it was asked about
        except (Unreachable, NotReceived) as error:
            raise UserError(
                f"datasets.{self._dataset}: the archive {_verb(error)}; look whether it is up and where it is, and "
                "ask again"
            ) from None
        if any(key in one and not is_uid(one[key]) for one in found for key in _UIDS):
            raise UserError(
                f"datasets.{self._dataset}: the archive sends a UID that is none (PS3.5 9.1), which becomes no file; "
                "have it mended there, or ask for less"
            )
        return found


def _verb(error: Exception) -> str:
    """Say what an archive did, in words that go after it."""
    return str(error) if isinstance(error, Unreachable) else f"gave no answer to use: {error}"


def is_uid(text: str) -> bool:
    """Return whether a text is a UID."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def _combined(asked: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Yield every combination of values, as archives match lists of UIDs alone (PS3.4 C.2.2.2.2)."""
    for values in itertools.product(*asked.values()):
        yield dict(zip(asked, values, strict=True))


def write_query(path: Path, table: "pandas.DataFrame", facts: Mapping[str, object]) -> bool:
    """Write the table of a query, private, and beside it what it was about; one that is the same stays untouched.

    Args:
        path: the table to write.
        table: of :class:`QueriedObject`.
        facts: what stands in the file beside it, with the table's digest.

    Returns:
        Whether it is another table than before.
    """
    from crossray.pseudonyms import close_folder

    text = csv_text(table)
    close_folder(path.parent)
    changed = not path.is_file() or path.read_text(encoding="utf-8") != text
    if changed:
        with replacing(path, private=True) as partial:
            partial.write_text(text, encoding="utf-8")
    write_json(path.with_suffix(".json"), {**facts, "digest": file_digest(path)})
    return changed


def differences(before: "pandas.DataFrame", after: "pandas.DataFrame") -> dict[str, int]:
    """Count what differs between two tables of queries, by words."""
    study, uid = "study_instance_uid", "sop_instance_uid"
    old, new = before.set_index(uid), after.set_index(uid)
    both = old.index.intersection(new.index)
    others = [name for name in new.columns if name != "view_position"]
    changed = (old.loc[both, others].fillna("") != new.loc[both, others].fillna("")).any(axis=1)
    return {
        "studies that are new": len(set(new[study]) - set(old[study])),
        "studies that are gone": len(set(old[study]) - set(new[study])),
        "objects that are new": len(new.index.difference(old.index)),
        "objects that are gone": len(old.index.difference(new.index)),
        "objects whose patient, study or numbers are others": int(changed.sum()),
    }
