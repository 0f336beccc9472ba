"""Regions: they end where the pixels end, masks survive as text, and every release's boxes are read as released."""

import numpy as np
import pandas as pd
import PIL.Image
import pytest

import locate_findings
import releases
from crossray import regions
from crossray.datasets import Release, find_locator
from crossray.datasets.annotations import boxes, masks, place
from crossray.datasets.configured import places_of
from crossray.datasets.phantom import draw_anatomy, render
from crossray.errors import UserError
from crossray.images import load_square, read_shape
from crossray.masks import decode, encode
from crossray.study.findings import FINDINGS
from helpers import dataset, dicom_file


def lookup(*names):
    """Return the table of identifiers of images named so, at files named so, pseudonyms in capitals."""
    table = pd.DataFrame({"image_id": [name.upper() for name in names], "path": names, "released_image_id": names})
    return table.assign(released_patient_id=table["released_image_id"].str[:8], released_study_id=None)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["box", "mask"])
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_bright_rectangle_and_its_region_end_at_the_same_pixels(tmp_path, seed, kind, fit):
    generator = np.random.default_rng(seed)
    rows, columns = (int(n) for n in generator.integers(90, 400, 2))
    top, left = (int(n) for n in generator.integers(0, [rows - 40, columns - 40]))
    bottom, right = top + int(generator.integers(20, 40)), left + int(generator.integers(20, 40))
    pixels = np.zeros((rows, columns), np.uint8)
    pixels[top:bottom, left:right] = 255
    aspect = [1.0, 2.0, 0.5][seed % 3]
    dicom_file(tmp_path / "a.dcm", pixels, PixelAspectRatio=[int(aspect * 2), 2])
    edges = pd.DataFrame({"left": [left], "top": [top], "right": [right], "bottom": [bottom]})
    found = {
        "box": lambda: boxes(pd.Series(["a.dcm"]), "Mass", edges),
        "mask": lambda: masks(pd.Series(["a.dcm"]), "Mass", pd.Series([encode(pixels > 0)]), rows, columns),
    }[kind]()  # fmt: skip
    placed = place(found, lookup("a.dcm"), tmp_path, "boxes.csv")
    assert placed["aspect"].tolist() == [aspect]
    assert placed[["left", "bottom"]].to_numpy().ravel() == pytest.approx([left / columns, bottom / rows])
    size = int(generator.integers(30, 80))
    image = load_square(tmp_path / "a.dcm", size, fit)
    inside = regions.on_square(placed, size, fit)
    bright = image >= 128
    if bright.any():
        assert (inside == bright).all()
    else:  # smaller than half a pixel on the way, or cut off
        assert inside.sum() <= 4
        assert not inside.any() or image[inside].min() == image.max()


def test_masks_survive_as_text():
    generator = np.random.default_rng(0)
    for rows, columns in [(1, 1), (3, 5), (20, 7)]:
        for share in (0, 0.3, 1):
            mask = generator.random((rows, columns)) < share
            assert (decode(encode(mask), rows, columns) == mask).all()
    assert encode(np.array([[False, True, True], [True, False, True]])) == "1 3 5 1"


@pytest.mark.parametrize("runs", ["0 7", "-1 2", "3", "a b", "2 -1"])
def test_runs_that_do_not_fit_are_refused(runs):
    with pytest.raises(ValueError, match=r"."):
        decode(runs, 2, 3)


def test_regions_of_one_image_are_joined_and_the_cut_off_is_empty(tmp_path):
    PIL.Image.new("L", (100, 50)).save(tmp_path / "a.png")
    edges = pd.DataFrame({"left": [30, 60, 0], "top": [10, 30, 0], "right": [40, 70, 20], "bottom": [20, 40, 50]})
    placed = place(boxes(pd.Series(["a.png"] * 3), "Mass", edges), lookup("a.png"), tmp_path, "boxes.csv")
    assert regions.on_square(placed.iloc[:2], 50, "crop").sum() == 200
    assert regions.on_square(placed.iloc[2:], 50, "crop").sum() == 0  # left of the centre square
    assert regions.on_square(placed.iloc[2:], 100, "pad").sum() == 20 * 50


def test_the_smallest_region_keeps_a_pixel(tmp_path):
    PIL.Image.new("L", (1000, 1000)).save(tmp_path / "a.png")
    edges = pd.DataFrame({"left": [501.0], "top": [501.0], "right": [501.5], "bottom": [501.5]})
    placed = place(boxes(pd.Series(["a.png"]), "Mass", edges), lookup("a.png"), tmp_path, "boxes.csv")
    assert regions.on_square(placed, 20, "crop").sum() == 1


