"""Files made to lead astray or to break what reads them: one line that names the file, and nothing read elsewhere."""

import io
import json
import os
import tarfile
import time
from argparse import Namespace

import h5py
import numpy as np
import pandas as pd
import pytest

import fuzz_tables
import make_manifest
import releases
from crossray import manifest, paths, planning
from crossray.datasets import Release, openi
from crossray.errors import UserError, listed, speaking_of
from crossray.files import later_than_now, read_json, read_parquet
from crossray.shards import ImageStore, read_index, shard_entry, write_shard


def test_a_sample_of_damaged_tables_and_studies(tmp_path):
    came = [kind for _, kind in fuzz_tables.outcomes(40, 3, tmp_path)]
    assert set(came) == {"read", "refused"}


def test_every_release_of_the_fuzz_is_read_as_it_is(tmp_path):
    (tmp_path / "whole").mkdir()
    for name, settings in fuzz_tables.made_up(tmp_path / "whole"):
        assert fuzz_tables.outcome(fuzz_tables.read_release, tmp_path / "whole" / name, settings) == "read", name


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[31mb", "a\u202eb", "a\ud800b", "a\u2028b", "a\x85b"])
def test_a_message_is_one_line_of_printed_signs(text):
    told = str(UserError(f"no file {text}"))
    assert told.isprintable()
    assert told.startswith("no file a")
    assert len(listed(["x" * 10_000])) < 300
    long = str(UserError(f"no file {'x' * 10_000}; mend root"))
    assert len(long) < 1600
    assert long.endswith("x; mend root")


# Paths

LEAVING = ["../secret.png", "a/../../secret.png", "{elsewhere}/secret.png", "link.png", "folder/secret.png",
           "folder/../secret.png", "up/release/../secret.png", "gone/../../secret.png"]  # fmt: skip
STAYING = [
    "0.png",
    "a/0.png",
    "a/../0.png",
    "own.png",
    "inside/0.png",
    "back/../0.png",
    "gone.png",
    "x" * 300,
    "a\0b",
    "\ud800",
]


@pytest.fixture
def release(tmp_path):
    """Return a release with links that leave it and links that do not, and a file beside it."""
    root, elsewhere = tmp_path / "release", tmp_path / "elsewhere"
    (root / "a").mkdir(parents=True)
    elsewhere.mkdir()
    for path in (root / "0.png", root / "a/0.png", elsewhere / "secret.png", tmp_path / "secret.png"):
        path.write_bytes(b"")
    links = {
        "link.png": elsewhere / "secret.png",
        "folder": elsewhere,
        "up": tmp_path,
        "own.png": "a/0.png",
        "inside": "a",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    (tmp_path / "linked").symlink_to(root)
    return root


@pytest.mark.parametrize("place", ["release", "linked", "release/../release"])
def test_paths_that_leave_a_folder_are_found_links_resolved(release, place):
    leaving = [path.format(elsewhere=release.parent / "elsewhere") for path in LEAVING]
    assert paths.outside(release.parent / place, [*leaving, *STAYING]) == leaving
    assert paths.outside(release.parent / place, [str(release / "0.png")]) == []


def manifest_of(root, path, **settings):
    """Make the manifest of a release of two images, one at a path."""
    table = pd.DataFrame({"image_id": ["i", "j"], "patient_id": ["p", "q"], "path": ["0.png", path], "A": [0, 1]})
    table.to_csv(root / "labels.csv", index=False)
    columns = {name: name for name in ("image_id", "patient_id", "path")}
    chosen = {"reader": "table", "columns": columns, "tasks": ["A"], "views": ["ANY"], "images_per_patient": "all",
              "uncertain": "ignore", "max_missing": 1.0, "public": True,
              "split": fuzz_tables.SETTINGS["split"]}  # fmt: skip
    out = root.parent / "out"
    make_manifest.make_manifest(Namespace(
        dataset="d", settings=chosen | settings, root=root, tables=[root / "labels.csv"], key=None,
        lookup=out / "lookup.csv", output=out / "m.parquet", forgotten=None,
    ))  # fmt: skip
    return manifest.read(out / "m.parquet")["path"].tolist()


@pytest.mark.parametrize("path", [path for path in LEAVING if "{" not in path])
def test_an_image_outside_of_its_release_is_refused_with_the_line_that_allows_it(release, path):
    words = "1 of 2 images lie outside this folder, by their path or a link, the first is"
    with pytest.raises(UserError, match=words) as error:
        manifest_of(release, path)
    assert str(error.value).endswith("if you mean it, set datasets.d.outside_root: allow")
    with speaking_of(False), pytest.raises(UserError, match=f"{words} that of row 3; ") as error:
        manifest_of(release, path)
    assert path not in str(error.value)
    assert manifest_of(release, path, outside_root="allow") == ["0.png", path]


def test_an_image_inside_by_way_of_a_link_is_kept(release):
    assert manifest_of(release, "inside/0.png") == ["0.png", "inside/0.png"]


# Archives


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "ecgen-radiology/1.xml", "gone.xml"])
def test_a_report_that_is_a_link_or_a_device_is_refused(tmp_path, kind, target):
    with tarfile.open(tmp_path / "r.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("ecgen-radiology/1.xml")
        member.type, member.linkname = kind, target
        archive.addfile(member)
    with pytest.raises(UserError, match=r"r\.tgz: a report in it is a link or a device"):
        list(openi._reports(str(tmp_path / "r.tgz")))


#: entities of entities, ten times ten times ...
BOMB = (
    '<!DOCTYPE a [<!ENTITY b0 "bbbbbbbbbb">'
    + "".join(f"<!ENTITY b{n} '" + f"&b{n - 1};" * 10 + "'>" for n in range(1, 10))
    + "]><a>&b9;</a>"
).encode()


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (b"<eCitation><uId/></eCitation>", "has no id"),
        (b"<eCitation><uId id='1'/><parentImage/></eCitation>", "has no id"),
        (b"<eCitation>", "not readable XML"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "not readable XML"),
        (b"<?xml version='1.0' encoding='utf-32'?><a/>", "not readable XML"),
        (BOMB, "not readable XML"),
        (b"<a>" + b" " * (1 << 20), "larger than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_a_report_that_is_none_is_told(tmp_path, report, words):
    with tarfile.open(tmp_path / "r.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("1.xml")
        member.size = len(report)
        archive.addfile(member, io.BytesIO(report))
    with pytest.raises(UserError, match=words):
        list(openi._reports(str(tmp_path / "r.tgz")))


def test_unpacked_reports_are_not_read_elsewhere(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "secret").write_bytes(releases.openi_report("CXR1", ["a"], []))
    (tmp_path / "reports/1.xml").write_bytes(releases.openi_report("CXR2", ["b"], []))
    assert [name for name, _, _ in openi._reports(str(tmp_path / "reports"))] == ["CXR2"]
    (tmp_path / "reports/2.xml").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="1 of 2 reports are links that lead out of it"):
        list(openi._reports(str(tmp_path / "reports")))


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"junk" + b, lambda b: b[:12] + b"\xff" * 40, lambda b: b""]
)
def test_a_damaged_archive_of_reports_is_told(tmp_path, damage):
    releases.openi(tmp_path)
    path = tmp_path / "NLMCXR_reports.tgz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"NLMCXR_reports\.tgz: not a readable archive of reports; it is damaged"):
        list(openi._reports(str(path)))


