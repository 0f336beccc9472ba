"""Elements of an archive's answers as texts."""

import pydicom


def text_of(found: pydicom.Dataset, keyword: str) -> str:
    """Return the first value of an element as text, empty where there is none."""
    value = found.get(keyword)
    if value is None:
        return ""
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if value else ""
    return str(value).strip(" \0")
