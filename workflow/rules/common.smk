"""The study: its configuration, checked, what it holds, and what it can answer."""

import json
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
from crossray.tables import contract_of
from crossray.datasets import READERS, TRANSPORTS
from crossray.datasets.configured import places_of
from crossray.figures.entries import NEEDS
from crossray.figures.registry import CATEGORIES, had
from crossray.figures.registry import FIGURES as ALL_FIGURES
from crossray.figures.registry import TABLES as ALL_TABLES
from crossray.job_resources import Loads
from crossray.planning import (
    check_cache,
    check_clock,
    check_external,
    check_shared,
    check_writable,
    connection_settings,
    decision_settings,
    encoder_file,
    forgotten_list,
    library_versions,
    manifest_settings,
    plan_of,
    pseudonyms_key,
    release_paths,
    report_settings,
    retrieval_settings,
    unpacking_settings,
    weights_files,
)
from crossray.pseudonyms import close_folder
from crossray.study import layout, stage_settings
from crossray.study.base import as_text
from crossray.study.evaluation import SELF_SUPERVISED
from crossray.study.external_checks import KINDS as EXTERNAL_KINDS

#: a list of patients, for the target ``forget`` alone; no part of a study
FORGET = config.pop("forget", "")
#: the folder of a study, or of its tables, for the target ``diff`` alone
BEFORE = config.pop("before", "")
#: a signed sheet, for the target ``recheck`` alone
SHEET = config.pop("sheet", "")
#: the configuration as it was given
GIVEN = as_text(config)


def runs():
    """Return whether jobs will run, known when the first is planned; a dry run changes nothing."""
    return bool(workflow.executor_plugin and not workflow.dryrun)


with told_at_once():
    PLAN, DATA = plan_of(config)
    check_cache(
        PLAN.study, os.environ.get("SNAKEMAKE_OUTPUT_CACHE") if workflow.workflow_settings.cache is not None else None
    )
    #: files of the user's that weights start from, checked before anything runs
    FILES, ENCODER_FILE = weights_files(PLAN), encoder_file(PLAN.study)
    if workflow.is_main_process:
        check_external(PLAN)
#: whether images are described by an encoder that learns from the study's own
LEARNS_ENCODER = bool(PLAN.study.explanation and PLAN.study.explanation.encoder == SELF_SUPERVISED)
LOADS = Loads(PLAN, DATA.releases, WorkflowError)
OF_STUDY = stage_settings.analyses.draw_figure(PLAN).as_dict()
STUDY = PLAN.study
DATASETS = STUDY.datasets
SHAPE = PLAN.shape
SEEDS = STUDY.seeds


#: what jobs must share with the machine that Snakemake runs on
SHARED = {SharedFSUsage.INPUT_OUTPUT, SharedFSUsage.PERSISTENCE, SharedFSUsage.SOURCES}
STORAGE = workflow.storage_settings
if workflow.is_main_process:
    with told_at_once():
        check_shared(not STORAGE.default_storage_provider and SHARED <= STORAGE.shared_fs_usage)
PAPER_NUMBERS = (
    "fig1_auc",
    "fig2_leave_one_out",
    "fig3_kappa",
    "fig6_weight_distance",
    "figA1_label_agreement",
    "figA2_seed_kappa",
    "tableA1_counts",
)
PENALTIES = ("none", "l2")
#: reporting checklists
CHECKLISTS = ("tripod_ai", "claim_2024")
#: tables that are there for print too, where a study has them, and as what
PRINTED = ("datasets", "labels", "transfer", "operating_points")
PRINTED_KINDS = ("csv", "html", "tex")
#: texts in the folder of a paper
PAPER_TEXTS = (
    "methods.md",
    "captions.md",
    "references.bib",
    "configuration.yaml",
    "report.html",
    *(f"{name}.{kind}" for name in CHECKLISTS for kind in ("csv", "md")),
)


pathvars:
    study=f"results/{STUDY.study}",
    log=f"logs/{STUDY.study}",
    benchmark=f"benchmarks/runs/{STUDY.study}",
    private=STUDY.private,


if STUDY.container:

    container: STUDY.container


#: kind of models that were trained elsewhere -> their names
EXTERNAL = {kind: [name for name, model in PLAN.external.items() if getattr(model, kind)] for kind in EXTERNAL_KINDS}


def one_of(*names):
    """Return a pattern that matches these names; with no names, it matches nothing."""
    return "|".join(re.escape(name) for several in names for name in several) or "(?!)"


FULFILLED = [need for need in NEEDS if PLAN.conditions[need]]
FIGURES = had(ALL_FIGURES, FULFILLED)
TABLES = had(ALL_TABLES, FULFILLED)


wildcard_constraints:
    dataset=r"[^/]+",
    model=r"[^/]+",
    source=r"[^/]+",
    target=r"[^/]+",
    seed=r"\d+",
    shard=r"\d+",
    shape=r"\d+px(-pad)?(-rgb)?",
    penalty="none|l2",
    figure="|".join(ALL_FIGURES),
