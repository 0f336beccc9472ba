"""A wrong configuration gets one line that names the key and what is allowed."""

import copy
import hashlib
import importlib.util
import json
import re
from dataclasses import FrozenInstanceError

import pytest
import yaml

from crossray.datasets import READERS
from crossray.datasets.configured import with_policy
from crossray.errors import UserError
from crossray.manifest import FIXED_COLUMNS
from crossray.planning import study_of
from crossray.study.checks import check_cohorts
from crossray.study.names import NOT_TASKS, members
from crossray.study.trained_models import expand_sweeps
from crossray.study.versions import GONE, MIGRATIONS, RENAMED, VERSION
from helpers import ROOT

STUDIES = [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))]

specification = importlib.util.spec_from_file_location("config_reference", ROOT / "docs/config_reference.py")
config_reference = importlib.util.module_from_spec(specification)
specification.loader.exec_module(config_reference)


def load(path=STUDIES[0]):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_fit_and_defaults_are_filled_in(path):
    config = load(path)
    before = copy.deepcopy(config)
    filled = study_of(config)
    assert config == before
    assert filled.training.learning_rate == 0.001
    assert {model.stem for model in filled.models.values()} <= {"standard", "small"}
    for name, dataset in filled.datasets.items():
        assert dataset.max_rejected == config["datasets"][name].get("max_rejected", 0.01)


def test_defaults_reach_into_the_readers_settings():
    filled = study_of(load())
    assert filled.datasets["north"].appearance.noise == 0.02
    assert filled.datasets["west"].labelling.unlabelled == ("Nodule",)


def test_no_task_is_called_as_a_column_of_the_manifest():
    assert set(FIXED_COLUMNS) < NOT_TASKS


