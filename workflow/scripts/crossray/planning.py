"""A configuration to what the workflow does: the one place where the study meets the readers of its data sets.

The workflow imports this at start, so it stays light.
"""

import importlib.metadata
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossray.datasets import READERS, Release, find_reader, find_unpacker
from crossray.datasets.configured import options_of, places_of, with_policy
from crossray.datasets.reading import Reading
from crossray.errors import UserError
from crossray.pseudonyms import make_key
from crossray.study.base import taken
from crossray.study.config import Study
from crossray.study.datasets import Dataset
from crossray.study.plan import Plan, make_plan
from crossray.study.reading import Readers, read_study
from crossray.study.stage_settings import is_file


@dataclass(frozen=True)
class Sources:
    """What a study's data sets are read from.

    Attributes:
        releases: data set -> where its release lies.
        readings: data set -> the settings of its reader, the label policy spelt out.
    """

    releases: Mapping[str, Release]
    readings: Mapping[str, Reading]


def study_of(config: Mapping[str, Any]) -> Study:
    """Return the study that a configuration describes.

    Raises:
        UserError: if a key or value is not allowed.
    """
    return read_study(config, Readers(tuple(READERS), options_of))


def plan_of(config: Mapping[str, Any]) -> tuple[Plan, Sources]:
    """Return what a study does, and what its data sets are read from.

    Raises:
        UserError: if a key or value is not allowed, or a release is not where the configuration says.
    """
    study = study_of(config)
    readings = {name: with_policy(name, dataset) for name, dataset in study.datasets.items()}
    releases = {name: find_reader(dataset.reader).locate(name, dataset) for name, dataset in study.datasets.items()}
    registers = {name: register_of(name, dataset) for name, dataset in study.datasets.items()}
    located = [name for name in study.tested_on() if places_of(name, study.datasets[name])]
    return make_plan(study, registers, located), Sources(releases, readings)


def register_of(name: str, dataset: Dataset) -> str:
    """Return whose patients a data set has: a register that is named, the reader's, another hospital's, or its own."""
    return dataset.register or find_reader(dataset.reader).REGISTER or getattr(dataset, "patients_of", None) or name


def manifest_settings(plan: Plan, reading: Reading, name: str) -> str:
    """Return the settings that decide what a reader makes of its release, as one string."""
    dataset = plan.study.datasets[name]
    told = replace(reading, public=dataset.public, register=plan.registers[name])
    return (replace(told, role="test") if dataset.is_only_tested() else replace(told, split=dataset.split)).to_json()


def unpacking_settings(dataset: Dataset) -> str:
    """Return the settings that decide how a release that is no image files is unpacked, as one string."""
    return taken(find_unpacker(dataset.reader).Unpacking, dataset).to_json()


def weights_file(weights: object, key: str) -> list[str]:
    """Return weights that are a file, as a list of one; none for a published name or no weights.

    Snakemake asks for an input only where its job runs, and an older result might stand for what is not there.

    Raises:
        UserError: if there is no such file.
    """
    if not isinstance(weights, str) or not is_file(weights):
        return []
    if not Path(weights).is_file():
        raise UserError(
            f"config: {key}: no file {weights!r} (paths start from {Path.cwd()}); name one with a state dict, or "
            "published weights by their name, which has neither a point nor a slash"
        )
    return [weights]


def weights_files(plan: Plan) -> dict[str, list[str]]:
    """Return model -> the file of the user's that its weights start from, as a list of one.

    Raises:
        UserError: if a file is not there.
    """
    named = {name: (model.model.weights, f"models.{model.sweep}.weights") for name, model in plan.models.items()}
    return {
        name: weights_file(weights, key) if isinstance(weights, str) else [] for name, (weights, key) in named.items()
    }


def encoder_file(study: Study) -> list[str]:
    """Return the file of the encoder that describes images, as a list of one; none where it is no file.

    Raises:
        UserError: if it is not there.
    """
    return weights_file(study.explanation.encoder if study.explanation else None, "explanation.encoder")


def pseudonyms_key(study: Study, dataset: str) -> list[str]:
    """Return the key that replaces identifiers of a data set, made on first use; none where it is public."""
    if study.datasets[dataset].public:
        return []
    key = Path(study.private, "pseudonyms.key")
    make_key(key)
    return [str(key)]


def check_cache(study: Study, folder: str | None) -> None:
    """Check that data of patients would not go to a between-workflow cache that others can read.

    Snakemake makes every file in it readable and writable by all, the table of identifiers too.

    Raises:
        UserError: if they would.
    """
    closed = [name for name, dataset in study.datasets.items() if not dataset.public]
    if folder and closed and Path(folder).is_dir() and Path(folder).stat().st_mode & 0o077:
        raise UserError(
            f"--cache: {folder} can be entered by others, who could read the images and identifiers of "
            f"{', '.join(closed)}. Close it (chmod 700 {folder}), use another folder, or leave --cache out"
        )


def check_writable(*folders: str) -> None:
    """Check that results can be written: Snakemake itself would end in a traceback.

    Raises:
        UserError: if a folder that is there cannot be written to.
    """
    for folder in folders:
        if Path(folder).exists() and not os.access(folder, os.W_OK):
            raise UserError(
                f"{folder}: may not be written to (a file system that is read-only, or another owner); mend that and "
                "start again, what is done stays done"
            )


def library_versions(*libraries: str) -> str:
    """Return the versions of libraries that decide a result, as one string."""
    return json.dumps({name: _version_of(name) for name in libraries}, sort_keys=True)


def _version_of(library: str) -> str:
    """Return the version of an installed library; rules can also be looked at, as by --lint, where it is not there."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
