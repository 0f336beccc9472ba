"""Reader ``digits``: 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn (Alpaydin and Kaynak 1998).

See docs/datasets/digits.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

from crossray.datasets import Release
from crossray.datasets.reading import Reading
from crossray.datasets.unpacked import locate_unpacked, preview_images, read_unpacked, write_images
from crossray.seeds import derived_seed
from crossray.study.base import Settings
from crossray.study.kinds import Number

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray

SETTINGS = ()
ReadSettings = Reading
POLICIES: Mapping[str, Mapping[str, Any]] = {"default": {}}
COHORT = None

IMAGES = 1797
#: part of the release -> its images, in the release's order
PARTS = {"whole": slice(0, IMAGES), "first half": slice(0, 899), "second half": slice(899, IMAGES)}

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

#: grey level of white in the release
_WHITE = 16


@dataclass(frozen=True, kw_only=True)
class Distortion(Settings):
    """What is done to the images."""

    rotation: Annotated[Number, Ge(-180), Le(180)] = 0
    "Rotation of every image, in degrees."
    contrast: Annotated[Number, Gt(0)] = 1
    "Exponent of the grey levels."
    noise: Annotated[Number, Ge(0)] = 0
    "Standard deviation, with white at 1."


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """Which digits, and how they look."""

    part: Literal["whole", "first half", "second half"] = "whole"
    "Part of the release's images, in its order; data sets of one study should not overlap."
    distortion: Distortion = Distortion()
    "Distortion of the images."


@dataclass(frozen=True, kw_only=True)
class Unpacking(Options):
    """Settings of ``unpack``."""

    reader: str
    "Reader of the release."


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`; the files are outputs of the rule ``unpack_release``."""
    return locate_unpacked(dataset)


def count_images(release: Release, settings: Options) -> int:
    """Return the number of images of the part."""
    part = PARTS[settings.part]
    return part.stop - part.start


read = read_unpacked


def preview(dataset: str, settings: Options, folder: Path) -> Release:
    """See :class:`crossray.datasets.Previewer`."""
    from sklearn.datasets import load_digits

    part = PARTS[settings.part]
    return preview_images([(NAMES[digit], "") for digit in load_digits().target[part]], folder, part.start)


def unpack(root: Path, settings: Unpacking, folder: Path) -> "pandas.DataFrame":
    """Write the images of a part as PNG files.

    Args:
        root: the local copy of a release; this one comes with a library.
        settings: which images, and what is done to them.
        folder: where the files go.

    Returns:
        The table of :func:`crossray.datasets.unpacked.write_images`.
    """
    return write_images(_images(settings), folder, PARTS[settings.part].start)


def _images(settings: Unpacking) -> Iterator[tuple["NDArray", str, str]]:
    import numpy as np
    from sklearn.datasets import load_digits

    release = load_digits()
    for number in range(IMAGES)[PARTS[settings.part]]:
        picture = distorted(release.images[number] / _WHITE, settings.distortion, number)
        yield np.round(picture * 255).astype(np.uint8), NAMES[release.target[number]], ""


def distorted(picture: "NDArray", distortion: Distortion, number: int) -> "NDArray":
    """Show a picture as another scanner might: turned, with another contrast, with noise.

    Args:
        picture: 0 black to 1 white, shape (rows, columns).
        distortion: rotation counter-clockwise.
        number: of the image, for its own noise.

    Returns:
        The same shape and range.
    """
    import cv2
    import numpy as np

    rows, columns = picture.shape
    turn = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), distortion.rotation, 1)
    turned = cv2.warpAffine(picture, turn, (columns, rows), flags=cv2.INTER_LINEAR)
    generator = np.random.default_rng(derived_seed(0, "digits", str(number)))
    noise = generator.normal(0, distortion.noise, picture.shape)
    return np.clip(np.clip(turned, 0, 1) ** distortion.contrast + noise, 0, 1)
