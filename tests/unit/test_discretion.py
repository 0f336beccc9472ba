"""Messages about data that are not public quote nothing of them, whatever goes wrong and wherever."""

import json
import warnings
import zipfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

import make_manifest
import releases
from crossray.datasets.sheets import read_table
from crossray.dicom import read_dicom
from crossray.errors import SHOW_VALUES, UnusableImageError, UserError, named, placed, quoted, speaking_of
from crossray.program import run
from helpers import dataset, read_images

#: what nobody may read in a message
NAME = "Mueller-Anna"


@pytest.fixture(autouse=True)
def closed():
    """Let messages quote nothing, as programs do by themselves."""
    with speaking_of(False):
        yield


def without_header(path):
    path.write_text(f"{NAME},p1,a.png,1\n{NAME}-2,p2,b.png,0\n")


def one_column_twice(path):
    path.write_text(f"image_id,{NAME},{NAME}\n1,2,3\n")


def half_a_header(path):
    path.write_text(f"image_id,{NAME},{NAME}-2\n1,2,3\n")


def members(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{NAME}.csv", "a")
        archive.writestr(f"{NAME}-2.csv", "a")


def quotation_mark(path):
    path.write_text(f'image_id,patient_id\n"{NAME},2\n')


def nothing_of_arrow(path):
    path.write_bytes(b"PAR1" + NAME.encode())


TABLES = [without_header, one_column_twice, half_a_header, members, quotation_mark, nothing_of_arrow]


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_a_table_that_cannot_be_read_is_told_without_its_words(tmp_path, make, caplog):
    path = tmp_path / "labels.csv"
    make(path)
    with pytest.raises(UserError) as error:
        read_table(str(path), ["image_id", "patient_id"])
    assert str(error.value).startswith(str(path))
    assert NAME not in str(error.value) + caplog.text


def test_columns_are_counted_and_not_named(tmp_path):
    half_a_header(tmp_path / "labels.csv")
    with pytest.raises(UserError, match="there are 3"):
        read_table(str(tmp_path / "labels.csv"), ["image_id", "patient_id"])
    with speaking_of(True), pytest.raises(UserError, match=NAME):
        read_table(str(tmp_path / "labels.csv"), ["image_id", "patient_id"])


def settings(**more):
    columns = {name: name for name in ("image_id", "patient_id", "path")}
    split = {"seed": 0, "train": 0.7, "validation": 0.1, "test": 0.2}
    policy = {"views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore", "max_missing": 1}
    return {"reader": "table", "public": False, "columns": columns, "tasks": ["A"], "split": split} | policy | more


def manifest_of(tmp_path, **more):
    """Run the program on a table; return its exit status."""
    (tmp_path / "key").write_text("k" * 64)
    words = {"dataset": "d", "settings": json.dumps(settings(**more)), "root": tmp_path, "key": tmp_path / "key"}
    words |= {"tables": tmp_path / "labels.csv", "lookup": tmp_path / "l.csv", "output": tmp_path / "m.parquet"}
    return make_manifest.main([str(word) for flag, value in words.items() for word in (f"--{flag}", value)])


@pytest.mark.parametrize("name", [NAME + "x" * 300 + ".png", f"{NAME}/\0.png", f"{NAME}/a.png"])
def test_names_of_files_that_the_system_refuses_are_not_told(tmp_path, capsys, name):
    (tmp_path / NAME).write_text("a file where a folder should be")
    (tmp_path / "labels.csv").write_text(f"image_id,patient_id,path,A\n1,p,{name},1\n")
    manifest_of(tmp_path)
    assert NAME not in capsys.readouterr().err


def test_an_error_of_the_system_names_what_was_named_and_nothing_below_it(tmp_path, capsys):
    def opened(arguments):
        Path(arguments.root, NAME, "a.dcm").read_bytes()

    assert run(opened, Namespace(root=tmp_path, settings={"public": False})) == 1
    assert capsys.readouterr().err == f"error: a file in {tmp_path}: no such file or directory\n"
    assert run(opened, Namespace(root=tmp_path, settings={"public": True})) == 1
    assert f"{NAME}/a.dcm: no such file" in capsys.readouterr().err


def defect(_):
    try:
        int(NAME)
    except ValueError as error:
        warnings.warn(f"{NAME} was here", stacklevel=1)
        raise KeyError(NAME) from error


def test_a_traceback_keeps_the_lines_and_loses_the_values(capsys, monkeypatch):
    assert run(defect, Namespace(settings={"public": False})) == 1
    told = capsys.readouterr().err
    assert NAME not in told
    for words in ("in defect", "int(NAME)", "ValueError (", "which led to", "KeyError (", "UserWarning", SHOW_VALUES):
        assert words in told
    monkeypatch.setenv(SHOW_VALUES, "1")
    with pytest.raises(KeyError, match=NAME):
        run(defect, Namespace(settings={"public": False}))


@pytest.mark.parametrize("syntax", [NAME, f"1.2.840.10008.1.2.4.50 {NAME}", f"1.2.840.10008.1.2.{NAME}"])
def test_a_transfer_syntax_that_carries_words_is_not_told(write_dicom, capsys, syntax):
    path = write_dicom(np.zeros((4, 4), np.uint16), bits=12)
    content = path.read_bytes()
    old = element(b"1.2.840.10008.1.2.1\0")
    assert old in content
    path.write_bytes(content.replace(old, element(syntax.encode() + b"\0" * (len(syntax) % 2)), 1))
    reasons = []
    try:
        read_dicom(path)
    except UnusableImageError as error:
        reasons.append(str(error))
    assert NAME not in " ".join(reasons) + capsys.readouterr().err


def element(value):
    return b"UI" + len(value).to_bytes(2, "little") + value


def test_what_may_be_quoted_is():
    assert (quoted("a", "a value"), named(["a", "b"], "columns"), placed(["b"], ["a", "b"])) == (
        "a value", "2 columns", "number 2")  # fmt: skip
    with speaking_of(True):
        assert (quoted("a", "a value"), named(["a", "b"], "columns"), placed(["b"], ["a", "b"])) == ("'a'", "a, b", "b")


@pytest.mark.parametrize(
    "reader", ["nih", "padchest", "chexpert", "rsna", "siim", "vindr", "openi", "brax", "montgomery", "object_cxr"]
)
def test_a_release_that_is_another_is_told_by_counts(tmp_path, reader):
    releases.picture(tmp_path / f"{NAME}/a.png", 1)
    with pytest.raises(UserError) as error:
        read_images(dataset(reader, root=str(tmp_path), max_missing=0))
    assert NAME not in str(error.value)
