"""Models that sites send: only what a site allowed leaves it, and only what it signed is taken."""

import base64
import json

import pandas as pd
import pytest
import torch
from test_bundles import BUNDLE, TASKS, WARD, Site, config, told

import take_model
from crossray.datasets.bundles import archive, invitation, keys, rows, sealing
from crossray.errors import UserError
from crossray.learning.foreign_network import as_external, open_network
from crossray.learning.models import PAPER_SCALE, PHOTOGRAPH_SCALE, build_model, load_model, save_weights
from crossray.planning import plan_of
from crossray.study import stage_settings
from crossray.study.stages.take_model import TakeModel
from helpers import manifest_table

FACTS = {"architecture": "resnet18", "size": 32, "tasks": list(TASKS), "channels": 1, "range": [-1024, 1024]}
NETWORK = {"architecture": "resnet18", "tasks": {"Effusion": 0, "Nodule": 1}, "size": 32, "channels": 1,
           "range": (-1024, 1024), "output": "logit", "batch_size": 16, "precision": "float32"}  # fmt: skip
SENT = {
    "architecture": "resnet18",
    "bundle": "a.zip",
    "home": "site_a",
    "trained_on": ["site_a"],
    "tasks": {"Effusion": 0},
}
WITH_MODEL = (sealing.SEAL, sealing.SIGNATURE, rows.FILE, sealing.MODEL)


def write_model(path, scale=PAPER_SCALE, stem="standard", seed=0):
    """Write a network that nobody trained, as training writes it."""
    torch.manual_seed(seed)
    network = build_model("resnet18", len(TASKS), 32, scale, stem)
    save_weights(path, network.body.state_dict(), TASKS, "resnet18", 32, scale, stem)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("weights") / "weights.safetensors")


class Sender(Site):
    """A site that also trains a model."""

    def __init__(self, folder, weights):
        super().__init__(folder)
        self.weights = weights
        learnt = manifest_table(20, [*TASKS, "Secret"], seed=3).assign(split="train", **{WARD: "B"})
        for name in rows.IDENTIFIERS:
            learnt[name] = "t" + learnt[name]
        self.table = pd.concat([self.table, learnt], ignore_index=True)
        self.write()

    def take(self, name="site.zip", **changes):
        """Take the model of a bundle, and return the program's status."""
        settings = TakeModel(**NETWORK | {"site": "site_a"} | changes).to_json()
        words = ["--bundle", name, "--signer", "site.pub", "--output", "taken.safetensors"]
        words = [word if word.startswith("--") else str(self.folder / word) for word in words]
        return take_model.main(["--settings", settings, *words])

    def forge_model(self, change):
        """Write a bundle with a model that says or holds something else, and return its name."""
        assert self.seal("--model", str(self.weights)) == 0
        content = archive.read(self.folder / "site.zip", WITH_MODEL)
        said = json.loads(content[sealing.SEAL])
        signs = change(said, content)
        message = invitation.as_bytes(said)
        if signs:
            content[sealing.SIGNATURE] = base64.b64encode(keys.sign(message, self.folder / "site.key"))
        archive.write(self.folder / "forged.zip", content | {sealing.SEAL: message})
        return "forged.zip"


@pytest.fixture
def site(tmp_path, weights):
    return Sender(tmp_path, weights)


def test_weights_come_out_as_they_were_trained_and_are_the_same_network(site):
    assert site.seal("--model", str(site.weights)) == 0
    assert site.open() == site.take() == 0
    assert (site.folder / "taken.safetensors").read_bytes() == site.weights.read_bytes()
    images = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    taken = open_network(site.folder / "taken.safetensors", TakeModel(**NETWORK, site="site_a"))
    with torch.inference_mode():
        assert torch.equal(taken(images), load_model(site.weights)[0](images))


def test_a_model_says_of_itself_what_an_external_one_must_say(tmp_path, weights):
    assert as_external(weights) == FACTS
    colour = write_model(tmp_path / "colour.safetensors", PHOTOGRAPH_SCALE)
    assert as_external(colour) == FACTS | {"channels": 3, "range": None}
    with pytest.raises(UserError, match=r"has first layers for small images \(stem: small\)"):
        as_external(write_model(tmp_path / "small.safetensors", stem="small"))


def test_no_model_leaves_unless_it_is_named_and_the_officer_sees_it(site, capsys):
    assert site.seal() == 0
    assert sealing.open_(site.folder / "site.zip", site.folder / "site.pub").says["model"] == {}
    assert site.seal("--preview", str(site.folder / "shown")) == 0
    assert "model leaves" not in capsys.readouterr().out
    assert not (site.folder / "shown" / sealing.MODEL).exists()
    assert site.take() == 1
    assert "site.zip: carries no model, as its site did not allow it (bundle.model in" in told(capsys)
    assert site.seal("--model", str(site.weights), "--preview", str(site.folder / "shown")) == 0
    page = capsys.readouterr().out
    assert "A model leaves too, as bundle.model says: model.safetensors, 44.7 MB" in page
    assert "on 20 images of 20 patients:\n  resnet18, 32 px, tasks Effusion, Nodule." in page
    assert (site.folder / "shown" / sealing.MODEL).read_bytes() == site.weights.read_bytes()
    assert max(map(len, page.splitlines())) < 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"architecture": "resnet34"},
            "its model has architecture resnet18, and this study says resnet34; set it to res",
        ),
        ({"size": 64}, "its model has images.size 32, and this study says 64"),
        ({"channels": 3}, "its model has input.channels 1, and this study says 3"),
        ({"range": None}, "its model has input.range [-1024, 1024], and this study says photograph"),
        ({"tasks": {"Nodule": 0}}, "its model has no output Nodule: 0; what it has is Effusion: 0, Nodule: 1"),
        ({"tasks": {"Mass": 2}}, "its model has no output Mass: 2; what it has is"),
        ({"site": "site_b"}, "is of the site 'site_a', and the model's home is 'site_b'"),
    ],
)
def test_another_model_than_was_asked_for_is_refused_in_one_line(site, capsys, change, words):
    assert site.seal("--model", str(site.weights)) == 0
    assert site.take(**change) == 1
    assert words in told(capsys)
    assert not (site.folder / "taken.safetensors").exists()


