"""An archive by DICOMweb: QIDO-RS finds, WADO-RS fetches (PS3.18 10.4 and 10.6), by dicomweb-client."""

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pydicom
import requests
from dicomweb_client import DICOMwebClient

from crossray.datasets.pacs.archive import OWN, Gone, Level, NotReceived, ObjectKey, Unreachable
from crossray.datasets.pacs.options import WebConnection, is_loopback
from crossray.datasets.pacs.transport.credentials import credentials_of, variable
from crossray.datasets.pacs.transport.pace import Pace
from crossray.datasets.pacs.transport.texts import text_of
from crossray.errors import UserError

__all__ = ["Pace", "connect"]

log = logging.getLogger(__name__)

#: answers of a server that may be another one a minute later (RFC 9110, RFC 6585)
_MAY_PASS = (408, 425, 429, 502, 503, 504)


def connect(dataset: str, connection: WebConnection, pace: Pace) -> "WebArchive":
    """Return an archive that is asked at a pace; nothing is sent yet.

    Raises:
        UserError: if images would travel readable, or a file of certificates is not there.
    """
    _check_plain(dataset, connection)
    session = _Session()
    session.max_redirects = 0
    if connection.ca:
        session.verify = connection.ca
    known = credentials_of(dataset)
    if known.user:
        session.auth = (known.user, known.password)
    elif known.token:
        session.auth = _Bearer(known.token)
    client = DICOMwebClient(connection.url.rstrip("/"), session=session, timeout=connection.limits.timeout)
    client.set_http_retry_params(retry=False)  # what may be asked again, and when, is the pace's to say
    for name in ("dicomweb_client", "retrying"):  # they write addresses with UIDs, and traces
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return WebArchive(client, dataset, connection.limits.timeout, pace)


class _Session(requests.Session):
    """A session whose own file of certificates counts, also where the environment names one for all programs."""

    def merge_environment_settings(self, *given: Any) -> Any:
        """Return what a request is sent with."""
        return super().merge_environment_settings(*given) | (
            {"verify": self.verify} if isinstance(self.verify, str) else {}
        )


