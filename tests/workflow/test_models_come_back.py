"""A study's own models, exported as tables of scores and as ONNX, come back as external ones: the same tables."""

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from crossray import predictions, tables
from crossray.figures.registry import TABLES, had
from crossray.learning.models import build_model
from crossray.planning import plan_of
from crossray.shards import ImageStore
from crossray.shell import command
from crossray.shell.logits import logits_of
from helpers import ROOT
from workflow_helpers import Checkout, copy_workflow, same_key

pytestmark = [pytest.mark.workflow, pytest.mark.whole]

TASKS = ("Cardiomegaly", "Effusion", "Nodule")
MODELS = ("small", "second")
#: columns that outputs do not determine: what a network is, and costs
OF_NETWORKS = ["architecture", "parameters", "operations"]
#: what the threshold of a model's home is called of one that is trained here, and of one that is not
HOMES = {"source's validation split": "validation split of north"}
#: the largest difference of a logit that ONNX may make
CLOSE = 1e-4


def study(name, models, external=None):
    """Return a study of two public hospitals, of which the models know the first, with all that outputs determine."""
    settings = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    for dataset in settings["datasets"].values():
        dataset |= {"images": 120, "public": True, "labelling": {"unlabelled": []}}
    settings |= {
        "study": name, "sources": ["north"], "models": models, "external": external or {}, "usefulness": {},
        "acceptance": {task: {"sensitivity": 0.5, "specificity": 0.5, "prevalence": 0.2, "per_day": 50}
                       for task in TASKS},
    }  # fmt: skip
    settings["training"] |= {"precision": "float32", "epochs": 3}
    return {key: value for key, value in settings.items() if value != {} or key in ("models", "usefulness")}


def scores(checkout, model, target):
    """Write a model's logits for a data set as a table of a maker would have them, and return its name."""
    folder = checkout.folder / "results/own/predictions" / model / "north/0"
    parts = [predictions.read(path).table for path in sorted(folder.glob(f"*/{target}.parquet"))]
    name = f"{model}-{target}.csv"
    pd.concat(parts).to_csv(checkout.folder / name)
    return name


def returned_as_scores(checkout, model):
    """Return the block of a model that comes back as a table of scores."""
    files = {target: scores(checkout, model, target) for target in ("north", "south")}
    return {"scores": files, "scale": "logit", "home": "north", "trained_on": ["north"]}


def returned_as_onnx(checkout, model):
    """Export a model by the command, and return the block of its card."""
    folder = checkout.folder / f"exported-{model}"
    words = ["export", str(checkout.folder / f"results/own/models/{model}/north/0"), "--output", str(folder)]
    assert command.main(words) == 0
    card = yaml.safe_load((folder / "README.md").read_text().split("```yaml\n")[1].split("```")[0])
    block = card["external"][model]
    kept = {key: block[key] for key in ("tasks", "input", "output")}
    return kept | {"onnx": f"exported-{model}/model.onnx", "home": "north", "trained_on": ["north"]}


def tables_of(checkout, file):
    """Return the paths of the tables that a study has."""
    with contextlib.chdir(checkout.folder):
        settings = yaml.safe_load(Path(file).read_text())
        plan, _ = plan_of(settings)
    fulfilled = [need for need, holds in plan.conditions.items() if holds]
    return [f"results/{settings['study']}/{TABLES[name].path}" for name in had(TABLES, fulfilled)]


@dataclass(frozen=True)
class Returned:
    """The checkout in which all three studies ran."""

    checkout: Checkout

    def analysis(self, name):
        """Return the folder of a study's tables."""
        return self.checkout.folder / f"results/{name}/analysis"

    def determined(self, name):
        """Return the tables of both studies that outputs and labels determine: all whose contract says so."""
        found = [{path.stem for path in self.analysis(one).glob("*.csv")} for one in ("own", name)]
        named = {one.NAME for one in tables.contracts() if not one.FROM_IMAGES}
        assert found[0] & named <= found[1]
        return sorted(found[0] & named)

    def pair(self, name, read, back):
        """Return a table of the own models and of the returned ones."""
        own, other = (read(self.analysis(one) / f"{name}.csv") for one in ("own", back))
        own = own.replace({"threshold_from": HOMES}) if "threshold_from" in own else own
        return tuple(table.drop(columns=OF_NETWORKS, errors="ignore") for table in (own, other))


@pytest.fixture(scope="module")
def returned(made_once):
    def run(folder):
        checkout = copy_workflow(folder)
        same_key(checkout.folder)
        small, second = {"architecture": "resnet18"}, {"architecture": "resnet18", "training": {"learning_rate": 0.003}}
        checkout.write("own.yaml", yaml.safe_dump(study("own", {"small": small, "second": second})))
        checkout.snakemake(*tables_of(checkout, "own.yaml"), study="own.yaml")
        for name, returned_as in (("scores", returned_as_scores), ("onnx", returned_as_onnx)):
            external = {model: returned_as(checkout, model) for model in MODELS}
            checkout.write(f"{name}.yaml", yaml.safe_dump(study(name, {}, external)))
            checkout.snakemake(*tables_of(checkout, f"{name}.yaml"), study=f"{name}.yaml")

    return Returned(Checkout(made_once("returned", run)))


def test_scores_come_back_to_the_last_digit_in_every_table(returned):
    names = returned.determined("scores")
    assert len(names) > 15
    for name in names:
        own, back = returned.pair(name, tables.read_texts, "scores")
        pd.testing.assert_frame_equal(own, back, obj=name)


def test_onnx_comes_back_within_a_ten_thousandth_of_a_logit_and_in_every_table(returned):
    folder = returned.checkout.folder / "results"
    for model in MODELS:
        found = sorted((folder / f"onnx/predictions/{model}/north/0").glob("*/*.parquet"))
        assert {path.parent.name for path in found} == {"validation", "test"}
        for path in found:
            own = predictions.read(folder / "own" / path.relative_to(folder / "onnx")).table
            assert (predictions.read(path).table - own).abs().to_numpy().max() < CLOSE
    for name in returned.determined("onnx"):
        own, back = returned.pair(name, partial(tables.read, contract=tables.contract_of(name)), "onnx")
        # a pair of images whose logits are nearer than that may change places, and what counts them by one
        pd.testing.assert_frame_equal(own, back, rtol=0.01, atol=0.01, obj=name)


def test_bfloat16_moves_logits_by_a_small_part_of_their_spread(returned):
    """In standard deviations over images; of random weights, as those of two epochs spread by luck.

    Trained at 224 px it is 0.01 (docs/performance.md).
    """
    import torch

    store = ImageStore(returned.checkout.folder / "results/datasets/south/32px/index.json")
    torch.manual_seed(0)
    network = build_model("resnet18", 3, 32).eval()
    images = store.take(np.arange(100))
    exact = logits_of(network, images)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = network(torch.from_numpy(images)).float().numpy()
    apart = np.abs(rounded - exact).mean(axis=0) / exact.std(axis=0)
    assert (apart > 0).all()
    assert (apart < 0.1).all()
