"""What is wrong with how images are described, as far as the configuration shows it."""

from collections.abc import Iterator

from crossray.study.config import Study
from crossray.study.evaluation import MODELS, SELF_SUPERVISED, Explanation


def wrong_explanation(study: Study) -> Iterator[str]:
    """Yield what is wrong with the encoder of the block ``explanation``."""
    asked = study.explanation
    if asked is None:
        return
    if asked.encoder != SELF_SUPERVISED:
        for key in ("encoder_epochs", "encoder_images"):
            if getattr(asked, key) != getattr(Explanation(), key):
                yield (
                    f"explanation.{key}: is for the encoder {SELF_SUPERVISED}, and explanation.encoder is "
                    f"{asked.encoder!r}, which learns nothing here; leave it out, or set encoder: {SELF_SUPERVISED}"
                )
        if asked.encoder == MODELS and not study.models:
            yield (
                f"explanation.encoder: {MODELS} are those that this study trains, and it trains none (models: {{}}); "
                f"take random, {SELF_SUPERVISED}, or published weights"
            )
        return
    if not study.encoder_datasets():
        yield (
            f"explanation.encoder: {SELF_SUPERVISED} learns from training images, and no data set of this study has "
            "any here (they have the role test, or stay at their sites); take random, or published weights"
        )
    if study.leakage.overlap != "move":
        yield (
            f"explanation.encoder: {SELF_SUPERVISED} must not learn from patients of a test split, and with "
            f"leakage.overlap: {study.leakage.overlap} some may be in both; set it to move, or take another encoder"
        )
