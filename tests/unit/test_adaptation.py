"""What local images are worth: samples, heads, recalibration, the programs on a few images, and what is recommended."""

import importlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from crossray import manifest, predictions
from crossray.analysis.adaptation import METRICS, Local, Used, _over_draws, _resampled, measured
from crossray.analysis.advice import GOALS, advise
from crossray.figures.adaptation_text import lead_sentences, title
from crossray.learning.adaptation import calibration_lines, samples
from crossray.learning.linear_head import PENALTIES, fit_heads
from crossray.learning.models import PAPER_SCALE, build_model, save_weights
from crossray.planning import study_of
from crossray.study.stages.adapt_model import AdaptModel
from crossray.study.ways import AS_IT_IS, BATCH_NORM, HEAD, OF_NETWORKS, RECALIBRATION, SCRATCH, THRESHOLD
from crossray.tables import contract_of, read
from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import adaptation_scores
from verdict_families import FAMILIES

ALL_WAYS = (AS_IT_IS, THRESHOLD, RECALIBRATION, *OF_NETWORKS)


def made_labels(generator, logits):
    return (generator.random(logits.shape) < expit(logits)).astype(float)


def some_local(images=120, patients=70):
    owners = [f"p{number % patients}" for number in range(images)]
    return pd.DataFrame(
        {"image_id": map(str, range(images)), "patient_id": owners, "row": range(images), "dataset": "a"}
    )


def test_samples_are_whole_patients_and_smaller_ones_are_part_of_larger():
    local = some_local()
    found = list(samples(local, (50, 10, 200), 3, seed=4))
    assert [(one.images, one.draw) for one in found] == [(10, 0), (50, 0), (10, 1), (50, 1), (10, 2), (50, 2), (120, 0)]
    for small, large in zip(found[:-1:2], found[1::2], strict=True):
        assert 0 < len(small.rows) <= 10 < len(large.rows) <= 50
        assert set(small.rows["image_id"]) < set(large.rows["image_id"])
    for one in found:
        rest = local[~local["image_id"].isin(one.rows["image_id"])]
        assert not set(rest["patient_id"]) & set(one.rows["patient_id"])
    drawn = {frozenset(one.rows["image_id"]) for one in found if one.images == 50}
    assert len(drawn) == 3
    again = list(samples(local, (10, 50), 3, seed=4))
    assert all(one.rows.equals(other.rows) for one, other in zip(found, again, strict=True))


def test_a_patient_with_too_many_images_leaves_a_draw_out():
    local = some_local(60, 1)
    assert [one.images for one in samples(local, (25,), 2, seed=0)] == [60]


def test_a_head_is_the_ridge_regression_with_its_penalty():
    generator = np.random.default_rng(0)
    features = generator.normal(3, 2, (300, 5))
    labels = made_labels(generator, features[:, :1] - 3)
    heads = fit_heads(features, labels, np.arange(300))
    assert heads.penalties[0] in PENALTIES
    scaled = (features - heads.centre) / heads.scale
    fitted = LogisticRegression(C=1 / heads.penalties[0], tol=1e-10, max_iter=5000).fit(scaled, labels[:, 0])
    assert heads.logits(features)[:, 0] == pytest.approx(fitted.decision_function(scaled), abs=1e-3)


def test_more_features_than_images_give_the_same_head():
    generator = np.random.default_rng(1)
    features = generator.normal(size=(40, 90))
    labels = made_labels(generator, features[:, :1] * 2)
    heads = fit_heads(features, labels, np.arange(40))
    scaled = (features - heads.centre) / heads.scale
    fitted = LogisticRegression(C=1 / heads.penalties[0], tol=1e-10, max_iter=5000).fit(scaled, labels[:, 0])
    assert heads.logits(features)[:, 0] == pytest.approx(fitted.decision_function(scaled), abs=1e-3)


def test_a_new_head_is_near_the_old_one_where_features_say_nothing_and_leaves_it_where_they_do():
    generator = np.random.default_rng(2)
    before = generator.normal(size=(200, 1))
    labels, noise = made_labels(generator, 2 * before), generator.normal(size=(200, 300))
    heads = fit_heads(noise, labels, np.arange(200), before)
    assert np.corrcoef(heads.logits(noise, before)[:, 0], before[:, 0])[0, 1] > 0.9
    told = np.c_[noise[:, :20], 3 * labels + generator.normal(size=(200, 1))]
    other = fit_heads(told, labels, np.arange(200), before)
    assert np.abs(other.weights[-1]).item() > 2 * np.abs(other.weights[:-1]).max()


