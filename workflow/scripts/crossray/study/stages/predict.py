"""What decides a model's predictions, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class Predict(Inference):
    """Settings of the rule ``predict``."""