def test_identifiers_follow_the_manifest_and_foreign_images_are_counted(tmp_path, caplog):
    PIL.Image.new("L", (10, 10)).save(tmp_path / "b.png")
    edges = pd.DataFrame({"left": [1, 1, 1, 5], "top": [1, 1, 1, 5], "right": [4, 4, 4, 5], "bottom": [4, 4, 4, 9]})
    found = boxes(pd.Series(["b.png", "elsewhere.png", "gone.png", "b.png"]), "Mass", edges)
    placed = place(found, lookup("gone.png", "b.png"), tmp_path, "boxes.csv")
    assert placed["image_id"].tolist() == ["B.PNG"]
    nothing = masks(pd.Series(["b.png"]), "Mass", pd.Series([""]), 10, 10)  # a phantom's finding that fills no pixel
    assert place(nothing, lookup("b.png"), tmp_path, "regions.csv").empty
    assert "1 places left out: of images that are not in the manifest" in caplog.text
    assert "2 places left out: of images that cannot be read, or without an area" in caplog.text


def test_boxes_of_another_picture_are_refused(tmp_path):
    PIL.Image.new("L", (224, 224)).save(tmp_path / "a.png")
    edges = pd.DataFrame({"left": [300], "top": [1], "right": [400], "bottom": [9]})
    with pytest.raises(
        UserError, match=r"boxes.csv: a box from \(300, 1\) to \(400, 9\) lies outside its image of 224"
    ):
        place(boxes(pd.Series(["a.png"]), "Mass", edges), lookup("a.png"), tmp_path, "boxes.csv")
    scaled = place(boxes(pd.Series(["a.png"]), "Mass", edges, (1024, 1024)), lookup("a.png"), tmp_path, "boxes.csv")
    assert scaled["left"].tolist() == [300 / 1024]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.dcm"])
def test_shapes_are_read_from_headers(tmp_path, name):
    if name == "a.dcm":
        dicom_file(tmp_path / name, np.zeros((20, 30), np.uint8), PixelSpacing=[0.2, 0.1])
        assert read_shape(tmp_path / name) == (20, 30, 2.0)
        return
    image = PIL.Image.new("L", (30, 20))
    image.save(tmp_path / name)
    assert read_shape(tmp_path / name) == (20, 30, 1.0)
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    image.save(tmp_path / name, exif=turned)
    assert read_shape(tmp_path / name) == (30, 20, 1.0)
    assert load_square(tmp_path / name, 10, "pad")[:, 0].max() == 0


def read(root, maker, **settings):
    """Write a release and read where its findings are."""
    maker(root)
    settings = dataset(**{"reader": maker.__name__, "root": str(root), **settings})
    tables = places_of("made-up", settings)
    assert tables
    places = find_locator(settings.reader).read_places(Release(str(root), tables))
    return places.drop(columns=["frame_rows", "frame_columns"]).to_dict("records")


def box(image, task, left, top, right, bottom):
    return {"image_id": image, "task": task, "left": left, "top": top, "right": right, "bottom": bottom, "runs": ""}


def test_boxes_of_nih(tmp_path):
    assert read(tmp_path, releases.nih) == [
        box("00000001_000", "Cardiomegaly", 200.0, 300.0, 700.5, 700.0),
        box("00000003_000", "Infiltration", 0.0, 10.0, 100.0, 30.0),
    ]


def test_boxes_of_rsna_are_of_both_tasks(tmp_path):
    name = "000924cf-0f8d-42bd-9158-1af53881a557"
    expected = [box(name, task, *edges) for task in ("Lung Opacity", "Pneumonia")
                for edges in ((1, 2, 4, 6), (5, 6, 12, 14))]  # fmt: skip
    assert read(tmp_path, releases.rsna) == expected


@pytest.mark.parametrize("maker", [releases.vindr, releases.vindr_physionet])
def test_boxes_of_vindr_are_those_of_all_radiologists(tmp_path, maker):
    found = read(tmp_path, maker, reader="vindr")
    assert sorted((one["image_id"], one["task"]) for one in found) == [
        ("aa", "Cardiomegaly"), ("bb", "Effusion"), ("bb", "Effusion"), ("bb", "Effusion"),
    ] + [("bb", "Nodule/Mass")] * (maker is releases.vindr)  # fmt: skip
    assert found[0] == box("aa", "Cardiomegaly", 1.5, 2.0, 11.0, 12.0)


