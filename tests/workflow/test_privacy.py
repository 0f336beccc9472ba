"""Marks are planted wherever a patient could be named; none may be found in anything that the workflow writes."""

import csv
import re
import urllib.parse

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet
import pydicom
import pytest
import yaml
from pydicom.datadict import DicomDictionary, dictionary_keyword, dictionary_VR

from helpers import dicom_file
from workflow_helpers import copy_workflow

pytestmark = pytest.mark.workflow

#: every mark begins so; hexadecimal digits alone, so that a UID, a number or a file name can carry it
MARK = "7305559"
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
#: elements that decide how the pixels are read
NEEDED = {"PhotometricInterpretation", "PresentationLUTShape", "VOILUTFunction", "BurnedInAnnotation", "NumberOfFrames",
          "SpecificCharacterSet", "PixelPaddingValue"}  # fmt: skip


def planted_elements(number):
    """Return a mark for every text element of the standard's dictionary, dates and UIDs among them."""
    elements = {}
    for tag in DicomDictionary:
        keyword = dictionary_keyword(tag)
        group = tag >> 16
        if (
            not keyword
            or keyword in NEEDED
            or group in (0x0000, 0x0002, 0x0004, 0x0028, 0x7FE0)
            or group & 0xFF00 in (0x5000, 0x6000)
        ):
            continue
        vr = dictionary_VR(tag)
        if vr == "UI" and "TransferSyntax" not in keyword:
            elements[keyword] = f"1.2.{MARK}.{number}"
        elif vr in TEXT:
            elements[keyword] = f"{MARK}^N{number}"[:16]
        elif vr == "DA":
            elements[keyword] = f"{MARK}1"
    return elements


