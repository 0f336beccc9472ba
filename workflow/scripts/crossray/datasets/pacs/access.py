"""The way to an archive: what connects to it and at which pace, found by the name of the reader."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from crossray.datasets import TRANSPORTS, find_archived
from crossray.datasets.pacs.archive import Archive
from crossray.datasets.pacs.options import Connection
from crossray.errors import UserError

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
