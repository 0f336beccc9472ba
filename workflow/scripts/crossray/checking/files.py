"""The image files of a release by kind, and whether a sample of each kind can be decoded."""

import logging
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.uid import UID_dictionary

from crossray import elements
from crossray.datasets.conversion import load_image
from crossray.errors import UnusableImageError
from crossray.pictures import SUFFIXES
from crossray.pixel_data import read_header
from crossray.remarks import counted
from crossray.study.stages.convert_shard import ConvertShard

log = logging.getLogger(__name__)

#: files of each kind that are decoded
SAMPLE = 3

_EVERY = 5000
_GREY = ("MONOCHROME1", "MONOCHROME2")


@dataclass(frozen=True)
class Kind:
    """The files of one kind.

    Attributes:
        name: the suffix of pictures; of DICOM files transfer syntax, photometric interpretation and bits.
        images: how many there are.
        decoded: how many of the sample could be used.
        refused: why others could not, and how many.
        seconds: what one took to read, decode and resize, on the mean.
    """

    name: str
    images: int
    decoded: int
    refused: Mapping[str, int]
    seconds: float

    @property
    def is_unusable(self) -> bool:
        """Whether no file of the sample can be used."""
        return not self.decoded


def find_kinds(root: Path, paths: Sequence[str], settings: ConvertShard) -> list[Kind]:
    """Sort files by kind, of DICOM files by their headers, and decode a sample of each as the conversion does.

    Args:
        root: the folder that paths start from.
        paths: files that are there.
        settings: those of the conversion.

    Returns:
        The kinds, the commonest first.
    """
    files: dict[str, list[Path]] = {}
    with counted(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's quote values of headers
        for number, path in enumerate(paths, start=1):
            files.setdefault(kind_of(root / path), []).append(root / path)
            if number % _EVERY == 0:
                log.info("%d of %d files looked at", number, len(paths))
        kinds = [_sampled(name, of_kind, settings) for name, of_kind in files.items()]
    return sorted(kinds, key=lambda kind: (-kind.images, kind.name))


def kind_of(path: Path) -> str:
    """Name the kind of an image file; of a DICOM header only numbers and words of the standard are quoted."""
    if path.suffix.lower() in SUFFIXES:
        return "JPEG" if path.suffix.lower().startswith(".jp") else "PNG"
    try:
        header = read_header(path)
    except UnusableImageError as reason:
        return f"no DICOM file ({reason})"
    syntax = str(getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", ""))
    coding = UID_dictionary[syntax][0] if syntax in UID_dictionary else "unknown transfer syntax"
    colours = elements.text(header, "PhotometricInterpretation")
    bits = elements.numbers(header, "BitsStored")
    depth = f"{bits[0]:g} bits" if bits and bits[0] else "unknown bits"
    return f"DICOM, {coding.split(':')[0].split(' (')[0]}, {colours if colours in _GREY else 'colour'}, {depth}"


def _sampled(name: str, files: Sequence[Path], settings: ConvertShard) -> Kind:
    """Decode the first, the last and some files between."""
    chosen = np.unique(np.linspace(0, len(files) - 1, min(SAMPLE, len(files))).round().astype(int))
    refused: Counter[str] = Counter()
    begun = time.perf_counter()
    for number in chosen:
        try:
            load_image(files[number], settings)
        except UnusableImageError as reason:
            refused[str(reason)] += 1
    seconds = (time.perf_counter() - begun) / len(chosen)
    return Kind(name, len(files), len(chosen) - refused.total(), refused, seconds)
