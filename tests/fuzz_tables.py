"""Damage tables of releases and configurations and read them: nothing may hang or raise but an error for people.

    python tests/fuzz_tables.py --cases 2000 --seed 0

Every reader's release is made up, one of its tables is damaged, as bytes or as cells, and it is located, counted and
read as the workflow does; studies are damaged as texts or as values, and checked. Prints what came of them, keeps those
that broke something, and exits 1 if there are any.
"""

import argparse
import bz2
import contextlib
import gzip
import io
import json
import lzma
import shutil
import signal
import sys
import tempfile
import zipfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests")]

import make_manifest  # noqa: E402
import releases  # noqa: E402
from crossray.configfiles import check_text  # noqa: E402
from crossray.datasets import find_locator, find_reader  # noqa: E402
from crossray.datasets.configured import with_policy  # noqa: E402
from crossray.errors import UserError  # noqa: E402
from crossray.planning import cohort_of, manifest_settings, study_of  # noqa: E402
from crossray.study.plan import make_plan  # noqa: E402
from helpers import workbook  # noqa: E402

#: seconds that a case may take
LIMIT = 20
STUDIES = [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))]
SUFFIXES = (".csv", ".gz", ".json", ".xml", ".tgz", ".xlsx", ".parquet", ".zip", ".txt", ".bz2", ".xz")

#: cells and values that were not thought of
ODD = ["", " ", "=1+1", "-", "NaN", "inf", "-1", "2", "1e999", "0x1", "1" * 400, "a" * 70_000, "a\nb", "a\rb", '"',
       "\u202e", "\x00", "\x1b[31m", "\x85", "\ud800", "\u2028", "\ufeff", "../../etc/passwd", "/etc/passwd", "~",
       "{x}", "{{x}}", "%s", ";", ",", "\t", "None", "[]", "\u00e9", "e\u0301", "2017-13-45", "1;2",
       "C:\\x", "x" * 300 + ".png", "\uff1d1", "-0.0"]  # fmt: skip
VALUES = [
    None,
    True,
    False,
    0,
    -1,
    2**70,
    1e400,
    float("nan"),
    1e-320,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    {1: 2},
    *ODD,
]

SETTINGS = {"max_missing": 1.0, "public": True, "split": {"seed": 0, "train": 0.7, "validation": 0.1, "test": 0.2}}


def plain_table(root: Path) -> pd.DataFrame:
    """Return a table of a hospital of its own, with every column that can be named."""
    numbers = range(12)
    for number in numbers:
        (root / f"{number}.png").write_bytes(b"")
    rows = [{"image_id": f"i{n}", "patient_id": f"p{n // 2}", "path": f"{n}.png", "study_id": f"s{n}", "view": "PA",
             "sex": "FM"[n % 2], "age": str(30 + n), "split": "train" if n < 8 else "test", "A": str(n % 2), "B": ""}
            for n in numbers]  # fmt: skip
    return pd.DataFrame(rows)


def table(root: Path, kind: str) -> dict[str, object]:
    """Write a release of the reader ``table`` as one kind of file; return its settings."""
    made, path = plain_table(root), root / f"labels.{kind}"
    text = made.to_csv(index=False)
    packers = {"csv.gz": gzip.compress, "csv.bz2": bz2.compress, "csv.xz": lzma.compress}
    if kind == "parquet":
        made.assign(age=made["age"].astype(float), A=made["A"].astype("int8")).to_parquet(path, index=False)
    elif kind == "csv.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("labels.csv", text)
    elif kind == "xlsx":
        workbook(path, Labels=[list(made.columns), *made.to_numpy().tolist()])
    elif kind in packers:
        path.write_bytes(packers[kind](text.encode()))
    elif kind == "tsv":
        path.write_text(made.to_csv(index=False, sep="\t"))
    else:
        path.write_bytes(text.encode("utf-16" if kind == "utf16.csv" else "utf-8"))
    columns = {name: name for name in made.columns[:8]}
    return {"reader": "table", "table": path.name, "tasks": ["A", "B"], "columns": columns}


