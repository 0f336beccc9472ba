"""A study's configuration: checked against its schema, defaults filled in, and told off in one clear line.

The workflow imports this at start, so it stays light.
"""

import datetime
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from crossray.errors import UserError, cut, listed

#: the source that pools all data sets, and how the sources that leave one out begin
ALL, ALL_BUT = "all", "all-but-"

#: objectives: findings that are there or not, each by itself; one finding; classes of which an image has one
MULTILABEL, BINARY, MULTICLASS = "multilabel", "binary", "multiclass"

#: settings of a data set that are paths of this machine
PATH_SETTINGS = ("root", "table", "metadata", "nih_mapping", "synonyms", "views_table")

#: folders of the working folder that the workflow writes and people pass on
PASSED_ON = ("results", "logs", "benchmarks")

#: columns that stand beside those of the tasks in one table or another, and what stands for several tasks
NOT_TASKS = frozenset({
    "image_id", "patient_id", "study_id", "path", "view", "sex", "age", "split", "file", "row", "dataset", "correction",
    "findings", "mean of tasks", "all tasks",
})  # fmt: skip

#: letters of a task, as figures write it whole
_LONGEST_TASK = 100

#: folders of ``results`` and ``logs`` that are no study's
NOT_STUDIES = frozenset({"datasets"})

#: setting ``images.colour`` -> channels of a pixel
CHANNELS = {"grey": 1, "rgb": 3}


def checked(config: Mapping[str, Any], schema_path: Path) -> dict[str, Any]:
    """Return a copy of ``config`` with every default of the schema filled in.

    Raises:
        UserError: if the configuration does not fit the schema, or names a data set or task that is not
            there; the message names the key and what is allowed.
    """
    schema = read_schema(schema_path)
    filled = _plain(config)
    for problem in (*_keys_that_are_no_text(filled), *_values_that_no_file_takes(filled)):
        raise UserError(f"config: {problem}")
    errors = list(_DefaultFillingValidator(schema).iter_errors(filled))
    if errors:
        raise UserError(_sentence(max(errors, key=_precision), schema["$defs"]))
    for problem in _contradictions(filled):
        raise UserError(f"config: {problem}")
    return filled


def read_schema(path: Path) -> dict[str, Any]:
    """Read the schema of configurations."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def checked_part(block: Mapping[str, Any], schema: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    """Return a copy of a block of the configuration that stands elsewhere than at its own key, with all defaults.

    Args:
        block: what is to be checked.
        schema: the schema of configurations.
        key: the key of the top level that has such a block.
        where: the key that this one stands under, for messages.

    Raises:
        UserError: if the block does not fit the schema.
    """
    filled = _plain(block)
    whole = {**schema["properties"][key], "$defs": schema["$defs"]}
    errors = list(_DefaultFillingValidator(whole).iter_errors(filled))
    if errors:
        raise UserError(_sentence(max(errors, key=_precision), schema["$defs"], [where, key]))
    return filled


def _plain(value: Any) -> Any:
    """Copy nested mappings and lists, so that filling defaults never changes the caller's."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _fill_defaults(
    validator: Any, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for key, subschema in properties.items():
            if isinstance(subschema, Mapping) and "default" in subschema:
                instance.setdefault(key, _plain(subschema["default"]))
    yield from Draft202012Validator.VALIDATORS["properties"](validator, properties, instance, schema)


