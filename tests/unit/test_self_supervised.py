"""The encoder that learns without labels: its loss, what it reads, and that it learns."""

import importlib
import json

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from crossray import manifest
from crossray.checking.costs import reckon
from crossray.checking.page import _costs
from crossray.datasets.indexing import index
from crossray.errors import UserError
from crossray.files import write_json
from crossray.job_resources import Loads
from crossray.learning.batches import Examples
from crossray.learning.initialisation import initial_network
from crossray.learning.prediction import embed
from crossray.learning.self_supervised import GRAIN, train_encoder, unlabelled_images, vicreg, views_of
from crossray.planning import plan_of, study_of
from crossray.shards import write_shard
from crossray.statistics import auc
from crossray.study.stages.index_shards import IndexShards
from crossray.study.stages.inference import Inference
from crossray.study.stages.train_encoder import TrainEncoder
from crossray.study.training import Start

CPU = torch.device("cpu")
SETTINGS = TrainEncoder(epochs=1, images=30, seed=0, batch_size=16, precision="float32")


def test_the_loss_has_the_values_of_the_paper():
    """Columns of +1 and -1 that are orthogonal have covariance 0, and a deviation of 1 or more."""
    first = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    perfect = vicreg(first, first)
    assert [float(term) for term in perfect] == [0, 0, 0]
    assert float(perfect.loss()) == 0
    moved = vicreg(first, first + torch.tensor([3.0, 0]))
    assert [float(term) for term in moved] == [4.5, 0, 0]  # 9 and 0, a mean over coordinates
    assert float(moved.loss()) == 25 * 4.5


def test_a_collapsed_projection_costs_all_of_the_variance_term():
    same = torch.full((8, 5), 3.0)
    terms = vicreg(same, same)
    assert float(terms.invariance) == float(terms.covariance) == 0
    assert float(terms.variance) == pytest.approx(2 * (1 - 0.01))  # the root of epsilon is left


def test_coordinates_that_repeat_one_another_cost_covariance():
    column = torch.tensor([[1.0], [1], [-1], [-1]]) * np.sqrt(3) / 2  # a variance of 1
    terms = vicreg(column.repeat(1, 3), column.repeat(1, 3))
    assert float(terms.covariance) == pytest.approx(2 * 6 / 3)  # of either view: six pairs, over three coordinates
    assert float(terms.variance) == pytest.approx(0, abs=1e-4)


def test_views_keep_grey_levels_and_change_place_and_grain():
    torch.manual_seed(0)
    flat = views_of(torch.full((16, 64, 64), 100, dtype=torch.uint8))[:, 24:40, 24:40]
    assert torch.allclose(flat.mean(dim=(1, 2)), torch.full((16,), 100.0), atol=1)
    assert float(flat.std()) == pytest.approx(GRAIN, rel=0.1)
    half = torch.zeros((16, 64, 64), dtype=torch.uint8)
    half[:, :, 32:] = 200
    assert len(set((views_of(half)[:, 32] > 100).int().argmax(dim=1).tolist())) > 4


def trained(folders, out, **more):
    """Train an encoder by the program; return the bytes of its weights and the record."""
    settings = SETTINGS.as_dict() | more
    words = ["--manifests", *(folder / "manifest.parquet" for folder in folders), "--indexes",
             *(folder / "32px/index.json" for folder in folders), "--settings", json.dumps(settings),
             "--weights", out / "weights.safetensors", "--record", out / "training.json"]  # fmt: skip
    assert importlib.import_module("train_encoder").main(list(map(str, words))) == 0
    return (out / "weights.safetensors").read_bytes(), json.loads((out / "training.json").read_text())


def with_other_pixels(folder, split):
    """Replace the images of a split, and index the shards again."""
    table = manifest.read(folder / "manifest.parquet").set_index("image_id")
    files = sorted((folder / "32px/shards").glob("*.h5"))
    for path in files:
        with h5py.File(path) as file:
            pixels, names = file["images"][:], list(file["image_id"].asstr()[:])
        pixels[(table.loc[names, "split"] == split).to_numpy()] = 77
        write_shard(path, pixels, names, 32, {"dataset": folder.name})
    rule = IndexShards(size=32, fit="crop", colour="grey", burnt_in="reject", max_rejected=0.01, max_missing=0.01)
    rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
    write_json(folder / "32px/index.json", index(files, rejected, folder.name, rule))


def test_neither_labels_nor_images_of_other_splits_are_learnt_from(make_dataset, tmp_path):
    folders = [make_dataset("north", images=80), make_dataset("south", images=30)]
    first, record = trained(folders, tmp_path / "first")
    assert record["images"] == {"north": 30, "south": 18}  # at most so many of each
    assert trained(folders, tmp_path / "again")[0] == first
    for folder in folders:
        table = manifest.read(folder / "manifest.parquet")
        table[["A", "B"]] = table[["A", "B"]].sample(frac=1, random_state=1).to_numpy()
        manifest.write(folder / "manifest.parquet", table, manifest.read_metadata(folder / "manifest.parquet"))
        with_other_pixels(folder, "test")
        with_other_pixels(folder, "validation")
    assert trained(folders, tmp_path / "same")[0] == first
    assert trained(folders, tmp_path / "seed", seed=1)[0] != first
    with_other_pixels(folders[0], "train")
    assert trained(folders, tmp_path / "other")[0] != first


