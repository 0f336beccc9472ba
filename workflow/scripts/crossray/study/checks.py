"""Checks across settings: names that must be among other names, shares that must add up."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossray.errors import UserError, cut, listed
from crossray.study.acceptance_checks import wrong_acceptance
from crossray.study.adaptation_checks import wrong_adaptation
from crossray.study.bundle_checks import wrong_bundles
from crossray.study.config import Study
from crossray.study.datasets import Dataset, path_settings
from crossray.study.explanation_checks import wrong_explanation
from crossray.study.external_checks import wrong_external
from crossray.study.film_plan_checks import wrong_film_plan
from crossray.study.monitoring_checks import wrong_monitoring
from crossray.study.names import ALL, ALL_BUT, BINARY, MULTICLASS, NOT_TASKS, is_pooled
from crossray.study.probe_checks import wrong_probes

#: folders of the working folder that the workflow writes and people pass on
PASSED_ON = ("results", "logs", "benchmarks")

#: folders of ``results`` and ``logs`` that are no study's
NOT_STUDIES = frozenset({"datasets"})

#: letters of a task, as figures write it whole
_LONGEST_TASK = 100


def contradictions(study: Study) -> Iterator[str]:
    """Yield what is wrong with a study whose keys and values are allowed, each by itself."""
    yield from _wrong_names(study)
    yield from _wrong_tasks(study)
    yield from _wrong_paths(study)
    yield from _wrong_private(study.private)
    yield from _wrong_roles(study)
    yield from _wrong_originals(study.datasets)
    yield from _shared_digits(study.datasets)
    yield from _wrong_pairs(study)
    yield from _wrong_comparisons(study)
    yield from _wrong_objectives(study)
    yield from wrong_acceptance(study)
    yield from _wrong_sampling(study)
    yield from wrong_explanation(study)
    yield from wrong_film_plan(study)
    yield from wrong_adaptation(study)
    yield from wrong_monitoring(study)
    yield from wrong_probes(study)
    yield from wrong_external(study)
    yield from wrong_bundles(study)
    for name, model in study.models.items():
        if model.unfreeze_every and not model.freeze:
            yield f"models.{name}.unfreeze_every: nothing is frozen; set freeze too, or leave it out"
    for name, dataset in study.datasets.items():
        for task in getattr(getattr(dataset, "labelling", None), "unlabelled", ()):
            if task not in study.tasks:
                yield (
                    f"datasets.{name}.labelling.unlabelled: {task!r} is not a task of this study; "
                    f"allowed are {', '.join(study.tasks)}"
                )
        total = dataset.split.train + dataset.split.validation + dataset.split.test
        if abs(total - 1) > 1e-9:
            yield f"datasets.{name}.split: train, validation and test add up to {total:g}, not to 1"


def _wrong_names(study: Study) -> Iterator[str]:
    """Yield what is wrong with the names of the study, of sources, targets and the pool."""
    if study.study.lower() in NOT_STUDIES:
        yield f"study: {study.study!r} is the folder in results that all studies share; give the study another name"
    for name in study.datasets:
        if is_pooled(name):
            yield f"datasets: {name!r} is the name of a pooled source; give the data set another"
    datasets = list(study.datasets)
    pooled = [ALL, *(f"{ALL_BUT}{name}" for name in datasets)]
    places = {"sources": study.sources, "targets": study.targets, "pool": study.pool}
    for key, names in places.items():
        allowed = [*datasets, *(pooled if key == "sources" else ())]
        for name in names or ():
            if name not in allowed:
                yield f"{key}: {name!r} is not a data set; allowed are {', '.join(allowed)}"
    for source in study.trained_on():
        if not is_pooled(source) and source not in study.tested_on():
            yield f"targets: the source {source!r} is missing; its own test split is the internal test"


def _wrong_tasks(study: Study) -> Iterator[str]:
    """Yield what is wrong with the names of tasks, those of data sets among them."""
    places: dict[str, Iterable[str]] = {"tasks": study.tasks}
    for name, dataset in study.datasets.items():
        places[f"datasets.{name}.tasks"] = getattr(dataset, "tasks", ())
        classes: Mapping[str, Iterable[str]] = getattr(dataset, "classes", {})
        places[f"datasets.{name}.classes"] = [task for tasks in classes.values() for task in tasks]
    for key, tasks in places.items():
        for task in tasks:
            if task in NOT_TASKS:
                yield f"{key}: a task may not be called {task!r}, as tables have a column of that name; rename it"
            elif has_control(task) or "\t" in task:
                yield f"{key}: {task!r} has a line break or another sign that is not printed; leave it out"
            elif len(task) > _LONGEST_TASK:
                yield f"{key}: {cut(repr(task))} has {len(task)} letters, {_LONGEST_TASK} at most"


def _wrong_paths(study: Study) -> Iterator[str]:
    """Yield the paths that Snakemake would read as patterns, or that have a line break."""
    paths: dict[str, Any] = {
        "private": study.private,
        "explanation.encoder": study.explanation and study.explanation.encoder,
    }
    paths |= {f"models.{name}.weights": model.weights for name, model in study.models.items()}
    for name, model in study.external.items():
        paths |= {f"external.{name}.{key}": getattr(model, key) for key in ("weights", "onnx", "bundle")}
        paths |= {f"external.{name}.scores.{dataset}": file for dataset, file in (model.scores or {}).items()}
    if study.bundle:
        paths |= {f"bundle.{key}": getattr(study.bundle, key) for key in ("invitation", "key")}
    for name, dataset in study.datasets.items():
        paths |= {f"datasets.{name}.{key}": getattr(dataset, key, None) for key in path_settings(dataset.reader)}
    for key, path in paths.items():
        if isinstance(path, str) and has_control(path):
            yield f"{key}: {path!r} has a line break or another sign that is not printed; rename the file or folder"
        elif isinstance(path, str) and {"{", "}"} & set(path):
            yield (
                f"{key}: {path!r} has {{ or }}, which Snakemake takes for a wildcard; rename the file or folder, or "
                "name a link to it"
            )


def _wrong_private(folder: str) -> Iterator[str]:
    """Yield what is wrong with the private folder: it must not be among folders that are passed on."""
    private = Path(folder).resolve()
    for name in PASSED_ON:
        other = Path(name).resolve()
        if private.is_relative_to(other) or other.is_relative_to(private):
            yield (
                f"private: {folder!r} and {name!r}, whose files are passed on, lie one in the other; name a folder of "
                "its own, such as private"
            )
            return


def _wrong_sampling(study: Study) -> Iterator[str]:
    """Yield what is wrong with what is asked of usefulness, and with how images were chosen."""
    if study.usefulness and study.is_multiclass():
        yield "usefulness: applies to findings, but this study's tasks are classes; leave it out"
    for name, dataset in study.datasets.items():
        for task in dataset.sampling if isinstance(dataset.sampling, Mapping) else ():
            if task not in study.tasks:
                allowed = ", ".join(study.tasks)
                yield f"datasets.{name}.sampling: {task!r} is not a task of this study; allowed are {allowed}"


def has_control(text: str) -> bool:
    """Return whether a text has line breaks, other control characters than tabs, or halves of characters."""
    return any(sign != "\t" and unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text)


def _wrong_roles(study: Study) -> Iterator[str]:
    """Yield what is wrong with test-only data sets."""
    if study.models and not study.trained_on():
        yield "datasets: all have the role test; a study needs one to train on"
    for key, names in (("sources", study.sources), ("pool", study.pool)):
        for name in names or ():
            if name in study.only_tested():
                yield f"{key}: {name!r} has the role test, it is only tested on; take it out, or give it the role train"


def _wrong_originals(datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """Yield what is wrong with simulated hospitals that read another's images."""
    for name, dataset in datasets.items():
        original = getattr(dataset, "patients_of", None)
        if original and (original == name or original not in datasets or datasets[original].reader != "simulated"):
            yield f"datasets.{name}.patients_of: {original!r} is not another simulated hospital of this study"


