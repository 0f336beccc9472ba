"""Corrections that look at no label of the target: grey levels, batch norm, and what they give back."""

import importlib
import json
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from crossray.analysis import corrections
from crossray.analysis.cells import Scored, Study
from crossray.learning import correction
from crossray.learning.batches import Examples
from crossray.learning.correction import MATCHES, Look, MatchedStore, mean_look, with_target_statistics
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


def look(levels=None, picture=None):
    return Look(np.linspace(0, 255, 256) if levels is None else levels, picture, np.zeros(24))


def smooth(seed=0, size=32):
    """Return a blurred picture with a bright middle."""
    noise = np.random.default_rng(seed).normal(size=(size, size))
    middle = np.exp(-((np.indices((size, size)) - size / 2) ** 2).sum(axis=0) / 100)
    return (60 + 120 * middle + 8 * cv2.GaussianBlur(noise, (0, 0), 2)).clip(0, 255).astype(np.uint8)


def test_matched_images_have_the_sources_grey_levels(stores):
    matched = MatchedStore(stores[0], look(np.linspace(100, 180, 256)), "histogram").take(rows(stores[0]))
    found = np.quantile(matched[0], [0.1, 0.5, 0.9])
    assert found == pytest.approx([108, 140, 172], abs=4)
    plain = stores[0].take(rows(stores[0])[:1])[0].astype(int)
    order = np.argsort(plain.ravel(), kind="stable")
    assert (np.diff(matched[0].ravel()[order].astype(int)) >= 0).all()  # what was darker stays darker


@pytest.mark.parametrize("match", MATCHES)
def test_an_image_of_the_sources_look_stays(stores, match):
    image = stores[0].take(np.array([0]))[0]
    matched = MatchedStore(stores[0], mean_look([(stores[0], np.array([0]))]), match)
    assert np.abs(matched.take(np.array([0]))[0].astype(int) - image).max() <= 3
    assert matched.take(np.array([], np.int64)).shape == (0, 32, 32)


@pytest.mark.parametrize("match", MATCHES)
def test_colour_images_are_matched_too(match):
    image = np.repeat(smooth()[..., None], 3, axis=2)
    spectrum = np.full(24, 5.0)
    found = MATCHES[match](image, Look(np.linspace(10, 200, 256), image.astype(float), spectrum))
    assert found.shape == image.shape
    assert found.dtype == np.uint8


def test_a_window_is_undone():
    plain = smooth()
    levels = np.quantile(plain, (np.arange(256) + 0.5) / 256)
    stretched = (plain.astype(float) * 0.5 + 40).astype(np.uint8)
    assert np.abs(MATCHES["window"](stretched, look(levels)).astype(int) - plain).max() <= 3


def test_a_negative_is_turned_and_others_stay():
    mean = np.mean([smooth(seed) for seed in range(1, 9)], axis=0)
    plain = smooth()
    assert (MATCHES["polarity"](255 - plain, look(picture=mean)) == plain).all()
    assert (MATCHES["polarity"](plain, look(picture=mean)) == plain).all()


def test_noise_and_blur_are_taken_towards_the_sources():
    plain, other = smooth(), smooth(1).astype(float)
    noisy = (other + np.random.default_rng(2).normal(0, 12, other.shape)).clip(0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(noisy, (0, 0), 1.5)
    sharpness = {name: np.mean(cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F) ** 2)
                 for name, picture in {"plain": plain, "noisy": noisy, "blurred": blurred}.items()}  # fmt: skip
    seen = {name: Look(np.zeros(256), picture, correction._spectrum(picture))
            for name, picture in {"plain": plain, "noisy": noisy}.items()}  # fmt: skip
    quiet = MATCHES["resolution"](noisy, seen["plain"]).astype(np.float32)
    assert np.mean(cv2.Laplacian(quiet, cv2.CV_32F) ** 2) < 0.3 * sharpness["noisy"]
    assert quiet.mean() == pytest.approx(noisy.mean(), abs=1)
    sharper = MATCHES["resolution"](blurred, seen["noisy"]).astype(np.float32)
    assert sharpness["blurred"] < np.mean(cv2.Laplacian(sharper, cv2.CV_32F) ** 2) <= 1.2 * sharpness["noisy"]


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


