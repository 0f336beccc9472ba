"""Whose pictures figures and page show: text is planted into pixels of patients, and no picture of it may come out."""

import base64
import io
import re
import shutil
import urllib.parse
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import PIL.Image
import pytest

from crossray import manifest
from crossray.datasets.indexing import index
from crossray.figures.lettering import has_text
from crossray.figures.pixels import HIDDEN
from crossray.files import write_json
from crossray.shards import write_shard
from crossray.study.stages.index_shards import IndexShards
from made_study import words_of

SIDE = 224
FIGURES = ["samples", "disagreements", "attributions"]
NAMES = ["SMITH JOHN", "1978-03-12", "Dr. Garcia", "ID 4471902", "Kowalski M", "MRN:0099321"]


def film(number):
    """Return a picture of soft shapes; the ribs of phantoms, drawn as even rows, are taken for text."""
    soft = np.random.default_rng(number).random((6, 6))
    return np.round(cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 200).astype(np.uint8)


def with_text(image, words, height, place=(6, 20), level=255):
    """Write words on an image, capitals of so many pixels, above their left lower corner."""
    font, width = cv2.FONT_HERSHEY_DUPLEX, max(1, height // 8)
    scale = cv2.getFontScaleFromHeight(font, height, width)
    return cv2.putText(image.copy(), words, place, font, scale, int(level), width, cv2.LINE_AA)


def embedded(path):
    """Return every picture in a figure or page, those in drawings that are themselves embedded too."""
    text = urllib.parse.unquote(path.read_text())
    found = re.findall(r"data:image/(?:jpeg|png);base64,([A-Za-z0-9+/=]+)", text)
    return [np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(one))).convert("L")) for one in found]


@pytest.fixture(scope="module")
def planted(made, tmp_path_factory):
    """Return the small study with made-up films, a name on two of three, in pixels that can be read."""
    study = replace(made, folder=tmp_path_factory.mktemp("planted") / "study")
    shutil.copytree(made.folder, study.folder)
    clean = [film(number) for number in range(3)]
    for name in study.labels:
        ids = list(manifest.read(study.folder / f"manifests/{name}.parquet")["image_id"])
        images = np.stack([
            clean[n % 3] if n % 3 == 0 else with_text(clean[n % 3], NAMES[n % len(NAMES)], 14) for n in range(len(ids))
        ])  # fmt: skip
        folder = study.folder / "datasets" / name / f"{SIDE}px"
        write_shard(folder / "shards/0000.h5", images, ids, SIDE, {"dataset": name})
        rule = IndexShards(size=SIDE, fit="crop", colour="grey", burnt_in="reject", max_rejected=0.01, max_missing=0)
        rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
        write_json(folder / "index.json", index([folder / "shards/0000.h5"], rejected, name, rule))
        shutil.copyfile(study.folder / "datasets" / name / "32px/rejected.csv", folder / "rejected.csv")
    return study


@pytest.fixture
def drawn(planted, monkeypatch):
    """Return a function that draws the figures with pictures and returns the study."""
    monkeypatch.setattr("vl_convert.svg_to_png", lambda *_, **__: b"")  # a PNG shows what its SVG does
    return lambda **settings: planted.draw(figures=FIGURES, shape=f"{SIDE}px", **settings)


def pictures(study):
    return {name: embedded(study.folder / f"figures/{name}.svg") for name in FIGURES}


def test_no_picture_of_patients_is_in_figures_or_page(drawn, planted):
    study = drawn(withheld=list(planted.labels))
    page = study.folder / "report.html"
    page.write_text(study.page(shape=f"{SIDE}px"))
    assert embedded(page) == []
    assert not any(pictures(study).values())
    assert "Images of patients." not in page.read_text()
    for name in FIGURES:
        words = words_of(study.folder, name)
        assert words["title"] == "Images of patients are not shown"
        assert "Images of north, south, reread are not shown: not public" in words["caption"]


def test_other_data_sets_keep_their_pictures(drawn):
    whole = pictures(drawn())
    part = drawn(withheld=["south"])
    for name, shown in pictures(part).items():
        assert 0 < len(shown) <= len(whole[name])
        known = {picture.tobytes() for picture in whole[name]}
        assert all(picture.tobytes() in known for picture in shown)
        assert "Images of south are not shown" in words_of(part.folder, name)["caption"]


def test_a_picture_with_text_is_never_shown_even_if_pictures_are_asked_for(drawn, planted):
    study = drawn(searched=list(planted.labels))
    grey = embedded_of(HIDDEN)
    for name, shown in pictures(study).items():
        hidden = [picture for picture in shown if np.array_equal(picture, grey)]
        seen = [picture for picture in shown if not np.array_equal(picture, grey)]
        assert hidden, name
        assert not any(has_text(picture[:, :128]) for picture in seen), name
        caption = words_of(study.folder, name)["caption"]
        assert f"Grey: {len(hidden)} images with detected text, not shown" in caption
        svg = (study.folder / f"figures/{name}.svg").read_text()
        assert svg.count("text in it: not shown") == len(hidden)
    assert any(len(set(picture.ravel().tolist())) > 50 for shown in pictures(study).values() for picture in shown)
    assert "<strong>Images of patients.</strong>" in study.page(shape=f"{SIDE}px", searched=["north"])


def embedded_of(url):
    return np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L"))


@pytest.mark.parametrize("height", [8, 12, 20, 32])
def test_text_is_found_wherever_it_stands(height):
    found = []
    for number, words in enumerate(NAMES):
        image = film(number % 3)
        place = [(4, height + 4), (4, SIDE - 6), (60, 110)][number % 3]
        level = 0 if image[place[1] - height : place[1], 40:120].mean() > 128 else 255
        found.append(has_text(with_text(image, words, height, place, level)))
    assert np.mean(found) > 0.8


def test_markers_of_the_side_are_no_text():
    assert not any(has_text(film(number)) for number in range(10))
    for words in ("L", "R", "AP"):
        dark = np.full((SIDE, SIDE), 20, np.uint8)
        assert not has_text(with_text(dark, words, 12))
        assert has_text(with_text(dark, words * 4, 12))


def test_phantoms_are_named_where_other_images_are_real(drawn, planted):
    study = drawn(phantoms=["north"])
    name = "Phantoms, not patients: north"
    assert all(name in (study.folder / f"figures/{figure}.svg").read_text() for figure in FIGURES)
    page = study.page(phantoms=["north"], shape=f"{SIDE}px")
    assert "real images and phantoms" in page
    assert f"{name}.</strong>" in page
    assert "Phantoms, not patients.</strong> The images of north" in page
    assert "The images of south, reread are real" in page
    assert 'download="phantoms-' not in page