def test_a_task_with_images_of_one_kind_keeps_its_logits():
    generator = np.random.default_rng(3)
    features, before = generator.normal(size=(30, 4)), generator.normal(size=(30, 3))
    labels = np.c_[np.ones(30), np.full(30, np.nan), made_labels(generator, before[:, 2])]
    heads = fit_heads(features, labels, np.arange(30), before)
    assert list(heads.learnt) == [False, False, True]
    assert (heads.logits(features, before)[:, :2] == before[:, :2]).all()


def test_images_of_a_patient_never_choose_a_penalty_for_one_another():
    """Copies of an image would make a head look good that learnt them by heart."""
    generator = np.random.default_rng(4)
    features, labels = generator.normal(size=(30, 200)), generator.integers(0, 2, (30, 1)).astype(float)
    copies = np.repeat(np.arange(30), 4)
    together = fit_heads(features[copies], labels[copies], copies)
    apart = fit_heads(features[copies], labels[copies], np.arange(120))
    assert together.penalties[0] > apart.penalties[0] == PENALTIES[0]


def test_calibration_at_home_is_found_and_nothing_is_made_up_without_a_class():
    generator = np.random.default_rng(5)
    logits = generator.normal(size=(20_000, 2))
    labels = np.c_[made_labels(generator, 0.5 * logits[:, 0] - 1), np.ones(20_000)]
    found = calibration_lines(labels, logits)
    assert found[0] == pytest.approx([-1, 0.5], abs=0.06)
    assert list(found[1]) == [0, 1]


@pytest.mark.parametrize(("intercept", "slope"), [(-1.0, 1.0), (0.5, 0.6), (0.0, 1.5)])
def test_recalibration_finds_what_many_images_say_and_hardly_moves_with_few(intercept, slope):
    generator = np.random.default_rng(6)
    logits = generator.normal(size=20_000)
    local = Local(made_labels(generator, intercept + slope * logits), logits)
    assert local.recalibrated(np.array([0.0, 1.0])) == pytest.approx([intercept, intercept + slope], abs=0.08)
    few = Local(local.labels[:3], logits[:3])
    assert np.abs(few.recalibrated(np.array([0.0, 1.0])) - [0, 1]).max() < 1
    assert list(Local(np.array([]), np.array([])).recalibrated(np.array([0.3]))) == [0.3]


def test_recalibration_turns_no_order_round():
    generator = np.random.default_rng(9)
    logits = generator.normal(size=5000)
    found = Local(made_labels(generator, -2 * logits - 1), logits).recalibrated(np.array([0.0, 1.0]))
    assert found[1] > found[0]
    assert expit(found[0]) == pytest.approx(expit(-2 * logits - 1).mean(), abs=0.02)


def test_calls_from_the_prevalence_on_are_youdens_best_for_a_calibrated_model():
    generator = np.random.default_rng(7)
    logits = generator.normal(-1, 1.5, 50_000)
    labels = made_labels(generator, logits)
    counts = np.ones((1, len(labels)))
    own = measured(labels, Used(logits, Local(labels, logits).limit), counts)["balanced accuracy"][0]
    others = [measured(labels, Used(logits, limit), counts)["balanced accuracy"][0] for limit in np.linspace(-4, 3, 71)]
    assert own > max(others) - 0.002


def test_metrics_of_known_images():
    labels, used = np.array([1, 1, 0, 0]), Used(np.array([2.0, -1.0, 0.0, -3.0]), 0.0)
    counts = np.array([[1, 1, 1, 1], [1, 0, 1, 0]])
    found = measured(labels, used, counts)
    assert set(found) == set(METRICS)
    assert list(found["AUC"]) == [0.75, 1.0]
    assert list(found["sensitivity"]) == [0.5, 1.0]
    assert list(found["specificity"]) == [0.5, 0.0]
    assert found["log-loss"][1] == pytest.approx((np.log1p(np.exp(-2)) + np.log(2)) / 2)
    assert np.isnan(measured(labels, Used(np.array([1.0, np.nan, 0, 0]), 0.0), counts)["AUC"]).all()


