"""The models of a study, each with its own training settings; a sweep is one model per point."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossray.errors import UserError, listed
from crossray.study.config import Study
from crossray.study.models import Model, OtherModel
from crossray.study.names import MULTICLASS
from crossray.study.reading import read_part
from crossray.study.training import Training

#: letters in the name of a model that is trained; file systems take 255, and files that are being written have more
_LONGEST = 180


@dataclass(frozen=True)
class TrainedModel:
    """A model that is trained.

    Attributes:
        model: its block of the configuration.
        sources: what it is trained on.
        training: the study's settings with its own, those of its point of a sweep included.
        sweep: the name of its block.
        point: values of the sweep that it is a point of; empty where there is none.
    """

    model: Model
    sources: tuple[str, ...]
    training: Training
    sweep: str
    point: Mapping[str, Any]

    @property
    def is_probe(self) -> bool:
        """Whether only its last layer is fitted, on features of a frozen network."""
        return self.model.probe is not None

    def origin(self) -> OtherModel | None:
        """Return the model and source that the weights come from, if they are of this study."""
        return self.model.weights if isinstance(self.model.weights, OtherModel) else None


def expand_sweeps(study: Study) -> dict[str, TrainedModel]:
    """Return the models that are trained, by name.

    Raises:
        UserError: if a setting is not allowed, or weights are to come from a model that does not train.
    """
    models: dict[str, TrainedModel] = {}
    sources = study.trained_on()
    for name, block in study.models.items():
        for source in block.sources or ():
            if source not in sources:
                raise UserError(
                    f"config: models.{name}.sources: {source!r} is not a source; allowed are {listed(sources)}"
                )
        for point in _points(block.sweep or {}):
            changes = _merged(block.training or {}, point)
            training = read_part(Training, _merged(study.training.as_dict(), changes), "models", name, "training")
            _check_loss(study, name, training)
            label = "-".join([name, *(f"{key}-{_written(value)}" for key, value in point.items())])
            if len(label) > _LONGEST:
                raise UserError(
                    f"config: models.{name}.sweep: the name {label[:40]!r}... of a point has {len(label)} letters, "
                    f"{_LONGEST} at most, as it becomes part of file names; sweep fewer settings at a time"
                )
            if label in models:
                raise UserError(f"config: models: two models are called {label!r}; rename one")
            models[label] = TrainedModel(block, block.sources or sources, training, name, point)
    for problem in _wrong_origins(models):
        raise UserError(f"config: {problem}")
    return models


def _check_loss(study: Study, name: str, training: Training) -> None:
    """Check that classes use softmax cross-entropy, as other losses are for findings."""
    chosen = (("loss", training.loss, "cross_entropy"), ("positive_weights", training.positive_weights, "none"))
    for key, value, plain in chosen:
        if study.objective_of(name) == MULTICLASS and value != plain:
            raise UserError(f"config: models.{name}.training.{key}: {value!r} is for findings; classes take {plain}")


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


def origins(models: Mapping[str, TrainedModel], name: str) -> list[OtherModel]:
    """Return the chain of models and sources that a model's weights come from, the nearest first."""
    chain: list[OtherModel] = []
    while (before := models[name].origin()) and before not in chain:
        chain.append(before)
        name = before.from_
    return chain


def _wrong_origins(models: Mapping[str, TrainedModel]) -> Iterator[str]:
    """Yield what is wrong with weights that come from other models of the study."""
    for name, trained in models.items():
        before = trained.origin()
        if not before:
            continue
        where, other = f"models.{trained.sweep}.weights", before.from_
        if other not in models:
            others = listed(model for model in models if model != name)
            yield f"{where}.from: {other!r} is not a model of this study; allowed are {others}"
        elif before.source not in models[other].sources:
            learnt = listed(models[other].sources)
            yield f"{where}.source: {other} is not trained on {before.source!r}; it is on {learnt}"
        elif models[other].model.architecture != trained.model.architecture:
            yield (
                f"{where}.from: {other} is a {models[other].model.architecture}, {name} is a "
                f"{trained.model.architecture}"
            )
        elif name in [step.from_ for step in origins(models, name)]:
            yield f"{where}: {name} would start from itself"
