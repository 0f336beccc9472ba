"""What is wrong with external models, as far as the configuration shows it."""

from collections.abc import Iterator, Mapping
from typing import Any

from crossray.errors import listed
from crossray.study.config import Study
from crossray.study.external import External, NetworkInput
from crossray.study.names import BINARY_ANSWER, ELSEWHERE

#: the keys of which a model has one, as they say what it is
KINDS = ("scores", "simulated", "onnx", "architecture")
#: key that not all kinds of models know -> those that do
_OF_KIND = {
    "columns": ("scores",), "weights": ("architecture",), "bundle": ("architecture",),
    "tasks": ("onnx", "architecture"), "input": ("onnx", "architecture"),
}  # fmt: skip


def wrong_external(study: Study) -> Iterator[str]:
    """Yield what is wrong with the block ``external``, and with a study without models."""
    if not study.models and not study.external:
        yield "models: no model is trained, and none is external; add one"
    for name in study.datasets:
        if name == ELSEWHERE:
            yield f"datasets: {name!r} is the name for external training data; give the data set another name"
    if study.external and study.is_multiclass():
        yield "external: only for findings; leave it out if the objective is multiclass"
    for name, model in study.external.items():
        if name in study.models or any(name.startswith(f"{other}-") for other in study.models):
            yield f"external: {name!r} is the name of a trained model, or begins like one; give it another"
        yield from (f"external.{name}{words}" for words in _wrong(study, model))


def _wrong(study: Study, model: External) -> Iterator[str]:
    """Yield what is wrong with a model, from its name on."""
    kinds = [kind for kind in KINDS if getattr(model, kind) is not None]
    if len(kinds) != 1:
        found = f"{' and '.join(kinds)} exclude each other" if kinds else "the kind of model is missing"
        yield f": {found}; name one of {', '.join(KINDS)}"
        return
    for key, of in _OF_KIND.items():
        if getattr(model, key) and kinds[0] not in of:
            yield f".{key}: goes with {' or '.join(of)}, and the model has {kinds[0]}; leave it out"
    places: dict[str, tuple[Any, Any]] = {
        ".scores": (model.scores or (), study.datasets),
        ".home": ([model.home] if model.home else [], study.tested_on()),
        ".claim": (model.claim, study.tasks),
        ".tasks": (model.tasks or (), study.tasks),
    }
    if isinstance(model.threshold, Mapping):
        places[".threshold"] = (model.threshold, study.tasks)
    for key, (names, allowed) in places.items():
        for one in names:
            if one not in allowed:
                yield f"{key}: {one!r} is not one of {listed(sorted(allowed), 20)}"
    yield from _wrong_threshold(study, model)
    yield from _wrong_kind(study, model)
    if model.source() == ELSEWHERE and model.home == ELSEWHERE:
        yield f".home: {ELSEWHERE!r} is not a data set"


def _wrong_threshold(study: Study, model: External) -> Iterator[str]:
    """Yield a data set without a validation split to choose thresholds on, and thresholds that no score can reach."""
    if isinstance(model.threshold, str):
        with_validation = set(study.datasets) - set(study.only_tested())
        if not with_validation:
            yield (
                ".threshold: no data set of the study has a validation split to choose it on; give numbers, as in "
                f"threshold: {{ {study.tasks[0]}: 0.5 }}"
            )
        elif model.threshold not in with_validation:
            yield f".threshold: {model.threshold!r} is not one of {listed(sorted(with_validation), 20)}"
    limits = model.limits()
    for task, threshold in model.threshold.items() if isinstance(model.threshold, Mapping) else ():
        if limits and not limits[0] <= threshold <= limits[1]:
            yield f".threshold.{task}: {threshold:g} is not on the scale of the scores, {limits[0]:g} to {limits[1]:g}"


def _wrong_kind(study: Study, model: External) -> Iterator[str]:
    if model.architecture and not (model.weights or model.bundle):
        yield (
            ": the key weights is missing; name the file with the network's state dict (safetensors), or under bundle "
            "that of a site which sent it"
        )
    if model.bundle:
        yield from _wrong_bundle(study, model)
    if model.is_network():
        yield from _wrong_network(study, model)
    if model.simulated:
        real = [name for name in study.tested_on() if study.datasets[name].reader != "simulated"]
        if real:
            yield f".simulated: reads true severities, which {listed(real)} do not have; name scores"
    if model.kind_of_scale() == BINARY_ANSWER and model.threshold:
        yield ".threshold: binary answers have no threshold to choose; leave it out"
    yield from _wrong_columns(study, model)
    units = ["image", "study", "patient"]
    if units.index(model.unit()) > units.index(study.evaluation.unit):
        yield (
            f".key: scores are by {model.unit()}, and evaluation.unit is {study.evaluation.unit}; set it to "
            f"{model.unit()}, as a score is not copied to the images of a {model.unit()}"
        )


def _wrong_bundle(study: Study, model: External) -> Iterator[str]:
    if model.weights:
        yield ": weights and bundle exclude each other; name one"
    if model.home not in study.at_sites():
        yield (
            f".home: {model.home!r} is not a data set with reader: bundle, and a site sent the model; allowed are "
            f"{listed(study.at_sites(), 20) or 'none'}"
        )


def _wrong_network(study: Study, model: External) -> Iterator[str]:
    if not model.tasks:
        yield ": the key tasks is missing; name for each task the number of its output, the first being 0"
    seen = model.input or NetworkInput()
    if seen.size and seen.size != study.images.size:
        yield f".input.size: the network takes {seen.size} px, and images.size is {study.images.size}; set them alike"
    if seen.channels == 1 and study.images.colour != "grey":
        yield ".input.channels: 1, and images.colour is rgb; set it to grey, or channels to 3"


def _wrong_columns(study: Study, model: External) -> Iterator[str]:
    """Yield what is wrong with the names of columns."""
    allowed = [*study.tasks, model.key]
    for name, column in model.columns.items():
        if name not in allowed:
            yield f".columns: {name!r} is not a task of this study, nor the key; allowed are {listed(allowed, 20)}"
        elif column in study.tasks and column != name:
            yield f".columns.{name}: {column!r} is another task of this study; name the column of {name}"
    doubled = [column for column in model.columns.values() if list(model.columns.values()).count(column) > 1]
    if doubled:
        names = [name for name, column in model.columns.items() if column == doubled[0]]
        yield f".columns: {listed(names)} have one column, {doubled[0]!r}; each has its own"
