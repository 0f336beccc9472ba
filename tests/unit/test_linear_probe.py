"""Linear probes: what is fitted, on which images, and that nothing which is set goes unused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

import compute_features
import fit_probe
import predict
from crossray import manifest
from crossray.checking.costs import reckon
from crossray.errors import UserError
from crossray.job_resources import Loads
from crossray.learning.features import KeptFeatures
from crossray.learning.linear_probe import LabelledFeatures, fit_linear_probe
from crossray.learning.models import PAPER_SCALE, build_model, load_model, save_weights
from crossray.learning.predictor import Predictor
from crossray.learning.targets import Target
from crossray.planning import plan_of, study_of
from crossray.study import stage_settings
from crossray.study.plan import make_plan
from crossray.study.stages.inference import Inference
from crossray.tables import read
from crossray.tables.training import Penalties

TASKS = ("A", "B")


def some_known(images, features=12, tasks=2, seed=0):
    """Return images whose features say something of their labels."""
    generator = np.random.default_rng(seed)
    found = generator.normal(3, 2, (images, features)).astype(np.float32)
    truth = np.random.default_rng(9).normal(0, 0.5, (features, tasks))
    return LabelledFeatures(found, (generator.random((images, tasks)) < expit((found - 3) @ truth)).astype(float))


def scaled(part, known):
    """Return features as a probe scales them."""
    centre, spread = known.features.mean(0, dtype=float), known.features.std(0, dtype=float)
    return (part.features - centre) / spread / np.sqrt(known.features.shape[1])


@pytest.mark.parametrize("images", [300, 8])  # 8 images have fewer dimensions than features
def test_a_probe_is_the_logistic_regression_of_scikit_learn(images):
    training, validation = some_known(images), some_known(100, seed=1)
    if images < 20:
        training.labels[:4], training.labels[4:] = 0, 1
    for penalty in (0.1, 10.0):
        probe = fit_linear_probe(training, validation, TASKS, [penalty])
        logits = validation.features @ probe.weights.T + probe.intercepts
        for task in range(2):
            oracle = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000)
            oracle.fit(scaled(training, training), training.labels[:, task])
            expected = oracle.decision_function(scaled(validation, training))
            np.testing.assert_allclose(logits[:, task], expected, atol=1e-4)


def test_a_probe_of_classes_is_the_softmax_regression_of_scikit_learn():
    training, validation = some_known(300, tasks=3), some_known(100, tasks=3, seed=1)
    for part in (training, validation):
        part.labels[:] = np.eye(3)[np.argmax(part.features[:, :3] + 3 * part.labels, axis=1)]
    probe = fit_linear_probe(training, validation, ("A", "B", "C"), [1.0], exclusive=True)
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    oracle.fit(scaled(training, training), training.labels.argmax(1))
    logits = validation.features @ probe.weights.T + probe.intercepts
    found = logits - logits.mean(1, keepdims=True)
    expected = oracle.decision_function(scaled(validation, training))
    np.testing.assert_allclose(found, expected - expected.mean(1, keepdims=True), atol=1e-4)


def test_missing_labels_are_left_out_of_their_task_alone():
    training, validation = some_known(300), some_known(100, seed=1)
    whole = fit_linear_probe(training, validation, TASKS, [1.0])
    training.labels[:150, 0] = np.nan
    part = fit_linear_probe(training, validation, TASKS, [1.0])
    np.testing.assert_allclose(part.weights[1], whole.weights[1], atol=1e-5)
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    oracle.fit(scaled(training, training)[150:], training.labels[150:, 0])
    logits = validation.features @ part.weights.T + part.intercepts
    np.testing.assert_allclose(logits[:, 0], oracle.decision_function(scaled(validation, training)), atol=1e-4)


def test_each_task_takes_the_penalty_with_the_smallest_validation_loss():
    training, validation = some_known(40), some_known(400, seed=1)
    training.labels[:, 1] = np.random.default_rng(2).permutation(training.labels[:, 1])  # nothing to learn
    probe = fit_linear_probe(training, validation, TASKS, [0.001, 1.0, 1000.0])
    tried = probe.tried.set_index(["task", "penalty"])
    for task, chosen in zip(TASKS, probe.penalties, strict=True):
        assert chosen == tried.loc[task, "validation_loss"].idxmin()
        assert list(tried.loc[task].index[tried.loc[task, "kept"]]) == [chosen]
    assert probe.penalties[1] == 1000
    assert probe.notes == ["B: the penalty chosen, 1000, is the largest tried"]
    assert (tried.loc["A", "train_loss"].sort_index().diff().dropna() > 0).all()  # freer fits fit better


def test_a_task_that_validation_has_one_kind_of_takes_the_largest_penalty():
    training, validation = some_known(300), some_known(100, seed=1)
    validation.labels[:, 0] = 0
    validation.labels[:, 1] = np.where(np.arange(100) < 60, np.nan, validation.labels[:, 1])
    probe = fit_linear_probe(training, validation, TASKS, [0.01, 1.0, 100.0])
    assert probe.penalties[0] == 100
    assert probe.tried.loc[probe.tried["task"] == "A", "validation_auc"].isna().all()
    assert probe.penalties[1] < 100


def test_features_that_are_no_numbers_give_a_layer_without_numbers():
    training, validation = some_known(20), some_known(20, seed=1)
    training.features[3, 0] = np.nan
    probe = fit_linear_probe(training, validation, TASKS, [1.0])
    assert np.isnan(probe.weights).all()
    assert np.isnan(probe.intercepts).all()
    assert not probe.tried["kept"].any()
    assert "not numbers" in probe.notes[0]


@pytest.fixture
def network(tmp_path):
    """Return the file of a network that was learnt before, for another task."""
    torch.manual_seed(3)
    model = build_model("resnet18", 1, 32)
    save_weights(tmp_path / "before.safetensors", model.body.state_dict(), ["Z"], "resnet18", 32, PAPER_SCALE)
    return tmp_path / "before.safetensors"


def run(program, **options):
    """Run a program with options."""
    words = []
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return program.main(words)


def features(folder, network, out, **more):
    """Compute the features of a data set; return their record."""
    settings = {"architecture": "resnet18", "batch_size": 16, "precision": "float32"} | more
    record = out / f"{folder.name}.json"
    assert run(compute_features, index=folder / "32px/index.json", initial=network, settings=json.dumps(settings),
               output=record.with_suffix(".h5"), record=record) == 0  # fmt: skip
    return record


def fitted(folders, records, network, out, **more):
    """Fit a probe; return its weights."""
    settings = {"architecture": "resnet18", "tasks": list(TASKS), "penalties": [100.0, 1.0]} | more
    manifests = [folder / "manifest.parquet" for folder in folders]
    assert run(fit_probe, settings=json.dumps(settings), source="here", manifests=manifests, features=records,
               initial=network, weights=out / "weights.safetensors", penalties=out / "penalties.csv",
               record=out / "training.json") == 0  # fmt: skip
    return out / "weights.safetensors"


def test_a_probe_is_a_checkpoint_whose_outputs_are_those_of_its_features(make_dataset, network, tmp_path):
    north, south = make_dataset("north", images=120), make_dataset("south", images=60)
    records = [features(folder, network, tmp_path / "features") for folder in (north, south)]
    weights = fitted([north], records[:1], network, tmp_path / "probe")
    model, tasks, size = load_model(weights)
    before = load_model(network)[0]
    assert (tasks, size) == (list(TASKS), 32)
    for name, value in model.body.state_dict().items():
        assert torch.equal(value, before.body.state_dict()[name]) != name.startswith("fc.")
    record = json.loads((tmp_path / "probe/training.json").read_text())
    table = read(tmp_path / "probe/penalties.csv", Penalties)
    assert record["penalties"] == dict(zip(*table.loc[table["kept"], ["task", "penalty"]].T.to_numpy(), strict=True))
    assert {len(table), record["images"]["train"] + record["images"]["validation"]} == {4, int(
        (manifest.read(north / "manifest.parquet")["split"] != "test").sum())}  # fmt: skip
    how = Inference(batch_size=16, precision="float32")
    kept = {one.dataset: one for one in map(KeptFeatures, records)}
    target = Target(south / "manifest.parquet", south / "32px/index.json")
    for ask in (lambda one: one.predict(target, "test"), lambda one: one.embed(target, 10, 0)):
        quick, slow = (ask(Predictor(weights, how, 0, given)) for given in (kept, {}))
        assert list(quick["image_id"]) == list(slow["image_id"])
        columns = quick.columns.difference(["image_id", "split", "dataset"])
        np.testing.assert_allclose(quick[columns], slow[columns], atol=1e-5)
    again = fitted([north], records[:1], network, tmp_path / "again")
    assert again.read_bytes() == weights.read_bytes()


def test_test_images_and_their_labels_are_not_looked_at(make_dataset, network, tmp_path):
    folder = make_dataset("north", images=120)
    record = features(folder, network, tmp_path)
    weights = fitted([folder], [record], network, tmp_path / "one").read_bytes()
    table = manifest.read(folder / "manifest.parquet")
    table.loc[table["split"] == "test", list(TASKS)] = 1 - table.loc[table["split"] == "test", list(TASKS)]
    manifest.write(folder / "manifest.parquet", table, {"dataset": "north", "tasks": list(TASKS), "settings": {}})
    assert fitted([folder], [record], network, tmp_path / "two").read_bytes() == weights
    at = table.index[table["split"] == "validation"]
    table.loc[at, "split"] = "test"
    manifest.write(folder / "manifest.parquet", table, {"dataset": "north", "tasks": list(TASKS), "settings": {}})
    with pytest.raises(AssertionError):
        fitted([folder], [record], network, tmp_path / "three")  # it takes some to choose by


def test_pooled_sources_and_fewer_images_are_those_of_trainings(make_dataset, network, tmp_path):
    folders = [make_dataset(name, images=images) for name, images in (("north", 120), ("south", 60))]
    records = [features(folder, network, tmp_path / "features") for folder in folders]
    fitted(folders, records, network, tmp_path / "both", images=50)
    record = json.loads((tmp_path / "both/training.json").read_text())
    assert record["datasets"] == ["north", "south"]
    assert 40 < record["images"]["train"] <= 50


def test_features_of_another_network_or_damaged_ones_are_refused(make_dataset, network, tmp_path, capsys):
    folder = make_dataset("north")
    record = features(folder, network, tmp_path / "one")
    torch.manual_seed(4)
    other = tmp_path / "other.safetensors"
    model = build_model("resnet18", 1, 32)
    save_weights(other, model.body.state_dict(), ["Z"], "resnet18", 32, PAPER_SCALE)
    with pytest.raises(AssertionError):
        fitted([folder], [record], other, tmp_path / "probe")
    assert "north: these features are of another network; make them again" in capsys.readouterr().err
    path = record.with_suffix(".h5")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="damaged since"):
        KeptFeatures(record)


def test_an_architecture_without_a_last_linear_layer_is_refused(make_dataset, tmp_path, capsys):
    folder = make_dataset("north")
    model = build_model("squeezenet1_0", 1, 32)
    save_weights(tmp_path / "w.safetensors", model.body.state_dict(), ["Z"], "squeezenet1_0", 32, PAPER_SCALE)
    with pytest.raises(AssertionError):
        features(folder, tmp_path / "w.safetensors", tmp_path, architecture="squeezenet1_0")
    assert "models: probe: this network has no linear layer; choose another" in capsys.readouterr().err


def test_predictions_of_a_probe_follow_its_features(make_dataset, network, tmp_path):
    folder = make_dataset("north", images=90)
    record = features(folder, network, tmp_path / "features")
    weights = fitted([folder], [record], network, tmp_path / "probe")
    output = tmp_path / "predictions/test/north.parquet"
    words = {"weights": weights, "manifests": folder / "manifest.parquet", "indexes": folder / "32px/index.json",
             "settings": json.dumps({"batch_size": 16, "precision": "float32"}), "outputs": output}  # fmt: skip
    assert run(predict, **words, features=record) == 0
    first = output.read_bytes()
    facts = json.loads(record.read_text())
    kept = KeptFeatures(record)
    rows = kept.rows(pd.read_parquet(output)["image_id"])
    assert (rows >= 0).all()
    assert facts["images"] == 90
    assert run(predict, **words, features=record) == 0
    assert output.read_bytes() == first


HOSPITALS = {name: {"reader": "simulated", "images": 60, "public": True} for name in ("north", "south")}
PROBE = {"architecture": "resnet18", "weights": "IMAGENET1K_V1", "probe": "linear"}


def planned(**changes):
    """Return the plan of a study of two hospitals and a probe."""
    study = {"study": "s", "tasks": ["A"], "datasets": HOSPITALS, "models": {"p": PROBE}} | changes
    return make_plan(study_of(study), {name: name for name in HOSPITALS}, [])


@pytest.mark.parametrize(("changes", "message"), [
    ({"models": {"p": {"probe": "linear"}}}, r"models\.p\.probe: is fitted on features that were learnt before; name"),
    ({"models": {"p": PROBE | {"freeze": "layer1"}}}, r"models\.p\.freeze: all layers of a probe but the last are"),
    ({"models": {"p": PROBE | {"training": {"epochs": 3}}}}, r"models\.p\.training\.epochs: nothing of it is used"),
    ({"models": {"p": PROBE | {"training": {"augmentation": {"rotation": 3}}}}}, r"training\.augmentation: nothing"),
    ({"models": {"p": PROBE | {"sweep": {"learning_rate": [0.1, 0.2]}}}}, r"models\.p\.sweep\.learning_rate: nothing"),
    ({"training": {"positive_weights": "balanced"}}, r"training\.positive_weights: is 'balanced', which the probe p"),
    ({"training": {"loss": "focal"}}, r"training\.loss: is 'focal', which the probe p cannot follow"),
    ({"training": {"balance": "findings"}}, r"training\.balance: is 'findings'"),
    ({"training": {"algorithm": "coral"}}, r"training\.algorithm: is 'coral'"),
    ({"shared_heads": {}}, "shared_heads: trains a network, and all models are probes"),
    ({"adaptation": {}}, r"adaptation\.ways: 'from scratch' is for a model that the study trains, and p is a probe"),
])  # fmt: skip
def test_what_a_probe_cannot_follow_is_refused_in_one_line(changes, message):
    with pytest.raises(UserError, match=message) as refused:
        planned(**changes)
    assert "\n" not in str(refused.value)


def test_what_others_are_trained_with_is_no_matter_of_a_probe():
    made = planned(models={"p": PROBE, "t": {"training": {"loss": "focal"}}}, training={"epochs": 3, "images": 20})
    assert (made.probes, made.networks) == (("p",), ("t",))
    settings = stage_settings.networks.fit_probe(made, "p", "north", 0)
    assert settings.images == 20
    assert not hasattr(settings, "epochs")
    assert made.mitigations == ()  # a probe is another model than the network


def test_probes_on_the_same_weights_share_features():
    other = PROBE | {"weights": {"from": "t", "source": "north"}}
    models = {"p": PROBE | {"sweep": {"images": [20, 40]}}, "q": PROBE | {"tasks": ["A"]}, "r": other,
              "v": PROBE | {"weights": "a/b.pt"}, "t": {"architecture": "resnet18"}}  # fmt: skip
    made = planned(models=models)
    assert set(made.frozen) == {"p", "r", "v"}
    assert {made.frozen_of(name) for name in ("p-images-20", "p-images-40", "q")} == {"p"}
    assert stage_settings.networks.compute_features(made, "p", 0).weights == "IMAGENET1K_V1"
    assert stage_settings.networks.compute_features(made, "v", 0).weights is None
    assert made.models_on_all_sources == ("t",)


def test_a_probe_costs_features_once_and_no_hours_of_training():
    study = {"study": "s", "tasks": ["A"], "datasets": HOSPITALS, "models": {"p": PROBE, "t": {}, "q": PROBE}}
    made, data = plan_of(study | {"training": {"epochs": 3}})
    loads = Loads(made, data.releases)
    cost = reckon(made, loads, [], {})
    assert (cost.trainings, cost.probes) == (2, 4)  # on two sources each
    assert cost.seen_images == sum(HOSPITALS[name]["images"] for name in HOSPITALS)
    learnt = [loads.images(name) * dataset.split.train for name, dataset in made.study.datasets.items()]
    assert cost.trained_images == 3 * sum(map(round, learnt))
    alone = reckon(planned(), loads, [], {})
    assert set(alone.hours.values()) == {0}
    assert alone.feature_hours == cost.feature_hours
    assert min(alone.feature_hours.values()) > 0


def test_penalties_are_a_setting_of_the_fit_alone():
    made = planned()
    assert "penalties" in stage_settings.networks.fit_probe(made, "p", "north", 0).as_dict()
    features = stage_settings.networks.compute_features(made, "p", 0).as_dict()
    assert set(features) == {"architecture", "stem", "weights", "seed", "batch_size", "precision"}
    assert pd.Series(stage_settings.networks.fit_probe(made, "p", "north", 0).penalties).is_monotonic_decreasing