def test_intervals_cover_samples_too():
    """Without patients, the spread over resampled draws is the standard error of their mean."""
    generator = np.random.default_rng(8)
    for draws in (2, 5, 20):
        points = generator.normal(3, 1, draws)
        values = np.repeat(points[:, None], 20_001, axis=1)
        curve = _over_draws(values, _resampled(draws, 20_000, 0))
        assert curve.value == pytest.approx(points.mean())
        assert curve.replicates[1:].mean() == pytest.approx(points.mean(), abs=0.03)
        assert curve.replicates[1:].std() == pytest.approx(points.std(ddof=1) / np.sqrt(draws), rel=0.03)
    alike = _over_draws(np.full((5, 101), 0.7), _resampled(5, 100, 0))
    assert (alike.replicates == 0.7).all()
    assert len(_over_draws(np.full((2, 3), np.nan), _resampled(2, 2, 0)).points) == 0


SETTINGS = {
    "architecture": "resnet18", "epochs": 1, "batch_size": 8, "precision": "float32", "tasks": ["Effusion", "Nodule"],
    "augmentation": {"rotation": 0, "translation": 0, "scale": 0}, "sizes": [12], "draws": 1, "draws_seed": 0,
    "ways": ["batch norm", "head", "fine-tuning", "from scratch"], "tuning_epochs": 1, "tuning_rate": 0.0001,
}  # fmt: skip


@pytest.fixture
def place(make_dataset, tmp_path):
    """Return the arguments of adapt_model.py for a model of random weights, a source and a target."""
    source, target = (
        make_dataset(name, images=images, tasks=("Effusion", "Nodule")) for name, images in (("home", 40), ("away", 60))
    )
    torch.manual_seed(0)
    model = build_model("resnet18", 2, 32, PAPER_SCALE)
    weights = tmp_path / "weights.safetensors"
    save_weights(weights, model.body.state_dict(), ["Effusion", "Nodule"], "resnet18", 32, PAPER_SCALE)
    table = manifest.read(source / "manifest.parquet")
    rows = table[table["split"] == "validation"]
    logits = rows[["image_id"]].assign(Effusion=np.linspace(-1, 1, len(rows)), Nodule=0.1)
    predictions.write(tmp_path / "validation.parquet", logits)
    return SimpleNamespace(
        target=target, folder=tmp_path,
        words=["--weights", weights, "--source-manifests", source / "manifest.parquet", "--validation",
               tmp_path / "validation.parquet", "--manifest", target / "manifest.parquet", "--index",
               target / "32px/index.json", "--settings", AdaptModel.from_dict(SETTINGS).to_json()],
    )  # fmt: skip


def run(place, output, work="work"):
    program = importlib.import_module("adapt_model")
    words = [*place.words, "--work", place.folder / work, "--output", place.folder / output]
    assert program.main(list(map(str, words))) == 0
    return pd.read_parquet(place.folder / output).astype({"way": str, "split": str})


@pytest.mark.slow
def test_a_model_is_adapted_in_every_way_and_no_test_image_is_seen(place):
    found = run(place, "out.parquet")
    table = manifest.read(place.target / "manifest.parquet").set_index("image_id")
    local, test = found[found["split"] == "local"], found[found["split"] == "test"]
    assert set(local["way"]) == {AS_IT_IS, BATCH_NORM}
    assert set(test["way"]) == set(OF_NETWORKS)
    assert (table.loc[test["image_id"], "split"] == "test").all()
    assert (table.loc[local["image_id"], "split"] != "test").all()
    whole = int((table["split"] != "test").sum())
    assert set(zip(found["images"], found["draw"], strict=True)) == {(12, 0), (whole, 0)}
    numbers = found.loc[found["way"] != SCRATCH, ["Effusion", "Nodule"]]
    assert np.isfinite(numbers).all(axis=None)
    # Labels of test images change nothing.
    table.loc[table["split"] == "test", ["Effusion", "Nodule"]] = 1.0
    manifest.write(place.target / "manifest.parquet", table.reset_index(), {})
    other = run(place, "other.parquet", "other work")
    pd.testing.assert_frame_equal(found, other)


