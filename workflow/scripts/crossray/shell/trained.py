"""A trained model and what is known of it: in the results of a study, or in a folder that was exported from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossray.errors import UserError, listed
from crossray.files import damaged, read_json
from crossray.shell.recalibration import recalibrations
from crossray.study import folders
from crossray.study.base import Settings
from crossray.study.names import MULTICLASS, MULTILABEL
from crossray.study.shapes import shape_of
from crossray.study.stages.convert_shard import ConvertShard

#: files of an exported model
WEIGHTS, ONNX, FACTS, CARD = "model.safetensors", "model.onnx", "crossray.json", "README.md"
#: version of :data:`FACTS`
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Facts(Settings):
    """What is known of a model beside its weights: the content of the file ``crossray.json`` of an export."""

    format: int = FORMAT
    "Version of this list."
    study: str
    "Name of the study."
    model: str
    "Name of the model in it."
    source: str
    "What it was trained on."
    seed: int
    "Seed of its training."
    datasets: tuple[str, ...]
    "Data sets of the source."
    tasks: tuple[str, ...]
    "Findings or classes, in the order of the outputs."
    objective: str
    "`multilabel`, `binary` or `multiclass`."
    architecture: str
    "Name in torchvision or timm."
    size: int
    "Pixels along each side of an image."
    channels: int
    "Channels of the network's input."
    fit: str
    "How images are made square: `crop` or `pad`."
    colour: str
    "`grey` or `rgb`."
    burnt_in: str
    "What is done with files whose header declares burnt-in text."
    thresholds: dict[str, float] = field(default_factory=dict)
    "Task to the logit from which on an image is called positive: Youden's, chosen on the source's validation split."
    recalibrated: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    """Source, or another data set of the study, to task to intercept and slope: the sigmoid of intercept + slope x
    logit is a probability there. Fitted on validation images (Platt 1999)."""
    sha256: str
    "Digest of the weights."
    frozen: str = ""
    "Of a linear probe, where the weights are from that it keeps; empty for a model whose network was trained."

    @property
    def name(self) -> str:
        """The model's name, with its study, source and seed."""
        return f"{self.study}-{self.model}-{self.source}-{self.seed}"

    @property
    def shape(self) -> str:
        """Name of the folder of images of this kind."""
        return shape_of(self.size, self.fit, self.colour)

    def conversion(self) -> ConvertShard:
        """Return how an image file becomes what the model was trained on."""
        made = {"size": self.size, "fit": self.fit, "colour": self.colour, "burnt_in": self.burnt_in}
        return ConvertShard.from_dict({**made, "burnt_in_areas": [], "shards": 1})


@dataclass(frozen=True)
class Trained:
    """Where a trained model lies.

    Attributes:
        weights: its weights.
        exported: the folder of an exported model; None for one in the results of a study.
    """

    weights: Path
    exported: Path | None = None

    @property
    def study(self) -> Path:
        """The folder of its study, such as ``results/demo``."""
        return self.weights.parents[4]

    @property
    def key(self) -> tuple[str, str, int]:
        """Its name, source and seed in the study."""
        model, source, seed = self.weights.parts[-4:-1]
        return model, source, int(seed)

    def index(self, dataset: str, shape: str) -> Path:
        """Return the index of the shards of a data set of its study."""
        return self.study.parent / "datasets" / folders.INDEX.format(dataset=dataset, shape=shape)


def find_trained(place: Path) -> Trained:
    """Find a trained model.

    Args:
        place: its folder, its weights, an exported folder, or a folder above just one model.

    Raises:
        UserError: if there is none, or several.
    """
    if place.is_file():
        place = place.parent
    if (place / FACTS).is_file():
        return Trained(place / WEIGHTS, place)
    if not place.is_dir():
        raise UserError(f"{place}: no such folder; name results/STUDY/models/MODEL/SOURCE/SEED, or an exported one")
    found = sorted(path for path in place.resolve().rglob("weights.safetensors") if _is_trained(path))
    if not found:
        raise UserError(
            f"{place}: no trained model in it; name results/STUDY/models/MODEL/SOURCE/SEED, or an exported folder"
        )
    if len(found) > 1:
        base = place.resolve()
        names = listed((path.parent.relative_to(base) for path in found), 8)
        raise UserError(f"{place}: {len(found)} trained models in it; name one of them: {names}")
    return Trained(found[0])


def _is_trained(path: Path) -> bool:
    return path.parents[3].name == "models" and path.parent.name.isdigit()


