"""Where a training starts: published weights, files of many kinds, refused where they do not fit; frozen layers."""

import json
import tarfile
import urllib.error

import pytest
import safetensors.torch
import torch
import torchvision
from test_training import SETTINGS, command

import train_model
from crossray.errors import UserError
from crossray.learning.freezing import FrozenLayers
from crossray.learning.initialisation import PHOTOGRAPH_SCALE, initial_network, network_to_train, read_state
from crossray.learning.models import PAPER_SCALE, build_model, head_names, save_weights
from crossray.study.training import TrainingRun


def settings(**changes):
    return TrainingRun.from_dict(SETTINGS | {"architecture": "resnet18"} | changes)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Put a ResNet18 of random weights where torchvision keeps those that it has downloaded, and return it."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(7)
    model = torchvision.models.resnet18().eval()
    place = tmp_path / "hub/checkpoints"
    place.mkdir(parents=True)
    torch.save(model.state_dict(), place / torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url.split("/")[-1])
    return model


def test_published_weights_see_grey_as_photographs_were_seen(published):
    network = initial_network(settings(weights="IMAGENET1K_V1"), 2, 64, None).eval()
    assert network.scale == PHOTOGRAPH_SCALE
    images = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8)
    colours = torch.stack([images] * 3, 1) / 255
    preset = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()
    seen = torchvision.transforms.functional.normalize(colours, preset.mean, preset.std)
    torch.testing.assert_close(network.scaled(images), seen, rtol=1e-4, atol=1e-5)
    for model in (network.body, published):
        model.fc = torch.nn.Identity()
    torch.testing.assert_close(network(images), published(seen), rtol=1e-3, atol=1e-4)


def test_the_head_is_new_and_follows_the_seed(published):
    heads = [initial_network(settings(weights="IMAGENET1K_V1", seed=seed), 2, 64, None).body.fc for seed in (0, 0, 1)]
    assert heads[0].weight.shape == (2, 512)
    assert torch.equal(heads[0].weight, heads[1].weight)
    assert not torch.equal(heads[0].weight, heads[2].weight)


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50", "resnext50_32x4d"])
def test_residual_blocks_change_nothing_before_training(architecture):
    body = network_to_train(settings(architecture=architecture), 2, 64, None).body
    features = torch.rand(2, 256 if "50" in architecture else 64, 8, 8)
    torch.testing.assert_close(body.layer1[1](features), features)
    plain = initial_network(settings(architecture=architecture), 2, 64, None).body
    assert not torch.allclose(plain.layer1[1](features), features)
    assert torch.equal(body.layer4[0].conv1.weight, plain.layer4[0].conv1.weight)


def test_given_and_frozen_weights_are_kept(published):
    kept = network_to_train(settings(weights="IMAGENET1K_V1"), 2, 64, None).body.layer1[0].bn2.weight
    assert torch.equal(kept, published.layer1[0].bn2.weight)
    frozen = network_to_train(settings(freeze="layer1"), 2, 64, None).body
    assert all(block.bn2.weight.all() for block in frozen.layer1)


def test_weights_that_are_not_there_are_told(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"no weights 'V3' of resnet18; it has IMAGENET1K_V1"):
        initial_network(settings(weights="V3"), 2, 64, None)

    def no_network(*_, **__):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError, match=rf"could not be had .*fetch http\S+resnet18\S+ .*put it into {tmp_path}/hub"):
        initial_network(settings(weights="IMAGENET1K_V1"), 2, 64, None)


@pytest.mark.parametrize("kind", ["plain", "safetensors", "nested", "wrapped", "with thresholds"])
def test_files_of_many_kinds_are_read(tmp_path, kind):
    state = build_model("densenet121", 18, 64).body.state_dict()
    path = tmp_path / "weights.pt"
    match kind:
        case "safetensors":
            path = path.with_suffix(".safetensors")
            safetensors.torch.save_file(state, path)
        case "nested":
            torch.save({"epoch": 3, "state_dict": state}, path)
        case "wrapped":
            torch.save({f"module.model.{name}": value for name, value in state.items()}, path)
        case "with thresholds":
            torch.save(state | {"op_threshs": torch.zeros(18)}, path)
        case _:
            torch.save(state, path)
    network = initial_network(settings(architecture="densenet121"), 2, 64, path)
    assert network.scale == PAPER_SCALE  # one channel
    head = head_names("densenet121", 64)
    for name, value in network.body.state_dict().items():
        assert name in head or torch.equal(value, state[name])


