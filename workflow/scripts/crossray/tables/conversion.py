"""Unusable images."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Row


@dataclass(frozen=True)
class Rejected(Row):
    """An unusable image."""

    NAME: ClassVar = "rejected"
    KEY: ClassVar = ("image_id",)

    image_id: str
    "The image."
    path: str | None
    "Its file, relative to the release's root; a keyed hash unless the data set is public."
    reason: str
    "Why it is unusable."
