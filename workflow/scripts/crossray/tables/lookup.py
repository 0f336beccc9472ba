"""Mapping from manifest identifiers to the release's files and identifiers."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Row


@dataclass(frozen=True)
class Lookup(Row):
    """An image of a data set, and its identifiers in the release."""

    NAME: ClassVar = "lookup"
    KEY: ClassVar = ("image_id",)

    image_id: str
    "The image's identifier in the manifest."
    path: str
    "Its file, relative to the release's root."
    released_image_id: str
    "The image's identifier in the release."
    released_patient_id: str
    "The patient's identifier in the release."
    released_study_id: str | None
    "The examination's identifier in the release."