def test_what_was_computed_is_taken_up_and_other_labels_are_other_results(place):
    cheap = AdaptModel.from_dict(SETTINGS | {"ways": [BATCH_NORM, HEAD]})
    place.words[-1] = cheap.to_json()
    found = run(place, "out.parquet")
    kept = sorted((place.folder / "work").rglob("*.parquet"))
    assert len(kept) == 2 * 3
    before = {path: path.stat().st_mtime_ns for path in kept}
    for path in kept[:2]:
        path.unlink()
    again = run(place, "again.parquet")
    assert (place.folder / "again.parquet").read_bytes() == (place.folder / "out.parquet").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in kept[2:]} == {path: before[path] for path in kept[2:]}
    table = manifest.read(place.target / "manifest.parquet")
    table.loc[table["split"] == "train", "Effusion"] = 1 - table["Effusion"]
    manifest.write(place.target / "manifest.parquet", table, {})
    other = run(place, "other.parquet")
    heads = [one[(one["way"] == HEAD)]["Effusion"].to_numpy() for one in (found, again, other)]
    assert (heads[0] == heads[1]).all()
    assert (heads[0] != heads[2]).any()


def tables_of(analysed):
    return [read(analysed.folder / f"analysis/{name}.csv", contract_of(name)) for name in
            ("adaptation", "adaptation_advice")]  # fmt: skip


def test_the_model_as_it_is_has_the_numbers_of_the_other_tables(analysed):
    table, _ = tables_of(analysed)
    plain = table[(table["way"] == AS_IT_IS) & (table["metric"] == "AUC") & (table["task"] != "mean of tasks")]
    performance = read(analysed.folder / "analysis/performance.csv", contract_of("performance"))
    rows = plain.merge(performance, on=["model", "source", "target", "task"], suffixes=("", "_there"))
    rows = rows[rows["seed"].isin(["ensemble"]) if "ensemble" in set(rows["seed"]) else rows["seed"].notna()]
    assert len(rows) > 1
    assert rows["value"].dropna().to_numpy() == pytest.approx(rows["auc"].dropna().to_numpy())
    assert (rows["reason"].fillna("") == rows["reason_there"].fillna("")).all()


def test_every_way_has_a_number_for_every_size_and_gains_run_the_better_way(analysed):
    table, _ = tables_of(analysed)
    known = table[table["reason"].isna()]
    pairs = known.groupby(["source", "target", "task", "metric"])
    assert (pairs["way"].nunique() == len(ALL_WAYS)).all()
    assert (known["value_low"] <= known["value"]).all()
    assert (known["value"] <= known["value_high"]).all()
    for (_, _, _, metric), rows in pairs:
        plain = rows.loc[rows["way"] == AS_IT_IS, "value"].item()
        others = rows[rows["way"] != AS_IT_IS]
        better = plain - others["value"] if metric == "log-loss" else others["value"] - plain
        assert others["gain"].to_numpy() == pytest.approx(better.to_numpy(), abs=1e-6)
    auc = known[(known["metric"] == "AUC") & known["way"].isin([THRESHOLD, RECALIBRATION])]
    assert (auc["gain"] == 0).all()


def test_what_is_recommended_is_a_way_that_was_measured(analysed):
    table, advice = tables_of(analysed)
    assert set(advice["metric"]) == set(GOALS)
    for row in advice.itertuples():
        size = 0 if row.advised == AS_IT_IS else row.local_images
        here = table[(table["target"] == row.target) & (table["source"] == row.source) & (table["task"] == row.task)]
        same = here[(here["metric"] == row.metric) & (here["way"] == row.advised) & (here["local_images"] == size)]
        assert same["value"].item() == pytest.approx(row.value)
        assert row.behind >= 0
        assert row.why
    sentences = list(lead_sentences(table, advice))
    assert len(sentences) >= 1 + len(GOALS)
    assert any("within 0.01 of the best way" in one for one in sentences)


