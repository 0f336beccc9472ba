"""What a folder holds: its images, whatever systems left between them, and no image under two names."""

import os
import unicodedata

import pandas as pd
import pytest

import releases
from crossray.datasets import Release, find_reader
from crossray.datasets.listing import find_images, image_files, is_litter
from crossray.datasets.release import check_images, find_root, find_table
from crossray.errors import UserError, speaking_of
from crossray.paths import why_missing
from helpers import dataset, read_images

LITTER = ["._1.png", "__MACOSX/a/._1.png", "__macosx/1.png", ".hidden/1.png", "@eaDir/1.png/THUMB.jpg", "Thumbs.db",
          ".DS_Store", "$RECYCLE.BIN/1.png", ".ipynb_checkpoints/1.png", ".1.png.partial.png"]  # fmt: skip
SETTINGS = {"classes": {"NORMAL": [], "PNEUMONIA": ["Pneumonia"]}, "views": ["ANY"], "images_per_patient": "all",
            "split": {"seed": 0, "train": 0.7, "validation": 0.1, "test": 0.2}}  # fmt: skip


def put(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())


def release(root, folder="", splits=("train", "test")):
    put(
        root, *(f"{folder}{split}/{name}/{i}.png" for split in splits for name in SETTINGS["classes"] for i in range(3))
    )


def read(root, **settings):
    with speaking_of(settings.pop("public", False)):
        reader = find_reader("folder")
        told = reader.ReadSettings.from_dict({"reader": "folder", "max_missing": 0, **SETTINGS, **settings})
        return reader.read(Release(str(root), ()), told).table


@pytest.mark.parametrize("path", LITTER)
def test_what_systems_leave_behind_is_no_image(tmp_path, path):
    put(tmp_path, path, f"train/{path}", "train/1.png")
    assert is_litter(path)
    assert image_files(str(tmp_path)) == ["train/1.png"]
    assert find_images(str(tmp_path), ["1.png"]) == {"1.png": "train/1.png"}


def test_a_mac_and_its_litter_change_nothing_of_a_release(tmp_path):
    release(tmp_path)
    before = read(tmp_path)
    put(tmp_path, *LITTER, *(f"train/NORMAL/{path}" for path in LITTER))
    release(tmp_path, "__MACOSX/")
    pd.testing.assert_frame_equal(read(tmp_path), before)


@pytest.mark.parametrize("folder", ["", "chest_xray/", "a/b/"])
@pytest.mark.parametrize("splits", [("train", "test"), ("Training", "Testing"), ("TRAIN", "val", "test")])
def test_the_split_of_a_release_is_found_at_any_depth(tmp_path, folder, splits):
    release(tmp_path, folder, splits)
    table = read(tmp_path)
    assert len(table) == 6 * len(splits)
    assert (table["split"] == "test").sum() == 6


def test_the_split_may_be_below_the_classes(tmp_path):
    put(tmp_path, *(f"{name}/{split}/1.png" for name in SETTINGS["classes"] for split in ("train", "val", "test")))
    assert sorted(set(read(tmp_path)["split"])) == ["test", "train", "validation"]


@pytest.mark.parametrize("stray", ["extra/NORMAL/1.png", "NORMAL/1.png", "chest_xray/train/NORMAL/1.png"])
@pytest.mark.parametrize("public", [True, False])
def test_a_mixture_is_refused_and_named(tmp_path, stray, public):
    release(tmp_path)
    put(tmp_path, stray)
    with pytest.raises(UserError) as error:
        read(tmp_path, public=public)
    assert "12 of 13 images are below folders such as train and test, and 1 are not, or deeper" in str(error.value)
    top = stray.split("/")[0]
    assert (f"those in {top!r}" if public else "those in folder 1 of 3 by name") in str(error.value)
    assert public or top not in str(error.value)


def test_a_copy_in_a_folder_of_the_releases_own_name_is_named(tmp_path):
    root = tmp_path / "chest_xray"
    release(root)
    release(root, "chest_xray/")
    with pytest.raises(UserError, match=r"12 of 24 images .* and 12 are not, or deeper: those in 'chest_xray'\."):
        read(root)


