"""From a configuration to the workflow: the only place where the study meets the readers of its data sets.

The workflow imports this at start, so it stays light.
"""

import importlib.metadata
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from crossray.datasets import READERS, Release, find_archived, find_reader, find_unpacker
from crossray.datasets.configured import options_of, places_of, with_policy
from crossray.datasets.reading import Reading
from crossray.datasets.scores import read_scores
from crossray.errors import UserError, speaking_of
from crossray.files import later_than_now
from crossray.methods.words import written
from crossray.program import one_line
from crossray.pseudonyms import make_key
from crossray.study import stage_settings
from crossray.study.base import as_text, taken
from crossray.study.config import Study
from crossray.study.datasets import ARCHIVE_SETTINGS, Dataset, path_settings
from crossray.study.models import Model
from crossray.study.plan import Plan, make_plan
from crossray.study.reading import Readers, read_study
from crossray.study.stage_settings.networks import is_file
from crossray.study.stages.write_report import WriteReport


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
    releases = {name: _release_of(study, name) for name in study.datasets}
    cohorts = {name: cohort_of(name, dataset) for name, dataset in study.datasets.items()}
    located = [name for name in study.tested_on() if places_of(name, study.datasets[name])]
    return make_plan(study, cohorts, located), Sources(releases, readings)


def _release_of(study: Study, name: str) -> Release:
    dataset = study.datasets[name]
    root = getattr(dataset, "root", None)
    with one_line(UserError, dataset.public, [Path(root)] if root else ()):
        if archived := find_archived(dataset.reader):
            return archived.locate_in(study.private, name, dataset)
        return find_reader(dataset.reader).locate(name, dataset)


def cohort_of(name: str, dataset: Dataset) -> str:
    """Return whose patients a data set has: a cohort that is named, the reader's, another hospital's, or its own."""
    return dataset.cohort or find_reader(dataset.reader).COHORT or getattr(dataset, "patients_of", None) or name


def manifest_settings(plan: Plan, reading: Reading, name: str) -> str:
    """Return the settings that decide what a reader makes of its release, as one string."""
    dataset = plan.study.datasets[name]
    told = replace(reading, public=dataset.public, cohort=plan.cohorts[name])
    told = replace(told, outside_root="allow") if dataset.outside_root == "allow" else told
    return (replace(told, role="test") if dataset.is_only_tested() else replace(told, split=dataset.split)).to_json()


def retrieval_settings(study: Study, reading: Reading, name: str) -> str:
    """Return the settings that decide which objects of an archive become images, as one string."""
    return stage_settings.data.retrieve_release(study.datasets[name], getattr(reading, "views", ())).to_json()


def connection_settings(dataset: Dataset) -> str:
    """Return how an archive is reached and spared, as one string; no result depends on it."""
    archived = find_archived(dataset.reader)
    return taken(archived.Connection, dataset).to_json() if archived else ""


def unpacking_settings(dataset: Dataset) -> str:
    """Return the settings that decide how a release that is no image files is unpacked, as one string."""
    return taken(find_unpacker(dataset.reader).Unpacking, dataset).to_json()


