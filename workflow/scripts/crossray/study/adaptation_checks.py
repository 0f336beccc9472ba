"""What is wrong with the question what local images are worth, as far as the configuration shows it."""

from collections.abc import Iterator

from crossray.errors import listed
from crossray.study.adaptation import Adaptation
from crossray.study.config import Study
from crossray.study.names import ALL_BUT, is_pooled


def wrong_adaptation(study: Study) -> Iterator[str]:
    """Yield what is wrong with the block ``adaptation``."""
    asked = study.adaptation
    if not asked:
        return
    if study.is_multiclass():
        yield "adaptation: applies to findings, but this study's tasks are classes; leave it out"
    if not study.models:
        yield "adaptation: no model is trained here; external models cannot be adapted, leave it out"
    if asked.model is not None and asked.model not in study.models:
        yield f"adaptation.model: {asked.model!r} is not a model of this study; allowed are {listed(study.models)}"
    elif asked.model is not None and study.models[asked.model].sweep:
        yield f"adaptation.model: {asked.model!r} is a sweep of several models; name one without sweep"
    if study.evaluation.unit != "image":
        yield (
            f"adaptation: its numbers are of images, and evaluation.unit is {study.evaluation.unit}; set it to image, "
            "or leave adaptation out"
        )
    yield from _wrong_pairs(study, asked)


def _wrong_pairs(study: Study, asked: Adaptation) -> Iterator[str]:
    """Yield what is wrong with the pairs that are named."""
    model = study.models.get(asked.model or next(iter(study.models), ""))
    sources = (model.sources if model else None) or study.trained_on()
    targets = [name for name in study.tested_on() if name not in {*study.only_tested(), *study.at_sites()}]
    for number, pair in enumerate(asked.pairs):
        key = f"adaptation.pairs.{number}"
        if pair.source not in sources:
            yield f"{key}.source: {pair.source!r} is not a source of the model; allowed are {listed(sources)}"
        if pair.target not in targets:
            yield (
                f"{key}.target: {pair.target!r} is not a target with training images here; allowed are "
                f"{listed(targets)}"
            )
        if pair.source == pair.target or _is_in_pool(study, pair.source, pair.target):
            yield f"{key}: {pair.target!r} is part of the source already; name another target"


def _is_in_pool(study: Study, source: str, target: str) -> bool:
    """Return whether a pooled source has a target's images."""
    pool = study.pool or [name for name in study.trained_on() if not is_pooled(name)]
    return is_pooled(source) and target in pool and source != f"{ALL_BUT}{target}"
