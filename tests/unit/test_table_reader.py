"""The reader `table`: a CSV file whose columns the settings name."""

import numpy as np
import pytest

from crossray import manifest
from crossray.datasets import Release, find_reader, labels_from, table
from crossray.errors import UserError
from helpers import dataset

COLUMNS = {"image_id": "id", "patient_id": "patient", "path": "file"}
POLICY = {"reader": "table", "views": ["ANY"], "images_per_patient": "all", "uncertain": "ignore", "max_missing": 1}
SETTINGS = {"columns": COLUMNS, "tasks": ["Effusion"]}
HEADER = "id,patient,file,Effusion,s,a"


def read(tmp_path, *lines, settings=SETTINGS, header=HEADER):
    (tmp_path / "labels.csv").write_text("\n".join([header, *lines]) + "\n")
    release = Release(str(tmp_path), (str(tmp_path / "labels.csv"),))
    return table.read(release, table.ReadSettings.from_dict(POLICY | settings)).table


def test_labels_and_what_is_unknown(tmp_path):
    rows = read(tmp_path, "1,p,a.dcm,1,,", "2,p,b.dcm,0,,", "3,q,c.dcm,-1,,", "4,q,d.dcm,,,", "5,q,e.dcm,1.0,,")
    assert rows["Effusion"].tolist()[:2] == [1.0, 0.0]
    assert rows["Effusion"].isna().tolist() == [False, False, True, True, False]
    assert rows["image_id"].tolist() == list("12345")
    assert rows["view"].isna().all()


def test_leading_zeros_stay(tmp_path):
    assert read(tmp_path, "007,0001,a.dcm,1,,")["patient_id"][0] == "0001"


def test_tasks_may_have_other_names_than_their_columns(tmp_path):
    settings = {"columns": COLUMNS, "tasks": {"Pleural Effusion": "Effusion"}}
    assert read(tmp_path, "1,p,a.dcm,1,,", settings=settings)["Pleural Effusion"][0] == 1


@pytest.mark.parametrize(("uncertain", "label"), [("positive", 1), ("negative", 0)])
def test_uncertain_labels_are_what_the_policy_says(tmp_path, uncertain, label):
    assert read(tmp_path, "1,p,a.dcm,-1,,", settings=SETTINGS | {"uncertain": uncertain})["Effusion"][0] == label


def test_views_have_a_fixed_vocabulary(tmp_path):
    settings = {"columns": COLUMNS | {"view": "s"}, "tasks": ["Effusion"]}
    views = ["pa", "AP_horizontal", "LL", "Anna Smith", ""]
    lines = [f"{number},p,{number},1,{view}," for number, view in enumerate(views)]
    rows = read(tmp_path, *lines, settings=settings)
    assert rows["view"].tolist()[:4] == ["PA", "AP SUPINE", "LATERAL", "OTHER"]
    assert rows["view"].isna().tolist()[4]
    assert len(read(tmp_path, *lines, settings=settings | {"views": ["PA", "UNKNOWN"]})) == 2


def test_sex_and_age_in_their_spellings(tmp_path):
    settings = {"columns": COLUMNS | {"sex": "s", "age": "a"}, "tasks": ["Effusion"]}
    lines = ["1,p,a,1,female,034Y", "2,p,b,1,M,61", "3,p,c,1,,018M", "4,p,d,1,U,"]
    rows = read(tmp_path, *lines, settings=settings)
    assert rows["sex"].tolist()[:2] == ["F", "M"]
    assert rows["sex"].isna().tolist() == [False, False, True, True]
    assert rows["age"].tolist()[:3] == [34, 61, 1.5]
    assert np.isnan(rows["age"][3])


@pytest.mark.parametrize(
    ("line", "settings", "message"),
    [
        (
            "1,p,a.dcm,yes,,",
            SETTINGS,
            r"labels.csv: row 2, column Effusion: the value is not one of 1, 1.0, 0, 0.0, -1",
        ),
        ("1,,a.dcm,1,,", SETTINGS, r"labels.csv: row 2, column patient: empty"),
        (
            "1,p,a.dcm,1,,",
            {"columns": COLUMNS, "tasks": ["Mass"]},
            r"labels.csv: no column Mass; the columns are id, pa",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path, line, settings, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, line, settings=settings)


def test_an_empty_or_broken_table(tmp_path):
    with pytest.raises(UserError, match="has a header but no rows"):
        read(tmp_path)
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00bad!")
    with pytest.raises(UserError, match="not a readable CSV file"):
        table.read(
            Release(str(tmp_path), (str(tmp_path / "labels.csv"),)), table.ReadSettings.from_dict(POLICY | SETTINGS)
        )


def test_missing_folder_and_table_name_the_key(tmp_path):
    with pytest.raises(UserError, match=r"datasets.d.root: no folder"):
        table.locate("d", dataset("table", root=str(tmp_path / "no"), table="labels.csv", tasks=["Effusion"]))
    with pytest.raises(UserError, match=r"datasets.d.table: no file"):
        table.locate("d", dataset("table", root=str(tmp_path), table="labels.csv", tasks=["Effusion"]))


def test_an_unknown_reader_gets_the_list():
    with pytest.raises(UserError, match="unknown reader 'pacs'; allowed are simulated, table"):
        find_reader("pacs")


def test_every_cell_is_read_once_with_uncertain_labels_too(tmp_path, monkeypatch):
    read_columns, labels = [], labels_from.labels

    def counted(texts, path, column):
        read_columns.append(column)
        return labels(texts, path, column)

    monkeypatch.setattr(labels_from, "labels", counted)
    images = read(tmp_path, "a,p1,a.png,-1,F,40", "b,p2,b.png,1,M,50")
    assert (read_columns, images[manifest.UNCERTAIN].fillna("").tolist()) == (["Effusion"], ["Effusion", ""])
