"""Tables that somebody else made are read by settings alone: layouts of public collections, with known answers."""

import numpy as np
import pytest

import layouts
from crossray.datasets import find_reader
from crossray.datasets.configured import with_policy
from crossray.errors import UserError, speaking_of
from helpers import dataset, dicom_file
from releases import pixels

COVID = {"column": "finding", "positive": ["COVID-19"], "negative": ["No finding"], "unknown": ["todo"]}


def read(root, reader="table", public=True, **block):
    """Read a release as the workflow does, by a block of a configuration."""
    settings = dataset(reader, root=str(root), max_missing=0, public=public, **block)
    module = find_reader(reader)
    told = module.Told.from_json(with_policy("d", settings, public=public).to_json())
    with speaking_of(public):
        return module.read(module.locate("d", settings), told)


def said(labels):
    return [None if np.isnan(label) else int(label) for label in labels]


def table(root, text, name="t.csv"):
    (root / name).write_text(text)


def test_hannover(tmp_path):
    layouts.hannover(tmp_path)
    columns = {"sex": "sex", "age": "age", "view": "projection"}
    rows = read(tmp_path, table="data.csv", path="png/{image_id}.png", columns=columns, tasks={"COVID": {"always": 1}})
    assert rows["path"].tolist() == ["png/11.png", "png/12.png", "png/13.png"]
    assert rows["patient_id"].tolist() == ["0a", "0a", "0b"]
    assert rows["view"].tolist() == ["AP", "PA", "AP"]
    assert said(rows["COVID"]) == [1, 1, 1]


def test_actualmed(tmp_path):
    layouts.actualmed(tmp_path)
    columns = {"image_id": "imagename", "patient_id": "patientid", "view": "view"}
    rows = read(tmp_path, table="metadata.csv", path="images/{imagename}", columns=columns, tasks={"COVID": COVID})
    assert said(rows["COVID"]) == [1, 0, None, None]


def test_figure1(tmp_path):
    layouts.figure1(tmp_path)
    columns = {"image_id": "patientid", "patient_id": "patientid", "sex": "sex", "age": "age", "view": "view"}
    rows = read(
        tmp_path, table="metadata.csv", path="images/{patientid}", columns=columns,
        patterns={"patient_id": "^(COVID-[0-9]+)"}, tasks={"COVID": COVID | {"others": "negative"}},
    )  # fmt: skip
    assert rows["path"].tolist() == [f"images/COVID-0000{name}" for name in ("1a.jpg", "1b.png", "2.JPG", "3.png")]
    assert rows["patient_id"].tolist() == ["COVID-00001", "COVID-00001", "COVID-00002", "COVID-00003"]
    assert rows["age"].tolist() == [33, 33, 50, 55]
    assert rows["view"].tolist()[:3] == ["AP", "PA", "AP SUPINE"]
    assert said(rows["COVID"]) == [1, 0, 0, None]


def test_cohen(tmp_path):
    layouts.cohen(tmp_path)
    columns = {"image_id": "filename", "patient_id": "patientid", "sex": "sex", "age": "age", "view": "view"}
    words = {"column": "finding", "separator": "/", "unknown": ["Unknown"], "others": "negative"}
    tasks = {name: {**words, "positive": [name]} for name in ("Pneumonia", "COVID-19")}
    rows = read(tmp_path, table="metadata.csv", path="{folder}/{filename}", columns=columns, tasks=tasks)
    assert said(rows["Pneumonia"]) == [1, 1, 0, None]
    assert said(rows["COVID-19"]) == [1, 0, 0, None]
    assert rows["view"].tolist() == ["PA", "AP SUPINE", "LATERAL", "AP"]
    assert rows["sex"].tolist()[:3] == ["M", "M", "F"]


