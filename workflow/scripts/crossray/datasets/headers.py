"""What DICOM headers say of images where a release's tables are silent: view, patient, sex, age, date. Nothing else."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

_EVERY = 5000


def read_headers(root: str, paths: Iterable[str], keywords: Sequence[str]) -> "pandas.DataFrame":
    """Read elements of DICOM headers, without the pixels.

    Args:
        root: the folder that paths start from.
        paths: DICOM files.
        keywords: DICOM's keywords of the elements.

    Returns:
        One row a path, one text column a keyword; empty where the element or the file is missing or unreadable (such
        files end in ``rejected.csv``).
    """
    import pandas as pd

    from crossray import elements
    from crossray.errors import UnusableImageError
    from crossray.pixel_data import read_header

    rows, unreadable = [], 0
    for number, path in enumerate(paths, start=1):
        try:
            header = read_header(Path(root, path), keywords)
            rows.append([str(elements.value(header, keyword) or "") for keyword in keywords])
        except UnusableImageError:
            rows.append([""] * len(keywords))
            unreadable += 1
        if number % _EVERY == 0:
            log.info("%d headers read", number)
    if unreadable:
        log.warning("%d of %d files have no readable DICOM header", unreadable, len(rows))
    return pd.DataFrame(rows, columns=list(keywords), dtype="str")