def test_a_folder_that_is_no_class_and_a_class_without_images(tmp_path):
    release(tmp_path)
    with pytest.raises(UserError, match=r"no image .* in a folder COVID, which `classes` names"):
        read(tmp_path, classes={**SETTINGS["classes"], "COVID": []})
    put(tmp_path, "Smith/1.png")
    with pytest.raises(UserError, match=r"1 of 13 images are in a folder that is no class: those in folder 1 of 3"):
        read(tmp_path)
    with pytest.raises(UserError, match="those in 'Smith'"):
        read(tmp_path, public=True)


def test_a_class_of_other_case_is_named(tmp_path):
    put(tmp_path, "Normal/1.png", "PNEUMONIA/1.png")
    with pytest.raises(UserError, match=r"There is a folder of that name with other capital letters, .*: NORMAL"):
        read(tmp_path)


def test_linked_folders_are_followed_and_loops_end(tmp_path, caplog):
    root, elsewhere = tmp_path / "release", tmp_path / "elsewhere"
    put(elsewhere, "1.png", "deeper/2.png")
    put(root, "train/NORMAL/1.png")
    (root / "train/PNEUMONIA").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(root)
    (root / "train/NORMAL/up").symlink_to("..")
    assert image_files(str(root)) == ["train/NORMAL/1.png", "train/PNEUMONIA/1.png", "train/PNEUMONIA/deeper/2.png"]
    assert caplog.text.count("leads back") == 2
    assert read(root)["Pneumonia"].sum() == 2


def test_a_link_to_nothing_is_told(tmp_path, caplog):
    put(tmp_path, "NORMAL/1.png")
    (tmp_path / "PNEUMONIA").symlink_to(tmp_path / "gone")
    with pytest.raises(UserError, match=r"no image .* in a folder PNEUMONIA"):
        read(tmp_path)
    assert "a link leads to nothing that is there" in caplog.text


def test_a_folder_under_two_names_is_refused(tmp_path):
    put(tmp_path, "NORMAL/1.png", "PNEUMONIA/1.png")
    (tmp_path / "PNEUMONIA/old").symlink_to(tmp_path / "NORMAL")
    with pytest.raises(UserError, match="'NORMAL' and 'PNEUMONIA/old' are one folder, by a link"):
        read(tmp_path, public=True)
    with pytest.raises(UserError, match="a folder is there twice, by a link"):
        read(tmp_path)


def test_two_images_of_one_name_are_both_named(tmp_path):
    put(tmp_path, "images_001/1.png", "previews/1.png", "previews/2.png", "a/other.png", "b/other.png")
    assert find_images(str(tmp_path), ["2.png", "3.png"]) == {"2.png": "previews/2.png"}
    with pytest.raises(UserError, match=r"1\.png lies there more than once: images_001/1\.png, previews/1\.png"):
        find_images(str(tmp_path), ["1.png", "2.png"])


def test_one_image_by_two_links_is_one(tmp_path):
    put(tmp_path, "images_001/1.png")
    (tmp_path / "all").symlink_to(tmp_path / "images_001")
    assert find_images(str(tmp_path), ["1.png"]) == {"1.png": "all/1.png"}


def test_previews_beside_a_known_release_are_refused(tmp_path):
    releases.nih(tmp_path)
    releases.picture(tmp_path / "a_previews/00000001_000.png", 9)
    settings = dataset("nih", root=str(tmp_path), max_missing=0, views=["ANY"])
    with pytest.raises(
        UserError, match=r"00000001_000\.png lies there more than once: a_previews/00000001_000\.png, i"
    ):
        read_images(settings)


def test_names_of_an_old_disk(tmp_path):
    (tmp_path / "NORMAL").mkdir()
    (tmp_path / "NORMAL" / os.fsdecode(b"M\xfcller.png")).touch()
    with pytest.raises(UserError, match="has a name that is not in UTF-8") as error:
        image_files(str(tmp_path))
    assert "ller" not in str(error.value)


