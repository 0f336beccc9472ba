"""The methods section names the value of every setting that changes what was done.

A study with everything in it is changed in one setting at a time, to each other value that a setting of few values can
have, and the text must say so: it differs from that of any other value, and has the new number or name. Settings that
it need not have are listed with their reasons.
"""

import copy
import types
import typing
from collections.abc import Mapping

import pytest
import yaml

from crossray.datasets.configured import with_policy
from crossray.errors import UserError
from crossray.figures.entries import NEEDS
from crossray.figures.registry import FIGURES, TABLES, had
from crossray.methods import methods
from crossray.methods.references import cited, read_references
from crossray.methods.words import percent
from crossray.planning import cohort_of, report_settings, study_of
from crossray.study.base import Settings, bare, hints, key_of
from crossray.study.datasets import Dataset
from crossray.study.plan import make_plan
from crossray.study.stages.write_report import WriteReport
from helpers import ROOT

EVERY = """
study: every
tasks: [Effusion, Nodule]
sources: [north, south, all]
pool: [north, south]
datasets:
  north:
    reader: simulated
    images: 60
    description: A description.
    cohort: people
    sampling: consecutive
    paper: NIH
    burnt_in: black_out
    burnt_in_areas: [[0, 0, 0.5, 0.1]]
    public: false
  south: { reader: simulated, images: 60, patients_of: west }
  west: { reader: simulated, images: 60, role: test }
models:
  net:
    weights: IMAGENET1K_V1
    objective: multilabel
    tasks: [Effusion, Nodule]
    sources: [north, south, all]
    freeze: layer1
    unfreeze_every: 2
    training: { epochs: 3 }
    sweep: { learning_rate: [0.1, 0.2] }
  other: { weights: { from: third, source: north } }
  third: {}
  fourth: {}
external:
  answers: { scores: { west: answers.csv }, scale: binary, trained_on: [elsewhere] }
  reader:
    scores: { north: a.csv }
    columns: { Effusion: e }
    claim: { Effusion: { auc: 0.9, sensitivity: 0.8, specificity: 0.7 } }
    threshold: { Effusion: 0.5 }
    trained_on: [elsewhere]
  sim: { simulated: {}, home: north, trained_on: [north] }
  vendor: { architecture: resnet18, weights: w.safetensors, tasks: { Effusion: 0 }, input: {}, threshold: north }
seeds: [0, 1, 2]
training: { images: 50, label_smoothing: 0.1, algorithm: coral }
evaluation:
  unit: patient
  pairs: [{ target: west, task: Effusion, first: north, second: south }]
  primary: [{ first: north, second: south, target: west, task: Effusion, model: third }]
  attribution: {}
explanation: { encoder: self_supervised }
usefulness: {}
acceptance:
  Effusion:
    { auc: 0.8, sensitivity: 0.8, specificity: 0.8, against: third, prevalence: 0.1, miss_costs: 9, per_day: 100 }
plan:
  tasks: { Effusion: { prevalence: 0.05, auc: 0.88, sensitivity: 0.85, specificity: 0.8, acts_from: 0.1 } }
  widths: { auc: 0.1, sensitivity: 0.15, specificity: 0.05, observed_expected: 0.4, slope: 0.4, net_benefit: 0.02 }
  design_effect: 2
  readings: 400
shared_heads: {}
"""
#: adaptation and monitoring are of images
ADAPTED = (
    EVERY.replace("unit: patient", "unit: image")
    + """
adaptation:
  images: [30]
  draws: 3
  ways: [head, threshold]
  model: third
  pairs: [{ source: north, target: south }]
  epochs: 4
  learning_rate: 0.0002
monitoring: { baseline: 7, false_alarms: 0.02, tolerance: 0.08 }
"""
)

#: what is fitted of a network that is there
PROBES = """
study: probes
tasks: [Effusion, Nodule]
datasets:
  north: { reader: simulated, images: 60 }
  south: { reader: simulated, images: 60 }
models:
  probe: { weights: IMAGENET1K_V1, probe: linear, sources: [north], tasks: [Effusion], sweep: { images: [20, 40] } }
  net: { weights: IMAGENET1K_V1 }
training: { images: 50 }
"""