def weights_file(weights: object, key: str) -> list[str]:
    """Return weights that are a file, as a list of one; none for a published name or no weights.

    Snakemake requests an input only if its job runs, so an older result could hide a missing file.

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
    return {name: weights_file(weights, key) for name, (weights, key) in named.items()}


def encoder_file(study: Study) -> list[str]:
    """Return the file of the encoder that describes images, as a list of one; none where it is no file.

    Raises:
        UserError: if it is not there.
    """
    return weights_file(study.explanation.encoder if study.explanation else None, "explanation.encoder")


def check_external(plan: Plan) -> None:
    """Check the files of external models, except for the identifiers of rows of scores.

    Raises:
        UserError: if one is not there, or not what the configuration says.
    """
    for name, model in plan.external.items():
        for dataset, path in (model.scores or {}).items():
            _check_there(path, f"external.{name}.scores.{dataset}")
            with speaking_of(plan.study.datasets[dataset].public):
                read_scores(path, stage_settings.external.read_scores(plan, name, dataset))
        if model.bundle:
            _check_there(model.bundle, f"external.{name}.bundle")
            from crossray.datasets.bundles import models, sealing

            bundle = Path(model.bundle)
            opened = sealing.open_(bundle, Path(plan.signer_of(name)))
            models.sent_weights(opened, bundle, stage_settings.bundles.take_model(plan, name))
        if model.weights:
            _check_there(model.weights, f"external.{name}.weights")
        if model.onnx:
            _check_there(model.onnx, f"external.{name}.onnx")
            from crossray.learning.onnx_network import open_network

            open_network(Path(model.onnx), stage_settings.external.apply_network(plan, name))


def _check_there(path: str, key: str) -> None:
    if not Path(path).is_file():
        raise UserError(f"config: {key}: no file {path!r} (paths start from {Path.cwd()})")


def pseudonyms_key(study: Study, dataset: str, runs: bool) -> list[str]:
    """Return the key that replaces identifiers of a data set, made on first use; none where it is public.

    Who only looks, with a dry run or a graph, gets none made: ``runs`` says whether jobs are to run.
    """
    if study.datasets[dataset].public:
        return []
    key = Path(study.private, "pseudonyms.key")
    if runs:
        make_key(key)
    return [str(key)] if key.exists() else []


def forgotten_list(study: Study, dataset: str) -> list[str]:
    """Return the list of patients whom a data set has to leave out, if there is one."""
    path = Path(study.private, "forgotten", f"{dataset}.json")
    return [str(path)] if path.exists() else []


def check_cache(study: Study, folder: str | None) -> None:
    """Check that data of patients would not go to a between-workflow cache that others can read.

    Snakemake makes every file in it readable and writable by all, the table of identifiers too.

    Raises:
        UserError: if they would.
    """
    closed = study.closed()
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
                f"{folder}: is not writable (read-only file system, or another owner); fix this and "
                "run again; finished steps are kept"
            )


def check_clock(study: Study, releases: Iterable[Release]) -> None:
    """Check that the clock does not run behind what jobs read: Snakemake deletes what is made of newer files.

    Whatever a study has in ``results`` may be read by one of its jobs, and so may the tables of releases.

    Raises:
        UserError: if it does.
    """
    kept = [path for name in ("datasets", study.study) for path in _compared(Path("results", name))]
    if late := later_than_now(kept, seconds=60):
        raise UserError(
            f"{late[0]}: has a file time in the future ({len(late)} such files): this machine's clock is behind, "
            "and Snakemake would delete outputs of jobs with older inputs. Set the clock; or, if it is right, reset "
            "the file times: find results -exec touch {} +"
        )
    tables = {Path(path) for release in releases for path in release.tables}
    if late := later_than_now(sorted(path for path in tables if path.is_file()), seconds=60):
        raise UserError(
            f"{late[0]}: has a file time in the future ({len(late)} such tables), and Snakemake would delete "
            "outputs made from it. Set this machine's clock; or, if it is right, reset the table's file time with touch"
        )


def _compared(folder: Path) -> Iterator[Path]:
    """Yield the files whose times Snakemake may compare; releases, which may hold very many, are not walked through."""
    for here, below, names in os.walk(folder):
        below[:] = [name for name in below if name not in ("release", "unpacked", "work")]
        yield from (Path(here, name) for name in names)


def release_paths(study: Study, releases: Mapping[str, Release]) -> list[str]:
    """Return the folders and tables of releases, and the bundles of sites, which are no results."""
    bundles = [str(getattr(study.datasets[name], "path", "")) for name in study.at_sites()]
    return [*bundles, *(path for release in releases.values() for path in (release.root, *release.tables))]


def library_versions(*libraries: str) -> str:
    """Return the versions of libraries that decide a result, as one string."""
    return json.dumps({name: _version_of(name) for name in libraries}, sort_keys=True)


def _version_of(library: str) -> str:
    """Return the version of an installed library; rules can also be looked at, as by --lint, where it is not there."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def check_shared(shared: bool) -> None:
    """Check that all jobs see one file system.

    Raises:
        UserError: if they do not.
    """
    if not shared:
        raise UserError(
            "CrossRay needs one file system shared by all jobs: trainings keep checkpoints there that are not outputs, "
            "and programs their library. Mount one (docs/slurm.md, Without a shared file system), and leave out "
            "--default-storage-provider and --shared-fs-usage"
        )


