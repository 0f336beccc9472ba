"""Tables as people have them: whatever they were saved as, the same cells come out, or one line says what is wrong."""

import bz2
import gzip
import lzma
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from crossray.datasets.sheets import count_rows, read_table
from crossray.errors import UserError
from crossray.files import write_csv
from crossray.tables import read as read_own
from helpers import contract, workbook

NAMES = ["id", "patient", "finding", "Effusion"]
ROWS = [["007", "Müller", "mass, left", "1"], ["8", "NA", "none", ""], ["9", "null", "two\nlines", "-1"]]


def written(separator=",", rows=ROWS, names=NAMES):
    def cell(text):
        return f'"{text}"' if separator in text or "\n" in text else text

    return "".join(separator.join(map(cell, row)) + "\n" for row in [names, *rows])


def read(tmp_path, data, name="t.csv", columns=("id", "Effusion")):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(str(path), columns)


def cells(table):
    return [list(table.columns), *table.to_numpy().tolist()]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_and_separators_are_found(tmp_path, separator, encoding):
    data = written(separator).encode(encoding)
    assert cells(read(tmp_path, data)) == [NAMES, *ROWS]
    assert cells(read(tmp_path, data, columns=())) == [NAMES, *ROWS]


def test_what_is_not_utf_8_is_said(tmp_path, caplog):
    read(tmp_path, written().encode("cp1252"))
    assert "not UTF-8, read as Windows-1252 (Latin-1)" in caplog.text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (written().encode() + "9,é,x,1\n".encode("latin-1"), "line 6 is not in UTF-8 as the rest"),
        (b"id,Effusion\n1,\x81\n", "line 2 is not in UTF-8"),
        (b"id,Effusion\n1,\x00\x01\x02\n", "line 2 has signs that no text has"),
        (b"\xff\xfei\x00d\x00,", "not in UTF-16"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(tmp_path, data, words):
    with pytest.raises(UserError, match=f"not a readable CSV file: line .*{words[7:]}|{words}"):
        read(tmp_path, data)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path, ends):
    table = read(tmp_path, f'id,Effusion{ends}1,0{ends}"a{ends}b",1{ends}')
    assert table["id"].tolist() == ["1", "a\nb"]
    write_csv(tmp_path / "own.csv", table.rename(columns={"id": "image_id"}))
    assert read_own(tmp_path / "own.csv", contract(image_id=str, Effusion=int))["image_id"].tolist() == ["1", "a\nb"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_tables(tmp_path, pack):
    assert cells(read(tmp_path, pack(written().encode()), "t.csv.gz")) == [NAMES, *ROWS]


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__slash__", "/"), text)


def test_an_archive_of_a_mac(tmp_path):
    litter = {"__MACOSX/._t.csv": "\x00\x05", ".DS_Store": "\x00", "release/": ""}
    zipped(tmp_path / "t.zip", **litter, **{"release/t.csv": written()})
    assert cells(read_table(str(tmp_path / "t.zip"), ["id"])) == [NAMES, *ROWS]
    assert count_rows(str(tmp_path / "t.zip")) == 4  # lines; one cell has two
    zipped(tmp_path / "t.zip", a="1", b="2")
    with pytest.raises(UserError, match=r"an archive of 2 files \(a, b\)"):
        read_table(str(tmp_path / "t.zip"))
    zipped(tmp_path / "t.zip", **litter)
    with pytest.raises(UserError, match=r"an archive of 0 files \(none\)"):
        count_rows(str(tmp_path / "t.zip"))


@pytest.mark.parametrize("start", ["", ","])
@pytest.mark.parametrize("surplus", [",", ", "])
def test_a_trailing_separator_shifts_nothing(tmp_path, start, surplus):
    lines = written(rows=ROWS[:2]).splitlines()
    for header_too in (True, False):
        text = "\n".join(start + line + (surplus if place or header_too else "") for place, line in enumerate(lines))
        table = read(tmp_path, text)
        assert table[NAMES].to_numpy().tolist() == ROWS[:2]
        assert list(table.columns) == NAMES


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("900,p,a mass, left,1", "row 901 has 5 fields, the header 4 \\(1 such rows in all\\).*with a comma in it"),
        ("900,p,1", "row 901 has 3 fields"),
        ("900,p,x,1,", "row 901 has 5 fields"),
        ('900,p,"a mass,1', "row 901 \\(line 901\\): its quotation marks do not pair"),
        ('900,p,"a "large" mass",1', "row 901 .*quotation marks do not pair"),
    ],
)
def test_one_row_of_another_length_is_named(tmp_path, row, words):
    rows = [f"{number},p,x,1" for number in range(1, 1001)]
    rows[899] = row
    with pytest.raises(UserError, match=rf"t\.csv: {words}"):
        read(tmp_path, "\n".join([",".join(NAMES), *rows]))


