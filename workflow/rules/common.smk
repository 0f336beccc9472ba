"""The study: its configuration, checked, what it holds, and what it can answer."""

import functools
import importlib.metadata
import json
import math
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

if not workflow.deployment_settings.deployment_method:
    # Programs run in the environment that Snakemake itself runs in, whether or not it is activated. A prefix of one's
    # own replaces Snakemake's, without which a failed program before a pipe would count as one that went well.
    shell.prefix(f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")

from crossray.code_version import code_version
from crossray.datasets import READERS, find_reader
from crossray.datasets.configured import places_of
from crossray.errors import UserError, raised_as
from crossray.figures.contents import ALL_FIGURES, ALL_TABLES
from crossray.planning import manifest_settings, plan_of, unpacking_settings
from crossray.pseudonyms import make_key
from crossray.study import layout, stage_settings
from crossray.study.datasets import PATH_SETTINGS
from crossray.study.names import CHANNELS

IMAGES_IN_A_SHARD = 2000

with raised_as(WorkflowError):
    PLAN, DATA = plan_of(config)
STUDY = PLAN.study
DATASETS = STUDY.datasets
SHAPE = PLAN.shape
SEEDS = STUDY.seeds


def check_cache():
    """Stop if data of patients would go to a between-workflow cache that others can read.

    Snakemake makes every file in it readable and writable by all, the table of identifiers too.
    """
    folder = os.environ.get("SNAKEMAKE_OUTPUT_CACHE")
    closed = [name for name, dataset in DATASETS.items() if not dataset.public]
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


check_cache()
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


pathvars:
    study=f"results/{STUDY.study}",
    log=f"logs/{STUDY.study}",
    benchmark=f"benchmarks/runs/{STUDY.study}",
    private=STUDY.private,


FIGURES = tuple(name for name, needed in ALL_FIGURES.items() if needed is None or PLAN.conditions[needed])
TABLES = tuple(name for name, needed in ALL_TABLES.items() if needed is None or PLAN.conditions[needed])


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
