"""Tables that somebody else made are read by settings alone: layouts of public collections, with known answers."""

import numpy as np
import pytest

import layouts
from crossray.datasets import find_reader
from crossray.datasets.configured import with_policy
from crossray.datasets.manifests import read_manifest
from crossray.errors import UserError, speaking_of
from crossray.manifest import MONTHS
from helpers import dataset, dicom_file
from releases import picture, pixels

COVID = {"column": "finding", "positive": ["COVID-19"], "negative": ["No finding"], "unknown": ["todo"]}


def read(root, reader="table", public=True, **block):
    """Read a release as the workflow does, by a block of a configuration."""
    settings = dataset(reader, root=str(root), max_missing=0, public=public, **block)
    module = find_reader(reader)
    told = module.ReadSettings.from_json(with_policy("d", settings, public=public).to_json())
    with speaking_of(public):
        return module.read(module.locate("d", settings), told).table


def manifest_of(root, reader="table", **block):
    """Return the manifest that the workflow makes of a release."""
    settings = dataset(reader, root=str(root), max_missing=0, public=True, **block)
    told = find_reader(reader).ReadSettings.from_json(with_policy("d", settings, public=True).to_json())
    return read_manifest("d", find_reader(reader).locate("d", settings), told, None).table


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


def test_kermany_in_folders(tmp_path):
    layouts.kermany(tmp_path)
    block = {"classes": {"NORMAL": [], "PNEUMONIA": ["Pneumonia"]}, "patient": "(person[0-9]+|IM-[0-9]+)"}
    rows = manifest_of(tmp_path, "folder", **block)
    assert rows["split"].value_counts().to_dict() == {"train": 4, "validation": 4, "test": 4}
    assert said(rows["Pneumonia"]) == [int("PNEUMONIA" in path) for path in rows["path"]]
    assert rows["patient_id"].nunique() == 9


RSNA = {
    "table": "stage_2_train_labels.csv",
    "path": "stage_2_train_images/{patientId}.dcm",
    "columns": {"image_id": "patientId", "patient_id": "patientId"},
    "join": [{"table": "stage_2_detailed_class_info.csv", "key": "patientId"}],
    "several_rows": "any",
    "from_headers": ["sex", "age", "view"],
    "tasks": {
        "Lung Opacity": "Target",
        "Abnormal": {"column": "class", "negative": ["Normal"],
                     "positive": ["Lung Opacity", "No Lung Opacity / Not Normal"]},
    },
}  # fmt: skip


def test_rsna_by_its_two_tables(tmp_path):
    layouts.rsna(tmp_path)
    rows = manifest_of(tmp_path, **RSNA)
    assert rows["image_id"].tolist() == ["a-1", "b-2", "c-3"]
    assert said(rows["Lung Opacity"]) == [0, 1, 0]
    assert said(rows["Abnormal"]) == [1, 1, 0]
    assert (rows["view"] == "PA").all()
    assert (rows["age"] == 51).all()


@pytest.mark.parametrize(
    ("left_out", "words"),
    [("stage_2_detailed_class_info.csv", "labels.csv: image_id occurs more than once: 1 identifiers do, .* rows 3, 4;"),
     ("stage_2_train_labels.csv", "info.csv: column patientId: 1 keys occur there more than once, .* rows 3, 4;")],
)  # fmt: skip
def test_rows_of_one_image_are_refused_unless_they_are_combined(tmp_path, left_out, words):
    layouts.rsna(tmp_path)
    lines = (tmp_path / left_out).read_text().splitlines()
    (tmp_path / left_out).write_text("\n".join(lines[:3] + lines[4:]) + "\n")
    asked = {key: value for key, value in RSNA.items() if key != "several_rows"}
    with pytest.raises(UserError, match=words + r".* \(several_rows: any, all, majority or first\)"):
        manifest_of(tmp_path, **asked)


COVID_TABLES = {
    "table": [f"{folder}.metadata.xlsx" for folder in layouts.RADIOGRAPHY],
    "path": "*/images/{FILE NAME}",
    "columns": {"image_id": "FILE NAME", "patient_id": "FILE NAME"},
    "tasks": {"COVID": {"column": "FILE NAME", "part": "^(.+)-[0-9]+$", "positive": ["COVID"], "others": "negative"}},
}


def test_the_radiography_database_by_its_workbooks(tmp_path):
    layouts.radiography(tmp_path)
    rows = manifest_of(tmp_path, **COVID_TABLES).set_index("image_id")
    assert rows["path"].to_dict() == {
        f"{name}-{number}": f"{folder}/images/{folder}-{number}.png"
        for folder, name in layouts.RADIOGRAPHY.items() for number in (1, 2)
    }  # fmt: skip
    assert rows.index[rows["COVID"] == 1].tolist() == ["COVID-1", "COVID-2"]
    assert (rows["COVID"] == 0).sum() == 6


