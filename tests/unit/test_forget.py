"""Patients who are forgotten: nothing that is left names them, whatever the file, and they do not come back."""

import bz2
import gzip
import html
import json
import lzma
import os
import shutil
import signal
import urllib.parse
import zipfile
from pathlib import Path

import h5py
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forget
from crossray import forgotten, manifest, searching, traces
from crossray.errors import UserError
from crossray.files import write_csv, write_json
from crossray.traces import Traces
from helpers import manifest_table

KEY = b"k" * 32
GONE = "ward-0017"


def release(prefix="ward-"):
    """Return a manifest with the identifiers of the release."""
    table = manifest_table(20, ["A"], patients=20)
    for column in ("image_id", "patient_id", "study_id", "path"):
        table[column] = [f"{prefix}{column[0]}{number:03d}" for number in range(len(table))]
    table["patient_id"] = [f"{prefix}{number:04d}" for number in range(len(table))]
    return table


class House:
    """A working folder as a study leaves it, with two data sets of one cohort and one of another."""

    def __init__(self, folder, names=("ours", "again", "theirs")):
        self.folder, self.names = folder, names
        for name in names:
            self.make(name, release("clinic-" if name == "theirs" else "ward-"))

    def make(self, name, released):
        table = manifest.with_pseudonyms(released, KEY)
        data, study = self.folder / f"results/datasets/{name}", self.folder / f"results/study-{name}"
        manifest.write_lookup(self.folder / f"private/{name}.csv", released, table)
        for path in (data / "manifest.parquet", study / f"manifests/{name}.parquet"):
            path.parent.mkdir(parents=True, exist_ok=True)
            manifest.write(path, table, {})
        (data / "32px/shards").mkdir(parents=True)
        with h5py.File(data / "32px/shards/0000.h5", "w") as file:
            file["image_id"] = list(table["image_id"])
        for place in (
            "predictions/m/s/0/test",
            "leakage",
            "attributions",
            "analysis",
            "models/m/s/0/work",
            "anything new",
        ):
            (study / place).mkdir(parents=True)
            table.to_parquet(study / place / f"{name}.parquet")
        (study / "report.html").write_text(" ".join(table["image_id"]))
        films = self.folder / f"private/to_read/study.{name}.csv"
        films.parent.mkdir(exist_ok=True)
        released.to_csv(films, index=False)
        weights = {"datasets": {name: "digest"}, "sha256": f"w-{name}", "weights": None}
        write_json(study / "models/m/s/0/training.json", weights)
        write_json(study / "models/child/s/0/training.json", {"datasets": {}, "sha256": "c", "weights": f"w-{name}"})
        write_json(study / "models/other/s/0/training.json", {"datasets": {}, "sha256": "o", "weights": None})
        log = self.folder / "logs"
        log.mkdir(exist_ok=True)
        (log / f"{name}.log").write_text("20 images of 20 patients")

    def forget(self, *patients, dataset="ours", cohorts=None, **more):
        table = pd.DataFrame({"dataset": dataset, "patient_id": patients})
        table.to_csv(self.folder / "list.csv", index=False)
        cohorts = cohorts or {name: "two" if name == "theirs" else "one" for name in self.names}
        told = {"cohorts": cohorts, "releases": [str(self.folder / "list.csv")]}
        options = {"patients": "list.csv", "settings": json.dumps(told), "private": "private", "results": "results"}
        return forget.main([word for name, value in (options | more).items() for word in (f"--{name}", value)])

    def pseudonym(self, name="ours", patient=GONE):
        rows = traces.Ways(
            self.folder / f"private/{name}.csv", self.folder / f"results/datasets/{name}/manifest.parquet"
        ).rows()
        return rows.loc[rows["released_patient_id"] == patient, "patient_id"].iloc[0]

    def named(self):
        """Return the files below the folder that name the patient, found without the product's search."""
        table = release()
        row = table[table["patient_id"] == GONE]
        hashed = manifest.with_pseudonyms(row, KEY)
        names = [str(one[column].iloc[0]) for one in (row, hashed) for column in manifest.NAMING_COLUMNS]
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file()
            and path.name != "list.csv"
            and any(name.encode() in path.read_bytes() or name in contents(path) for name in names)
        )


def contents(path):
    return pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else ""


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return House(tmp_path)


@pytest.mark.parametrize("by", ["release", "manifest"])
def test_a_patient_is_named_nowhere_afterwards_and_is_left_out_from_then_on(house, by, caplog):
    caplog.set_level("INFO")
    assert len(house.named()) > 20
    assert house.forget(GONE if by == "release" else house.pseudonym()) == 0
    assert house.named() == []
    for name in ("ours", "again"):  # of one cohort, whichever of them the list names
        kept = forgotten.without_forgotten(release(), Path(f"private/forgotten/{name}.json"))
        assert set(release()["patient_id"]) - set(kept["patient_id"]) == {GONE}
    assert not Path("private/forgotten/theirs.json").exists()
    assert "2 patients with 2 images are forgotten" in caplog.text
    assert "found in 0" in caplog.text
    assert GONE not in caplog.text