def test_timms_weights_bring_their_own_scale(monkeypatch):
    def without_network(model, **_):
        torch.nn.init.constant_(
            model.conv1[0].weight if hasattr(model.conv1, "__getitem__") else model.conv1.weight, 0.5
        )

    monkeypatch.setattr("timm.models._builder.load_pretrained", without_network)
    network = initial_network(settings(architecture="resnet10t", weights="c3_in1k"), 2, 32, None)
    assert network.scale.mean == pytest.approx([123.675, 116.28, 103.53], rel=1e-3)
    assert network.scale.channels == 3
    assert (network.body.conv1[0].weight == 0.5).all()
    with pytest.raises(UserError, match=r"timm has no weights 'V1' of resnet10t; it has c3_in1k"):
        initial_network(settings(architecture="resnet10t", weights="V1"), 2, 32, None)


def test_timms_weights_without_a_network_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # else it is tried again and again
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        UserError, match=r"the weights test_convnext.r160_in1k could not be had .*save their state dict"
    ):
        initial_network(settings(architecture="test_convnext", weights="r160_in1k"), 2, 32, None)


def test_weights_that_do_not_fit_are_listed(tmp_path):
    state = build_model("resnet18", 2, 32).body.state_dict()
    del state["layer1.0.conv1.weight"]
    state |= {"extra": torch.zeros(1), "bn1.bias": torch.zeros(3)}
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(UserError) as told:
        initial_network(settings(), 2, 32, tmp_path / "w.pt")
    for part in ("missing: layer1.0.conv1.weight", "unexpected: extra", "bn1.bias (3,) where (64,) is needed"):
        assert part in str(told.value)


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (open, ("/tmp/crossray-trap", "w"))


@pytest.mark.parametrize("content", [Trap(), {"a": Trap()}, torch.nn.Linear(1, 1)])
def test_no_code_is_run_from_a_file(tmp_path, content):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"w.pt: not a state dict; CrossRay runs no code"):
        read_state(tmp_path / "w.pt")


def test_what_holds_no_weights_is_told(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "w.pt")
    with pytest.raises(UserError, match="holds no state dict"):
        read_state(tmp_path / "w.pt")
    (tmp_path / "w.safetensors").write_bytes(b"half a fi")
    with pytest.raises(UserError, match="not a state dict"):
        read_state(tmp_path / "w.safetensors")


def _tar(path):
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "weights")


WHOLE = {"conv1.weight": torch.ones(2, 1, 3, 3), "bn1.num_batches_tracked": torch.tensor(3)}


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w.bin"])
@pytest.mark.parametrize("write", [
    lambda path: path.write_text("weights\n"),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\x80\x02}q\x00."),
    lambda path: path.write_bytes((2**62).to_bytes(8, "little") + b"{}"),
    lambda path: path.write_bytes((2).to_bytes(8, "little") + b"[]"),
    _tar,
    lambda path: torch.save([1, 2], path),
    lambda path: torch.save({0: torch.ones(2), 1: torch.ones(2)}, path),
    lambda path: torch.save({("a", "b"): torch.ones(2)}, path),
    lambda path: torch.save({"state_dict": {3: torch.ones(2)}}, path),
    lambda path: torch.save(WHOLE | {"fc.weight": torch.ones(2, 2).to_sparse()}, path),
    lambda path: torch.save(WHOLE | {"fc.weight": torch.ones(2, dtype=torch.complex64)}, path),
    lambda path: torch.save(WHOLE | {"fc.weight": torch.ones(2, device="meta")}, path),
])  # fmt: skip
def test_what_cannot_be_weights_is_told_in_one_line(tmp_path, name, write):
    write(tmp_path / name)
    with pytest.raises(UserError, match=name):
        read_state(tmp_path / name)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("save", [torch.save, safetensors.torch.save_file])
