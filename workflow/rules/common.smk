"""The study: its configuration, checked, what it holds, and what it can answer."""

import json
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
from crossray.datasets import READERS
from crossray.datasets.configured import places_of
from crossray.figures.contents import ALL_FIGURES, ALL_TABLES
from crossray.loads import Loads
from crossray.planning import (
    check_cache,
    check_writable,
    encoder_file,
    library_versions,
    manifest_settings,
    plan_of,
    pseudonyms_key,
    unpacking_settings,
    weights_files,
)
from crossray.study import layout, stage_settings
from crossray.study.datasets import PATH_SETTINGS

with raised_as(WorkflowError):
    PLAN, DATA = plan_of(config)
    check_cache(PLAN.study, os.environ.get("SNAKEMAKE_OUTPUT_CACHE") if workflow.workflow_settings.cache else None)
    #: files of the user's that weights start from, checked before anything runs
    FILES, ENCODER_FILE = weights_files(PLAN), encoder_file(PLAN.study)
LOADS = Loads(PLAN, DATA.releases, WorkflowError)
STUDY = PLAN.study
DATASETS = STUDY.datasets
SHAPE = PLAN.shape
SEEDS = STUDY.seeds

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
