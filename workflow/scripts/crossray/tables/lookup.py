"""Which files of a release a manifest speaks of."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Row


@dataclass(frozen=True)
class Lookup(Row):
    """An image of a data set."""

    NAME: ClassVar = "lookup"
    KEY: ClassVar = ("image_id",)

    image_id: str
    "The image, as in the manifest."
    path: str
    "Its file, from the release's root."
    released_image_id: str
    "The image, as in the release."
    released_patient_id: str
    "The patient, as in the release."
    released_study_id: str | None
    "The study, as in the release."