def test_the_program_writes_all_corrections_for_the_test_split(make_dataset, tmp_path):
    source, target = make_dataset("a"), make_dataset("bb")
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
    assert importlib.import_module("predict_corrected").main(words) == 0
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert list(table) == ["image_id", "correction", "A", "B"]
    assert table["correction"].value_counts().to_dict() == dict.fromkeys([*MATCHES, "batch norm"], 12)


@pytest.fixture
def groups(made):
    return pd.read_csv(made.folder / "analysis/corrections_by_verdict.csv")


def test_each_verdict_has_the_mean_of_its_cells(made, groups):
    table = pd.read_csv(made.folder / "analysis/corrections.csv")
    for row in groups[groups["cells"] > 0].itertuples():
        cells = table[(table["metric"] == row.metric) & (table["correction"] == row.correction)]
        if row.verdict != "all":
            named = cells["verdict"].where(cells["verdict"].isin(["prevalence", "image", "concept"]), "no cause named")
            cells = cells[named == row.verdict]
        assert row.cells == len(cells)
        assert row.returned == pytest.approx(cells["returned"].mean(), abs=1e-8)
        assert row.returned_low <= row.returned <= row.returned_high
    everything = groups[(groups["verdict"] == "all") & (groups["metric"] == "log-loss")]
    assert set(everything["correction"]) == {"histogram", "batch norm", "implied prevalence", "recalibrated"}


def test_recalibration_gives_back_what_a_changed_threshold_costs(made):
    """The made-up models are as wrong away as they are right at home: another calibration is what they need."""
    table = pd.read_csv(made.folder / "analysis/corrections.csv")
    cells = table[(table["correction"] == "recalibrated") & (table["metric"] == "log-loss")]
    assert (cells.loc[cells["verdict"] == "concept", "returned"] > 0).mean() > 0.8


def test_halves_of_patients_never_calibrate_themselves():
    labels = pd.DataFrame({"patient_id": np.repeat(np.arange(40), 5).astype(str), "A": 1.0})
    seen = corrections._recalibrated(np.linspace(-1, 1, 200), Scored("t", labels, {}, 1), "A", 0)
    assert seen == pytest.approx(np.linspace(-1, 1, 200))  # labels of one class calibrate nothing
    wrong = labels.assign(A=(np.arange(200) % 2).astype(float))
    one = corrections._recalibrated(np.linspace(-1, 1, 200), Scored("t", wrong, {}, 1), "A", 0)
    first = np.random.default_rng(derived_seed(0, "halves", "t")).permutation(40) % 2 == 0
    half = first[np.repeat(np.arange(40), 5)]
    changed = wrong.assign(A=np.where(half, 1 - wrong["A"], wrong["A"]))
    other = corrections._recalibrated(np.linspace(-1, 1, 200), Scored("t", changed, {}, 1), "A", 0)
    assert one[half] == pytest.approx(other[half])
    assert not np.allclose(one[~half], other[~half])


def test_other_trainings_of_the_first_model_stand_beside_it(made):
    study = made.study
    settings = study.settings | {"mitigations": ["smooth"], "models": ["resnet50", "smooth"],
                                 "sources_of": study.settings["sources_of"] | {"smooth": ["north"]},
                                 "origins": study.settings["origins"] | {"smooth": []}}  # fmt: skip
    place = made.folder / "predictions/smooth"
    shutil.copytree(made.folder / "predictions/resnet50/north", place / "north")
    try:
        tables = [pd.read_csv(made.folder / f"analysis/{name}.csv") for name in ("shift", "shift_evidence")]
        table, _ = corrections.measure(Study(study.predictions, study.manifests, settings), made.folder / "corrected",
                                       *tables)  # fmt: skip
    finally:
        shutil.rmtree(place)
    beside = table[table["correction"] == "smooth"]
    assert set(beside["source"]) == {"north"}
    assert set(beside["model"]) == {"resnet50"}
    assert (beside["returned"].abs() < 1e-9).all()  # it is the same network


def test_what_is_given_back_is_before_less_after(made):
    table = pd.read_csv(made.folder / "analysis/corrections.csv")
    assert (table["before"] - table["after"] - table["returned"]).abs().max() < 1e-8
    same = table[table["correction"] == "histogram"]  # made up to change nothing
    assert (same["returned"] == 0).all()
    pushed = table[table["correction"] == "batch norm"]  # made up to push all logits alike
    assert (pushed.loc[pushed["metric"] == "AUC", "returned"].abs() < 1e-9).all()
    assert (pushed.loc[pushed["metric"] == "log-loss", "returned"] != 0).all()