def test_weights_that_are_not_numbers_are_refused_by_name(tmp_path, value, save):
    name = "w.pt" if save is torch.save else "w.safetensors"
    save(WHOLE, tmp_path / name)
    assert read_state(tmp_path / name).keys() == WHOLE.keys()
    wrong = torch.ones(4)
    wrong[2] = value
    save(WHOLE | {"fc.bias": wrong}, tmp_path / name)
    with pytest.raises(UserError, match=r"1 of 3 weights have values that are not numbers: fc\.bias; nothing can be"):
        read_state(tmp_path / name)


def test_a_model_of_the_study_that_diverged_is_no_file_to_be_refused(tmp_path):
    state = {"conv1.weight": torch.full((2, 1, 3, 3), float("nan")), "bn1.num_batches_tracked": torch.tensor(3)}
    save_weights(tmp_path / "w.safetensors", state, ["A"], "resnet18", 32, PAPER_SCALE)
    assert read_state(tmp_path / "w.safetensors")["conv1.weight"].isnan().all()
    save_weights(tmp_path / "w.safetensors", state | {"fc.bias": torch.ones(1)}, ["A"], "resnet18", 32, PAPER_SCALE)
    with pytest.raises(UserError, match=r"not numbers: conv1\.weight"):
        read_state(tmp_path / "w.safetensors")


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def trained(make_dataset, tmp_path, **changes):
    """Train from a file, and return its state and the state of the best epoch, the last as no AUC is defined."""

    def no_choice(table):
        table.loc[table["split"] == "validation", ["A", "B"]] = 1.0

    dataset = make_dataset("north", images=80, edit=no_choice)
    state = build_model("resnet18", 5, 32).body.state_dict()
    torch.save(state, tmp_path / "start.pt")
    words = command(dataset, tmp_path, architecture="resnet18", **changes)
    assert train_model.main([*words, "--initial", str(tmp_path / "start.pt")]) == 0
    after = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    return {name: value for name, value in state.items() if not name.startswith("fc.")}, after


@pytest.mark.slow
def test_frozen_layers_stay_with_their_statistics(make_dataset, tmp_path):
    before, after = trained(make_dataset, tmp_path, freeze="layer2", epochs=2)
    moved = changed(before, after)
    assert {name.split(".")[0] for name in moved} == {"layer3", "layer4"}
    assert {name for name in before if name.startswith(("layer3.0.bn1.", "layer4.1.conv2."))} <= moved
    record = json.loads((tmp_path / "training.json").read_text())
    assert len(record["weights"]) == 64
    assert record["input"]["channels"] == 1


def test_of_a_frozen_backbone_the_head_alone_learns(make_dataset, tmp_path):
    before, after = trained(make_dataset, tmp_path, freeze="backbone", epochs=1)
    assert changed(before, after) == set()


@pytest.mark.slow
def test_layers_are_let_go_from_the_last(make_dataset, tmp_path):
    before, after = trained(make_dataset, tmp_path, freeze="backbone", epochs=3, unfreeze_every=1)
    assert {name.split(".")[0] for name in changed(before, after)} == {"layer3", "layer4"}


@pytest.mark.slow
def test_other_weights_are_another_training(make_dataset, tmp_path):
    trained(make_dataset, tmp_path, epochs=1)
    first = (tmp_path / "weights.safetensors").read_bytes()
    torch.manual_seed(1)
    trained(make_dataset, tmp_path, epochs=1)
    assert (tmp_path / "weights.safetensors").read_bytes() != first


def test_layers_that_are_not_there_are_told():
    network, head = build_model("resnet18", 2, 32), head_names("resnet18", 32)
    assert head == ["fc.weight", "fc.bias"]
    with pytest.raises(UserError, match=r"no layer 'layer5'; allowed are backbone and, near it, .*layer4"):
        FrozenLayers(network, head, "layer5")
    with pytest.raises(UserError, match="nothing is left to learn after 'fc'"):
        FrozenLayers(network, head, "fc")