def test_masks_of_siim_run_down_the_columns_from_the_end_of_the_last_run(tmp_path):
    first, second = read(tmp_path, releases.siim)
    expected = np.zeros((1024, 1024), bool)
    expected[12:15, 0] = expected[19:24, 0] = True  # 3 from 12 on; 4 after their end, 5 pixels
    assert (decode(first["runs"], 1024, 1024) == expected).all()
    assert decode(second["runs"], 1024, 1024)[9:18, 0].all()
    assert first["task"] == "Pneumothorax"


def test_objects_of_object_cxr(tmp_path):
    assert read(tmp_path, releases.object_cxr) == [
        box("00001", "Foreign Object", 1, 2, 3, 4),
        box("00001", "Foreign Object", 5, 2, 9, 8),
    ]


@pytest.mark.parametrize(
    ("maker", "table", "old", "new", "message"),
    [
        (releases.nih, "BBox_List_2017.csv", "200.0", "left", r"row 2, column Bbox \[x: not a number"),
        (releases.nih, "BBox_List_2017.csv", "Infiltrate", "Shadow", "finding Shadow is none of Atelectasis"),
        (releases.rsna, "stage_2_train_labels.csv", "5,6,7,8", "5,,7,8", "row 4, column y: not a number"),
        (releases.siim, "train-rle.csv", " 9 9", " 9 9999999", "row 3, column EncodedPixels: not a mask of 1024"),
        (releases.object_cxr, "train.csv", "0 1 2 3 4", "7 1 2", "row 2, column annotation: not an object"),
    ],
)
def test_tables_that_are_not_as_released_are_told(tmp_path, maker, table, old, new, message):
    maker(tmp_path)
    text = (tmp_path / table).read_text()
    assert old in text
    (tmp_path / table).write_text(text.replace(old, new))
    reader = find_locator(maker.__name__)
    with pytest.raises(UserError, match=message):
        reader.read_places(
            Release(str(tmp_path), reader.locate_places("d", dataset(maker.__name__, root=str(tmp_path))))
        )


def test_data_sets_without_places_are_known(tmp_path):
    releases.nih_google(tmp_path)
    assert places_of("d", dataset("nih_google", root=str(tmp_path))) == ()
    (tmp_path / "BBox_List_2017.csv").unlink()
    assert places_of("d", dataset("nih", root=str(tmp_path))) == ()
    with pytest.raises(UserError, match="reader 'nih_google' knows no places"):
        find_locator("nih_google")


@pytest.mark.parametrize("finding", FINDINGS)
def test_phantoms_are_where_they_say(finding):
    for seed in range(5):
        anatomy = draw_anatomy(np.random.default_rng(seed), "F", 50)

        def drawn(severity, anatomy=anatomy, seed=seed):
            return render(anatomy, {finding: severity}, "PA", (128, 128), np.random.default_rng(seed))

        plain, nowhere = drawn(0)
        picture, found = drawn(0.8)
        assert set(nowhere) == set()
        assert set(found) == {finding}
        change = np.abs(picture - plain)
        if finding == "Cardiomegaly":  # the whole heart, whose edge moves
            assert change[found[finding]].sum() > 0.6 * change.sum()
        else:
            assert change[found[finding]].mean() > 5 * change[~found[finding]].mean()
            assert found[finding].ravel()[change.argmax()]


def test_a_release_becomes_regions_of_its_manifest(tmp_path):
    releases.nih(tmp_path)
    table = lookup("00000001_000")
    table = table.assign(path="images_001/images/00000001_000.png", image_id="0123456789abcdef")
    table.to_csv(tmp_path / "lookup.csv", index=False)
    words = ["--reader", "nih", "--root", str(tmp_path), "--tables", str(tmp_path / "BBox_List_2017.csv")]
    words += ["--lookup", str(tmp_path / "lookup.csv"), "--output", str(tmp_path / "regions.parquet")]
    assert locate_findings.main(words) == 0
    written = regions.read(tmp_path / "regions.parquet")
    assert list(written.columns) == regions.COLUMNS
    assert written["image_id"].tolist() == ["0123456789abcdef"]
    assert written["right"].tolist() == [700.5 / 1024]
    assert written[["rows", "columns"]].to_numpy().tolist() == [[40, 40]]
