"""What a study does follows from its configuration: its models, sources and domains, and what each stage is told."""

import json
from dataclasses import replace

import pytest

from crossray.errors import UserError
from crossray.planning import cohort_of, study_of
from crossray.study.plan import MOST_PANELS, make_plan
from crossray.study.stage_settings import analyses, data, networks
from crossray.study.stages.train_model import TrainModel
from crossray.study.stages.train_shared_heads import TrainSharedHeads

HOSPITALS = {
    "north": {"reader": "simulated", "public": True, "images": 60, "paper": "NIH"},
    "south": {"reader": "simulated", "public": True, "images": 60},
    "reread": {"reader": "simulated", "public": True, "images": 60, "patients_of": "north"},
}


def plan(located=(), **more):
    """Return the plan of a study of three hospitals, two of them with the same patients."""
    study = study_of({"study": "s", "tasks": ["Effusion", "Nodule"], "datasets": HOSPITALS} | more)
    cohorts = {name: cohort_of(name, dataset) for name, dataset in study.datasets.items()}
    return make_plan(study, cohorts, located)


def test_a_study_without_choices_trains_on_every_data_set_and_tests_on_all():
    made = plan()
    assert made.sources == made.targets == made.pool == ("north", "south", "reread")
    assert made.members == {name: (name,) for name in HOSPITALS}
    assert list(made.models) == ["resnet50"]
    assert made.reported_models == made.explained_models == made.models_on_all_sources == ("resnet50",)
    assert made.mitigations == made.sweep_points == ()


def test_data_sets_of_one_register_are_one_domain():
    made = plan(sources=["north", "south", "all-but-north"])
    assert made.cohorts == {"north": "north", "south": "south", "reread": "north"}
    assert made.domains == ("north", "south")
    assert made.pool == ("north", "south")
    assert plan(targets=["reread", "north"], sources=["reread"]).domains == ("reread",)


def test_a_pool_without_a_domain_has_none_of_its_readings():
    made = plan(sources=["north", "all", "all-but-north"], pool=list(HOSPITALS))
    assert made.members["all"] == ("north", "south", "reread")
    assert made.members["all-but-north"] == ("south",)
    with pytest.raises(UserError, match="sources: 'all-but-north' leaves no data set to train on; the pool is north"):
        plan(sources=["north", "all-but-north"], pool=["north", "reread"])


def test_models_have_the_part_that_their_settings_give_them():
    made = plan(models={
        "first": {"architecture": "resnet18"},
        "smoothed": {"architecture": "resnet18", "training": {"label_smoothing": 0.1}},
        "deeper": {"architecture": "resnet50", "training": {"label_smoothing": 0.1}},
        "half": {"architecture": "resnet18", "sources": ["north"]},
        "one": {"architecture": "resnet18", "objective": "binary", "tasks": ["Nodule"], "training": {"epochs": 1}},
        "tuned": {"architecture": "resnet18", "sweep": {"epochs": [1, 2]}},
    })  # fmt: skip
    assert made.sweep_points == ("tuned-epochs-1", "tuned-epochs-2")
    assert made.reported_models == ("first", "smoothed", "deeper", "half", "one")
    assert made.mitigations == ("smoothed",)  # the others differ in more than how they are trained, or in nothing of it
    assert made.explained_models == ("first", "deeper", "half", "one")
    assert made.models_on_all_sources == ("first", "smoothed", "deeper", "one")


def test_a_study_of_nothing_but_a_sweep_reports_its_first_point():
    assert plan(models={"tuned": {"sweep": {"epochs": [1, 2]}}}).reported_models == ("tuned-epochs-1",)


@pytest.mark.parametrize(("name", "with_it", "without_it"), [
    ("models", {"models": {"a": {}, "b": {}}}, {"models": {"a": {}}}),
    ("sweeps", {"models": {"a": {"sweep": {"epochs": [1]}}}}, {}),
    ("transfer", {}, {"sources": ["north"]}),
    ("agreement", {}, {"sources": ["north"]}),
    ("domains", {"sources": ["south", "all-but-north"], "pool": ["north", "south"]}, {"sources": ["south", "all"]}),
    ("heads", {"shared_heads": {}}, {}),
    ("heads", {"shared_heads": {}}, {"shared_heads": {}, "models": {"a": {"sources": ["north"]}}}),
    ("explanation", {"explanation": {}}, {}),
    ("corrections", {"explanation": {}}, {"explanation": {"corrections": False}}),
    ("explanation", {"explanation": {}}, {"explanation": {}, "sources": ["north"], "targets": ["north"]}),
    ("truth", {"explanation": {}}, {"explanation": {}, "datasets": {
        name: block | {"public": False} for name, block in HOSPITALS.items()}}),
    ("labels", {}, {"datasets": {name: HOSPITALS[name] for name in ("north", "south")}}),
    ("probe", {}, {"sources": ["north"], "targets": ["north", "reread"]}),
    ("attribution", {"evaluation": {"attribution": {}}}, {}),
    ("localisation", {"evaluation": {"attribution": {}}, "located": ["north"]}, {"located": ["north"]}),
    ("localisation", {"evaluation": {"attribution": {}}, "located": ["north"]}, {"evaluation": {"attribution": {}}}),
    ("paper", {}, {"datasets": {"south": HOSPITALS["south"]}}),
    ("classes", {"objective": "multiclass"}, {}),
    ("findings", {}, {"objective": "multiclass"}),
    ("panels", {}, {"tasks": [f"task {number}" for number in range(MOST_PANELS + 1)]}),
])  # fmt: skip
def test_what_a_study_can_answer_follows_from_what_it_has(name, with_it, without_it):
    assert plan(**with_it).conditions[name] is True
    assert plan(**without_it).conditions[name] is False