#: releases of many kinds, only tested on
RELEASES = """
study: releases
tasks: [Effusion, Nodule]
models: {}
external:
  vendor: { architecture: resnet18, weights: w.safetensors, tasks: { Effusion: 0 }, trained_on: [elsewhere] }
datasets:
  ours:
    reader: table
    role: test
    root: folder
    table: labels.csv
    views: [PA]
    images_per_patient: all
    uncertain: ignore
    several_rows: any
    columns: { study_id: study, view: view, sex: sex, age: age, date: date }
    patterns:
      { patient_id: "(p[0-9]+)_", image_id: "(i[0-9]+)", study_id: "(s[0-9]+)", view: "(v)", sex: "(x)", age: "(a)" }
    path: "png/{image_id}.png"
    from_headers: [view]
    no_patient: [unknown]
    sex_words: { F: [w] }
    view_words: { AP: [mobile] }
    strata: [scanner]
    tasks:
      Effusion:
        columns: [one, two]
        combine: majority
        positive: [ja]
        negative: [nein]
        unknown: [perhaps]
        others: unknown
        separator: "/"
        part: "(.*)"
      Nodule: { column: size, at_least: 3 }
  classes:
    reader: folder
    role: test
    root: folder
    classes: { sick: [Effusion, Nodule], well: [] }
    class_from: "_([a-z]+)_"
    patient: "(p[0-9]+)"
    view: "(PA|AP)"
    view_words: { AP: [mobile] }
    only: "/images/"
    from_headers: [age]
    no_patient: [unknown]
  mimic: { reader: mimic_cxr, root: folder, role: test }
  brax: { reader: brax, root: folder, role: test }
  vindr: { reader: vindr, root: folder, role: test }
  padchest: { reader: padchest, root: folder, role: test }
  openi: { reader: openi, root: folder, role: test }
  digits: { reader: cifar10, root: folder, role: test }
  web:
    { reader: dicomweb, role: test, url: "https://a.example/b", query: { StudyDate: "20250101" }, labels: l.csv,
      tasks: [Effusion, Nodule] }
  rsna: { reader: rsna, root: folder, role: test }
  archive:
    { reader: dimse, role: test, host: a, port: 104, aet: A, called_aet: B, query: { StudyDate: "20250101" },
      labels: l.csv, column: acc, several_rows: any, uncertain: ignore, tasks: [Effusion, Nodule] }
"""

#: settings that the methods need not have: where they stand -> why
LEFT_OUT = {
    "study": "the name of a folder; title and provenance have it",
    "title": "the title of the report",
    "private": "a path of the machine",
    "pictures": "which images are shown; results are the same",
    "predictions_per_job": "how jobs are cut; results are the same",
    "images.reading": "how files are read; results are the same",
    "training.checkpoint_every": "what an interrupted training goes on from; results are the same",
    "container": "where programs run; the software's versions are in the provenance",
    "bundle": "what a site sends, by a target of its own, before there is a study of it",
    "pool": "the members of pooled sources are named",
    "shards": "how files are cut; results are the same",
    "outside_root": "where files may lie; those read are the same",
    "root": "a path of the machine",
    "table": "a path of the machine; its digest is in the provenance",
    "join": "paths of the machine; the columns that they add are named with the labels",
    "found_by": "instead of a pattern of paths, tested by itself",
    "names": "columns of a file without a header line; they are named where they are used",
    "metadata": "a path of the machine",
    "ca": "a path of the machine",
    "plain_http": "how an archive is asked; what comes is the same",
    "nih_mapping": "a path of the machine",
    "views_table": "a path of the machine",
    "synonyms": "a path of the machine",
    "labels": "a path of the machine",
    "url": "may lead to a hospital",
    "host": "may lead to a hospital",
    "port": "may lead to a hospital",
    "aet": "may lead to a hospital",
    "called_aet": "may lead to a hospital",
    "query": "may name patients; the text says that there is one",
    "retrieve": "how an archive is asked; what comes is the same",
    "receive_port": "how an archive is asked; what comes is the same",
    "limits": "how an archive is spared; what comes is the same",
    "keep_raw": "whether files stay after conversion",
    "download": "where the release comes from; it is the same",
    "datasets.north.reader": "each reader is told in words (crossray.methods.data)",
    "datasets.north.role": "without data to train on there is no such study; the text names those only tested on",
    "External.simulated": "instead of scores; the text says so",
    "External.onnx": "instead of an architecture; the text says so",
    "External.weights": "a path of the machine",
    "External.bundle": "a path of the machine; the text says where the network was trained",
    "External.scores": "paths of the machine; the data sets that are scored are named",
    "external.answers.output": "scores have a scale instead",
    "external.reader.output": "scores have a scale instead",
    "external.sim.key": "a simulated reader answers for images",
    "external.sim.scale": "a simulated reader has one of its own",
    "external.sim.unknown_ids": "a simulated reader knows its images",
    "external.sim.output": "a simulated reader has no network",
    "external.vendor.key": "a network answers for images",
    "external.vendor.scale": "a network has an output instead",
    "external.vendor.unknown_ids": "a network has no rows",
    "External.input": "a block of a network, whose own settings are told",
    "NetworkInput.size": "must equal the images' size",
}  # fmt: skip

