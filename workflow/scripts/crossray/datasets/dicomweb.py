"""Reader ``dicomweb``: images that an archive has, by DICOMweb (PS3.18)."""

from dataclasses import dataclass

from crossray.datasets.pacs import reading
from crossray.datasets.pacs.options import FromArchive, WebConnection

SETTINGS = reading.SETTINGS
ReadSettings = reading.ArchiveReading
POLICIES = reading.POLICIES
COHORT = None
Connection = WebConnection


@dataclass(frozen=True, kw_only=True)
class Options(FromArchive, WebConnection):
    """Images that an archive has, asked by DICOMweb."""


locate_in = reading.locate_in
count_images = reading.count_images
read = reading.read