def decision_settings(plan: Plan, code: str) -> str:
    """Return the settings of the decision sheet; ``code`` is the version of the evaluation."""
    study = plan.study
    criteria = as_text({task: one.as_dict() for task, one in (study.acceptance or {}).items()})
    unknown = sorted(name for name, model in plan.external.items() if model.learnt_from() is None)
    facts = {"study": study.study, "title": study.title, "phantoms": plan.phantoms, "unknown_training": unknown}
    return as_text({**facts, "criteria": criteria, "code": code})


def report_settings(plan: Plan, readings: Mapping[str, Reading], figures: Iterable[str], tables: Iterable[str]) -> str:
    """Return the report's settings; the configuration without local paths, files by their names only.

    Args:
        plan: what the study does.
        readings: data set -> the settings of its reader, the label policy spelt out.
        figures: those that it has.
        tables: those that it has.
    """
    study = plan.study.as_dict()
    settings = {key: value for key, value in study.items() if key not in ("private", "container", "bundle")}
    settings["models"] = {
        name: model | {"weights": _name_of(model["weights"])} for name, model in study["models"].items()
    }
    if "explanation" in study:
        settings["explanation"] = study["explanation"] | {"encoder": _name_of(study["explanation"]["encoder"])}
    settings["datasets"] = {
        name: {
            key: value
            for key, value in dataset.items()
            if key not in (*path_settings(dataset["reader"]), *ARCHIVE_SETTINGS)
        }
        for name, dataset in study["datasets"].items()
    }
    told = taken(
        WriteReport,
        stage_settings.analyses.draw_figure(plan),
        study=plan.study.study,
        title=plan.study.title,
        configuration=settings | {"sources": plan.sources, "targets": plan.targets},
        models={name: Model.from_dict(model) for name, model in settings["models"].items()},
        cohorts=plan.cohorts,
        choices={name: _choices(plan.study.datasets[name], readings[name]) for name in plan.study.datasets},
        overlap=plan.study.leakage.overlap,
        descriptions={name: dataset.description for name, dataset in plan.study.datasets.items()},
        at_sites=tuple(plan.study.at_sites()),
        only_tested=tuple(plan.study.only_tested()),
        shown=plan.shown_models,
        external={name: _without_paths(model) for name, model in study["external"].items()},
        sources_of={name: model.sources for name, model in plan.models.items()},
        figures=tuple(figures),
        tables=tuple(tables),
    )
    return told.to_json()


#: what readers of all releases are told, which the study's other settings say
_OF_ALL_READINGS = {field.name for field in fields(Reading)} - {"policy", "strata"}


def _choices(dataset: Dataset, reading: Reading) -> dict[str, str]:
    """Return what a reader is told of images and labels, in words; of a simulated hospital how it is made."""
    told = reading.as_dict()
    if dataset.reader == "simulated":
        told = stage_settings.data.simulate_hospital(dataset).as_dict()
    if hasattr(find_reader(dataset.reader), "Unpacking"):
        told |= taken(find_unpacker(dataset.reader).Unpacking, dataset).as_dict()
    left_out = {*_OF_ALL_READINGS, *path_settings(dataset.reader), *ARCHIVE_SETTINGS, "download"}
    return {key: written(value) for key, value in told.items() if key not in left_out and value not in ({}, [], None)}


def _without_paths(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's description of an external model: files by their names without folders."""
    files = {key: Path(model[key]).name for key in ("onnx", "weights") if key in model}
    scores = {"scores": {name: Path(path).name for name, path in model["scores"].items()}} if "scores" in model else {}
    return {**model, **files, **scores}


def _name_of(weights: object) -> object:
    """Return a report's description of weights: a file by its name without folders; its digest is in the records."""
    return f"of the file {Path(weights).name}" if isinstance(weights, str) and is_file(weights) else weights