def test_a_column_without_a_name_in_every_row_is_no_trailing_separator(tmp_path):
    with pytest.raises(UserError, match=r"every row has one field more than the header has names \(2\)"):
        read(tmp_path, "id,Effusion\na,1,0\nb,2,1\n")


def test_rows_keep_their_numbers_whatever_is_empty(tmp_path):
    table = read(tmp_path, "\nid,Effusion\n1,0\n\n2,1\n,\n ,\n")
    assert table["id"].tolist() == ["1", "2"]
    assert (table.index + 2).tolist() == [3, 5]


def test_a_line_that_names_the_separator(tmp_path):
    table = read(tmp_path, "sep=;\nid;Effusion\n1;0\n")
    assert cells(table) == [["id", "Effusion"], ["1", "0"]]
    assert (table.index + 2).tolist() == [3]


def test_a_column_twice_is_named(tmp_path):
    twice = r"Effusion occurs more than once, with different cells: columns 2 and 3\. .*'Effusion \(column 2\)'"
    with pytest.raises(UserError, match=twice):
        read(tmp_path, "id,Effusion, Effusion\n1,0,1\n")
    same = pa.Table.from_arrays(
        [pa.array(["1"]), pa.array(["0"]), pa.array(["1"])], names=["id", "Effusion", "Effusion"]
    )
    pa.parquet.write_table(same, tmp_path / "t.parquet")
    with pytest.raises(UserError, match="column Effusion occurs more than once"):
        read_table(str(tmp_path / "t.parquet"), ["Effusion"])


def test_columns_of_one_name_that_nobody_needs_or_that_say_the_same_stop_nothing(tmp_path):
    assert cells(read(tmp_path, "id,Effusion,id,note,note\n1,0,1,a,b\n")) == [
        ["id", "Effusion", "note (column 4)", "note (column 5)"], ["1", "0", "a", "b"],
    ]  # fmt: skip
    named = read(tmp_path, "id,Effusion,Effusion\n1,0,1\n", columns=["id", "Effusion (column 3)"])
    assert named["Effusion (column 3)"].tolist() == ["1"]


@pytest.mark.parametrize("above", ["Ward 3, 2020\n", "Ward 3\n\nprinted;by;somebody;else;today\n", "# a, b\n# c\n"])
def test_what_stands_above_the_header_is_left_out_and_said(tmp_path, above, caplog):
    table = read(tmp_path, above + "id;Effusion\n1;0\n2;1\n")
    assert cells(table) == [["id", "Effusion"], ["1", "0"], ["2", "1"]]
    header = above.count("\n") + 1
    assert (table.index + 2).tolist() == [header + 1, header + 2]
    assert f"its header is row {header}; what stands above it is left out" in caplog.text
    with pytest.raises(UserError, match="no column Effusion; the columns are id, Efusion, a"):  # found all the same
        read(tmp_path, above + "id;Efusion;a\n1;0;0\n", columns=["id", "a", "Effusion"])


def test_a_workbook_with_a_title_in_its_first_row(tmp_path):
    rows = [["Ward 3", None, None], [None, None, None], ["id", "Effusion", "n"], ["a", 1, None], ["b", 0, None]]
    workbook(tmp_path / "t.xlsx", Notes=[["x"]], Labels=rows)
    assert cells(read_table(str(tmp_path / "t.xlsx"), ["id", "Effusion"]))[1:] == [["a", "1", ""], ["b", "0", ""]]


TWO_ROWS = [
    ["Patient", "", "Reader 1", "", "Reader 2", "", "Score"],
    ["id", "sex", "Effusion", "Nodule", "Effusion", "Nodule", ""],
    ["a", "F", "1", "0", "0", "1", "7"],
]


