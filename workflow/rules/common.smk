"""The study's configuration, checked, and the functions by which rules ask for what they need of it."""

import functools
import importlib.metadata
import json
import math
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, "workflow/scripts")
if not workflow.deployment_settings.deployment_method:
    # Programs run in the environment that Snakemake itself runs in, whether or not it is activated. A prefix of one's
    # own replaces Snakemake's, without which a failed program before a pipe would count as one that went well.
    shell.prefix(f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")

from crossray.code_version import code_version
from crossray.datasets import READERS, find_reader, places_of, with_policy
from crossray.errors import UserError
from crossray.figures.contents import ALL_FIGURES, ALL_TABLES
from crossray.pseudonyms import make_key
from crossray.settings import (
    ALL,
    ALL_BUT,
    CHANNELS,
    MULTICLASS,
    MULTILABEL,
    check_registers,
    checked,
    is_multiclass,
    is_pooled,
    members,
    objective_of,
    read_schema,
    tasks_of,
)
from crossray.sweeps import origin, origins, spelt_out

IMAGES_IN_A_SHARD = 2000
SCHEMA = Path("workflow/schemas/config.schema.yaml")


def study_settings():
    """Return the checked configuration, and what it means for each data set; stop with one clear line.

    That is where its release lies, the settings of its reader with the label policy spelt out, and whose patients it
    has.
    """
    try:
        settings = checked(config, SCHEMA)
        releases, readings, registers = {}, {}, {}
        for name, dataset in settings["datasets"].items():
            reader = find_reader(dataset["reader"])
            readings[name] = with_policy(name, dataset)
            releases[name] = reader.locate(name, dataset)
            registers[name] = dataset.get("register") or reader.REGISTER or dataset.get("patients_of") or name
        check_registers(registers, {name: dataset["public"] for name, dataset in settings["datasets"].items()})
    except UserError as error:
        raise WorkflowError(str(error)) from None
    return settings, releases, readings, registers


def members_of_sources():
    """Return the data sets that each source consists of."""
    try:
        return {source: members(source, POOL, REGISTERS) for source in SOURCES}
    except UserError as error:
        raise WorkflowError(str(error)) from None


def check_cache():
    """Stop if data of patients would go to a between-workflow cache that others can read.

    Snakemake makes every file in it readable and writable by all, the table of identifiers too.
    """
    folder = os.environ.get("SNAKEMAKE_OUTPUT_CACHE")
    closed = [name for name, dataset in DATASETS.items() if not dataset["public"]]
    if workflow.workflow_settings.cache is None or not folder or not closed:
        return
    if Path(folder).is_dir() and Path(folder).stat().st_mode & 0o077:
        raise WorkflowError(
            f"--cache: {folder} can be entered by others, who could read the images and identifiers of "
            f"{', '.join(closed)}. Close it (chmod 700 {folder}), use another folder, or leave --cache out"
        )


def check_writable(*folders):
    """Stop if results could not be written: Snakemake itself would end in a traceback."""
    for folder in map(Path, folders):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise WorkflowError(
                f"{folder}: may not be written to (a file system that is read-only, or another owner); mend that and "
                "start again, what is done stays done"
            )


def models_of_study():
    """Return every model that is trained, sweeps spelt out."""
    try:
        return spelt_out(STUDY, read_schema(SCHEMA), SOURCES)
    except UserError as error:
        raise WorkflowError(str(error)) from None


STUDY, RELEASES, READINGS, REGISTERS = study_settings()
DATASETS = STUDY["datasets"]
check_cache()
SOURCES = STUDY.get("sources", list(DATASETS))
TARGETS = STUDY.get("targets", list(DATASETS))
#: the data sets that pooled sources and shared networks draw on
POOL = STUDY.get("pool") or [source for source in SOURCES if not is_pooled(source)] or list(DATASETS)
#: what each source consists of
MEMBERS = members_of_sources()
MODELS = models_of_study()
#: those that figures of single models show: all but the points of sweeps, which have figures of their own
SHOWN = [name for name, model in MODELS.items() if not model["point"]] or list(MODELS)[:1]
#: those of them that are trained on every source, of which shared networks are made
EVERYWHERE = [name for name in SHOWN if MODELS[name]["sources"] == SOURCES]
#: points of sweeps
POINTS = {name: {"sweep": model["sweep"], "point": model["point"]} for name, model in MODELS.items() if model["point"]}
SEEDS = STUDY["seeds"]
SIZE = STUDY["images"]["size"]
FIT = STUDY["images"]["fit"]
COLOUR = STUDY["images"]["colour"]
#: name of the folder of shards of this kind
SHAPE = f"{SIZE}px" + ("" if FIT == "crop" else f"-{FIT}") + ("" if COLOUR == "grey" else f"-{COLOUR}")
#: settings of a data set that are paths of this machine, which no page shows
PATH_SETTINGS = ("root", "table", "metadata", "nih_mapping", "synonyms", "views_table")
#: one target for each register of patients: data sets that can differ in more than their labels
DOMAINS = [
    name for place, name in enumerate(TARGETS) if REGISTERS[name] not in {REGISTERS[other] for other in TARGETS[:place]}
]
#: data sets that Cohen et al. (2020) had too, by its names
PAPER = {name: dataset["paper"] for name, dataset in DATASETS.items() if "paper" in dataset}
PAPER_NUMBERS = (
    "fig1_auc",
    "fig2_leave_one_out",
    "fig3_kappa",
    "fig6_weight_distance",
    "figA1_label_agreement",
    "figA2_seed_kappa",
    "tableA1_counts",
)
PENALTIES = ("free", "tied")
#: whether tasks are classes, of which an image has one
CLASSES = is_multiclass(STUDY)
#: more tasks have no matrix each, as nobody could look at them
MOST_PANELS = 30
#: how evidence is attributed to pixels, None where nobody asks
ATTRIBUTION = STUDY["evaluation"].get("attribution")
#: targets whose releases say where findings are
LOCATED = [name for name in TARGETS if places_of(name, DATASETS[name])]
PHANTOMS = [name for name, dataset in DATASETS.items() if dataset["reader"] == "simulated"]


PREDICTION = "<study>/predictions/{model}/{source}/{seed}/{split}/{target}.parquet"


pathvars:
    study=f"results/{STUDY['study']}",
    log=f"logs/{STUDY['study']}",
    benchmark=f"benchmarks/runs/{STUDY['study']}",
    private=STUDY["private"],


# What a study can answer hangs on what it has: two hospitals, sources that leave one out, the paper's data sets, ...
CONDITIONS = {
    "models": len(SHOWN) > 1,
    "sweeps": bool(POINTS),
    "transfer": len([source for source in SOURCES if not is_pooled(source)]) > 1,
    "domains": any(f"{ALL_BUT}{target}" in SOURCES for target in TARGETS),
    "heads": "shared_heads" in STUDY and bool(EVERYWHERE),
    "explanation": "explanation" in STUDY and len(TARGETS) > 1 and not CLASSES,
    "truth": "explanation" in STUDY
    and not CLASSES
    and 1 < len(TARGETS)
    and set(TARGETS) <= set(PHANTOMS)
    and all(DATASETS[name]["public"] for name in TARGETS),
    "labels": len(set(REGISTERS.values())) < len(DATASETS),
    "probe": len(DOMAINS) > 1,
    "attribution": ATTRIBUTION is not None,
    "localisation": ATTRIBUTION is not None and bool(LOCATED),
    "paper": bool(PAPER),
    "classes": CLASSES,
    "findings": not CLASSES,
    "agreement": len([source for source in SOURCES if not is_pooled(source)]) > 1 and not CLASSES,
    "panels": len(STUDY["tasks"]) <= MOST_PANELS,
}
FIGURES = tuple(name for name, needed in ALL_FIGURES.items() if needed is None or CONDITIONS[needed])
TABLES = tuple(name for name, needed in ALL_TABLES.items() if needed is None or CONDITIONS[needed])


wildcard_constraints:
    dataset=r"[^/]+",
    model=r"[^/]+",
    source=r"[^/]+",
    target=r"[^/]+",
    seed=r"\d+",
    shard=r"\d+",
    shape=r"\d+px(-pad)?(-rgb)?",
    split="validation|test",
    penalty="free|tied",


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
    """Return the size, the fit and the colour that the name of a folder of shards stands for."""
    size, *rest = shape.split("-")
    return {
        "size": int(size.removesuffix("px")),
        "fit": "pad" if "pad" in rest else "crop",
        "colour": "rgb" if "rgb" in rest else "grey",
    }


def manifest_code(wildcards):
    """Return the code behind a manifest: the program's and that of its one reader."""
    return code_version("make_manifest", reader_module(wildcards.dataset))


def reader_module(dataset):
    """Return the name of the module that reads a data set."""
    return READERS[DATASETS[dataset]["reader"]]


def key_of(wildcards):
    """Return the key that replaces identifiers of a data set, made on first use; none where it is public."""
    if DATASETS[wildcards.dataset]["public"]:
        return []
    key = Path(STUDY["private"], "pseudonyms.key")
    make_key(key)
    return str(key)


def versions(*libraries):
    """Return the versions of libraries that decide a result."""
    return as_settings(**{name: importlib.metadata.version(name) for name in libraries})


@functools.cache
def count_images(dataset):
    """Return how many images a release has by its table."""
    settings = DATASETS[dataset]
    return find_reader(settings["reader"]).count_images(RELEASES[dataset], settings)


def shard_count(dataset):
    """Return the number of shards of a data set: the setting, or one for every 2,000 images."""
    return DATASETS[dataset].get("shards") or max(1, math.ceil(count_images(dataset) / IMAGES_IN_A_SHARD))


def images_in_shard(dataset):
    """Return how many images a shard of a data set holds at most."""
    return math.ceil(count_images(dataset) / shard_count(dataset))


def pixels_mb(datasets):
    """Return the size of data sets' pixels in MB."""
    return sum(count_images(dataset) for dataset in datasets) * SIZE * SIZE * CHANNELS[COLOUR] // 1_000_000


def grows(amount):
    """Return a resources function: an amount, or one for the wildcards, once more for each further attempt."""

    def resource(wildcards, attempt):
        return attempt * (amount(wildcards) if callable(amount) else amount)

    return resource


def conversion_memory(wildcards):
    """Return the MB that a conversion needs: a large image with its copies, and the shard's pages in the cache."""
    shape = shape_settings(wildcards.shape)
    pixels = shape["size"] ** 2 * CHANNELS[shape["colour"]]
    return 1500 + images_in_shard(wildcards.dataset) * pixels // 1_000_000


def training_memory(wildcards):
    """Return the MB that a training needs; half of the pixels where they are mapped, as they can leave memory again."""
    pixels = pixels_mb(datasets_learnt(wildcards))
    return 8000 + (pixels if STUDY["images"]["reading"] == "memory" else pixels // 2)


def training_minutes(wildcards):
    """Return minutes for a training at 300 images a second, which any GPU of the last ten years does at 224 px."""
    epochs = MODELS[wildcards.model]["training"]["epochs"]
    images = epochs * sum(map(count_images, datasets_learnt(wildcards)))
    return 60 + images // (300 * 60)


def datasets_learnt(wildcards):
    """Return the data sets that a training learns from: the source's, or the pool of a shared network."""
    return MEMBERS[wildcards.source] if "source" in wildcards.keys() else POOL


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


def manifests_of(datasets):
    """Return the manifests of data sets as this study uses them."""
    return [manifest_of(dataset) for dataset in datasets]


def digests_of(datasets):
    """Return the digests of these manifests."""
    return [digest_of(dataset) for dataset in datasets]


def indexes_of(datasets):
    """Return the indexes of data sets."""
    return [index_of(dataset) for dataset in datasets]


def shards_of(datasets):
    """Return the shards of data sets; who reads them goes by the index whether they have changed."""
    return ancient([path for dataset in datasets for path in shards(dataset, SHAPE, ".h5")])


def study_manifests(wildcards):
    """Return the manifests of all data sets."""
    return manifests_of(DATASETS)


def study_digests(wildcards):
    """Return the digests of these manifests."""
    return digests_of(DATASETS)


def study_indexes(wildcards):
    """Return the indexes of all data sets."""
    return indexes_of(DATASETS)


def weights_of(wildcards):
    """Return the weights of a model; the small record beside them says whether they are others."""
    return ancient(of_model(rules.train_model.output.weights, wildcards))


def record_of(wildcards):
    """Return a training's record; asking for its source's digests lets Snakemake see that it need not change."""
    digests_of(MEMBERS[wildcards.source])
    return of_model(rules.train_model.output.record, wildcards)


def of_model(pattern, wildcards):
    """Return the file of the wildcards' model, of the first seed where there is no wildcard for it."""
    names = {"model": wildcards.model, "source": wildcards.source, "seed": getattr(wildcards, "seed", SEEDS[0])}
    return expand(pattern, **names)


def training_settings(wildcards):
    """Return the settings that decide a model's weights, without those that are nothing to it."""
    model = MODELS[wildcards.model]
    training = dict(model["training"])
    if training["balance"] == "datasets" and not is_pooled(getattr(wildcards, "source", ALL)):
        training["balance"] = "images"
    for key in ("focal_gamma", "asymmetric_gamma", "asymmetric_margin"):
        if not key.startswith(training["loss"]):
            del training[key]
    return as_settings(
        **training,
        **subset(model, "architecture", "stem", "freeze", "unfreeze_every"),
        weights=None if initial_weights(wildcards) else model["weights"],
        seed=int(wildcards.seed),
        objective=objective_of(STUDY, model["sweep"]),
        tasks=tasks_of(STUDY, model["sweep"]),
    )


def initial_weights(wildcards):
    """Return the file that a model's weights start from: one of the user's, or another model's of the same seed."""
    weights = MODELS[wildcards.model]["weights"]
    if origin(MODELS[wildcards.model]):
        return ancient(of_origin(rules.train_model.output.weights, wildcards))
    return file_of(weights)


def file_of(weights):
    """Return weights that are a file, as a list of one; none for a published name or no weights."""
    return [weights] if weights and set("./") & set(weights) else []


def description_settings():
    """Return the settings that decide how images are described; the name of a file is no setting, its content is."""
    explanation = STUDY.get("explanation", {})
    encoder = explanation.get("encoder")
    return as_settings(
        **subset(explanation, "images"),
        encoder="file" if file_of(encoder) else encoder,
        seed=STUDY["evaluation"]["seed"],
        batch_size=STUDY["training"]["batch_size"],
    )


def initial_record(wildcards):
    """Return the record of the model that weights come from, which says whether they are others."""
    before = origin(MODELS[wildcards.model])
    if not before:
        return []
    digests_of(MEMBERS[before[1]])
    return of_origin(rules.train_model.output.record, wildcards)


def of_origin(pattern, wildcards):
    """Return the file of the model that the wildcards' model starts from."""
    model, source = origin(MODELS[wildcards.model])
    return expand(pattern, model=model, source=source, seed=wildcards.seed)


def of_trainings(pattern, models=None, **more):
    """Return the files of every training of models, of all where none are named."""
    return [
        path
        for model in models or MODELS
        for source in MODELS[model]["sources"]
        for path in expand(pattern, model=model, source=source, **{"seed": SEEDS} | more)
    ]


def predictions(wildcards):
    """Return all predictions of the study: every target's test split, and the own validation splits for thresholds."""
    at_home = [
        path
        for model in MODELS
        for source in MODELS[model]["sources"]
        for path in expand(
            PREDICTION, model=model, source=source, seed=SEEDS, split="validation", target=MEMBERS[source]
        )
    ]
    return at_home + of_trainings(PREDICTION, split="test", target=TARGETS)


def predictions_of_sweeps(wildcards):
    """Return all predictions, and for the choice among points of sweeps those for every validation split."""
    datasets = dict.fromkeys([*TARGETS, *(name for names in MEMBERS.values() for name in names)])
    return predictions(wildcards) + of_trainings(PREDICTION, POINTS, split="validation", target=datasets)


def heads_settings(wildcards):
    """Return the settings that decide a shared network's weights."""
    penalty = STUDY["shared_heads"]["penalty"] if wildcards.penalty == "tied" else 0
    return as_settings(**json.loads(training_settings(wildcards)), penalty=penalty)


def analysis_settings(**more):
    """Return what analyses of the predictions need of the study."""
    return as_settings(
        models=list(MODELS),
        sources=SOURCES,
        sources_of={name: model["sources"] for name, model in MODELS.items()},
        origins={name: [source for _, source in origins(MODELS, name)] for name in MODELS},
        members=MEMBERS,
        targets=TARGETS,
        seeds=SEEDS,
        tasks=STUDY["tasks"],
        objective=MULTICLASS if CLASSES else MULTILABEL,
        registers=REGISTERS,
        paper=PAPER,
        evaluation=subset(STUDY["evaluation"], "minimum", "resamples", "seed"),
        overlap=STUDY["leakage"]["overlap"],
        **more,
    )


def attribution_settings():
    """Return how evidence is attributed to pixels, with the findings to ask about."""
    return {"tasks": STUDY["tasks"]} | (ATTRIBUTION or {})


def first_predictions(wildcards):
    """Return the predictions of the wildcards' model for the target's test images, of the first seed."""
    names = {"model": wildcards.model, "source": wildcards.source, "target": wildcards.target}
    return expand(PREDICTION, **names, seed=SEEDS[0], split="test")


def attributions(wildcards):
    """Return the tables of all maps of attribution of the study."""
    return of_trainings(rules.attribute_images.output.table, SHOWN, seed=SEEDS[:1], target=TARGETS)


def regions_of(datasets):
    """Return the regions of those data sets whose releases say where findings are."""
    return expand(rules.locate_findings.output.regions, dataset=[name for name in datasets if name in LOCATED])


def paper_tables(wildcards):
    """Return the tables of this study that have numbers of the paper beside them."""
    wanted = ["performance", "labels", "agreement_summary", "domains", "head_distances", "label_agreement"]
    return [f"<study>/analysis/{name}.csv" for name in wanted if name in TABLES]


def figure_settings(*keys):
    """Return what a figure needs of the study; every figure says whether the images are phantoms."""
    values = {
        "models": SHOWN,
        "sources_of": {name: MODELS[name]["sources"] for name in SHOWN},
        "sources": SOURCES,
        "targets": TARGETS,
        "members": MEMBERS,
        "datasets": list(DATASETS),
        "tasks": STUDY["tasks"],
        "seeds": SEEDS,
        "size": SIZE,
        "shape": SHAPE,
        "fit": FIT,
        "attribution": subset(attribution_settings(), "methods", "tasks"),
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
    settings |= {"shown": SHOWN, "sources_of": {name: model["sources"] for name, model in MODELS.items()}}
    settings |= {"datasets": datasets, "sources": SOURCES, "targets": TARGETS, "members": MEMBERS}
    settings |= {"phantoms": PHANTOMS, "shape": SHAPE, "figures": FIGURES, "tables": TABLES}
    return as_settings(**settings, order=list(DATASETS))