def test_names_that_no_table_can_hold(tmp_path):
    put(tmp_path, "NORMAL/a\rb.png")
    with pytest.raises(UserError, match="has a name with a line break"):
        image_files(str(tmp_path))


@pytest.mark.parametrize(
    ("there", "asked", "words"),
    [
        ("ward/IMG1.PNG", "ward/img1.png", "other capital and small letters"),
        ("Ward/1.png", "ward/1.png", "other capital and small letters"),
        ("Straße/1.png", "STRASSE/1.png", "other capital and small letters"),
        (
            unicodedata.normalize("NFD", "Köln/é.png"),
            unicodedata.normalize("NFC", "Köln/é.png"),
            "another Unicode form",
        ),
        (unicodedata.normalize("NFC", "é.png"), unicodedata.normalize("NFD", "é.png"), "another Unicode form"),
        ("ward/a/1.png", "ward\\a\\1.png", r"Windows writes \\"),
        ("ward/1.png", "WARD\\1.png", r"Windows writes \\"),
        ("ward/1.png", "~/ward/1.png", "is not read as a home folder"),
        ("ward/1.png", "C:\\data\\ward\\1.png", "a path of a Windows drive"),
    ],
)
def test_why_a_path_is_not_found_although_it_is_there(tmp_path, there, asked, words):
    put(tmp_path, there)
    if (tmp_path / asked).exists():
        pytest.skip("this file system takes both for one name")
    assert words.replace("\\\\", "\\") in why_missing(tmp_path, asked)
    with pytest.raises(UserError, match=f"row 2. One is missing because .*{words}") as error:
        check_images(str(tmp_path), pd.Series([asked]), 0)
    assert there not in str(error.value)
    with pytest.raises(UserError, match=f"datasets.d.table: no file .*{words}"):
        find_table("d", str(tmp_path), asked, [])


def test_nothing_is_said_of_what_is_not_there_at_all(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png", "B/1.png")
    assert why_missing(tmp_path, "c/1.png") is None
    assert why_missing(tmp_path, "a/1.png/x") is None


def test_a_root_of_other_case(tmp_path):
    put(tmp_path, "Chest/1.png")
    if (tmp_path / "chest").exists():
        pytest.skip("this file system takes both for one name")
    with pytest.raises(UserError, match=r"datasets\.d\.root: no folder .* other capital and small letters"):
        find_root("d", str(tmp_path / "chest"))


@pytest.mark.parametrize("make", [releases.montgomery, releases.openi, releases.nih, releases.vindr])
def test_a_mac_changes_nothing_of_a_known_release(tmp_path, make):
    """Every file has an AppleDouble twin, and the whole is there once more in ``__MACOSX``."""
    make(tmp_path)
    files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    reader = find_reader(make.__name__)
    settings = dataset(make.__name__, root=str(tmp_path), max_missing=0, views=["ANY"])
    before = read_images(settings).table
    for file in files:
        put(
            tmp_path,
            str(file.relative_to(tmp_path).with_name(f"._{file.name}")),
            f"__MACOSX/{file.relative_to(tmp_path)}",
        )
    pd.testing.assert_frame_equal(read_images(settings).table, before)
    assert reader.count_images(reader.locate("d", settings), settings) > 0


def test_a_file_in_the_place_of_a_folder_and_the_other_way_round_are_called_so(tmp_path):
    put(tmp_path, "ward/1.png")
    with pytest.raises(UserError, match=r"datasets\.d\.root: '.*1\.png' is a file, not a folder; set it to the folder"):
        find_root("d", str(tmp_path / "ward/1.png"))
    with pytest.raises(UserError, match=r"datasets\.d\.table: '.*ward' is a folder, not a file"):
        find_table("d", str(tmp_path), "ward", [])
    assert why_missing(tmp_path, "ward") == "it is a folder, not a file"
