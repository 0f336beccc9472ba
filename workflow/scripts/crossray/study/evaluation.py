"""The settings of what is asked of models once they are trained."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Several, Text


@dataclass(frozen=True, kw_only=True)
class Pair(Settings):
    """Two sources whose outputs are compared."""

    target: str
    "Whose test images."
    task: str
    "The finding."
    first: str
    "A source."
    second: str
    "Another source."


@dataclass(frozen=True, kw_only=True)
class Comparison(Settings):
    """A difference that the study is about, named before it runs."""

    first: str
    "A source."
    second: str
    "Another source, both tested on `target`; without `target` where the first is tested, set against home."
    target: LeftOut[str] = None
    "Whose test images both sources are compared on."
    task: LeftOut[str] = None
    "The finding; the mean of tasks where this is left out."
    model: LeftOut[str] = None
    "The model; the study's first where this is left out."


@dataclass(frozen=True, kw_only=True)
class Attribution(Settings):
    """How evidence is attributed to pixels."""

    methods: Several[Literal["grad_cam", "integrated_gradients", "input_gradients"]] = (
        "grad_cam", "integrated_gradients", "input_gradients",
    )  # fmt: skip
    """
    How evidence is attributed to pixels; grad_cam needs a convolutional network. The gallery shows the first.
    """
    images: Annotated[int, Ge(1)] = 50
    "Positive test images of a target and task that are scored, at most; the same for all models."


@dataclass(frozen=True, kw_only=True)
class Evaluation(Settings):
    """How models are evaluated."""

    minimum: Annotated[int, Ge(1)] = 10
    "Patients with a finding, and patients without it, that a target's test split needs for a number to be given."
    resamples: Annotated[int, Ge(100)] = 1000
    "Bootstrap resamples of patients behind each interval."
    seed: Annotated[int, Ge(0)] = 0
    "Seed of the bootstrap."
    unit: Literal["image", "study", "patient"] = "image"
    """
    What is counted and called: images, studies or patients. Of a study or a patient outputs for several images become
    one by `combine`; with the finding is who has an image with it. A score for a study is never copied to its images.
    """
    combine: Literal["max", "mean"] = "max"
    "What becomes of several images of a study or patient: their largest output, or the mean."
    probe_images: Annotated[int, Ge(10)] = 500
    "Images of each domain and split, one a patient, on which a classifier tries to tell the data sets apart."
    pairs: tuple[Pair, ...] = ()
    """
    Pairs of sources whose outputs are drawn against each other and whose most different images are shown; the most
    telling ones where this is empty.
    """
    primary: tuple[Comparison, ...] = ()
    """
    Differences of AUC that the study is about. Their tests are corrected for one another alone; all other tests are
    marked exploratory. Name them before the run.
    """
    attribution: LeftOut[Attribution] = None
    """
    Also ask where in the images the models find their evidence, and score it where the targets' releases say where
    findings are; docs/localisation.md says how. Of models with several seeds the first is asked.
    """


@dataclass(frozen=True, kw_only=True)
class Explanation(Settings):
    """How what models lose elsewhere is split into causes."""

    encoder: Text = "random"
    """
    What describes the images to the classifier that tells data sets apart, a ResNet18 with random weights (`random`),
    with torchvision's by their name (`IMAGENET1K_V1`), or with those of a file (with a `/` or a suffix). Labels of the
    study's data sets must not have trained it.
    """
    minimum: Annotated[int, Ge(2)] = 50
    "Positives and negatives that both sides need for a verdict."
    resamples: Annotated[int, Ge(50)] = 200
    "Resamples of patients behind each interval; everything is fitted again in each."
    corrections: bool = True
    "Whether corrections of images and outputs are tried on every pair; they take longer than the split itself."


@dataclass(frozen=True, kw_only=True)
class SharedHeads(Settings):
    """One network on the pool with an output of its own for each data set and task."""

    penalty: Annotated[Number, Gt(0)] = 0.1
    "Weight of the mean distance of the vectors in the loss."
