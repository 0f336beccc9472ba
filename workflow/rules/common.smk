"""The study's configuration, checked, and the functions by which rules ask for what they need of it."""

import functools
import json
import math
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, "workflow/scripts")
if not workflow.deployment_settings.deployment_method:
    # Programs run in the environment that Snakemake itself runs in, whether or not it is activated.
    shell.prefix(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")

from crossray.code_version import code_version
from crossray.datasets import READERS, find_reader
from crossray.errors import UserError
from crossray.figures.contents import FIGURES
from crossray.settings import checked

IMAGES_IN_A_SHARD = 2000


def study_settings():
    """Return the checked configuration and where each data set's release lies; stop with one clear line."""
    try:
        settings = checked(config, Path("workflow/schemas/config.schema.yaml"))
        releases = {
            name: find_reader(dataset["reader"]).locate(name, dataset) for name, dataset in settings["datasets"].items()
        }
    except UserError as error:
        raise WorkflowError(str(error)) from None
    return settings, releases


STUDY, RELEASES = study_settings()
DATASETS = STUDY["datasets"]
SOURCES = STUDY.get("sources", list(DATASETS))
TARGETS = STUDY.get("targets", list(DATASETS))
MODELS = STUDY["models"]
SEEDS = STUDY["seeds"]
SIZE = STUDY["images"]["size"]
PHANTOMS = [name for name, dataset in DATASETS.items() if dataset["reader"] == "simulated"]


PREDICTION = "<study>/predictions/{model}/{source}/{seed}/{split}/{target}.parquet"


pathvars:
    study=f"results/{STUDY['study']}",
    log=f"logs/{STUDY['study']}",
    benchmark=f"benchmarks/runs/{STUDY['study']}",


wildcard_constraints:
    dataset=r"[^/]+",
    model=r"[^/]+",
    source=r"[^/]+",
    target=r"[^/]+",
    seed=r"\d+",
    shard=r"\d+",
    size=r"\d+",
    split="validation|test",


def as_settings(**values):
    """Write settings as one string that is the same whatever the order of the keys in the configuration."""
    return json.dumps(values, sort_keys=True)


def subset(settings, *keys):
    """Return the entries of a mapping that a stage uses."""
    return {key: settings[key] for key in keys if key in settings}


def dataset_settings(*keys):
    """Return a params function: these settings of the wildcard's data set."""
    return lambda wildcards: as_settings(**subset(DATASETS[wildcards.dataset], *keys))


def manifest_settings(wildcards):
    """Return the settings that decide what a reader makes of its release."""
    dataset = DATASETS[wildcards.dataset]
    keys = find_reader(dataset["reader"]).SETTINGS
    return as_settings(**subset(dataset, "reader", "public", "split", *keys))


def manifest_code(wildcards):
    """Return the code behind a manifest: the program's and that of its one reader."""
    return code_version("make_manifest", READERS[DATASETS[wildcards.dataset]["reader"]])


@functools.cache
def shard_count(dataset):
    """Return the number of shards of a data set: the setting, or one for every 2,000 images."""
    settings = DATASETS[dataset]
    if "shards" in settings:
        return settings["shards"]
    images = find_reader(settings["reader"]).count_images(RELEASES[dataset], settings)
    return max(1, math.ceil(images / IMAGES_IN_A_SHARD))


def shards(dataset, size, suffix):
    """Return the files of a data set's shards with this suffix."""
    folder = f"results/datasets/{dataset}/{size}px/shards"
    return [f"{folder}/{number:04d}{suffix}" for number in range(shard_count(dataset))]


def index_of(dataset):
    """Return the index of a data set's shards.

    Asking the checkpoint for it makes Snakemake look at the index again once it has been written: a conversion that
    ended in the same pixels reruns nothing further.
    """
    return checkpoints.index_shards.get(dataset=dataset, size=SIZE).output.index


def weights_of(wildcards):
    """Return the weights of a model; asking for its source's index lets Snakemake see that they need not change."""
    index_of(wildcards.source)
    names = {"model": wildcards.model, "source": wildcards.source, "seed": wildcards.seed}
    return expand(rules.train_model.output.weights, **names)


def manifest_of(dataset):
    """Return the manifest of a data set."""
    return f"results/datasets/{dataset}/manifest.parquet"


def training_settings(wildcards):
    """Return the settings that decide a model's weights."""
    return as_settings(
        **STUDY["training"],
        architecture=MODELS[wildcards.model]["architecture"],
        seed=int(wildcards.seed),
        tasks=STUDY["tasks"],
    )


def predictions(wildcards):
    """Return all predictions of the study: every target's test split, and the own validation split for thresholds."""
    models = {"model": MODELS, "source": SOURCES, "seed": SEEDS}
    at_home = [
        path
        for source in SOURCES
        for path in expand(PREDICTION, **models | {"source": source}, split="validation", target=source)
    ]
    return at_home + expand(PREDICTION, **models, split="test", target=TARGETS)


def figure_settings(*keys):
    """Return what a figure needs of the study; every figure says whether the images are phantoms."""
    values = {
        "models": list(MODELS),
        "sources": SOURCES,
        "targets": TARGETS,
        "datasets": list(DATASETS),
        "tasks": STUDY["tasks"],
        "seeds": SEEDS,
        "size": SIZE,
        "resamples": STUDY["evaluation"]["resamples"],
        "minimum": STUDY["evaluation"]["minimum"],
        "phantoms": PHANTOMS,
    }
    return as_settings(**subset(values, "phantoms", *keys))


def report_settings():
    """Return the whole configuration but for paths of this machine, for the page to show."""
    datasets = {
        name: {key: value for key, value in dataset.items() if key not in ("root", "table")}
        for name, dataset in DATASETS.items()
    }
    settings = {key: value for key, value in STUDY.items() if key != "pseudonym_key"}
    settings |= {"datasets": datasets, "sources": SOURCES, "targets": TARGETS, "phantoms": PHANTOMS}
    return as_settings(**settings, order=list(DATASETS))
