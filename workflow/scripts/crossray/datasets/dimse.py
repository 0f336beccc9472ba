"""Reader ``dimse``: images that an archive has, by associations: C-FIND, then C-GET or C-MOVE (PS3.4 C)."""

from dataclasses import dataclass

from crossray.datasets.pacs import reading
from crossray.datasets.pacs.options import DimseConnection, FromArchive

SETTINGS = reading.SETTINGS
ReadSettings = reading.ArchiveReading
POLICIES = reading.POLICIES
COHORT = None
Connection = DimseConnection


@dataclass(frozen=True, kw_only=True)
class Options(FromArchive, DimseConnection):
    """Images that an archive has, asked by associations."""


locate_in = reading.locate_in
count_images = reading.count_images
read = reading.read
