"""What is wrong with data sets that stay at their site, and with what a site sends, each as its key and a sentence."""

from collections.abc import Iterator

from crossray.errors import listed
from crossray.study.bundle import Bundle
from crossray.study.config import Study


def wrong_bundles(study: Study) -> Iterator[str]:
    """Yield what is wrong with bundles that a study takes, and with the one that it sends."""
    networks = [name for name, model in study.external.items() if model.is_network()]
    yield from _wrong_units(study)
    for site in study.at_sites():
        if not networks:
            yield (
                f"datasets.{site}: a bundle has the outputs of external networks, and this study has none; name one "
                "under external (onnx or architecture)"
            )
        if study.is_multiclass():
            yield f"datasets.{site}: bundles have findings, and this study's tasks are classes; leave it out"
        for name, model in study.external.items():
            if site in (model.scores or {}):
                yield f"external.{name}.scores.{site}: a bundle has the outputs of networks alone; leave it out"
    if study.bundle:
        yield from _wrong_bundle(study, study.bundle)
        if not networks:
            yield "bundle: this study has no external network to apply; take those of the invitation's study.yaml"


def _wrong_bundle(study: Study, asked: Bundle) -> Iterator[str]:
    """Yield what is wrong with the data set that a site sends a bundle of."""
    if asked.dataset not in study.datasets or asked.dataset in study.at_sites():
        allowed = listed([name for name in study.datasets if name not in study.at_sites()], 20)
        yield f"bundle.dataset: {asked.dataset!r} is not a data set with images; allowed are {allowed or 'none'}"
    elif asked.dataset not in study.tested_on():
        yield f"bundle.dataset: {asked.dataset!r} is not among targets; add it"
    if asked.model and asked.model not in (own := _trained_there(study, asked.dataset)):
        yield (
            f"bundle.model: {asked.model!r} is not a model that this study trains on {asked.dataset!r}; allowed are "
            f"{listed(own, 20) or 'none'}"
        )


def _trained_there(study: Study, dataset: str) -> list[str]:
    """Return the models that a study trains on a data set alone, but for those of sweeps, which are several."""
    sources = study.trained_on()
    return [
        name for name, model in study.models.items() if dataset in (model.sources or sources) and model.sweep is None
    ]


def _wrong_units(study: Study) -> Iterator[str]:
    """Yield which sites count other units than the study."""
    for site in study.counted():
        if study.evaluation.unit != "image":
            yield (
                f"datasets.{site}.level: counts are of images, and evaluation.unit is {study.evaluation.unit}; ask the "
                "site for rows, and set level: rows"
            )
