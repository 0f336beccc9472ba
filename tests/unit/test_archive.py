"""Archives: what is asked and how politely, what is written, and what is said when an archive is not as it should be.

The archive is a small server of the tests that answers as DICOMweb does, or wrongly; test_archives.py has real ones.
"""

import json
import re
import shutil
import ssl
import stat
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pydicom
import pytest

import query
import retrieve_release
from crossray.datasets import READERS, TRANSPORTS
from crossray.datasets.pacs.options import wrong_query, wrong_url
from crossray.datasets.pacs.transport import pace
from crossray.datasets.pacs.transport.credentials import credentials_of
from crossray.errors import UserError
from crossray.planning import study_of
from pacs import certificate, free_port, hospital

#: so that no test waits for politeness
QUICK = {"per_second": 1000, "timeout": 20, "attempts": 2}
STUDIES = 4


class Faulty(ThreadingHTTPServer):
    """A DICOMweb service of files, in whose answers faults are planted.

    Attributes:
        fault: called with the path of a request; what it returns is a status, or bytes that replace the answer.
        asked: how often each path was.
    """

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Answers)
        self.objects = [pydicom.dcmread(file) for file in files]
        self.bytes = {str(one.SOPInstanceUID): file.read_bytes() for one, file in zip(self.objects, files, strict=True)}
        self.fault = lambda path: None
        self.rows_of_a_page = 0
        self.asked = Counter()
        self.headers = []
        self.url = f"http://localhost:{self.server_port}/dicom-web"

    def handle_error(self, request, client_address):
        """Say nothing of clients that are gone, and of connections that a fault closed."""

    def page(self, rows, offset):
        """Return the rows from an offset on; where pages are few rows long, in another order each time."""
        if not self.rows_of_a_page:
            return rows[offset:]
        turn = self.asked.total() % max(1, len(rows))
        return (rows[turn:] + rows[:turn])[offset : offset + self.rows_of_a_page]

    def found(self, parts):
        """Return what a search finds below a path, as JSON has it."""
        uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        level = len(parts) // 2
        rows = {}
        for one in self.objects:
            if all(str(one[key].value) == value for key, value in zip(uids, parts[1::2], strict=False)):
                answer = pydicom.Dataset()
                for key in (*uids[: level + 1], "PatientID", "AccessionNumber", "StudyID", "Modality"):
                    answer[key] = one[key]
                rows.setdefault(str(one[uids[level]].value), answer.to_json_dict())
        return list(rows.values())


class Answers(BaseHTTPRequestHandler):
    """What :class:`Faulty` answers."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        path, _, asked = self.path.partition("?")
        self.server.asked[path] += 1
        self.server.headers.append(dict(self.headers))
        parts = path.removeprefix("/dicom-web/").split("/")
        kind, body = "application/dicom+json", b""
        if len(parts) == 6:
            if content := self.server.bytes.get(parts[5]):
                kind = 'multipart/related; type="application/dicom"; boundary=xx'
                body = b"--xx\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--xx--"
        else:
            offset = int(re.search(r"offset=(\d+)", asked)[1])
            body = json.dumps(self.server.page(self.server.found(parts), offset)).encode()
        fault = self.server.fault(path)
        status = fault if isinstance(fault, int) else 200 if body else 404
        body = fault(body) if callable(fault) else body
        if body is None:
            self.connection.close()
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://localhost:1/")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Let nothing pause before it is asked again."""
    monkeypatch.setattr(pace, "FIRST_PAUSE", 0.001)


@contextmanager
def served(folder, monkeypatch):
    """Run a service with some studies; the test is in the folder beside its files."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NETRC", str(folder / "no"))
    monkeypatch.setattr(pace, "FIRST_PAUSE", 0.01)
    files, labels = hospital(folder / "dicom", STUDIES)
    labels.to_csv("labels.csv", index=False)
    with Faulty(files) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=60)


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Return a service with some studies, in whose folder the test is."""
    with served(tmp_path, monkeypatch) as server:
        yield server


def block(url, **more):
    """Return a data set of an archive."""
    asked = {"Modality": ["DX", "CR"], "StudyDate": "20250101-20251231"}
    limits = {"limits": {**QUICK, **more.pop("limits", {})}}
    return (
        {"reader": "dicomweb", "url": url, "query": asked, "labels": "labels.csv", "tasks": ["Effusion"]}
        | limits
        | more
    )


def ask(url, *words, dataset="ours", **more):
    """Run the program query on one data set."""
    config = {"study": "s", "tasks": ["Effusion"], "datasets": {dataset: block(url, **more)}}
    return query.main(["--settings", json.dumps(config), *words])