def test_the_answer_names_the_fewest_images_that_surely_gain():
    columns = ["task", "metric", "way", "local_images", "gain", "gain_low"]
    rows = [
        ("A", "log-loss", RECALIBRATION, 50, 0.05, 0.01), ("A", "log-loss", HEAD, 100, 0.2, 0.1),
        ("A", "log-loss", RECALIBRATION, 25, 0.05, -0.01), ("A", "AUC", HEAD, 100, 0.02, -0.01),
        ("A", "balanced accuracy", HEAD, 100, 0.0812, 0.01), ("A", "balanced accuracy", THRESHOLD, 100, 0.02, 0.01),
    ]  # fmt: skip
    found = title(pd.DataFrame(rows, columns=columns), pd.DataFrame({"behind": [0.0]}))
    assert found == (
        "Surely better with local images: probabilities from 50 on (recalibration, log-loss -0.05); ranking at no "
        "number of them; calls at a threshold from 100 on (head, balanced accuracy +0.08)"
    )


VERDICTS = ("prevalence", "case_mix", "image", "labels or unseen images", "concept", "no harm", "no shift",
            "no shift found", "cannot tell", None)  # fmt: skip


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_something_is_recommended_whatever_ways_there_are(goal, verdict):
    for fewest in (0, 3, 10, 50, 500):
        for ways in (ALL_WAYS, (AS_IT_IS,), (AS_IT_IS, RECALIBRATION), (AS_IT_IS, SCRATCH)):
            told = advise(verdict, fewest, goal, ways)
            assert told.way in ways
            assert told.why


SCORED = adaptation_scores.scored(pd.read_csv(adaptation_scores.TABLE))


def test_the_table_of_scores_is_of_this_rule():
    """After a change of the rule: python docs/adaptation_scores.py."""
    written = pd.read_csv(adaptation_scores.SCORES)
    found = adaptation_scores.summary(SCORED).astype({"images": str})
    pd.testing.assert_frame_equal(found, written.astype({"images": str}))
    assert set(SCORED["family"]) == set(FAMILIES)
    assert set(SCORED["seed"]) == {adaptation_scores.HELD_OUT}


def test_the_page_has_the_shares_of_the_table():
    page = (ROOT / "docs/adaptation.md").read_text()
    scores = pd.read_csv(adaptation_scores.SCORES)
    for row in scores[scores["images"] == "all"].itertuples():
        words = (
            f"| {row.near} of {row.cells} | {row.share:.1%} ({row.low:.1%} to {row.high:.1%}) | {row.hindsight:.1%} |"
        )
        assert words in page


def test_a_cell_of_known_truth_is_drawn_again_as_it_was():
    """Two hospitals of one law: nothing to gain but noise, and the same numbers for the same seed."""
    one, other = (adaptation_scores.drawn("nothing", 0, 5, judging=500) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert set(one["metric"]) == set(GOALS)
    assert len(one) == len(GOALS) * (len(adaptation_scores.SIZES) + 1)
    losses = one[one["metric"] == "log-loss"].set_index("images")
    assert losses.loc[25, SCRATCH] > losses.loc[25, AS_IT_IS] + 0.05


def problem(text):
    base = {"study": "s", "tasks": ["A"], "datasets": {
        "a": {"reader": "simulated", "images": 100}, "b": {"reader": "simulated", "images": 100},
        "t": {"reader": "simulated", "images": 100, "role": "test"}}}  # fmt: skip
    with pytest.raises(Exception, match=r"adaptation") as error:
        study_of(base | json.loads(text))
    return str(error.value)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ('{"adaptation": {"images": [5]}}', "adaptation.images"),
        ('{"adaptation": {"ways": ["magic"]}}', "adaptation.ways"),
        ('{"adaptation": {"model": "other"}}', "adaptation.model: 'other' is not a model of this study"),
        ('{"adaptation": {"pairs": [{"source": "x", "target": "b"}]}}', "adaptation.pairs.0.source: 'x' is not"),
        ('{"adaptation": {"pairs": [{"source": "a", "target": "t"}]}}', "'t' is not a target with training images"),
        ('{"adaptation": {"pairs": [{"source": "a", "target": "a"}]}}', "'a' is part of the source already"),
        ('{"adaptation": {}, "evaluation": {"unit": "patient"}}', "evaluation.unit is patient; set it to image"),
        ('{"adaptation": {}, "objective": "multiclass", "tasks": ["A", "B"]}', "this study's tasks are classes"),
        ('{"adaptation": {"model": "m"}, "models": {"m": {"sweep": {"epochs": [1, 2]}}}}', "'m' is a sweep"),
    ],
)
def test_wrong_settings_are_named(block, words):
    assert words in problem(block)
    assert "\n" not in problem(block)
