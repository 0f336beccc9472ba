"""Files that would become much larger than they are: refused by what they say, before they are decoded."""

import gzip
import lzma
import struct
import tracemalloc
import zipfile
import zlib

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from crossray import grey_levels, limits, streams
from crossray.datasets import archives, delimited, workbooks
from crossray.datasets.sheets import count_rows, read_table
from crossray.dicom import read_dicom, read_dicom_shape
from crossray.errors import UnusableImageError, UserError
from crossray.images import load_square
from crossray.pictures import read_picture_shape
from helpers import workbook

RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
#: sides of a picture of too many pixels
WIDE = 2**14
EXPLICIT = b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\x04\0" + struct.pack("<I", 26) + b"\x02\0\x10\0UI\x12\0"


def reason(path):
    """Return why a file is refused; reading it must neither take much memory nor a second of this processor."""
    tracemalloc.start()
    try:
        with pytest.raises(UnusableImageError) as refused:
            load_square(path, 32)
        assert tracemalloc.get_traced_memory()[1] < 300e6
    finally:
        tracemalloc.stop()
    return str(refused.value)


def png(width, height, depth=8, colours=0, data=b""):
    """Return a PNG of one colour, as large as it says or shorter."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_the_limit_is_generous_for_films():
    limits.check_frame(8600, 7000)  # 35 x 43 cm at 50 micrometres
    with pytest.raises(UnusableImageError, match="16384 x 16384 pixels, more than 67108864 are not read"):
        limits.check_frame(WIDE, WIDE)


@pytest.mark.parametrize(
    "content",
    [bytes(20_000_000), EXPLICIT + b"1.2.840.10008.1.2\0" + bytes(20_000_000),
     EXPLICIT + b"1.2.840.10008.1.2\0" + b"\x08\0\x05\0\0\0\0\0" * 2_000_000,
     EXPLICIT + b"1.2.840.10008.1.2\0" + b"\x08\0\x15\x11\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\0\0\0\0" * 2_000_000],
    ids=["zeros", "zeros after a preamble", "empty elements", "empty items"],
)  # fmt: skip
def test_millions_of_empty_parts_are_not_read_one_by_one(tmp_path, content, monkeypatch):
    (tmp_path / "a.dcm").write_bytes(content)
    reads = []
    read = limits.Reads.read
    monkeypatch.setattr(limits.Reads, "read", lambda self, count=-1: reads.append(1) or read(self, count))
    for looked_at in (read_dicom, read_dicom_shape):
        with pytest.raises(UnusableImageError, match=r"too many parts|unreadable header"):
            looked_at(tmp_path / "a.dcm")
    assert len(reads) < 100_000


def test_an_element_of_millions_of_numbers_is_refused(write_dicom):
    path = write_dicom(RAMP, bits=12, LUTExplanation="x")
    content = path.read_bytes()
    place = content.index(b"\x28\0\x03\x30")  # becomes a window of a million centres
    many = b"1\\" * 1_000_000
    long = b"\x28\0\x50\x10UT\0\0" + struct.pack("<I", len(many)) + many
    path.write_bytes(
        content[:place] + long + content[place + 8 + struct.unpack("<H", content[place + 6 : place + 8])[0] :]
    )
    assert "an element of the header of 2000000 bytes" in reason(path)


def test_a_file_larger_than_the_limit_is_not_read(tmp_path):
    for name in ("a.dcm", "a.png", "a.jpg"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(limits.LARGEST_BYTES + 1)
        assert reason(tmp_path / name) == "file of 257 MB, more than 256 MB are not read"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.png", png(WIDE, WIDE), "too many pixels"), ("a.png", png(9000, 9000), "9000 x 9000 pixels, more than"),
     ("a.png", png(8000, 8000), "8000 x 8000 pixels in "),
     ("a.png", png(8000, 8000, 16, 6, bytes(0)), "8000 x 8000 pixels in "),
     ("a.png", png(10, 10, data=(struct.pack(">I", 0) + b"teXt" + struct.pack(">I", zlib.crc32(b"teXt"))) * 300_000),
      "too many parts"),
     ("a.jpg", b"\xff\xd8" + b"\xff" * 3_000_000, "too many parts"),
     ("a.jpg", b"\xff\xd8" + b"\xff\xe5\0\2" * 500_000, "too many parts")],
)  # fmt: skip
def test_pictures_that_say_that_they_are_huge(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert words in reason(tmp_path / name)
    if "9000" in words:
        with pytest.raises(UnusableImageError, match="pixels"):
            read_picture_shape(tmp_path / name)


def huge_streams():
    """Return transfer syntax and stream by kind: 64 x 64 pixels that say that they have 16,384 x 16,384."""
    flat = np.zeros((64, 64), np.uint8)
    side, large = struct.pack(">HH", 64, 64), struct.pack(">HH", WIDE, WIDE)
    both, all_of_it = struct.pack(">II", 64, 64), struct.pack(">II", WIDE, WIDE)
    return {
        "JPEG": (uid.JPEGBaseline8Bit, bytes(imagecodecs.jpeg8_encode(flat)).replace(side, large, 1)),
        "JPEG lossless": (uid.JPEGLosslessSV1, bytes(imagecodecs.ljpeg_encode(flat)).replace(side, large, 1)),
        "JPEG-LS": (uid.JPEGLSLossless, bytes(imagecodecs.jpegls_encode(flat)).replace(side, large, 1)),
        "JPEG 2000": (uid.JPEG2000Lossless,
                      bytes(imagecodecs.jpeg2k_encode(flat, codecformat="j2k", level=0)).replace(both, all_of_it)),
        "HTJ2K": (uid.HTJ2KLossless, bytes(imagecodecs.htj2k_encode(flat)).replace(both, all_of_it)),
        "RLE": (uid.RLELossless, struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * 1000),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "JPEG lossless", "JPEG-LS", "JPEG 2000", "HTJ2K", "RLE"])
def test_streams_of_huge_pictures_reach_no_codec(write_dicom, monkeypatch, kind):
    monkeypatch.setattr("crossray.decoding._asked", lambda *_: pytest.fail("a codec was asked"))
    syntax, stream = huge_streams()[kind]
    for side, words in (
        (WIDE, "more than 67108864 are not read"),
        (8000, "in \\d+ bytes, too few|the header says|RLE"),
    ):
        path = write_dicom(np.zeros((64, 64), np.uint8), syntax=syntax, data=encapsulate([stream]))
        content = path.read_bytes()
        for tag in (b"\x28\0\x10\0US\2\0", b"\x28\0\x11\0US\2\0"):
            content = content.replace(tag + struct.pack("<H", 64), tag + struct.pack("<H", side))
        path.write_bytes(content)
        with pytest.raises(UnusableImageError, match=words):
            read_dicom(path)


def test_the_size_of_jpeg_xl_is_read_before_it_is_decoded():
    for shape in ((64, 64), (100, 300), (513, 40)):
        assert streams.describe(bytes(imagecodecs.jpegxl_encode(np.zeros(shape, np.uint8)))).kind == "JPEG XL"
    for boxes in (False, True):
        coded = bytes(imagecodecs.jpegxl_encode(np.zeros((9000, 9000), np.uint8), effort=1, usecontainer=boxes))
        with pytest.raises(UnusableImageError, match="9000 x 9000 pixels, more than"):
            streams.describe(coded)


def test_a_jpeg_of_hundreds_of_scans_is_refused(tmp_path):
    PIL.Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "a.jpg", progressive=True)
    content = (tmp_path / "a.jpg").read_bytes()
    scan = content[content.rindex(b"\xff\xda") : -2]
    (tmp_path / "a.jpg").write_bytes(content[:-2] + scan * 200 + content[-2:])
    assert reason(tmp_path / "a.jpg") == "JPEG stream of more than 100 scans"


def test_run_length_segments_unpack_no_further_than_their_pixels(write_dicom):
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * 2_000_000  # 256 MB
    path = write_dicom(np.zeros((64, 64), np.uint8), syntax=uid.RLELossless, data=encapsulate([frame]))
    assert "has too many bytes" in reason(path)


@pytest.mark.parametrize(
    ("suffix", "kind"), [("tif", "TIFF"), ("bmp", "BMP"), ("gif", "GIF"), ("eps", "EPS"), ("ppm", "PPM")]
)
def test_pillow_opens_png_and_jpeg_and_nothing_else(tmp_path, suffix, kind):
    PIL.Image.fromarray(np.full((64, 64), 90, np.uint8)).save(tmp_path / f"a.{suffix}", kind)
    (tmp_path / f"a.{suffix}").rename(tmp_path / "a.png")
    assert reason(tmp_path / "a.png") == "unreadable image: neither PNG nor JPEG"


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_percentiles_by_counts_are_those_of_numpy(dtype):
    generator = np.random.default_rng(0)
    for size in (1, 2, 7, 1000, 4321):
        values = generator.integers(0, 5000, (1, size)).astype(dtype)
        assert grey_levels.percentiles(values) == tuple(np.percentile(values, grey_levels.PERCENTILES))


def packed(path, content):
    """Write a table of so many bytes, compressed as the name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("t.csv", content)
    elif path.suffix == ".csv":
        path.write_bytes(content)
    else:
        {".gz": gzip, ".xz": lzma}[path.suffix].open(path, "wb").write(content)
    return str(path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.csv.xz", "t.zip"])
def test_a_line_without_an_end_is_neither_counted_nor_read(tmp_path, monkeypatch, name):
    monkeypatch.setattr(archives, "LARGEST_BYTES", 4 << 20)
    path = packed(tmp_path / name, b"image_id\n" + b"a" * (5 << 20))
    for read in (count_rows, read_table):
        with pytest.raises(UserError, match=r"more than 4 MB.*is it a table\?"):
            read(path)


def test_lines_are_counted_as_they_are(tmp_path):
    for text, rows in ((b"a\n1\n2\n", 2), (b"a\n1\n2", 2), (b"a\n", 0), (b"", 0), (b"a", 0)):
        assert count_rows(packed(tmp_path / "t.csv.gz", text)) == rows


def test_tables_of_too_many_rows_fields_or_signs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "MOST_ROWS", 1000)
    monkeypatch.setattr(delimited, "_MOST_CELLS", 1000)
    monkeypatch.setattr(delimited, "_LONGEST", 100_000)
    for read in (count_rows, read_table):
        with pytest.raises(UserError, match="more than 1,000 rows"):
            read(packed(tmp_path / "t.csv", b"a\n" + b"1\n" * 1001))
    with pytest.raises(UserError, match="more than 1,000 fields in 2 rows"):
        read_table(packed(tmp_path / "t.csv", b",".join([b"a"] * 900) + b"\n" + b",".join([b"1"] * 900)))
    for wrong in (b"1," * 60_000, b'"' + b"a\n" * 60_000 + b'"'):
        with pytest.raises(UserError, match=r"row 2 \(line \d+\): more than 100,000 signs, which are not read"):
            read_table(packed(tmp_path / "t.csv", b"a,b\n" + wrong))


