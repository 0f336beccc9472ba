"""Three hospitals that train and send their models: every model at every hospital, and no image moved."""

import contextlib
import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import yaml
from test_bundles_study import HOME, MARKS, TASKS, as_written, block, hospital, pool, send, wanted

from crossray import manifest, predictions, tables
from crossray.datasets.bundles import sealing
from crossray.errors import UserError
from crossray.learning.models import load_model
from crossray.planning import check_external, plan_of
from crossray.shards import ImageStore, with_rows
from crossray.shell.logits import logits_of
from workflow_helpers import Checkout, copy_workflow, same_key

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

SITES = ("site_a", "site_b")
#: every model -> the hospital that trained it
MODELS = {"of_home": "home", "of_site_a": "site_a", "of_site_b": "site_b"}
SPLIT = {"train": 0.3, "validation": 0.2, "test": 0.5}
TRAINING = {"epochs": 1, "batch_size": 16, "precision": "float32"}
OWN = "results/own/models/resnet18/home/0/weights.safetensors"


def network(home, **file):
    """Return the block of a model that a hospital trained."""
    tasks = {task: place for place, task in enumerate(TASKS)}
    return {"architecture": "resnet18", "tasks": tasks, "home": home, "trained_on": [home], **file}


def study(models, datasets):
    """Return a study of external models."""
    return {
        "study": "sites", "tasks": list(TASKS), "models": {}, "external": models, "datasets": datasets,
        "images": {"size": 32}, "evaluation": {"minimum": 5, "resamples": 100}, "leakage": {"overlap": "keep"},
        "training": {"precision": "float32"},
    }  # fmt: skip


def train_at_home(coordinator):
    """Train the coordinator's own model, in a study of its own."""
    own = {"study": "own", "tasks": list(TASKS), "models": {"resnet18": {"architecture": "resnet18"}},
           "datasets": {"home": HOME}, "images": {"size": 32}, "training": TRAINING}  # fmt: skip
    coordinator.write("own.yaml", yaml.safe_dump(own))
    coordinator.snakemake("train", study="own.yaml")


def coordinate(coordinator, *senders):
    """Write the study of the coordinator, with the models of these sites."""
    sites = {site: {"reader": "bundle", "path": f"{site}.rows.zip", "signer": f"{site}.pub", "level": "rows",
                    "sampling": "consecutive"} for site in SITES}  # fmt: skip
    models = {"of_home": network("home", weights=OWN)}
    models |= {f"of_{site}": network(site, bundle=f"first/{site}.zip") for site in senders}
    coordinator.write("study.yaml", yaml.safe_dump(study(models, {"home": HOME, **sites})))


def configure(name, site, model=None):
    """Write what a site adds to an invitation; in the first round it trains a model, which may leave."""
    asked = {"site": name, "dataset": "ours", "key": "private/site.key", "level": "rows",
             "invitation": "invitation/invitation.json"}  # fmt: skip
    own = {"datasets": {"ours": block(MARKS[name], split=SPLIT)}, "bundle": asked}
    if model:
        own |= {
            "models": {model: {"architecture": "resnet18", "training": TRAINING}},
            "bundle": asked | {"model": model},
        }
    site.write("ours.yaml", yaml.safe_dump(own))


@dataclass(frozen=True)
class Rounds:
    """The checkouts: the coordinator, the pooled study, and the sites by their names."""

    coordinator: Checkout
    pooled: Checkout
    sites: dict[str, Checkout]

    def table(self, checkout, name):
        """Return a table of the study as text."""
        return tables.read_texts(checkout.folder / f"results/sites/analysis/{name}.csv")

    def plan(self, **changes):
        """Return the coordinator's plan with another block of the model of the first site."""
        given = yaml.safe_load((self.coordinator.folder / "study.yaml").read_text())
        given["external"]["of_site_a"] |= changes
        return plan_of(given)[0]


@pytest.fixture(scope="module")
def rounds(made_once):
    def run(folder):
        at = {name: copy_workflow(folder / name) for name in ("coordinator", "pooled", *SITES)}
        for name in ("coordinator", "pooled"):
            same_key(at[name].folder)
            hospital(at[name].folder / "home", 1, "home")
        coordinator, pooled = at["coordinator"], at["pooled"]
        train_at_home(coordinator)
        coordinate(coordinator)
        as_written(coordinator, "at the coordinator: writes")
        for name in SITES:
            hospital(at[name].folder / MARKS[name], ord(name[-1]), MARKS[name])
            shutil.copyfile(coordinator.folder / "results/sites/invitation.zip", at[name].folder / "invitation.zip")
            configure(name, at[name], model="resnet18")
            shown = as_written(at[name], "at the site", without=None if name == "site_a" else "bundle_preview")
            at[name].write("shown.txt", shown)
            send(name, at[name], coordinator, "rows")
            shutil.move(coordinator.folder / f"{name}.rows.zip", coordinator.folder / f"{name}.zip")
        (coordinator.folder / "first").mkdir()
        shutil.move(coordinator.folder / "site_b.zip", coordinator.folder / "first/site_b.zip")
        coordinate(coordinator, *SITES)
        as_written(coordinator, "second round, at the coordinator")
        for name in SITES:
            shutil.copyfile(coordinator.folder / "results/sites/invitation.zip", at[name].folder / "invitation.zip")
            configure(name, at[name])
            as_written(at[name], "second round, at the site", without=None if name == "site_b" else "bundle_preview")
            send(name, at[name], coordinator, "rows")
            pool(name, at[name], pooled.folder / name)
        coordinator.snakemake(*wanted(coordinator), study="study.yaml")
        for model, home in MODELS.items():
            file = OWN if home == "home" else f"results/sites/external/{model}/weights.safetensors"
            shutil.copyfile(coordinator.folder / file, pooled.folder / f"{model}.safetensors")
        models = {model: network(home, weights=f"{model}.safetensors") for model, home in MODELS.items()}
        here = {"home": HOME} | {name: block(name, role="test") for name in SITES}
        pooled.write("study.yaml", yaml.safe_dump(study(models, here)))
        pooled.snakemake(*wanted(pooled), study="study.yaml")

    folder = made_once("rounds", run)
    at = {name: Checkout(folder / name) for name in ("coordinator", "pooled", *SITES)}
    return Rounds(at["coordinator"], at["pooled"], {name: at[name] for name in SITES})