def test_its_weights_describe_images_as_those_of_a_file_do(make_dataset, tmp_path):
    folder = make_dataset("north", images=60)
    trained([folder], tmp_path / "encoder")
    words = {"manifest": folder / "manifest.parquet", "index": folder / "32px/index.json",
             "weights": tmp_path / "encoder/weights.safetensors", "output": tmp_path / "described.parquet",
             "settings": '{"encoder": "self_supervised", "images": 12, "seed": 0, "batch_size": 8, '
                         '"precision": "float32"}'}  # fmt: skip
    options = [str(word) for name, value in words.items() for word in (f"--{name}", value)]
    assert importlib.import_module("describe_images").main(options) == 0
    table = pd.read_parquet(tmp_path / "described.parquet").filter(like="encoder ")
    assert table.shape[1] == 512
    assert table.std().max() > 0


def test_data_sets_without_two_images_are_refused(make_dataset):
    def all_tested(table):
        table["split"] = "test"

    folder = make_dataset("north", edit=all_tested)
    with pytest.raises(UserError, match=r"north/manifest.parquet: 0 images in the split train; an encoder learns from"):
        unlabelled_images([folder / "manifest.parquet"], [folder / "32px/index.json"], SETTINGS)


def textures(count):
    """Return images of two faint textures of one brightness and contrast, and which has which."""
    generator = np.random.default_rng(0)
    which = np.arange(count) % 2
    y, x = np.mgrid[0:32, 0:32]
    phase = generator.uniform(0, 2 * np.pi, (count, 1, 1))
    waves = np.where(which[:, None, None], np.sin(x + phase), np.sin(y + phase))
    return (128 + 14 * waves + generator.normal(0, 15, waves.shape)).clip(0, 255).astype(np.uint8), which


class Kept:
    """Images in memory."""

    size, channels = 32, 1

    def __init__(self, images):
        self.images = images

    def take(self, rows):
        return self.images[rows]


def contrast(features, which):
    """Return the AUC with which the first principal component of features tells two kinds of images apart."""
    centred = features - features.mean(axis=0)
    scores = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    return max(auc(which, scores), 1 - auc(which, scores))


def test_it_learns_what_tells_images_apart():
    """Two textures under much noise: what images differ in most is noise to random weights, the texture once learnt."""
    images, which = textures(128)
    examples = Examples(Kept(images), np.arange(128), np.empty((128, 0)), np.zeros(128, int))
    settings = TrainEncoder(epochs=8, images=128, seed=0, batch_size=32, precision="float32")
    state, history = train_encoder(examples, settings, CPU)
    assert history[-1]["loss"] < history[0]["loss"]
    network = initial_network(Start(architecture="resnet18"), 1, 32, None)
    how = Inference(batch_size=64, precision="float32")
    before = contrast(embed(network, examples.store, examples.rows, how, CPU), which)
    network.body.load_state_dict(state, strict=False)
    after = contrast(embed(network, examples.store, examples.rows, how, CPU), which)
    assert after > 0.9
    assert before < 0.75


def study(**changes):
    """Return the configuration of a study whose images are described by what it learns itself."""
    hospital = {"reader": "simulated", "images": 60}
    return {"study": "s", "tasks": ["Nodule"], "datasets": {"north": hospital, "south": hospital},
            "explanation": {"encoder": "self_supervised"}} | changes  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), [
    ({"leakage": {"overlap": "keep"}}, "must not learn from patients of a test split, and with leakage.overlap: keep "),
    ({"leakage": {"overlap": "refuse"}}, "and with leakage.overlap: refuse some may be in both; set it to move"),
    ({"models": {}, "datasets": {"north": {"reader": "simulated", "images": 60, "role": "test"}},
      "external": {"e": {"simulated": {}, "home": "north"}}}, "no data set of this study has any here"),
])  # fmt: skip
def test_what_an_encoder_cannot_learn_from_is_said(changes, message):
    assert study_of(study()).encoder_datasets() == ["north", "south"]
    with pytest.raises(UserError, match=rf"^config: explanation.encoder: self_supervised .*{message}"):
        study_of(study(**changes))


@pytest.mark.parametrize(("explanation", "learnt"), [
    ({"encoder": "self_supervised", "encoder_epochs": 4}, 4 * 2 * 36),  # 60% of 60 images of each hospital
    ({"encoder": "self_supervised", "encoder_epochs": 4, "encoder_images": 20}, 4 * 2 * 20),
    ({"encoder": "random"}, 0),
])  # fmt: skip
def test_check_tells_what_the_encoder_costs(explanation, learnt):
    split = {"train": 0.6, "validation": 0.1, "test": 0.3}
    hospital = {"reader": "simulated", "images": 60, "split": split}
    datasets = {"datasets": {"north": hospital, "south": hospital}}
    made, data = plan_of(study(explanation=explanation) | datasets)
    cost = reckon(made, Loads(made, data.releases), [], {})
    assert cost.encoded_images == learnt
    told = [line for line in _costs(made, cost) if line.startswith("  encoder ")]
    assert len(told) == (learnt > 0)
    assert all(f"learns without labels from {learnt} images in all epochs: " in line for line in told)
    assert all((hours > 0) == (learnt > 0) for hours in cost.encoder_hours.values())
