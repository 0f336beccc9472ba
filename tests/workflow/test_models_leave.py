"""A trained model is exported, comes back as an external one, and is applied to films by the command and in Python."""

import json
import shutil

import h5py
import numpy as np
import onnx
import pandas as pd
import pytest
import yaml
from PIL import Image

import apply_network
import crossray
from crossray.errors import UserError
from crossray.learning.attribution import METHODS
from crossray.learning.models import load_model
from crossray.shards import ImageStore
from crossray.shell import command, predict
from crossray.shell.logits import logits_of
from crossray.shell.trained import facts_of, find_trained
from crossray.study.stages.apply_network import ApplyNetwork

pytestmark = pytest.mark.workflow

MODEL = "results/tiny/models/small/north/0"
TASKS = ("Cardiomegaly", "Effusion", "Nodule")


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """Return the folder of the model that was trained at north, exported."""
    folder = tmp_path_factory.mktemp("exported") / "north"
    assert command.main(["export", str(finished.folder / MODEL), "--output", str(folder)]) == 0
    return folder


@pytest.fixture
def films(finished):
    """Return some films of the release at north."""
    return sorted(finished.folder.glob("results/datasets/north/release/dicom/*/*.dcm"))[:3]


def test_an_exported_model_comes_back_as_an_external_one(finished, exported, tmp_path):
    """The block of the model card, read as a study reads it."""
    card = (exported / "README.md").read_text()
    block = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    network = block["external"]["small"]
    assert network["onnx"] == "FOLDER/model.onnx"
    settings = ApplyNetwork(
        batch_size=7, precision="float32", size=block["images"]["size"], channels=network["input"]["channels"],
        range=tuple(network["input"]["range"]), output=network["output"], tasks=network["tasks"],
    )  # fmt: skip
    results = finished.folder / "results"
    south, manifests = results / "datasets/south/32px/index.json", results / "tiny/manifests"
    words = {"network": exported / "model.onnx", "manifest": manifests / "south.parquet", "index": south,
             "split": "test", "settings": settings.to_json(), "output": tmp_path / "p.parquet"}  # fmt: skip
    assert apply_network.main([str(part) for flag, value in words.items() for part in (f"--{flag}", value)]) == 0
    found = pd.read_parquet(tmp_path / "p.parquet")
    store = ImageStore(south)
    own = logits_of(load_model(finished.folder / MODEL / "weights.safetensors")[0],
                    store.take(store.rows(found["image_id"])))  # fmt: skip
    assert np.abs(found[list(TASKS)].to_numpy() - own).max() < 1e-4
    assert np.ptp(own) > 0.1


def test_files_of_an_export_say_what_they_are(finished, exported):
    assert {path.name for path in exported.iterdir()} == {
        "model.onnx", "model.safetensors", "crossray.json", "README.md",
    }  # fmt: skip
    facts = json.loads((exported / "crossray.json").read_text())
    network = onnx.load(exported / "model.onnx")
    assert json.loads({prop.key: prop.value for prop in network.metadata_props}["crossray"]) == facts
    assert isinstance(network.graph.input[0].type.tensor_type.shape.dim[0].dim_param, str)
    assert facts["tasks"] == list(TASKS)
    assert (facts["size"], facts["fit"], facts["datasets"]) == (32, "crop", ["north"])
    performance = pd.read_csv(finished.folder / "results/tiny/analysis/performance.csv")
    own = performance[(performance["source"] == "north") & (performance["target"] == "north")]
    assert facts["thresholds"] == pytest.approx(dict(zip(own["task"], own["threshold"], strict=True)))
    assert (exported / "model.safetensors").read_bytes() == (
        finished.folder / MODEL / "weights.safetensors"
    ).read_bytes()
    assert facts_of(find_trained(exported)) == facts_of(find_trained(finished.folder / MODEL))
    assert str(finished.folder) not in (exported / "README.md").read_text() + json.dumps(facts)
    assert "north, south are phantoms" in (exported / "README.md").read_text()


