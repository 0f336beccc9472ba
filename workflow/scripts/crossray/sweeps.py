"""The models of a study spelt out: each with its own training settings, a sweep as one model for each of its points.

The workflow imports this at start, so it stays light.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossray.errors import UserError, listed
from crossray.settings import MULTICLASS, checked_part, objective_of

#: letters in the name of a model that is trained; file systems take 255, and files that are being written have more
_LONGEST = 180

#: what training starts from, where that is another model of the study: the keys of ``weights``
FROM, FROM_SOURCE = "from", "source"


def spelt_out(study: Mapping[str, Any], schema: Mapping[str, Any], sources: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the models that are trained, by name.

    Args:
        study: a checked configuration.
        schema: the schema of configurations.
        sources: the study's sources.

    Returns:
        For each model its block of the configuration with the whole of its ``training``, the ``sources`` that it is
        trained on, and ``point``: the values of the sweep that it is a point of, empty where there is none, and
        ``sweep``: the name of the model that is swept, or its own.

    Raises:
        UserError: if a setting is not allowed, or weights are to come from a model that does not train.
    """
    models: dict[str, dict[str, Any]] = {}
    for name, block in study["models"].items():
        for source in block.get("sources", ()):
            if source not in sources:
                raise UserError(
                    f"config: models.{name}.sources: {source!r} is no source; allowed are {listed(sources)}"
                )
        for point in _points(block.get("sweep", {})):
            changes = _merged(block.get("training", {}), point)
            training = checked_part(_merged(study["training"], changes), schema, "training", f"models.{name}")
            _check_loss(study, name, training)
            label = "-".join([name, *(f"{key}-{_written(value)}" for key, value in point.items())])
            if len(label) > _LONGEST:
                raise UserError(
                    f"config: models.{name}.sweep: the name {label[:40]!r}... of a point has {len(label)} letters, "
                    f"{_LONGEST} at most, as it becomes part of file names; sweep fewer settings at a time"
                )
            if label in models:
                raise UserError(f"config: models: two models are called {label!r}; rename one")
            models[label] = {**block, "sources": block.get("sources", list(sources)), "training": training,
                             "sweep": name, "point": point}  # fmt: skip
    for problem in _wrong_origins(models):
        raise UserError(f"config: {problem}")
    return models


def _check_loss(study: Mapping[str, Any], name: str, training: Mapping[str, Any]) -> None:
    """Check that classes are learnt by the cross-entropy of the softmax, as other losses are of findings."""
    for key, plain in (("loss", "cross_entropy"), ("positive_weights", "none")):
        if objective_of(study, name) == MULTICLASS and training[key] != plain:
            raise UserError(
                f"config: models.{name}.training.{key}: {training[key]!r} is for findings; classes take {plain}"
            )


def _points(sweep: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield every combination of swept values; one without any where nothing is swept."""
    for values in itertools.product(*sweep.values()):
        yield dict(zip(sweep, values, strict=True))


def _written(value: Any) -> str:
    """Write a value as a part of a file's name."""
    return "all" if value is None else format(value, "g") if isinstance(value, float) else str(value)


def _merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with changes, blocks inside blocks merged alike."""
    blocks = {
        key: _merged(settings[key], value)
        for key, value in changes.items()
        if isinstance(value, Mapping) and isinstance(settings.get(key), Mapping)
    }
    return {**settings, **changes, **blocks}


def origin(model: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the model and source that a model's weights come from, if they are of this study."""
    weights = model["weights"]
    return (weights[FROM], weights[FROM_SOURCE]) if isinstance(weights, Mapping) else None


def origins(models: Mapping[str, Mapping[str, Any]], name: str) -> list[tuple[str, str]]:
    """Return the chain of models and sources that a model's weights come from, the nearest first."""
    chain = []
    while (before := origin(models[name])) and before not in chain:
        chain.append(before)
        name = before[0]
    return chain


def _wrong_origins(models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with weights that come from other models of the study."""
    for name, model in models.items():
        before = origin(model)
        if not before:
            continue
        where, (other, source) = f"models.{model['sweep']}.weights", before
        others = [model for model in models if model != name]
        if other not in models:
            yield f"{where}.from: {other!r} is no model of this study; allowed are {listed(others)}"
        elif source not in models[other]["sources"]:
            yield f"{where}.source: {other} is not trained on {source!r}; it is on {listed(models[other]['sources'])}"
        elif models[other]["architecture"] != model["architecture"]:
            yield f"{where}.from: {other} is a {models[other]['architecture']}, {name} is a {model['architecture']}"
        elif name in [other for other, _ in origins(models, name)]:
            yield f"{where}: {name} would start from itself"
