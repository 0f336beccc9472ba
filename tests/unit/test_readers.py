"""Every reader on a made-up release in the layout of the real one, from raw files to shards."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

import convert_shard
import index_shards
import make_manifest
import releases
from crossray import manifest
from crossray.datasets import READERS, find_reader
from crossray.datasets.configured import with_policy
from crossray.datasets.headers import read_headers
from crossray.errors import UserError
from crossray.pseudonyms import make_key
from crossray.study.splits import Split
from helpers import dataset, dicom_file, read_images

SPLIT = {"seed": 0, "train": 0.7, "validation": 0.1, "test": 0.2}
CLASSES = {"NORMAL": [], "PNEUMONIA": ["Pneumonia", "Lung Opacity"]}


def read_made(root, maker, **settings):
    """Write a release and read it with the default policy and whatever settings say."""
    root.mkdir(parents=True, exist_ok=True)
    maker(root)
    settings = dataset(**{"reader": maker.__name__, "root": str(root), "max_missing": 0, **settings})
    return read_images(settings, "made-up", split=SPLIT)


def read(root, maker, **settings):
    """Return the images that are kept, by their names."""
    return read_made(root, maker, **settings).table.set_index("image_id")


def labels(table, task):
    return {image: None if np.isnan(label) else label for image, label in table[task].items()}


def test_nih(tmp_path):
    table = read(tmp_path, releases.nih)
    assert table.loc["00000003_000", "path"] == "images_012/images/00000003_000.png"
    assert labels(table, "Emphysema") == {
        "00000001_000": 1, "00000001_001": 0, "00000002_000": 0, "00000003_000": 0,
    }  # fmt: skip
    assert table["patient_id"].tolist() == ["1", "1", "2", "3"]
    assert table["age"].isna().tolist() == [False, False, False, True]  # 414 years
    assert read(tmp_path, releases.nih, policy="paper").index.tolist() == [
        "00000001_000",
        "00000002_000",
        "00000003_000",
    ]
    assert read(tmp_path, releases.nih, views=["AP"]).index.tolist() == ["00000001_001"]


def test_nih_google(tmp_path):
    table = read(tmp_path, releases.nih_google)
    assert labels(table, "Lung Opacity") == {"00000001_000": 1, "00000002_000": 0}
    assert labels(table, "Fracture") == {"00000001_000": 0, "00000002_000": 1}
    assert "findings" not in table


def test_rsna(tmp_path):
    table = read(tmp_path, releases.rsna)
    assert len(table) == 3
    assert table["Pneumonia"].tolist() == table["Lung Opacity"].tolist() == [0, 1, 0]
    assert table["patient_id"].nunique() == 3
    assert table["age"].tolist() == [51, 51, 51]
    known = read(tmp_path, releases.rsna, nih_mapping="mapping.json")
    assert known["patient_id"].tolist() == ["7", "000924cf-0f8d-42bd-9158-1af53881a557", "7"]
    boxes = read(tmp_path, releases.rsna, policy="paper")
    assert boxes["Pneumonia"].tolist() == [0, 1, 1, 0]
    assert boxes["path"].nunique() == 3


def test_siim(tmp_path):
    table = read(tmp_path, releases.siim)
    assert table["Pneumothorax"].tolist() == [1, 0]
    assert table["patient_id"].tolist() == ["person-0", "person-1"]


def test_padchest(tmp_path):
    table = read(tmp_path, releases.padchest)
    assert table["path"].tolist() == ["0/a_1.png", "0/b_2.png", "7/c_3.png", "7/e_5.png"]
    assert labels(table, "Nodule") == {"a_1": 1, "b_2": 0, "c_3": None, "e_5": None}
    assert labels(table, "Cardiomegaly") == {"a_1": 0, "b_2": 0, "c_3": 1, "e_5": None}
    assert table["view"].tolist() == ["PA", "PA", "AP SUPINE", "PA"]
    assert table.loc["a_1", "age"] == 84
    laterals = read(tmp_path, releases.padchest, views=["LATERAL"])
    assert labels(laterals, "Effusion") == {"d_4": 0}
    paper = read(tmp_path, releases.padchest, policy="paper")
    assert labels(paper, "Nodule") == {"a_1": 1, "b_2": 1}  # pseudonodule, as in the original


def test_synonyms_can_be_changed(tmp_path):
    (tmp_path / "mine.csv").write_text("finding,task\ngoiter,Goitre\n")
    table = read(tmp_path / "release", releases.padchest, synonyms=str(tmp_path / "mine.csv"))
    assert labels(table, "Goitre") == {"a_1": 1, "b_2": 0, "c_3": 0, "e_5": None}
    assert "Nodule" not in table


def test_chexpert(tmp_path):
    table = read(tmp_path, releases.chexpert)
    frontal = [f"train/patient0000{name}_frontal" for name in ("1/study1/view1", "2/study1/view1", "2/study2/view1")]
    assert table.index.tolist() == frontal
    assert labels(table, "Effusion") == dict(zip(frontal, [0, 1, 0], strict=True))
    assert labels(table, "Edema") == dict(zip(frontal, [0, None, 0], strict=True))
    assert labels(table, "Support Devices") == dict(zip(frontal, [1, None, None], strict=True))
    assert table["patient_id"].tolist() == ["patient00001", "patient00002", "patient00002"]
    assert read(tmp_path, releases.chexpert, uncertain="positive")["Edema"].tolist() == [0, 1, 0]
    ignoring = read(tmp_path, releases.chexpert, no_finding="ignore")
    assert labels(ignoring, "Cardiomegaly") == dict(zip(frontal, [None, None, 0], strict=True))
    # The original mixes two images of patient 2: No Finding of the second overrules the first's effusion.
    mixed = read(tmp_path, releases.chexpert, policy="paper")
    assert labels(mixed, "Effusion") == {frontal[0]: 0, frontal[1]: 0}


def test_what_the_policy_leaves_out_is_told_and_uncertain_labels_by_task(tmp_path):
    table, not_kept = read_made(tmp_path, releases.chexpert)
    assert not_kept == {"view LATERAL": (1, 0)}
    assert table[manifest.UNCERTAIN].fillna("").tolist() == ["", "Edema", ""]
    assert manifest.UNCERTAIN not in read(tmp_path, releases.chexpert, uncertain="negative")
    assert read_made(tmp_path, releases.nih, policy="paper").not_kept == {"further images of a patient": (1, 0)}
    assert read_made(tmp_path, releases.nih, views=["AP"]).not_kept == {"view PA": (3, 2)}
    assert read_made(tmp_path, releases.vindr).not_kept == {}


def test_mimic_cxr(tmp_path):
    table = read(tmp_path / "dicom", releases.mimic_cxr, labeler="chexpert", files="dicom")
    assert table.index.tolist() == ["d1-aa", "d3-cc"]
    assert table.loc["d3-cc", "path"] == "files/p11/p11000011/s51000000/d3-cc.dcm"
    assert labels(table, "Pneumonia") == {"d1-aa": 1, "d3-cc": 0}
    assert labels(table, "Fracture") == {"d1-aa": None, "d3-cc": 0}
    other = read(tmp_path / "jpg", releases.mimic_cxr_jpg, reader="mimic_cxr", labeler="negbio", files="jpg")
    assert labels(other, "Edema") == {"d1-aa": None, "d3-cc": 1}
    assert find_reader("mimic_cxr").COHORT == "mimic_cxr"


def test_brax(tmp_path):
    table = read(tmp_path / "a", releases.brax, files="dicom", views=["ANY"])
    assert table["age"].tolist() == [85, 40]
    assert labels(table, "Edema") == {"image-0-x": 1, "image-1-x": 0}
    assert len(read(tmp_path / "b", releases.brax, files="png")) == 1  # the other's view is not said


def test_openi(tmp_path):
    table = read(tmp_path, releases.openi)
    images = ["CXR1_1_IM-0001-3001", "CXR2_IM-0652-1001", "CXR3_IM-1384-1001"]
    assert table.index.tolist() == images
    assert table.loc[images[0], "path"] == "1/1_1_IM-0001-3001.dcm"
    assert labels(table, "Effusion") == dict(zip(images, [1, 0, 0], strict=True))
    assert labels(table, "Cardiomegaly") == dict(zip(images, [0, 1, 0], strict=True))
    (tmp_path / "views.csv").write_text("imageid,tsne-view\nCXR2_IM-0652-1001,PA\n")
    paper = read(tmp_path, releases.openi, policy="paper", views_table="views.csv")
    assert labels(paper, "Effusion") == {images[1]: 1}  # a pericardial one, as in the original


@pytest.mark.parametrize(("agreement", "heart", "mass"), [(1, 1, 1), (2, 0, 0)])
def test_vindr(tmp_path, agreement, heart, mass):
    table = read(tmp_path, releases.vindr, agreement=agreement)
    assert labels(table, "Cardiomegaly") == {"aa": heart, "bb": 0}
    assert labels(table, "Nodule/Mass") == {"aa": 0, "bb": mass}
    assert labels(table, "Effusion") == {"aa": 0, "bb": 1}


def test_vindr_of_physionet_and_a_consensus(tmp_path):
    table = read(tmp_path, releases.vindr_physionet, reader="vindr", agreement=2)
    assert labels(table, "Effusion") == {"aa": 0, "bb": 1}
    assert labels(table, "Fracture") == {"aa": 0, "bb": 0}
    consensus = pd.read_csv(tmp_path / "annotations/image_labels_train.csv").drop(columns="rad_id").iloc[[0, 3]]
    consensus.to_csv(tmp_path / "annotations/image_labels_test.csv", index=False)
    settings = dataset("vindr", root=str(tmp_path), max_missing=0, table="annotations/image_labels_test.csv")
    table = read_images(settings).table.set_index("image_id")
    assert labels(table, "Fracture") == {"aa": 0, "bb": 1}


def test_tuberculosis_sets(tmp_path):
    for maker, prefix in ((releases.montgomery, "MCUCXR"), (releases.shenzhen, "CHNCXR")):
        table = read(tmp_path / prefix, maker)
        assert labels(table, "Tuberculosis") == {f"{prefix}_0001_0": 0, f"{prefix}_0002_1": 1}
        assert table["sex"].tolist() == ["F", "M"]
        assert table["age"].tolist()[1] == 45


def test_object_cxr(tmp_path):
    assert read(tmp_path, releases.object_cxr)["Foreign Object"].tolist() == [1, 0]


def test_folder(tmp_path):
    table = read(tmp_path, releases.folder, classes=CLASSES, patient=r"(p\d+)_")
    assert table["Pneumonia"].tolist() == [1, 0, 1]
    assert table["split"].fillna("").tolist() == ["test", "", ""]  # of those a validation split is drawn
    assert table["patient_id"].tolist() == ["p3", "p1", "p2"]


def test_pictures_of_a_folder_that_are_of_no_kind_that_is_read_are_told(tmp_path, caplog):
    def made(root):
        releases.folder(root)
        for name in ("NORMAL/a.TIF", "NORMAL/b.tif", "PNEUMONIA/c.bmp", "PNEUMONIA/notes.txt"):
            (root / "train" / name).write_bytes(b"x")

    assert len(read(tmp_path, made, reader="folder", classes=CLASSES, patient=r"(p\d+)_")) == 3
    assert "3 files have the ending of pictures that are not read, and are left out: .tif (2), .bmp (1)" in caplog.text
    caplog.clear()
    read(tmp_path, made, reader="folder", classes=CLASSES, patient=r"(p\d+)_", only="png$")
    assert "not read" not in caplog.text


def test_a_folder_without_a_validation_split_gets_one_by_patients(tmp_path):
    for number in range(60):
        releases.picture(tmp_path / f"train/NORMAL/p{100 + number // 2}_{number}.png", number)
    table = read(tmp_path, releases.folder, classes=CLASSES, patient=r"(p\d+)_")
    table = manifest.with_splits(table, table["patient_id"], Split())
    assert set(table["split"]) == {"train", "validation", "test"}
    assert (table["split"] == "test").sum() == 1  # the release's own
    assert table.groupby("patient_id")["split"].nunique().max() == 1


def of_dicom(root):
    """Two folders of classes of DICOM files; the third names no patient."""
    said = [{"PatientID": "q", "PatientSex": "F", "PatientAge": "051Y", "ViewPosition": "PA"}, {"PatientID": "q"}, {}]
    for place, elements in enumerate(said):
        path = root / ("NORMAL", "PNEUMONIA", "PNEUMONIA")[place] / f"{place}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        dicom_file(path, np.full((8, 8), place, np.uint16), **elements)


def test_headers_say_what_paths_of_a_folder_do_not(tmp_path):
    fields = ["patient_id", "sex", "age", "view"]
    table = read(tmp_path, of_dicom, reader="folder", classes=CLASSES, from_headers=fields)
    assert table["patient_id"].tolist() == ["q", "q", "PNEUMONIA/2.dcm"]
    assert table["age"].fillna(0).tolist() == [51, 0, 0]
    assert table[["sex", "view"]].fillna("").to_numpy().tolist() == [["F", "PA"], ["", ""], ["", ""]]
    by_paths = read(tmp_path, of_dicom, reader="folder", classes=CLASSES, from_headers=fields, patient=r"([012])\.dcm")
    assert by_paths["patient_id"].tolist() == ["0", "1", "2"]
    assert read(tmp_path, of_dicom, reader="folder", classes=CLASSES)["patient_id"].is_unique


def test_several_values_of_a_header_are_kept_as_they_stand(tmp_path):
    dicom_file(tmp_path / "a.dcm", np.zeros((8, 8), np.uint16), PatientID=["1", "2"], ViewPosition=["PA", "AP"])
    assert read_headers(str(tmp_path), ["a.dcm"], ["PatientID", "ViewPosition"]).iloc[0].tolist() == ["1\\2", "PA\\AP"]


def test_a_folder_whose_headers_name_no_patient_is_told_so(tmp_path):
    root = tmp_path / "NORMAL"
    root.mkdir()
    for number in range(3):
        dicom_file(root / f"{number}.dcm", np.full((8, 8), number, np.uint16), PatientID="ANONYMOUS")
    asked = {"reader": "folder", "classes": {"NORMAL": []}, "from_headers": ["patient_id"]}
    with pytest.raises(UserError, match=r"column PatientID: .*3 of 3 images .*List it under no_patient"):
        read(tmp_path, lambda root: None, **asked)
    assert read(tmp_path, lambda root: None, **asked, no_patient=["anonymous"])["patient_id"].is_unique


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": {"NORMAL": []}}, "2 of 3 images are in a folder that is no class"),
        ({"classes": CLASSES, "patient": "("}, "not a regular expression"),
        ({"classes": CLASSES, "patient": r"p\d+_"}, "has 0 groups"),
        ({"classes": CLASSES, "patient": r"q(\d+)_"}, "fits 0 of 3 paths"),
    ],
)
def test_what_is_wrong_with_a_folder(tmp_path, settings, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, releases.folder, **settings)


MAKERS = [
    (releases.nih, {}, 4), (releases.nih_google, {}, 2), (releases.rsna, {}, 3), (releases.siim, {}, 2),
    (releases.padchest, {}, 4), (releases.chexpert, {}, 3),
    (releases.mimic_cxr, {"labeler": "negbio", "files": "dicom"}, 2),
    (releases.brax, {"files": "dicom", "views": ["ANY"]}, 2), (releases.openi, {}, 3),
    (releases.vindr, {"agreement": 2}, 2), (releases.montgomery, {}, 2), (releases.shenzhen, {}, 2),
    (releases.object_cxr, {}, 2),
    (releases.folder, {"classes": CLASSES}, 3),
]  # fmt: skip


def test_every_reader_is_tried():
    assert {maker.__name__ for maker, _, _ in MAKERS} == set(READERS) - {
        "table",
        "dicomweb",
        "dimse",
        "bundle",
        "simulated",
        "digits",
        "cifar10",
        "cifar100",
    }


@pytest.mark.parametrize(("maker", "settings", "images"), MAKERS, ids=[maker.__name__ for maker, _, _ in MAKERS])
def test_from_release_to_shards(tmp_path, maker, settings, images):
    root, out = tmp_path / "release", tmp_path / "out"
    root.mkdir()
    maker(root)
    settings = dataset(**{"reader": maker.__name__, "root": str(root), "max_missing": 0, **settings})
    release = find_reader(settings.reader).locate("d", settings)
    resolved = with_policy("d", settings, public=False, cohort="d", split=SPLIT)
    key = tmp_path / "private/pseudonyms.key"
    make_key(key)
    assert make_manifest.main([
        "--dataset", "d", "--settings", resolved.to_json(), "--root", release.root, "--tables", *release.tables,
        "--key", str(key), "--lookup", str(tmp_path / "private/d.csv"),
        "--output", str(out / "manifest.parquet"),
    ]) == 0  # fmt: skip
    shape = {"size": 20, "fit": "crop", "colour": "grey", "burnt_in": "reject"}
    assert convert_shard.main([
        "--dataset", "d", "--shard", "0", "--settings", json.dumps(shape | {"burnt_in_areas": [], "shards": 1}),
        "--manifest", str(out / "manifest.parquet"), "--lookup", str(tmp_path / "private/d.csv"),
        "--root", release.root, "--output", str(out / "shards/0000.h5"),
        "--rejected", str(out / "shards/0000.rejected.csv"),
    ]) == 0  # fmt: skip
    assert index_shards.main([
        "--dataset", "d", "--settings", json.dumps(shape | {"max_rejected": 0, "max_missing": 0}),
        "--shards", str(out / "shards/0000.h5"),
        "--rejected", str(out / "shards/0000.rejected.csv"), "--all-rejected", str(out / "rejected.csv"),
        "--output", str(out / "index.json"),
    ]) == 0  # fmt: skip
    assert json.loads((out / "index.json").read_text())["images"] == images
    with h5py.File(out / "shards/0000.h5") as file:
        stored = file["images"][:]
    table = manifest.read(out / "manifest.parquet")
    lookup = pd.read_csv(tmp_path / "private/d.csv", dtype=str)
    assert len({stored[row].tobytes() for row in range(images)}) == images  # each file its own pixels
    assert np.ptp(stored) > 100
    assert manifest.read_metadata(out / "manifest.parquet")["settings"]["policy"] == "default"
    assert not set(table["image_id"]) & set(lookup["released_image_id"])
    assert not set(table["path"]) & set(lookup["path"])


@pytest.mark.parametrize("maker", [maker for maker, _, _ in MAKERS if maker.__name__ != "folder"])
def test_an_empty_folder_is_told(tmp_path, maker):
    reader = find_reader(maker.__name__)
    settings = dataset(maker.__name__, root=str(tmp_path), max_missing=0)
    with pytest.raises(UserError, match=r"(has no|has neither|expected images)"):
        read_images(settings)
    with pytest.raises(UserError, match="no folder"):
        reader.locate("d", replace(settings, root=str(tmp_path / "nowhere")))