def test_what_was_learnt_and_what_is_of_others_stays(house):
    before = {path: path.read_bytes() for path in Path().rglob("*theirs*/**/*") if path.is_file()}
    kept = [f"results/study-ours/models/{model}/s/0/training.json" for model in ("m", "child", "other")]
    assert house.forget(GONE) == 0
    assert len(before) > 10
    assert {path: path.read_bytes() for path in before} == before
    assert all(Path(path).exists() for path in kept)
    assert sorted(path.name for path in Path("results/study-ours").iterdir()) == ["models"]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("lost", ["", "private/ours.csv", "results/study-ours/manifests/ours.parquet"])
def test_models_that_learnt_from_a_patient_are_named_and_no_others(house, split, lost, caplog):
    caplog.set_level("INFO")
    place = Path("results/study-ours/manifests/ours.parquet")
    table = manifest.read(place)
    table.loc[table["patient_id"] == house.pseudonym(), "split"] = split
    manifest.write(place, table, {})
    if lost:
        Path(lost).unlink()
    house.forget(GONE, cohorts={"ours": "ours", "theirs": "two"})
    learnt = split != "test" or lost  # who cannot be found may be in any split
    for model, named in {"m": learnt, "child": learnt, "other": False}.items():
        assert (f"results/study-ours/models/{model}/s/0" in caplog.text) == bool(named), model


@pytest.mark.parametrize("moment", range(11))
def test_a_stop_at_any_moment_is_gone_on_from(tmp_path, monkeypatch, moment):
    """Stopped after so many removals and started again, all is gone that is gone without a stop."""
    monkeypatch.chdir(tmp_path)
    house, removed, remove = House(tmp_path, ["ours"]), [], forget._remove

    def stopping(path):
        if len(removed) == moment:
            raise KeyboardInterrupt
        removed.append(path)
        return remove(path)

    monkeypatch.setattr(forget, "_remove", stopping)
    assert house.forget(GONE) == 128 + signal.SIGINT
    monkeypatch.setattr(forget, "_remove", remove)
    assert house.forget(GONE) == 0
    assert len(removed) == moment
    assert house.named() == []
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if "training.json" not in path.name]
    assert sorted(left) == ["list.csv", "logs/ours.log", "private/forgotten/ours.json"]


def test_who_is_called_as_in_a_manifest_that_is_gone_is_not_taken_for_somebody_else(house, capsys):
    name = house.pseudonym()
    Path("private/again.csv").unlink()  # the other data set of the cohort still says who it is
    assert house.forget(name) == 0
    assert forgotten.without_forgotten(release(), Path("private/forgotten/again.json")).shape[0] == 19
    assert house.forget(name) == 1
    assert "is missing, and without it patients named as in a manifest cannot be found" in capsys.readouterr().err


def test_who_is_in_no_manifest_is_counted(house, caplog):
    assert house.forget(GONE, "ward-9999", "ward-8888") == 0
    assert "2 of the list are in no manifest" in caplog.text
    assert "ward-9999" not in caplog.text


WRITERS = {
    "a.txt": lambda path, name: path.write_text(f"x {name}, y"),
    "utf16.csv": lambda path, name: path.write_text(f"id\n{name}\n", encoding="utf-16"),
    "a.json": lambda path, name: path.write_text(json.dumps({"id": name})),
    "a.html": lambda path, name: path.write_text(f"<b>{html.escape(name)}</b>"),
    "a.svg": lambda path, name: path.write_text("data:image/svg+xml," + urllib.parse.quote(name)),
    "a.csv.gz": lambda path, name: path.write_bytes(gzip.compress(f"id\n{name}\n".encode())),
    "a.csv.xz": lambda path, name: path.write_bytes(lzma.compress(f"id\n{name}\n".encode())),
    "a.csv.bz2": lambda path, name: path.write_bytes(bz2.compress(f"id\n{name}\n".encode())),
    "a.parquet": lambda path, name: pd.DataFrame({"id": [name] * 3}).to_parquet(path, compression="zstd"),
    "a.zip": lambda path, name: zipped(path, "page.html", name),
    "b.zip": lambda path, name: zipped(path, name.replace("/", "_").replace("\\", "_"), "nothing"),
    "a.h5": lambda path, name: hdf5(path, name),
    "noending": lambda path, name: path.write_bytes(b"\0\1" + name.encode() + b"\2"),
    ".snakemake/log/1.snakemake.log": lambda path, name: path.write_text(f"error: {name}"),
    "logs/a/b.log": lambda path, name: path.write_text(f"{name}\n"),
    "results/s/models/m/s/0/history.csv": lambda path, name: write_csv(path, pd.DataFrame({"why": [name]})),
}


def zipped(path, member, text):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)