def test_films_get_the_logits_of_the_study(finished, exported, films):
    by_study, by_export = (crossray.load_model(folder).predict(films) for folder in (finished.folder / MODEL, exported))
    pd.testing.assert_frame_equal(by_study, by_export)
    lookup = pd.read_csv(finished.folder / "private/north.csv", dtype=str).set_index("path")["image_id"]
    store = ImageStore(finished.folder / "results/datasets/north/32px/index.json")
    names = [f"{film.parent.name}/{film.name}" for film in films]
    rows = store.rows(pd.Series([lookup[name] for name in names]))
    expected = logits_of(load_model(finished.folder / MODEL / "weights.safetensors")[0], store.take(rows))
    assert by_study["logit"].to_numpy() == pytest.approx(expected.ravel(), abs=1e-5)
    assert (by_study["positive"] == (by_study["calibrated"] >= 0.5)).all()
    assert list(by_study["task"][:3]) == list(TASKS)


def test_the_command_writes_csv_and_maps(exported, films, tmp_path, capsys):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "broken.dcm").write_bytes(b"nothing")
    files = [str(films[0]), str(tmp_path / "a.png"), str(tmp_path / "broken.dcm")]
    words = ["predict", str(exported), *files, "--map", str(tmp_path / "maps"), "--method", "input_gradients"]
    assert command.main([*words, "--output", str(tmp_path / "p.csv")]) == 0
    assert f"{files[2]}: cannot be used: " in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "p.csv")
    assert list(table["file"].unique()) == files
    assert table["logit"].isna().tolist() == [False] * 6 + [True] * 3
    assert table["note"][6:].notna().all()
    maps = sorted((tmp_path / "maps").iterdir())
    wanted = table.assign(positive=table["positive"] == True).groupby("file", sort=False)["positive"].sum()  # noqa: E712
    assert len(maps) == sum(max(1, int(count)) for file, count in wanted.items() if file != files[2])
    assert Image.open(maps[0]).size == (260, 128)
    assert command.main(words) == 1
    assert "maps: is there already" in capsys.readouterr().err


def test_evidence_is_a_map_of_the_image(exported, films):
    model = crossray.load_model(exported)
    assert tuple(METHODS) == predict._METHODS
    heat = model.evidence(films[0], "Effusion", "input_gradients")
    assert heat.shape == model.pixels(films[0]).shape == (32, 32)
    assert heat.max() == 1
    with pytest.raises(UserError, match="the model has no task 'Mass'; it has Cardiomegaly, Effusion, Nodule"):
        model.evidence(films[0], "Mass")
    with pytest.raises(UserError, match="there is no method 'magic'"):
        model.evidence(films[0], "Nodule", "magic")
    with pytest.raises(UserError, match=r"gone\.dcm: file not found"):
        model.pixels("gone.dcm")


def test_tables_and_models_of_a_study_in_python(finished):
    study = crossray.open_study(finished.folder / "results/tiny")
    table = study.table("performance")
    assert table["positives"].dtype == "int64"
    assert {"performance", "transfer", "subgroups"} <= set(study.tables())
    assert study.models() == (("small", "north", 0), ("small", "south", 0))
    assert study.model("small", "south").tasks == ("Cardiomegaly", "Effusion")
    with pytest.raises(UserError, match="has no table 'cells'; it has agreement, "):
        study.table("cells")
    with pytest.raises(UserError, match="no model small/west/0; there are small/north/0, small/south/0"):
        study.model("small", "west")
    with pytest.raises(UserError, match="run the study first"):
        crossray.open_study(finished.folder / "results")


def test_of_images_in_several_shapes_those_of_the_training_are_told(again):
    folder = again.folder / "results/datasets/north"
    shutil.copytree(folder / "32px", folder / "32px-pad")
    model = again.folder / MODEL
    with pytest.raises(UserError, match=r"images of 32 px in several shapes, 32px, 32px-pad; which one"):
        crossray.load_model(model)
    for shard in folder.glob("32px-pad/shards/*.h5"):
        with h5py.File(shard, "a") as file:
            file["images"][:] = 255 - file["images"][:]
    assert crossray.load_model(model).facts.fit == "crop"
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="keep results/datasets beside the study, or use an exported model"):
        crossray.load_model(model)


@pytest.mark.parametrize(
    ("place", "message"),
    [("results/tiny", "2 trained models in it; name one of them: models/small/north/0, models/small/south/0"),
     ("results/datasets", "no trained model in it"),
     ("nowhere", "no such folder")],
)  # fmt: skip
def test_a_model_that_is_not_there_is_one_line(finished, place, message, capsys):
    for words in (["export"], ["predict", "a.png"]):
        assert command.main([words[0], str(finished.folder / place), *words[1:]]) == 1
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert message in told
        assert told.count("\n") == 1
