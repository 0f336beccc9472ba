"""Real archives, Orthanc and dcmqrscp on the loopback: killed, restarted, changed; same shards, nothing lost."""

import json
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pydicom
import pytest

import convert_shard
import make_manifest
import query
import retrieve_release
from crossray.datasets import find_reader
from crossray.datasets.configured import with_policy
from crossray.datasets.pacs.transport import dimse, pace
from crossray.planning import study_of
from crossray.pseudonyms import make_key
from crossray.study.splits import Split
from helpers import ROOT
from pacs import (
    DCMQRSCP,
    ORTHANC,
    PASSWORD,
    PLUGIN,
    USER,
    Dcmqrscp,
    Front,
    Orthanc,
    certificate,
    free_port,
    hospital,
    signed_certificate,
)
from workflow_helpers import started, wait_until

pytestmark = pytest.mark.archive
needs_orthanc = pytest.mark.skipif(not (ORTHANC and PLUGIN), reason="no Orthanc with its DICOMweb plugin is installed")
needs_dcmqrscp = pytest.mark.skipif(not DCMQRSCP, reason="no dcmqrscp (dcmtk) is installed")

STUDIES = 12
OBJECTS = STUDIES + STUDIES // 2
LIMITS = {"per_second": 1000, "timeout": 60, "attempts": 3}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a hospital's files and labels."""
    return hospital(tmp_path_factory.mktemp("dicom"), STUDIES)


@pytest.fixture(scope="module")
def receiver():
    """Return the port that C-MOVE sends to."""
    yield free_port()
    for server in dimse._servers.values():
        server.shutdown()
    dimse._servers.clear()


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory, files, receiver):
    """Return an Orthanc that has them; who changes them changes it back."""
    archive = Orthanc(
        tmp_path_factory.mktemp("orthanc"), DicomModalities={"crossray": ["CROSSRAY", "127.0.0.1", receiver]}
    )
    try:
        archive.start().put(*files[0])
        yield archive
    finally:
        archive.stop()


@pytest.fixture(scope="module")
def dcmqrscp(tmp_path_factory, files, receiver):
    """Return a dcmqrscp that has them."""
    archive = Dcmqrscp(tmp_path_factory.mktemp("dcmqrscp"), files[0], receiver)
    yield archive
    archive.stop()


@pytest.fixture
def here(tmp_path, monkeypatch, files):
    """Return the folder of a site, with its labels."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", str(tmp_path / "no"))
    monkeypatch.setattr(pace, "FIRST_PAUSE", 0.05)
    files[1].to_csv("labels.csv", index=False)
    return tmp_path


def web(archive, **more):
    """Return how an archive is reached by DICOMweb."""
    return {"reader": "dicomweb", "url": archive.url, "limits": LIMITS, **more}


def associations(port, title, **more):
    """Return how an archive is reached by associations."""
    names = {"host": "127.0.0.1", "port": port, "aet": "CROSSRAY", "called_aet": title}
    return {"reader": "dimse", "limits": LIMITS, **names, **more}


def study(way):
    asked = {"Modality": ["DX", "CR"], "StudyDate": "20250101-20251231"}
    block = {"query": asked, "labels": "labels.csv", "tasks": ["Effusion"], **way}
    return {"study": "s", "tasks": ["Effusion"], "datasets": {"ours": block}}


def ask(way, *words):
    return query.main(["--settings", json.dumps(study(way)), *words])


def words_of_retrieval(way, views=("ANY",), max_missing=0):
    settings = {"reader": way["reader"], "views": views, "max_missing": max_missing, "public": False}
    folder = "private/archive/ours"
    return [
        "--dataset", "ours", "--settings", json.dumps(settings),
        "--archive", json.dumps({key: value for key, value in way.items() if key != "reader"}),
        "--table", f"{folder}/query.csv", "--store", f"{folder}/raw", "--missing", f"{folder}/not_fetched.csv",
        "--images", f"{folder}/images.parquet",
    ]  # fmt: skip


def fetch(way, **more):
    return retrieve_release.main(words_of_retrieval(way, **more))


def raw_files(folder=Path()):
    return sorted((folder / "private/archive/ours/raw").rglob("*.dcm"))


def grown(number):
    """Return whether there are more raw files than a number."""
    return len(raw_files()) > number


def retrieval(way, folder):
    """Start a retrieval as a process of its own."""
    words = [sys.executable, str(ROOT / "workflow/scripts/retrieve_release.py"), *words_of_retrieval(way)]
    return started(words, folder, folder / "retrieval.log")


def told(capsys):
    """Return the one line that a program ended with."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1
    return lines[0]