def test_every_model_is_tested_at_every_hospital_as_in_the_pooled_study(rounds, tell):
    found = {path.stem for path in (rounds.pooled.folder / "results/sites/analysis").glob("*.csv")}
    determined = sorted(one.NAME for one in tables.contracts() if one.NAME in found and not one.FROM_IMAGES)
    for name in determined:
        pd.testing.assert_frame_equal(
            rounds.table(rounds.coordinator, name), rounds.table(rounds.pooled, name), obj=name
        )
    cells = rounds.table(rounds.coordinator, "performance").set_index(["model", "target", "task"])["auc"].astype(float)
    assert set(cells.index) == {(model, at, task) for model in MODELS for at in MODELS.values() for task in TASKS}
    assert cells.notna().all()
    for one in ("model", "target"):
        aucs = [tuple(part) for _, part in cells.groupby(one)]
        assert len(set(aucs)) == len(aucs), f"not every {one} has AUCs of its own"
    drops = rounds.table(rounds.coordinator, "transfer")
    drops = drops[drops["source"] != drops["target"]]
    assert set(zip(drops["source"], drops["target"], strict=True)) == {
        (one, other) for one in MODELS.values() for other in MODELS.values() if one != other
    }
    tell(f"models of three hospitals: {len(cells)} AUCs, and {len(determined)} tables equal to the pooled study's")


@pytest.mark.parametrize("name", SITES)
def test_the_model_that_comes_back_is_the_one_that_the_site_trained(rounds, name):
    results = rounds.sites[name].folder / "results"
    network, tasks, _ = load_model(results / "sites/models/resnet18/ours/0/weights.safetensors")
    store = ImageStore(results / "datasets/ours/32px/index.json")
    images = manifest.read(results / "sites/manifests/ours.parquet")
    rows = with_rows(images, store, "test")
    (path,) = (results / f"sites/predictions/of_{name}").glob("*/0/test/ours.parquet")
    back = predictions.read(path).table.loc[rows["image_id"], tasks]
    np.testing.assert_allclose(back, logits_of(network, store.take(rows["row"].to_numpy())), atol=1e-5)
    assert len(back) > 50


def test_the_preview_says_that_a_model_leaves_and_only_that_bundle_has_one(rounds, tell):
    for name, site in rounds.sites.items():
        shown = (site.folder / "shown.txt").read_text()
        said = "A model leaves too, as bundle.model says: model.safetensors, 44.7 MB" in shown
        assert said == (name == "site_a")
        signer = rounds.coordinator.folder / f"{name}.pub"
        first = sealing.open_(rounds.coordinator.folder / f"first/{name}.zip", signer)
        assert first.model == (site.folder / "results/sites/models/resnet18/ours/0/weights.safetensors").read_bytes()
        second = sealing.open_(rounds.coordinator.folder / f"{name}.rows.zip", signer)
        assert second.model is None
        for secret in (MARKS[name], MARKS[name].lower()):
            assert secret.encode() not in (rounds.coordinator.folder / f"first/{name}.zip").read_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architecture": "resnet34"}, "its model has architecture resnet18, and this study says resnet34; set it to"),
        ({"tasks": {"Nodule": 0}}, "its model has no output Nodule: 0; what it has is Effusion: 0, Nodule: 1"),
        ({"input": {"range": [0, 1]}}, r"its model has input.range \[-1024, 1024\], and this study says \[0, 1\]"),
        ({"bundle": "site_a.rows.zip"}, "carries no model, as its site did not allow it"),
        ({"bundle": "first/site_b.zip"}, "not signed with the key that belongs to site_a.pub"),
        ({"bundle": "gone.zip"}, "external.of_site_a.bundle: no file 'gone.zip'"),
    ],
)
def test_another_model_than_the_site_sent_is_refused_before_the_run(rounds, changes, words):
    with contextlib.chdir(rounds.coordinator.folder), pytest.raises(UserError, match=words) as raised:
        check_external(rounds.plan(**changes))
    assert "\n" not in str(raised.value)
