"""The study: its configuration, checked, what it holds, and what it can answer."""

import contextlib
import functools
import importlib.metadata
import json
import math
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import SharedFSUsage

if not workflow.deployment_settings.deployment_method:
    # Programs run in the environment that Snakemake itself runs in, whether or not it is activated. A prefix of one's
    # own replaces Snakemake's, without which a failed program before a pipe would count as one that went well.
    shell.prefix(f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")

from crossray.code_version import code_version
from crossray.datasets import READERS, find_reader, places_of, with_policy
from crossray.errors import UserError, speaking_of
from crossray.figures.entries import NEEDS
from crossray.figures.registry import CATEGORIES, had
from crossray.figures.registry import FIGURES as ALL_FIGURES
from crossray.figures.registry import TABLES as ALL_TABLES
from crossray.files import later_than_now
from crossray.program import told
from crossray.pseudonyms import close_folder, make_key
from crossray.settings import (
    ALL,
    ALL_BUT,
    CHANNELS,
    MULTICLASS,
    MULTILABEL,
    PATH_SETTINGS,
    check_registers,
    checked,
    is_multiclass,
    is_pooled,
    members,
    objective_of,
    only_tested,
    read_schema,
    tasks_of,
)
from crossray.sweeps import origin, origins, spelt_out

IMAGES_IN_A_SHARD = 2000
SCHEMA = CHECKOUT / "workflow/schemas/config.schema.yaml"


@contextlib.contextmanager
def one_line(public=False):
    """Stop with one clear line where a release cannot be read; it quotes nothing of data that are not public."""
    try:
        with speaking_of(public):
            yield
    except WorkflowError:
        raise
    except Exception as error:
        paths = [Path(dataset["root"]) for dataset in config["datasets"].values() if "root" in dataset]
        raise WorkflowError(told(error, paths).removeprefix("error: ")) from None


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
            with one_line(dataset["public"]):
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


def check_clock():
    """Stop if the clock runs behind earlier results: Snakemake deletes what a job has made if its inputs are newer."""
    folder, patterns = Path("results"), ("datasets/*/*.parquet", "datasets/*/*/*", f"{STUDY['study']}/manifests/*")
    models = f"{STUDY['study']}/models/*/*/*/*"
    files = (path for pattern in (*patterns, models) for path in folder.glob(pattern) if path.is_file())
    if late := later_than_now(files, seconds=60):
        raise WorkflowError(
            f"{late[0]}: is from the future ({len(late)} such files): this machine's clock runs behind, and Snakemake "
            "would delete what jobs make of older inputs. Set the clock; or, if it is right, give all files its time: "
            "find results -exec touch {} +"
        )


def check_file_system():
    """Stop where jobs would not see the files of the machine that Snakemake runs on, nor what an earlier job left."""
    settings = workflow.storage_settings
    shared = {SharedFSUsage.INPUT_OUTPUT, SharedFSUsage.PERSISTENCE, SharedFSUsage.SOURCES} <= settings.shared_fs_usage
    if workflow.is_main_process and (settings.default_storage_provider or not shared):
        raise WorkflowError(
            "CrossRay needs one file system that all jobs see: trainings keep checkpoints there that are no outputs, and "
            "programs their library. Mount one (docs/slurm.md, Without a shared file system), and leave out "
            "--default-storage-provider and --shared-fs-usage"
        )


def differs_in_training_alone(model, first):
    """Say whether two models have the same network, from the same weights, and other settings of training."""
    alike = [key for key in first if key not in ("training", "sources", "sweep", "description")]
    return model["training"] != first["training"] and all(model.get(key) == first[key] for key in alike)


def in_parts(names, most):
    """Return lists of at most so many names, one list of all where that is None."""
    most = most or len(names)
    return [names[start : start + most] for start in range(0, len(names), most)]


def prediction_job(names):
    """Return what a job reads and writes that predicts these data sets; the first of a training also embeds images."""
    embeds = CONDITIONS["probe"] and names[0] == PREDICTED[0]
    splits = [("validation", name) for name in names if name not in TESTED]
    splits += [("test", name) for name in names if name in TARGETS]
    return {
        "datasets": list(dict.fromkeys([*names, *(DOMAINS if embeds else [])])),
        "predictions": [
            path for split, name in splits for path in expand(PREDICTION, split=split, target=name, allow_missing=True)
        ],
        "embeddings": EMBEDDINGS if embeds else [],
    }


def models_of_study():
    """Return every model that is trained, sweeps spelt out."""
    try:
        return spelt_out(STUDY, read_schema(SCHEMA), SOURCES)
    except UserError as error:
        raise WorkflowError(str(error)) from None


#: a list of patients, for the target ``forget`` alone; no part of a study
FORGET = config.pop("forget", "")
STUDY, RELEASES, READINGS, REGISTERS = study_settings()
DATASETS = STUDY["datasets"]
check_cache()
check_file_system()
#: data sets that are only tested on
TESTED = only_tested(DATASETS)
SOURCES = STUDY.get("sources", [name for name in DATASETS if name not in TESTED])
TARGETS = STUDY.get("targets", list(DATASETS))
#: the data sets that pooled sources and shared networks draw on
POOL = (
    STUDY.get("pool")
    or [source for source in SOURCES if not is_pooled(source)]
    or [name for name in DATASETS if name not in TESTED]
)
#: what each source consists of
MEMBERS = members_of_sources()
MODELS = models_of_study()
#: those that figures of single models show: all but the points of sweeps, which have figures of their own
SHOWN = [name for name, model in MODELS.items() if not model["point"]] or list(MODELS)[:1]
#: those of them that differ from the first in how they are trained, and in nothing else: ways to lose less elsewhere
MITIGATIONS = [name for name in SHOWN[1:] if differs_in_training_alone(MODELS[name], MODELS[SHOWN[0]])]
#: those of them whose losses are split into causes
EXPLAINED = [name for name in SHOWN if name not in MITIGATIONS]
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
#: one target for each register of patients: data sets that can differ in more than their labels
DOMAINS = [
    name for place, name in enumerate(TARGETS) if REGISTERS[name] not in {REGISTERS[other] for other in TARGETS[:place]}
]
#: the data sets that models are applied to: those that they are tested on, and those that they learnt from
PREDICTED = list(dict.fromkeys([*TARGETS, *(name for names in MEMBERS.values() for name in names)]))
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
REAL = [name for name in DATASETS if name not in PHANTOMS]
CLOSED = [name for name in REAL if not DATASETS[name]["public"]]
#: data sets of which no picture is shown; and those of which none with text is, where the study asks for pictures
WITHHELD, SEARCHED = ([], CLOSED) if STUDY["pictures"] == "all" else (CLOSED, [])


PREDICTION = "<study>/predictions/{model}/{source}/{seed}/{split}/{target}.parquet"
EMBEDDINGS = "<study>/embeddings/{model}/{source}/{seed}.parquet"


pathvars:
    study=f"results/{STUDY['study']}",
    log=f"logs/{STUDY['study']}",
    benchmark=f"benchmarks/runs/{STUDY['study']}",
    private=STUDY["private"],


if "container" in STUDY:

    container: STUDY["container"]


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
FULFILLED = [need for need in NEEDS if CONDITIONS[need]]
FIGURES = had(ALL_FIGURES, FULFILLED)
TABLES = had(ALL_TABLES, FULFILLED)
#: what each job that applies a model reads and writes: all data sets, or so many, one job of them also embeddings
PREDICTION_JOBS = [prediction_job(names) for names in in_parts(PREDICTED, STUDY["predictions_per_job"])]


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
    figure="|".join(ALL_FIGURES),


def as_settings(**values):
    """Write settings as one string that is the same whatever the order of the keys in the configuration.

    Braces in texts are escaped as JSON has it, as Snakemake takes {word} in a string for a wildcard.
    """
    return re.sub(r'\{(?!["}])', r"\\u007b", json.dumps(values, sort_keys=True))


def subset(settings, *keys):
    """Return the entries of a mapping that a stage uses."""
    return {key: settings[key] for key in keys if key in settings}