def ways(request, receiver):
    orthanc, dcmqrscp = (request.getfixturevalue(name) for name in ("orthanc", "dcmqrscp"))
    move = {"retrieve": "move", "receive_port": receiver}
    return {
        "orthanc, DICOMweb": web(orthanc),
        "orthanc, C-GET": associations(orthanc.dicom, "ORTHANC"),
        "orthanc, C-MOVE": associations(orthanc.dicom, "ORTHANC", **move),
        "dcmqrscp, C-GET": associations(dcmqrscp.port, "TESTS"),
        "dcmqrscp, C-MOVE": associations(dcmqrscp.port, "TESTS", **move),
    }


@needs_orthanc
@needs_dcmqrscp
def test_every_way_brings_the_same_objects(request, receiver, here, files):
    tables = {}
    for name, way in ways(request, receiver).items():
        shutil.rmtree("private", ignore_errors=True)
        assert ask(way) == 0, name
        assert fetch(way) == 0, name
        assert len(raw_files()) == OBJECTS, name
        tables[name] = pd.read_parquet("private/archive/ours/images.parquet")
        kept = {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, raw_files())}
        assert kept == {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, files[0])}, name
    first = tables.pop("orthanc, DICOMweb")
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, first, obj=name)


def shard(folder, settings, root, tables, key):
    """Make the manifest and the shard of a data set, and return their bytes."""
    words = {"public": False, "cohort": "ours", "split": Split()}
    assert make_manifest.main([
        "--dataset", "ours", "--settings", with_policy("ours", settings, **words).to_json(), "--root", str(root),
        "--tables", *tables, "--key", str(key), "--lookup", f"{folder}/lookup.csv", "--output", f"{folder}/m.parquet",
    ]) == 0  # fmt: skip
    shape = {"size": 32, "fit": "crop", "colour": "grey", "burnt_in": "reject", "burnt_in_areas": [], "shards": 1}
    assert convert_shard.main([
        "--dataset", "ours", "--shard", "0", "--settings", json.dumps(shape), "--manifest", f"{folder}/m.parquet",
        "--lookup", f"{folder}/lookup.csv", "--root", str(root), "--output", f"{folder}/0.h5",
        "--rejected", f"{folder}/rejected.csv",
    ]) == 0  # fmt: skip
    columns = ["image_id", "patient_id", "study_id", "view", "sex", "age", "split", "Effusion"]
    return (folder / "0.h5").read_bytes(), pd.read_parquet(folder / "m.parquet")[columns]


@needs_orthanc
def test_shards_are_those_of_a_folder_byte_for_byte(orthanc, here, files):
    way = web(orthanc, views=["PA", "AP"])
    assert ask(way) == 0
    assert fetch({key: value for key, value in way.items() if key != "views"}, views=["PA", "AP"]) == 0
    make_key(key := here / "key")
    ours = study_of(study(way)).datasets["ours"]
    release = find_reader("dicomweb").locate_in("private", "ours", ours)
    one = shard(here / "archive", ours, release.root, release.tables, key)
    shutil.copytree(files[0][0].parent, here / "folder/images")
    shutil.copy("labels.csv", "folder/labels.csv")
    by = {"column": "AccessionNumber", "header": "AccessionNumber"}
    block = {"reader": "table", "root": "folder", "table": "labels.csv", "found_by": by, "tasks": ["Effusion"]}
    config = {"study": "s", "tasks": ["Effusion"], "datasets": {"ours": block | {"views": ["PA", "AP"]}}}
    same = study_of(config).datasets["ours"]
    other = shard(here / "made", same, "folder", find_reader("table").locate("ours", same).tables, key)
    assert one[0] == other[0]
    pd.testing.assert_frame_equal(one[1], other[1])
    assert len(one[1]) == STUDIES