# Files of the workflow's own


@pytest.fixture
def shard(tmp_path):
    """Return a shard, and beside it one whose pixels others may point to."""
    for name in ("0000", "other"):
        write_shard(tmp_path / f"shards/{name}.h5", np.full((3, 8, 8), 7, np.uint8), list("abc"), 8, {"dataset": "d"})
    return tmp_path / "shards/0000.h5"


def _external_link(file, name):
    file[name] = h5py.ExternalLink("other.h5", f"/{name}")


def _soft_link(file, name):
    file.move(name, "there") if name in file else file.create_dataset("there", data=[1])
    file[name] = h5py.SoftLink("/there")


def _virtual(file, name):
    layout = h5py.VirtualLayout(shape=(3, 8, 8), dtype=np.uint8)
    layout[:] = h5py.VirtualSource("other.h5", "images", shape=(3, 8, 8))
    file.create_virtual_dataset(name, layout)


def _external_storage(file, name):
    file.create_dataset(name, (3, 8, 8), np.uint8, external=[("other.h5", 0, 192)])


def _chunked(file, name):
    file.create_dataset(name, data=np.zeros((3, 8, 8), np.uint8), chunks=(1, 8, 8), compression="gzip")


def _group(file, name):
    file.create_group(name)


def _of_another_kind(file, name):
    file.create_dataset(name, data=np.zeros((3, 8), np.float32))


