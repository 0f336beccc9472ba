"""Shards and their index."""

import h5py
import numpy as np
import pandas as pd
import pytest

from crossray import manifest
from crossray.datasets.conversion import convert, index, rows_of_shard
from crossray.errors import UserError
from crossray.shards import ImageStore, shard_entry, with_rows, write_shard


@pytest.mark.parametrize(("images", "shards"), [(10, 3), (1, 4), (0, 2), (2000, 7)])
def test_shards_share_out_every_row_once(images, shards):
    rows = [n for shard in range(shards) for n in range(images)[rows_of_shard(images, shards, shard)]]
    assert rows == list(range(images))


SHAPE = {"size": 16, "fit": "crop", "colour": "grey", "burnt_in": "reject"}


def test_layout_and_attributes(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16)).astype(np.uint8)
    write_shard(tmp_path / "a.h5", images, list("abcde"), 16, {"dataset": "d", "versions": {"x": "1"}})
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["images"].chunks is None
        assert file["images"].compression is None
        assert file["images"].dtype == np.uint8
        assert (file["images"][:] == images).all()
        assert file.attrs["versions"] == '{"x": "1"}'
    assert not list(tmp_path.glob(".*"))


def test_the_digest_follows_pixels_and_names_not_versions(tmp_path):
    images = np.zeros((2, 8, 8), np.uint8)
    write_shard(tmp_path / "a.h5", images, ["x", "y"], 8, {"versions": "1"})
    write_shard(tmp_path / "b.h5", images, ["x", "y"], 8, {"versions": "2"})
    write_shard(tmp_path / "c.h5", images, ["x", "z"], 8, {"versions": "1"})
    images[0, 0, 0] = 1
    write_shard(tmp_path / "d.h5", images, ["x", "y"], 8, {"versions": "1"})
    digests = [shard_entry(tmp_path / f"{name}.h5")["sha256"] for name in "abcd"]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_taking_rows_across_shards(make_dataset):
    folder = make_dataset("north", images=20, shards=3)
    store = ImageStore(folder / "32px" / "index.json")
    table = manifest.read(folder / "manifest.parquet")
    rows = store.rows(["i19", "i0", "i7", "nobody"])
    assert list(rows) == [19, 0, 7, -1]
    taken = store.take(rows[:3])
    bright = taken.mean((1, 2)) > 100
    assert list(bright) == list(table["A"].iloc[[19, 0, 7]] == 1)
    assert len(with_rows(table, store, "test")) == 4


def test_images_that_cannot_be_used_are_listed(write_dicom, tmp_path):
    write_dicom(np.zeros((32, 32), np.uint8), "ok.dcm")
    (tmp_path / "bad.dcm").write_text("no")
    rows = pd.DataFrame({"image_id": ["a", "b", "c"], "path": ["h1", "h2", "h3"]})
    rows["file"] = ["ok.dcm", "bad.dcm", "gone.dcm"]
    rejected = convert(rows, tmp_path, "d", SHAPE | {"burnt_in_areas": []}, tmp_path / "s.h5")
    assert list(rejected["path"]) == ["h2", "h3"]
    assert list(rejected["image_id"]) == ["b", "c"]
    assert list(rejected["reason"]) == ["not a DICOM file", "file not found"]
    assert index([tmp_path / "s.h5"], rejected, "d", SHAPE | {"max_rejected": 0.7})["rejected"] == 2
    with pytest.raises(UserError, match=r"data set d: 2 of 3 images .* max_rejected = 0.5 .*1 x not a DICOM file"):
        index([tmp_path / "s.h5"], rejected, "d", SHAPE | {"max_rejected": 0.5})


def test_a_shard_cut_off_is_named(make_dataset):
    folder = make_dataset("north")
    shard = folder / "32px" / "shards" / "0001.h5"
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(UserError, match=r"0001.h5: not a readable shard"):
        ImageStore(folder / "32px" / "index.json")


def test_a_shard_of_no_images_can_be_read(tmp_path):
    write_shard(tmp_path / "a.h5", [], [], 16, {})
    assert shard_entry(tmp_path / "a.h5")["images"] == 0
