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
from crossray.datasets import READERS, find_reader, with_policy
from crossray.errors import UserError
from crossray.figures.contents import FIGURES
from crossray.settings import check_registers, checked

IMAGES_IN_A_SHARD = 2000


def study_settings():
    """Return the checked configuration, and what it means for each data set; stop with one clear line.

    That is where its release lies, the settings of its reader with the label policy spelt out, and whose patients it
    has.
    """
    try:
        settings = checked(config, Path("workflow/schemas/config.schema.yaml"))
        releases, readings, registers = {}, {}, {}
        for name, dataset in settings["datasets"].items():
            reader = find_reader(dataset["reader"])
            readings[name] = with_policy(name, dataset)
            releases[name] = reader.locate(name, dataset)
            registers[name] = dataset.get("register") or reader.REGISTER or name
        check_registers(registers, {name: dataset["public"] for name, dataset in settings["datasets"].items()})
    except UserError as error:
        raise WorkflowError(str(error)) from None
    return settings, releases, readings, registers


STUDY, RELEASES, READINGS, REGISTERS = study_settings()
DATASETS = STUDY["datasets"]
SOURCES = STUDY.get("sources", list(DATASETS))
TARGETS = STUDY.get("targets", list(DATASETS))
MODELS = STUDY["models"]
SEEDS = STUDY["seeds"]
SIZE = STUDY["images"]["size"]
FIT = STUDY["images"]["fit"]
#: name of the folder of shards of this kind
SHAPE = f"{SIZE}px" if FIT == "crop" else f"{SIZE}px-{FIT}"
#: settings of a data set that are paths of this machine, which no page shows
PATH_SETTINGS = ("root", "table", "metadata", "nih_mapping", "synonyms", "views_table")
PHANTOMS = [name for name, dataset in DATASETS.items() if dataset["reader"] == "simulated"]


PREDICTION = "<study>/predictions/{model}/{source}/{seed}/{split}/{target}.parquet"


pathvars:
    study=f"results/{STUDY['study']}",
    log=f"logs/{STUDY['study']}",
    benchmark=f"benchmarks/runs/{STUDY['study']}",
    private=STUDY["private"],


wildcard_constraints:
    dataset=r"[^/]+",
    model=r"[^/]+",
    source=r"[^/]+",
    target=r"[^/]+",
    seed=r"\d+",
    shard=r"\d+",
    shape=r"\d+px(-pad)?",
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
    dataset = wildcards.dataset
    return as_settings(
        **READINGS[dataset],
        **subset(DATASETS[dataset], "public", "split"),
        register=REGISTERS[dataset],
    )


def conversion_settings(wildcards):
    """Return the settings that decide the pixels of a shard."""
    return as_settings(
        **shape_settings(wildcards.shape),
        **subset(DATASETS[wildcards.dataset], "burnt_in", "burnt_in_areas"),
        shards=shard_count(wildcards.dataset),
    )


def index_settings(wildcards):
    """Return the settings that decide an index beside the shards."""
    return as_settings(
        **shape_settings(wildcards.shape),
        **subset(DATASETS[wildcards.dataset], "burnt_in", "max_rejected"),
    )


def shape_settings(shape):
    """Return the size and the fit that the name of a folder of shards stands for."""
    size, _, fit = shape.partition("px")
    return {"size": int(size), "fit": fit.removeprefix("-") or "crop"}


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


def shards(dataset, shape, suffix):
    """Return the files of a data set's shards with this suffix."""
    folder = f"results/datasets/{dataset}/{shape}/shards"
    return [f"{folder}/{number:04d}{suffix}" for number in range(shard_count(dataset))]


def index_of(dataset):
    """Return the index of a data set's shards."""
    return f"results/datasets/{dataset}/{SHAPE}/index.json"


def manifest_of(dataset):
    """Return the manifest of a data set as this study uses it. Its digest says whether it is another one.

    Asking the checkpoint lets Snakemake look again once it has been written: what ends in the same patients, splits and
    labels reruns nothing further. Only the last step before training is a checkpoint; where one checkpoint waits for
    another, Snakemake 9 may run a job whose input was never filled in.
    """
    return ancient(checkpoints.assign_splits.get(dataset=dataset).output.manifest)


def digest_of(dataset):
    """Return the digest of a data set's manifest in this study."""
    return checkpoints.assign_splits.get(dataset=dataset).output.digest


def study_manifests(wildcards):
    """Return the manifests of all data sets as this study uses them."""
    return [manifest_of(dataset) for dataset in DATASETS]


def study_digests(wildcards):
    """Return the digests of these manifests."""
    return [digest_of(dataset) for dataset in DATASETS]


def study_indexes(wildcards):
    """Return the indexes of all data sets."""
    return [index_of(dataset) for dataset in DATASETS]


def weights_of(wildcards):
    """Return the weights of a model; asking for its source's digest lets Snakemake see that they need not change."""
    digest_of(wildcards.source)
    names = {"model": wildcards.model, "source": wildcards.source, "seed": wildcards.seed}
    return expand(rules.train_model.output.weights, **names)


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
        "shape": SHAPE,
        "resamples": STUDY["evaluation"]["resamples"],
        "minimum": STUDY["evaluation"]["minimum"],
        "phantoms": PHANTOMS,
    }
    return as_settings(**subset(values, "phantoms", *keys))


def report_settings():
    """Return the whole configuration but for paths of this machine, for the page to show."""
    datasets = {
        name: {key: value for key, value in dataset.items() if key not in PATH_SETTINGS}
        for name, dataset in DATASETS.items()
    }
    settings = {key: value for key, value in STUDY.items() if key != "private"}
    settings |= {"datasets": datasets, "sources": SOURCES, "targets": TARGETS, "phantoms": PHANTOMS, "shape": SHAPE}
    return as_settings(**settings, order=list(DATASETS))
