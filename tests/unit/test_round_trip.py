"""The study's own network, exported as CSV, as ONNX and as a bare state dict, comes back with equal predictions."""

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

import apply_network
import place_scores
import predict
import read_scores
from crossray import manifest, predictions
from crossray.datasets.indexing import index
from crossray.errors import UserError
from crossray.files import write_json
from crossray.learning.models import PAPER_SCALE, build_model, save_weights
from crossray.learning.onnx_network import open_network
from crossray.shards import write_shard
from crossray.study.stages.apply_network import ApplyNetwork
from crossray.study.stages.index_shards import IndexShards
from crossray.study.stages.place_scores import PlaceScores
from crossray.study.stages.predict import Predict
from crossray.study.stages.read_scores import ReadScores
from crossray.tables import write
from crossray.tables.lookup import Lookup
from helpers import manifest_table

TASKS = ["Effusion", "Nodule", "Mass"]
SIZE = 32
NETWORK = {"batch_size": 8, "precision": "float32", "size": SIZE, "channels": 1, "range": (-1024, 1024),
           "output": "logit", "tasks": {task: place for place, task in enumerate(TASKS)}}  # fmt: skip


class Exported:
    """A network of random weights and forty images of noise, with what the network makes of them."""

    def __init__(self, folder):
        self.folder, self.manifest, self.index = folder, folder / "ours.parquet", folder / "32px/index.json"
        self.table = manifest_table(40, TASKS)
        manifest.write(self.manifest, self.table, {})
        pixels = np.random.default_rng(0).integers(0, 255, (40, SIZE, SIZE), np.uint8)
        shard = self.index.parent / "shards/0000.h5"
        write_shard(shard, pixels, list(self.table["image_id"]), SIZE, {"dataset": "ours"})
        rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
        rule = IndexShards(size=SIZE, fit="crop", colour="grey", burnt_in="reject", max_rejected=0.01, max_missing=0.01)
        write_json(self.index, index([shard], rejected, "ours", rule))
        torch.manual_seed(0)
        network = build_model("resnet18", len(TASKS), SIZE)
        with torch.no_grad():  # statistics of batch norm as after a training, so that logits are of a usual size
            for _ in range(30):
                network(torch.from_numpy(pixels))
        network.eval()
        self.weights, self.onnx = folder / "weights.safetensors", folder / "model.onnx"
        save_weights(self.weights, network.body.state_dict(), TASKS, "resnet18", SIZE, PAPER_SCALE)
        sides = {"input_names": ["images"], "output_names": ["logits"]}
        axes = {"images": {0: "n"}, "logits": {0: "n"}}
        torch.onnx.export(network.body, (torch.zeros(2, 1, SIZE, SIZE),), self.onnx, dynamo=False, dynamic_axes=axes,
                          **sides)  # fmt: skip
        self.own = self.run(
            predict, self.own_path, weights=self.weights, manifests=self.manifest, indexes=self.index,
            settings=Predict(batch_size=8, precision="float32"), outputs=self.own_path,
        )  # fmt: skip

    @property
    def own_path(self):
        """Return where the network's own predictions lie."""
        return self.folder / "own/test/ours.parquet"

    def run(self, program, written, **options):
        """Run a program and return the predictions that it wrote."""
        written.parent.mkdir(parents=True, exist_ok=True)
        words = []
        for name, value in options.items():
            words += [f"--{name}", value.to_json() if hasattr(value, "to_json") else str(value)]
        assert program.main(words) == 0
        return predictions.read(written)

    def applied(self, network, **settings):
        """Return what a network makes of the images when it is taken for somebody else's."""
        output = self.folder / "applied.parquet"
        return self.run(
            apply_network, output, network=network, manifest=self.manifest, index=self.index, split="test",
            settings=ApplyNetwork(**NETWORK | settings), output=output,
        )  # fmt: skip


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return Exported(tmp_path_factory.mktemp("exported"))


def test_csv_comes_back_to_the_last_digit(exported, tmp_path):
    released = [f"r{number}" for number in range(40)]
    lookup = exported.table[["image_id", "path"]].assign(
        released_image_id=released, released_patient_id="p", released_study_id="s"
    )
    write(tmp_path / "lookup.csv", lookup, Lookup)
    given = pd.read_parquet(exported.own_path)
    given["image_id"] = given["image_id"].str.replace("i", "r")
    given.to_csv(tmp_path / "scores.csv", index=False)
    reading = ReadScores(key="image_id", columns={}, tasks=tuple(TASKS), scale="logit", unknown_ids="stop", public=True)
    exported.run(
        read_scores, tmp_path / "scores.parquet", scores=tmp_path / "scores.csv", manifest=exported.manifest,
        lookup=tmp_path / "lookup.csv", settings=reading, output=tmp_path / "scores.parquet",
    )  # fmt: skip
    back = exported.run(
        place_scores, tmp_path / "back.parquet", scores=tmp_path / "scores.parquet", manifest=exported.manifest,
        index=exported.index, split="test", settings=PlaceScores(unit="image", scale="logit"),
        output=tmp_path / "back.parquet",
    )  # fmt: skip
    assert len(back.table) == 8
    assert (back.unit, back.scale) == (exported.own.unit, exported.own.scale) == ("image", "logit")
    pd.testing.assert_frame_equal(
        back.table.astype(np.float32), exported.own.table.astype(np.float32), check_exact=True
    )


