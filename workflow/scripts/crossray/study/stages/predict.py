"""What decides a model's predictions, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.base import LeftOut
from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class Predict(Inference):
    """Settings of the rule ``predict``; the last two where it writes features of a sample of images too."""

    images: LeftOut[int] = None
    "Maximum number of images in the sample of each data set and split."
    seed: LeftOut[int] = None
    "Seed of the sampling."
