"""The way to an archive: what connects to it and at which pace, found by the name of the reader."""

import contextlib
import hashlib
import importlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, cast

from filelock import FileLock, Timeout

from crossray.datasets import TRANSPORTS, find_archived
from crossray.datasets.pacs.archive import Archive
from crossray.datasets.pacs.options import Connection
from crossray.errors import UserError
from crossray.pseudonyms import close_folder

log = logging.getLogger(__name__)

T = TypeVar("T")


class Pace(Protocol):
    """What asks as often as it may (:class:`crossray.datasets.pacs.transport.pace.Pace`)."""

    def patiently(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer."""


@dataclass(frozen=True)
class Access:
    """How a data set's archive is asked.

    Attributes:
        connect: makes a connection, for one thread.
        pace: of all connections together.
        connections: so many at a time.
    """

    connect: Callable[[], Archive]
    pace: Pace
    connections: int


def connection_class(reader: str) -> type[Connection]:
    """Return the class of settings by which a reader's archives are reached.

    Raises:
        UserError: if the reader asks no archive.
    """
    archived = find_archived(reader)
    if archived is None:
        raise UserError(f"reader {reader!r} asks no archive; those that do are {', '.join(TRANSPORTS)}")
    return cast("type[Connection]", archived.Connection)


def access_to(dataset: str, reader: str, connection: Connection) -> Access:
    """Return how a data set's archive is asked; nothing is sent yet."""
    transport = importlib.import_module(TRANSPORTS[reader])
    pace = transport.Pace(connection.limits)
    return Access(lambda: transport.connect(dataset, connection, pace), pace, connection.limits.connections)


@contextlib.contextmanager
def alone(folder: Path, connection: Connection) -> Iterator[None]:
    """Let nobody else retrieve from an archive meanwhile, so that its limits hold for all data sets together.

    Args:
        folder: shared by those who might.
        connection: how the archive is reached; by its host and port others know it.
    """
    close_folder(folder)
    name = hashlib.sha256(connection.server().encode()).hexdigest()[:16]
    lock = FileLock(folder / f"{name}.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("another data set is being retrieved from this archive; waiting until it is there")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