def made_up(root: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """Write a release of every reader that has tables, each in a folder of its own; yield name and settings."""
    makers = (releases.nih, releases.nih_google, releases.rsna, releases.siim, releases.padchest, releases.chexpert,
              releases.mimic_cxr, releases.brax, releases.openi, releases.vindr, releases.vindr_physionet,
              releases.montgomery, releases.shenzhen, releases.object_cxr, releases.folder)  # fmt: skip
    more = {
        "rsna": {"nih_mapping": "mapping.json"}, "vindr_physionet": {"reader": "vindr"},
        "mimic_cxr": {"labeler": "chexpert"}, "folder": {"classes": {"NORMAL": [], "PNEUMONIA": ["Pneumonia"]}},
    }  # fmt: skip
    for maker in makers:
        folder = root / maker.__name__
        folder.mkdir()
        maker(folder)
        yield maker.__name__, {"reader": maker.__name__} | more.get(maker.__name__, {})
    for kind in ("csv", "tsv", "utf16.csv", "csv.gz", "csv.bz2", "csv.xz", "csv.zip", "xlsx", "parquet"):
        (root / kind).mkdir()
        yield kind, table(root / kind, kind)


def damaged_bytes(content: bytes, generator: np.random.Generator) -> bytes:
    """Change, add, take out or cut some bytes, or put others in their place."""
    found = bytearray(content)
    places = generator.integers(0, max(len(found), 1), generator.integers(1, 9))
    kind = generator.integers(8)
    if kind == 0:
        return generator.bytes(int(generator.integers(0, 200)))
    if kind == 1:
        return bytes(found[: int(places[0])])
    if kind == 2:
        marks = [
            b"PK\x03\x04",
            b"PAR1",
            b"\x1f\x8b",
            b"BZh",
            b"\xfd7zXZ\x00",
            b"\xd0\xcf\x11\xe0",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
        ]
        return marks[int(generator.integers(len(marks)))] + bytes(found)
    for place in places.tolist():
        if kind == 3:
            found[place : place + 1] = generator.bytes(1)
        elif kind == 4:
            found[place:place] = generator.bytes(int(generator.integers(1, 32)))
        elif kind == 5:
            del found[place : place + int(generator.integers(1, 32))]
        elif kind == 6:
            found[place:place] = str(generator.choice([",", '"', "\n", ";", "\t", "\r", "'", "\\"])).encode()
        else:
            found[place:place] = ODD[int(generator.integers(len(ODD)))].encode("utf-8", "surrogatepass")
    return bytes(found)


def _cell(generator: np.random.Generator, text: str) -> str:
    odd = ODD[int(generator.integers(len(ODD)))].replace("\ud800", "?")
    return (odd, text + odd, odd + text)[int(generator.integers(3))]


def damaged_cells(path: Path, generator: np.random.Generator) -> bytes:
    """Put odd texts into cells and names of columns of a table in CSV, or drop or double columns and rows."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        found = pd.read_csv(file, dtype=str, keep_default_na=False, header=None)
    for _ in range(int(generator.integers(1, 6))):
        row, column = int(generator.integers(len(found))), int(generator.integers(found.shape[1]))
        kind = generator.integers(8)
        if kind < 5:
            found.iloc[row, column] = _cell(generator, str(found.iloc[row, column]))
        elif kind == 5 and found.shape[1] > 1:
            found = found.drop(columns=found.columns[column])
        elif kind == 6:
            found = pd.concat([found, found.iloc[[row]]], ignore_index=True)
        elif len(found) > 1:
            found = found.drop(index=found.index[row])
    text = found.to_csv(index=False, header=False).encode()
    return gzip.compress(text) if path.suffix == ".gz" else text


def damaged_member(content: bytes, generator: np.random.Generator) -> bytes:
    """Damage one file of an archive, so that its checksum is right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[int(generator.integers(len(members)))]
    members[name] = damaged_bytes(members[name], generator)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return packed.getvalue()


def damage_release(folder: Path, generator: np.random.Generator) -> None:
    """Damage one of a release's tables."""
    tables = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES or path.suffix == ".tsv")
    path = tables[int(generator.integers(len(tables)))] if tables else None
    if path is None or generator.random() < 0.05:
        (folder / "out.png").symlink_to("/etc/passwd")
        return
    with contextlib.suppress(ValueError, OSError, pd.errors.ParserError):
        if generator.random() < 0.5 and ".csv" in path.name and path.suffix in (".csv", ".gz"):
            path.write_bytes(damaged_cells(path, generator))
            return
    damage = damaged_member if path.suffix in (".xlsx", ".zip") and generator.random() < 0.5 else damaged_bytes
    path.write_bytes(damage(path.read_bytes(), generator))


def read_release(folder: Path, settings: dict[str, object]) -> None:
    """Locate, count and read a release, write its manifest, and read where findings are, as the workflow does."""
    study = {"study": "s", "tasks": ["A"], "datasets": {"made-up": {"root": str(folder), **SETTINGS, **settings}}}
    checked = study_of(study)
    dataset = checked.datasets["made-up"]
    reader = find_reader(dataset.reader)
    release = reader.locate("made-up", dataset)
    reader.count_images(release, dataset)
    plan = make_plan(checked, {"made-up": cohort_of("made-up", dataset)}, [])
    chosen = manifest_settings(plan, with_policy("made-up", dataset), "made-up")
    out = folder.parent / "out"
    make_manifest.make_manifest(
        Namespace(
            dataset="made-up", settings=json.loads(chosen), root=Path(release.root),
            tables=[Path(path) for path in release.tables], key=None, lookup=out / "lookup.csv",
            output=out / "m.parquet", forgotten=None,
        )
    )  # fmt: skip
    if hasattr(reader, "locate_places"):
        locator = find_locator(dataset.reader)
        locator.read_places(type(release)(release.root, locator.locate_places("made-up", dataset)))


