"""The methods section of a report, written from the configuration: one paragraph per stage."""

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
    "fastest": "in bfloat16 if the hardware supports it, weights and sums in float32 (see Training)",
    "float32": "in float32 throughout",
}


def methods(settings: WriteReport) -> list[str]:
    """Return the paragraphs.

    Args:
        settings: of the report.
    """
    classes = "accuracy" in settings.figures
    training = settings.training
    if not settings.models:
        none = "No model was trained; external models were applied, or their scores used as given."
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
    fit = "padded with black to a square" if images.fit == "pad" else "cropped to the centre square"
    colour = images.colour == "rgb"
    scale = (
        "each colour channel was standardised, as usual for photographs"
        if colour
        else "for networks with one input channel they were scaled to -1024 to 1024, for others as their weights expect"
    )
    return (
        f"Images were {fit} and resized by area averaging to {images.size} x {images.size} pixels of 8 bits"
        f"{', in colour' if colour else ''}, after the modality and window transforms of DICOM; {scale}."
    )


def _splits(settings: WriteReport) -> Iterator[str]:
    yield (
        "Patients were assigned to training, validation and test splits by a hash of their identifier, unless a "
        "release has its own split."
    )
    if settings.only_tested:
        yield f"All images of {', '.join(settings.only_tested)} are test images, as the configuration says."


def _models(settings: WriteReport) -> Iterator[str]:
    """Describe each model, and how its training differs from the study's."""
    yield "One network was trained for each model and source."
    for name, model in settings.models.items():
        parts = [f"{name}: {model.architecture}", _start(model.weights)]
        small = model.stem == "small"
        parts.append("a stem for small images (3 x 3, stride 1, no pooling)" if small else "the stem as published")
        if model.freeze:
            parts.append(f"frozen up to {model.freeze}")
        if model.unfreeze_every:
            parts.append(f"one more layer unfrozen every {model.unfreeze_every} epochs")
        own = [f"{key.replace('_', ' ')} {_written(value)}" for key, value in (model.training or {}).items()]
        swept = [f"{key.replace('_', ' ')} of {', '.join(map(_written, values))}"
                 for key, values in (model.sweep or {}).items()]  # fmt: skip
        parts += [f"overrides {', '.join(own)}"] if own else []
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
        f"Unless stated otherwise, models were trained for {training.epochs} epochs with Adam (AMSGrad, learning rate "
        f"{training.learning_rate:g}, {training.schedule} schedule, weight decay {training.weight_decay:g}, "
        f"batches of {training.batch_size}){few}."
    )


def _augmentation(augmentation: Augmentation) -> str:
    contrast = augmentation.contrast
    return (
        f"Images were rotated at random by up to {augmentation.rotation:g} degrees, shifted by up to "
        f"{augmentation.translation:g} of the side and scaled by up to {augmentation.scale:g}"
        + (f", and their grey levels taken to a power of up to {1 + contrast:g} or its inverse." if contrast else
           "; contrast was not augmented.")
    )  # fmt: skip


def _precision(training: Training) -> str:
    return f"Networks computed {_PRECISIONS[training.precision]}."


def _loss(training: Training, classes: bool) -> str:
    smoothing = training.label_smoothing
    smoothed = f", labels smoothed by {smoothing:g}" if smoothing else ", without label smoothing"
    if classes:
        return (
            f"The loss is the cross-entropy of the softmax over the classes that the source has{smoothed}; scores are "
            "the log-odds of a class against all others, and AUCs are of one class against the rest."
        )
    tasks = "tasks weighted by equation 1 of Cohen et al. (2020)" if training.task_weights == "paper" else (
        "equal task weights"
    )  # fmt: skip
    balanced = training.positive_weights == "balanced"
    positives = (
        "positives weighted by negatives over positives" if balanced else "equal weights of positives and negatives"
    )
    smoothed = smoothed if training.loss == "cross_entropy" else ""
    return f"The loss is the {_LOSSES[training.loss]} over known labels{smoothed}, {tasks}, {positives}."


def _pooled(settings: WriteReport) -> Iterator[str]:
    training = settings.training
    if training.balance == "findings":
        yield "Batches alternate between positives of each task and images without any."
    if max(map(len, settings.members.values())) < 2:
        return
    algorithm = _ALGORITHMS.get(training.algorithm)
    yield "Models of pooled data sets were trained on " + (
        "batches with equally many images of each data set" if training.balance == "datasets"
        else "all images pooled at random"
    ) + (f" with {algorithm}" if algorithm else " with the mean loss of all images (ERM)") + (
        "; leaving out a domain leaves out all data sets of its patients."
    )  # fmt: skip


def _choice(settings: WriteReport) -> Iterator[str]:
    yield "The epoch with the best mean validation AUC at the source was kept."
    yield "Every network was then applied to the test split of every target."
    if len(settings.seeds) > 1:
        yield (
            f"Each was trained with {len(settings.seeds)} seeds; AUCs are means over these trainings, all other "
            "numbers are those of the ensemble (mean logits). From three trainings on, intervals of AUCs also cover "
            "the variation between trainings, treated like readers of a multi-reader multi-case study (Obuchowski and "
            "Rockette 1995), with their variance pooled over the targets and tasks of a model."
        )


def _evaluation(evaluation: Intervals) -> Iterator[str]:
    yield (
        "Intervals of AUCs use Newcombe's method 5 (2006), with DeLong's variance, patients as clusters "
        "(Obuchowski 1997), moderated by the number of patients, and Student's t. Intervals of mean AUCs and of their "
        "differences are recovered from these (MOVER, Zou and Donner 2008), with the correlations of "
        f"{evaluation.resamples} bootstrap resamples of patients. Intervals of all other numbers, unless their "
        "table says otherwise, are percentiles of these resamples."
    )
    yield (
        "If the interval of a model's internal AUC reaches chance (0.5), its drops are left out of means and counts. "
        "Worse than chance means that the whole interval lies below 0.5."
    )
    yield (
        "Differences on the same images are tested paired by patient, others by limits recovered from those of both "
        "AUCs (Zou and Donner 2008). P values are corrected by Holm's method, separately for comparisons named before "
        "the run (primary) and all others (exploratory)."
    )
    yield f"Cells with fewer than {evaluation.minimum} patients with the finding, or without it, stay empty."
    yield (
        "Thresholds for sensitivity, specificity, F1 and accuracy maximise Youden's index on the source's validation "
        "split."
    )