def _shared_digits(datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """Yield data sets that hold the same handwritten digits, as distorted ones would not be recognised."""
    parts: dict[str, str] = {
        name: getattr(dataset, "part", "") for name, dataset in datasets.items() if dataset.reader == "digits"
    }
    for place, name in enumerate(parts):
        for other in list(parts)[:place]:
            apart = {parts[name], parts[other]} == {"first half", "second half"}
            if not apart and (datasets[name].cohort or name) != (datasets[other].cohort or other):
                yield (
                    f"datasets.{name}.part: {other} has the same images; take the first half and the second half, or "
                    "give both one cohort"
                )


def _wrong_pairs(study: Study) -> Iterator[str]:
    """Yield what is wrong with the configured pairs of sources."""
    single = [source for source in study.trained_on() if not is_pooled(source)]
    for number, pair in enumerate(study.evaluation.pairs):
        chosen = {
            "target": (pair.target, study.tested_on()),
            "task": (pair.task, study.tasks),
            "first": (pair.first, single),
            "second": (pair.second, single),
        }
        for key, (name, names) in chosen.items():
            if name not in names:
                yield f"evaluation.pairs.{number}.{key}: {name!r} is not one of {', '.join(names)}"


def _wrong_comparisons(study: Study) -> Iterator[str]:
    """Yield what is wrong with the differences that were named before the run."""
    sources = list(study.trained_on())
    single = [source for source in sources if not is_pooled(source)]
    for number, named in enumerate(study.evaluation.primary):
        apart = named.target is None
        chosen = {
            "target": (named.target, study.tested_on()),
            "task": (named.task, study.tasks),
            "first": (named.first, single if apart else sources),
            "second": (named.second, study.tested_on() if apart else sources),
        }
        for key, (name, names) in chosen.items():
            if name is not None and name not in names:
                yield f"evaluation.primary.{number}.{key}: {name!r} is not one of {', '.join(names)}"
        if named.first == named.second:
            yield f"evaluation.primary.{number}: {named.first!r} is set beside itself; name two"


def _wrong_objectives(study: Study) -> Iterator[str]:
    """Yield what is wrong with models' tasks: their names, and their number for the objective."""
    objectives = {name: study.objective_of(name) for name in study.models}
    for name, model in study.models.items():
        for task in model.tasks or ():
            if task not in study.tasks:
                allowed = listed(study.tasks, 20)
                yield f"models.{name}.tasks: {task!r} is not a task of this study; allowed are {allowed}"
        count = len(study.tasks_of(name))
        if objectives[name] == BINARY and count != 1:
            yield (
                f"models.{name}: the objective binary is about one task, and there are {count}; name one under "
                f"models.{name}.tasks, or use multilabel"
            )
        if objectives[name] == MULTICLASS and count < 2:
            yield f"models.{name}: the objective multiclass takes two classes or more, and there is one task"
    if len({objective == MULTICLASS for objective in objectives.values()}) > 1:
        yield f"models: {MULTICLASS} is for all models of a study or for none, as its tasks are classes: {objectives}"
    elif study.is_multiclass():
        yield from _not_of_classes(study)


def _not_of_classes(study: Study) -> Iterator[str]:
    """Yield what a study of classes cannot have."""
    if study.shared_heads:
        yield "shared_heads: only for findings; leave it out if the objective is multiclass"
    if study.evaluation.pairs:
        yield "evaluation.pairs: only for findings; leave it out if the objective is multiclass"


def check_cohorts(cohorts: Mapping[str, str], public: Mapping[str, bool]) -> None:
    """Check that data sets of one cohort name their patients alike: all public, or all by hashes.

    Args:
        cohorts: data set -> whose patients it has.
        public: data set -> whether it keeps the release's identifiers.

    Raises:
        UserError: if two of them differ, as a patient would then not be recognised.
    """
    first: dict[str, str] = {}
    for name, cohort in cohorts.items():
        other = first.setdefault(cohort, name)
        if public[other] != public[name]:
            raise UserError(
                f"config: datasets.{name}.public: {other} has patients of the same cohort ({cohort}); use the "
                "same public for both, or patients who are in both are not recognised"
            )
