"""A configuration to what the workflow does: the one place where the study meets the readers of its data sets.

The workflow imports this at start, so it stays light.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossray.datasets import READERS, Release, find_reader
from crossray.datasets.configured import options_of, places_of, with_policy
from crossray.study.config import Study
from crossray.study.datasets import Dataset
from crossray.study.plan import Plan, make_plan
from crossray.study.reading import Readers, read_study


@dataclass(frozen=True)
class Sources:
    """What a study's data sets are read from.

    Attributes:
        releases: data set -> where its release lies.
        readings: data set -> the settings of its reader, the label policy spelt out.
    """

    releases: Mapping[str, Release]
    readings: Mapping[str, Mapping[str, Any]]


def study_of(config: Mapping[str, Any]) -> Study:
    """Return the study that a configuration describes.

    Raises:
        UserError: if a key or value is not allowed.
    """
    return read_study(config, Readers(tuple(READERS), options_of))


def plan_of(config: Mapping[str, Any]) -> tuple[Plan, Sources]:
    """Return what a study does, and what its data sets are read from.

    Raises:
        UserError: if a key or value is not allowed, or a release is not where the configuration says.
    """
    study = study_of(config)
    readings = {name: with_policy(name, dataset) for name, dataset in study.datasets.items()}
    releases = {name: find_reader(dataset.reader).locate(name, dataset) for name, dataset in study.datasets.items()}
    registers = {name: register_of(name, dataset) for name, dataset in study.datasets.items()}
    located = [name for name in study.tested_on() if places_of(name, study.datasets[name])]
    return make_plan(study, registers, located), Sources(releases, readings)


def register_of(name: str, dataset: Dataset) -> str:
    """Return whose patients a data set has: a register that is named, the reader's, another hospital's, or its own."""
    return dataset.register or find_reader(dataset.reader).REGISTER or getattr(dataset, "patients_of", None) or name


def manifest_settings(plan: Plan, reading: Mapping[str, Any], name: str) -> str:
    """Return the settings that decide what a reader makes of its release, as one string."""
    dataset = plan.study.datasets[name]
    facts = dict(reading) | {"public": dataset.public, "register": plan.registers[name]}
    facts |= {"role": dataset.role} if dataset.is_only_tested() else {"split": dataset.split.as_dict()}
    return json.dumps(facts, sort_keys=True)


def unpacking_settings(dataset: Dataset) -> str:
    """Return the settings that decide how a release that is no image files is unpacked, as one string."""
    given = dataset.as_dict()
    facts = {key: given[key] for key in ("reader", "part", "distortion", "download") if key in given}
    return json.dumps(facts, sort_keys=True)
