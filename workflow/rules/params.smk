"""What decides a job's result, as one string of settings: what a rule uses of the configuration and nothing else."""

#: how models are applied to images
INFERENCE = subset(STUDY["training"], "batch_size", "precision")
#: which images show what a model sees before its head
EMBEDDING = {"images": STUDY["evaluation"]["probe_images"], "seed": STUDY["evaluation"]["seed"]}


def dataset_settings(*keys):
    """Return a params function: these settings of the wildcard's data set."""
    return lambda wildcards: as_settings(**subset(DATASETS[wildcards.dataset], *keys))


def manifest_settings(wildcards):
    """Return the settings that decide what a reader makes of its release."""
    dataset = wildcards.dataset
    return as_settings(
        **READINGS[dataset],
        **subset(DATASETS[dataset], "public", *([] if dataset in TESTED else ["split"])),
        **({"role": "test"} if dataset in TESTED else {}),
        **({"outside_root": "allow"} if DATASETS[dataset]["outside_root"] == "allow" else {}),
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
    """Return the code behind a manifest: the program's and that of its one reader, but for where findings are."""
    # Where findings are is read for another file; how pixels are made is nothing to a manifest.
    return code_version("make_manifest", reader_module(wildcards.dataset), without="crossray.datasets.places")


def reader_module(dataset):
    """Return the name of the module that reads a data set."""
    return READERS[DATASETS[dataset]["reader"]]


def versions(*libraries):
    """Return the versions of libraries that decide a result."""
    return as_settings(**{name: version_of(name) for name in libraries})


def version_of(library):
    """Return the version of an installed library; rules can also be looked at, as by --lint, where it is not there."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def training_settings(wildcards):
    """Return the settings that decide a model's weights, without those that are nothing to it."""
    model = MODELS[wildcards.model]
    training = dict(model["training"])
    pooled = is_pooled(getattr(wildcards, "source", ALL))
    if training["balance"] != "findings" and not pooled:
        del training["balance"]
    if training["algorithm"] == "erm" or not pooled:
        del training["algorithm"], training["algorithm_weight"]
    if training["loss"] != "cross_entropy":
        del training["label_smoothing"]
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


def description_settings():
    """Return the settings that decide how images are described; the name of a file is no setting, its content is."""
    explanation = STUDY.get("explanation", {})
    encoder = explanation.get("encoder")
    return as_settings(
        **subset(explanation, "images"),
        encoder="file" if ENCODER_FILE else encoder,
        seed=STUDY["evaluation"]["seed"],
        **INFERENCE,
    )


def heads_settings(wildcards):
    """Return the settings that decide a shared network's weights."""
    penalty = STUDY["shared_heads"]["penalty"] if wildcards.penalty == "tied" else 0
    training = json.loads(training_settings(wildcards))
    alike = {key: value for key, value in training.items() if not key.startswith("algorithm")}
    return as_settings(**alike, penalty=penalty)


def release_paths():
    """Return the folders and tables of releases, which are no results."""
    return [path for release in RELEASES.values() for path in (release.root, *release.tables)]


def small_cells():
    """Return which counts tables do not show, and of which data sets; nothing where all are public."""
    closed = [name for name, dataset in DATASETS.items() if not dataset["public"]]
    limit = STUDY["small_cells"]
    return {"small_cells": {"below": limit, "closed": closed}} if closed and limit > 1 else {}


def analysis_settings(models=MODELS, **more):
    """Return what analyses of the predictions of models, of all where none are named, need of the study."""
    return as_settings(
        models=list(models),
        sources=SOURCES,
        sources_of={name: MODELS[name]["sources"] for name in models},
        origins={name: [source for _, source in origins(MODELS, name)] for name in models},
        members=MEMBERS,
        targets=TARGETS,
        seeds=SEEDS,
        tasks=STUDY["tasks"],
        objective=MULTICLASS if CLASSES else MULTILABEL,
        registers=REGISTERS,
        paper=PAPER,
        evaluation=subset(STUDY["evaluation"], "minimum", "resamples", "seed"),
        overlap=STUDY["leakage"]["overlap"],
        **small_cells(),
        **more,
    )


def attribution_settings():
    """Return how evidence is attributed to pixels, with the findings to ask about."""
    return {"tasks": STUDY["tasks"]} | (ATTRIBUTION or {})


#: what figures can ask of the study
OF_STUDY = {
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
    "real": REAL,
    "withheld": WITHHELD,
    "searched": SEARCHED,
}


def figure_settings(wildcards):
    """Return what a figure needs of the study; every figure says whether the images are phantoms."""
    return as_settings(**subset(OF_STUDY, "phantoms", "real", *ALL_FIGURES[wildcards.figure].settings))


def figure_folders(wildcards, output):
    """Return the folders that a figure reads, the study's and that of all data sets."""
    folders = {"datasets": "results/datasets"}
    study = Path(output.svg).parent.parent
    return [folders.get(name, str(study / name)) for name in ALL_FIGURES[wildcards.figure].folders]


def name_of(weights):
    """Return what a page says of weights: of a file its name without its folders; its digest is in the records."""
    return f"of the file {Path(weights).name}" if isinstance(weights, str) and set("./") & set(weights) else weights


def report_settings():
    """Return the whole configuration but for paths of this machine, for the page to show; of a file its name alone."""
    datasets = {
        name: {key: value for key, value in dataset.items() if key not in PATH_SETTINGS}
        for name, dataset in DATASETS.items()
    }
    settings = {key: value for key, value in STUDY.items() if key not in ("private", "container")}
    settings["models"] = {
        name: model | {"weights": name_of(model["weights"])} for name, model in STUDY["models"].items()
    }
    if "explanation" in STUDY:
        settings["explanation"] = STUDY["explanation"] | {"encoder": name_of(STUDY["explanation"]["encoder"])}
    settings |= {"shown": SHOWN, "sources_of": {name: model["sources"] for name, model in MODELS.items()}}
    settings |= {"datasets": datasets, "sources": SOURCES, "targets": TARGETS, "members": MEMBERS}
    settings |= {"phantoms": PHANTOMS, "real": REAL, "searched": SEARCHED, "shape": SHAPE}
    settings |= {"figures": FIGURES, "tables": TABLES}
    return as_settings(**settings, order=list(DATASETS))
