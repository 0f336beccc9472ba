"""Attribution: every method finds a quadrant that alone decides, whatever the network; and the choice of images."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torchvision.models import SwinTransformer, VisionTransformer

from crossray import maps
from crossray.errors import UserError
from crossray.learning.attribution import METHODS, attribute, attribute_all, last_stage, randomised
from crossray.learning.models import InputScale, Network, build_model
from crossray.learning.select_images import ROLES, choose

SIZE = 32
STEPS = 8


class Quadrants(nn.Module):
    """A network whose four logits are the mean brightness of one quadrant each, through a convolution that keeps it."""

    def __init__(self):
        super().__init__()
        self.stage = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(2)
        nn.init.ones_(self.stage[0].weight)

    def forward(self, images):
        return self.pool(self.stage(images.float().unsqueeze(1) / 255)).flatten(1)


def quadrant(number):
    inside = np.zeros((SIZE, SIZE), bool)
    down, across = divmod(number, 2)
    inside[down * SIZE // 2 : (down + 1) * SIZE // 2, across * SIZE // 2 : (across + 1) * SIZE // 2] = True
    return inside


@pytest.mark.parametrize("method", [name for name in METHODS if name != "grad_cam"])
@pytest.mark.parametrize("number", range(4))
def test_the_quadrant_that_decides_is_found(method, number):
    images = torch.randint(1, 255, (3, SIZE, SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    found = attribute(Quadrants().eval(), images, number, method, STEPS).numpy()
    assert found.shape == images.shape
    assert found.max(axis=(1, 2)) == pytest.approx(1)
    assert found.min() >= 0
    for heat in found:
        assert heat[quadrant(number)].sum() > 0.9 * heat.sum()
        assert quadrant(number).ravel()[heat.argmax()]


@pytest.mark.parametrize("number", range(4))
def test_grad_cam_finds_the_quadrant_that_is_bright(number):
    """Its weights are means over the map: it tells what is bright for the output, not which quadrant counts."""
    image = torch.from_numpy(np.where(quadrant(number), 255, 0).astype(np.uint8))[None]
    heat = attribute(Quadrants().eval(), image, number, "grad_cam", STEPS)[0].numpy()
    assert heat[quadrant(number)].min() == pytest.approx(1)
    assert heat[~quadrant(number)].max() == 0


def test_integrated_gradients_of_a_linear_output_are_weight_times_brightness():
    images = torch.zeros(1, SIZE, SIZE, dtype=torch.uint8)
    images[0, 4, 4], images[0, 12, 12] = 200, 100
    heat = attribute(Quadrants().eval(), images, 0, "integrated_gradients", STEPS)[0]
    assert heat[4, 4] == pytest.approx(2 * float(heat[12, 12]), rel=1e-4)
    assert heat[quadrant(3)].abs().max() < 1e-6


def test_a_map_without_evidence_is_zero_throughout():
    for method in METHODS:
        heat = attribute(Quadrants().eval(), torch.zeros(1, SIZE, SIZE), 0, method, STEPS)
        assert torch.isfinite(heat).all()
    assert attribute(Quadrants().eval(), torch.zeros(1, SIZE, SIZE), 0, "grad_cam", STEPS).abs().max() == 0


@pytest.mark.parametrize(
    ("architecture", "size", "name"),
    [
        ("resnet18", 32, "body.layer1"), ("resnet18", 64, "body.layer2"), ("resnet18", 224, "body.layer4"),
        ("densenet121", 32, "body.features.transition1.conv"), ("mobilenet_v3_small", 64, "body.features.3"),
    ],
)  # fmt: skip
def test_the_last_whole_stage_with_enough_places_is_found(architecture, size, name):
    model = build_model(architecture, 2, size).eval()
    stage = last_stage(model, torch.zeros(1, size, size))
    assert [found for found, module in model.named_modules() if module is stage] == [name]
    heat = attribute(model, torch.randint(0, 255, (2, size, size)), 1, "grad_cam", STEPS)
    assert heat.shape == (2, size, size)


TRANSFORMERS = {
    "vision": lambda: VisionTransformer(SIZE, 4, 1, 2, hidden_dim=16, mlp_dim=16, num_classes=2),
    "swin": lambda: SwinTransformer([2, 2], 8, [1, 1], [1, 1], [4, 4], num_classes=2),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_networks_without_a_convolutional_last_stage_are_told(name):
    model = Network(TRANSFORMERS[name](), InputScale((127.5,) * 3, (60.0,) * 3)).eval()
    with pytest.raises(UserError, match=f"grad_cam needs a network whose last stage .* images of {SIZE} px"):
        attribute(model, torch.zeros(1, SIZE, SIZE), 0, "grad_cam", STEPS)
    assert attribute(model, torch.zeros(1, SIZE, SIZE), 0, "input_gradients", STEPS).shape == (1, SIZE, SIZE)


def test_maps_do_not_depend_on_the_batch_and_leave_no_gradient():
    model = build_model("resnet18", 3, SIZE).eval()
    images = torch.randint(0, 255, (3, SIZE, SIZE), dtype=torch.uint8)
    for method in METHODS:
        one, all_ = (attribute_all(model, images, [2, 0, 2], method, 3, n) for n in (1, 3))
        assert torch.allclose(one, all_, atol=1e-4)
        assert not one.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_random_weights_are_others_the_same_for_a_seed_and_leave_the_model():
    model = build_model("resnet18", 3, SIZE).eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    first, again, other = randomised(model, 1), randomised(model, 1), randomised(model, 2)
    assert torch.equal(torch.get_rng_state(), state)
    assert not first.training
    for name, tensor in model.named_parameters():
        assert torch.equal(tensor, before[name])
        assert torch.equal(dict(first.named_parameters())[name], dict(again.named_parameters())[name])
        if tensor.ndim > 1:
            assert not torch.equal(dict(first.named_parameters())[name], tensor)
            assert not torch.equal(dict(first.named_parameters())[name], dict(other.named_parameters())[name])
    assert dict(first.named_buffers())["body.bn1.running_var"].unique().tolist() == [1.0]


def labelled(images=40):
    generator = np.random.default_rng(0)
    names = pd.Index([f"i{number}" for number in range(images)], name="image_id")
    labels = pd.DataFrame({"A": generator.integers(0, 2, images).astype(float), "B": np.nan}, names)
    labels.loc["i0", "A"] = np.nan
    return labels, pd.DataFrame({"A": generator.normal(size=images), "C": 0.0}, names)


def test_telling_images_are_the_surest_right_and_wrong():
    labels, logits = labelled()
    chosen = choose(labels, logits, None, ["A", "B", "C"], 5, 0)
    assert set(chosen["task"]) == {"A"}
    assert list(chosen["scored"].unique()) == [False]
    assert set(chosen["role"]) == set(ROLES)
    for row in chosen.itertuples():
        same = logits.loc[labels.index[labels["A"] == row.label], "A"]
        assert row.logit == (same.max() if "highest" in row.role else same.min())


def test_scored_images_hang_on_the_target_alone():
    labels, logits = labelled()
    positives = list(labels.index[labels["A"] == 1])
    known = pd.DataFrame({"image_id": [*positives[:8], "i0", labels.index[labels["A"] == 0][0]], "task": "A"})
    one = choose(labels, logits, known, ["A"], 5, 0)
    other = choose(labels, -logits, known, ["A"], 5, 0)
    scored = [set(table.loc[table["scored"], "image_id"]) for table in (one, other)]
    assert scored[0] == scored[1]
    assert len(scored[0]) == 5
    assert scored[0] <= set(positives[:8])
    assert set(choose(labels, logits, known, ["A"], 99, 0).query("scored")["image_id"]) == set(positives[:8])


def test_one_positive_has_one_role():
    labels, logits = labelled(3)
    labels["A"] = [1.0, 0.0, 0.0]
    assert choose(labels, logits, None, ["A"], 5, 0)["role"].tolist() == [
        "positive, scored highest", *choose(labels, logits, None, ["A"], 5, 0)["role"].tolist()[1:],
    ]  # fmt: skip
    assert choose(labels * np.nan, logits, None, ["A"], 5, 0).empty


def test_maps_survive_the_file_in_any_order(tmp_path):
    heats = np.random.default_rng(0).random((7, 16, 16)).astype(np.float32)
    heats[3] *= 1e-4
    maps.write(tmp_path / "maps.h5", [heats[:2], heats[2:]], 7, 16)
    read = maps.read(tmp_path / "maps.h5", np.array([6, 0, 3, 3]))
    assert read == pytest.approx(heats[[6, 0, 3, 3]], rel=1e-3, abs=1e-7)
    once = (tmp_path / "maps.h5").read_bytes()
    maps.write(tmp_path / "maps.h5", [heats], 7, 16)
    assert (tmp_path / "maps.h5").read_bytes() == once
    with pytest.raises(UserError, match="not the maps that the table beside it names"):
        maps.read(tmp_path / "maps.h5", np.array([7]))
    maps.write(tmp_path / "none.h5", [], 0, 16)