class _Bearer(requests.auth.AuthBase):
    """A token, by a class so that netrc does not replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _check_plain(dataset: str, connection: WebConnection) -> None:
    parts = urlsplit(connection.url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return
    if connection.plain_http != "allow":
        raise UserError(
            f"datasets.{dataset}.url: by http images and credentials would travel readable to another machine; write "
            f"https, or, where the network itself is closed, set datasets.{dataset}.plain_http: allow"
        )
    log.warning("data set %s: images and credentials travel readable, as plain_http allows", dataset)


class WebArchive:
    """See :class:`crossray.datasets.pacs.archive.Archive`."""

    def __init__(self, client: DICOMwebClient, dataset: str, timeout: float, pace: Pace) -> None:
        self._client, self._dataset, self._timeout, self._pace = client, dataset, timeout, pace

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> list[dict[str, str]]:
        """See :class:`crossray.datasets.pacs.archive.Archive`.

        A server may give a part of the answers at a time, and in another order each time, so that pages overlap and
        leave gaps (PS3.18 8.3.4.4 asks for no order). Where they overlapped it is asked all over, until two walks
        through all pages in a row find nothing new.
        """
        found: dict[str, dict[str, str]] = {}
        without_news = 0
        while without_news < 2:
            before = len(found)
            received = self._walk(level, keys, wanted, found)
            if before == 0 and received == len(found):
                break
            without_news = without_news + 1 if len(found) == before else 0
        return list(found.values())

    def _walk(
        self, level: Level, keys: Mapping[str, str], wanted: Sequence[str], found: dict[str, dict[str, str]]
    ) -> int:
        """Add the answers of all pages that are new; return how many answers came, those without a UID left out."""
        received = offset = 0
        last: list[str] = []
        while page := self._page(level, keys, wanted, offset):
            offset += len(page)
            here = [one[OWN[level]] for one in page if one[OWN[level]]]
            if here == last:
                break  # a server that knows no offset gives the same page again
            for one in page:
                if one[OWN[level]]:
                    found.setdefault(one[OWN[level]], one)
            received, last = received + len(here), here
        return received

    def _page(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str], offset: int) -> list[dict[str, str]]:
        above = [keys[uid] for uid in ("StudyInstanceUID", "SeriesInstanceUID") if uid in keys and level != "STUDY"]
        searches: dict[Level, Callable[..., list[dict[str, Any]]]] = {
            "STUDY": self._client.search_for_studies,
            "SERIES": self._client.search_for_series,
            "IMAGE": self._client.search_for_instances,
        }
        filters = {key: value for key, value in keys.items() if value not in above}
        self._pace.wait()
        with self._told():
            answers = searches[level](
                *above, offset=offset, fields=list(wanted) or None, search_filters=filters or None
            )
            return [_texts(answer, wanted) for answer in answers]

    def fetch(self, key: ObjectKey) -> pydicom.Dataset:
        """See :class:`crossray.datasets.pacs.archive.Archive`; in the transfer syntax that the archive keeps."""
        self._pace.wait()
        with self._told(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a server that sends an object without the parts around it
            return self._client.retrieve_instance(*key, media_types=(("application/dicom", "*"),))

    def close(self) -> None:
        """See :class:`crossray.datasets.pacs.archive.Archive`."""
        self._client._session.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Raise what a request ends with in words that quote no address and no value."""
        try:
            yield
        except requests.exceptions.HTTPError as error:
            raise self._of_status(error.response.status_code if error.response is not None else 500) from None
        except OSError as error:  # as requests' exceptions are too
            raise self._of_request(error) from None
        except Exception:  # whatever is no DICOM, JSON or message of parts raises whatever its reader meets
            raise NotReceived("the answer is not what DICOMweb says") from None

    def _of_request(self, error: OSError) -> Exception:
        """Return what it means that a request came to no answer."""
        key = f"datasets.{self._dataset}"
        match error:
            case requests.exceptions.SSLError():
                return UserError(f"{key}: {_tls_words(str(error))} (docs/archive.md)")
            case requests.exceptions.TooManyRedirects():
                return UserError(f"{key}.url: the archive sends requests on to another address; set url to that")
            case requests.exceptions.ConnectTimeout():
                return Unreachable("does not answer")
            case requests.exceptions.Timeout():
                return NotReceived(f"no answer within {self._timeout:g} seconds")
            case requests.exceptions.ConnectionError() if "Read timed out" in str(error):  # amid an answer
                return NotReceived(f"no answer within {self._timeout:g} seconds")
            case requests.exceptions.ConnectionError():
                return Unreachable(_connection_words(error))
            case requests.exceptions.ChunkedEncodingError():
                return NotReceived("the answer broke off")
            case requests.exceptions.RequestException():
                return NotReceived("the answer cannot be read")
        what = (error.strerror or "no certificates in it").lower()
        return UserError(f"{key}.ca: cannot be used ({what}); name a file of certificates (PEM)")

    def _of_status(self, status: int) -> Exception:
        """Return what an answer other than 2xx means."""
        key = f"datasets.{self._dataset}"
        if status in (401, 403):
            names = ", ".join(variable(self._dataset, kind) for kind in ("USER", "PASSWORD"))
            return UserError(
                f"{key}: the archive refuses ({status}): set {names} or {variable(self._dataset, 'TOKEN')} in the "
                "environment, or name the archive's host in ~/.netrc; or ask for the right to read there"
            )
        if status in (404, 410):
            return Gone(f"not in the archive ({status})")
        if status in _MAY_PASS:
            return Unreachable(f"answers {status}, as if it were busy")
        if 300 <= status < 400:
            return UserError(f"{key}.url: the archive sends requests on to another address ({status}); set url to that")
        return NotReceived(f"the archive answered {status}")


def _tls_words(text: str) -> str:
    """Say why a certificate was refused."""
    if "certificate verify failed" in text or "CERTIFICATE_VERIFY_FAILED" in text:
        for sign, words in (
            ("expired", "has expired; the archive needs a new one"),
            ("match", "is of another host; write the name in url that it is made for"),
            ("self-signed", "is vouched for by nobody known; name your hospital's certificates with ca"),
            ("self signed", "is vouched for by nobody known; name your hospital's certificates with ca"),
            ("local issuer", "is vouched for by nobody known; name your hospital's certificates with ca"),
        ):
            if sign in text:
                return f"the archive's certificate {words}"
        return "the archive's certificate cannot be verified; name your hospital's certificates with ca"
    return "no secure connection (TLS) comes about; is it https that the archive speaks at this port?"


def _connection_words(error: Exception) -> str:
    text = str(error)
    if "Name or service not known" in text or "name resolution" in text or "NameResolutionError" in text:
        return "has a name that nobody knows"
    if "refused" in text:
        return "refuses the connection: nothing listens there"
    if "Remote end closed" in text or "reset by peer" in text or "IncompleteRead" in text:
        return "ended the connection"
    return "does not answer"


def _texts(answer: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, str]:
    """Return an answer (PS3.18 F.2) as texts by keyword."""
    found = pydicom.Dataset.from_json(dict(answer))
    return {key: text_of(found, key) for key in wanted}