def damaged_value(value: object, generator: np.random.Generator) -> object:
    """Change something in nested blocks: a value, a name, or whether it is there."""
    if generator.random() < 0.3 or not isinstance(value, dict | list) or not value:
        return VALUES[int(generator.integers(len(VALUES)))]
    if isinstance(value, list):
        place = int(generator.integers(len(value)))
        return [*value[:place], damaged_value(value[place], generator), *value[place + 1 :]]
    key = list(value)[int(generator.integers(len(value)))]
    kind = generator.integers(6)
    if kind == 0:
        return {name: part for name, part in value.items() if name != key}
    if kind == 1:
        return value | {ODD[int(generator.integers(len(ODD)))]: value[key]}
    return value | {key: damaged_value(value[key], generator)}


def check_study(config: object) -> None:
    """Check a configuration and find out what it means, as the workflow does when it plans."""
    if not isinstance(config, dict):
        return  # Snakemake's own concern
    study = study_of(config)
    cohorts = {}
    for name, dataset in study.datasets.items():
        reader = find_reader(dataset.reader)
        with_policy(name, dataset)
        with contextlib.suppress(UserError):  # no release is there
            reader.count_images(reader.locate(name, dataset), dataset)
        cohorts[name] = cohort_of(name, dataset)
    make_plan(study, cohorts, [])
    json.dumps(study.as_dict()).encode()


def read_study(path: Path) -> None:
    """Check a configuration's text, and what is in it."""
    check_text(path)
    check_study(yaml.safe_load(path.read_text(encoding="utf-8-sig")))


class HungError(Exception):
    """A case took longer than it may."""


def _stop(*_: object) -> None:
    raise HungError


def outcome(read, *arguments: object) -> str:
    """Say what came of a case: read, refused in one line, or what broke."""
    before = signal.signal(signal.SIGALRM, _stop)
    signal.alarm(LIMIT)
    try:
        read(*arguments)
    except UserError as error:
        text = str(error)
        fit = "\n" not in text and "\r" not in text and len(text) < 2000 and "Error(" not in text
        return "refused" if fit else f"message: {text[:300]!r}"
    except HungError:
        return "hung"
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"raised {type(error).__name__}: {str(error)[:200]!r}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return "read"


def outcomes(cases: int, seed: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the kind of each damaged release or configuration and what came of it; what broke stays in ``folder``."""
    generator = np.random.default_rng(seed)
    (folder / "whole").mkdir()
    sources = list(made_up(folder / "whole"))
    studies = [yaml.safe_load(path.read_text()) for path in STUDIES]
    for number in range(cases):
        place = folder / "damaged"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if number % 3:
            name, settings = sources[int(generator.integers(len(sources)))]
            shutil.copytree(folder / "whole" / name, place / name)
            damage_release(place / name, generator)
            came = outcome(read_release, place / name, settings)
        elif number % 2:
            name = "study, values"
            config = studies[int(generator.integers(len(studies)))]
            for _ in range(int(generator.integers(1, 4))):
                config = damaged_value(config, generator)
            (place / "study.txt").write_text(repr(config), encoding="utf-8", errors="backslashreplace")
            came = outcome(check_study, config)
        else:
            name = "study, text"
            text = STUDIES[int(generator.integers(len(STUDIES)))].read_bytes()
            (place / "study.yaml").write_bytes(damaged_bytes(text, generator))
            came = outcome(read_study, place / "study.yaml")
        if came not in ("read", "refused"):
            shutil.copytree(place, folder / str(number), symlinks=True)
        yield name, came


def main(argv: list[str] | None = None) -> int:
    """Damage, read, count, and return 1 if a case broke something."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    rows = []
    for number, (name, came) in enumerate(outcomes(arguments.cases, arguments.seed, folder)):
        if came not in ("read", "refused"):
            print(f"{name}: {came} ({folder}/{number})", flush=True)
        rows.append((name, came.split(" ")[0].strip(":")))
    names, kinds = zip(*rows, strict=True)
    counts = pd.crosstab(pd.Series(names, name="case"), pd.Series(kinds, name="outcome"), margins=True)
    print(counts.to_string())
    return int(not set(kinds) <= {"read", "refused"})


if __name__ == "__main__":
    sys.exit(main())
