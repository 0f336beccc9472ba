"""Releases that were not unpacked as released: what is said about them."""

import pandas as pd
import pytest

import releases
from crossray.datasets.configured import with_policy
from crossray.datasets.policy import read_synonyms
from crossray.datasets.release import check_images, find_table, labels_table
from crossray.datasets.sheets import count_rows, read_table
from crossray.errors import UserError
from helpers import dataset, read_images


def read(root, **settings):
    settings = dataset("chexpert", **{"root": str(root), "max_missing": 0.3, **settings})
    return read_images(settings, "chex").table


def test_a_folder_too_deep_is_found_and_named(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    releases.chexpert(inner)
    (inner / "train.csv").rename(tmp_path / "train.csv")
    with pytest.raises(UserError) as error:
        read(tmp_path)
    assert "3 of 3 images are missing" in str(error.value)
    assert "train/patient00001/study1/view1_frontal.jpg" in str(error.value)
    assert f"set root to '{inner}'" in str(error.value)


def test_a_table_of_another_folder_is_found_by_listing_what_is_there(tmp_path):
    (tmp_path / "CheXpert-v1.0").mkdir()
    with pytest.raises(UserError, match=r"has no train\.csv, as the release has; it holds CheXpert-v1\.0"):
        read(tmp_path)
    with pytest.raises(UserError, match=r"datasets\.chex\.table: no file"):
        read(tmp_path, table="other.csv")


def test_few_missing_images_stay_and_many_stop(tmp_path, caplog):
    releases.chexpert(tmp_path)
    (tmp_path / "train/patient00001/study1/view1_frontal.jpg").unlink()
    with pytest.raises(UserError, match=r"1 of 3 images are missing, more than max_missing = 0\.3"):
        read(tmp_path)
    assert len(read(tmp_path, max_missing=0.34)) == 3
    assert "1 of 3 images are missing" in caplog.text


def test_a_hospitals_file_names_are_not_quoted(tmp_path):
    (tmp_path / "Smith^Anna").mkdir()
    with pytest.raises(UserError) as error:
        check_images(str(tmp_path), pd.Series(["Smith^Anna/1.dcm"], index=[4]), 0)
    assert "row 6" in str(error.value)
    assert "Smith" not in str(error.value)


def test_another_version_of_a_table(tmp_path):
    releases.chexpert(tmp_path)
    table = pd.read_csv(tmp_path / "train.csv", dtype=str)
    table.drop(columns="Edema").to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(UserError, match="no column Edema; is it a table of the CheXpert labeler"):
        read(tmp_path)
    table.rename(columns={"Path": "File"}).to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(UserError, match=r"no column Path; the columns are File, Sex.*another version"):
        read(tmp_path)
    table.assign(Edema="2").to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(UserError, match="row 2, column Edema: the value is not one of 1"):
        read(tmp_path)


def test_no_image_of_the_wanted_views(tmp_path):
    releases.chexpert(tmp_path)
    with pytest.raises(UserError, match="no image is one of OBLIQUE; the release has 2 AP, 1 PA, 1 LATERAL"):
        read(tmp_path, views=["OBLIQUE"])


def test_policies_are_named(tmp_path):
    with pytest.raises(UserError, match="reader 'siim' has no policy 'paper'; allowed are default"):
        with_policy("s", dataset("siim", root=".", policy="paper"))
    assert with_policy("c", dataset("chexpert", root=".", policy="paper", views=["AP"])).views == ("AP",)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_tables_are_read_as_text_whatever_their_kind(tmp_path, name):
    table = pd.DataFrame({"id": ["007", "8"], "label": [1.0, None]})
    write = table.to_parquet if name.endswith("parquet") else table.to_csv
    write(tmp_path / name, index=False)
    read_back = read_table(str(tmp_path / name), ["id"])
    assert read_back["id"].tolist() == ["007", "8"]
    assert read_back["label"].tolist()[1] == ""
    assert float(read_back["label"][0]) == 1


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.csv.zip", "t.parquet"])
def test_rows_are_counted_whatever_the_file(tmp_path, name):
    table = pd.DataFrame({"id": range(7)})
    write = table.to_parquet if name.endswith("parquet") else table.to_csv
    write(tmp_path / name, index=False)
    assert count_rows(str(tmp_path / name)) == 7


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.zip"])
def test_unreadable_tables(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x81not a table")
    with pytest.raises(UserError, match="not a readable"):
        read_table(str(tmp_path / name))


def test_tables_are_found_by_their_names(tmp_path):
    (tmp_path / "labels.csv.gz").write_bytes(b"")
    assert find_table("d", str(tmp_path), None, ["labels.csv"]).endswith("labels.csv.gz")


def test_crossrays_own_tables_are_named_without_a_machines_path():
    for name in ("padchest.csv", "padchest.paper.csv", "openi.csv", "openi.paper.csv", "vindr.csv"):
        path = labels_table("d", None, name)
        assert path == f"resources/labels/{name}"
        assert read_synonyms(path)
