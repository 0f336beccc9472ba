"""What an archive can be asked, whatever reaches it, and how it fails."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import pydicom

Level = Literal["STUDY", "SERIES", "IMAGE"]
#: the element that tells what is of a level apart
OWN: Mapping[Level, str] = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}


class ObjectKey(NamedTuple):
    """The UIDs that lead to an object."""

    study: str
    series: str
    instance: str


class Archive(Protocol):
    """An archive, by one connection; of one thread."""

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> list[dict[str, str]]:
        """Ask what there is.

        Args:
            level: of which answers are wanted, one a study, series or object.
            keys: DICOM's keywords and what they must be; below studies the UIDs of what is above.
            wanted: keywords of what each answer should tell, that of :data:`OWN` among them.

        Returns:
            Keyword -> text of each answer, empty where the archive does not say.

        Raises:
            UserError: if it will not answer whatever is done; the message says what to do.
            Unreachable: if it does not answer.
            NotReceived: if its answer is none.
            Gone: if it has not what is above.
        """

    def fetch(self, key: ObjectKey) -> "pydicom.Dataset":
        """Return an object with its pixels and file meta information.

        Raises:
            UserError, Unreachable, NotReceived, Gone: as :meth:`find`.
        """

    def close(self) -> None:
        """End the connection."""


class Unreachable(Exception):  # noqa: N818
    """The archive does not answer at all; the message goes after its name."""


class NotReceived(Exception):  # noqa: N818
    """What was asked for did not come; the message is the reason."""


class Gone(Exception):  # noqa: N818
    """The archive does not have it any more; the message is the reason."""