@pytest.mark.parametrize("title", [[], [["Ward 3", *[""] * 6]]])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_groups_of_columns_above_their_names_are_a_part_of_the_header(tmp_path, title, suffix, caplog):
    rows = title + TWO_ROWS
    needed = ["id", "Reader 1 / Effusion", "Reader 2 / Effusion", "Score"]
    path = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        path.write_text("".join(";".join(row) + "\n" for row in rows))
    else:
        workbook(path, Notes=[["id"]], Labels=[[cell or None for cell in row] for row in rows])
    table = read_table(str(path), needed)
    assert list(table.columns) == [
        "id", "sex", "Reader 1 / Effusion", "Reader 1 / Nodule", "Reader 2 / Effusion", "Reader 2 / Nodule", "Score",
    ]  # fmt: skip
    assert table.iloc[0].tolist() == TWO_ROWS[2]
    assert (table.index + 2).tolist() == [len(rows)]
    assert f"its header is rows {len(rows) - 2} and {len(rows) - 1}" in caplog.text


def test_names_in_either_of_two_rows_are_found(tmp_path):
    table = read(tmp_path, "id,Findings,\n,Effusion,Nodule\na,1,0\n", columns=["id", "Effusion", "Nodule"])
    assert cells(table) == [["id", "Effusion", "Nodule"], ["a", "1", "0"]]


def test_a_first_row_of_cells_is_no_second_row_of_a_header(tmp_path):
    with pytest.raises(UserError, match="no column Effusion; the columns are id, finding"):
        read(tmp_path, "id,finding\na,Effusion\nb,none\n", columns=["id", "Effusion"])
    with pytest.raises(UserError, match="no column Effusion; the columns are id, finding, note"):
        read(tmp_path, "id,finding,note\na,Effusion,\nb,none,\n", columns=["id", "finding", "Effusion"])


@pytest.mark.parametrize(
    "data", ["1,Smith^Anna,0\n2,Smith^Bert,1\n", "a,x.png,yes\nb,y.png,yes\n", "a b yes\nc d yes\n"]
)
def test_a_table_without_a_header_is_called_so_and_its_columns_can_be_named(tmp_path, data):
    with pytest.raises(UserError, match=r"which looks like data\. Has the table no header"):
        read(tmp_path, data)
    table = read_table(str(tmp_path / "t.csv"), ["id", "Effusion"], ["id", "name", "Effusion"])
    assert len(table) == 2
    assert (table.index + 2).tolist() == [1, 2]
    assert table["id"].tolist() == [data[0], data.split("\n")[1][0]]


def test_blanks_separate_where_nothing_else_does(tmp_path):
    table = read(tmp_path, ' id  "Effusion"   file\n  1  0 "a b.png" \n 22  1 c.png\n')
    assert cells(table) == [["id", "Effusion", "file"], ["1", "0", "a b.png"], ["22", "1", "c.png"]]
    assert list(read(tmp_path, "image id\na b\nc d\n", columns=["image id"]).columns) == ["image id"]
    assert list(read(tmp_path, "id of it,Effusion\n1,0\n", columns=["Effusion"]).columns) == ["id of it", "Effusion"]


@pytest.mark.parametrize("name", ["effusion", "EFFUSION", "E\u0301panchement"])
def test_a_column_of_other_case_or_unicode_form_is_named(tmp_path, name):
    wanted = "\u00c9panchement" if len(name) > 8 else "Effusion"
    with pytest.raises(UserError, match=f"no column {wanted}; there is {name}, with other capital letters or accents"):
        read(tmp_path, f"id,{name}\n1,0\n", columns=["id", wanted])


def test_columns_without_a_name_may_be_several(tmp_path):
    table = read(tmp_path, "Bbox [x,y,,,\n1,2,,,\n", columns=["y"])  # as the NIH writes its boxes
    assert list(table.columns) == ["Bbox [x", "y"]
    assert list(read(tmp_path, ",id,Effusion\n0,a,1\n").columns) == ["Unnamed: 0", "id", "Effusion"]


