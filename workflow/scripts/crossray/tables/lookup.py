"""Which files of a release a manifest speaks of."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Row


@dataclass(frozen=True)
class Lookup(Row):
    """An image of a data set, and what the release calls it."""

    NAME: ClassVar = "lookup"
    KEY: ClassVar = ("image_id",)

    image_id: str
    "The image, as the manifest names it."
    path: str
    "Its file, from the release's root."
    released_image_id: str
    "The image, as the release names it."
    released_patient_id: str
    "The patient, as the release names them."
    released_study_id: str | None
    "The examination, as the release names it."