def test_an_archive_of_many_files_is_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MOST_ENTRIES", 3)
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.csv", b"a\n1\n")
    with pytest.raises(UserError, match="an archive of more than 3 files"):
        read_table(str(tmp_path / "t.zip"))


def changed(path, change):
    """Write a workbook of two columns whose members a function has changed: name and bytes to the same."""
    workbook(path, Labels=[["image_id", "A"], ["a", 1], ["b", 0]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in change(members).items():
            archive.writestr(name, content)
    return str(path)


def with_cell(place, name="xl/worksheets/s1.xml"):
    """Return a change that adds a cell at a place, the sheet being called otherwise perhaps."""

    def change(members):
        sheet = members.pop("xl/worksheets/s1.xml").replace(b"</row>", f'<c r="{place}"><v>1</v></c></row>'.encode(), 1)
        links = members["xl/_rels/workbook.xml.rels"].replace(b"worksheets/s1.xml", name.removeprefix("xl/").encode())
        return members | {name: sheet, "xl/_rels/workbook.xml.rels": links}

    return change


def with_shared_texts(members):
    sheet = members["xl/worksheets/s1.xml"]
    cells = b'<row r="4">' + b'<c t="s"><v>0</v></c>' * 300 + b"</row>"
    strings = b"<sst><si><t>" + b"x" * 40_000 + b"</t></si></sst>"
    added = {"xl/worksheets/s1.xml": sheet.replace(b"</sheetData>", cells + b"</sheetData>")}
    return members | added | {"xl/sharedStrings.xml": strings}


def opendocument(members):
    """Return an OpenDocument sheet of one cell, which is repeated."""
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="16384"><text:p>a</text:p>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-cell></table:table-row>'
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text")
    )
    body = f'<office:spreadsheet><table:table table:name="A">{row}</table:table></office:spreadsheet>'
    body = f"<office:body>{body}</office:body>"
    return {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"<office:document-content {spaces}>{body}</office:document-content>".encode()}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [(with_cell("XFD1048576"), "fields in 1,048,576 rows"), (with_cell("xfd1048576"), "fields in 1,048,576 rows"),
     (with_cell("A99999999"), "more than 10,000,000 rows"),
     (with_cell("XFD1048576", "xl/a.dat"), "fields in 1,048,576 rows"),
     (with_shared_texts, "more than 8 MB of text in its cells"), (opendocument, "fields in 1,048,576 rows"),
     (lambda members: members | {"xl/more.bin": bytes(9 << 20)}, "more than 8 MB when it is unpacked"),
     (lambda members: members | {"xl/a.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "with a document type"),
     (lambda members: members | {"xl/a.xml": b"<a><b></a>"}, "not a readable Excel file")],
)  # fmt: skip
def test_workbooks_that_become_huge_are_not_opened(tmp_path, monkeypatch, change, words):
    monkeypatch.setattr(
        "python_calamine.CalamineWorkbook.from_filelike", lambda _: pytest.fail("it was opened"), raising=False
    )
    monkeypatch.setattr(workbooks, "LARGEST_BYTES", 8 << 20)
    path = changed(tmp_path / "t.xlsx", change)
    for read in (count_rows, read_table):
        with pytest.raises(UserError, match=words):
            read(path)


def test_workbooks_as_they_are_written_are_opened(tmp_path):
    path = changed(tmp_path / "t.xlsx", lambda members: members)
    assert read_table(path, ["image_id"])["A"].tolist() == ["1", "0"]