def _fit_pattern(_: Any, pattern: str, instance: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    """Compare the whole text; for Python's ``$`` alone a line break at the end would be no part of it."""
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError("does not fit")


_DefaultFillingValidator = extend(Draft202012Validator, {"properties": _fill_defaults, "pattern": _fit_pattern})


def _precision(error: ValidationError) -> tuple[bool, int]:
    """Rank errors: a key that is unknown only because a value beside it is wrong comes last, deep ones come first."""
    return error.validator != "unevaluatedProperties", len(error.absolute_path)


def _sentence(error: ValidationError, definitions: Mapping[str, Any], above: Sequence[str] = ()) -> str:
    """Say in one line which key is wrong and what it may be; ``above`` are the keys that the checked part is under."""
    key = ".".join(str(part) for part in [*above, *error.absolute_path]) or "the top level"
    where = f"config: {key}: "
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            allowed = sorted(_known_keys(error, definitions))
            known = set(allowed)
            unknown = [name for name in error.instance if name not in known]
            return f"{where}unknown key {listed(unknown)}; allowed are {', '.join(allowed)}"
        case "type":
            wanted = error.validator_value
            advice = _quoting(error.instance) if "string" in wanted else ""
            wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
            return f"{where}{_told(error.instance)} is not of type {wanted}{advice}"
        case "enum":
            return f"{where}{_told(error.instance)} is not one of {', '.join(map(str, error.validator_value))}"
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"{where}the key {listed(missing)} is missing"
        case "anyOf":
            return (
                f"{where}{_told(error.instance)} is not allowed; it may be {_kinds(error.validator_value, definitions)}"
            )
        case "pattern":
            return f"{where}{_told(error.instance)} is not a name; use letters, digits, hyphens, underscores and points"
        case "maxLength":
            return f"{where}{_told(error.instance)} has {len(error.instance)} letters, {error.validator_value} at most"
        case _:
            return f"{where}{cut(error.message)}"


def _told(value: object) -> str:
    """Return a value for a message, of a long one how it begins."""
    return cut(repr(value))


def _quoting(value: Any) -> str:
    """Say what to do about a name that YAML has read as something else."""
    plain = value is None or isinstance(value, bool | int | float | datetime.date)
    return "; a name that YAML takes for a number, a date or a flag is put in quotation marks" if plain else ""


def _keys_that_are_no_text(block: Any, above: str = "") -> Iterator[str]:
    """Yield what is wrong with names that YAML has read as something else, such as 2017 or no."""
    if isinstance(block, list):
        for item in block:
            yield from _keys_that_are_no_text(item, above)
    elif isinstance(block, dict):
        for key, value in block.items():
            if not isinstance(key, str):
                yield f"{above or 'the top level'}: the name {key!r} is no text{_quoting(key)}"
            yield from _keys_that_are_no_text(value, f"{above}.{key}" if above else str(key))


def _values_that_no_file_takes(block: Any, above: str = "") -> Iterator[str]:
    """Yield what is wrong with texts and numbers that cannot be written to a table, a page or a command line."""
    if isinstance(block, dict):
        for key, value in block.items():
            yield from _values_that_no_file_takes(key, f"{above or 'the top level'}: a name")
            yield from _values_that_no_file_takes(value, f"{above}.{key}" if above else str(key))
    elif isinstance(block, list):
        for item in block:
            yield from _values_that_no_file_takes(item, above)
    elif isinstance(block, str) and any(map(has_control, re.split("\r?\n", block))):
        yield f"{above}: {_told(block)} has a sign that is not printed, or is half of one; leave it out"
    elif isinstance(block, float) and not math.isfinite(block):
        yield f"{above}: {block} is no number to compute with"


def has_control(text: str) -> bool:
    """Return whether a text has line breaks, other control characters than tabs, or halves of characters."""
    return any(sign != "\t" and unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text)


def _kinds(branches: Sequence[Mapping[str, Any]], definitions: Mapping[str, Any]) -> str:
    """Say what a value may be that may be of several kinds."""
    words = {"string": "a text", "null": "nothing", "object": "a block", "number": "a number"}
    kinds = []
    for branch in branches:
        branch = definitions.get(branch.get("$ref", "").removeprefix("#/$defs/"), branch)
        types = branch["type"] if isinstance(branch["type"], list) else [branch["type"]]
        keys = f" with {' and '.join(branch['required'])}" if "required" in branch else ""
        kinds += [f"{words[name]}{keys}" for name in types]
    return f"{', '.join(kinds[:-1])}, or {kinds[-1]}"


def _known_keys(error: ValidationError, definitions: Mapping[str, Any]) -> set[str]:
    """Collect the keys that a schema allows, those behind its ``then`` branches that apply included."""
    keys: set[str] = set()
    pending = [error.schema]
    while pending:
        schema = pending.pop()
        keys.update(schema.get("properties", ()))
        branches = schema.get("allOf", ())
        applies = [part for part in branches if Draft202012Validator(part["if"]).is_valid(error.instance)]
        pending.extend(definitions[part["then"]["$ref"].removeprefix("#/$defs/")] for part in applies)
    return keys


def _contradictions(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what no schema can say: names that must be among other names, sums that must come out."""
    datasets = config["datasets"]
    yield from _wrong_names(config)
    yield from _wrong_tasks(config)
    yield from _wrong_paths(config)
    yield from _wrong_private(config["private"])
    yield from _wrong_roles(config)
    yield from _wrong_originals(datasets)
    yield from _shared_digits(datasets)
    yield from _wrong_pairs(config)
    yield from _wrong_objectives(config)
    yield from _wrong_findings(config)
    for name, model in config["models"].items():
        if model["unfreeze_every"] and not model["freeze"]:
            yield f"models.{name}.unfreeze_every: nothing is frozen; set freeze too, or leave it out"
    for name, dataset in datasets.items():
        for task in dataset.get("labelling", {}).get("unlabelled", ()):
            if task not in config["tasks"]:
                yield (
                    f"datasets.{name}.labelling.unlabelled: {task!r} is no task of this study; "
                    f"allowed are {', '.join(config['tasks'])}"
                )
        total = sum(dataset["split"][part] for part in ("train", "validation", "test"))
        if abs(total - 1) > 1e-9:
            yield f"datasets.{name}.split: train, validation and test add up to {total:g}, not to 1"


def _wrong_names(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the names of the study, of sources, targets and the pool."""
    datasets = config["datasets"]
    if config["study"].lower() in NOT_STUDIES:
        yield f"study: {config['study']!r} is the folder in results that all studies share; give the study another name"
    for name in datasets:
        if is_pooled(name):
            yield f"datasets: {name!r} is the name of a pooled source; give the data set another"
    pooled = [ALL, *(f"{ALL_BUT}{name}" for name in datasets)]
    for key, allowed in (("sources", [*datasets, *pooled]), ("targets", list(datasets)), ("pool", list(datasets))):
        for name in config.get(key) or ():
            if name not in allowed:
                yield f"{key}: {name!r} is no data set; allowed are {', '.join(allowed)}"
    for source in _sources(config):
        if not is_pooled(source) and source not in (config.get("targets") or datasets):
            yield f"targets: the source {source!r} is missing; its own test split is the yardstick for the others"


def _wrong_tasks(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the names of tasks, those of data sets among them."""
    places: dict[str, Iterable[str]] = {"tasks": config["tasks"]}
    for name, dataset in config["datasets"].items():
        places[f"datasets.{name}.tasks"] = dataset.get("tasks", ())
        places[f"datasets.{name}.classes"] = [task for tasks in dataset.get("classes", {}).values() for task in tasks]
    for key, tasks in places.items():
        for task in tasks:
            if task in NOT_TASKS:
                yield f"{key}: a task may not be called {task!r}, as tables have a column of that name; rename it"
            elif has_control(task) or "\t" in task:
                yield f"{key}: {task!r} has a line break or another sign that is not printed; leave it out"
            elif len(task) > _LONGEST_TASK:
                yield f"{key}: {_told(task)} has {len(task)} letters, {_LONGEST_TASK} at most"


def _wrong_paths(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths that Snakemake would take for a pattern of paths, or that have a line break."""
    paths = {"private": config["private"], "explanation.encoder": config.get("explanation", {}).get("encoder")}
    paths |= {f"models.{name}.weights": model["weights"] for name, model in config["models"].items()}
    for name, dataset in config["datasets"].items():
        paths |= {f"datasets.{name}.{key}": dataset[key] for key in PATH_SETTINGS if key in dataset}
    for key, path in paths.items():
        if isinstance(path, str) and has_control(path):
            yield f"{key}: {path!r} has a line break or another sign that is not printed; rename the file or folder"
        elif isinstance(path, str) and {"{", "}"} & set(path):
            yield (
                f"{key}: {path!r} has {{ or }}, which Snakemake takes for a wildcard; rename the file or folder, or "
                "name a link to it"
            )


def only_tested(datasets: Mapping[str, Any]) -> list[str]:
    """Return the data sets that no model is trained on."""
    return [name for name, dataset in datasets.items() if dataset["role"] == "test"]


def _sources(config: Mapping[str, Any]) -> list[str]:
    datasets = config["datasets"]
    return config.get("sources") or [name for name in datasets if name not in only_tested(datasets)]


def _wrong_private(folder: str) -> Iterator[str]:
    """Yield what is wrong with the folder of what leads back to patients: it may not lie among what is passed on."""
    private = Path(folder).resolve()
    for name in PASSED_ON:
        other = Path(name).resolve()
        if private.is_relative_to(other) or other.is_relative_to(private):
            yield (
                f"private: {folder!r} and {name!r}, whose files are passed on, lie one in the other; name a folder of "
                "its own, such as private"
            )
            return


def _wrong_roles(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with data sets that are only tested on."""
    if not _sources(config):
        yield "datasets: all have the role test; a study needs one to train on"
    for key in ("sources", "pool"):
        for name in set(config.get(key) or ()) & set(only_tested(config["datasets"])):
            yield f"{key}: {name!r} has the role test, it is only tested on; take it out, or give it the role train"


def _wrong_originals(datasets: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with simulated hospitals that read another's images."""
    for name, dataset in datasets.items():
        original = dataset.get("patients_of")
        if original and (original == name or datasets.get(original, {}).get("reader") != "simulated"):
            yield f"datasets.{name}.patients_of: {original!r} is no other simulated hospital of this study"


def _shared_digits(datasets: Mapping[str, Any]) -> Iterator[str]:
    """Yield data sets that hold the same handwritten digits, as distorted ones would not be recognised."""
    digits = [name for name, dataset in datasets.items() if dataset["reader"] == "digits"]
    for place, name in enumerate(digits):
        for other in digits[:place]:
            apart = {datasets[name]["part"], datasets[other]["part"]} == {"first half", "second half"}
            if not apart and datasets[name].get("register", name) != datasets[other].get("register", other):
                yield (
                    f"datasets.{name}.part: {other} has the same images; take the first half and the second half, or "
                    "give both one register"
                )


def _wrong_pairs(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the pairs of sources that the configuration wants to see."""
    datasets = list(config["datasets"])
    single = [source for source in _sources(config) if not is_pooled(source)]
    allowed = {"target": config.get("targets") or datasets, "task": config["tasks"], "first": single, "second": single}
    for number, pair in enumerate(config["evaluation"]["pairs"]):
        for key, names in allowed.items():
            if pair[key] not in names:
                yield f"evaluation.pairs.{number}.{key}: {pair[key]!r} is not one of {', '.join(names)}"


def _wrong_objectives(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with what models learn: names of tasks, and how many an objective is about."""
    objectives = {name: objective_of(config, name) for name in config["models"]}
    for name, model in config["models"].items():
        for task in model.get("tasks", ()):
            if task not in config["tasks"]:
                allowed = listed(config["tasks"], 20)
                yield f"models.{name}.tasks: {task!r} is no task of this study; allowed are {allowed}"
        count = len(tasks_of(config, name))
        if objectives[name] == BINARY and count != 1:
            yield (
                f"models.{name}: the objective binary is about one task, and there are {count}; name one under "
                f"models.{name}.tasks, or use multilabel"
            )
        if objectives[name] == MULTICLASS and count < 2:
            yield f"models.{name}: the objective multiclass takes two classes or more, and there is one task"
    if len({objective == MULTICLASS for objective in objectives.values()}) > 1:
        yield f"models: {MULTICLASS} is for all models of a study or for none, as its tasks are classes: {objectives}"
    elif is_multiclass(config):
        yield from _not_of_classes(config)


def _not_of_classes(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a study of classes cannot have."""
    if "shared_heads" in config:
        yield "shared_heads: for findings alone; leave it out where the objective is multiclass"
    if config["evaluation"]["pairs"]:
        yield "evaluation.pairs: for findings alone; leave it out where the objective is multiclass"


def objective_of(config: Mapping[str, Any], model: str) -> str:
    """Return a model's objective: its own, or the study's."""
    return config["models"][model].get("objective", config["objective"])


def tasks_of(config: Mapping[str, Any], model: str) -> list[str]:
    """Return the tasks that a model learns: its own, or the study's."""
    return config["models"][model].get("tasks", config["tasks"])


def is_multiclass(config: Mapping[str, Any]) -> bool:
    """Return whether the tasks of a study are classes, of which an image has one."""
    return any(objective_of(config, name) == MULTICLASS for name in config["models"])


def _wrong_findings(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the findings whose evidence is asked for."""
    for task in config["evaluation"].get("attribution", {}).get("tasks", ()):
        if task not in config["tasks"]:
            allowed = ", ".join(config["tasks"])
            yield f"evaluation.attribution.tasks: {task!r} is no task of this study; allowed are {allowed}"


def is_pooled(source: str) -> bool:
    """Return whether a source is several data sets: ``all``, or ``all-but-`` a data set."""
    return source == ALL or source.startswith(ALL_BUT)


def members(source: str, pool: Sequence[str], registers: Mapping[str, str]) -> list[str]:
    """Return the data sets that a source consists of.

    Args:
        source: a data set, ``all`` (the whole pool), or ``all-but-`` a data set: the pool without it, and without
            other readings of its images and others of its patients, as they are the same domain.
        pool: the data sets that pooled sources draw on.
        registers: data set -> whose patients it has.

    Raises:
        UserError: if nothing is left.
    """
    if not is_pooled(source):
        return [source]
    left_out = registers.get(source.removeprefix(ALL_BUT)) if source != ALL else None
    kept = [name for name in pool if registers[name] != left_out]
    if not kept:
        raise UserError(f"config: sources: {source!r} leaves no data set to train on; the pool is {', '.join(pool)}")
    return kept


def check_registers(registers: Mapping[str, str], public: Mapping[str, bool]) -> None:
    """Check that data sets of one register name their patients alike: all public, or all by hashes.

    Args:
        registers: data set -> whose patients it has.
        public: data set -> whether it keeps the release's identifiers.

    Raises:
        UserError: if two of them differ, as a patient would then not be recognised.
    """
    first: dict[str, str] = {}
    for name, register in registers.items():
        other = first.setdefault(register, name)
        if public[other] != public[name]:
            raise UserError(
                f"config: datasets.{name}.public: {other} has patients of the same register ({register}); set public "
                "alike for both, else somebody who is in both is not recognised"
            )
