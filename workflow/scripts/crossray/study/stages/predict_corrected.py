"""What decides a model's predictions after corrections, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class PredictCorrected(Inference):
    """Settings of the rule ``predict_corrected``."""

    images: int
    "Images of each source that corrections are made by, at most."
    seed: int
    "Seed of their draw."
