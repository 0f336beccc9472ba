"""What a methods section says of models: those trained here, and those that were trained elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from crossray.methods.networks import architecture_cited
from crossray.methods.words import Part, listed_settings, named, part, spaced, written
from crossray.study.config import Study
from crossray.study.external import External
from crossray.study.models import Model, OtherModel
from crossray.study.penalties import PENALTIES
from crossray.study.stages.write_report import WriteReport
from crossray.study.training import Augmentation, Training

_LOSSES = {
    "cross_entropy": "binary cross-entropy",
    "focal": "focal loss [@lin2017]",
    "asymmetric": "asymmetric loss [@ridnik2021]",
}
_ALGORITHMS = {"coral": "CORAL [@sun2016]", "dann": "DANN [@ganin2016]", "group_dro": "GroupDRO [@sagawa2020]"}
_PRECISIONS = {
    "fastest": "in bfloat16 where the hardware supports it, weights and sums in float32",
    "float32": "in float32 throughout",
}
#: beginnings of the names of networks whose residual blocks change nothing at first (``network_to_train``)
_RESIDUAL = ("resnet", "resnext", "wide_resnet")
#: prefixes of the names of weights that were learnt from ImageNet
_IMAGENET = "IMAGENET"


def models(settings: WriteReport) -> Part:
    """Say which networks were trained, from what, and how."""
    study = settings.asked()
    if not study.models:
        none = "No model was trained; external models were applied, or their scores used as given."
        return part("Models", none)
    training = study.training
    trained = any(not model.probe for model in study.models.values())
    steps = (
        " ".join([_optimiser(training), augmentation(training.augmentation), _precision(training)]),
        " ".join([_loss(training, study.is_multiclass()), *_pooled(settings, training)]),
    )
    return part(
        "Models",
        " ".join(_networks(settings, study)),
        *(steps if trained else ()),
        " ".join(_probes(study, trained)),
        " ".join(_choice(study, trained)),
        " ".join(_shared_heads(settings, study)),
    )


def _networks(settings: WriteReport, study: Study) -> Iterator[str]:
    """Describe each model, and how its training differs from the study's."""
    fitted = ", or its last layer fitted," if any(model.probe for model in study.models.values()) else ""
    yield f"One network was trained{fitted} for each model, source and seed; sources were {named(settings.sources)}."
    pooled = [name for name in settings.sources if len(settings.members.get(name, ())) > 1]
    for name in pooled:
        yield f"The source {name} pools {named(settings.members[name])}."
    for name, model in study.models.items():
        yield f"{name}: {', '.join(_network(study, model))}."


def _probes(study: Study, trained: bool) -> Iterator[str]:
    """Say what is fitted of linear probes."""
    probes = [name for name, model in study.models.items() if model.probe]
    if not probes:
        return
    few = f", on {study.training.images:,} training images at most" if study.training.images else ""
    fitted = "one softmax regression" if study.is_multiclass() else "a logistic regression for each task, known labels"
    yield (
        f"{named(probes)}: linear probe{'s' if len(probes) > 1 else ''} [@alain2017]. The network is frozen. The input "
        f"of its last layer was computed once for every image, without augmentation, and the layer fitted ({fitted}) "
        f"with a ridge penalty{few}. Features were scaled by mean and deviation of the training images; of the "
        f"penalties {', '.join(f'{one:g}' for one in PENALTIES)} the one with the smallest log-loss on the source's "
        "validation split was kept."
    )
    if not trained:
        yield _precision(study.training)


def _network(study: Study, model: Model) -> Iterator[str]:
    yield architecture_cited(model.architecture)
    yield start(model.weights)
    if model.architecture.startswith(_RESIDUAL) and not (model.weights or model.freeze):
        yield "each residual block passing its input on unchanged at first [@goyal2017]"
    yield "a stem for small images (3 x 3, stride 1, no pooling)" if model.stem == "small" else "the stem as published"
    if model.probe:
        yield f"a {model.probe} probe"
    if model.freeze:
        yield f"frozen up to {model.freeze}"
    if model.unfreeze_every:
        yield f"one more layer unfrozen every {model.unfreeze_every} epochs"
    if model.objective and model.objective != study.objective:
        yield f"with the objective {model.objective}"
    if model.tasks:
        yield f"for {named(model.tasks)} alone"
    if model.sources:
        yield f"on {named(model.sources)} alone"
    if model.training:
        own = [f"{spaced(key)} {written(value)}" for key, value in model.training.items()]
        yield f"overrides {', '.join(own)}"
    if model.sweep:
        swept = [f"{spaced(key)} of {', '.join(map(_or_all, values))}" for key, values in model.sweep.items()]
        yield f"once for each {' and '.join(swept)}"


def _or_all(value: Any) -> str:
    return "all" if value is None else written(value)


def start(weights: str | OtherModel | None) -> str:
    """Say which weights a training starts from."""
    if isinstance(weights, OtherModel):
        return f"from the weights of {weights.from_} trained on {weights.source}"
    if not weights:
        return "from random weights"
    return f"from the weights {weights}" + (" [@deng2009]" if weights.startswith(_IMAGENET) else "")


def _optimiser(training: Training) -> str:
    few = f", on {training.images:,} training images at most" if training.images else ""
    cosine = " [@loshchilov2017]" if training.schedule == "cosine" else ""
    return (
        f"Unless stated otherwise, models were trained for {training.epochs} epochs with Adam [@kingma2015] (AMSGrad "
        f"[@reddi2018], learning rate {training.learning_rate:g}, {training.schedule} schedule{cosine}, weight decay "
        f"{training.weight_decay:g}, batches of {training.batch_size}){few}."
    )


