"""Losses, batches, networks: known answers and properties."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch

from crossray.errors import UserError
from crossray.learning import losses, prediction
from crossray.learning.batches import EpochShuffle, Examples, augmented, groups_of, ordered_batches, training_batches
from crossray.learning.hardware import choose_device, precision
from crossray.learning.heads import distance_penalty, output_weights, with_own_outputs
from crossray.learning.losses import MaskedLoss, asymmetric_loss, positive_weights, task_weights
from crossray.learning.models import PAPER_SCALE, build_model, load_model, save_weights
from crossray.learning.prediction import embed, predict_logits
from crossray.learning.source import load_source
from crossray.shards import ImageStore
from crossray.study.stages.inference import Inference
from crossray.study.training import Augmentation, Training, TrainingRun
from helpers import ROOT


def test_task_weights_by_hand():
    # a = max - c + mean = 30 - (10, 20, 30) + 20 = (40, 30, 20)
    assert task_weights(np.array([10.0, 20.0, 30.0])) == pytest.approx([1.0, 0.75, 0.5])


def learning(*tasks, images=None, seed=0):
    """Return what a source is told of a training."""
    return TrainingRun(architecture="resnet18", tasks=tasks, images=images, seed=seed)


#: how models are applied
INFERENCE = Inference(batch_size=4, precision="fastest")

#: where every task has two positives and four negatives, so that both kinds of weights are 1 and 2
LABELS = np.repeat([[1.0, 1.0], [0.0, 0.0]], [2, 4], axis=0)
PLAIN = Training(task_weights="none")
STILL = Augmentation(rotation=0, translation=0, scale=0)


def test_unknown_labels_do_not_count():
    logits = torch.tensor([[0.0, 2.0], [1.0, -1.0], [3.0, 0.0]])
    labels = torch.tensor([[1.0, float("nan")], [0.0, 0.0], [float("nan"), float("nan")]])
    softplus = torch.nn.functional.softplus
    first, second = (softplus(torch.tensor(0.0)) + softplus(torch.tensor(1.0))) / 2, softplus(torch.tensor(-1.0))
    assert MaskedLoss(LABELS, PLAIN)(logits, labels) == pytest.approx(float(first + second))
    positives = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])  # weights: a = (2, 4), by the largest
    papers = MaskedLoss(positives, replace(PLAIN, task_weights="paper"))
    assert papers(logits, labels) == pytest.approx(float(0.5 * first + second))


def test_no_label_at_all_gives_zero_and_a_gradient():
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = MaskedLoss(LABELS, PLAIN)(logits, torch.full((2, 2), float("nan")))
    loss.backward()
    assert loss == 0
    assert not logits.grad.isnan().any()


def test_balanced_positives_weigh_as_much_as_the_negatives():
    assert positive_weights(LABELS).tolist() == [2, 2]
    assert positive_weights(np.array([[1.0], [0.0], [np.nan], [0.0], [0.0]])).tolist() == [3]
    logits, labels = torch.zeros(6, 2), torch.tensor(LABELS)
    plain, balanced = (MaskedLoss(LABELS, replace(PLAIN, positive_weights=kind)) for kind in ("none", "balanced"))
    assert balanced(logits, labels) == pytest.approx(float(plain(logits, labels)) * 8 / 6)


@pytest.mark.parametrize(
    ("loss", "changes"),
    [
        ("focal", {"FOCAL_EXPONENT": 0}),
        ("asymmetric", {"ASYMMETRIC_EXPONENT": 0, "ASYMMETRIC_MARGIN": 0}),
    ],
)
def test_other_losses_without_their_exponent_are_cross_entropy(loss, changes, monkeypatch):
    for name, value in changes.items():
        monkeypatch.setattr(losses, name, value)
    logits, labels = torch.randn(6, 2) * 5, torch.tensor(LABELS)
    same = MaskedLoss(LABELS, PLAIN)(logits, labels)
    assert MaskedLoss(LABELS, replace(PLAIN, loss=loss))(logits, labels) == pytest.approx(float(same), rel=1e-5)


def test_asymmetric_loss_by_hand():
    logits, targets = torch.tensor([0.0, 0.0, -4.0, 200.0, -200.0]), torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0])
    losses = asymmetric_loss(logits, targets, 4, 0.05)
    assert losses[0] == pytest.approx(np.log(2))
    assert losses[1] == pytest.approx(-(0.45**4) * np.log(0.55), rel=1e-5)
    assert losses[2] == 0  # an output of 0.018, below the margin
    assert losses[3] == pytest.approx(-(0.95**4) * np.log(0.05), rel=1e-5)
    assert losses[4] == 0


def test_focal_loss_by_hand():
    loss = MaskedLoss(LABELS, replace(PLAIN, loss="focal"))
    assert loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])) == pytest.approx(2 * 0.25 * np.log(2))


def test_grey_levels_become_the_papers_range():
    image = torch.tensor([[[0, 255]]], dtype=torch.uint8)
    assert build_model("resnet18", 1, 32).scaled(image).tolist() == [[[[-1024.0, 1024.0]]]]


def test_no_augmentation_changes_nothing():
    images = torch.randint(0, 256, (3, 16, 16), dtype=torch.uint8)
    assert torch.allclose(augmented(images, STILL), images.float(), atol=1e-3)


def test_augmentation_moves_each_image_its_own_way_within_bounds():
    torch.manual_seed(0)
    images = torch.zeros(200, 65, 65, dtype=torch.uint8)
    images[:, 31:34, 31:34] = 255
    moved = augmented(images, Augmentation(rotation=0, translation=0.25, scale=0))
    y, x = torch.meshgrid(torch.arange(65.0), torch.arange(65.0), indexing="ij")
    mass = moved.sum((1, 2))
    shifts = torch.stack([(moved * axis).sum((1, 2)) / mass - 32 for axis in (y, x)])
    assert shifts.abs().max() <= 0.25 * 65 + 1
    assert shifts.abs().max() > 0.2 * 65
    assert shifts.std() > 5
    turned = augmented(images.float(), Augmentation(rotation=90, translation=0, scale=0))
    assert turned[:, 32, 32].min() > 200  # the centre stays


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        sampler = EpochShuffle([np.arange(50)], 50, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(0, 3) == order(0, 3)
    assert sorted(order(0, 3)) == list(range(50))
    assert order(0, 3) != order(0, 4) != order(1, 4)


def test_batches_hold_the_images_and_labels_asked_for(make_dataset):
    folder = make_dataset("north", images=50)
    source = load_source([folder / "manifest.parquet"], [folder / "32px/index.json"], learning("A", "B"))
    seen = torch.cat([labels for _, labels, _ in ordered_batches(source.validation, 4)])
    assert np.array_equal(seen.numpy(), source.validation.labels)
    for images, labels, _ in training_batches(source.training, 7, "images", 0):
        assert images.shape == (7, 32, 32)
        assert ((images.float().mean((1, 2)) > 100) == (labels[:, 0] == 1)).all()
    assert len(training_batches(source.training, 7, "images", 0)) == 30 // 7
    assert len(training_batches(source.training, 64, "images", 0)) == 1


def test_balanced_batches_hold_equally_many_of_each_data_set():
    datasets = np.repeat([0, 1, 2], [90, 20, 10])
    examples = Examples(None, np.arange(120), np.zeros((120, 1)), datasets)
    sampler = EpochShuffle(groups_of(examples, "datasets"), 120, 0)
    order = np.array(list(sampler))
    assert len(order) == len(sampler) == 120
    assert all((np.bincount(datasets[order[start : start + 12]]) == 4).all() for start in range(0, 120, 12))
    assert len(set(order[datasets[order] == 0])) == 40  # of the large one a part, none twice
    assert np.bincount(order[datasets[order] == 2])[110:].tolist() == [4] * 10  # the small one several times
    sampler.set_epoch(1)
    assert set(sampler) != set(order)


def test_positives_of_rare_tasks_take_turns_with_common_ones():
    labels = np.zeros((200, 3))
    labels[:100, 0], labels[:5, 1], labels[7, 2] = 1, 1, np.nan
    groups = groups_of(Examples(None, np.arange(200), labels), "findings")
    assert [len(group) for group in groups] == [100, 5, 100]
    order = list(EpochShuffle(groups, 150, 0))
    assert [place < 5 for place in order[1::3]] == [True] * 50
    assert all(place >= 100 for place in order[2::3])


def test_a_smaller_part_of_a_source_is_a_part_of_the_larger(make_dataset):
    folder = make_dataset("north", images=120, patients=30)
    paths = [folder / "manifest.parquet"], [folder / "32px/index.json"]

    def rows(images, seed=0):
        source = load_source(*paths, learning("A", "B", images=images, seed=seed))
        assert source.training.epoch == len(load_source(*paths, learning("A", "B")).training.rows)
        return set(source.training.rows)

    few, many, everything = rows(20), rows(44), rows(None)
    assert 16 < len(few) <= 20 < len(many) <= 44 < len(everything)  # four images a patient, none cut in two
    assert few < many < everything
    assert all(len({row % 30 for row in part}) * 4 == len(part) for part in (few, many))
    assert rows(20, seed=1) != few
    assert rows(10_000) == everything


def test_an_epoch_of_few_images_has_as_many_steps(make_dataset):
    folder = make_dataset("north", images=100)
    source = load_source([folder / "manifest.parquet"], [folder / "32px/index.json"], learning("A", images=20))
    assert len(source.training.rows) == 20
    assert len(training_batches(source.training, 8, "images", 0)) == 60 // 8


def pooled(make_dataset, **more):
    """Join two data sets whose images bear the same names; the second does not label B."""
    folders = [make_dataset("north", images=40), make_dataset("south", images=30, tasks=("A", "C"), **more)]
    paths = [[folder / name for folder in folders] for name in ("manifest.parquet", "32px/index.json")]
    return load_source(*paths, learning("A", "B", "C"))


def test_pooled_sources_keep_images_and_labels_together(make_dataset):
    source = pooled(make_dataset)
    assert source.datasets == ["north", "south"]
    assert source.tasks == ["A", "B", "C"]
    assert np.bincount(source.training.datasets).tolist() == [24, 18]
    images = source.training.store.take(source.training.rows)
    assert ((images.mean((1, 2)) > 100) == (source.training.labels[:, 0] == 1)).all()
    of_south = source.training.datasets == 1
    assert np.isnan(source.training.labels[of_south, 1]).all()
    assert np.isnan(source.training.labels[~of_south, 2]).all()


def test_data_sets_of_different_sizes_cannot_be_pooled(make_dataset):
    folders = [make_dataset("north"), make_dataset("south", size=16)]
    indexes = [folders[0] / "32px/index.json", folders[1] / "16px/index.json"]
    with pytest.raises(UserError, match=r"their images differ in size: \{'north': \(32, 32\), 'south': \(16, 16\)\}"):
        load_source([folder / "manifest.parquet" for folder in folders], indexes, learning("A"))


def test_every_data_set_has_outputs_of_its_own(make_dataset):
    source, outputs = with_own_outputs(pooled(make_dataset))
    pairs = [("north", "A"), ("north", "B"), ("south", "A"), ("south", "C")]
    assert list(outputs.itertuples(index=False, name=None)) == pairs
    labels, datasets = source.training.labels, source.training.datasets
    assert (np.isnan(labels[:, :2]).all(axis=1) == (datasets == 1)).all()
    assert (np.isnan(labels[:, 2:]).all(axis=1) == (datasets == 0)).all()


def test_the_penalty_is_the_mean_distance_of_a_tasks_vectors():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 4, bias=False))
    network[1].weight.data = torch.tensor([[0.0, 0], [3, 4], [1, 1], [0, 0]])
    penalty = distance_penalty(["A", "A", "B", "A"], 0.1)
    # tasks A: distances 5, 0, 5; B has one output
    assert penalty(network).item() == pytest.approx(0.1 * 10 / 3)
    assert distance_penalty(["A", "B", "C", "D"], 0.1)(network).item() == 0
    assert penalty(network).requires_grad
    with pytest.raises(UserError, match="does not end in a linear layer"):
        output_weights(torch.nn.Conv2d(1, 4, 1), 4)


def test_features_are_what_the_last_layer_sees(make_dataset):
    store = ImageStore(make_dataset("north", images=10) / "32px/index.json")
    model = build_model("resnet18", 3, 32).eval()
    features = embed(model, store, np.arange(10), INFERENCE, torch.device("cpu"))
    assert features.shape == (10, 512)
    examples = Examples(store, np.arange(10), np.empty((10, 3), np.float32))
    logits = predict_logits(model, examples, INFERENCE, torch.device("cpu"))
    weight, bias = (tensor.detach().numpy() for tensor in (model.body.fc.weight, model.body.fc.bias))
    np.testing.assert_allclose(features @ weight.T + bias, logits, atol=0.02 * np.abs(logits).max() + 0.01)


def test_tasks_that_cannot_be_learnt_are_noted(make_dataset):
    def edit(table):
        table.loc[table["split"] == "train", "B"] = 0.0
        table.loc[table["split"] == "validation", "A"] = 1.0

    folder = make_dataset("north", edit=edit)
    source = load_source([folder / "manifest.parquet"], [folder / "32px/index.json"], learning("A", "B", "C"))
    assert source.tasks == ["A"]
    assert [note.split(":")[0] for note in source.notes] == ["A", "B", "C"]
    assert "not trained" in source.notes[1]
    with pytest.raises(UserError, match="no task can be learnt: B: no positive"):
        load_source([folder / "manifest.parquet"], [folder / "32px/index.json"], learning("B"))


def test_an_empty_split_stops(make_dataset):
    folder = make_dataset("north", edit=lambda table: table.__setitem__("split", "train"))
    with pytest.raises(UserError, match="no image in the split validation"):
        load_source([folder / "manifest.parquet"], [folder / "32px/index.json"], learning("A"))


@pytest.mark.parametrize(
    "name",
    ["resnet18", "densenet121", "vgg11_bn", "efficientnet_b0", "vit_b_16", "test_convnext", "vit_tiny_patch16_224"],
)
def test_any_classifier_takes_one_channel(name):
    model = build_model(name, 3, 64).eval()
    assert model(torch.zeros(2, 64, 64)).shape == (2, 3)
    assert not any(p.isnan().any() for p in model.parameters())
    assert build_model(name, 3, 64).training


def test_unknown_names_and_sizes_are_told():
    with pytest.raises(UserError, match=r"unknown architecture 'resnet51'; similar names are .*resnet50"):
        build_model("resnet51", 1, 64)
    with pytest.raises(UserError, match="alexnet cannot take images of 16 px"):
        build_model("alexnet", 1, 16)


def test_weights_survive_the_file(tmp_path):
    torch.manual_seed(1)
    model = build_model("resnet18", 2, 32).eval()
    save_weights(tmp_path / "w.safetensors", model.body.state_dict(), ["A", "B"], "resnet18", 32, PAPER_SCALE)
    loaded, tasks, size = load_model(tmp_path / "w.safetensors")
    assert (tasks, size) == (["A", "B"], 32)
    images = 255 * torch.rand(2, 32, 32)
    assert torch.equal(loaded(images), model(images))


def test_a_foreign_weights_file_is_named(tmp_path):
    safetensors.torch.save_file({"x": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=r"w.safetensors: not the weights of a CrossRay model"):
        load_model(tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"half a fi")
    with pytest.raises(UserError, match="not the weights"):
        load_model(tmp_path / "w.safetensors")


def test_predictions_do_not_depend_on_the_batch(make_dataset, monkeypatch):
    monkeypatch.setattr(prediction, "_PIXELS", 0)
    folder = make_dataset("north", images=20)
    store = ImageStore(folder / "32px/index.json")
    torch.manual_seed(0)
    model = build_model("resnet18", 2, 32)
    examples = Examples(store, np.arange(20), np.zeros((20, 2), np.float32))
    device = torch.device("cpu")
    one, other = (predict_logits(model, examples, replace(INFERENCE, batch_size=size), device) for size in (20, 6))
    assert one.shape == (20, 2)
    assert np.abs(one - other).max() < 0.05 * np.abs(one).max()
    nothing = Examples(store, np.arange(0), np.zeros((0, 2)))
    assert predict_logits(model, nothing, INFERENCE, device).shape == (0, 2)


@pytest.mark.parametrize(("pixels", "batches"), [(0, [8, 8, 4]), (12 * 32 * 32, [12, 8]), (2**18, [20])])
def test_small_images_are_predicted_by_more_at_a_time_than_are_trained(make_dataset, monkeypatch, pixels, batches):
    monkeypatch.setattr(prediction, "_PIXELS", pixels)
    store = ImageStore(make_dataset("north", images=20) / "32px/index.json")
    model, sizes = build_model("resnet18", 2, 32), []
    model.register_forward_hook(lambda _, inputs, output: sizes.append(len(output)))
    examples = Examples(store, np.arange(20), np.zeros((20, 2), np.float32))
    predict_logits(model, examples, replace(INFERENCE, batch_size=8), torch.device("cpu"))
    assert sizes == batches


@pytest.mark.parametrize(("asked", "used"), [("fastest", "bf16-mixed"), ("float32", "32-true")])
def test_bfloat16_is_used_where_it_may_be(monkeypatch, asked, used):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert precision(asked, torch.device("cpu")) == used


def test_without_bfloat16_predictions_are_those_of_the_network(make_dataset):
    store = ImageStore(make_dataset("north", images=8) / "32px/index.json")
    model = build_model("resnet18", 2, 32).eval()
    examples = Examples(store, np.arange(8), np.zeros((8, 2), np.float32))
    logits = predict_logits(model, examples, replace(INFERENCE, precision="float32"), torch.device("cpu"))
    with torch.inference_mode():
        expected = model(torch.from_numpy(store.take(np.arange(8)))).numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_each_job_takes_a_gpu_of_its_own_and_waits_for_one():
    """Also if another user's jobs have the others: the third is another user's, where this process may become one."""
    names = [f"test-{os.getpid()}-{number}" for number in range(2)]

    def job(user=None):
        program = (
            "import os, sys, logging; logging.basicConfig(level=20)\n"
            "from crossray.learning.hardware import take_free_gpu\n"
            f"{user} and os.setuid({user})\n"
            f"print(take_free_gpu({names}), flush=True); sys.stdin.read()"
        )
        return subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        )  # fmt: skip

    first, second = job(), job()
    assert {first.stdout.readline(), second.stdout.readline()} == {"0\n", "1\n"}
    third = job(user=65534) if os.getuid() == 0 else job()
    assert "all 2 GPUs are used" in third.stderr.readline()
    second.kill()
    assert third.stdout.readline() in ("0\n", "1\n")
    for process in (first, second, third):
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("gpus", "seen", "device"), [(0, 2, "cuda:0"), (1, 1, "cuda:0"), (1, 3, "cuda:2"), (0, 0, "cpu")]
)
def test_gpus_are_shared_out_where_nobody_else_does(monkeypatch, gpus, seen, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: seen)
    monkeypatch.setattr("crossray.learning.hardware.take_free_gpu", lambda names: len(names) - 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=f"GPU-{number}"))
    assert str(choose_device(gpus)) == device


@pytest.mark.parametrize(("job", "seen", "told"), [(None, 0, 0), ("7", 0, 1), ("7", 1, 0)])
def test_a_slurm_job_without_a_gpu_says_so(monkeypatch, caplog, job, seen, told):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: seen > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: seen)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    if job:
        monkeypatch.setenv("SLURM_JOB_ID", job)
    choose_device(0)
    assert sum("asked for no GPU (its resource gpu is 0)" in line for line in caplog.messages) == told


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_promised_gpu_that_is_not_there_stops_at_once():
    assert choose_device(0).type == "cpu"
    with pytest.raises(UserError, match="asked for 1 GPU and sees 0"):
        choose_device(1)