#: readers with one label policy alone, which nothing can differ from
ONE_POLICY = ("datasets.brax.policy", "datasets.vindr.policy")

#: settings whose values are not made of their type -> what to put there, with what goes with it, one after the other
OTHERS = {
    "tasks": [{"tasks": ["Effusion", "Nodule", "Pneumothorax"]}],
    "sources": [{"sources": ["all", "north", "south"]}],
    "targets": [{"targets": ["west", "south", "north"]}],
    "seeds": [{"seeds": [4, 7, 9]}],
    "objective": [{"objective": "binary", "tasks": ["Effusion"], "models.net.tasks": ["Effusion"],
                   "models.net.objective": "binary"}],
    "datasets.north.sampling": [{"datasets.north.sampling": "enriched"}, {"datasets.north.sampling": "unknown"},
                                {"datasets.north.sampling": {"Effusion": 0.0371}}],
    "datasets.north.burnt_in": [{"datasets.north.burnt_in": kind, "datasets.north.burnt_in_areas": []}
                                for kind in ("reject", "keep")],
    "datasets.north.burnt_in_areas": [{"datasets.north.burnt_in_areas": [[0, 0, 0.371, 0.1]]}],
    "datasets.north.split.train": [{"datasets.north.split": {"train": 0.371, "validation": 0.429, "test": 0.2}}],
    "datasets.north.split.validation": [{"datasets.north.split": {"train": 0.6, "validation": 0.171, "test": 0.229}}],
    "datasets.north.split.test": [{"datasets.north.split": {"train": 0.6, "validation": 0.029, "test": 0.371}}],
    "datasets.north.appearance.marker": [{"datasets.north.appearance.marker": "Zeb"}],
    "datasets.north.appearance.bits_stored": [{"datasets.north.appearance.bits_stored": 15}],
    "datasets.north.labelling.unlabelled": [{"datasets.north.labelling.unlabelled": ["Nodule"]}],
    "datasets.north.changes": [{"datasets.north.months": 9, "datasets.north.changes": [
        {"month": 3, "prevalence": {"Nodule": 0.371}}]}],
    "datasets.north.patients_of": [{"datasets.north.patients_of": "west"}],
    "models.net.tasks": [{"models.net.tasks": ["Nodule"]}],
    "models.net.sources": [{"models.net.sources": ["south", "north", "all"]}],
    "models.other.weights.from": [{"models.other.weights": {"from": "fourth", "source": "north"}}],
    "models.other.weights.source": [{"models.other.weights": {"from": "third", "source": "south"}}],
    "external.sim.claim": [{"external.sim.claim": {"Nodule": {"auc": 0.3717}}}],
    "external.reader.claim": [{"external.reader.claim": {"Nodule": {"auc": 0.3717}}}],
    "external.vendor.home": [{"external.vendor.home": "south"}],
    "external.vendor.input": [{"external.vendor.input": {"channels": 3}}],
    # an encoder that learns from the study's images wants patients moved
    "leakage.overlap": [{"leakage.overlap": kind, "explanation.encoder": "random"} for kind in ("keep", "refuse")],
    "images.colour": [{"images.colour": "rgb", "external.vendor.input": {"channels": 3}}],
    "evaluation.pairs.0.target": [{"evaluation.pairs.0.target": "north"}],
    "evaluation.pairs.0.task": [{"evaluation.pairs.0.task": "Nodule"}],
    "evaluation.pairs.0.first": [{"evaluation.pairs.0.first": "south", "evaluation.pairs.0.second": "north"}],
    "evaluation.pairs.0.second": [{"evaluation.pairs.0.second": "north", "evaluation.pairs.0.first": "south"}],
    "evaluation.primary.0.first": [{"evaluation.primary.0.first": "all"}],
    "evaluation.primary.0.second": [{"evaluation.primary.0.second": "all"}],
    "evaluation.primary.0.target": [{"evaluation.primary.0.target": "south"}],
    "evaluation.primary.0.task": [{"evaluation.primary.0.task": "Nodule"}],
    "adaptation.model": [{"adaptation.model": "other"}],
    "adaptation.pairs.0.source": [{"adaptation.pairs.0.source": "south", "adaptation.pairs.0.target": "north"}],
    "adaptation.pairs.0.target": [{"adaptation.pairs.0.target": "north", "adaptation.pairs.0.source": "south"}],
    "acceptance.Effusion.against": [{"acceptance.Effusion.against": "other"}],
    "acceptance.Effusion.groups": [{"acceptance.Effusion.groups": ["view"]}],
    "plan.labels": [{"plan.labels": "answers"}],
    "datasets.ours.tasks.Effusion.column": [{"datasets.ours.tasks.Effusion": {"column": "Zebra"}}],
    "datasets.ours.tasks.Effusion.not_empty": [{"datasets.ours.tasks.Effusion": {"column": "c", "not_empty": True}}],
    "datasets.ours.tasks.Effusion.at_least": [{"datasets.ours.tasks.Effusion": {"column": "c", "at_least": 0.371}}],
    "datasets.ours.tasks.Effusion.above": [{"datasets.ours.tasks.Effusion": {"column": "c", "above": 0.371}}],
    "datasets.ours.tasks.Effusion.always": [{"datasets.ours.tasks.Effusion": {"always": 1}}],
    "datasets.ours.sex_words": [{"datasets.ours.sex_words": {"F": ["Zebra"]}}],
    "datasets.ours.view_words": [{"datasets.ours.view_words": {"AP": ["Zebra"]}}],
    "datasets.classes.view_words": [{"datasets.classes.view_words": {"AP": ["Zebra"]}}],
    "datasets.classes.strata": [{"datasets.classes.strata": {"zebra": "Grid"}}],
    "datasets.openi.strata": [{"datasets.openi.strata": {"zebra": "Grid"}}],
    "datasets.rsna.strata": [{"datasets.rsna.strata": {"zebra": "Grid"}}],
    "datasets.classes.classes": [{"datasets.classes.classes": {"Zebra": ["Effusion", "Nodule"], "well": []}}],
}  # fmt: skip