def augmentation(asked: Augmentation) -> str:
    """Say how training images are changed at random."""
    contrast = asked.contrast
    return (
        f"Images were rotated at random by up to {asked.rotation:g} degrees, shifted by up to "
        f"{asked.translation:g} of the side and scaled by up to {asked.scale:g}"
        + (f", and their grey levels taken to a power of up to {1 + contrast:g} or its inverse." if contrast else
           "; contrast was not augmented.")
    )  # fmt: skip


def _precision(training: Training) -> str:
    return f"Networks computed {_PRECISIONS[training.precision]}."


def _loss(training: Training, classes: bool) -> str:
    smoothing = training.label_smoothing
    smoothed = f", labels smoothed by {smoothing:g} [@szegedy2016]" if smoothing else ", without label smoothing"
    if classes:
        return (
            f"The loss is the cross-entropy of the softmax over the classes that the source has{smoothed}; scores are "
            "the log-odds of a class against all others, and AUCs are of one class against the rest."
        )
    weighted = "tasks weighted by equation 1 of Cohen et al. [@cohen2020]"
    tasks = weighted if training.task_weights == "paper" else "equal task weights"
    balanced = training.positive_weights == "balanced"
    positives = (
        "positives weighted by negatives over positives" if balanced else "equal weights of positives and negatives"
    )
    smoothed = smoothed if training.loss == "cross_entropy" else ""
    return f"The loss is the {_LOSSES[training.loss]} over known labels{smoothed}, {tasks}, {positives}."


def _pooled(settings: WriteReport, training: Training) -> Iterator[str]:
    if training.balance == "findings":
        yield "Batches alternate between positives of each task and images without any."
    if max(map(len, settings.members.values())) < 2:
        return
    algorithm = _ALGORITHMS.get(training.algorithm)
    yield "Models of pooled data sets were trained on " + (
        "batches with equally many images of each data set" if training.balance == "datasets"
        else "all images pooled at random"
    ) + (
        f" with {algorithm}, weighted as in DomainBed [@gulrajani2021]" if algorithm
        else " with the mean loss of all images (ERM)"
    ) + "; leaving out a domain leaves out all data sets of its patients."  # fmt: skip


def _choice(study: Study, trained: bool) -> Iterator[str]:
    if trained:
        yield "The epoch with the best mean validation AUC at the source was kept."
    yield "Every network was then applied to the test split of every target."
    if len(study.seeds) == 1:
        yield f"Each was trained once (seed {study.seeds[0]}), so the variation between trainings is not measured."
        return
    yield (
        f"Each was trained with {len(study.seeds)} seeds ({named([str(seed) for seed in study.seeds])}); AUCs are "
        "means over these trainings, all other numbers are those of the ensemble (mean logits). From three "
        "trainings on, intervals of AUCs also cover the variation between trainings, treated like readers of a "
        "multi-reader multi-case study [@obuchowski1995], with their variance pooled over the targets and tasks "
        "of a model."
    )


def _shared_heads(settings: WriteReport, study: Study) -> Iterator[str]:
    if study.shared_heads and "head_distances" in settings.tables:
        yield (
            "A network with one output for each data set and task was trained on the pool too, without and with a "
            f"penalty of {study.shared_heads.penalty:g} on the mean distance between the weight vectors of a task "
            "[@cohen2020]."
        )


def external_models(settings: WriteReport) -> Part:
    """Say what the models are that were trained elsewhere."""
    blocks = settings.asked().external
    return part("External models", *(f"{name}: {_external(model)}" for name, model in blocks.items()))


def _external(model: External) -> str:
    known = model.learnt_from()
    trained = "unknown, so it may have seen these patients (caveat U)" if known is None else (
        f"{named(known)}" if known else "none of this study's data"
    )  # fmt: skip
    said = [_kind(model), f"trained on: {trained}"]
    said.append(f"its internal test is that of {model.home}" if model.home else "it has no internal test here")
    said.append(f"thresholds: {_thresholds(model.threshold)}")
    if model.claim:
        said.append(f"claims of its maker: {listed_settings({t: one.as_dict() for t, one in model.claim.items()})}")
    return "; ".join(said) + "."


def _thresholds(threshold: str | Mapping[str, float] | None) -> str:
    if isinstance(threshold, Mapping):
        return f"the maker's {written(dict(threshold))}"
    return (
        f"Youden's index on the validation split of {threshold}" if threshold else "Youden's index at its home, if any"
    )


def _kind(model: External) -> str:
    if model.simulated:
        return f"a simulated reader of the phantoms' severities ({listed_settings(model.simulated.as_dict())})"
    if model.is_network():
        made = (
            f"a network of the architecture {architecture_cited(model.architecture)}"
            if model.architecture
            else "a network as an ONNX file, run by ONNX Runtime [@onnxruntime2021]"
        )
        made += f", trained at {model.home}, which sent its weights and no image" if model.bundle else ""
        seen = f", its input {written(model.input.as_dict())}" if model.input else ""
        outputs = f", tasks by output {written(dict(model.tasks))}" if model.tasks else ""
        return f"{made}{outputs}{seen}, outputs on the scale {model.output}"
    left = "stopped the study" if model.unknown_ids == "stop" else "were left out"
    columns = f", columns {written(dict(model.columns))}" if model.columns else ""
    return (
        f"scores in files for {named(list(model.scores or {}))}, by {model.key}{columns}, on the scale "
        f"{written(model.scale)}; rows of unknown images {left}"
    )