def test_two_studies_do_not_share_defaults():
    config = {"study": "s", "tasks": ["A"], "datasets": {"d": {"reader": "simulated", "images": 1}}}
    study = study_of(config)
    with pytest.raises(FrozenInstanceError):
        study.training.augmentation.rotation = 999
    study.as_dict()["training"]["augmentation"]["rotation"] = 999
    assert study_of(config).training.augmentation.rotation == 45


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (
            ["epochs"],
            3,
            r"the top level: unknown key epochs; allowed are acceptance, adaptation, bundle, container, ",
        ),
        (
            ["private"],
            "results/private",
            r"private: 'results/private' and 'results', whose files are passed on, lie one",
        ),
        (["private"], "logs/../results", r"private: 'logs/../results' and 'results'"),
        (["private"], ".", r"private: '.' and 'results'"),
        (
            ["training", "epoch"],
            3,
            r"training: unknown key epoch; allowed are algorithm, .*augmentation, balance, batch_size",
        ),
        (["training", "epochs"], "ten", r"training.epochs: 'ten' is not of type integer"),
        (["training", "epochs"], 0, r"training.epochs: 0 is less than the minimum of 1"),
        (["training", "schedule"], "step", r"training.schedule: 'step' is not one of constant, cosine"),
        (["datasets", "north", "reader"], "pacs", r"datasets.north.reader: 'pacs' is not one of simulated, table"),
        (["datasets", "north", "root"], "x", r"datasets.north: unknown key root; allowed are ap_share, appearance"),
        (["datasets", "north", "appearance", "blurr"], 1, r"datasets.north.appearance: unknown key blurr"),
        (["datasets", "a/b"], {"reader": "simulated", "images": 1}, r"datasets: 'a/b' is not a name"),
        (["sources"], ["east"], r"sources: 'east' is not a data set; allowed are north, south, west"),
        (["targets"], ["north"], r"targets: the source 'south' is missing"),
        (["datasets", "north", "split", "train"], 0.9, r"datasets.north.split: .* add up to 1.4"),
        (
            ["datasets", "west", "labelling", "unlabelled"],
            ["Mass"],
            r"datasets.west.labelling.unlabelled: 'Mass' is not a task",
        ),
        (
            ["objective"],
            "binary",
            r"models.resnet50: the objective binary is about one task, and there are 5; name one",
        ),
        (["objective"], "classes", r"objective: 'classes' is not one of multilabel, binary, multiclass"),
        (["models"], {"m": {"objective": "binary"}}, r"models.m: the objective binary is about one task"),
        (
            ["models"],
            {"m": {"tasks": ["Mass"]}},
            r"models.m.tasks: 'Mass' is not a task of this study; allowed are Card",
        ),
        (["models"], {"m": {"objective": "multiclass", "tasks": ["Nodule"]}}, r"models.m: the objective multiclass ta"),
        (["models"], {"m": {"objective": "multiclass"}, "n": {}}, r"models: multiclass is for all models of a study"),
        (["tasks"], [], r"tasks: \[\] should be non-empty"),
        (
            ["tasks"],
            ["A", 2017],
            r"tasks.1: 2017 is not of type string; a name that YAML takes for a number, ",
        ),
        (["tasks"], [False], r"tasks.0: False is not of type string; a name that YAML takes for"),
        (
            ["datasets", 2017],
            {"reader": "digits"},
            r"datasets: the name 2017 is not text; a name that YAML",
        ),
        (["datasets", "north", None], 1, r"datasets.north: the name None is not text; a name that YAML takes for"),
        (
            ["private"],
            "p{x}",
            r"private: 'p{x}' has { or }, which Snakemake takes for a wildcard; rename the file",
        ),
        (["models"], {"m": {"weights": "w{x}.pt"}}, r"models.m.weights: 'w{x}.pt' has { or }"),
        (["explanation"], {"encoder": "./a}"}, r"explanation.encoder: './a}' has { or }"),
        (
            ["explanation"],
            {"encoder_epochs": 3},
            r"explanation.encoder_epochs: is for the encoder self_supervised, and ",
        ),
        (
            ["explanation"],
            {"encoder": "a.pt", "encoder_images": 3},
            r"explanation.encoder_images: .* explanation.encoder is 'a.pt'",
        ),
        (["datasets", "north"], {"reader": "nih", "root": "{a}"}, r"datasets.north.root: '{a}' has { or }"),
        (
            ["datasets", "north"],
            {"reader": "nih", "root": "a", "table": "{b}.csv"},
            r"datasets.north.table: '{b}.csv' h",
        ),
        (["tasks"], ["age"], r"tasks: a task may not be called 'age', as tables have a column of that name"),
        (["tasks"], ["A\nB"], r"tasks: 'A\\nB' has a line break"),
        (
            ["datasets", "north"],
            {"reader": "folder", "root": ".", "classes": {"a": ["split"]}},
            r"datasets.north.classes: a task may not be called 'split'",
        ),
        (
            ["datasets", "north"],
            {"reader": "table", "root": ".", "table": "t", "tasks": {"row": "a"}},
            r"datasets.north.tasks: a task may not be called 'row'",
        ),
    ],
)
def test_what_is_wrong_is_named(keys, value, message):
    config = load()
    config["datasets"]["north"]["split"] = dict(config["datasets"]["north"]["split"])
    place = config
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(UserError, match=rf"^config: {message}") as error:
        study_of(config)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shared_heads": {}}, "shared_heads: only for findings; leave it out if the objective is multiclass"),
        ({"evaluation": {"pairs": [{"target": "a", "task": "zero", "first": "a", "second": "a"}]}},
         "evaluation.pairs: only for findings; leave it out if the objective is multiclass"),
        ({"datasets": {"a": {"reader": "digits"}, "b": {"reader": "digits", "part": "first half"}}},
         "datasets.b.part: a has the same images; take the first half and the second half, or give both one cohort"),
    ],
)  # fmt: skip
def test_what_a_study_of_classes_cannot_have_is_named(change, message):
    study = {"study": "s", "tasks": ["zero", "one"], "objective": "multiclass", "datasets": {"a": {"reader": "digits"}}}
    assert study_of(study).is_multiclass()
    with pytest.raises(UserError) as error:
        study_of(study | change)
    assert str(error.value) == f"config: {message}"


@pytest.mark.parametrize(
    ("roles", "more", "message"),
    [
        (["test", "test"], {}, "datasets: all have the role test; a study needs one to train on"),
        (["train", "test"], {"sources": ["a", "b"]}, "sources: 'b' has the role test, it is only tested on"),
        (["train", "test"], {"pool": ["a", "b"]}, "pool: 'b' has the role test, it is only tested on"),
        (["train", "only"], {}, "datasets.b.role: 'only' is not one of train, test"),
    ],
)
def test_nothing_is_trained_on_a_data_set_that_is_only_tested_on(roles, more, message):
    datasets = {name: {"reader": "digits", "role": role, "cohort": "d"}
                for name, role in zip("ab", roles, strict=True)}  # fmt: skip
    with pytest.raises(UserError, match=f"^config: {message}"):
        study_of({"study": "s", "tasks": ["zero"], "datasets": datasets} | more)