def test_the_radiography_database_by_its_folders(tmp_path):
    layouts.radiography(tmp_path)
    block = {"classes": {"COVID": ["COVID"], "Lung_Opacity": [], "Normal": [], "Viral Pneumonia": []}}
    rows = manifest_of(tmp_path, "folder", only="/images/", **block)
    assert rows["path"].str.contains("/images/").tolist() == [True] * 8
    assert rows["COVID"].sum() == 2
    with pytest.raises(UserError, match=r"no image in it .* whose path has '/pictures/', as `only` asks"):
        manifest_of(tmp_path, "folder", only="/pictures/", **block)


def test_an_image_is_in_one_of_several_tables(tmp_path):
    layouts.radiography(tmp_path)
    asked = COVID_TABLES | {"table": ["COVID.metadata.xlsx", "COVID copy.xlsx"]}
    (tmp_path / "COVID copy.xlsx").write_bytes((tmp_path / "COVID.metadata.xlsx").read_bytes())
    with pytest.raises(UserError, match=r"COVID copy.xlsx: row 2: this image is in .*COVID.metadata.xlsx too"):
        manifest_of(tmp_path, **asked)


ARCHIVE = {
    "table": "labels.csv",
    "found_by": {"column": "Accession", "header": "AccessionNumber"},
    "tasks": {"Effusion": {"column": "Finding", "positive": ["effusion"], "negative": ["none"]}},
}


@pytest.mark.parametrize(
    ("header", "column", "values"),
    [("AccessionNumber", "Accession", ["A001", "A002"]), ("StudyInstanceUID", "Study", ["1.2.1", "1.2.2"]),
     ("PatientID", "Patient", ["p", "q"])],
)  # fmt: skip
def test_labels_of_studies_find_their_images_by_headers(tmp_path, header, column, values):
    layouts.archive(tmp_path)
    table(tmp_path, f"{column};Finding\n{values[0]};Effusion\n{values[1]};none\n", "labels.csv")
    rows = manifest_of(tmp_path, **ARCHIVE | {"found_by": {"column": column, "header": header}})
    assert rows["path"].tolist() == [f"export/A00{study}/IM{number}" for number, study in enumerate((1, 1, 2))]
    assert said(rows["Effusion"]) == [1, 1, 0]
    assert rows["patient_id"].tolist() == ["p", "p", "q"]
    assert rows["study_id"].tolist() == ["1.2.1", "1.2.1", "1.2.2"]
    assert rows["image_id"].is_unique
    assert rows[["sex", "age", "view"]].to_numpy().tolist() == [["M", 40.0, "AP"]] * 3


def test_the_table_counts_before_the_headers(tmp_path):
    layouts.archive(tmp_path)
    table(tmp_path, "Accession,Finding,patient_id,years\nA001,none,x,50+\nA002,none,,\n", "labels.csv")
    rows = manifest_of(tmp_path, columns={"age": "years"}, **ARCHIVE)
    assert rows["patient_id"].tolist() == ["x", "x", "q"]
    assert rows["age"].tolist() == [50, 50, 40]


def test_files_without_a_patient_are_counted(tmp_path):
    layouts.archive(tmp_path)
    table(tmp_path, "Accession;Finding\nA001;none\nA002;none\n", "labels.csv")
    dicom_file(tmp_path / "export/A001/IM0", pixels(0), AccessionNumber="A001")
    with pytest.raises(UserError, match=r"1 of 3 DICOM files that have labels have no PatientID .*columns.patient_id"):
        manifest_of(tmp_path, **ARCHIVE)


def test_studies_without_an_image_are_held_to_the_limit(tmp_path):
    layouts.archive(tmp_path)
    words = r"labels.csv: 1 of 3 values of column Accession are in no DICOM header .*max_missing = 0 .* that of row 4"
    with pytest.raises(UserError, match=words):
        manifest_of(tmp_path, **ARCHIVE)
    table(tmp_path, "Accession;Finding\n1;none\n", "labels.csv")
    with pytest.raises(UserError, match=r"4 files below .* none has a value of column Accession as AccessionNumber"):
        manifest_of(tmp_path, **ARCHIVE)
    with pytest.raises(UserError, match=r"d\.found_by: .*path, and more than one table, have no meaning"):
        manifest_of(tmp_path, path="{Accession}.dcm", **ARCHIVE)


def test_rows_of_a_study_are_combined_for_each_of_its_images(tmp_path):
    layouts.archive(tmp_path)
    table(tmp_path, "Accession;Finding\nA001;none\nA002;none\nA001;Effusion\n", "labels.csv")
    assert said(manifest_of(tmp_path, several_rows="any", **ARCHIVE)["Effusion"]) == [1, 1, 0]
    assert said(manifest_of(tmp_path, several_rows="majority", **ARCHIVE)["Effusion"]) == [None, None, 0]