def facts_of(trained: Trained) -> Facts:
    """Return what is known of a model.

    Raises:
        UserError: if a file of it is missing or damaged.
    """
    if trained.exported:
        try:
            facts = Facts.from_dict(read_json(trained.exported / FACTS))
        except UserError as error:
            raise damaged(trained.exported / FACTS, str(error)) from error
        if facts.format != FORMAT:
            raise UserError(
                f"{trained.exported / FACTS}: of version {facts.format}, this CrossRay reads {FORMAT}; export it again"
            )
        return facts
    return _facts_of_study(trained)


def _facts_of_study(trained: Trained) -> Facts:
    model, source, seed = trained.key
    record = read_json(trained.weights.parent / "training.json")
    settings: dict[str, Any] = record["settings"]
    shape, preprocessing = _shape_of(trained, record)
    objective = settings.get("objective", MULTILABEL)
    return Facts(
        study=trained.study.name,
        model=model,
        source=source,
        seed=seed,
        datasets=tuple(record["datasets"]),
        tasks=tuple(record["tasks"]),
        objective=objective,
        architecture=settings["architecture"],
        size=record["size"],
        channels=record["input"]["channels"],
        fit="pad" if "-pad" in shape else "crop",
        colour=preprocessing["colour"],
        # the areas that a data set of the study had blacked out mean nothing on another film
        burnt_in="keep" if preprocessing["burnt_in"] == "keep" else "reject",
        thresholds=_thresholds(trained),
        recalibrated={} if objective == MULTICLASS else recalibrations(trained, record["datasets"], record["tasks"]),
        sha256=record["sha256"],
        frozen=_frozen(record),
    )


def _frozen(record: dict[str, Any]) -> str:
    """Return where the weights of a linear probe's network are from; empty for a model that is none."""
    if "penalties" not in record:
        return ""
    of_file = f"a file with the SHA-256 {record['weights']}"
    return str(record["settings"].get("weights") or (of_file if record["weights"] else "random weights"))


def _shape_of(trained: Trained, record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the shape of the images that a model was trained on, and how they were made.

    Raises:
        UserError: if they are no longer there, or those of several studies are.
    """
    name, size = record["datasets"][0], record["size"]
    there = sorted((trained.study.parent / "datasets" / name).glob(f"{size}px*/index.json"))
    if not there:
        raise UserError(
            f"{trained.study.parent / 'datasets' / name}: no images of {size} px, which say how the model's were made; "
            "keep results/datasets beside the study, or use an exported model"
        )
    shapes = [path.parent.name for path in there]
    if len(there) > 1:
        shapes = [shape for shape in shapes if _is_used(trained, name, shape)]
    if len(shapes) != 1:
        raise UserError(
            f"{trained.study.parent / 'datasets' / name}: images of {size} px in several shapes, {listed(shapes)}; "
            "which one the model was trained on cannot be told; move the others elsewhere"
        )
    return shapes[0], read_json(trained.index(name, shapes[0]))["preprocessing"]


def _is_used(trained: Trained, dataset: str, shape: str) -> bool:
    """Return whether a model gives the predictions of its study for the first images of this shape."""
    import numpy as np

    from crossray.files import read_parquet
    from crossray.learning.models import load_model
    from crossray.shards import ImageStore
    from crossray.shell.logits import logits_of

    model, source, seed = trained.key
    place = folders.PREDICTION.format(model=model, source=source, seed=seed, split="validation", target=dataset)
    made = read_parquet(trained.study / "predictions" / place, ["image_id"]).head(8)
    network, tasks, _ = load_model(trained.weights)
    store = ImageStore(trained.index(dataset, shape))
    if store.channels > network.scale.channels:
        return False
    logits = logits_of(network, store.take(store.rows(made["image_id"])))
    # what bfloat16 costs is a hundredth of a logit's size
    return bool(np.abs(logits - made[tasks].to_numpy()).mean() < 0.1 * max(1.0, float(np.abs(logits).mean())))


def _thresholds(trained: Trained) -> dict[str, float]:
    """Return the model's thresholds in its study; none if the study has not been evaluated yet."""
    from crossray import tables
    from crossray.tables.performance import Performance

    path = trained.study / "analysis/performance.csv"
    if not path.is_file():
        return {}
    table = tables.read(path, Performance)
    model, source, seed = trained.key
    own = table[(table["model"] == model) & (table["source"] == source) & (table["seed"] == str(seed))]
    known = own.dropna(subset="threshold").drop_duplicates("task")
    return {str(task): float(limit) for task, limit in zip(known["task"], known["threshold"], strict=True)}