def test_nothing_to_read(tmp_path):
    for data in ("", "\n\n", "\ufeff"):
        with pytest.raises(UserError, match="is empty"):
            read(tmp_path, data)
    with pytest.raises(UserError, match="has a header but no rows"):
        read(tmp_path, "id,Effusion\n\n,\n")


def test_a_first_row_that_is_no_header_is_not_quoted(tmp_path):
    with pytest.raises(UserError) as error:
        read(tmp_path, "1,Smith^Anna,0\n2,Smith^Bert,1\n")
    assert "none of the 2 that are needed is among the 3 names in its first row" in str(error.value)
    assert "Smith" not in str(error.value)


@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.parquet", "t.csv.gz", "t.zip"])
def test_a_name_that_promises_too_much(tmp_path, name):
    with pytest.raises(UserError, match="not a readable"):
        read(tmp_path, written(), name)
    with pytest.raises(UserError, match="not a readable"):
        count_rows(str(tmp_path / name))


class TestParquet:
    def test_types_become_text(self, tmp_path):
        table = pa.table({
            "id": pa.array([7, None], pa.int64()), "Effusion": [1.0, None], "share": [0.5, 0.25],
            "name": pa.array(["NA", "x"]).dictionary_encode(),
        })  # fmt: skip
        pa.parquet.write_table(table, tmp_path / "t.parquet")
        read_back = read_table(str(tmp_path / "t.parquet"), ["id"])
        assert read_back.to_numpy().tolist() == [["7", "1", "0.5", "NA"], ["", "", "0.25", "x"]]

    def test_an_index_with_a_name_is_a_column(self, tmp_path):
        pd.DataFrame({"id": ["a"], "Effusion": [1]}).set_index("id").to_parquet(tmp_path / "t.parquet")
        table = read_table(str(tmp_path / "t.parquet"), ["id", "Effusion"])
        assert table["id"].tolist() == ["a"]
        assert table.index.tolist() == [0]

    @pytest.mark.parametrize("value", [["Mass", "Nodule"], {"a": 1}, b"\x00"])
    def test_several_values_a_row_are_refused_where_they_are_needed(self, tmp_path, value):
        pa.parquet.write_table(pa.table({"id": ["1"], "finding": [value]}), tmp_path / "t.parquet")
        assert list(read_table(str(tmp_path / "t.parquet"), ["id"]).columns) == ["id"]
        with pytest.raises(UserError, match="column finding holds several values a row"):
            read_table(str(tmp_path / "t.parquet"), ["finding"])


class TestExcel:
    ROWS = (["id", "Effusion", None], ["007", 1.0, None], [8, None, None], [None, None, None], [9, 0, None])

    @pytest.mark.parametrize("name", ["t.xlsx", "t.csv", "t"])
    def test_the_sheet_with_the_columns_is_read(self, tmp_path, name):
        workbook(tmp_path / name, Notes=[["written by", "somebody"]], Labels=self.ROWS, Empty=[])
        table = read_table(str(tmp_path / name), ["id", "Effusion"])
        assert cells(table) == [["id", "Effusion"], ["007", "1"], ["8", ""], ["9", "0"]]
        assert (table.index + 2).tolist() == [2, 3, 5]
        assert count_rows(str(tmp_path / name)) == 3

    def test_two_sheets_that_fit_are_named(self, tmp_path):
        workbook(tmp_path / "t.xlsx", First=self.ROWS, Second=self.ROWS)
        with pytest.raises(UserError, match=r"2 of its sheets \(First, Second\) have the columns id, Effusion; save"):
            read_table(str(tmp_path / "t.xlsx"), ["id", "Effusion"])

    def test_a_formula_without_a_result_is_unknown(self, tmp_path):
        workbook(tmp_path / "t.xlsx", A=[["id", "Effusion"], ["a", "#N/A"], ["b", "#DIV/0!"], ["c", "#REF!"], ["d", 1]])
        assert read_table(str(tmp_path / "t.xlsx"))["Effusion"].tolist() == ["", "", "", "1"]

    def test_a_damaged_workbook(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
            archive.writestr("xl/workbook.xml", "<nothing")
        with pytest.raises(UserError, match="not a readable Excel file"):
            read_table(str(tmp_path / "t.xlsx"))