def test_models_are_applied_in_one_job_or_in_several_of_which_the_first_also_embeds():
    tested = HOSPITALS | {"reread": HOSPITALS["reread"] | {"role": "test"}}
    (job,) = plan(
        datasets=tested, targets=["north", "reread"], sources=["north"], pool=["north", "south"]
    ).prediction_jobs
    assert job.reads == ("north", "reread")
    assert job.splits == (("validation", "north"), ("test", "north"), ("test", "reread"))
    assert not job.embeds  # one domain alone
    jobs = plan(predictions_per_job=2).prediction_jobs
    assert [(job.reads, job.embeds) for job in jobs] == [(("north", "south"), True), (("reread",), False)]
    alone = plan(predictions_per_job=1).prediction_jobs
    assert (alone[0].reads, alone[0].embeds) == (("north", "south"), True)  # to embed it reads all domains
    assert {split for job in alone for split in job.splits} == {split for job in jobs for split in job.splits}


@pytest.mark.parametrize(("images", "shape"), [
    ({}, "224px"), ({"size": 64, "fit": "pad"}, "64px-pad"), ({"size": 64, "colour": "rgb"}, "64px-rgb"),
    ({"size": 64, "fit": "pad", "colour": "rgb"}, "64px-pad-rgb"),
])  # fmt: skip
def test_the_name_of_a_folder_of_shards_says_what_is_in_it(images, shape):
    made = plan(images=images)
    assert made.shape == shape
    assert data.facts_of_shape(shape) == {key: getattr(made.study.images, key) for key in ("size", "fit", "colour")}


def test_a_training_is_told_nothing_that_changes_nothing_in_it():
    training = {"algorithm": "coral", "balance": "datasets", "label_smoothing": 0.1, "checkpoint_every": 5}
    made = plan(sources=["north", "all"], pool=["north", "south"], training=training)
    single, pooled = (networks.train_model(made, "resnet50", source, 0).as_dict() for source in ("north", "all"))
    assert pooled == single | {"algorithm": "coral", "balance": "datasets"}
    assert "label_smoothing" in single
    assert "checkpoint_every" not in single
    focal = networks.train_model(plan(training=training | {"loss": "focal"}), "resnet50", "north", 0).as_dict()
    assert "label_smoothing" not in focal
    heads = networks.train_shared_heads(plan(training=training, shared_heads={"penalty": 0.5}), "resnet50", "l2", 1)
    assert (heads.penalty, heads.algorithm, heads.balance, heads.seed) == (0.5, "erm", "datasets", 1)


def test_settings_are_what_they_were_after_a_journey_as_text():
    made = plan(
        located=["north"], shared_heads={}, explanation={}, evaluation={"attribution": {}},
        models={"a": {"weights": "IMAGENET1K_V2"}, "b": {"sweep": {"images": [20, None]}}},
    )  # fmt: skip
    for stage in (
        *(networks.train_model(made, name, "north", 3) for name in made.models),
        networks.train_shared_heads(made, "a", "l2", 0),
        data.simulate_hospital(made.study.datasets["reread"]),
        data.convert_shard(made.study.datasets["north"], made.shape, 2),
        data.index_shards(made.study.datasets["north"], made.shape),
        *(networks.predict(made, embeds) for embeds in (True, False)),
        networks.adapt_model(made, "a", 0),
        *(told(made) for told in (
            analyses.measure_adaptation, analyses.estimate_unlabelled, analyses.chart_months, data.audit_leakage,
            data.assign_splits, data.summarise_datasets, networks.predict_corrected, networks.describe_images,
            networks.train_encoder,
            networks.attribute_images, analyses.probe_sources, analyses.analysis, analyses.compare_outputs,
            analyses.measure_sweeps, analyses.measure_localisation, analyses.explain_drops, analyses.check_verdicts,
            analyses.measure_corrections, analyses.compare_paper, analyses.summarise_models)),
    ):  # fmt: skip
        text = stage.to_json()
        assert type(stage).from_json(text).to_json() == text
        assert list(json.loads(text)) == sorted(json.loads(text))


def test_the_name_of_a_file_with_weights_is_no_setting():
    for weights, told in (("weights/a.pt", None), ("IMAGENET1K_V2", "IMAGENET1K_V2"), (None, None)):
        made = plan(models={"a": {"weights": weights}})
        assert networks.train_model(made, "a", "north", 0).weights == told
    made = plan(explanation={"encoder": "./encoder.pt"})
    assert networks.describe_images(made).encoder == "file"


@pytest.mark.parametrize(("text", "message"), [
    ("{", "not JSON"), ("[1]", "not a JSON object"), ('{"epoch": 1, "architecture": "a", "tasks": []}',
     "unknown key epoch; allowed are algorithm, "), ('{"epochs": 1, "tasks": []}', "the key architecture is missing"),
])  # fmt: skip
def test_settings_by_hand_are_refused_with_what_is_allowed(text, message):
    with pytest.raises(UserError, match=message.replace("[", r"\[")):
        TrainModel.from_json(text)


def test_what_is_left_out_of_a_text_is_plain_whatever_the_defaults_are():
    short = TrainSharedHeads.from_json('{"architecture": "resnet18", "tasks": ["A"], "penalty": 0}')
    assert (short.algorithm, short.balance) == ("erm", "images")
    assert replace(short, balance="datasets").as_dict()["balance"] == "datasets"