def test_a_model_may_have_an_objective_and_tasks_of_its_own():
    models = {"one": {"objective": "binary", "tasks": ["B"]}, "all": {}}
    study = study_of({"study": "s", "tasks": ["A", "B"], "datasets": {"d": {"reader": "digits"}}, "models": models})
    assert [study.objective_of(name) for name in models] == ["binary", "multilabel"]
    assert [study.tasks_of(name) for name in models] == [("B",), ("A", "B")]
    assert not study.is_multiclass()


def test_a_missing_key_is_named():
    config = load()
    del config["tasks"]
    with pytest.raises(UserError, match=r"config: the top level: the key tasks is missing"):
        study_of(config)
    config = load()
    del config["datasets"]["north"]["images"]
    with pytest.raises(UserError, match=r"config: datasets.north: the key images is missing"):
        study_of(config)


def test_the_reference_of_keys_and_the_schema_are_those_of_the_classes():
    page = (ROOT / "config/README.md").read_text()
    assert config_reference.reference() in page, "run `make docs`"
    assert config_reference.SCHEMA.read_text(encoding="utf-8") == config_reference.schema(), "run `make docs`"


def test_the_example_for_ones_own_hospital_is_a_valid_study():
    block = re.search(r"```yaml\n(datasets:.*?)```", (ROOT / "docs/own-hospital.md").read_text(), re.DOTALL).group(1)
    assert len(block.splitlines()) <= 13
    study = {"study": "own", "tasks": ["Effusion"], **yaml.safe_load(block)}
    assert study_of(study).datasets["ours"].public is False


def test_the_message_that_the_page_quotes_is_the_real_one():
    with pytest.raises(UserError) as error:
        study_of(load() | {"training": {"epoch": 1}})
    assert str(error.value) in (ROOT / "config/README.md").read_text()


def test_the_policies_in_the_docs_are_those_of_the_readers():
    assert config_reference.policies() in (ROOT / "docs/labels.md").read_text(encoding="utf-8"), "run `make docs`"


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_has_a_page_whose_block_is_valid(reader):
    page = (ROOT / "docs/datasets" / f"{reader}.md").read_text(encoding="utf-8")
    for heading in ("**Where**", "**Terms**", "## The folder as released", "## Configuration", "## Labels"):
        assert heading in page
    block = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    assert {dataset["reader"] for dataset in block["datasets"].values()} == {reader}
    settings = study_of({"study": "s", "tasks": ["A"], **block})
    for name, dataset in settings.datasets.items():
        assert with_policy(name, dataset).policy == "default"


def test_data_sets_of_one_register_must_name_patients_alike():
    cohorts = {"a": "nih", "b": "nih", "c": "c"}
    check_cohorts(cohorts, {"a": True, "b": True, "c": False})
    with pytest.raises(UserError, match=r"datasets\.b\.public: a has patients of the same cohort \(nih\)"):
        check_cohorts(cohorts, {"a": True, "b": False, "c": False})


COHORTS = {"nih": "nih", "google": "nih", "padchest": "padchest", "mimic_ch": "mimic", "mimic_nb": "mimic"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("nih", ["nih"]),
        ("all", ["nih", "google", "padchest", "mimic_ch"]),
        ("all-but-nih", ["padchest", "mimic_ch"]),
        ("all-but-mimic_nb", ["nih", "google", "padchest"]),
    ],
)
def test_a_domain_is_left_out_with_all_data_sets_of_its_patients(source, expected):
    assert members(source, ["nih", "google", "padchest", "mimic_ch"], COHORTS) == expected


