"""Objects from an archive to files: each checked, whole or absent, what is there kept, what could not be had listed.

A retrieval that is stopped at any moment goes on when it is started again: a file has its name only when it is whole,
and what is there is checked as if it had just come.
"""

import functools
import logging
import shutil
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from crossray import tables
from crossray.datasets.fields import view_of
from crossray.datasets.pacs.access import Access
from crossray.datasets.pacs.archive import Archive, Gone, NotReceived, ObjectKey, Unreachable
from crossray.datasets.pacs.intact import MARK, known_digests, write_digests
from crossray.datasets.policy import ANY_VIEW
from crossray.errors import UnusableImageError, UserError
from crossray.files import file_digest, replacing
from crossray.pseudonyms import close_folder
from crossray.study import folders
from crossray.study.stages.retrieve_release import RetrieveRelease
from crossray.tables import of_rows
from crossray.tables.archive import FetchedImage, NotFetched

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

_EVERY = 100
#: so many objects in a row that fail mean that the archive does, not they
FAILING = 20


def file_of(key: ObjectKey) -> str:
    """Return where an object lies in the folder of raw files."""
    return f"{key.study}/{key.instance}.dcm"


class Retrieval:
    """The objects of a table, fetched into a folder.

    Args:
        dataset: name of the data set, for messages.
        folder: where files go.
        access: how the archive is asked; each thread has a connection of its own.
    """

    def __init__(self, dataset: str, folder: Path, access: Access) -> None:
        self._dataset, self._folder, self._access = dataset, folder, access
        self._mine = threading.local()
        self._opened: list[Archive] = []
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._failing = 0
        self._record = folder.parent / folders.DIGESTS
        self._known, self._digests = known_digests(self._record), dict[str, str]()
        self._done: Counter[str] = Counter()

    def run(self, objects: "pandas.DataFrame", views: tuple[str, ...]) -> tuple["pandas.DataFrame", "pandas.DataFrame"]:
        """Fetch what is not there and remove what is of no row.

        Args:
            objects: table of :class:`crossray.tables.archive.QueriedObject`.
            views: those that are kept.

        Returns:
            Tables of :class:`FetchedImage` and :class:`NotFetched`.

        Raises:
            UserError: if the archive does not answer any more, or will not; what is there stays.
        """
        close_folder(self._folder)
        rows = objects.fillna("").to_dict("records")
        keys = [
            ObjectKey(row["study_instance_uid"], row["series_instance_uid"], row["sop_instance_uid"]) for row in rows
        ]
        wanted = {key: row for key, row in zip(keys, rows, strict=True) if is_wanted(row["view_position"], views)}
        self._remove_others({file_of(key) for key in wanted})
        missing = [_missing(key, "a view that is not kept, as the archive says") for key in keys if key not in wanted]
        log.info("%d objects, of which %d have a view that is not kept", len(keys), len(missing))
        images: list[dict[str, str]] = []
        with ThreadPoolExecutor(self._access.connections) as threads:
            jobs = {key: threads.submit(self._have, key) for key in wanted}
            try:
                for number, (key, job) in enumerate(jobs.items(), start=1):
                    self._collect(key, wanted[key], job, images, missing)
                    if number % _EVERY == 0:
                        log.info("%d of %d objects", number, len(jobs))
            finally:
                self._stop.set()
                threads.shutdown(wait=True, cancel_futures=True)
                for archive in self._opened:
                    archive.close()
                write_digests(self._record, self._known | self._digests)
        log.info("%d fetched, %d were there, %d could not be had", self._done["fetched"], self._done["there"],
                 len(jobs) - len(images))  # fmt: skip
        return of_rows(images, FetchedImage), of_rows(missing, NotFetched)

    def _collect(
        self,
        key: ObjectKey,
        row: Mapping[str, str],
        job: "Future[dict[str, str]]",
        images: list[dict[str, str]],
        missing: list[dict[str, str]],
    ) -> None:
        """Add the image that a job brought, or the reason why there is none."""
        try:
            images.append(_image(key, row, job.result()))
            self._failing = 0
        except (Gone, NotReceived) as reason:
            missing.append(_missing(key, str(reason)))
            self._failing += isinstance(reason, NotReceived)
            if self._failing >= FAILING:
                raise self._stopped(f"gave nothing to use for {FAILING} objects in a row, last: {reason}") from None
        except Unreachable as reason:
            raise self._stopped(str(reason)) from None

    def _stopped(self, what: str) -> UserError:
        there = self._done["fetched"] + self._done["there"]
        return UserError(
            f"datasets.{self._dataset}: the archive {what}; {there} objects are there and kept. Look whether it is up, "
            "and run again"
        )

    def _have(self, key: ObjectKey) -> dict[str, str]:
        """Return what the header of an object says, which is fetched if it is not there."""
        path = self._folder / file_of(key)
        if path.is_file():
            try:
                facts = self._checked(path, key)
            except UnusableImageError:
                log.warning("a file that is there is damaged; it is fetched again")
            else:
                self._count("there")
                return facts
        if self._stop.is_set():
            raise NotReceived("the retrieval was stopped")
        facts = self._access.pace.patiently(functools.partial(self._fetch, key, path))
        self._count("fetched")
        return facts

    def _checked(self, path: Path, key: ObjectKey) -> dict[str, str]:
        """Check a file, and remember its digest.

        Raises:
            UnusableImageError: if it is not the object, whole, or not as it was when an earlier retrieval checked it.
        """
        name, digest = file_of(key), file_digest(path)
        if self._known.get(name, digest) != digest:
            raise UnusableImageError("another content than the archive sent")
        facts = check_object(path, key)
        self._digests[name] = digest
        return facts

    def _count(self, what: str) -> None:
        with self._lock:
            self._done[what] += 1

    def _fetch(self, key: ObjectKey, path: Path) -> dict[str, str]:
        """Fetch an object and write it, if it is what it should be."""
        if not hasattr(self._mine, "archive"):
            self._mine.archive = self._access.connect()
            self._opened.append(self._mine.archive)
        found = self._mine.archive.fetch(key)
        try:
            with replacing(path, private=True) as partial:
                found.save_as(partial, enforce_file_format=True)
                self._known.pop(file_of(key), None)  # of a file that was there and is replaced
                return self._checked(partial, key)
        except UnusableImageError as error:
            raise NotReceived(str(error)) from None
        except (OSError, UserError):
            raise
        except Exception:  # whatever an archive sends, pydicom raises whatever it meets
            raise NotReceived("not an object that can be written") from None

    def _remove_others(self, files: set[str]) -> None:
        """Remove files that are of no object that is wanted, such as those of an earlier query."""
        there = [path for path in self._folder.rglob("*") if path.is_file() and path.name != MARK]
        others = [path for path in there if str(path.relative_to(self._folder)) not in files]
        for path in others:
            path.unlink()
        if others:
            log.info("%d files that are of no object of the query were removed", len(others))


