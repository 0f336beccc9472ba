"""An archive by associations: C-FIND finds, C-GET or C-MOVE fetches (PS3.4 C.4), by pynetdicom.

An association carries no credentials and no encryption of its own: archives tell who asks by the title and the address.
"""

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydicom
import pynetdicom
from pydicom import uid
from pynetdicom import evt, sop_class
from pynetdicom.presentation import build_context, build_role

from crossray.datasets.pacs.archive import OWN, Gone, Level, NotReceived, ObjectKey, Unreachable
from crossray.datasets.pacs.options import DimseConnection
from crossray.datasets.pacs.transport.pace import Pace
from crossray.datasets.pacs.transport.texts import text_of
from crossray.errors import UserError

__all__ = ["Pace", "connect"]

#: radiographs come as one of these (PS3.4 B.5)
STORAGE = (
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
#: one context each, so that an archive sends what it keeps; 78 of the 128 that an association can have
SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.RLELossless,
)

_FIND = sop_class.StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]
_GET = sop_class.StudyRootQueryRetrieveInformationModelGet  # type: ignore[attr-defined]
_MOVE = sop_class.StudyRootQueryRetrieveInformationModelMove  # type: ignore[attr-defined]
_PENDING = (0xFF00, 0xFF01)
#: what C-MOVE answers whose destination it does not know (PS3.4 C.4.2.1.5)
_UNKNOWN_DESTINATION = 0xA801

#: source and reason of a rejection (PS3.8 9.3.4) -> what to do
_REJECTIONS = {
    (1, 3): "does not know this title; have aet entered there, or set the one that is",
    (1, 7): "is not called that; set called_aet to the archive's own title",
}
#: object that is asked for -> what came of it; whatever else is sent here is refused
_received: dict[str, pydicom.Dataset | None] = {}
_server_lock = threading.Lock()
_servers: dict[tuple[str, int], Any] = {}


def connect(dataset: str, connection: DimseConnection, pace: Pace) -> "DimseArchive":
    """Return an archive that is asked at a pace; nothing is sent yet.

    Raises:
        UserError: if C-MOVE is asked for and the port that objects come to cannot be listened at.
    """
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it writes what is asked for, and identifiers in it
    if connection.retrieve == "move":
        _listen(dataset, connection)
    return DimseArchive(dataset, connection, pace)


def _store(event: evt.Event) -> int:
    """Keep an object that comes, until who asked for it takes it; see PS3.4 B.2.3 for the statuses."""
    instance = str(getattr(event.request, "AffectedSOPInstanceUID", ""))
    if instance not in _received:
        return 0x0124
    try:
        found = event.dataset
        found.file_meta = event.file_meta
        _received[instance] = found
    except Exception:  # an object that cannot be read raises whatever its reader meets
        return 0xC000
    return 0x0000


def _listen(dataset: str, connection: DimseConnection) -> None:
    """Listen for objects that C-MOVE sends, once for all threads."""
    place = (connection.aet, connection.receive_port)
    with _server_lock:
        if place in _servers:
            return
        entity = _entity(connection)
        for storage in STORAGE:
            entity.add_supported_context(storage, list(SYNTAXES))
        try:
            _servers[place] = entity.start_server(
                ("", connection.receive_port), block=False, evt_handlers=[(evt.EVT_C_STORE, _store)]
            )
        except OSError as error:
            raise UserError(
                f"datasets.{dataset}.receive_port: {connection.receive_port} cannot be listened at "
                f"({(error.strerror or 'no reason given').lower()}); name a free port, and the same in the archive"
            ) from None


def _entity(connection: DimseConnection) -> pynetdicom.AE:
    entity = pynetdicom.AE(ae_title=connection.aet)
    seconds = float(connection.limits.timeout)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = seconds
    return entity


