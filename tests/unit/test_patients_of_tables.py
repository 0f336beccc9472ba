"""Patients and identifiers of tables as they come."""

import pytest
from test_tables_as_they_come import read, table

from crossray.errors import UserError
from helpers import workbook


def patients(root, *names, head="image_id,path,patient_id,A", **block):
    """Read a table of images whose patients have these identifiers; further cells may follow them."""
    table(root, head + "\n" + "".join(f"i{n},{n}.png,{name},1\n" for n, name in enumerate(names)))
    for n in range(len(names)):
        (root / f"{n}.png").touch()
    return read(root, table="t.csv", tasks=["A"], **block)


@pytest.mark.parametrize("word", ["nan", "Unknown", "-", "N/A", "#N/A", "ANONYMOUS", "not  available"])
def test_words_that_name_no_patient_make_no_patient(tmp_path, word, caplog):
    with pytest.raises(UserError, match=r"t\.csv: row 3, column patient_id: '.*' seems to name no patient, and 2 of 4"):
        patients(tmp_path, "p", word, "q", word)
    with pytest.raises(UserError, match="a word such as unknown, nan or - seems to name no patient"):
        patients(tmp_path, "p", word, "q", word, public=False)
    rows = patients(tmp_path, "p", word, "", word, no_patient=[word.lower(), ""])
    assert rows["patient_id"].tolist() == ["p", "no patient: i1", "no patient: i2", "no patient: i3"]
    assert "3 of 4 images have no patient, by no_patient" in caplog.text


def test_images_of_one_study_are_of_one_patient_even_if_nobody_knows_who(tmp_path):
    table(tmp_path, "image_id,path,patient_id,study,A\na,a,-,s1,1\nb,b,-,s1,1\nc,c,-,nan,1\nd,d,-,nan,0\n")
    for name in "abcd":
        (tmp_path / f"{name}.png").touch()
    rows = read(tmp_path, table="t.csv", tasks=["A"], columns={"study_id": "study"}, no_patient=["-"])
    assert rows["patient_id"].tolist() == [f"no patient: {name}" for name in ("s1", "s1", "c", "d")]
    assert rows["study_id"].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("number", ["0", "000", "-1", "999"])
def test_a_number_that_may_stand_for_no_patient_is_told(tmp_path, number, caplog):
    patients(tmp_path, number, number, number, number, "1", "2")
    assert f"4 of 6 images are of one patient, '{number}', the next has 1" in caplog.text
    caplog.clear()
    patients(tmp_path, "0", "0", "1", "1", "2", "2")
    assert "of one patient" not in caplog.text


@pytest.mark.parametrize("field", ["patient_id", "image_id"])
def test_identifiers_that_a_spreadsheet_rounded_are_refused(tmp_path, field):
    with pytest.raises(UserError, match=rf"row 3, column {field}: '2.05E\+37' \(2 such rows\): a spreadsheet program"):
        patients(
            tmp_path, "1", "2.05E+37", "2.05E+37",
            head="image_id,path,patient_id,A" if field == "patient_id" else "patient_id,path,image_id,A",
        )  # fmt: skip
    assert len(patients(tmp_path, "1e23", "2E05", "12e4567")) == 3


def test_a_workbook_keeps_no_digits_that_it_lost(tmp_path):
    rows = [["image_id", "path", "patient_id", "A"], ["1", "1.png", 20500000000000000000.0, 1], ["2", "2.png", 7.0, 1]]
    workbook(tmp_path / "t.xlsx", Sheet1=rows)
    with pytest.raises(UserError, match=r"row 2, column patient_id: '2\.05\d*E\+19' \(1 such rows\)"):
        read(tmp_path, table="t.xlsx", tasks=["A"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P1", "p1"),
        ("007", "7"),
        ("7.0", "7"),
        ("P1\u200b", "P1"),
        ("\u200eP1", "P1"),
        ("P 1", "P\xa01"),
        ("P  1", "P 1"),
    ],
)
def test_patients_that_are_nearly_the_same_are_told(tmp_path, one, other, caplog):
    rows = patients(tmp_path, one, other, "z")
    assert rows["patient_id"].nunique() == 3
    assert (
        "2 of 3 identifiers differ from another in capital letters, blanks, signs that are not seen, leading zeros or "
        f"a final .0 alone, such as {one!r}" in caplog.text
    )


def test_one_file_under_several_identifiers_is_told(tmp_path, caplog):
    rows = ["image_id,path,patient_id,A", "1,1.png,p,1", "2,2.png,q,0", "3,./2.png,r,1", "4,1.png,p,1", "5,5.png,s,"]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    for name in ("1.png", "2.png", "5.png"):
        (tmp_path / name).touch()
    assert len(read(tmp_path, table="t.csv", tasks=["A"])) == 5
    assert (
        "2 files are those of several images with identifiers of their own, the first in rows 2, 5; 1 of these files "
        "have labels that differ" in caplog.text
    )