HEAD = "image_id,patient_id,path,a,b,c\n"


@pytest.mark.parametrize(
    ("rule", "labels"),
    [("any", [1, 0, None]), ("all", [0, 0, None]), ("majority", [1, 0, None]), ("first", [0, 0, None])],
)
def test_several_rows_of_an_image(tmp_path, rule, labels):
    votes = ["1,p,1,0", "2,q,2,", "1,p,1,1", "3,q,3,", "2,q,2,0", "1,p,1,1"]
    table(tmp_path, "image_id,patient_id,path,A\n" + "\n".join(votes) + "\n")
    for number in (1, 2, 3):
        (tmp_path / f"{number}.png").touch()
    assert said(manifest_of(tmp_path, table="t.csv", tasks=["A"], several_rows=rule)["A"]) == labels


def test_rows_of_an_image_agree_in_all_but_labels(tmp_path):
    table(tmp_path, "image_id,patient_id,path,A\n1,p,1.png,0\n2,p,2.png,0\n1,q,1.png,1\n")
    with pytest.raises(UserError, match=r"t.csv: rows 2, 4 are of one image and differ in column patient_id"):
        manifest_of(tmp_path, table="t.csv", tasks=["A"], several_rows="any")


def test_a_star_that_may_mean_two_folders(tmp_path):
    table(tmp_path, "image_id,patient_id,A\n1,p,1\n")
    for folder in ("a", "b"):
        picture(tmp_path / folder / "1.png", 1)
    with pytest.raises(UserError, match=r"row 2: its path has a star, and files with \.png are there \(2 fit it"):
        manifest_of(tmp_path, table="t.csv", tasks=["A"], path="*/{image_id}.png")


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
    for name, date in (("1", "20240131"), ("2", "20231230")):
        dicom_file(tmp_path / f"{name}.dcm", pixels(1), **said_of, StudyDate=date)
    table(tmp_path, "image_id,path,age,A\n1,1.dcm,40,1\n2,2.dcm,,0\n")
    headers = ["patient_id", "sex", "age", "view", "date"]
    rows = read(tmp_path, table="t.csv", columns={"age": "age"}, tasks=["A"], from_headers=headers)
    assert rows["patient_id"].tolist() == ["q", "q"]
    assert rows["age"].tolist() == [40, 51]
    assert rows["sex"].tolist() == ["F", "F"]
    assert rows["view"].tolist() == ["PA", "PA"]
    assert rows[MONTHS].tolist() == [1, 0]


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
        ({"path": "png/{image_id}*"}, r"d\.path: .* a star stands for a folder"),
        ({"tasks": {"A": {"column": "a", "part": "x"}}}, r"A\.part: 'x' has 0 groups"),
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


@pytest.mark.parametrize("public", [True, False])
def test_words_that_are_others_or_never_met_are_told(tmp_path, public, caplog):
    cells = ["COVID-19", "pnevmonia/flu", "flu", "", "No finding"]
    for name, part in (("t.csv", cells[:3]), ("u.csv", cells[3:])):
        rows = [f"{name}{n},p,{n}.png,{cell}\n" for n, cell in enumerate(part)]
        table(tmp_path, "image_id,patient_id,path,a\n" + "".join(rows), name)
    for n in range(3):
        (tmp_path / f"{n}.png").touch()
    rule = {"column": "a", "separator": "/", "positive": ["COVID-19", "Pneumonia"], "negative": ["no FINDING"]}
    read(tmp_path, table=["t.csv", "u.csv"], tasks={"A": rule | {"others": "unknown"}}, public=public)
    told = "t.csv: column a: 2 of 3 rows have a word that A does not list, which is unknown as `others` says"
    assert told + (": 'flu' (2), 'pnevmonia' (1)" if public else "") in [
        text.removeprefix(f"{tmp_path}/") for text in caplog.messages
    ]
    assert "task A: no cell of column a is 'Pneumonia' (positive); is it written as in the table?" in caplog.messages
    assert not any("u.csv" in text for text in caplog.messages)


def two_tables(root, head, *rows):
    images_by_study(root)
    (root / "t.csv").write_text("image_id,patient_id,path,study,sex,A,note\n1,p,1.png,s1,F,1,x\n2,q,2.png,s2,,0,x\n")
    table(root, "\n".join([head, *rows]) + "\n", "more.csv")
    return {"table": "t.csv", "join": [{"table": "more.csv", "key": "study"}], "columns": {"sex": "sex"}}