def test_the_class_in_names_of_files(tmp_path):
    layouts.kermany_flat(tmp_path)
    block = {"patient": "(person[0-9]+|IM-[0-9]+)", "class_from": "(bacteria|virus|IM)"}
    classes = {"bacteria": ["Pneumonia"], "virus": ["Pneumonia", "Viral"], "IM": []}
    rows = read(tmp_path, "folder", classes=classes, **block).set_index("path")
    assert said(rows["Pneumonia"]) == [0, 1, 1, 1]
    assert said(rows["Viral"]) == [0, 0, 0, 1]
    assert rows["patient_id"].nunique() == 3
    with pytest.raises(UserError, match=r"finds 'virus' \(1\) in names of files that `classes` does not name"):
        read(tmp_path, "folder", classes={"bacteria": ["Pneumonia"], "IM": []}, **block)


HEAD = "image_id,patient_id,path,a,b,c\n"


@pytest.mark.parametrize(
    ("cells", "rule", "labels"),
    [
        (["3", "2.9", "", "4"], {"column": "a", "at_least": 3}, [1, 0, None, 1]),
        (["3", "3.1", "", "-1"], {"column": "a", "above": 3}, [0, 1, None, 0]),
        (["tube", "", " "], {"column": "a", "not_empty": True}, [1, 0, 0]),
        (["Yes", "no", "YES "], {"column": "a", "positive": ["yes"], "others": "negative"}, [1, 0, 1]),
        (["Yes", "no", ""], {"column": "a", "positive": ["yes"], "others": "unknown"}, [1, None, None]),
        (["a|b", "b|c", "c|?"], {"column": "a", "separator": "|", "positive": ["a"], "negative": ["b", "c"],
                                 "unknown": ["?"]}, [1, 0, None]),
        (["", "yes"], {"column": "a", "positive": ["yes"], "negative": [""]}, [0, 1]),
        (["x", ""], {"always": 0}, [0, 0]),
    ],
)  # fmt: skip
def test_rules_of_labels(tmp_path, cells, rule, labels):
    rows = [f"{number},p,{number}.png,{cell},," for number, cell in enumerate(cells)]
    table(tmp_path, HEAD + "\n".join(rows) + "\n")
    for number in range(len(cells)):
        (tmp_path / f"{number}.png").touch()
    assert said(read(tmp_path, table="t.csv", tasks={"A": rule})["A"]) == labels


def test_several_readers_are_kept_and_combined(tmp_path):
    votes = ["1,1,0", "1,0,", "0,0,", ",,", ",0,1", "1,1,1"]
    table(tmp_path, HEAD + "".join(f"{n},p,{n}.png,{vote}\n" for n, vote in enumerate(votes)))
    for number in range(len(votes)):
        (tmp_path / f"{number}.png").touch()
    rules = ("majority", "any", "all", "first")
    tasks = {rule: {"columns": ["a", "b", "c"], "combine": rule} for rule in rules}
    rows = read(tmp_path, table="t.csv", tasks=tasks)
    assert said(rows["majority"]) == [1, None, 0, None, None, 1]
    assert said(rows["any"]) == [1, 1, 0, None, 1, 1]
    assert said(rows["all"]) == [0, 0, 0, None, 0, 1]
    assert said(rows["first"]) == [1, 1, 0, None, 0, 1]
    assert said(rows["any @ c"]) == [0, None, None, None, 1, 1]


@pytest.mark.parametrize(("public", "words"), [(True, r"'maybe' \(2\), 'mayb' \(1\)\."), (False, r"2 words in 3 rows")])
def test_words_without_a_meaning_are_counted(tmp_path, public, words):
    cells = ["yes", "maybe", "maybe", "mayb"]
    table(tmp_path, HEAD + "".join(f"{n},p,{n}.png,{cell},,\n" for n, cell in enumerate(cells)))
    with pytest.raises(UserError, match=rf"row 3, column a: not under positive, negative or unknown: {words}"):
        read(tmp_path, table="t.csv", tasks={"A": {"column": "a", "positive": ["yes"]}}, public=public)


