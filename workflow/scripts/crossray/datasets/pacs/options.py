"""What the configuration may set of images that an archive has, whatever it is asked by."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le, Len

from crossray.datasets.found_images import Key
from crossray.datasets.options import ImageChoice, UncertainLabels
from crossray.datasets.table import Tasks
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Obeys, OneKindOf, Several, Text

#: elements that an archive can be asked about, by the level that they belong to (PS3.4 C.6.2.1)
STUDY_KEYS = (
    "StudyDate", "StudyTime", "StudyDescription", "StudyInstanceUID", "StudyID", "AccessionNumber", "PatientID"
)  # fmt: skip
SERIES_KEYS = ("Modality", "BodyPartExamined", "SeriesDescription")

_DATE = re.compile(r"\d{8}(-(\d{8})?)?|-\d{8}")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")

Asked = Annotated[str | Several[str], OneKindOf()]


def values_of(asked: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the values that an element is asked to have one of."""
    return (asked,) if isinstance(asked, str) else tuple(asked)


def wrong_query(query: Mapping[str, str | tuple[str, ...]]) -> str | None:
    """Return what is wrong with a query; None if nothing is."""
    if strange := [key for key in query if key not in (*STUDY_KEYS, *SERIES_KEYS)]:
        return f"{strange[0]!r} is none of the elements that are asked about: {', '.join((*STUDY_KEYS, *SERIES_KEYS))}"
    for key, asked in query.items():
        for value in values_of(asked):
            if not value.strip() or "\\" in value:
                return f"{key}: {value!r} is no value; give several as a list, and leave a key out to ask for any"
            if key == "StudyDate" and not _DATE.fullmatch(value):
                return f"StudyDate: {value!r} is no date or range, such as 20250101-20251231"
    return None


def wrong_hours(hours: str) -> str | None:
    """Return what is wrong with hours of the day; None if nothing is."""
    if not _HOURS.fullmatch(hours) or hours[:5] == hours[6:]:
        return f"{hours!r} is no part of a day, such as '19:00-06:30'"
    return None


def wrong_url(url: str) -> str | None:
    """Return what is wrong with the address of an archive; None if nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or ":" in host:
        return "is no address such as https://pacs.hospital.org/dicom-web"
    if parts.username or parts.password:
        return "has credentials in it; take them out, they come from the environment or ~/.netrc (docs/archive.md)"
    if parts.query or parts.fragment:
        return "has a ? or # in it; an archive's address is its path alone"
    return None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine by its name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Limits(Settings):
    """How an archive is spared that others need for patients."""

    connections: Annotated[int, Ge(1), Le(16)] = 2
    "Connections at a time, at most."
    per_second: Annotated[Number, Gt(0), Le(1000)] = 5
    "Requests a second, at most, over all connections."
    hours: LeftOut[Annotated[str, Obeys(wrong_hours)]] = None
    "Hours of the day, such as '19:00-06:30', by this machine's clock; outside of them the retrieval waits."
    timeout: Annotated[Number, Ge(0.1), Le(3600)] = 60
    "Seconds that an answer may keep silent."
    attempts: Annotated[int, Ge(1), Le(20)] = 5
    "How often something is asked for that fails, with growing pauses."


@dataclass(frozen=True, kw_only=True)
class Connection(Settings):
    """How an archive is reached."""

    limits: Limits = Limits()
    "How it is spared."

    def server(self) -> str:
        """Return the host and port that are asked."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class WebConnection(Connection):
    """An archive that is asked by DICOMweb."""

    url: Annotated[str, Obeys(wrong_url)]
    "Address of the service, to which /studies is added; without credentials, which come from the environment or netrc."
    ca: LeftOut[str] = None
    "File with the certificates (PEM) of who vouches for the archive, where that is none of those that everybody knows."
    plain_http: Literal["refuse", "allow"] = "refuse"
    """
    Whether images and credentials may travel readable by http: where the address is another machine's, they may only if
    you allow it.
    """

    def server(self) -> str:
        """See :meth:`Connection.server`."""
        return urlsplit(self.url).netloc.lower()


def wrong_title(title: str) -> str | None:
    """Return what is wrong with a title of an application entity (PS3.5 6.2, VR AE); None if nothing is."""
    if not title.strip() or len(title) > 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        return f"{title!r} is no title of an application: 1 to 16 letters, digits and signs, no backslash"
    return None


Title = Annotated[str, Obeys(wrong_title)]


@dataclass(frozen=True, kw_only=True)
class DimseConnection(Connection):
    """An archive that is asked by associations."""

    host: Text
    "Name or address of the archive."
    port: Annotated[int, Ge(1), Le(65535)]
    "Port that it listens at."
    aet: Title
    "Title of who asks, which the archive must know."
    called_aet: Title
    "The archive's own title."
    retrieve: Literal["get", "move"] = "get"
    "Whether objects come over the same connection (C-GET), or over one that the archive makes to aet (C-MOVE)."
    receive_port: Annotated[int, Ge(1), Le(65535)] = 11112
    "Port of this machine that objects come to with C-MOVE; the archive must have it entered for aet."

    def server(self) -> str:
        """See :meth:`Connection.server`."""
        return f"{self.host}:{self.port}".lower()


@dataclass(frozen=True, kw_only=True)
class FromArchive(ImageChoice, UncertainLabels):
    """Images that an archive has, beside a table of labels."""

    query: Annotated[Mapping[str, Asked], Len(1), Obeys(wrong_query)]
    "What is asked for: DICOM's keyword of an element to its value, or to several of which one will do."
    labels: str
    "CSV, Excel or Parquet file with the labels; only what it has a row for is fetched."
    join: Key = "AccessionNumber"
    "DICOM's keyword of the element that leads from an image to its row."
    column: LeftOut[Text] = None
    "Column of the labels that has its values; the one with the name of the element where this is left out."
    several_rows: LeftOut[Literal["any", "all", "majority", "first"]] = None
    "What several rows of a value say together; they are refused where this is left out."
    tasks: Annotated[Tasks, OneKindOf()]
    "Label columns (1 positive, 0 negative, -1 or empty unknown), as a list, or as task to column or to its rule."
    keep_raw: bool = True
    "Whether DICOM files stay after conversion; without them another choice of views or labels fetches them again."