class DimseArchive:
    """See :class:`crossray.datasets.pacs.archive.Archive`; an association stays open until it breaks."""

    def __init__(self, dataset: str, connection: DimseConnection, pace: Pace) -> None:
        self._dataset, self._settings, self._pace = dataset, connection, pace
        self._association: Any = None

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> list[dict[str, str]]:
        """See :class:`crossray.datasets.pacs.archive.Archive`."""
        asked = pydicom.Dataset()
        asked.QueryRetrieveLevel = level
        for keyword in wanted:
            setattr(asked, keyword, None)
        for keyword, value in keys.items():
            setattr(asked, keyword, value)
        found: dict[str, dict[str, str]] = {}
        self._pace.wait()
        with self._told():
            for status, answer in self._associated().send_c_find(asked, _FIND):
                self._check(status)
                if status.Status in _PENDING and answer is not None:
                    texts = {keyword: text_of(answer, keyword) for keyword in wanted}
                    found.setdefault(texts[OWN[level]], texts)
        found.pop("", None)
        return list(found.values())

    def fetch(self, key: ObjectKey) -> pydicom.Dataset:
        """See :class:`crossray.datasets.pacs.archive.Archive`."""
        asked = pydicom.Dataset()
        asked.QueryRetrieveLevel = "IMAGE"
        asked.StudyInstanceUID, asked.SeriesInstanceUID, asked.SOPInstanceUID = key
        _received[key.instance] = None
        self._pace.wait()
        try:
            with self._told():
                self._exchange(asked)
        finally:
            found = _received.pop(key.instance, None)
        if found is None:
            raise Gone("not in the archive: nothing was sent")
        return found

    def _exchange(self, asked: pydicom.Dataset) -> None:
        """Ask for an object, which comes to :func:`_store`."""
        association = self._associated()
        if self._settings.retrieve == "move":
            answers = association.send_c_move(asked, self._settings.aet, _MOVE)
        else:
            answers = association.send_c_get(asked, _GET)
        for status, _ in answers:
            if status and status.Status == _UNKNOWN_DESTINATION:
                raise UserError(
                    f"datasets.{self._dataset}: the archive does not know where to send for {self._settings.aet!r}; "
                    f"have it entered there with this machine and port {self._settings.receive_port}"
                )
            self._check(status)

    def close(self) -> None:
        """See :class:`crossray.datasets.pacs.archive.Archive`."""
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Raise what an exchange ends with in words that quote no value; a broken association is left."""
        try:
            yield
        except (UserError, Unreachable, Gone, NotReceived):
            self._drop()
            raise
        except ValueError:  # pynetdicom's, where no context was accepted for it
            self._drop()
            asked = f"C-FIND or C-{self._settings.retrieve.upper()}"
            raise UserError(
                f"datasets.{self._dataset}: the archive does not offer {asked} to {self._settings.aet!r}; have it "
                "allowed there, or take the other of retrieve: get and move"
            ) from None
        except OSError:  # of a host's name
            raise Unreachable("has a host that nobody knows") from None
        except Exception:  # an answer that cannot be read raises whatever its reader meets
            self._drop()
            raise NotReceived("the answer is not what DICOM says") from None

    def _drop(self) -> None:
        if self._association is not None and self._association.is_established:
            self._association.abort()
        self._association = None

    def _check(self, status: pydicom.Dataset) -> None:
        """Check the status of an answer; an empty one means that none came."""
        if not status:
            raise NotReceived(f"no answer within {self._settings.limits.timeout:g} seconds, or the connection ended")
        if status.Status in (0x0000, *_PENDING):
            return
        if status.Status == 0xA700:
            raise Unreachable("says that it is out of resources")
        hint = ", as some do whose list of C-MOVE's destinations lacks aet" if self._settings.retrieve == "move" else ""
        raise NotReceived(f"the archive answered with status {status.Status:04X}{hint}")

    def _associated(self) -> Any:
        """Return an association, a new one where there is none."""
        if self._association is not None and self._association.is_established:
            return self._association
        entity = _entity(self._settings)
        contexts, roles = [build_context(model) for model in (_FIND, _GET, _MOVE)], []
        if self._settings.retrieve == "get":
            contexts += [build_context(storage, [one]) for storage in STORAGE for one in SYNTAXES]
            roles = [build_role(storage, scp_role=True) for storage in STORAGE]
        entity.requested_contexts = contexts
        association = entity.associate(
            self._settings.host,
            self._settings.port,
            ae_title=self._settings.called_aet,
            ext_neg=roles,  # type: ignore[arg-type]
            evt_handlers=[(evt.EVT_C_STORE, _store)],
        )
        if association.is_rejected:
            raise self._rejected(association)
        if not association.is_established:
            raise Unreachable("does not answer at that host and port, or ended the connection")
        self._association = association
        return association

    def _rejected(self, association: Any) -> Exception:
        """Return what the rejection of an association means."""
        answer = association.acceptor.primitive
        if answer is not None and answer.result == 2:  # transient
            return Unreachable("has no place for another association")
        words = _REJECTIONS.get((getattr(answer, "result_source", 0), getattr(answer, "diagnostic", 0)))
        words = words or "refuses associations; ask who looks after it whether aet and called_aet are entered there"
        return UserError(
            f"datasets.{self._dataset}: the archive {words} (aet {self._settings.aet!r}, called_aet "
            f"{self._settings.called_aet!r})"
        )
