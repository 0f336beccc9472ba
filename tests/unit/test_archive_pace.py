"""The pace of requests to an archive, its hours, and what its objects say."""

import datetime

import pydicom
import pytest

from crossray.datasets.pacs.archive import NotReceived, ObjectKey, Unreachable
from crossray.datasets.pacs.objects import check_object, view_in
from crossray.datasets.pacs.options import Limits, wrong_hours
from crossray.datasets.pacs.transport import pace
from crossray.errors import UnusableImageError
from pacs import hospital


class Clock:
    """A clock that sleeping turns on."""

    def __init__(self, start):
        self.time, self.slept = start, []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += datetime.timedelta(seconds=seconds)


def test_requests_keep_their_distance_and_to_the_hours():
    clock = Clock(datetime.datetime(2026, 1, 1, 12, 0))
    asked = pace.Pace(Limits(per_second=4, hours="19:00-06:30"), clock.now, clock.sleep)
    asked.wait()
    assert clock.time >= datetime.datetime(2026, 1, 1, 19, 0)
    begun = clock.time
    for _ in range(8):
        asked.wait()
    assert (clock.time - begun).total_seconds() == pytest.approx(2)


@pytest.mark.parametrize(
    ("hours", "hour", "wait"),
    [
        ("19:00-06:30", 23, 0), ("19:00-06:30", 6, 0), ("19:00-06:30", 7, 12), ("08:00-12:00", 7, 1),
        ("08:00-12:00", 13, 19),
    ],
)  # fmt: skip
def test_hours_of_the_day(hours, hour, wait):
    assert pace.seconds_until(hours, datetime.datetime(2026, 1, 1, hour)) == 3600 * wait
    assert wrong_hours(hours) is None


def test_patience_grows_and_ends():
    clock = Clock(datetime.datetime(2026, 1, 1))
    asked = pace.Pace(Limits(attempts=4), clock.now, clock.sleep)
    failures = iter([Unreachable("no"), NotReceived("no"), None])

    def ask_it():
        if failure := next(failures):
            raise failure
        return "came"

    assert asked.patiently(ask_it) == "came"
    assert clock.slept[1] == 2 * clock.slept[0]

    def never():
        raise NotReceived("broken")

    with pytest.raises(NotReceived, match="broken"):
        asked.patiently(never)


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"ViewPosition": "PA", "SeriesDescription": "AP"}, "PA"),
        ({"SeriesDescription": "Chest AP portable"}, "Chest AP portable"),
        ({"ViewPosition": "", "ProtocolName": "LATERAL"}, "LATERAL"), ({"ViewPosition": "XX"}, "XX"), ({}, ""),
        ({"SeriesDescription": "Thorax W033"}, ""),
    ],
)  # fmt: skip
def test_the_view_is_the_first_element_that_names_one(elements, view):
    header = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    assert view_in(header) == view


def test_a_view_can_be_a_code():
    header, code = pydicom.Dataset(), pydicom.Dataset()
    code.CodeMeaning = "postero-anterior"
    header.ViewCodeSequence = [code]
    assert view_in(header) == "postero-anterior"


@pytest.mark.parametrize("cut", [1, 700, 3000])
def test_an_object_that_is_cut_off_is_none(tmp_path, cut):
    file = hospital(tmp_path, 1)[0][0]
    key = ObjectKey("1.2.826.0.1.3680043.10.1.1", "1.2.826.0.1.3680043.10.1.1.1", "1.2.826.0.1.3680043.10.1.1.1.1")
    assert check_object(file, key)["view"] == "PA"
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(UnusableImageError):
        check_object(file, key)
