"""What the readers of the two CIFAR releases share: all but their names and files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.options import Downloadable
from crossray.datasets.reading import Reading
from crossray.datasets.release import find_root
from crossray.datasets.unpacked import locate_unpacked, read_unpacked, write_images
from crossray.errors import UserError
from crossray.study.base import Settings

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray

Options = Downloadable
SETTINGS = ()
ReadSettings = Reading
POLICIES: Mapping[str, Mapping[str, Any]] = {"default": {}}
COHORT = None
read = read_unpacked

IMAGES = 60_000


@dataclass(frozen=True, kw_only=True)
class Unpacking(Settings):
    """Settings of ``unpack``."""

    reader: str
    "Reader of the release."
    download: bool = False
    "Whether to download the release if it is missing."


@dataclass(frozen=True)
class Files:
    """A release's files and the class of torchvision that reads them; https://www.cs.toronto.edu/~kriz/cifar.html.

    Attributes:
        loader: name in ``torchvision.datasets``.
        folder: as it is named when unpacked.
        archive: as it is downloaded.
        md5: of the archive, by the release's page.
    """

    loader: str
    folder: str
    archive: str
    md5: str

    def locate(self, dataset: str, settings: Downloadable) -> Release:
        """Say where the release will be unpacked to.

        Raises:
            UserError: if neither the folder nor the archive is there, and it is not to be downloaded.
        """
        root = find_root(dataset, settings.root)
        if not settings.download and not (root / self.folder).is_dir() and not (root / self.archive).is_file():
            raise UserError(
                f"datasets.{dataset}.root: {str(root)!r} has neither {self.folder}/ nor {self.archive}; fetch "
                f"https://www.cs.toronto.edu/~kriz/{self.archive} (MD5 {self.md5}) and put it there, or set "
                "download: true where there is a network"
            )
        return locate_unpacked(dataset)

    def unpack(self, root: Path, settings: Unpacking, folder: Path) -> "pandas.DataFrame":
        """Write all images as PNG files (:func:`crossray.datasets.digits.unpack`); torchvision checks the files' sums.

        Raises:
            UserError: if the release cannot be downloaded or is damaged.
        """
        return write_images(self._images(root, settings.download), folder)

    def _images(self, root: Path, download: bool) -> Iterator[tuple["NDArray", str, str]]:
        from urllib.error import URLError

        import torchvision

        loader = getattr(torchvision.datasets, self.loader)
        fetch = download or (not (root / self.folder).is_dir() and (root / self.archive).is_file())
        for split, train in (("train", True), ("test", False)):
            try:
                part = loader(root, train=train, download=fetch)
            except (URLError, RuntimeError) as error:
                raise UserError(
                    f"{root}: {self.loader} could not be had ({error}); fetch "
                    f"https://www.cs.toronto.edu/~kriz/{self.archive} (MD5 {self.md5}), put it there and take "
                    f"{self.folder}/ away"
                ) from error
            for pixels, number in zip(part.data, part.targets, strict=True):
                yield pixels, part.classes[number], split


def count_images(release: Release, settings: Downloadable) -> int:
    """Return the number of images of either release."""
    return IMAGES