def check_object(path: Path, key: ObjectKey) -> dict[str, str]:
    """See :func:`crossray.datasets.pacs.objects.check_object`."""
    from crossray.datasets.pacs import objects

    return objects.check_object(path, key)


def is_wanted(view: str, views: tuple[str, ...]) -> bool:
    """Return whether an object is asked for, by what the archive says of its view: it says nothing of most."""
    known = view_of(view)
    return not known or ANY_VIEW in views or known in views


def _missing(key: ObjectKey, reason: str) -> dict[str, str]:
    return {
        "study_instance_uid": key.study,
        "series_instance_uid": key.series,
        "sop_instance_uid": key.instance,
        "reason": reason,
    }


def _image(key: ObjectKey, row: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    return {
        "dicom_sop_instance_uid": key.instance,
        "dicom_series_instance_uid": key.series,
        "dicom_study_instance_uid": key.study,
        "dicom_patient_id": row["patient_id"] or facts["patient_id"],
        "dicom_accession_number": row["accession_number"],
        "dicom_study_id": row["study_id"],
        "dicom_file": f"raw/{file_of(key)}",
        "dicom_view": facts["view"],
        "dicom_sex": facts["sex"],
        "dicom_age": facts["age"],
    }


def retrieve(retrieval: Retrieval, table: Path, settings: RetrieveRelease, missing: Path) -> "pandas.DataFrame":
    """Fetch the objects of a query and list those that could not be had.

    Args:
        retrieval: what fetches.
        table: the table of the query.
        settings: views, and how many may be missing.
        missing: CSV to write, of :class:`NotFetched`; it is written whatever comes of it.

    Returns:
        A table of :class:`FetchedImage`.

    Raises:
        UserError: if too many could not be had, or the archive does not answer.
    """
    from crossray.tables.archive import QueriedObject

    objects = tables.read(table, QueriedObject)
    images, without = retrieval.run(objects, settings.views)
    tables.write(missing, without, NotFetched, private=True)
    reasons = without["reason"].value_counts()
    for reason, count in reasons.items():
        log.info("%d x %s", count, reason)
    lost = len(without) - int(without["reason"].str.startswith("a view").sum())
    if not len(images) or lost > settings.max_missing * (len(images) + lost):
        raise UserError(
            f"{missing}: {lost} of {len(images) + lost} objects could not be had, more than max_missing = "
            f"{settings.max_missing:g} allows; the commonest reason: {reasons.index[0]}. Run again, ask anew "
            "(snakemake query), or raise max_missing"
        )
    return images


def hand_over(store: Path, raw: Path) -> None:
    """Give the folder of a finished retrieval its name, by which it is found and deleted."""
    if raw.exists():
        shutil.rmtree(raw)
    store.rename(raw)
