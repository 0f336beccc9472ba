"""Forget patients: remove them from all outputs of the workflow, and from later runs.

The list names patients by data set, in the columns dataset and patient_id, as the release calls them or as a manifest
does. What was made from the data sets is removed, to be made again without these patients by the next run; weights of
models stay, and those that learnt from the patients are named. Then everything is searched for what named them.
"""

import logging
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.program import parser, run, settings_option
from crossray.study.stages.forget import Forget

if TYPE_CHECKING:
    from crossray.searching import Names
    from crossray.traces import Traces

#: folders beside a manifest that hold the release itself
RAW = ("release", "unpacked")


def forget(arguments: Namespace) -> None:
    """Write the lists, name the models, remove, search."""
    from crossray import forgotten, searching, traces
    from crossray.errors import UserError, listed

    if not arguments.patients.is_file():
        raise UserError("no list of patients: name a table with --config forget=FILE (columns dataset and patient_id)")
    found, unknown = _traces(arguments)
    for one in found:
        forgotten.add(arguments.private / "forgotten" / f"{one.dataset}.json", one.patients)
    names = {one.dataset for one in found}
    studies = [path.parent for path in arguments.results.glob("*/manifests") if path.parent.name != "datasets"]
    learnt = sorted({model for one in found for study in studies for model in traces.learnt_from(study, one)})
    images = sum(len(one.images) for one in found)
    logging.info("%d patients with %d images are forgotten", sum(len(one.patients) for one in found), images)
    if unknown:
        logging.warning("%d of the list are in no manifest; if there are manifests, look how they are spelt", unknown)
    logging.info("models that learnt from them, to train again: %s", listed(learnt, 1000) if learnt else "none")
    raw = [path for kind in RAW for path in arguments.results.glob(f"datasets/*/{kind}")]
    releases = {Path(path).resolve() for path in (*arguments.settings.releases, arguments.patients, *raw)}
    names_of = searching.Names(found)
    cached = searching.search(arguments.cache, names_of, releases).named
    removed = sum(map(_remove, [*cached, *_made(arguments.results, arguments.private, names, studies)]))
    logging.info("%d files and folders were removed; the next run makes them again without these patients", removed)
    left = searching.search([Path(), arguments.private, *arguments.cache], names_of, releases)
    logging.info(
        "%d files were searched for identifiers, pseudonyms and file names: found in %d", left.searched, len(left.named)
    )
    if left.closed:
        logging.warning(
            "%d files could not be read or unpacked, what is in them is not known: %s",
            len(left.closed),
            listed((path for path in left.closed if not names_of.in_path(path)), 1000),
        )
    if left.named:
        told = sorted({_without_name(path, names_of) for path in left.named})
        raise UserError(f"patients are still named in {listed(told, 1000)}; remove these files and forget again")


def _without_name(path: Path, names: "Names") -> str:
    """Name a file, or the folder that it is in where its own name is somebody's: this goes to the log."""
    return str(path) if not names.in_path(path) else f"the name of a file or folder in {_above(path, names)}"


def _above(path: Path, names: "Names") -> Path:
    return next(folder for folder in path.parents if not names.in_path(folder))


def _traces(arguments: Namespace) -> "tuple[list[Traces], int]":
    """Return what names the patients, in all data sets of their cohorts, and how many of them are in no manifest."""
    from crossray.traces import Ways, traces_of

    found: list[Traces] = []
    unknown = 0
    cohorts = arguments.settings.cohorts
    for cohort, patients in _wanted(arguments.patients, cohorts).items():
        ways = {
            name: Ways(arguments.private / f"{name}.csv", arguments.results / f"datasets/{name}/manifest.parquet")
            for name in cohorts
            if cohorts[name] == cohort
        }
        traces, strange = traces_of(patients, ways)
        found += traces
        unknown += len(strange)
    return found, unknown


def _wanted(path: Path, cohorts: dict[str, str]) -> dict[str, set[str]]:
    """Read the list: the patients by the cohort of their data sets."""
    from crossray.datasets.sheets import read_table
    from crossray.errors import UserError

    table = read_table(str(path), ["dataset", "patient_id"])
    if strange := set(table["dataset"]) - set(cohorts):
        raise UserError(f"{path}: {len(strange)} of its data sets are none of this study: {', '.join(cohorts)}")
    wanted: dict[str, set[str]] = {}
    for dataset, patient in zip(table["dataset"], table["patient_id"], strict=True):
        wanted.setdefault(cohorts[dataset], set()).add(patient)
    return wanted


def _made(results: Path, private: Path, names: set[str], studies: list[Path]) -> list[Path]:
    """Return what was made from data sets but not learnt; what leads to patients last, so that a stop can go on."""
    from crossray.traces import LEARNT

    concerned = [
        study for study in studies if any((study / "manifests" / f"{name}.parquet").exists() for name in names)
    ]
    work = [path for study in concerned for kind in LEARNT for path in (study / kind).rglob("work")]
    of_studies = [path for study in concerned for path in study.iterdir() if path.name not in (*LEARNT, "manifests")]
    of_data = [path for name in sorted(names) for path in (results / "datasets").glob(f"{name}/*")]
    rest = [path for path in of_data if path.name not in (*RAW, "manifest.parquet")]
    leading = [study / "manifests" for study in concerned]
    leading += [path for name in sorted(names) for path in private.glob(f"to_read/*.{name}.csv")]
    leading += [
        path
        for name in sorted(names)
        for path in (results / f"datasets/{name}/manifest.parquet", private / f"{name}.csv")
    ]
    return [*work, *of_studies, *rest, *leading]


def _remove(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return True
    there = path.exists() or path.is_symlink()
    path.unlink(missing_ok=True)
    return there


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--patients", required=True, type=Path, help="CSV with the columns dataset and patient_id")
    settings_option(options, Forget)
    options.add_argument("--private", required=True, type=Path, help="folder of what identifies patients")
    options.add_argument("--results", required=True, type=Path, help="folder of results")
    options.add_argument(
        "--cache", type=Path, nargs="*", default=[], help="folders of Snakemake's between-workflow cache"
    )
    return run(forget, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
