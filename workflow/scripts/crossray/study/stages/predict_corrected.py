"""What decides a model's predictions after corrections, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class PredictCorrected(Inference):
    """Settings of the rule ``predict_corrected``."""

    images: int
    "Maximum number of images of each source that corrections are estimated from."
    seed: int
    "Seed of the sampling."