def fetch(url, raw=None, max_missing=0, views=("PA", "AP"), dataset="ours", store="raw", **limits):
    """Run the program retrieve_release on that data set."""
    folder = f"private/archive/{dataset}"
    settings = {"reader": "dicomweb", "views": views, "max_missing": max_missing, "public": False}
    return retrieve_release.main([
        "--dataset", dataset, "--settings", json.dumps(settings),
        "--archive", json.dumps({"url": url, "limits": {**QUICK, **limits}}), "--table", f"{folder}/query.csv",
        "--store", f"{folder}/{store}", "--missing", f"{folder}/not_fetched.csv",
        "--images", f"{folder}/images.parquet", *(["--raw", raw] if raw else []),
    ])  # fmt: skip


def raw_files(folder):
    """Return the raw files by their names."""
    return {path.name: path for path in (folder / "private/archive/ours/raw").rglob("*.dcm")}


def told(capsys):
    """Return the one line that a program ended with."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1
    return lines[0]


def test_every_way_to_an_archive_is_a_readers():
    assert set(TRANSPORTS) < set(READERS)


def test_what_an_archive_has_becomes_files_and_a_table(service, tmp_path, capsys):
    assert ask(service.url) == 0
    assert "4 studies with 6 objects have labels" in capsys.readouterr().out
    facts = json.loads((tmp_path / "private/archive/ours/query.json").read_text())
    assert (facts["studies"], facts["objects"], facts["not_found"]) == (4, 6, 0)
    assert fetch(service.url) == 0
    images = pd.read_parquet(tmp_path / "private/archive/ours/images.parquet")
    assert list(images["dicom_view"]) == ["PA", "PA", "LL", "AP", "PA", "LL"]
    for one in service.objects:
        kept = pydicom.dcmread(raw_files(tmp_path)[f"{one.SOPInstanceUID}.dcm"])
        assert kept == one
    for path in (tmp_path / "private").rglob("*"):
        if path.is_dir():
            continue
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 or path.suffix == ".json", path
    assert stat.S_IMODE((tmp_path / "private/archive/ours").stat().st_mode) == 0o700


def test_a_query_that_finds_the_same_leaves_the_table_untouched(service, tmp_path, capsys):
    assert ask(service.url) == 0
    table = tmp_path / "private/archive/ours/query.csv"
    before = table.stat().st_mtime_ns
    assert ask(service.url) == 0
    assert table.stat().st_mtime_ns == before
    del service.objects[0]
    capsys.readouterr()
    assert ask(service.url, "--diff") == 0
    out = capsys.readouterr().out
    assert "1 studies that are gone" in out
    assert "1 objects that are gone" in out
    assert table.stat().st_mtime_ns == before


@pytest.mark.parametrize("rows", [2, 3])
def test_pages_that_overlap_leave_nothing_out(service, rows, capsys):
    service.rows_of_a_page = rows
    assert ask(service.url) == 0
    assert "4 studies with 6 objects have labels" in capsys.readouterr().out


def test_only_what_has_labels_is_asked_for(service, tmp_path, capsys):
    labels = pd.read_csv("labels.csv").iloc[1:2]
    pd.concat([labels, pd.DataFrame({"AccessionNumber": ["gone"], "Effusion": [1]})]).to_csv("labels.csv", index=False)
    assert ask(service.url) == 0
    out = capsys.readouterr().out
    assert "1 studies with 2 objects have labels, 3 studies match without labels, 1 of the labels have no study" in out
    studies = {path.split("/")[3] for path in service.asked if path.count("/") > 3}
    assert len(studies) == 1


def test_what_is_there_is_checked_and_not_fetched_again(service, tmp_path):
    assert ask(service.url) == 0
    assert fetch(service.url) == 0
    once = Counter(service.asked)
    first, second, *_ = sorted(raw_files(tmp_path).values())
    whole = first.read_bytes()
    first.write_bytes(whole[:-700])
    second.unlink()
    (tmp_path / "private/archive/ours/raw/of-an-earlier-query.dcm").write_bytes(b"x")
    assert fetch(service.url) == 0
    assert first.read_bytes() == whole
    assert len(raw_files(tmp_path)) == 6
    assert sum((service.asked - once).values()) == 2


def test_a_folder_that_is_deleted_after_conversion_gets_its_name_at_the_end(service, tmp_path):
    assert ask(service.url) == 0
    assert fetch(service.url, raw="private/archive/ours/finished") == 0
    assert not (tmp_path / "private/archive/ours/raw").exists()
    assert len(list((tmp_path / "private/archive/ours/finished").rglob("*.dcm"))) == 6


def of_one_object(fault):
    """Return a fault in the answers about one object alone."""
    return lambda path: fault if path.endswith(".2.1.2") and path.count("/") == 7 else None


FAULTS = {
    "cut off": (lambda body: body[: len(body) // 2] + b"\r\n--xx--", "truncated pixel data|not what DICOMweb says"),
    "another object": (lambda body: body.replace(b".2.1.2", b".2.1.9"), "another SOPInstanceUID than was asked for"),
    "no DICOM": (lambda body: b"--xx\r\n\r\nhello\r\n--xx--", "not what DICOMweb says|not an object"),
    "no parts": (lambda body: b"<html>busy</html>", "not what DICOMweb says"),
    "vanished": (404, r"not in the archive \(404\)"),
    "server error": (500, "the archive answered 500"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_object_that_cannot_be_had_is_listed_and_costs_itself_alone(service, tmp_path, capsys, name):
    fault, reason = FAULTS[name]
    assert ask(service.url) == 0
    service.fault = of_one_object(fault)
    assert fetch(service.url, max_missing=0.5) == 0
    listed = pd.read_csv("private/archive/ours/not_fetched.csv")
    assert list(listed["sop_instance_uid"].str.endswith(".2.1.2")) == [True]
    assert listed["reason"].str.contains(reason).all()
    assert len(raw_files(tmp_path)) == 5
    capsys.readouterr()
    assert fetch(service.url) == 1
    assert "1 of 6 objects could not be had, more than max_missing = 0 allows" in told(capsys)
    service.fault = lambda path: None
    assert fetch(service.url) == 0
    assert len(raw_files(tmp_path)) == 6


def test_what_fails_at_times_comes_in_the_end(service, tmp_path, tell):
    counts = Counter()

    def at_times(path):
        counts[path] += 1
        kinds = [503, lambda body: None, lambda body: body[:-800], 500]
        return kinds[len(counts) % 4] if counts[path] == 1 else None

    service.fault = at_times
    soon = {"timeout": 2, "attempts": 5}  # an answer that never comes is not waited for long
    assert ask(service.url, limits=soon) == 0
    assert fetch(service.url, **soon) == 0
    assert len(raw_files(tmp_path)) == 6
    tell(f"archives: {len(counts)} faults injected into answers, objects lost: {6 - len(raw_files(tmp_path))}")


ANSWERS = {
    401: "the archive refuses (401): set CROSSRAY_ARCHIVE_OURS_USER, CROSSRAY_ARCHIVE_OURS_PASSWORD or",
    403: "the archive refuses (403)",
    404: "no service answers there: not in the archive (404); look at the address",
    302: "the archive sends requests on to another address; set url to that",
    500: "gave no answer to use: the archive answered 500; look whether it is up",
    503: "answers 503, as if it were busy; look whether it is up",
}


@pytest.mark.parametrize("status", ANSWERS)
def test_what_an_archive_answers_is_told_in_one_line(service, capsys, status):
    service.fault = lambda path: status
    assert ask(service.url) == 1
    assert ANSWERS[status] in told(capsys)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'[{"0020000D": 5}]', b"\xff\xfe", b'{"a": 1}'])
def test_a_broken_answer_is_told(service, capsys, body):
    service.fault = lambda path: lambda _: body
    assert ask(service.url) == 1
    assert "gave no answer to use" in (line := told(capsys)) or "no study in the archive matches" in line


def test_a_uid_that_is_none_becomes_no_file(service, tmp_path, capsys):
    service.objects[0].SOPInstanceUID = "../../escaped"
    assert ask(service.url) == 1
    assert "sends a UID that is none" in told(capsys)
    assert not (tmp_path / "private").exists()


def test_an_archive_that_goes_down_stops_the_retrieval_which_goes_on_later(service, tmp_path, capsys):
    assert ask(service.url) == 0
    gone = Counter()

    def after_two(path):
        gone["asked"] += 1
        return None if gone["asked"] <= 2 else 503

    service.fault = after_two
    capsys.readouterr()
    assert fetch(service.url, connections=1) == 1
    line = told(capsys)
    assert "answers 503, as if it were busy; 2 objects are there and kept" in line
    service.fault = lambda path: None
    before = Counter(service.asked)
    assert fetch(service.url) == 0
    assert sum((service.asked - before).values()) == 4
    assert len(raw_files(tmp_path)) == 6


def test_an_archive_that_is_down_or_silent_is_told(service, tmp_path, capsys):
    assert ask(f"http://localhost:{free_port()}/dicom-web") == 1
    assert "refuses the connection: nothing listens there; look whether it is up" in told(capsys)
    waits = threading.Event()
    service.fault = lambda path: lambda body: waits.wait(60) and body
    assert ask(service.url, limits={"timeout": 0.5, "attempts": 1}) == 1
    waits.set()
    assert "no answer within 0.5 seconds" in told(capsys)


def test_what_matches_nothing_is_told(service, capsys):
    pd.DataFrame({"AccessionNumber": ["1"], "Effusion": [1]}).to_csv("labels.csv", index=False)
    assert ask(service.url) == 1
    assert "4 studies match, and no object of theirs has a value of AccessionNumber that stands in column" in told(
        capsys
    )
    service.objects.clear()
    assert ask(service.url) == 1
    assert "no study in the archive matches" in told(capsys)


def test_credentials_come_from_the_environment_or_netrc_and_are_written_nowhere(service, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CROSSRAY_ARCHIVE_OURS_TOKEN", "never-written-token")
    assert ask(service.url) == 0
    assert {one["Authorization"] for one in service.headers} == {"Bearer never-written-token"}
    monkeypatch.delenv("CROSSRAY_ARCHIVE_OURS_TOKEN")
    (tmp_path / "netrc").write_text("machine localhost login reader password never-written-password\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    service.headers.clear()
    assert fetch(service.url) == 0
    assert {one["Authorization"][:6] for one in service.headers} == {"Basic "}
    service.fault = lambda path: 403
    assert ask(service.url) == 1
    output = capsys.readouterr()
    written = [path.read_bytes() for path in (tmp_path / "private").rglob("*") if path.is_file()]
    assert not any(b"never-written" in text for text in written)
    assert "never-written" not in output.out + output.err


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate with")
@pytest.mark.parametrize(
    ("name", "own", "words"),
    [
        ("localhost", None, "is vouched for by nobody known; name your hospital's certificates with ca"),
        ("another.hospital", "cert.pem", "is of another host; write the name in url that it is made for"),
        ("localhost", "labels.csv", "datasets.ours"),
        ("localhost", "cert.pem", None),
    ],
)
def test_certificates_are_checked(service, tmp_path, capsys, name, own, words):
    cert, key = certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    service.socket = context.wrap_socket(service.socket, server_side=True)
    url = service.url.replace("http", "https")
    assert ask(url, **({"ca": str(tmp_path / own)} if own else {})) == (0 if words is None else 1)
    assert words is None or words in told(capsys)


def test_half_a_credential_is_told(monkeypatch):
    monkeypatch.setenv("CROSSRAY_ARCHIVE_MY_SITE_USER", "reader")
    with pytest.raises(UserError, match="CROSSRAY_ARCHIVE_MY_SITE_PASSWORD go together"):
        credentials_of("my-site")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("pacs/dicom-web", "is no address"), ("ftp://pacs/x", "is no address"), ("https://", "is no address"),
        ("https://u:p@pacs/x", "has credentials in it"), ("https://pacs/x?token=1", "has a . or # in it"),
        ("https://pacs:port/x", "is no address"), ("https://pacs.org/dicom-web", None),
        ("http://localhost:8042/a", None),
    ],
)  # fmt: skip
def test_addresses_of_archives(url, words):
    found = wrong_url(url)
    assert found is None if words is None else words.replace(". or", "? or") in found


def test_plain_http_to_another_machine_is_refused(service, capsys):
    assert ask("http://pacs.invalid/dicom-web") == 1
    assert "by http images and credentials would travel readable" in told(capsys)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"PatientName": "A*"}, "'PatientName' is none of the elements"), ({"Modality": ""}, "'' is no value"),
        ({"Modality": "DX\\CR"}, "give several as a list"), ({"StudyDate": "2025-01-01"}, "no date or range"),
        ({"StudyDate": "20250101-"}, None), ({"Modality": ["DX", "CR"]}, None),
    ],
)  # fmt: skip
def test_queries(asked, words):
    found = wrong_query(asked)
    assert found is None if words is None else words in found


def test_settings_of_an_archive_are_checked_by_key():
    config = {"study": "s", "tasks": ["Effusion"], "datasets": {"ours": block("https://u:secret@pacs/x")}}
    with pytest.raises(UserError, match=r"datasets\.ours\.url") as error:
        study_of(config)
    assert "environment" in str(error.value)
