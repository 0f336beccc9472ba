"""Images in figures: the only place that decides whether pixels of a data set are shown.

Images of data sets that are not public are left out unless the study's setting ``pictures`` says otherwise; then
images with detected text are still left out.
"""

import base64
import io
import logging
from collections.abc import Iterable

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from crossray.errors import listed
from crossray.figures.lettering import has_text
from crossray.figures.style import EMPTY, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

log = logging.getLogger(__name__)

_PIXELS = 128

#: from little to much evidence; how much of the image the strongest covers; and the outline of what is known
_HEAT = np.array([[213, 94, 0], [254, 232, 56]], np.float32)
_COVER = 0.7
_OUTLINE = (0, 229, 255)


def data_url(image: NDArray[np.uint8], dataset: str, settings: DrawFigure) -> str:
    """Return an image as a JPEG of at most 128 px in a data URL; a grey one where it may not be seen.

    Args:
        image: shape (size, size) or (size, size, 3).
        dataset: the data set that it is of.
        settings: ``withheld``, the data sets whose images are not shown, and ``searched``, those of which none with
            text is.
    """
    if not _may_be_seen(image, dataset, settings):
        return HIDDEN
    small = PIL.Image.fromarray(image)
    small.thumbnail((_PIXELS, _PIXELS))
    return _url(_jpeg(small))


def evidence_url(
    image: NDArray[np.uint8],
    heat: NDArray[np.float32],
    region: NDArray[np.bool_],
    dataset: str,
    settings: DrawFigure,
) -> str:
    """Return :func:`evidence_jpeg` in a data URL; dataset and settings as in :func:`data_url`."""
    return _url(evidence_jpeg(image, heat, region)) if _may_be_seen(image, dataset, settings) else HIDDEN


def evidence_jpeg(image: NDArray[np.uint8], heat: NDArray[np.float32], region: NDArray[np.bool_]) -> bytes:
    """Return an image twice, side by side, as a JPEG of 260 x 128 px: as it is, and under its evidence.

    Args:
        image: shape (size, size).
        heat: 0 to 1, same shape: lies over the image on the right, from orange to yellow.
        region: same shape: where the finding is known to be, outlined in cyan in both; nothing where nobody says.
    """
    square = (_PIXELS, _PIXELS)
    grey = cv2.resize(image, square, interpolation=cv2.INTER_AREA if len(image) > _PIXELS else cv2.INTER_LINEAR)
    plain = np.repeat(grey[..., None], 3, axis=2)
    strength = np.clip(cv2.resize(heat, square, interpolation=cv2.INTER_LINEAR), 0, 1)[..., None]
    colours = _HEAT[0] + strength * (_HEAT[1] - _HEAT[0])
    covered = np.round(plain * (1 - _COVER * strength) + colours * _COVER * strength).astype(np.uint8)
    shape = cv2.resize(region.astype(np.uint8), square, interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for picture in (plain, covered):
        cv2.drawContours(picture, outlines, -1, _OUTLINE, 1)
    gap = np.full((_PIXELS, 4, 3), 255, np.uint8)
    return _jpeg(PIL.Image.fromarray(np.hstack([plain, gap, covered])), subsampling=0)


def _jpeg(image: PIL.Image.Image, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, **options)
    return buffer.getvalue()


def _url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


#: in place of an image that may not be shown
HIDDEN = _url(_jpeg(PIL.Image.new("RGB", (_PIXELS, _PIXELS), EMPTY)))

#: stands beside it
HIDDEN_WORDS = "text in it: not shown"


def _may_be_seen(image: NDArray[np.uint8], dataset: str, settings: DrawFigure) -> bool:
    """Return whether an image may be part of a figure."""
    if dataset in settings.withheld:
        return False
    return dataset not in settings.searched or not has_text(image)


def not_shown(urls: Iterable[str], settings: DrawFigure) -> str:
    """Return the sentences of a caption that say which images are not shown, and why; empty if all are."""
    hidden = sum(url == HIDDEN for url in urls)
    if hidden:
        log.warning("text was detected in %d images, which are not shown", hidden)
    withheld = f" {_why(settings)}" if settings.withheld else ""
    return withheld + (f" Grey: {hidden} images with detected text, not shown." if hidden else "")


def none_shown(settings: DrawFigure) -> Figure:
    """Return the figure in place of images that are not shown."""
    return nothing("Images of patients are not shown", _why(settings))


def _why(settings: DrawFigure) -> str:
    """Say why images of data sets are not shown."""
    names = listed(settings.withheld)
    return f"Images of {names} are not shown: not public and not enabled by the study (pictures: all), or not here."