def test_columns_of_a_closed_table_are_counted_where_one_is_missing(tmp_path):
    """Of a table without a header its first row, a patient's, is taken for one."""
    images_by_study(tmp_path)
    (tmp_path / "more.csv").write_text("study,Doe^Jane\ns1,1\ns2,0\n")
    asked = {"join": [{"table": "more.csv", "key": "study"}], "tasks": {"A": "gone"}}
    with pytest.raises(UserError, match=r"no column gone; the columns are .*Doe"):
        read(tmp_path, table="t.csv", **asked)
    with pytest.raises(UserError, match="no column gone; the columns are 5 in all") as error:
        read(tmp_path, table="t.csv", public=False, **asked)
    assert "Doe" not in str(error.value)


def images_by_study(root):
    table(root, "image_id,patient_id,path,study\n1,p,1.png,s1\n2,p,2.png,s1\n3,q,3.png,s2\n4,q,4.png,s3\n")
    for number in range(1, 5):
        (root / f"{number}.png").touch()


def test_labels_of_another_table_by_study(tmp_path, caplog):
    images_by_study(tmp_path)
    table(tmp_path, "Accession,A\ns2,0\ns1,1\ns9,1\n", "labels.csv")
    block = {"table": "t.csv", "join": [{"table": "labels.csv", "key": "study", "key_there": "Accession"}]}
    caplog.set_level("INFO")
    assert said(read(tmp_path, tasks=["A"], **block)["A"]) == [1, 1, 0, None]
    assert "3 of 4 images have a row there by study, 1 have none; 1 of its 3 rows have no image" in caplog.text
    table(tmp_path, "Accession,A\ns1,0\ns2,maybe\n", "labels.csv")
    with pytest.raises(UserError, match=r"labels.csv: row 3, column A: the value is not one of"):
        read(tmp_path, tasks=["A"], **block)
    table(tmp_path, "Accession,A\ns1,0\ns2,1\ns1,1\n", "labels.csv")
    with pytest.raises(UserError, match=r"labels.csv: column Accession: 1 keys .* in rows 2, 4"):
        read(tmp_path, tasks=["A"], **block)


def test_headers_say_what_the_table_does_not(tmp_path):
    said_of = {"PatientID": "q", "PatientSex": "F", "PatientAge": "051Y", "ViewPosition": "PA"}
    for name in ("1", "2"):
        dicom_file(tmp_path / f"{name}.dcm", pixels(1), **said_of)
    table(tmp_path, "image_id,path,age,A\n1,1.dcm,40,1\n2,2.dcm,,0\n")
    headers = ["patient_id", "sex", "age", "view"]
    rows = read(tmp_path, table="t.csv", columns={"age": "age"}, tasks=["A"], from_headers=headers)
    assert rows["patient_id"].tolist() == ["q", "q"]
    assert rows["age"].tolist() == [40, 51]
    assert rows["sex"].tolist() == ["F", "F"]
    assert rows["view"].tolist() == ["PA", "PA"]


def test_two_files_that_a_path_without_ending_may_mean(tmp_path):
    table(tmp_path, "image_id,patient_id,path,A\n1,p,1,1\n")
    for name in ("1.png", "1.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"row 2: its path has no ending, and files with \.jpg and \.png are there"):
        read(tmp_path, table="t.csv", tasks=["A"])


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"path": "png/image.png"}, r"d\.path: 'png/image.png' is no pattern of paths"),
        ({"patterns": {"patient_id": "p"}}, r"patient_id: 'p' has 0 groups"),
        ({"tasks": {"A": {"column": "a", "at_least": 1, "always": 1}}}, r"tasks\.A: at_least and always are given"),
        ({"tasks": {"A": {"column": "a", "positive": ["x"], "negative": ["X"]}}}, r"tasks\.A: the word 'x' stands"),
        ({"tasks": {"A": {"columns": ["a", "b"]}}}, r"tasks\.A: columns and combine go together"),
        ({"tasks": {"A": {"column": "a", "least": 1}}}, r"tasks\.A: unknown key least; allowed are above, always"),
    ],
)
def test_settings_that_contradict_themselves(tmp_path, block, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, **{"table": "t.csv", "tasks": ["A"]} | block)