def told(config):
    """Return what the report of a configuration is told; no release is looked at."""
    study = study_of(config)
    readings = {name: with_policy(name, dataset) for name, dataset in study.datasets.items()}
    cohorts = {name: cohort_of(name, dataset) for name, dataset in study.datasets.items()}
    plan = make_plan(study, cohorts, [])
    fulfilled = [need for need in NEEDS if plan.conditions[need]]
    settings = report_settings(plan, readings, had(FIGURES, fulfilled), had(TABLES, fulfilled))
    return WriteReport.from_json(settings)


def text(config):
    return "\n".join(words for part in methods(told(config)) for words in part.paragraphs)


def leaves(settings, path=""):
    """Yield every setting below some: its path, its annotation and its value."""
    for name, annotation in hints(type(settings)).items():
        value, here = getattr(settings, name), f"{path}{key_of(name)}"
        if isinstance(value, Settings):
            yield from leaves(value, f"{here}.")
        elif isinstance(value, Mapping) and any(isinstance(inner, Settings) for inner in value.values()):
            for key, inner in value.items():
                yield from leaves(inner, f"{here}.{key}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], Settings):
            yield from leaves(value[0], f"{here}.0.")
        else:
            yield here, (type(settings).__name__, key_of(name)), annotation, value


def kinds(annotation):
    """Yield the types that a value can have, without limits and None."""
    annotation = bare(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from kinds(part)
    elif annotation is not types.NoneType:
        yield annotation


def others(annotation, value):
    """Return other values that a setting may have, by its type; some may be beyond its limits."""
    found = []
    for kind in kinds(annotation):
        if typing.get_origin(kind) is typing.Literal:
            found += [other for other in typing.get_args(kind) if other != value]
        elif kind is bool:
            found += [not value]
        elif kind in (int, float):
            found += [137, 17, 3, 2] if kind is int else [0.3717, 0.8713, 0.0371, 1.371, 17.31]
        elif kind is str:
            found += ["Zebra", "(Zebra)", "{Zebra}", "third", "study"]

        elif typing.get_origin(kind) is tuple:
            found += [[other] for other in others(typing.get_args(kind)[0], value) if (other,) != value]
            found += [[0.0371, 0.3717], [{"from": "third", "source": "south"}]]
        elif typing.get_origin(kind) is Mapping:
            names = value if isinstance(value, Mapping) and value else ["Effusion"]
            found += [dict.fromkeys(names, other) for other in (0.3717, 7, "Zebra")]
            found += [{key: [other] for key in names} for other in (0.3717, "Zebra")]
    return [other for other in found if other != value]


def changed(config, changes):
    """Return a configuration with other values at some paths."""
    config = copy.deepcopy(config)
    for path, value in changes.items():
        *above, last = path.split(".")
        block = config
        for key in above:
            block = block[int(key)] if isinstance(block, list) else block.setdefault(key, {})
        block[last] = value
    return config


def texts_of(config, path, annotation, value):
    """Yield each other value that a setting can have, with the methods that it makes."""
    for changes in OTHERS.get(path) or ({path: other} for other in others(annotation, value)):
        try:
            yield changes, text(changed(config, changes))
        except UserError:
            continue


#: studies whose settings are tried one by one
STUDIES = {"every": EVERY, "adapted": ADAPTED, "probes": PROBES, "releases": RELEASES}


def words_for(value):
    """Return how a value may be written."""
    if isinstance(value, bool):
        return ["yes", "no"]
    if isinstance(value, int | float):
        return [f"{value:g}", f"{value:,}", percent(value), f"{1 + value:g}"]
    if isinstance(value, list | dict):
        inner = value if isinstance(value, list) else [*value, *value.values()]
        return [words for part in inner for words in words_for(part)]
    return [str(value)]


def is_free(value):
    """Return whether a value is a number or a name made here, which a text can have only from the setting."""
    return not isinstance(value, bool) and any(words in str(value) for words in ("Zebra", "37", "87", "7", "31"))


def told_settings(name, study):
    """Yield the settings of a study that its text is to tell."""
    own = set(hints(Dataset))
    for path, setting, annotation, value in leaves(study):
        keys = path.split(".")
        in_dataset = keys[0] == "datasets"
        if {path, ".".join(setting)} & set(LEFT_OUT) or (in_dataset and keys[2] in LEFT_OUT):
            continue
        of_images = keys[0] in ("adaptation", "monitoring")
        if setting == ("Model", "probe"):  # the other studies train as no probe can follow
            if name == "probes":
                yield path, setting, annotation, value
            continue
        if name == "adapted" and of_images:
            yield path, setting, annotation, value
        if name == "every" and not of_images and (not in_dataset or keys[1] == "north"):
            yield path, setting, annotation, value
        if (
            name == "releases"
            and in_dataset
            and keys[2] not in own
            and keys[3:4] != ["Nodule"]
            and path not in ONE_POLICY
        ):
            yield path, setting, annotation, value


@pytest.mark.slow
@pytest.mark.parametrize("name", list(STUDIES))
def test_every_setting_is_told_by_the_methods(name):
    config = yaml.safe_load(STUDIES[name])
    before, silent, tried = text(config), [], {}
    for path, setting, annotation, value in told_settings(name, study_of(config)):
        found = list(texts_of(config, path, annotation, value))
        tried[setting] = tried.get(setting, 0) + len(found)
        distinct = len({after for _, after in found} - {before})
        # of the values that a policy stands for one is what the text has without the setting
        if distinct < len(found) - (value is None):
            silent.append((path, "the text is that of another value", [changes for changes, _ in found]))
        for changes, after in found:
            new = changes.get(path)
            if is_free(new) and not any(after.count(words) > before.count(words) for words in words_for(new)):
                silent.append((path, "the text lacks the value", changes))
    assert not (untried := [setting for setting, count in tried.items() if not count]), "\n".join(map(str, untried))
    assert not silent, "\n".join(map(str, silent))


def test_what_is_left_out_is_there():
    """A reason for a setting that there is no more would hide the next one of that name."""
    names = set()
    for config in STUDIES.values():
        for path, setting, *_ in leaves(study_of(yaml.safe_load(config))):
            names |= {path, ".".join(setting), path.split(".")[2] if path.startswith("datasets.") else path}
    unknown = set(LEFT_OUT) - names
    assert not unknown
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_that_comes_with_it_has_methods_whose_references_are_known(path):
    written = text(yaml.safe_load(path.read_text()))
    references = read_references(ROOT / "resources/methods/references.bib")
    assert set(cited(written)) <= set(references)
    assert "None" not in written
    assert not set("{}") & set(written)
