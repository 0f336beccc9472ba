"""Ways to learn from several data sets, label smoothing and contrast: known answers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_training import command

import train_model
from crossray.errors import UserError
from crossray.learning.algorithms import Coral, Dann, GroupDro, make_algorithm
from crossray.learning.batches import Batch, augmented
from crossray.learning.losses import smoothed
from crossray.learning.models import build_model
from crossray.study.training import Augmentation, TrainingRun

pytestmark = pytest.mark.usefixtures("networks_freed")


def batch_of(*datasets):
    numbers = torch.tensor(datasets)
    return Batch(torch.zeros(len(numbers), 4, 4, dtype=torch.uint8), torch.zeros(len(numbers), 1), numbers)


def mean_logit(logits, labels):
    return logits.mean()


def test_coral_is_the_distance_of_means_and_covariances_by_hand():
    features = torch.tensor([[0.0, 0], [2, 0], [1, 2], [1, 6]])
    # means (1, 0) and (1, 4): squares 0 and 16; covariances [[2, 0], [0, 0]] and [[0, 0], [0, 8]]: 4, 0, 0, 64
    found = Coral(2, 2, 0.5)(torch.zeros(4, 1), features, batch_of(0, 0, 1, 1), mean_logit, 0.0)
    assert found.item() == pytest.approx(0.5 * (16 / 2 + 68 / 4))


def test_coral_costs_nothing_where_data_sets_are_alike_or_one_is_not_there():
    features = torch.tensor([[0.0, 1], [3, 2]]).repeat(2, 1)
    assert Coral(2, 2, 1.0)(torch.zeros(4, 1), features, batch_of(0, 0, 1, 1), mean_logit, 0.0).item() == 0
    assert Coral(2, 2, 1.0)(torch.ones(4, 1), features, batch_of(1, 1, 1, 1), mean_logit, 0.0).item() == 1


def trained(datasets, folder, **changes):
    """Return the weights of a model that learnt from several data sets."""
    words = command(datasets[0], folder, epochs=1, **changes)
    for option, file in (("--manifests", "manifest.parquet"), ("--indexes", "32px/index.json")):
        place = words.index(option) + 1
        words[place : place + 1] = [str(dataset / file) for dataset in datasets]
    assert train_model.main(words) == 0
    return (folder / "weights.safetensors").read_bytes()


def gradients(progress, weight=1.0):
    """Return the gradients of DANN's second loss for the features and for the network that tells them apart."""
    torch.manual_seed(0)
    dann, features = Dann(2, 3, weight), torch.randn(6, 3, requires_grad=True)
    numbers = batch_of(0, 0, 0, 1, 1, 1)
    dann(torch.zeros(6, 1), features, numbers, mean_logit, progress).backward()
    return features.grad, dann.discriminator[0].weight.grad, dann, features, numbers


def test_dann_turns_the_gradient_round_for_the_features_alone():
    reversed_features, learnt, dann, features, numbers = gradients(progress=1.0)
    plain = torch.nn.functional.cross_entropy(dann.discriminator(features), numbers.datasets)
    of_features, of_weights = torch.autograd.grad(plain, [features, dann.discriminator[0].weight])
    strength = 2 / (1 + np.exp(-10)) - 1
    torch.testing.assert_close(reversed_features, -strength * of_features)
    torch.testing.assert_close(learnt, of_weights)


def test_dann_leaves_the_features_alone_at_first_and_grows():
    sizes = [gradients(progress)[0].abs().sum().item() for progress in (0.0, 0.1, 0.5)]
    assert sizes[0] == 0
    assert sizes[1] < sizes[2]


def test_group_dro_weighs_the_worst_data_set_more_by_hand():
    dro = GroupDro(2, 1, weight=1.0)
    logits = torch.tensor([[1.0], [1.0], [3.0]], requires_grad=True)
    loss = dro(logits, torch.zeros(3, 1), batch_of(0, 0, 1), mean_logit, 0.0)
    shares = np.exp([1.0, 3.0]) / np.exp([1.0, 3.0]).sum()
    assert dro.shares.numpy() == pytest.approx(shares)
    assert loss.item() == pytest.approx(shares @ [1.0, 3.0])
    loss.backward()
    assert logits.grad.squeeze().numpy() == pytest.approx([shares[0] / 2, shares[0] / 2, shares[1]])
    dro(torch.full((2, 1), 1.0), torch.zeros(2, 1), batch_of(0, 0), mean_logit, 0.0)  # the other one keeps its claim
    assert dro.shares.sum().item() == pytest.approx(1)


def test_a_single_data_set_and_the_plain_mean_need_no_algorithm():
    network = build_model("resnet18", 1, 32)
    asked = TrainingRun(architecture="resnet18", tasks=("A",), algorithm="coral")
    assert make_algorithm(asked, 1, network) is None
    assert make_algorithm(replace(asked, algorithm="erm"), 2, network) is None
    assert make_algorithm(asked, 2, network).weight == 1
    assert make_algorithm(replace(asked, algorithm="group_dro"), 2, network).weight == 0.01


def test_a_network_without_a_linear_layer_is_refused():
    asked = TrainingRun(architecture="resnet18", tasks=("A",), algorithm="coral")
    with pytest.raises(UserError, match="coral needs an architecture that ends in a linear layer"):
        make_algorithm(asked, 2, torch.nn.Conv2d(1, 1, 1))


def test_the_discriminator_starts_from_the_seed_whatever_came_before():
    asked = TrainingRun(architecture="resnet18", tasks=("A",), algorithm="dann")
    network = build_model("resnet18", 1, 32)
    first, second, other = (
        make_algorithm(replace(asked, seed=seed), 2, network).discriminator[0].weight for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["coral", "dann", "group_dro"])
def test_each_trains_a_pooled_source_repeatably_and_differs_from_the_plain_mean(make_dataset, tmp_path, algorithm):
    datasets = [make_dataset(name) for name in ("north", "south-east")]
    changed = {"algorithm": algorithm}
    first, second, plain = (
        trained(datasets, tmp_path / name, **changes) for name, changes in (("a", changed), ("b", changed), ("c", {}))
    )
    assert first == second
    assert first != plain


def test_smoothed_labels_by_hand():
    labels = torch.tensor([1.0, 0.0])
    assert smoothed(labels, 0.2, 2).tolist() == pytest.approx([0.9, 0.1])
    assert smoothed(labels, 0.2, 10).tolist() == pytest.approx([0.82, 0.02])
    assert torch.equal(smoothed(labels, 0.0, 2), labels)


def test_contrast_changes_greys_between_the_ends_and_each_image_by_its_own_draw():
    levels = torch.arange(0, 256, 4, dtype=torch.uint8).reshape(1, 8, 8).repeat(64, 1, 1)
    torch.manual_seed(0)
    changes = Augmentation(rotation=0, translation=0, scale=0, contrast=0.5)
    changed = augmented(levels, changes)
    assert changed[:, 0, 0].abs().max() == 0
    middle = changed[:, 4, 0] / 255
    power = torch.log(middle) / torch.log(levels[0, 4, 0] / 255)
    assert (power > 1 / 1.5 - 1e-3).all()
    assert (power < 1.5 + 1e-3).all()
    assert power.unique().numel() > 50
    assert (changed.diff(dim=2) > 0).all()  # order of greys stays
    assert torch.allclose(
        augmented(levels, Augmentation(rotation=0, translation=0, scale=0)), levels.float(), atol=1e-3
    )