def another(said, content):
    """Put another network in the place of the one that was signed."""
    content[sealing.MODEL] = content[sealing.MODEL][:-1] + bytes([content[sealing.MODEL][-1] ^ 1])


def without(said, content):
    """Leave the model out that the signed words speak of."""
    del content[sealing.MODEL]


def silent(said, content):
    """Carry a model of which the signed words say nothing."""
    said |= {"model": {}, "members": {rows.FILE: said["members"][rows.FILE]}}
    return True


def strange(said, content):
    """Say of the model what no model is."""
    said["model"] |= {"tasks": "Effusion"}
    return True


def otherwise(said, content):
    """Sign that the network is of another architecture than it is."""
    said["model"] |= {"architecture": "resnet34"}
    return True


@pytest.mark.parametrize(
    ("change", "words", "asked"),
    [
        (another, "model.safetensors is not what was signed", {}),
        (without, "model.safetensors is not what was signed", {}),
        (silent, "model.safetensors is not what was signed", {}),
        (strange, "does not say what a bundle says", {}),
        (otherwise, "not the weights of a resnet34", {"architecture": "resnet34"}),
    ],
)
def test_a_model_that_is_not_what_was_signed_is_refused_in_one_line(site, capsys, change, words, asked):
    name = site.forge_model(change)
    assert site.take(name, **asked) == 1
    assert words in told(capsys)
    assert not (site.folder / "taken.safetensors").exists()
    assert (site.open(name) == 0) == (change is otherwise)  # whose rows are right


def test_patients_whom_a_sent_model_was_trained_on_are_no_test_patients_later(site, capsys):
    assert site.seal("--model", str(site.weights), "--preview", str(site.folder / "shown")) == 0
    path = site.folder / "private/trained.json"
    assert not path.exists()
    assert site.seal("--model", str(site.weights)) == 0
    assert path.stat().st_mode & 0o077 == 0
    (site.folder / "v.onnx").write_bytes(site.weights.read_bytes())  # is invited, of the second round
    terms = json.loads((site.folder / "invitation/invitation.json").read_text())
    terms["models"]["v"]["sha256"] = sealing.file_digest(site.weights)
    (site.folder / "invitation/invitation.json").write_bytes(invitation.as_bytes(terms))
    assert site.seal() == 0
    site.table["split"] = "test"
    site.write()
    for words in ((), ("--preview", str(site.folder / "shown"))):
        assert site.seal(*words) == 1
        assert "v.onnx: this site trained this model on 20 patients whose images would now leave" in told(capsys)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"bundle": BUNDLE | {"model": "net"}},
            "bundle.model: 'net' is not a model that .* on 'home'; allowed are none",
        ),
        (
            {"bundle": BUNDLE | {"model": "other"}, "models": {"net": {}, "other": {"sources": ["away"]}}},
            "bundle.model: 'other' is not a model that this study trains on 'home'; allowed are net",
        ),
        ({"external": {"m": {"architecture": "resnet18", "tasks": {"Effusion": 0}}}}, "weights is missing; .* bundle"),
        ({"external": {"m": SENT | {"weights": "w"}}}, "external.m: weights and bundle exclude each other"),
        ({"external": {"m": SENT | {"home": "home"}}}, "external.m.home: 'home' is not a data set with reader: bundle"),
        ({"external": {"m": {"onnx": "x", "tasks": {"Effusion": 0}, "bundle": "a"}}}, "bundle: goes with architecture"),
    ],
)
def test_what_is_wrong_with_the_configuration_is_said_in_one_line(change, words):
    away = {"away": {"reader": "simulated", "images": 20}}
    with pytest.raises(UserError, match=words) as raised:
        plan_of(config(**{"datasets": config()["datasets"] | away} | change))
    assert "\n" not in str(raised.value)


def test_a_site_is_invited_to_apply_what_another_site_sent():
    plan, _ = plan_of(config(external={"m": SENT}))
    assert plan.sent == plan.invited == ("m",)
    given = stage_settings.bundles.write_invitation(plan, {}).as_dict()["configuration"]
    assert given["external"]["m"] == {
        "architecture": "resnet18", "tasks": {"Effusion": 0}, "output": "logit",
        "weights": "invitation/models/m.safetensors",
    }  # fmt: skip
    site, _ = plan_of(given | {"datasets": {"ours": {"reader": "simulated", "images": 20}}})
    assert stage_settings.bundles.apply_network(site, "m") == stage_settings.bundles.apply_network(plan, "m")
