"""Shards and their index."""

import fcntl
import re

import h5py
import numpy as np
import pandas as pd
import pytest

from crossray import manifest
from crossray.datasets.conversion import convert, rows_of_shard
from crossray.datasets.indexing import index
from crossray.errors import UserError
from crossray.shards import ImageStore, shard_entry, with_rows, write_shard
from crossray.study.stages.convert_shard import ConvertShard
from crossray.study.stages.index_shards import IndexShards


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


def test_a_damaged_shard_is_not_indexed_as_it_is(make_dataset):
    """Whoever makes another shard again has all of them indexed."""
    shard = make_dataset("north", images=20, shards=2) / "32px/shards/0001.h5"
    whole = shard_entry(shard)
    with h5py.File(shard, "r+") as file:
        file["images"][3, 5, 7] ^= 64
    with pytest.raises(UserError, match=re.escape(f"{shard}: is not what was written, it was damaged since; make")):
        shard_entry(shard)
    with h5py.File(shard, "r+") as file:
        file["images"][3, 5, 7] ^= 64
        del file.attrs["sha256"]  # as in shards of earlier versions
    assert shard_entry(shard) == whole


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
    write_dicom(np.arange(1024, dtype=np.uint16).reshape(32, 32).astype(np.uint8), "ok.dcm")
    (tmp_path / "bad.dcm").write_text("no")
    rows = pd.DataFrame({"image_id": ["a", "b", "c"], "path": ["h1", "h2", "h3"]})
    rows["file"] = ["ok.dcm", "bad.dcm", "gone.dcm"]
    rejected = convert(rows, tmp_path, "d", ConvertShard(**SHAPE, burnt_in_areas=(), shards=1), tmp_path / "s.h5")
    assert list(rejected["path"]) == ["h2", "h3"]
    assert list(rejected["image_id"]) == ["b", "c"]
    assert list(rejected["reason"]) == ["not a DICOM file", "file not found"]
    assert (
        index([tmp_path / "s.h5"], rejected, "d", IndexShards(**SHAPE, max_rejected=0.4, max_missing=0.4))["rejected"]
        == 2
    )
    with pytest.raises(UserError, match=r"data set d: 1 of 3 images .* max_rejected = 0.3 .*1 x not a DICOM file"):
        index([tmp_path / "s.h5"], rejected, "d", IndexShards(**SHAPE, max_rejected=0.3, max_missing=1))
    with pytest.raises(UserError, match=r"data set d: 1 of 3 images .* max_missing = 0.3 .*1 x file not found"):
        index([tmp_path / "s.h5"], rejected, "d", IndexShards(**SHAPE, max_rejected=1, max_missing=0.3))


def test_a_shard_cut_off_is_named(make_dataset):
    folder = make_dataset("north")
    shard = folder / "32px" / "shards" / "0001.h5"
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(UserError, match=r"0001.h5: not a readable shard"):
        ImageStore(folder / "32px" / "index.json")


def test_a_shard_of_no_images_can_be_read(tmp_path):
    write_shard(tmp_path / "a.h5", [], [], 16, {})
    assert shard_entry(tmp_path / "a.h5")["images"] == 0


@pytest.mark.parametrize("reading", ["mapped", "memory", "local"])
def test_images_are_the_same_however_they_are_read(make_dataset, reading):
    index_file = make_dataset("north", images=11, shards=3) / "32px" / "index.json"
    with h5py.File(index_file.parent / "shards/0000.h5") as file:
        first = file["images"][:]
    store = ImageStore(index_file, reading)
    store.check()
    assert np.array_equal(store.take(np.arange(len(first))), first)
    rows = np.array([10, 0, 5, 0, 9])
    assert np.array_equal(store.take(rows), np.stack([store.take(np.array([row]))[0] for row in rows]))
    assert (store.pixels.arrays[0].base is None) == (reading == "memory")


def test_a_local_copy_does_not_need_its_origin(make_dataset):
    folder = make_dataset("north") / "32px"
    shard = folder / "shards/0001.h5"
    store = ImageStore(folder / "index.json", "local")
    shard.unlink()
    store.check()
    assert len(store.take(np.array([59]))) == 1


def test_a_shard_that_was_damaged_is_named_by_its_origin(make_dataset):
    folder = make_dataset("north") / "32px"
    shard = folder / "shards/0001.h5"
    with h5py.File(shard, "r+") as file:
        file["images"][0, 0, 0] ^= 1
    with pytest.raises(UserError, match=re.escape(f"{shard}: is not what its index.json says")):
        ImageStore(folder / "index.json", "local").check()


def test_images_are_taken_one_at_a_time_before_their_names_are_asked_for(tmp_path):
    names = []

    def drawn():
        for number in range(3):
            names.append(f"i{number}")
            yield np.full((8, 8), number, np.uint8)

    write_shard(tmp_path / "a.h5", drawn(), names, 8, {})
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file["image_id"].asstr()[:]) == ["i0", "i1", "i2"]
        assert (file["images"][:, 0, 0] == [0, 1, 2]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_shards_are_read_and_written_where_locks_are_refused(tmp_path, monkeypatch):
    """Another process's lock on the file stands for a file system that has none to give."""
    images = np.zeros((2, 8, 8), np.uint8)
    opened, taken = h5py.File, []

    def spy(name, mode, **options):
        taken.append(options)
        return opened(name, mode, **options)

    monkeypatch.setattr(h5py, "File", spy)
    write_shard(tmp_path / "a.h5", images, ["a", "b"], 8, {})
    assert taken == [{"locking": False}]
    with (tmp_path / "a.h5").open("rb+") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        assert shard_entry(tmp_path / "a.h5")["images"] == 2