def _scalar(file, name):
    file[name] = 3


@pytest.mark.parametrize("name", ["images", "image_id"])
@pytest.mark.parametrize("change", [_external_link, _soft_link, _virtual, _external_storage, _chunked, _group,
                                    _of_another_kind, _scalar, None])  # fmt: skip
def test_a_shard_that_does_not_hold_its_own_pixels_is_refused(shard, name, change):
    whole = shard_entry(shard)
    with h5py.File(shard, "r+") as file:
        del file[name]
        if change:
            change(file, name)
    (shard.parent.parent / "index.json").write_text(
        json.dumps({"dataset": "d", "size": 8, "images": 3, "rejected": 0, "shards": [whole]})
    )
    for read in (lambda: shard_entry(shard), lambda: ImageStore(shard.parent.parent / "index.json")):
        with pytest.raises(UserError, match=r"0000\.h5: .*; make it again: snakemake"):
            read()


ENTRY = {"file": "0000.h5", "images": 1, "sha256": "x"}
INDEX = {"dataset": "d", "size": 8, "images": 1, "rejected": 0, "shards": [ENTRY]}


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "3", "null", "\x00", "[" * 5000, "{}", INDEX | {"shards": []}, INDEX | {"shards": {}},
        INDEX | {"size": "8"}, INDEX | {"size": -8}, INDEX | {"dataset": 3}, INDEX | {"images": None},
        *(INDEX | {"shards": [ENTRY | part]} for part in (
            {"file": "../0000.h5"}, {"file": "/etc/passwd"}, {"file": "a/b.h5"}, {"file": ".."}, {"file": ""},
            {"file": None},
            {"images": -1}, {"images": "1"}, {"images": True})),
        INDEX | {"shards": ["0000.h5"]}, INDEX | {"shards": [{}]},
    ],
)  # fmt: skip
def test_an_index_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "index.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UserError, match=r"index\.json: .*; make it again: snakemake"):
        read_index(tmp_path / "index.json")


def test_a_file_in_bytes_that_are_no_text_is_no_json(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(UserError, match="not readable as JSON"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"junk", b"PAR1" + b"\x00" * 100 + b"PAR1", b"a,b\n1,2\n"])
def test_a_table_that_is_no_parquet_is_told(tmp_path, content):
    (tmp_path / "m.parquet").write_bytes(content)
    for read in (read_parquet, manifest.read, manifest.read_metadata):
        with pytest.raises(UserError, match=r"m\.parquet: .*; make it again: snakemake"):
            read(tmp_path / "m.parquet")


@pytest.mark.parametrize(
    "change",
    [{"split": None}, {"patient_id": [1, 2]}, {"age": ["x", "y"]}, {"A": ["1", "0"]}, {"path": [b"\xff", b"\xfe"]}],
)
def test_a_manifest_of_other_columns_is_told(tmp_path, change):
    table = pd.DataFrame({"image_id": ["a", "b"], "patient_id": ["p", "q"], "study_id": [None, None],
                          "path": ["x", "y"],
                          "view": [None, None], "sex": ["F", None], "age": [1.0, None], "split": ["train", "test"],
                          "A": [1.0, None]})  # fmt: skip
    manifest.write(tmp_path / "m.parquet", table, {})
    assert manifest.read(tmp_path / "m.parquet")["A"].tolist()[0] == 1
    wrong = table.assign(**change) if None not in change.values() else table.drop(columns=list(change))
    wrong.to_parquet(tmp_path / "m.parquet")
    with pytest.raises(UserError, match=r"m\.parquet: (has no column|column \w+ is not of its type)"):
        manifest.read(tmp_path / "m.parquet")


