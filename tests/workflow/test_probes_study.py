"""Linear probes through the workflow: features once for each data set, models like others, and what reruns."""

import json
import shutil

import pandas as pd
import pytest
import torch

from crossray.learning.models import PAPER_SCALE, build_model, save_weights
from crossray.shell.logits import logits_of
from crossray.shell.trained import facts_of, find_trained
from workflow_helpers import Checkout, planned

pytestmark = pytest.mark.workflow

STUDY = "probes.yaml"


@pytest.fixture
def again(probed, tmp_path):
    """Return a copy of it, to change at will."""
    shutil.copytree(probed.folder, tmp_path / "again", symlinks=True)
    return Checkout(tmp_path / "again")


def test_features_are_computed_once_for_each_data_set_and_shared_by_all_sources(probed):
    jobs = planned((probed.folder / "output.txt").read_text())
    assert jobs["compute_features"] == 2
    assert jobs["fit_probe"] == jobs["predict"] == 3 + 1
    assert "train_model" not in jobs
    results = probed.folder / "results/probes"
    assert sorted(path.name for path in (results / "features/probe/0").iterdir()) == [
        "north.h5", "north.json", "south.h5", "south.json"
    ]  # fmt: skip
    models = {str(path.parent.relative_to(results / "models")) for path in results.rglob("training.json")}
    assert models == {"probe/north/0", "probe/south/0", "probe/all/0", "effusion/south/0"}
    assert json.loads((results / "models/effusion/south/0/training.json").read_text())["tasks"] == ["Effusion"]
    assert not list(results.rglob("history.csv"))


def test_probes_are_evaluated_and_told_like_other_models(probed):
    results = probed.folder / "results/probes"
    performance = pd.read_csv(results / "analysis/performance.csv", dtype={"seed": str})
    assert set(performance["model"]) == {"probe", "effusion"}
    assert performance["auc"].notna().any()
    models = pd.read_csv(results / "analysis/models.csv")
    assert set(models["architecture"]) == {"resnet18, linear probe"}
    page = (results / "report.html").read_text()
    assert "figure-training_curves" not in page
    trained = page.split('id="training"')[1].split("</section>")[0]
    assert trained.count("a linear probe, on") == 4
    assert "the smallest log-loss on the source&#39;s validation split" in trained or "Penalties of linear" in trained
    kept = sum(pd.read_csv(path)["kept"].sum() for path in results.rglob("penalties.csv"))
    assert trained.count('<th scope="row">') == kept > 4
    assert "frozen" in page
    assert "epochs with Adam" not in page
    assert "linear probes (Alain and Bengio 2017). The network is frozen." in page


def test_a_probe_is_an_ordinary_checkpoint(probed):
    trained = find_trained(probed.folder / "results/probes/models/probe/north/0")
    from crossray.learning.models import load_model
    from crossray.shards import ImageStore

    facts, (network, tasks, _) = facts_of(trained), load_model(trained.weights)
    assert facts.architecture == "resnet18"
    assert facts.frozen.startswith("a file with the SHA-256 ")
    made = pd.read_parquet(probed.folder / "results/probes/predictions/probe/north/0/test/south.parquet")
    store = ImageStore(trained.index("south", facts.shape))
    logits = logits_of(network, store.take(store.rows(made["image_id"])))
    assert abs(logits - made[tasks].to_numpy()).mean() < 0.05  # features may have been computed in bfloat16


def test_predictions_of_a_probe_ask_for_no_gpu_as_features_are_kept(again):
    again.change(STUDY, "size: 32", "size: 48")
    plan = again.snakemake("-n", "--profile", "profiles/slurm", study=STUDY)
    blocks = {rule: plan.split(f"rule {rule}:")[1].split("\n\n")[0] for rule in ("compute_features", "predict")}
    assert "gpu=1" in blocks["compute_features"]
    assert "gpu=0" in blocks["predict"]


def test_epochs_and_augmentation_rerun_no_probe(again):
    again.change(STUDY, "epochs: 3", "epochs: 4")
    assert not {"compute_features", "fit_probe", "predict"} & set(planned(again.snakemake("-n", study=STUDY)))


@pytest.mark.whole
def test_another_file_of_weights_computes_features_again(again):
    torch.manual_seed(2)
    state = build_model("resnet18", 1, 32).body.state_dict()
    save_weights(again.folder / "given.safetensors", state, ["Z"], "resnet18", 32, PAPER_SCALE)
    jobs = planned(again.snakemake(study=STUDY))
    assert (jobs["compute_features"], jobs["fit_probe"]) == (2, 4)
    assert "convert_shard" not in jobs
    assert "Nothing to be done" in again.snakemake(study=STUDY)
