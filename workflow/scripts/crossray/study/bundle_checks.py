"""What is wrong with data sets that stay at their site, and with what a site sends, each as its key and a sentence."""

from collections.abc import Iterator

from crossray.errors import listed
from crossray.study.config import Study


def wrong_bundles(study: Study) -> Iterator[str]:
    """Yield what is wrong with bundles that a study takes, and with the one that it sends."""
    networks = [name for name, model in study.external.items() if model.is_network()]
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
    asked = study.bundle
    if asked is None:
        return
    if asked.dataset not in study.datasets or asked.dataset in study.at_sites():
        allowed = listed([name for name in study.datasets if name not in study.at_sites()], 20)
        yield f"bundle.dataset: {asked.dataset!r} is not a data set with images; allowed are {allowed or 'none'}"
    elif asked.dataset not in study.tested_on():
        yield f"bundle.dataset: {asked.dataset!r} is not among targets; add it"
    if not networks:
        yield "bundle: this study has no external network to apply; take those of the invitation's study.yaml"
