"""Raw files of archives: a flipped bit is found before conversion; archives are asked for one data set at a time."""

import functools
import logging
import threading
import tracemalloc
from pathlib import Path

import pandas as pd
import pydicom
import pytest
from test_archive import Faulty, ask, fetch, raw_files, served

from crossray.datasets.pacs.access import Access
from crossray.datasets.pacs.intact import check_intact
from crossray.datasets.pacs.options import DimseConnection, Limits, WebConnection
from crossray.datasets.pacs.retrieval import Retrieval
from crossray.datasets.pacs.transport import pace
from crossray.errors import UserError
from crossray.tables.archive import QueriedObject
from crossray.tables.contract import names
from pacs import hospital

FOLDER = Path("private/archive/ours")


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Return a service with four studies, in whose folder the test is."""
    with served(tmp_path, monkeypatch) as server:
        yield server


def flip(path):
    """Flip a bit of the pixels of a file, which no header tells."""
    content = bytearray(path.read_bytes())
    content[-9] ^= 4
    path.write_bytes(content)


def fetched():
    """Return the names of fetched files, as conversions have them."""
    return list(pd.read_parquet(FOLDER / "images.parquet")["dicom_file"])


@pytest.mark.parametrize("raw", [None, "private/archive/ours/raw"])
def test_a_flipped_bit_is_found_before_conversion_and_fetched_anew(service, tmp_path, raw):
    assert ask(service.url) == 0
    assert fetch(service.url, raw=raw, store="incoming" if raw else "raw") == 0
    check_intact(FOLDER, fetched())
    damaged = sorted(raw_files(tmp_path).values())[2]
    whole = damaged.read_bytes()
    flip(damaged)
    pydicom.dcmread(damaged)
    again = "raw/retrieved.json" if raw is None else "raw"
    with pytest.raises(
        UserError, match=f"1 of its files are not as .* delete private/archive/ours/{again} and"
    ) as told:
        check_intact(FOLDER, fetched())
    assert damaged.stem not in str(told.value)
    before = service.asked.total()
    if raw is None:
        assert fetch(service.url) == 0
        assert service.asked.total() - before == 1
        assert damaged.read_bytes() == whole
        check_intact(FOLDER, fetched())


def test_what_was_never_recorded_is_not_taken_for_damaged(service, tmp_path):
    assert ask(service.url) == 0
    assert fetch(service.url) == 0
    (FOLDER / "digests.json").write_text("{")
    check_intact(FOLDER, fetched())
    assert fetch(service.url) == 0
    flip(next(iter(raw_files(tmp_path).values())))
    with pytest.raises(UserError, match="1 of its files"):
        check_intact(FOLDER, fetched())


def test_an_archive_is_asked_for_one_data_set_at_a_time(service, monkeypatch, caplog):
    """The second retrieval starts amid the first, and asks nothing before that one is done."""
    for name in ("ours", "theirs"):
        assert ask(service.url, dataset=name) == 0
        monkeypatch.setenv(f"CROSSRAY_ARCHIVE_{name.upper()}_TOKEN", name)
    service.headers.clear()
    seen, ends = threading.Event(), {}
    other = threading.Thread(target=lambda: ends.update(theirs=fetch(service.url, dataset="theirs")))

    class Waits(logging.Handler):
        def emit(self, record):
            if "another data set is being retrieved from this archive" in record.getMessage():
                seen.set()

    monkeypatch.setattr(logging.getLogger("crossray.datasets.pacs.access"), "handlers", [Waits()])

    def amid(path):
        if not other.ident:
            other.start()
            assert seen.wait(60)

    service.fault = amid
    ends["ours"] = fetch(service.url, connections=1)
    other.join(timeout=60)
    assert ends == {"ours": 0, "theirs": 0}
    asked = [one["Authorization"].removeprefix("Bearer ") for one in service.headers]
    assert asked == ["ours"] * 6 + ["theirs"] * 6


def test_archives_are_told_apart_by_host_and_port():
    same = [WebConnection(url=url) for url in ("https://Pacs/dicom-web", "https://pacs/other/")]
    assert same[0].server() == same[1].server() == "pacs"
    associations = {"aet": "A", "called_aet": "B"}
    assert DimseConnection(host="pacs", port=104, **associations).server() == "pacs:104"
    assert DimseConnection(host="pacs", port=4242, **associations).server() == "pacs:4242"


@pytest.mark.slow
def test_thousands_of_objects_come_in_pages(service, capsys, tell):
    """Pages of 150 objects, in another order each time, so that they overlap and leave gaps."""
    whole, number = service.objects[0], 2000
    service.objects = []
    for place in range(number):
        one = pydicom.Dataset()
        for key in ("StudyInstanceUID", "SeriesInstanceUID", "PatientID", "AccessionNumber", "StudyID", "Modality"):
            one[key] = whole[key]
        one.SOPInstanceUID = f"1.2.3.{place}"
        service.objects.append(one)
    service.rows_of_a_page = 150
    found = functools.cache(lambda path: Faulty.found(service, path.split("/")))
    service.found = lambda parts: found("/".join(parts))
    assert ask(service.url) == 0
    assert f"1 studies with {number} objects have labels" in capsys.readouterr().out
    listed = pd.read_csv(FOLDER / "query.csv", dtype=str)
    assert set(listed["sop_instance_uid"]) == {f"1.2.3.{place}" for place in range(number)}
    tell(f"archives: {number:,} objects listed in {service.asked.total()} pages, objects lost: {number - len(listed)}")


class Many:
    """An archive of as many objects as are asked for, each with pixels of its own."""

    def __init__(self, file):
        self.object = pydicom.dcmread(file)

    def fetch(self, key):
        found = pydicom.dcmread(self.object.filename)
        found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID = key
        found.file_meta.MediaStorageSOPInstanceUID = key[2]
        return found

    def close(self):
        pass


@pytest.mark.slow
def test_more_objects_take_no_more_memory_than_their_rows(tmp_path, tell):
    file = hospital(tmp_path / "dicom", 1, side=200)[0][0]
    access = Access(lambda: Many(file), pace.Pace(Limits(per_second=1000), sleep=lambda seconds: None), 2)
    peaks = {}
    for number in (200, 1200):
        rows = [dict.fromkeys(names(QueriedObject), "1") | {"view_position": "PA"} for _ in range(number)]
        table = pd.DataFrame(rows)
        for key, column in (("1.2", "study_instance_uid"), ("1.3", "series_instance_uid"), ("1.4", "sop_instance_uid")):
            table[column] = [f"{key}.{row // 10}" if "sop" not in column else f"{key}.{row}" for row in range(number)]
        tracemalloc.start()
        images, missing = Retrieval("ours", tmp_path / f"{number}/raw", access).run(table, ("PA",))
        peaks[number] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(images) == len(list((tmp_path / f"{number}/raw").rglob("*.dcm"))) == number
        assert not len(missing)
    size = file.stat().st_size
    a_row = (peaks[1200] - peaks[200]) / 1000
    assert a_row < size / 4
    tell(f"archives: 1,200 objects of {size:,} bytes fetched, objects lost: 0; memory by object {a_row:,.0f} bytes")
