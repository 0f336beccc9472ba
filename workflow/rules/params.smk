"""What decides a job's result beside its settings: the code of readers; and what figures and the report are told."""


def manifest_code(wildcards):
    """Return the code behind a manifest: the program's and that of its one reader, but for where findings are."""
    # Where findings are is read for another file; how pixels are made is nothing to a manifest.
    return code_version("make_manifest", reader_module(wildcards.dataset), without="crossray.datasets.places")


def reader_module(dataset):
    """Return the name of the module that reads a data set."""
    return READERS[DATASETS[dataset].reader]


#: what figures can ask of the study
OF_STUDY = {
    "models": PLAN.reported_models,
    "sources_of": {name: PLAN.models[name].sources for name in PLAN.reported_models},
    "sources": PLAN.sources,
    "targets": PLAN.targets,
    "members": PLAN.members,
    "datasets": list(DATASETS),
    "tasks": STUDY.tasks,
    "seeds": SEEDS,
    "size": STUDY.images.size,
    "shape": SHAPE,
    "fit": STUDY.images.fit,
    "attribution": subset(stage_settings.attribute_images(PLAN).as_dict(), "methods", "tasks"),
    "resamples": STUDY.evaluation.resamples,
    "minimum": STUDY.evaluation.minimum,
    "phantoms": PLAN.phantoms,
    "real": PLAN.real,
    "withheld": PLAN.withheld,
    "searched": PLAN.searched,
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
    study = STUDY.as_dict()
    datasets = {
        name: {key: value for key, value in dataset.items() if key not in PATH_SETTINGS}
        for name, dataset in study["datasets"].items()
    }
    settings = {key: value for key, value in study.items() if key not in ("private", "container")}
    settings["models"] = {
        name: model | {"weights": name_of(model["weights"])} for name, model in study["models"].items()
    }
    if "explanation" in study:
        settings["explanation"] = study["explanation"] | {"encoder": name_of(study["explanation"]["encoder"])}
    sources_of = {name: model.sources for name, model in PLAN.models.items()}
    settings |= {"shown": PLAN.reported_models, "sources_of": sources_of}
    settings |= {"datasets": datasets, "sources": PLAN.sources, "targets": PLAN.targets, "members": PLAN.members}
    settings |= {"phantoms": PLAN.phantoms, "real": PLAN.real, "searched": PLAN.searched, "shape": SHAPE}
    settings |= {"figures": FIGURES, "tables": TABLES}
    return as_settings(**settings, order=list(DATASETS))
