"""What is wrong with the question whether anything moved, as far as the configuration shows it."""

from collections.abc import Iterator

from crossray.study.config import Study


def wrong_monitoring(study: Study) -> Iterator[str]:
    """Yield what is wrong with the block ``monitoring``."""
    if not study.monitoring:
        return
    if study.is_multiclass():
        yield "monitoring: applies to findings, but this study's tasks are classes; leave it out"
    if not study.models and not study.external:
        yield "monitoring: outputs of models are watched, and there is no model; leave it out"
    if study.evaluation.unit != "image":
        yield (
            f"monitoring: its months are of images, and evaluation.unit is {study.evaluation.unit}; set it to image, "
            "or leave monitoring out"
        )