def test_nothing_left_to_train_on_is_an_error():
    with pytest.raises(
        UserError, match="sources: 'all-but-nih' leaves no data set to train on; the pool is nih, google"
    ):
        members("all-but-nih", ["nih", "google"], COHORTS)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda c: c.update(sources=["north", "all-but-nowhere"]),
            "sources: 'all-but-nowhere' is not a data set; allowed",
        ),
        (lambda c: c.update(pool=["all"]), "pool: 'all' is not a data set; allowed are north, south, west"),
        (lambda c: c["datasets"].update(all=c["datasets"]["north"]), "datasets: 'all' is the name of a pooled source"),
        (
            lambda c: c["datasets"]["south"].update(patients_of="south"),
            "south.patients_of: 'south' is not another simulated",
        ),
        (lambda c: c["datasets"]["south"].update(paper="JSRT"), "datasets.south.paper: 'JSRT' is not one of NIH, PC"),
        (
            lambda c: c["training"].update(balance="domains"),
            "training.balance: 'domains' is not one of images, datasets",
        ),
        (
            lambda c: c.update(shared_heads={"penalty": 0}),
            "shared_heads.penalty: 0 is less than or equal to the minimum",
        ),
        (lambda c: c.update(evaluation={"pairs": [{"target": "north"}]}), "evaluation.pairs.0: the key"),
        (lambda c: c.update(evaluation={"attribution": {"methods": ["lime"]}}), "'lime' is not one of grad_cam"),
        (
            lambda c: c.update(
                evaluation={"pairs": [{"target": "east", "task": "Nodule", "first": "north", "second": "west"}]}
            ),
            "evaluation.pairs.0.target: 'east' is not one of north, south, west",
        ),
        (
            lambda c: c.update(evaluation={"primary": [{"first": "north", "second": "east"}]}),
            "evaluation.primary.0.second: 'east' is not one of north, south, west",
        ),
        (
            lambda c: c.update(evaluation={"primary": [{"first": "north", "second": "west", "task": "Gout"}]}),
            "evaluation.primary.0.task: 'Gout' is not one of Cardiomegaly",
        ),
        (
            lambda c: c.update(evaluation={"primary": [{"first": "north", "second": "north"}]}),
            "evaluation.primary.0: 'north' is set beside itself; name two",
        ),
    ],
)
def test_pools_and_further_analyses_are_checked(edit, message):
    config = load()
    edit(config)
    with pytest.raises(UserError, match=re.escape(message)):
        study_of(config)


def test_pooled_sources_need_no_target_of_their_own():
    config = load() | {"sources": ["north", "all", "all-but-north"], "targets": ["north", "south"]}
    assert study_of(config).sources == ("north", "all", "all-but-north")


#: digests of the keys of each version of configurations
RECORDED = json.loads((ROOT / "tests/unit/configuration.json").read_text())


def test_other_keys_are_another_version_of_configurations_with_a_line_on_how_to_migrate():
    mend = (
        "keys changed: add a line to MIGRATIONS of study/versions.py, and this digest to tests/unit/configuration.json"
    )
    keys = "\n".join(sorted(config_reference.all_keys()))
    assert hashlib.sha256(keys.encode()).hexdigest()[:16] == RECORDED[-1], mend
    assert len(RECORDED) == VERSION, mend
    assert all(len(line.split()) > 3 for line in MIGRATIONS)


@pytest.mark.parametrize("key", GONE)
def test_a_key_of_an_earlier_version_is_told_what_became_of_it(key):
    assert key not in config_reference.all_keys()
    *above, last = key.replace("NAME", "north").split(".")
    config = load()
    block = config
    for name in above:
        block = block.setdefault(name, {})
    block[last] = 1
    with pytest.raises(
        UserError, match=rf"^config: {re.escape('.'.join(above))}: the key {last} is gone, leave it out: "
    ):
        study_of(config)


@pytest.mark.parametrize(("key", "name"), RENAMED.items())
def test_a_key_that_was_renamed_is_told_by_its_new_name(key, name):
    assert key not in config_reference.all_keys()
    config = load()
    config["datasets"]["north"][key.rpartition(".")[2]] = "one"
    with pytest.raises(UserError, match=rf"datasets\.north: the key \w+ is called {name} now"):
        study_of(config)


def test_a_models_own_training_is_told_it_too():
    config = load()
    config["models"] = {"net": {"training": {"loss": "focal", "focal_gamma": 3}}}
    with pytest.raises(UserError, match=r"models\.net\.training: the key focal_gamma is gone, leave it out"):
        expand_sweeps(study_of(config))
