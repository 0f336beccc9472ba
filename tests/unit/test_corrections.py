"""Corrections that look at no label of the target: grey levels, batch norm, and what they give back."""

import importlib
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from crossray.analysis import corrections
from crossray.analysis.cells import ScoredSplit, Study
from crossray.analysis.shift.terms import CAUSES
from crossray.analysis.shift.verdict import COMPOUND
from crossray.learning.batches import Examples
from crossray.learning.correction import MATCHES, MatchedStore, mean_statistics, with_target_statistics
from crossray.learning.models import PAPER_SCALE, build_model, save_weights
from crossray.seeds import derived_seed
from crossray.shards import ImageStore


@pytest.fixture
def stores(make_dataset):
    def dark(table):
        table["split"] = "test"

    folders = make_dataset("a"), make_dataset("bb", edit=dark)
    return [ImageStore(folder / "32px/index.json") for folder in folders]


def rows(store):
    return np.arange(len(store))


def look(*pictures):
    """Return what pictures look like together."""
    store = SimpleNamespace(take=lambda rows: np.stack(pictures)[rows])
    return mean_statistics([(store, np.arange(len(pictures)))])


def smooth(seed=0, size=32):
    """Return a blurred picture with a bright middle."""
    noise = np.random.default_rng(seed).normal(size=(size, size))
    middle = np.exp(-((np.indices((size, size)) - size / 2) ** 2).sum(axis=0) / 100)
    return (60 + 120 * middle + 8 * cv2.GaussianBlur(noise, (0, 0), 2)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("match", MATCHES)
def test_images_that_look_alike_taken_together_stay(stores, match):
    images = stores[0].take(rows(stores[0]))
    here = mean_statistics([(stores[0], rows(stores[0]))])
    matched = MatchedStore(stores[0], match, here, here)
    found = matched.take(rows(stores[0]))
    stay = np.ones(len(images), bool) if match != "polarity" else (found == images).all(axis=(1, 2))
    assert np.abs(found[stay].astype(int) - images[stay]).max() <= 1
    assert matched.take(np.array([], np.int64)).shape == (0, 32, 32)


@pytest.mark.parametrize("match", MATCHES)
def test_colour_images_are_matched_too(match):
    images = np.stack([np.repeat(smooth(seed)[..., None], 3, axis=2) for seed in range(3)])
    found = MATCHES[match](images, look(*images), look(*(images // 2 + 40)))
    grey = MATCHES[match](images[..., 0], look(*images[..., 0]), look(*(images[..., 0] // 2 + 40)))
    assert found.shape == images.shape
    assert found.dtype == np.uint8
    assert (found == grey[..., None]).all()


def test_a_negative_is_turned_and_others_stay():
    source, plain = look(*(smooth(seed) for seed in range(1, 9))), smooth()
    pictures = np.stack([255 - plain, plain])
    assert (MATCHES["polarity"](pictures, look(*pictures), source) == plain).all()


def test_noise_and_blur_are_taken_towards_the_sources():
    plain = np.stack([smooth(seed) for seed in range(4)])
    noisy = (plain + np.random.default_rng(2).normal(0, 12, plain.shape)).clip(0, 255).astype(np.uint8)
    blurred = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in noisy])

    def sharpness(pictures):
        return np.mean([cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F) ** 2 for picture in pictures])

    quiet = MATCHES["resolution"](noisy, look(*noisy), look(*plain))
    assert sharpness(quiet) < 0.3 * sharpness(noisy)
    assert quiet.mean() == pytest.approx(noisy.mean(), abs=1)
    sharper = MATCHES["resolution"](blurred, look(*blurred), look(*noisy))
    assert sharpness(blurred) < sharpness(sharper) <= 1.2 * sharpness(noisy)


def test_a_look_is_that_of_all_images_of_all_stores(stores):
    seen = mean_statistics([(store, rows(store)) for store in stores])
    images = np.concatenate([store.take(rows(store)) for store in stores])
    assert seen.picture == pytest.approx(images.mean(axis=0))


def test_batch_norm_takes_the_targets_statistics_and_the_model_stays(stores):
    torch.manual_seed(0)
    model = build_model("resnet18", 2, 32)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    examples = Examples(stores[1], rows(stores[1]), np.empty((len(stores[1]), 2), np.float32))
    adapted = with_target_statistics(model, examples, 60, torch.device("cpu"))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    first = model.body.conv1(model.scaled(torch.from_numpy(stores[1].take(rows(stores[1])))))
    assert adapted.body.bn1.running_mean == pytest.approx(first.mean(dim=(0, 2, 3)).detach(), rel=1e-3, abs=1e-3)
    assert not adapted.training


def test_a_network_without_batch_norm_is_left_alone(stores):
    torch.manual_seed(0)
    model = build_model("squeezenet1_1", 2, 32).eval()
    examples = Examples(stores[1], rows(stores[1]), np.empty((len(stores[1]), 2), np.float32))
    adapted = with_target_statistics(model, examples, 20, torch.device("cpu"))
    images = torch.from_numpy(stores[1].take(rows(stores[1])[:4]))
    with torch.no_grad():
        assert torch.equal(model(images), adapted(images))


@pytest.fixture
def corrected(make_dataset, tmp_path):
    """Return a function that corrects for a target, with its status and output."""

    def correct(target):
        source = make_dataset("a")
        torch.manual_seed(0)
        model = build_model("resnet18", 2, 32)
        save_weights(tmp_path / "weights.safetensors", model.body.state_dict(), ["A", "B"], "resnet18", 32, PAPER_SCALE)
        flags = {
            "weights": tmp_path / "weights.safetensors", "source-manifests": source / "manifest.parquet",
            "source-indexes": source / "32px/index.json", "manifest": target / "manifest.parquet",
            "index": target / "32px/index.json", "output": tmp_path / "out.parquet",
            "settings": json.dumps({"images": 10, "seed": 0, "batch_size": 8, "precision": "fastest"}),
        }  # fmt: skip
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        return importlib.import_module("predict_corrected").main(words), tmp_path / "out.parquet"

    return correct


def test_the_program_writes_all_corrections_for_the_test_split(corrected, make_dataset):
    status, path = corrected(make_dataset("bb"))
    assert status == 0
    table = pd.read_parquet(path)
    assert list(table) == ["image_id", "correction", "A", "B"]
    assert table["correction"].value_counts().to_dict() == dict.fromkeys([*MATCHES, "batch norm"], 12)


def test_a_target_without_test_images_is_told_so(corrected, make_dataset, capsys):
    def none_left(table):
        table["split"] = "train"

    status, path = corrected(make_dataset("bb", edit=none_left))
    assert status == 1
    assert not path.exists()
    assert "no image in the split test" in capsys.readouterr().err


@pytest.fixture
def groups(analysed):
    return pd.read_csv(analysed.folder / "analysis/corrections_by_verdict.csv")


def test_each_verdict_has_the_mean_of_its_cells(analysed, groups):
    table = pd.read_csv(analysed.folder / "analysis/corrections.csv")
    for row in groups[groups["cells"] > 0].itertuples():
        cells = table[(table["metric"] == row.metric) & (table["correction"] == row.correction)]
        if row.verdict != "all":
            named = cells["verdict"].where(cells["verdict"].isin([*CAUSES, COMPOUND]), "no cause named")
            cells = cells[named == row.verdict]
        assert row.cells == len(cells)
        assert row.returned == pytest.approx(cells["returned"].mean(), abs=1e-8)
        assert row.returned_low <= row.returned <= row.returned_high
    everything = groups[(groups["verdict"] == "all") & (groups["metric"] == "log-loss")]
    assert set(everything["correction"]) == {"resolution", "batch norm", "implied prevalence", "recalibrated"}


def test_recalibration_gives_back_what_a_changed_threshold_costs(analysed):
    """The made-up models are as wrong away as they are right at home: another calibration is what they need."""
    table = pd.read_csv(analysed.folder / "analysis/corrections.csv")
    cells = table[(table["correction"] == "recalibrated") & (table["metric"] == "log-loss")]
    assert (cells.loc[cells["verdict"] == COMPOUND, "returned"] > 0).mean() > 0.8


def test_recalibration_keeps_the_order_of_scores_and_so_their_auc(analysed):
    table = pd.read_csv(analysed.folder / "analysis/corrections.csv")
    cells = table[(table["correction"] == "recalibrated") & (table["metric"] == "AUC")]
    assert len(cells) > 10
    assert (cells[["returned", "returned_low", "returned_high"]] == 0).all(axis=None)


def test_halves_of_patients_never_calibrate_themselves():
    labels = pd.DataFrame({"patient_id": np.repeat(np.arange(40), 5).astype(str), "A": 1.0})
    seen = corrections._recalibrated(np.linspace(-1, 1, 200), ScoredSplit("t", labels, {}, 1), "A", 0)
    assert seen == pytest.approx(np.linspace(-1, 1, 200))  # labels of one class calibrate nothing
    wrong = labels.assign(A=(np.arange(200) % 2).astype(float))
    one = corrections._recalibrated(np.linspace(-1, 1, 200), ScoredSplit("t", wrong, {}, 1), "A", 0)
    first = np.random.default_rng(derived_seed(0, "halves", "t")).permutation(40) % 2 == 0
    half = first[np.repeat(np.arange(40), 5)]
    changed = wrong.assign(A=np.where(half, 1 - wrong["A"], wrong["A"]))
    other = corrections._recalibrated(np.linspace(-1, 1, 200), ScoredSplit("t", changed, {}, 1), "A", 0)
    assert one[half] == pytest.approx(other[half])
    assert not np.allclose(one[~half], other[~half])


def test_other_trainings_of_the_first_model_stand_beside_it(analysed):
    study = analysed.study
    settings = replace(study.settings, models=("resnet50", "smooth"),
                       sources_of={**study.settings.sources_of, "smooth": ("north",)},
                       origins={**study.settings.origins, "smooth": ()})  # fmt: skip
    place = analysed.folder / "predictions/smooth"
    shutil.copytree(analysed.folder / "predictions/resnet50/north", place / "north")
    try:
        tables = [pd.read_csv(analysed.folder / f"analysis/{name}.csv") for name in ("shift", "shift_evidence")]
        changed = Study(study.predictions, study.manifests, settings)
        table, _ = corrections.measure(changed, ["smooth"], analysed.folder / "corrected", *tables)
    finally:
        shutil.rmtree(place)
    beside = table[table["correction"] == "smooth"]
    assert set(beside["source"]) == {"north"}
    assert set(beside["model"]) == {"resnet50"}
    assert (beside["returned"].abs() < 1e-9).all()  # it is the same network


def test_what_is_given_back_is_before_less_after(analysed):
    table = pd.read_csv(analysed.folder / "analysis/corrections.csv")
    assert (table["before"] - table["after"] - table["returned"]).abs().max() < 1e-8
    same = table[table["correction"] == "resolution"]  # made up to change nothing
    assert (same["returned"] == 0).all()
    pushed = table[table["correction"] == "batch norm"]  # made up to push all logits alike
    assert (pushed.loc[pushed["metric"] == "AUC", "returned"].abs() < 1e-9).all()
    assert (pushed.loc[pushed["metric"] == "log-loss", "returned"] != 0).all()
