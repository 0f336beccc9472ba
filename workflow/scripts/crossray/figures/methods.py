"""The methods of a study in words, from its configuration: a paragraph a stage."""

from collections.abc import Iterator, Mapping
from typing import Any

from crossray.study.config import Images
from crossray.study.models import OtherModel
from crossray.study.stages.analysis import Intervals
from crossray.study.stages.write_report import WriteReport
from crossray.study.training import Augmentation, Training

_LOSSES = {"cross_entropy": "binary cross-entropy", "focal": "focal loss", "asymmetric": "asymmetric loss"}
_ALGORITHMS = {"coral": "CORAL", "dann": "DANN", "group_dro": "GroupDRO"}
_PRECISIONS = {
    "fastest": "in bfloat16 where the hardware computes in it, weights and sums in float32 (see Training)",
    "float32": "in float32 throughout",
}


def methods(settings: WriteReport) -> list[str]:
    """Return the paragraphs.

    Args:
        settings: what the page is told of the study.
    """
    classes = "accuracy" in settings.figures
    training = settings.training
    if not settings.models:
        none = "No model was trained; those of others were applied, or their scores taken as they came."
        splits, measured = " ".join(_splits(settings)), " ".join(_evaluation(settings.evaluation))
        return [_images(settings.images), splits, none, measured]
    paragraphs = [
        _images(settings.images),
        " ".join(_splits(settings)),
        " ".join(_models(settings)),
        " ".join([_optimiser(training), _augmentation(training.augmentation), _precision(training)]),
        " ".join([_loss(training, classes), *_pooled(settings), *_choice(settings)]),
        " ".join(_evaluation(settings.evaluation)),
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def _images(images: Images) -> str:
    fit = "set whole on a black square" if images.fit == "pad" else "cut to the centre square"
    colour = images.colour == "rgb"
    scale = (
        "the networks see each colour less its mean, over its deviation, as usual for photographs"
        if colour
        else "networks with one input channel see them on -1024 to 1024, others as their weights expect"
    )
    return (
        f"Images were {fit} and resized by area to {images.size} x {images.size} pixels of 8 bits"
        f"{', in colour' if colour else ''}, after the modality and window transforms of DICOM; {scale}."
    )


def _splits(settings: WriteReport) -> Iterator[str]:
    yield (
        "Patients were assigned to training, validation and test splits by a hash of their identifier, unless a "
        "release brings its own split."
    )
    if settings.only_tested:
        yield f"All images of {', '.join(settings.only_tested)} are test images, as the configuration says."


def _models(settings: WriteReport) -> Iterator[str]:
    """Yield what each model is, and what its training has of its own."""
    yield "One network was trained for each model and source."
    for name, model in settings.models.items():
        parts = [f"{name}: {model.architecture}", _start(model.weights)]
        small = model.stem == "small"
        parts.append("a stem for small images (3 x 3, stride 1, no pooling)" if small else "the stem as published")
        if model.freeze:
            parts.append(f"frozen up to {model.freeze}")
        if model.unfreeze_every:
            parts.append(f"one more layer learning after every {model.unfreeze_every} epochs")
        own = [f"{key.replace('_', ' ')} {_written(value)}" for key, value in (model.training or {}).items()]
        swept = [f"{key.replace('_', ' ')} of {', '.join(map(_written, values))}"
                 for key, values in (model.sweep or {}).items()]  # fmt: skip
        parts += [f"with {', '.join(own)} of its own"] if own else []
        parts += [f"once for each {' and '.join(swept)}"] if swept else []
        yield f"{', '.join(parts)}."


def _start(weights: str | OtherModel | None) -> str:
    if isinstance(weights, OtherModel):
        return f"from the weights of {weights.from_} trained on {weights.source}"
    return f"from the weights {weights}" if weights else "from random weights"


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key} {_written(part)}" for key, part in value.items()) + ")"
    return "all" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _optimiser(training: Training) -> str:
    few = f", on {training.images:,} training images at most" if training.images else ""
    return (
        f"Unless said otherwise, training took {training.epochs} epochs with Adam (AMSGrad, learning rate "
        f"{training.learning_rate:g}, {training.schedule} schedule, weight decay {training.weight_decay:g}, "
        f"batches of {training.batch_size}){few}."
    )


