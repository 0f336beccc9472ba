"""Releases that are no image files: digits of scikit-learn, and CIFAR in its real binary layout."""

import hashlib
import json
import pickle
import tarfile
from dataclasses import replace

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import torchvision

import unpack_release
from crossray.datasets import Release, find_reader
from crossray.datasets.digits import NAMES, Distortion, distorted
from crossray.errors import UserError
from crossray.planning import unpacking_settings
from helpers import dataset

SPLIT = {"seed": 0, "train": 0.7, "validation": 0.3, "test": 0}
PLAIN = Distortion()
CLASSES = {"cifar10": ["airplane", "bird"], "cifar100": ["apple", "aquarium_fish", "baby"]}
KEYS = {"cifar10": ("labels", "label_names"), "cifar100": ("fine_labels", "fine_label_names")}


def unpacked(folder, local, **settings):
    """Run the program, and return what the reader makes of its files."""
    images, labels = folder / "images", folder / "labels.csv"
    assert unpack_release.main(["--settings", json.dumps(settings), "--root", str(local), "--images", str(images),
                                "--labels", str(labels)]) == 0  # fmt: skip
    reader = find_reader(settings["reader"])
    told = reader.ReadSettings.from_dict({"reader": settings["reader"], "max_missing": 0, "split": SPLIT})
    return reader.read(Release(str(images), (str(labels),)), told).table


def test_halves_of_the_digits_share_no_image_and_keep_their_classes(tmp_path):
    halves = [unpacked(tmp_path / part, tmp_path, reader="digits", part=part, distortion=PLAIN.as_dict())
              for part in ("first half", "second half")]  # fmt: skip
    assert [len(half) for half in halves] == [899, 898]
    assert not set(halves[0]["image_id"]) & set(halves[1]["image_id"])
    for half in halves:
        assert (half[list(NAMES)].sum(axis=1) == 1).all()
        assert "split" not in half
    first = halves[0].iloc[0]
    assert first["zero"] == 1  # the release begins with one
    pixels = np.asarray(PIL.Image.open(tmp_path / "first half/images" / first["path"]))
    assert pixels.shape == (8, 8)
    assert pixels[0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]  # 0 0 5 13 9 1 0 0 of 16


def test_a_distortion_is_the_same_each_time_and_does_what_it_says():
    bar = np.zeros((9, 9))
    bar[4] = 0.5
    assert np.array_equal(distorted(bar, PLAIN, 0), bar)
    assert np.allclose(distorted(bar, replace(PLAIN, rotation=90), 0), bar.T, atol=1e-6)
    assert distorted(bar, replace(PLAIN, contrast=2), 0)[4, 0] == 0.25
    noisy = [distorted(bar, replace(PLAIN, noise=0.1), number) for number in (0, 0, 1)]
    assert np.array_equal(noisy[0], noisy[1])
    assert not np.array_equal(noisy[0], noisy[2])


def write_cifar(root, name, monkeypatch, archived=False):
    """Write a small release in pickles as the real one's, and let torchvision expect their sums."""
    loader = getattr(torchvision.datasets, name.upper())
    generator = np.random.default_rng(0)
    files = root / loader.base_folder
    files.mkdir(parents=True)
    labels, names = KEYS[name]
    lists = {}
    for key in ("train_list", "test_list"):
        lists[key] = []
        for file, _ in getattr(loader, key):
            data = generator.integers(0, 256, (20, 3072), np.uint8)
            content = {"data": data, labels: [n % len(CLASSES[name]) for n in range(20)]}
            (files / file).write_bytes(pickle.dumps(content))
            lists[key].append([file, hashlib.md5((files / file).read_bytes()).hexdigest()])
    meta = files / loader.meta["filename"]
    meta.write_bytes(pickle.dumps({names: CLASSES[name]}))
    monkeypatch.setattr(loader, "meta", loader.meta | {"md5": hashlib.md5(meta.read_bytes()).hexdigest()})
    for key, value in lists.items():
        monkeypatch.setattr(loader, key, value)
    if archived:
        with tarfile.open(root / loader.filename, "w:gz") as archive:
            archive.add(files, loader.base_folder)
        for file in files.iterdir():
            file.unlink()
        files.rmdir()
        monkeypatch.setattr(loader, "tgz_md5", hashlib.md5((root / loader.filename).read_bytes()).hexdigest())
    return loader


@pytest.mark.parametrize(("name", "archived"), [("cifar10", False), ("cifar100", False), ("cifar100", True)])
def test_cifar_in_its_own_layout(tmp_path, monkeypatch, name, archived):
    loader = write_cifar(tmp_path / "root", name, monkeypatch, archived)
    table = unpacked(tmp_path / "out", tmp_path / "root", reader=name, download=False)
    train = 20 * len(loader.train_list)
    assert len(table) == train + 20
    assert (table["split"][train:] == "test").all()
    assert table["split"][:train].isna().all()  # a validation split is drawn from it
    assert table[CLASSES[name]].sum(axis=1).eq(1).all()
    original = loader(tmp_path / "root", train=False)
    row = table.iloc[train + 4]
    assert np.array_equal(np.asarray(PIL.Image.open(tmp_path / "out/images" / row["path"])), original.data[4])
    assert row[original.classes[original.targets[4]]] == 1


def test_without_the_release_the_message_says_what_to_put_where(tmp_path, monkeypatch, capsys):
    settings = dataset("cifar10", root=str(tmp_path))
    reader = find_reader("cifar10")
    with pytest.raises(UserError) as error:
        reader.locate("photos", settings)
    assert str(error.value) == (
        f"datasets.photos.root: {str(tmp_path)!r} has neither cifar-10-batches-py/ nor cifar-10-python.tar.gz; fetch "
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz (MD5 c58f30108f718f92721af3b95e74349a) and put it "
        "there, or set download: true where there is a network"
    )
    assert reader.locate("photos", replace(settings, download=True)).root == "results/datasets/photos/unpacked/images"
    write_cifar(tmp_path, "cifar10", monkeypatch)
    (tmp_path / "cifar-10-batches-py/test_batch").write_bytes(b"damaged")
    words = ["--settings", unpacking_settings(settings), "--root", str(tmp_path), "--images", str(tmp_path / "i"),
             "--labels", str(tmp_path / "l.csv")]  # fmt: skip
    assert unpack_release.main(words) == 1
    assert "CIFAR10 could not be had (Dataset not found or corrupted" in capsys.readouterr().err
    assert not (tmp_path / "l.csv").exists()


def test_the_sums_in_the_messages_are_those_of_torchvision():
    for name in ("cifar10", "cifar100"):
        files, loader = find_reader(name)._FILES, getattr(torchvision.datasets, name.upper())
        assert (files.folder, files.archive, files.md5) == (loader.base_folder, loader.filename, loader.tgz_md5)
        assert loader.url.endswith(f"/~kriz/{files.archive}")
    assert pd.Series(NAMES).is_unique