@needs_orthanc
def test_a_retrieval_that_is_killed_goes_on(orthanc, here, tell):
    way = web(orthanc) | {"limits": LIMITS | {"per_second": 4}}
    assert ask(web(orthanc)) == 0
    kept = {}
    for blow in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        with retrieval(way, here) as process:
            wait_until(partial(grown, len(kept) + 1), process)
            process.send_signal(blow)
            process.wait(timeout=120)
        assert process.returncode
        assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
        kept = {path: path.stat().st_mtime_ns for path in raw_files()}
    assert fetch(web(orthanc)) == 0
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert len(raw_files()) == OBJECTS
    assert not list(Path("private").rglob("*.partial"))
    tell(f"archives: 3 retrievals killed, objects lost: {OBJECTS - len(raw_files())}")


@needs_orthanc
def test_a_restart_of_the_archive_costs_time_alone(orthanc, here, tell):
    way = web(orthanc) | {"limits": LIMITS | {"per_second": 6, "attempts": 20}}
    assert ask(web(orthanc)) == 0
    with retrieval(way, here) as process:
        wait_until(raw_files, process)
        orthanc.stop()
        orthanc.start()
        assert process.wait(timeout=600) == 0, (here / "retrieval.log").read_text()
    assert len(raw_files()) == OBJECTS
    tell(f"archives: 1 restart of an archive, objects lost: {OBJECTS - len(raw_files())}")


@needs_orthanc
def test_a_study_that_vanishes_or_changes_is_told(orthanc, here, files, capsys, tmp_path_factory):
    assert ask(web(orthanc)) == 0
    uid = "1.2.826.0.1.3680043.10.1.2"
    mine = [path for path in files[0] if path.name.startswith("00002-")]
    try:
        orthanc.delete_study(uid)
        orthanc.put(mine[0])
        capsys.readouterr()
        assert ask(web(orthanc), "--diff") == 0
        assert "1 objects that are gone" in capsys.readouterr().out
        assert fetch(web(orthanc), max_missing=0.5) == 0
        listed = pd.read_csv("private/archive/ours/not_fetched.csv")
        assert list(listed["sop_instance_uid"]) == [f"{uid}.1.2"]
        assert "not in the archive" in listed["reason"][0]
        orthanc.delete_study(uid)
        assert ask(web(orthanc)) == 0
        assert "1 of the labels have no study" in capsys.readouterr().out
        assert fetch(web(orthanc)) == 0
        assert not [path for path in raw_files() if uid in path.parts]
    finally:
        orthanc.put(*mine)


@needs_orthanc
def test_hundreds_of_objects(orthanc, here, tmp_path_factory, tell):
    number = 200
    more, labels = hospital(tmp_path_factory.mktemp("more"), number, first=1000)
    try:
        orthanc.put(*more)
        labels.to_csv("labels.csv", index=False)
        way = web(orthanc) | {"limits": LIMITS | {"connections": 4}}
        assert ask(way) == 0
        assert fetch(way) == 0
        assert len(raw_files()) == len(more) == number * 3 // 2
        tell(f"archives: {len(more)} objects fetched, objects lost: {len(more) - len(raw_files())}")
    finally:
        for one in range(1000, 1000 + number):
            orthanc.delete_study(f"1.2.826.0.1.3680043.10.1.{one}")


