"""What tests share that is no fixture."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, HTJ2KLossless, generate_uid

from crossray.planning import study_of

ROOT = Path(__file__).resolve().parent.parent
#: what every process that a test starts inherits
SESSION = "CROSSRAY_TEST_SESSION"


def dataset(reader, **block):
    """Return a data set of a reader, as a configuration with this block has it."""
    blocks = {"d": {"reader": reader, **block}}
    return study_of({"study": "s", "tasks": ["A"], "datasets": blocks}).datasets["d"]


def manifest_table(images, tasks, seed=0, patients=None):
    """Make a manifest of random labels, three images in five for training."""
    generator = np.random.default_rng(seed)
    numbers = np.arange(images)
    owners = numbers if patients is None else numbers % patients
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in numbers],
            "patient_id": [f"p{n}" for n in owners],
            "study_id": [f"s{n}" for n in numbers],
            "path": [f"{n}.dcm" for n in numbers],
            "view": "PA",
            "sex": ["F", "M"] * (images // 2) + ["F"] * (images % 2),
            "age": 50.0,
            "split": np.array(["train", "train", "train", "validation", "test"])[owners % 5],
        }
    )
    for task in tasks:
        table[task] = generator.integers(0, 2, images).astype(float)
    return table


def processes_with(*variables):
    """Return command lines of all processes that have these variables, ``NAME=`` or ``NAME=value``, by number."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = b"\0" + (place / "environ").read_bytes()
            if all(b"\0" + variable.encode() in environment for variable in variables):
                found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return {number: words for number, words in found.items() if words}  # a zombie has no words


def dicom_file(path, pixels, bits=None, syntax=ExplicitVRLittleEndian, data=None, **elements):
    """Write an array as DICOM; ``data`` replaces its bytes, further keywords set header elements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, generate_uid()
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() if data is None else data
    written = syntax if syntax.is_transfer_syntax else HTJ2KLossless  # pydicom does not know the newest
    dataset["PixelData"].VR = "OB" if written.is_encapsulated else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = written
    dataset.save_as(path, enforce_file_format=True)
    if written != syntax:
        places = len(written) + 1
        path.write_bytes(path.read_bytes().replace(f"{written}\0".encode(), syntax.ljust(places, "\0").encode(), 1))
    return path