def plant_beside_the_elements(path, number):
    """Add marks where no keyword of the standard leads: private and nested elements, an overlay, preamble, padding."""
    header = pydicom.dcmread(path)
    block = header.private_block(0x0011, f"{MARK} VENDOR", create=True)
    block.add_new(0x01, "PN", f"{MARK}^Private{number}")
    block.add_new(0x02, "UN", f"{MARK} unknown".encode())
    person, study = pydicom.Dataset(), pydicom.Dataset()
    person.PatientName, person.PatientID = f"\u202e{MARK}^Nested", f"{MARK}-{number}"
    study.ReferencedPatientSequence, study.StudyDescription = [person], f"{MARK} study"
    header.ReferencedStudySequence = header.RequestAttributesSequence = [study]
    header.SpecificCharacterSet = "ISO_IR 192"
    bits = MARK.encode() * 29  # 200 bytes hold a bit for each of 1,600 pixels
    for tag, vr, value in ((0x10, "US", 40), (0x11, "US", 40), (0x22, "LO", f"{MARK} overlay"), (0x40, "CS", "G"),
                           (0x50, "SS", [1, 1]), (0x100, "US", 1), (0x102, "US", 0), (0x3000, "OW", bits[:200]),
                           (0x1500, "LO", f"{MARK} label")):  # fmt: skip
        header.add_new((0x6000, tag), vr, value)
    header.add_new((0xFFFC, 0xFFFC), "OB", MARK.encode() * 10)
    header.preamble = (MARK.encode() * 19)[:128]
    header.save_as(path)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Run a study of a hospital that is full of marks, some files of it unusable; return its checkout."""
    checkout = copy_workflow(tmp_path_factory.mktemp("privacy"))
    root = tmp_path_factory.mktemp("hospital")
    generator = np.random.default_rng(0)
    names = ["image_id", "patient_id", "study_id", "path", "view", "sex", "age", "Effusion", "remarks"]
    with (root / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        for number in range(60):
            path = root / f"{MARK}-ward" / f"{MARK}-{number}.dcm"
            pixels = generator.integers(0, 4096, (40, 40)).astype(np.uint16)
            dicom_file(path, pixels, bits=12, **planted_elements(number))
            plant_beside_the_elements(path, number)
            view = f"{MARK} lying" if number % 7 == 0 else "PA"
            rows.writerow([f"{MARK}-i{number}", f"{MARK}-p{number}", f"{MARK}-s{number}", path.relative_to(root), view,
                           "F", 35 + number, number % 2 if number % 9 else 0, f"{MARK} was here"])  # fmt: skip
    ward = root / f"{MARK}-ward"
    (ward / f"{MARK}-3.dcm").write_text(f"{MARK} is no image")
    window = {"VOILUTFunction": MARK, "WindowCenter": 1, "WindowWidth": 5}
    changes = {
        4: {"PhotometricInterpretation": MARK},
        5: window,
        6: {"BurnedInAnnotation": "YES"},
        8: {"NumberOfFrames": 3},
    }
    for number, change in changes.items():
        header = pydicom.dcmread(ward / f"{MARK}-{number}.dcm")
        for keyword, value in change.items():
            setattr(header, keyword, value)
        header.save_as(ward / f"{MARK}-{number}.dcm")
    cut = (ward / f"{MARK}-7.dcm").read_bytes()
    (ward / f"{MARK}-7.dcm").write_bytes(cut[: len(cut) - 1000])
    (ward / f"{MARK}-9.dcm").unlink()
    study = {
        "study": "watched", "tasks": ["Effusion"], "images": {"size": 32},
        "models": {"small": {"architecture": "resnet18"}},
        "training": {"epochs": 1, "batch_size": 16}, "evaluation": {"minimum": 2, "resamples": 100},
        "datasets": {
            "ours": {
                "reader": "table", "root": str(root), "table": "labels.csv", "tasks": ["Effusion"], "shards": 2,
                "max_rejected": 0.5, "max_missing": 0.5, "split": {"train": 0.5, "validation": 0.25, "test": 0.25},
                "columns": {name: name for name in ("study_id", "view", "sex", "age")},
            }
        },
    }  # fmt: skip
    checkout.write("watched.yaml", yaml.safe_dump(study))
    (checkout.folder / "private").mkdir(mode=0o755)  # as one that was made by hand
    checkout.printed = checkout.snakemake(study="watched.yaml")
    checkout.hospital = root
    return checkout


def test_the_marks_are_really_there(watched):
    header = pydicom.dcmread(watched.hospital / f"{MARK}-ward" / f"{MARK}-0.dcm")
    assert MARK in str(header.PatientName)
    assert MARK in str(header.AccessionNumber)
    assert MARK in str(header.StudyDate)
    assert MARK in str(header.SOPInstanceUID)
    assert sum(MARK in str(element.value) for element in header) > 1000
    assert MARK in str(header.ReferencedStudySequence[0].ReferencedPatientSequence[0].PatientName)
    assert MARK.encode() in header[0x6000, 0x3000].value
    assert MARK.encode() in header.preamble
    assert MARK in (watched.folder / "private/ours.csv").read_text()  # and the search below can find it


def unpacked(path):
    """Return what a compressed table holds."""
    if path.suffix != ".parquet":
        return b""
    return pd.read_parquet(path).to_csv().encode() + str(pyarrow.parquet.read_metadata(path).metadata).encode()


def test_no_mark_is_in_any_output_log_or_page(watched):
    kept = watched.folder / "private"
    searched = 0
    for path in sorted(watched.folder.rglob("*")):
        if not path.is_file() or kept in path.parents:
            continue
        searched += 1
        assert MARK not in str(path.relative_to(watched.folder))
        content = path.read_bytes() + unpacked(path)
        assert MARK.encode() not in content, path
        assert MARK.encode("utf-16-le") not in content, path
        assert re.search(rb"730\D?5559", content) is None, path
    assert searched > 100
    assert MARK not in watched.printed


def test_no_picture_of_a_patient_is_in_figures_or_page(watched):
    results = watched.folder / "results/watched"
    shown = [results / "report.html", *results.glob("figures/*.svg")]
    assert len(shown) > 5
    for path in shown:
        assert not re.search("data:image/(jpeg|png)", urllib.parse.unquote(path.read_text())), path
    assert "Images of ours are not shown: not public" in (results / "report.html").read_text()


def test_the_reasons_are_told_without_the_words_of_the_files(watched):
    with (watched.folder / "results/datasets/ours/32px/rejected.csv").open() as file:
        reasons = sorted(row["reason"] for row in csv.DictReader(file))
    assert reasons == sorted([
        "not a DICOM file", "photometric interpretation (0028,0004) not a defined term",
        "VOI LUT function (0028,1056) not a defined term", "burnt-in annotation (0028,0301)",
        "several frames (0028,0008): 3",
        reasons[-1], "file not found",
    ])  # fmt: skip
    assert re.match(r"truncated pixel data: \d+ of 3200 bytes|unreadable", reasons[-1])


def test_what_leads_back_is_for_its_owner_alone(watched):
    assert (watched.folder / "private").stat().st_mode & 0o777 == 0o700
    for path in (watched.folder / "private").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_who_only_looks_leaves_no_key(watched, tmp_path):
    looking = copy_workflow(tmp_path)
    looking.write("watched.yaml", (watched.folder / "watched.yaml").read_text())
    assert "make_manifest" in looking.snakemake("-n", "convert", study="watched.yaml")
    assert not (looking.folder / "private").exists()


def test_the_manifest_says_little_of_who_somebody_is(watched):
    table = pd.read_parquet(watched.folder / "results/datasets/ours/manifest.parquet")
    assert table["age"].max() == 90
    assert list(table["image_id"]) == sorted(table["image_id"])
    assert not set(table["image_id"]) & set(table["patient_id"])


def test_small_counts_are_in_no_table_and_on_no_page(watched):
    texts = [path.read_text() for path in (watched.folder / "results/watched/analysis").glob("*.csv")]
    assert any("<5" in text for text in texts)
    for text in texts:
        rows = list(csv.DictReader(text.splitlines()))
        counts = [row[name] for row in rows for name in ("images", "patients", "positives", "negatives") if name in row
                  and row.get("property") != "rejected"]  # fmt: skip
        assert not {"1", "2", "3", "4"} & set(counts)
    assert "&lt;5" in (watched.folder / "results/watched/report.html").read_text()


def test_a_patient_is_forgotten_and_does_not_come_back(watched):
    lookup = pd.read_csv(watched.folder / "private/ours.csv", dtype=str)
    before = pd.read_parquet(watched.folder / "results/datasets/ours/manifest.parquet")
    gone = lookup[lookup["released_patient_id"] == f"{MARK}-p10"]
    assert len(gone) == 1
    watched.write("gone.csv", f"dataset,patient_id\nours,{MARK}-p10\n")
    told = watched.snakemake("forget", "--config", "forget=gone.csv", study="watched.yaml")
    assert "1 patients with 1 images are forgotten" in told
    assert "found in 0" in told
    assert (watched.folder / "results/watched/models/small/ours/0/weights.safetensors").exists()
    watched.snakemake("convert", study="watched.yaml")
    after = pd.read_parquet(watched.folder / "results/datasets/ours/manifest.parquet")
    assert set(before["image_id"]) - set(after["image_id"]) == set(gone["image_id"])
    with h5py.File(watched.folder / "results/datasets/ours/32px/shards/0000.h5") as file:
        assert gone["image_id"].iloc[0] not in file["image_id"].asstr()[:]
    names = [gone["image_id"].iloc[0].encode(), f"{MARK}-p10".encode(), f"{MARK}-10.dcm".encode()]
    for path in watched.folder.rglob("*"):
        if path.is_file() and path.name != "gone.csv":
            content = path.read_bytes() + unpacked(path)
            assert not any(re.search(rb"(?<!\d)" + name + rb"(?!\d)", content) for name in names), path
