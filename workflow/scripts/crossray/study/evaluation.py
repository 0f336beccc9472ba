"""The settings of evaluation."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from crossray.study.base import LeftOut, Settings
from crossray.study.compared_pairs import ComparedPair
from crossray.study.kinds import Number, Several, Text


@dataclass(frozen=True, kw_only=True)
class Comparison(Settings):
    """A difference that the study is about, named before it runs."""

    first: str
    "A source."
    second: str
    """Another source, both tested on `target`; without `target`, the data set where `first` is tested, compared with
    its internal test."""
    target: LeftOut[str] = None
    "Data set of the test images that both sources are compared on."
    task: LeftOut[str] = None
    "The finding; by default the mean of tasks."
    model: LeftOut[str] = None
    "The model; by default the study's first."


@dataclass(frozen=True, kw_only=True)
class Attribution(Settings):
    """How evidence is attributed to pixels."""

    methods: Several[Literal["grad_cam", "integrated_gradients", "input_gradients"]] = (
        "grad_cam", "integrated_gradients", "input_gradients",
    )  # fmt: skip
    "Attribution methods; grad_cam needs a convolutional network. The gallery shows the first."
    images: Annotated[int, Ge(1)] = 50
    "Maximum number of scored positive test images per target and task; the same for all models."


@dataclass(frozen=True, kw_only=True)
class Evaluation(Settings):
    """How models are evaluated."""

    minimum: Annotated[int, Ge(1)] = 10
    """Minimum number of patients with a finding, and of patients without it, in a target's test split; with fewer, no
    number is reported."""
    resamples: Annotated[int, Ge(100)] = 1000
    "Bootstrap resamples of patients behind each interval."
    seed: Annotated[int, Ge(0)] = 0
    "Seed of the bootstrap."
    unit: Literal["image", "study", "patient"] = "image"
    """Unit of evaluation: images, studies or patients. `combine` aggregates the outputs for the images of a study or
    patient, which is positive if one of its images is. A score for a study is never copied to its images."""
    combine: Literal["max", "mean"] = "max"
    "How outputs for the images of a study or patient are aggregated: their maximum, or the mean."
    probe_images: Annotated[int, Ge(10)] = 500
    "Images of each domain and split, one per patient, for a classifier that predicts the data set."
    pairs: tuple[ComparedPair, ...] = ()
    """Pairs of sources for Bland-Altman plots and for the gallery of the images with the largest disagreement; by
    default the most informative ones."""
    primary: tuple[Comparison, ...] = ()
    """Differences of AUC that the study is about. Their tests are corrected only for one another; all other tests are
    marked exploratory. Name them before the run."""
    attribution: LeftOut[Attribution] = None
    """Also compute attribution maps, and score them if the targets' releases have annotated regions
    (docs/localisation.md). With several seeds, the first is used."""


#: the encoder that learns from the study's images
SELF_SUPERVISED = "self_supervised"
#: what the study's models make of an image before their last layer
MODELS = "models"


@dataclass(frozen=True, kw_only=True)
class Explanation(Settings):
    """How drops are split into causes."""

    encoder: Text = "random"
    """Encoder of images for the domain classifier: a ResNet18 with random weights (`random`), with weights that it
    learns without labels from the study's own training images (`self_supervised`), with torchvision's by their name
    (`IMAGENET1K_V1`), or with those of a file (with a `/` or a suffix); it must not have been trained on labels of the
    study's data sets. Or the source's model and the target's own, before their last layer (`models`), which were
    trained on other images than those that they describe."""
    encoder_epochs: Annotated[int, Ge(1)] = 10
    "Passes of the encoder `self_supervised` over its images, in batches of `training.batch_size`."
    encoder_images: Annotated[int, Ge(2)] = 2000
    "Maximum number of training images of each data set that it learns from, whole patients."
    minimum: Annotated[int, Ge(2)] = 50
    "Minimum number of positives and negatives on both sides for a verdict."
    resamples: Annotated[int, Ge(50)] = 200
    "Resamples of patients behind each interval; everything is refitted in each."
    corrections: bool = True
    "Whether to apply corrections of images and outputs to every pair; they take longer than the split itself."


@dataclass(frozen=True, kw_only=True)
class SharedHeads(Settings):
    """One network on the pool with one output per data set and task."""

    penalty: Annotated[Number, Gt(0)] = 0.1
    "Weight in the loss of the mean distance between vectors."