def test_onnx_and_a_state_dict_come_back(exported):
    for network, settings, apart in ((exported.onnx, {}, 1e-4), (exported.weights, {"architecture": "resnet18"}, 0)):
        back = exported.applied(network, **settings)
        assert list(back.table.index) == list(exported.own.table.index)
        assert (back.table - exported.own.table).abs().max().max() <= apart
    some = exported.applied(exported.onnx, tasks={"Mass": 2}, output="probability")
    assert (list(some.table), some.scale) == (["Mass"], "probability")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 64, "channels": 3}, r"takes tensor\(float\) of shape .*, the study gives .*images, 3, 64, 64"),
        ({"tasks": {"Mass": 3}}, r"tasks\.Mass is output 3, and the network has outputs 0 to 2"),
    ],
)
def test_networks_that_do_not_fit_are_told_in_a_line(exported, change, words):
    with pytest.raises(UserError, match=words) as raised:
        open_network(exported.onnx, ApplyNetwork(**NETWORK | change))
    assert "\n" not in str(raised.value)


def test_files_that_are_no_networks_are_told_in_a_line(exported, tmp_path):
    import onnx

    (tmp_path / "no.onnx").write_bytes(b"not a network")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pickle.safetensors")
    network = onnx.load(exported.onnx)
    network.graph.node[0].op_type = "Unheard"
    onnx.save(network, tmp_path / "unheard.onnx")
    for name in ("no.onnx", "unheard.onnx"):
        with pytest.raises(UserError, match=r"onnxruntime [\d.]+ cannot open it: .") as raised:
            open_network(tmp_path / name, ApplyNetwork(**NETWORK))
        assert "\n" not in str(raised.value)

    from crossray.learning.foreign_network import open_network as open_state

    for file, architecture, words in (
        (tmp_path / "pickle.safetensors", "resnet18", "no file of safetensors .*pickles are not read"),
        (exported.weights, "resnet34", "not the weights of a resnet34"),
        (exported.weights, "densenet121", "has no classifier.* the head of a densenet121"),
        (exported.weights, "resnett18", "unknown architecture 'resnett18'; similar names are"),
    ):
        with pytest.raises(UserError, match=words):
            open_state(file, ApplyNetwork(**NETWORK, architecture=architecture))


@pytest.mark.parametrize("kind", ["onnx", "safetensors"])
def test_a_network_of_torchxrayvision_gives_what_it_gives_there(exported, tmp_path, kind, caplog):
    """The architecture and names of its published files, here with random weights, and their operating points."""
    xrv = pytest.importorskip("torchxrayvision.models", reason="the package torchxrayvision is missing")
    from crossray.shards import ImageStore

    torch.manual_seed(0)
    network = xrv.DenseNet(num_classes=18, in_channels=1)
    store, ours = ImageStore(exported.index), exported.own.table.index
    seen = [torch.from_numpy(store.take(rows).astype(np.float32) / 255 * 2048 - 1024)[:, None]
            for rows in (np.arange(40), store.rows(ours))]  # fmt: skip
    with torch.no_grad():
        network.train()(seen[0])
        expected = network.eval()(seen[1]).numpy()
    if kind == "onnx":
        torch.onnx.export(network, (seen[1],), tmp_path / "x.onnx", dynamo=False, input_names=["x"],
                          dynamic_axes={"x": {0: "n"}})  # fmt: skip
    else:
        state = network.state_dict() | {"op_threshs": torch.full((18,), 0.1)}
        safetensors.torch.save_file(state, tmp_path / "x.safetensors")
    places = {task: network.targets.index(task) for task in TASKS}
    architecture = {} if kind == "onnx" else {"architecture": "densenet121"}
    with caplog.at_level("INFO"):
        found = exported.applied(tmp_path / f"x.{kind}", tasks=places, **architecture).table
    assert list(found.index) == list(ours)
    assert np.abs(found[TASKS].to_numpy() - expected[:, list(places.values())]).max() < 1e-4
    assert np.ptp(expected) > 0.1
    assert ("op_threshs is left out" in caplog.text) == (kind == "safetensors")