def test_files_from_the_future_are_found(tmp_path):
    for name, seconds in (("past", -1000), ("soon", 30), ("future", 400 * 86400)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() + seconds,) * 2)
    files = [tmp_path / name for name in ("past", "soon", "future", "gone")]
    assert [path.name for path in later_than_now(files)] == ["soon", "future"]
    assert [path.name for path in later_than_now(files, seconds=60)] == ["future"]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_what_describes_an_entry_of_an_archive_is_not_read_if_it_is_huge(tmp_path, monkeypatch, kind):
    member = tarfile.TarInfo("long")
    member.type, member.size = kind, (1 << 33) - 1
    (tmp_path / "r.tar").write_bytes(member.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 16))
    for name in ("_proc_pax", "_proc_gnulong"):
        monkeypatch.setattr(tarfile.TarInfo, name, lambda *_: pytest.fail("it was read"))
    with pytest.raises(UserError, match="not a readable archive of reports"):
        list(openi._reports(str(tmp_path / "r.tar")))


def test_an_archive_of_millions_of_entries_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(openi, "_MOST_ENTRIES", 3)
    with tarfile.open(tmp_path / "r.tgz", "w:gz") as archive:
        for number in range(4):
            archive.addfile(tarfile.TarInfo(f"{number}.txt"), io.BytesIO())
    with pytest.raises(UserError, match="more than 3 entries"):
        list(openi._reports(str(tmp_path / "r.tgz")))


OTHERS = [
    "..\\secret.png", "a\\..\\..\\secret.png", "\\\\server\\share\\0.png", "C:\\0.png", "//server/0.png",
    "file:///etc/passwd", "~/secret.png", "$HOME/secret.png", "%2e%2e/secret.png",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_paths_of_other_systems_and_addresses_are_names_of_files_or_refused(release, name):
    inside = (release / name).resolve().is_relative_to(release.resolve())
    assert (paths.outside(release, [name]) == []) == inside
    assert inside == (not name.startswith("//"))


def test_a_large_report_of_a_folder_is_refused(tmp_path):
    (tmp_path / "ecgen").mkdir()
    with (tmp_path / "ecgen/1.xml").open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(UserError, match="larger than 1,048,576 bytes"):
        list(openi._reports(str(tmp_path / "ecgen")))


#: what jobs of each kind read
READ = ["datasets/d/manifest.parquet", "datasets/d/regions.parquet", "datasets/d/32px/shards/0000.h5",
        "datasets/d/32px/index.json", "s/manifests/d.parquet", "s/leakage/moves/d.csv",
        "s/models/m/d/0/weights.safetensors", "s/shared_heads/m/free/0/training.json",
        "s/predictions/m/d/0/test/d.parquet", "s/corrected/m/d/0/d.parquet", "s/embeddings/m/d/0.parquet",
        "s/attributions/m/d/d/maps.h5", "s/descriptions/d.parquet", "s/analysis/performance.csv",
        "s/figures/auc_matrix.svg"]  # fmt: skip


@pytest.mark.parametrize("place", [*(f"results/{name}" for name in READ), "labels.csv"])
def test_a_clock_that_runs_behind_what_any_job_reads_stops_the_run(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    study = planning.study_of({"study": "s", "tasks": ["A"], "datasets": {"d": {"reader": "simulated", "images": 9}}})
    releases = [Release(str(tmp_path), ("labels.csv",))]
    for path in (tmp_path / name for name in (place, "results/other/manifests/d.parquet")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    planning.check_clock(study, releases)
    for name in (place, "results/other/manifests/d.parquet"):  # another study's are none of this one's
        os.utime(name, (time.time() + 86400,) * 2)
    with pytest.raises(UserError, match=rf"^{place}: has a file time in the future \(1 such"):
        planning.check_clock(study, releases)
