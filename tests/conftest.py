"""Small data that every test can have: DICOM files, manifests and shards made on the spot."""

import numpy as np
import pandas as pd
import pytest

from crossray import manifest
from crossray.datasets.conversion import index
from crossray.files import write_csv, write_json
from crossray.shards import write_shard
from helpers import dicom_file, manifest_table


@pytest.fixture
def tell(record_property):
    """Return a function that puts a line under the results of the tests, from whichever worker."""
    return lambda line: record_property("told", line)


def pytest_terminal_summary(terminalreporter):
    """Print what tests told."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "told" and report.when == "call":
                terminalreporter.write_line(line)


@pytest.fixture
def write_dicom(tmp_path):
    """Return a function that writes an array as DICOM under a name; keywords set header elements."""

    def write(pixels, name="image.dcm", **elements):
        return dicom_file(tmp_path / name, pixels, **elements)

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
        rule = {"size": size, "fit": "crop", "colour": "grey", "burnt_in": "reject", "max_rejected": 0.01}
        facts = index(files, rejected, name, rule)
        write_csv(folder / f"{size}px" / "rejected.csv", rejected)
        write_json(folder / f"{size}px" / "index.json", facts)
        return folder

    return make
