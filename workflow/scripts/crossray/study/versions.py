"""The version of configurations: how to migrate earlier ones, and what became of each old key.

A change of keys makes a new version: add a line here, and its digest in ``tests/unit/configuration.json``.
"""

from collections.abc import Mapping, Sequence

#: how a configuration of each version becomes one of the next, the oldest first
MIGRATIONS = (
    "Leave out training.focal_gamma, asymmetric_gamma, asymmetric_margin and algorithm_weight, explanation.images, and "
    "tasks and steps of evaluation.attribution: each now has the value that was its default.",
    "In each data set write cohort for register.",
    "Nothing needs to change: data sets may come from an archive (reader: dicomweb or dimse) and have a sampling; "
    "tables names, no_patient, sex_words, view_words, strata and more patterns; folders view, from_headers and "
    "no_patient; studies usefulness, a plan of films to read and a bundle of a site (reader: bundle).",
)
#: the version of configurations that this code reads
VERSION = len(MIGRATIONS) + 1

#: key of an earlier version, NAME in place of any name -> what to do about it
GONE: Mapping[str, str] = {
    "training.focal_gamma": "the exponent of the focal loss is 2",
    "training.asymmetric_gamma": "the exponent of the asymmetric loss is 4",
    "training.asymmetric_margin": "the margin of the asymmetric loss is 0.05",
    "training.algorithm_weight": "algorithms weigh as in DomainBed",
    "evaluation.attribution.tasks": "all tasks of the study are asked about",
    "evaluation.attribution.steps": "integrated gradients take 16 steps",
    "explanation.images": "up to 2000 images of each data set are described",
}

#: key of an earlier version, NAME in place of any name -> what it is called now
RENAMED: Mapping[str, str] = {"datasets.NAME.register": "cohort"}


def what_became_of(path: Sequence[str | int]) -> str:
    """Return what became of a key of an earlier version, empty if there never was such a key.

    Args:
        path: the keys that lead to it, itself the last.
    """
    keys = [str(key) for key in path]
    own = keys[2:] if keys[0] == "models" and keys[2:3] == ["training"] else keys  # a model's own training
    if name := next((new for old, new in RENAMED.items() if _matches(own, old.split("."))), ""):
        return f"the key {keys[-1]} is called {name} now (version {VERSION} of configurations)"
    words = next((words for gone, words in GONE.items() if _matches(own, gone.split("."))), "")
    return f"the key {keys[-1]} is gone, leave it out: {words} (version {VERSION} of configurations)" if words else ""


def _matches(keys: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(keys) == len(pattern) and all(part in ("NAME", key) for key, part in zip(keys, pattern, strict=True))