def hdf5(path, name):
    with h5py.File(path, "w") as file:
        file["image_id"] = [name]


@pytest.mark.parametrize("name", ["1730555", "ward-0017", "Müller-7", "a&b<c>17", "ward 17/3"])
@pytest.mark.parametrize("place", list(WRITERS))
def test_a_name_is_found_in_whatever_file_it_stands(tmp_path, place, name):
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if place == "b.zip":
        name = name.replace("/", "_")
    WRITERS[place](path, name)
    names = searching.Names([Traces("ours", {name}, {name})])
    found = searching.search([tmp_path], names)
    assert found.named == [path]
    assert (found.searched, found.closed) == (1, [])


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789ab-_ü", min_size=6, max_size=12), st.text("0123456789ab \n,;", max_size=30))
def test_a_name_is_found_as_a_word_of_its_own_alone(tmp_path_factory, name, around):
    names = searching.Names([Traces("ours", {name}, {name})])
    assert names.in_content(f"{around} {name},{around}".encode(), anywhere=False)
    assert names.in_content(f"{around} {name};".encode("utf-16-le"), anywhere=False)
    longer = f"7{name}".encode()
    if name[0].isascii() and name[0].isalnum() and not searching.is_pseudonym(name) and f"7{name}"[: len(name)] != name:
        assert not names.in_content(longer, anywhere=False)
    assert names.in_content(longer, anywhere=True)


def test_short_names_are_looked_for_in_cells_of_their_data_set_alone(tmp_path):
    names = searching.Names([Traces("ours", {"17"}, {"17"})])
    for folder in ("datasets/ours", "datasets/theirs"):
        (tmp_path / folder).mkdir(parents=True)
        write_csv(tmp_path / folder / "a.csv", pd.DataFrame({"patient_id": ["17", "170"], "images": [17, 3]}))
        (tmp_path / folder / "a.log").write_text("17 images")
        (tmp_path / folder / "damaged.csv").write_bytes(b"\xff\xfe\0")
        (tmp_path / folder / "damaged.parquet").write_bytes(b"PAR1 no more")
    found = searching.search([tmp_path], names)
    assert found.named == [tmp_path / "datasets/ours/a.csv"]
    assert [path.name for path in found.closed] == ["damaged.parquet"] * 2


def test_what_cannot_be_read_is_told_and_a_pipe_is_not_waited_for(house, caplog):
    os.mkfifo("pipe")
    Path("dangling").symlink_to("nowhere")
    Path("cut.gz").write_bytes(gzip.compress(os.urandom(1000))[:500])
    zipped(Path("secret.zip"), "a", "b")
    content = bytearray(Path("secret.zip").read_bytes())
    for place in (content.index(b"PK\1\2") + 8, 6):
        content[place] |= 1  # as if a password were needed
    Path("secret.zip").write_bytes(content)
    assert house.forget(GONE) == 0
    assert "2 files could not be read or unpacked, what is in them is not known: cut.gz, secret.zip" in caplog.text


def test_files_that_still_name_somebody_are_told_without_the_name(house, capsys, caplog):
    caplog.set_level("INFO")
    Path("notes").mkdir()
    Path(f"notes/{GONE}.txt").write_text("nothing")
    Path("notes/own.txt").write_text(f"call {GONE}")
    assert house.forget(GONE) == 1
    said = capsys.readouterr().err
    assert "patients are still named in notes/own.txt, the name of a file or folder in notes; remove" in said
    assert GONE not in said + caplog.text


def test_entries_of_a_cache_that_name_somebody_are_removed(house):
    cache = Path("cache")
    cache.mkdir()
    shutil.copy("results/datasets/ours/32px/shards/0000.h5", cache / "0a1b")
    shutil.copy("results/datasets/theirs/32px/shards/0000.h5", cache / "2c3d")
    assert house.forget(GONE, cache="cache") == 0
    assert [path.name for path in cache.iterdir()] == ["2c3d"]


def test_the_list_of_forgotten_names_nobody_and_a_damaged_one_lets_nobody_return(tmp_path):
    path = tmp_path / "ours.json"
    forgotten.add(path, [GONE])
    forgotten.add(path, ["ward-0003"])
    assert GONE not in path.read_text()
    assert manifest.with_pseudonyms(release(), KEY)["patient_id"].iloc[17] not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert len(forgotten.without_forgotten(release(), path)) == 18
    for text in (
        "",
        "{}",
        '{"key": 1',
        '{"key": 3, "patients": []}',
        '{"key": "a", "patients": [[]]}',
        "[]",
        "[" * 10**5,
    ):
        path.write_text(text)
        with pytest.raises(UserError, match="not a list of forgotten patients; bring it back"):
            forgotten.without_forgotten(release(), path)
    forgotten.add(tmp_path / "all.json", release()["patient_id"])
    with pytest.raises(UserError, match="all patients of the data set are forgotten"):
        forgotten.without_forgotten(release(), tmp_path / "all.json")