def test_a_column_of_two_tables_that_agree(tmp_path):
    block = two_tables(tmp_path, "study,sex,A,note", "s2,M,0.0,y", "s1,f,1,z")
    rows = read(tmp_path, tasks=["A"], **block)
    assert rows["sex"].tolist() == ["F", "M"]
    assert said(rows["A"]) == [1, 0]


def test_a_column_of_two_tables_that_contradict_each_other(tmp_path):
    block = two_tables(tmp_path, "study,sex,A,note", "s2,M,1,y", "s1,f,1,z")
    words = (
        r"more\.csv: column A is in .*t\.csv too, and they differ for 1 of 2 images{}, the first is that of row 2 here"
    )
    with pytest.raises(UserError, match=words.format(r" \('0' and '1'\)") + " and row 3 there"):
        read(tmp_path, tasks=["A"], **block)
    with pytest.raises(UserError, match=words.format("")):
        read(tmp_path, tasks=["A"], public=False, **block)


def test_files_without_an_ending_are_found_below_a_star(tmp_path):
    table(tmp_path, "image_id,patient_id,A\nIM1,p,1\n1.2.840.7,q,0\nim3,q,0\n")
    for name in ("a/IM1", "b/1.2.840.7", "b/IM3", "b/IM1.txt"):
        picture(tmp_path / "x.png", 1)
        (tmp_path / "dicom" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dicom" / name).touch()
    rows = read(tmp_path, table="t.csv", tasks=["A"], path="dicom/*/{image_id}")
    assert rows["path"].tolist() == ["dicom/a/IM1", "dicom/b/1.2.840.7", "dicom/b/IM3"]


def test_words_of_the_users_own_for_sex_and_view(tmp_path):
    table(tmp_path, "image_id,patient_id,path,s,v,A\n1,p,1.png,1,mobile,1\n2,q,2.png,2,Stand,0\n3,r,3.png,9,ap,0\n")
    for number in (1, 2, 3):
        (tmp_path / f"{number}.png").touch()
    own = {"sex_words": {"M": ["1"], "F": ["2"], "U": ["9"]}, "view_words": {"AP": ["Mobile"], "PA": ["stand"]}}
    rows = read(tmp_path, table="t.csv", tasks=["A"], columns={"sex": "s", "view": "v"}, **own)
    assert rows["sex"].fillna("").tolist() == ["M", "F", ""]
    assert rows["view"].tolist() == ["AP", "PA", "AP"]


def test_view_and_age_from_a_part_of_the_path_or_of_a_column(tmp_path, caplog):
    table(tmp_path, "image_id,patient_id,path,A\n1,p,1_pa_61y.png,1\n2,q,2_lat_7y.png,0\n3,r,3.png,0\n")
    for name in ("1_pa_61y", "2_lat_7y", "3"):
        (tmp_path / f"{name}.png").touch()
    rows = read(tmp_path, table="t.csv", tasks=["A"], patterns={"view": "_([a-z]+)_", "age": "([0-9]+)y"})
    assert rows["view"].fillna("").tolist() == ["PA", "LATERAL", ""]
    assert rows["age"].fillna(-1).tolist() == [61, 7, -1]
    assert "the pattern of view does not fit 1 of 3 images; theirs is unknown" in caplog.text


def test_decimal_commas(tmp_path):
    table(tmp_path, "image_id;patient_id;path;score;A\n1;p;1.png;0,5;1,0\n2;p;2.png;12,25;0\n3;p;3.png;1,500;\n")
    for number in (1, 2, 3):
        (tmp_path / f"{number}.png").touch()
    rows = read(tmp_path, table="t.csv", tasks={"A": "A", "B": {"column": "score", "above": 1}})
    assert said(rows["B"]) == [0, 1, 1]
    assert said(rows["A"]) == [1, 0, None]
    table(tmp_path, "image_id;patient_id;path;score\n1;p;1.png;1,500\n2;p;2.png;3\n")
    with pytest.raises(UserError, match="row 2, column score: its comma may part thousands or be a decimal comma"):
        read(tmp_path, table="t.csv", tasks={"B": {"column": "score", "above": 1}})


def test_covidx_has_no_header_and_blanks_between_its_fields(tmp_path):
    layouts.covidx(tmp_path)
    names = ["patientid", "filename", "class", "source"]
    block = {"names": names, "columns": {"image_id": "filename", "patient_id": "patientid"}, "path": "train/{filename}"}
    task = {"column": "class", "positive": ["positive"], "negative": ["negative"]}
    rows = read(tmp_path, table="train.txt", tasks={"COVID-19": task}, **block)
    assert said(rows["COVID-19"]) == [0, 1, 1]
    with pytest.raises(UserError, match=r"which looks like data\. Has the table no header\? Write one .* set `names`"):
        read(tmp_path, table="train.txt", tasks={"COVID-19": task}, **{**block, "names": []})
