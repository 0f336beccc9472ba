"""What is wrong with linear probes, as far as the configuration shows it: nothing that is set is silently unused."""

from collections.abc import Iterator

from crossray.study.config import Study
from crossray.study.models import Model
from crossray.study.training import Training
from crossray.study.ways import SCRATCH

#: what a probe uses of ``training``
_USED = ("images",)
#: settings of a training that change what is learnt, not only how its minimum is found
_OTHER_AIMS = ("loss", "label_smoothing", "algorithm", "positive_weights", "balance")


def wrong_probes(study: Study) -> Iterator[str]:
    """Yield what is wrong with models that are linear probes."""
    probes = {name: model for name, model in study.models.items() if model.probe}
    for name, model in probes.items():
        yield from _wrong_probe(name, model)
    for key in _OTHER_AIMS if probes else ():
        if (value := getattr(study.training, key)) != getattr(Training(), key):
            name = next(iter(probes))
            yield (
                f"training.{key}: is {value!r}, which the probe {name} cannot follow, as logistic regression fits it; "
                "set it under models.NAME.training of those that are trained"
            )
    if study.shared_heads and len(probes) == len(study.models):
        yield "shared_heads: trains a network, and all models are probes; leave it out, or add a model without probe"
    asked = study.adaptation
    adapted = (asked and asked.model) or next(iter(study.models), "")
    if asked and adapted in probes and SCRATCH in asked.ways:
        yield (
            f"adaptation.ways: {SCRATCH!r} is for a model that the study trains, and {adapted} is a probe; leave it "
            "out of ways, or name another model under adaptation.model"
        )


def _wrong_probe(name: str, model: Model) -> Iterator[str]:
    """Yield what is wrong with a probe's own block."""
    key = f"models.{name}"
    if model.weights is None:
        yield (
            f"{key}.probe: is fitted on features that were learnt before; name published weights, a file, or another "
            f"model of this study under {key}.weights"
        )
    if model.freeze:
        yield f"{key}.freeze: all layers of a probe but the last are frozen; leave it out"
    for place, settings in (("training", model.training), ("sweep", model.sweep)):
        for unused in [one for one in settings or () if one not in _USED]:
            yield (
                f"{key}.{place}.{unused}: nothing of it is used, as a probe is not trained in steps; allowed is "
                f"{', '.join(_USED)}"
            )
