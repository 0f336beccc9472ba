"""Cost of a run: estimated from the number of images, the decoded files, and docs/performance.md."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crossray.checking.cohorts import Cohort
from crossray.job_resources import RATE, Loads
from crossray.study.evaluation import SELF_SUPERVISED
from crossray.study.plan import Plan

#: images a second of a training of ResNet50 at 224 px (docs/performance.md)
RATES = {"one H100": 3700, "any GPU of the last ten years": RATE, "two CPU cores": 13}
#: pixels along each side for which these hold
_RATED_SIZE = 224
#: MB of ResNet50's weights, and of the two checkpoints of a training that is under way (docs/cost-at-scale.md)
_WEIGHTS_MB, _CHECKPOINTS_MB = 94, 942
#: a step of a training costs about as much as so many predictions
_PASSES = 3
#: MB that the audit of leakage asks for, whatever it compares
_AUDIT_MB = 8000


@dataclass(frozen=True)
class Cost:
    """What a run costs.

    Attributes:
        conversion_hours: of all files that are there, on all cores of this machine.
        timed: how many files it is reckoned from.
        cores: cores of this machine.
        trainings: how many there are.
        trained_images: images that go through all trainings, once for each epoch.
        probes: how many linear probes there are.
        seen_images: images of which networks of probes compute features, once each.
        encoded_images: images from which an encoder learns without labels, once for each epoch.
        hours: hardware -> hours of all trainings, one after another.
        feature_hours: hardware -> hours of these features.
        encoder_hours: hardware -> hours of this encoder.
        memory_mb: what the largest job asks for.
        disk_mb: pixels and weights that stay, and the checkpoints of one training.
        free_mb: what the disk of the working folder has.
    """

    conversion_hours: float
    timed: int
    cores: int
    trainings: int
    trained_images: int
    probes: int
    seen_images: int
    encoded_images: int
    hours: Mapping[str, float]
    feature_hours: Mapping[str, float]
    encoder_hours: Mapping[str, float]
    memory_mb: int
    disk_mb: int
    free_mb: int


def reckon(plan: Plan, loads: Loads, cohorts: Sequence[Cohort], tables: Mapping[str, pd.DataFrame]) -> Cost:
    """Reckon what a run costs.

    Args:
        plan: what the study does.
        loads: the loads of its jobs.
        cohorts: its data sets; those without a table count with the images that their reader expects.
        tables: data set -> its manifest, in the splits that the study uses.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    kinds = [kind for cohort in cohorts for kind in cohort.kinds]
    learnt = {
        name: int((tables[name]["split"] == "train").sum())
        if name in tables
        else round(loads.images(name) * dataset.split.train)
        for name, dataset in plan.study.datasets.items()
    }
    learning = [(item["model"], plan.members[item["source"]]) for item in plan.trainings(plan.models)]
    trainings = [(model, names) for model, names in learning if model in plan.networks]
    probes = [(model, names) for model, names in learning if model in plan.probes]
    seeds = len(plan.study.seeds)
    images = seeds * sum(
        plan.models[model].training.epochs * sum(learnt[name] for name in names) for model, names in trainings
    )
    encoded = _encoded(plan, learnt)
    seen = sum(loads.total(plan.predicted_here) * _times(plan, model) for model in plan.frozen.values())
    share = (plan.study.images.size / _RATED_SIZE) ** 2
    memory = [_AUDIT_MB, *(loads.training_mb(names) for _, names in trainings)]
    memory += [loads.probe_mb(names) for _, names in probes]
    memory += [loads.conversion_mb(name, plan.shape) for name in plan.here]
    return Cost(
        sum(kind.images * kind.seconds for kind in kinds) / cores / 3600,
        sum(kind.decoded + sum(kind.refused.values()) for kind in kinds),
        cores,
        seeds * len(trainings),
        images,
        seeds * len(probes),
        seen,
        encoded,
        {name: images * share / rate / 3600 for name, rate in RATES.items()},
        {name: seen / _PASSES * share / rate / 3600 for name, rate in RATES.items()},
        {name: encoded * share / rate / 3600 for name, rate in RATES.items()},
        max(memory),
        loads.pixels_mb(plan.here)
        + seeds * len(learning) * _WEIGHTS_MB
        + (_CHECKPOINTS_MB if trainings else 0)
        + loads.features_mb(seen),
        shutil.disk_usage(Path.cwd()).free // 1_000_000,
    )


def _encoded(plan: Plan, learnt: Mapping[str, int]) -> int:
    """Return how many images go through an encoder that learns without labels, in all epochs.

    Two views of each go through a ResNet18, which takes about as long as an image of a training of ResNet50.
    """
    asked = plan.study.explanation
    if asked is None or asked.encoder != SELF_SUPERVISED:
        return 0
    return asked.encoder_epochs * sum(min(learnt[name], asked.encoder_images) for name in plan.study.encoder_datasets())


def _times(plan: Plan, model: str) -> int:
    """Return how often a model's features are computed: once, or for each seed of the model that it starts from."""
    return len(plan.study.seeds) if plan.models[model].origin() else 1
