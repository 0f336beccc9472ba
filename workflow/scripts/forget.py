"""Forget patients: take them out of all that the workflow wrote, and see to it that they do not come back.

The list names patients by data set, in the columns dataset and patient_id, as the release calls them or as a manifest
does. What was made from the data sets is removed, to be made again without these patients by the next run; weights of
models stay, and those that learnt from the patients are named. Then everything is searched for what named them.
"""

import logging
import shutil
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.forget import Forget

#: folders beside a manifest that hold the release itself
RAW = ("release", "unpacked")


def forget(arguments: Namespace) -> None:
    """Write the lists, name the models, remove, search."""
    from crossray import forgotten, traces
    from crossray.errors import UserError, listed

    if not arguments.patients.is_file():
        raise UserError("no list of patients: name a table with --config forget=FILE (columns dataset and patient_id)")
    found = [
        traces.traces_of(
            name,
            patients,
            arguments.private / f"{name}.csv",
            arguments.results / "datasets" / name / "manifest.parquet",
        )
        for name, patients in _wanted(arguments.patients, arguments.settings.registers).items()
    ]
    for one in found:
        forgotten.add(arguments.private / "forgotten" / f"{one.dataset}.json", one.patients)
    names = {one.dataset for one in found}
    studies = [path.parent for path in arguments.results.glob("*/manifests") if path.parent.name != "datasets"]
    learnt = sorted({model for one in found for study in studies for model in traces.learnt_from(study, one)})
    removed = sum(_remove(path) for path in _made(arguments.results, arguments.private, names, studies))
    raw = [path for kind in RAW for path in arguments.results.glob(f"datasets/*/{kind}")]
    releases = {Path(path).resolve() for path in (*arguments.settings.releases, arguments.patients, *raw)}
    _, cached = traces.search(arguments.cache, found, releases)
    removed += sum(_remove(path) for path in cached)
    searched, left = traces.search([Path(), arguments.private, *arguments.cache], found, releases)
    images = sum(len(one.images) for one in found)
    logging.info("%d patients with %d images are forgotten", sum(len(one.patients) for one in found), images)
    logging.info("%d files and folders were removed; the next run makes them again without these patients", removed)
    logging.info("models that learnt from them, to train again: %s", listed(learnt, 1000) if learnt else "none")
    logging.info("%d files were searched for identifiers, pseudonyms and file names: found in %d", searched, len(left))
    if left:
        raise UserError(f"patients are still named in {listed(left, 1000)}; remove these files and forget again")


def _wanted(path: Path, registers: dict[str, str]) -> dict[str, set[str]]:
    """Read the list, and add the same patients of other data sets of one register."""
    from crossray.datasets.sheets import read_table
    from crossray.errors import UserError

    table = read_table(str(path), ["dataset", "patient_id"])
    if strange := set(table["dataset"]) - set(registers):
        raise UserError(f"{path}: {len(strange)} of its data sets are none of this study: {', '.join(registers)}")
    wanted: dict[str, set[str]] = {}
    for dataset, patient in zip(table["dataset"], table["patient_id"], strict=True):
        for name, register in registers.items():
            if register == registers[dataset]:
                wanted.setdefault(name, set()).add(patient)
    return wanted


def _made(results: Path, private: Path, names: set[str], studies: list[Path]) -> list[Path]:
    """Return what was made from data sets, but for what was learnt; the ways back last, so that a stop can go on."""
    from crossray.traces import LEARNT

    concerned = [
        study for study in studies if any((study / "manifests" / f"{name}.parquet").exists() for name in names)
    ]
    of_studies = [path for study in concerned for path in study.iterdir() if path.name not in LEARNT]
    work = [path for study in concerned for kind in LEARNT for path in (study / kind).rglob("work")]
    of_data = [
        path for name in sorted(names) for path in (results / "datasets" / name).iterdir() if path.name not in RAW
    ]
    return [*of_studies, *work, *of_data, *(private / f"{name}.csv" for name in sorted(names))]


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
    options.add_argument("--private", required=True, type=Path, help="folder of what leads back to patients")
    options.add_argument("--results", required=True, type=Path, help="folder of results")
    options.add_argument(
        "--cache", type=Path, nargs="*", default=[], help="folders of Snakemake's between-workflow cache"
    )
    return run(forget, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