@needs_orthanc
@pytest.mark.slow
def test_thousands_of_objects_and_an_archive_that_lists_only_some(here, tmp_path_factory, capsys, tell):
    """Series of 250 objects. With a limit this archive ends its lists there, and has no further page."""
    studies, each = 8, 250
    archive = Orthanc(here / "orthanc")
    first, labels = hospital(tmp_path_factory.mktemp("thousands"), studies)
    sent = {}
    try:
        archive.start()
        for file in first[: 2 * studies]:
            one = pydicom.dcmread(file)
            if one.InstanceNumber > 1:
                continue
            for number in range(1, each + 1):
                one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"{one.SeriesInstanceUID}.{number}"
                one.PixelData = bytes(one.PixelData[:-2]) + number.to_bytes(2, "little")
                one.save_as(here / "one.dcm")
                archive.put(here / "one.dcm")
                sent[str(one.SOPInstanceUID)] = one.PixelData
        labels.to_csv("labels.csv", index=False)
        way = web(archive) | {"limits": LIMITS | {"connections": 4}}
        assert ask(way) == 0
        facts = json.loads(Path("private/archive/ours/query.json").read_text())
        assert (facts["studies"], facts["objects"], facts["incomplete"]) == (studies, studies * each, 0)
        assert fetch(way) == 0
        kept = {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, raw_files())}
        assert kept == sent
        tell(f"archives: {len(sent):,} objects fetched, objects lost: {len(sent) - len(kept)}")
        archive.stop()
        archive.more |= {"LimitFindInstances": 100, "LimitFindResults": 100}
        archive.start()
        capsys.readouterr()
        assert ask(way) == 0
        out = capsys.readouterr().out
        assert f"{studies} series list another number of objects than they should have: the archive may end" in out
        assert json.loads(Path("private/archive/ours/query.json").read_text())["incomplete"] == studies
    finally:
        archive.stop()


@needs_orthanc
@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make certificates with")
def test_a_hospitals_own_certificates(orthanc, here, capsys):
    """An archive by TLS, whose certificate an authority of the test's vouches for."""
    authority, both = signed_certificate(here / "certificates", "localhost")
    other, _ = certificate(here / "other", "localhost")
    with Front(orthanc.http, both) as front:
        assert ask(web(front)) == 1
        assert "the archive's certificate is vouched for by nobody known; name your hospital's" in told(capsys)
        assert ask(web(front, ca=str(other))) == 1
        assert "the archive's certificate" in told(capsys)
        assert not Path("private").exists()
        assert ask(web(front, ca=str(authority))) == 0
        assert fetch(web(front, ca=str(authority))) == 0
        assert len(raw_files()) == OBJECTS
        capsys.readouterr()
        shutil.rmtree("private/archive/ours/raw")
        assert fetch(web(front)) == 1
        assert "is vouched for by nobody known" in told(capsys)
        assert not raw_files()


@needs_orthanc
def test_an_archive_that_wants_to_know_who_asks(here, files, capsys, monkeypatch):
    archive = Orthanc(here / "orthanc", AuthenticationEnabled=True, RegisteredUsers={USER: PASSWORD})
    try:
        archive.start()
        assert ask(web(archive)) == 1
        assert "the archive refuses (401): set CROSSRAY_ARCHIVE_OURS_USER" in told(capsys)
        monkeypatch.setenv("CROSSRAY_ARCHIVE_OURS_USER", USER)
        monkeypatch.setenv("CROSSRAY_ARCHIVE_OURS_PASSWORD", PASSWORD)
        assert ask(web(archive)) == 1
        assert "no study in the archive matches" in told(capsys)
    finally:
        archive.stop()


@needs_orthanc
@needs_dcmqrscp
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"called_aet": "NOBODY"}, "the archive is not called that; set called_aet to the archive's own title"),
        ({"port": 1}, "does not answer at that host and port"),
        ({"host": "no.such.host.invalid"}, "has a host that nobody knows"),
    ],
)
def test_what_an_association_ends_with_is_told(orthanc, here, capsys, change, words):
    assert ask(associations(orthanc.dicom, "ORTHANC") | change) == 1
    assert words in told(capsys)


@needs_orthanc
def test_an_archive_that_knows_no_way_back_is_told(orthanc, here, capsys):
    way = associations(orthanc.dicom, "ORTHANC", aet="STRANGER", retrieve="move", receive_port=free_port())
    assert ask(way) == 0
    assert fetch(way) == 1
    assert "C-MOVE" in told(capsys)
