"""Small data that every test can have: DICOM files, manifests and shards made on the spot."""

import numpy as np
import pandas as pd
import pydicom
import pytest
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from crossray import manifest
from crossray.datasets.conversion import index
from crossray.files import write_csv, write_json
from crossray.shards import write_shard
from helpers import manifest_table


@pytest.fixture
def write_dicom(tmp_path):
    """Return a function that writes an array as DICOM; keywords set header elements."""

    def write(pixels, name="image.dcm", bits=None, **elements):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset = pydicom.Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, generate_uid()
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = 8 * pixels.dtype.itemsize
        dataset.BitsStored = bits or dataset.BitsAllocated
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        syntax = elements.pop("syntax", ExplicitVRLittleEndian)
        dataset.PixelData = elements.pop("data", pixels.tobytes())
        dataset["PixelData"].VR = "OB" if syntax.is_encapsulated else "OW"
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def make_dataset(tmp_path):
    """Return a function that writes manifest, shards and index of a small data set under ``datasets/{name}``."""

    def make(name, images=60, tasks=("A", "B"), size=32, shards=2, patients=None, edit=None):
        folder = tmp_path / "datasets" / name
        table = manifest_table(images, tasks, seed=len(name), patients=patients)
        if edit:
            edit(table)
        manifest.write(folder / "manifest.parquet", table, {"dataset": name, "tasks": list(tasks), "settings": {}})
        generator = np.random.default_rng(1)
        files = []
        for number, part in enumerate(np.array_split(np.arange(images), shards)):
            # The first task shows as brightness, so that a model has something to learn.
            noise = generator.integers(0, 60, (len(part), size, size))
            pixels = (noise + 150 * np.nan_to_num(table[tasks[0]].to_numpy())[part][:, None, None]).astype(np.uint8)
            files.append(folder / f"{size}px" / "shards" / f"{number:04d}.h5")
            write_shard(files[-1], pixels, list(table["image_id"].iloc[part]), size, {"dataset": name})
        rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
        facts = index(files, rejected, name, {"size": size, "max_rejected": 0.01})
        write_csv(folder / f"{size}px" / "rejected.csv", rejected)
        write_json(folder / f"{size}px" / "index.json", facts)
        return folder

    return make