def _augmentation(augmentation: Augmentation) -> str:
    contrast = augmentation.contrast
    return (
        f"Images were rotated at random by up to {augmentation.rotation:g} degrees, shifted by up to "
        f"{augmentation.translation:g} of the side and scaled by up to {augmentation.scale:g}"
        + (f", and their grey levels taken to a power of up to {1 + contrast:g} or its inverse." if contrast else
           "; their contrast stayed as it was.")
    )  # fmt: skip


def _precision(training: Training) -> str:
    return f"Networks computed {_PRECISIONS[training.precision]}."


def _loss(training: Training, classes: bool) -> str:
    smoothing = training.label_smoothing
    smoothed = f", labels smoothed by {smoothing:g}" if smoothing else ", labels not smoothed"
    if classes:
        return (
            f"The loss is the cross-entropy of the softmax over the classes that the source has{smoothed}; scores are "
            "the log-odds of a class against all others, and AUCs are of one class against the rest."
        )
    tasks = "tasks weighted by equation 1 of Cohen et al. (2020)" if training.task_weights == "paper" else (
        "all tasks the same weight"
    )  # fmt: skip
    balanced = training.positive_weights == "balanced"
    positives = "positives weighted by negatives over positives" if balanced else "positives weigh as negatives do"
    smoothed = smoothed if training.loss == "cross_entropy" else ""
    return f"The loss is the {_LOSSES[training.loss]} over known labels{smoothed}, {tasks}, {positives}."


def _pooled(settings: WriteReport) -> Iterator[str]:
    training = settings.training
    if training.balance == "findings":
        yield "Batches took in turn positives of each task and images without any."
    if max(map(len, settings.members.values())) < 2:
        return
    algorithm = _ALGORITHMS.get(training.algorithm)
    yield "Sources that pool data sets took " + (
        "equally many images of each data set into every batch" if training.balance == "datasets"
        else "their images as they come"
    ) + (f" and minimised {algorithm}" if algorithm else " and minimised the mean loss of all images (ERM)") + (
        "; a domain that is left out is left out with all data sets of its patients."
    )  # fmt: skip


def _choice(settings: WriteReport) -> Iterator[str]:
    yield "The epoch with the best mean validation AUC at the source was kept."
    yield "Every network was then applied to the test split of every target."
    if len(settings.seeds) > 1:
        yield (
            f"Each was trained with {len(settings.seeds)} seeds; AUCs are means over these trainings, all other "
            "numbers those of the ensemble, whose logits are the mean of theirs. From three trainings on intervals of "
            "AUCs are for other trainings too, as of readers of a multi-reader multi-case study (Obuchowski and "
            "Rockette 1995), with their variance pooled over the targets and tasks of a model."
        )


def _evaluation(evaluation: Intervals) -> Iterator[str]:
    yield (
        "The limits of an AUC are those of Newcombe's method 5 (2006), with DeLong's variance, patients as clusters "
        "(Obuchowski 1997), moderated by the number of patients, and Student's t; limits of means of AUCs and of their "
        "differences are recovered from these (MOVER, Zou and Donner 2008), which vary together as they do in "
        f"{evaluation.resamples} bootstrap resamples of patients; intervals of all other numbers, unless their "
        "table says otherwise, are percentiles of these resamples."
    )
    yield (
        "A model whose interval at home reaches chance (AUC 0.5) has nothing to lose: its drops are left out of means "
        "and counts. Worse than chance is what has its whole interval below 0.5."
    )
    yield (
        "Differences are tested patient by patient where images are the same, elsewhere by limits recovered from those "
        "of both AUCs (Zou and Donner 2008), and corrected by Holm's method, those named before the run (primary) "
        "apart from all others (exploratory)."
    )
    yield f"Cells with fewer than {evaluation.minimum} patients with the finding, or without it, stay empty."
    yield (
        "Thresholds for sensitivity, specificity, F1 and accuracy maximise Youden's index on the source's validation "
        "split."
    )
