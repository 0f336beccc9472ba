"""Made-up films for benchmarks: the size, depth and noise of radiographs, and no patient."""

from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import RLELosslessEncoder

ROWS, COLUMNS, BITS = 2500, 2048, 12


def film(bits: int = BITS, rows: int = ROWS, columns: int = COLUMNS, seed: int = 0) -> NDArray[np.uint16]:
    """Draw smooth structure with the grain of a detector, so that codecs have as much to do as with a radiograph."""
    generator = np.random.default_rng(seed)
    structure = cv2.resize(generator.random((20, 16)), (columns, rows), interpolation=cv2.INTER_CUBIC)
    grain = generator.normal(0, 0.003, structure.shape)
    return np.round(np.clip(0.1 + 0.75 * structure + grain, 0, 1) * (2**bits - 1)).astype(np.uint16)


def rle(pixels: NDArray, bits: int = BITS) -> bytes:
    """Compress a frame of 16 bits allocated."""
    return RLELosslessEncoder.encode(
        pixels, rows=pixels.shape[0], columns=pixels.shape[1], samples_per_pixel=1, bits_allocated=16, bits_stored=bits,
        photometric_interpretation="MONOCHROME2", number_of_frames=1, pixel_representation=0,
    )  # fmt: skip


#: name -> transfer syntax, and what encodes a frame; None for plain bytes
SYNTAXES: dict[str, tuple[uid.UID, Callable[[NDArray], bytes] | None]] = {
    "raw": (uid.ExplicitVRLittleEndian, None),
    "RLE": (uid.RLELossless, rle),
    "JPEG lossless": (uid.JPEGLosslessSV1, lambda pixels: imagecodecs.ljpeg_encode(pixels, bitspersample=BITS)),
    "JPEG-LS": (uid.JPEGLSLossless, imagecodecs.jpegls_encode),
    "JPEG 2000": (
        uid.JPEG2000Lossless,
        lambda pixels: imagecodecs.jpeg2k_encode(
            pixels, codecformat="j2k", reversible=True, level=0, bitspersample=BITS
        ),
    ),
    "HTJ2K": (uid.HTJ2KLossless, imagecodecs.htj2k_encode),
    "JPEG 8 bit": (uid.JPEGBaseline8Bit, lambda pixels: imagecodecs.jpeg8_encode(pixels, level=95)),
}


def write_film(path: Path, syntax: str) -> Path:
    """Write a film as DICOM in a transfer syntax of :data:`SYNTAXES`."""
    transfer, encode = SYNTAXES[syntax]
    bits = 8 if syntax == "JPEG 8 bit" else BITS
    pixels = film(bits).astype(np.uint8 if bits == 8 else np.uint16)
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.ComputedRadiographyImageStorage, uid.generate_uid()
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * pixels.dtype.itemsize, bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (bits - 1), 2**bits
    dataset.PixelData = encapsulate([bytes(encode(pixels))]) if encode else pixels.tobytes()
    dataset["PixelData"].VR = "OB" if encode else "OW"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer
    dataset.save_as(path, enforce_file_format=True)
    return path
