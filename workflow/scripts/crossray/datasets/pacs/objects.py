"""Whether a file is the object that was asked for, and what its header says of the image."""

from pathlib import Path

import pydicom

from crossray import elements, native_pixels
from crossray.datasets.fields import OTHER_VIEW, view_of
from crossray.datasets.pacs.archive import ObjectKey
from crossray.errors import UnusableImageError
from crossray.pixel_data import PixelData, frame, holds_items, read_file

#: the end of fragments (PS3.5 A.4)
_END = b"\xfe\xff\xdd\xe0"

_UIDS = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID", "instance": "SOPInstanceUID"}


def check_object(path: Path, key: ObjectKey) -> dict[str, str]:
    """Check that a file is an object, whole.

    Returns:
        What its header says: ``patient_id``, ``sex``, ``age`` and ``view``, empty where it says nothing.

    Raises:
        UnusableImageError: if it is another object, has no pixels, or not all of them.
    """
    header, pixels = read_file(path)
    for part, keyword in _UIDS.items():
        if str(elements.value(header, keyword) or "") != getattr(key, part):
            raise UnusableImageError(f"another {keyword} than was asked for")
    _check_whole(header, pixels)
    said = {
        "patient_id": "PatientID",
        "sex": "PatientSex",
        "age": "PatientAge",
    }
    return {name: _text(header, keyword) for name, keyword in said.items()} | {"view": view_in(header)}


def _check_whole(header: pydicom.Dataset, pixels: PixelData) -> None:
    if pixels.delimited or holds_items(pixels):
        frame(pixels, is_run_length=_syntax(header) == pydicom.uid.RLELossless)
        if pixels.delimited and _END not in bytes(pixels.content):
            raise UnusableImageError("truncated pixel data: the end of the fragments is missing")
    elif not (_syntax(header).is_transfer_syntax and _syntax(header).is_compressed) and not native_pixels.is_complete(
        header, pixels
    ):
        raise UnusableImageError("truncated pixel data")


def _syntax(header: pydicom.Dataset) -> pydicom.uid.UID:
    """Return the transfer syntax of a file; without meta information it is DICOM's own."""
    meta = getattr(header, "file_meta", None) or {}
    return pydicom.uid.UID(meta.get("TransferSyntaxUID", pydicom.uid.ImplicitVRLittleEndian))


def view_in(header: pydicom.Dataset) -> str:
    """Return the view that a header tells, in its own words; empty if it tells none.

    The first of these that names a view: ViewPosition (0018,5101), the meanings of ViewCodeSequence (0054,0220),
    SeriesDescription (0008,103E) and ProtocolName (0018,1030), of which many systems fill in one alone. Where none
    does, what ViewPosition says.
    """
    codes = [_text(code, "CodeMeaning") for code in elements.items(header, "ViewCodeSequence")]
    position = _text(header, "ViewPosition")
    told = [position, *codes, _text(header, "SeriesDescription"), _text(header, "ProtocolName")]
    return next((words for words in told if view_of(words) not in ("", OTHER_VIEW)), position)


def _text(header: pydicom.Dataset, keyword: str) -> str:
    return str(elements.value(header, keyword) or "").strip(" \0")
