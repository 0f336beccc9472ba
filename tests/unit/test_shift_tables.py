"""Verdicts of a whole study: its tables, what images look like without labels, and verdicts set beside the truth."""

import importlib

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from crossray import manifest
from crossray.analysis.cells import ModelKey
from crossray.analysis.label_agreement import matches
from crossray.analysis.shift import signatures, tables, truth
from crossray.analysis.shift.representation import COMPONENTS, LEAN, RICH, representations
from crossray.analysis.shift.terms import CAUSES
from crossray.figures.summary_text import cause_sentences
from crossray.learning.description import acquisition, sample
from crossray.shards import ImageStore
from crossray.study.stages.check_verdicts import Planted


def twins(analysed):
    return matches(analysed.twins())


def read(analysed, name):
    return pd.read_csv(analysed.folder / f"analysis/{name}.csv")


def test_every_cell_has_a_verdict_or_a_reason(analysed):
    shift = read(analysed, "shift")
    single = shift["source"].isin(["north", "south", "reread"])
    assert single.sum() == 2 * 3 * 2 * 3  # metrics, sources, other targets, tasks
    pooled = shift[~single].drop_duplicates(["source", "target"])  # the test images of all have no target left
    assert set(zip(pooled["source"], pooled["target"], strict=True)) == {
        ("all-but-north", "north"), ("all-but-north", "reread"), ("all-but-south", "south"),
    }  # fmt: skip
    assert (shift["verdict"].isna() == shift["reason"].notna()).all()
    assert (shift["drop"].isna() == shift["reason"].notna()).all()
    assert set(shift["reason"].dropna()) == {"L", "M"}


def test_the_home_of_a_pool_is_all_its_members(analysed):
    shift = read(analysed, "shift")
    pooled = shift[(shift["source"] == "all-but-south") & shift["verdict"].notna()]
    tests = {name: manifest.read(analysed.folder / f"manifests/{name}.parquet").query("split == 'test'")
             for name in ("north", "reread")}  # fmt: skip
    for row in pooled.itertuples():
        labelled = sum(table[row.task].notna().sum() for table in tests.values() if row.task in table)
        assert row.source_images == labelled
    assert len(pooled)


def test_terms_in_the_table_add_up(analysed):
    shift = read(analysed, "shift").dropna(subset=["drop"])
    assert (shift[list(CAUSES)].sum(axis=1) - shift["drop"]).abs().max() < 1e-8  # nine digits are written
    assert (shift["drop_low"] <= shift["drop"]).all()
    assert (shift["drop"] <= shift["drop_high"]).all()


def test_one_labelling_blames_labels_or_images_not_seen_or_nothing(analysed):
    shift = read(analysed, "shift")
    losses = shift[(shift["metric"] == "log-loss") & shift["verdict"].notna()]
    losses = losses[losses["source"].isin(["north", "south", "reread"])]
    twice = losses["source"].isin(["north", "reread"]) & losses["target"].isin(["north", "reread"])
    # the models are as wrong away as they are right at home, on forty images
    assert set(losses.loc[~twice, "verdict"]) == {"labels or unseen images", "cannot tell"}
    assert losses.loc[~twice & losses["verdict"].isin(["labels or unseen images"]), "decides"].notna().all()


@pytest.mark.slow
def test_too_few_positives_are_told(empty):
    shift = pd.read_csv(empty.folder / "analysis/shift.csv")
    assert set(shift["reason"]) == {"F", "L", "M"}
    assert shift["verdict"].isna().all()
    assert read(empty, "shift_evidence").empty


def test_a_pair_that_shares_patients_is_refused(analysed):
    study = analysed.study
    refused = type(study)(study.predictions, study.manifests, study.settings, frozenset({("north", "south")}))
    shift, _ = tables.measure(refused, *analysed.verdicts, analysed.descriptions(), twins(analysed))
    pair = shift[(shift["source"] == "north") & (shift["target"] == "south")]
    assert set(pair["reason"]) == {"O", "L"}


def test_the_targets_own_model_describes_images_unless_it_learnt_from_them(analysed):
    study = analysed.study
    trained = ModelKey(study.settings.models[0], "north")
    refused = type(study)(study.predictions, study.manifests, study.settings, frozenset({("south", "north")}))
    for asked, expected in ((study, ModelKey(trained.model, "south")), (refused, None)):
        places = tables._described(asked, analysed.descriptions())
        own = tables._own(trained, places["north"], places["south"])
        assert own == expected
        task = study.settings.tasks[0]
        alone, both = (tables._cases(places["south"], trained, task, np.array([0.0, 1.0]), one) for one in (None, own))
        outputs = places["south"].scored.reported(ModelKey(trained.model, "south")).shape[1] if own else 0
        for name in (RICH, LEAN):
            assert both.features[name].shape[1] == alone.features[name].shape[1] + outputs


def test_a_description_without_a_prediction_is_told(analysed):
    described = analysed.descriptions()
    described["south"].loc[0, "image_id"] = "somebody else"
    with pytest.raises(Exception, match="descriptions of south: 1 images are missing or too many"):
        tables.measure(analysed.study, *analysed.verdicts, described, twins(analysed))


def test_the_same_study_gives_the_same_table(analysed):
    again, _ = tables.measure(analysed.study, *analysed.verdicts, analysed.descriptions(), twins(analysed))
    first = read(analysed, "shift")
    assert again["image_low"].to_numpy(float) == pytest.approx(first["image_low"].to_numpy(float), nan_ok=True)


def test_a_sentence_a_pair_names_every_task_once():
    verdicts = {"A": ("image", "image"), "B": ("no harm", "image"), "C": ("cannot tell", "no harm"), "D": (None, None),
                "E": ("concept", "cannot tell")}  # fmt: skip
    rows = [("m", "a", "b", task, metric, verdict) for task, both in verdicts.items()
            for metric, verdict in zip(("log-loss", "AUC"), both, strict=True)]  # fmt: skip
    shift = pd.DataFrame(rows, columns=["model", "source", "target", "task", "metric", "verdict"])
    pair = {"model": ["m"], "source": ["a"], "target": ["b"]}
    assert cause_sentences(shift, pd.DataFrame(pair | {"home_at_chance": [False]})) == [
        "a to b: worse mainly because the images differ, for A, B (AUC); worse mainly because readers call the finding "
        "by another rule, as a second reading of images shows, for E (log-loss); no main cause, if there is "
        "one, can be told from these data for C; no number for 1 task."
    ]
    assert cause_sentences(shift, pd.DataFrame(pair | {"home_at_chance": [True]})) == [
        "a to b: no drop to explain, the model is not better than chance internally."
    ]


def test_views_sexes_and_ages_may_be_missing():
    generator = np.random.default_rng(0)
    described, rows = {}, {}
    for name in ("a", "b"):
        values = generator.normal(size=(40, 50))
        columns = [*(f"encoder {i}" for i in range(48)), "acquisition mean", "acquisition noise"]
        described[name] = pd.DataFrame(values, columns=columns)
        rows[name] = pd.DataFrame({"view": None, "sex": ["F", None] * 20, "age": [50.0, np.nan] * 20})
    found = representations(described, rows)
    for parts in found.values():
        assert parts[RICH].shape[1] == COMPONENTS + parts[LEAN].shape[1]
        assert all(np.isfinite(part).all() for part in parts.values())


def picture(noise=0.0, blur=False, border=0, lead=False, inverted=False):
    generator = np.random.default_rng(1)
    y, x = np.mgrid[0:64, 0:64] / 63
    grey = 0.3 + 0.3 * np.exp(-(((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.05)) + 0.05 * np.sign(np.sin(40 * x))
    if blur:
        grey = (grey + np.roll(grey, 1, 1) + np.roll(grey, 2, 1) + np.roll(grey, 3, 1)) / 4
    grey = np.clip(grey + generator.normal(0, noise, grey.shape), 0.05, 0.95)
    grey = 1 - grey if inverted else grey
    if border:
        grey[:border] = 0
    if lead:
        grey[5:10, 50:55] = 1
    return (grey * 255).astype(np.uint8)


@pytest.mark.parametrize(("name", "options", "sign"), [
    ("noise", {"noise": 0.05}, 1), ("sharpness", {"blur": True}, -1), ("border", {"border": 12}, 1),
    ("lead", {"lead": True}, 1), ("corners", {"inverted": True}, 1),
])  # fmt: skip
def test_how_a_picture_was_taken_is_seen(name, options, sign):
    assert sign * (acquisition(picture(**options))[name] - acquisition(picture())[name]) > 0


def test_descriptions_are_of_whole_patients_of_the_test_split_and_the_same_each_time(make_dataset, tmp_path):
    folder = make_dataset("a", images=120, patients=40)
    words = ["--manifest", folder / "manifest.parquet", "--index", folder / "32px/index.json", "--settings",
             '{"encoder": "random", "images": 12, "seed": 0, "batch_size": 8, "precision": "fastest"}']  # fmt: skip
    for name in ("first", "second"):
        output = tmp_path / f"{name}.parquet"
        assert importlib.import_module("describe_images").main([*map(str, words), "--output", str(output)]) == 0
    assert (tmp_path / "first.parquet").read_bytes() == (tmp_path / "second.parquet").read_bytes()
    table = pd.read_parquet(tmp_path / "first.parquet")
    rows = pd.read_parquet(folder / "manifest.parquet").set_index("image_id").loc[table["image_id"]]
    assert (rows["split"] == "test").all()
    assert 0 < len(table) <= 12
    assert (rows["patient_id"].value_counts() == 3).all()
    chosen = sample(pd.read_parquet(folder / "manifest.parquet"), ImageStore(folder / "32px/index.json"), 10**6, 0)
    assert len(chosen) == 24


def test_signatures_of_a_reader_that_recovers():
    generator = np.random.default_rng(2)
    labels = tuple(generator.integers(0, 2, 500).astype(float) for _ in range(2))
    good = tuple(3 * part + generator.normal(size=500) for part in labels)
    poor = good[0], labels[1] + generator.normal(size=500)
    row = signatures.readers(labels, poor, good)
    assert row["recovered"] == pytest.approx(1, abs=0.15)
    assert row["agreement"] < 0.9
    assert "recovered" not in signatures.readers(labels, good, good)


def test_corrections_give_back_what_a_shifted_threshold_costs():
    generator = np.random.default_rng(3)
    logits = generator.normal(scale=2, size=(2, 4000))
    labels = tuple((generator.random(4000) < expit(part)).astype(float) for part in (logits[0], logits[1] + 1.5))
    left = signatures.corrections(labels, (logits[0], logits[1]), 0.0)
    assert left["left_after_prevalence"] > 0.05
    assert left["left_after_intercept"] < 0.02


HOSPITAL = {"seed": 0, "prevalence": {"Nodule": 0.4}, "labelling": {"threshold": 0.3, "flipped": 0.01},
            "appearance": {"blur": 0.0, "marked": 0.5, "exaggeration": 0.0, "bits_stored": 12}}  # fmt: skip
PLANTED = Planted.from_dict(HOSPITAL)


@pytest.mark.parametrize(("changes", "kind"), [
    ({}, "nothing"), ({"appearance": {"bits_stored": 8}}, "nothing"), ({"appearance": {"marked": 1.0}}, "site mark"),
    ({"appearance": {"blur": 0.1}}, "image"), ({"appearance": {"exaggeration": 0.2}}, "along severity"),
    ({"prevalence": {"Nodule": 0.6}}, "prevalence"), ({"labelling": {"threshold": 0.5}}, "concept"),
    ({"labelling": {"flipped": {"Nodule": 0.2}}}, "concept"), ({"labelling": {"flipped": {"Nodule": 0.01}}}, "nothing"),
    ({"labelling": {"flipped": 0.2}, "appearance": {"blur": 0.1, "marked": 1.0}}, "mixture"),
])  # fmt: skip
def test_what_is_planted_is_read_from_the_settings(changes, kind):
    other = {key: {**value, **changes.get(key, {})} if isinstance(value, dict) else value
             for key, value in HOSPITAL.items()}  # fmt: skip
    assert truth.kind_of(truth.planted_causes(PLANTED, Planted.from_dict(other), "Nodule")) == kind


@pytest.mark.parametrize(("verdict", "kind", "planted", "expected"), [
    ("image", "image", (0, 0.1, 0), "right"), ("concept", "image", (0, 0.1, 0), "wrong"),
    ("cannot tell", "image", (0, 0.1, 0), "abstained"), ("no harm", "image", (0, 0.1, 0), "abstained"),
    ("no shift", "image", (0, 0.1, 0), "wrong"), ("no shift", "image", (0, 0.01, 0), "abstained"),
    ("image", "nothing", (0, 0, 0), "wrong"), ("no harm", "site mark", (0, 0, 0), "right"),
    ("cannot tell", "nothing", (0, 0, 0), "abstained"), ("image", "mixture", (0, 0.2, 0.15), "right"),
    ("concept", "mixture", (0, 0.2, 0.15), "right"), ("concept", "mixture", (0, 0.2, 0.1), "wrong"),
    ("cannot tell", "along severity", (0, 0.1, 0), "right"), ("concept", "along severity", (0, 0.1, 0), "wrong"),
    ("labels or unseen images", "concept", (0, 0, 0.1), "right"),
    ("labels or unseen images", "image", (0, 0.1, 0), "abstained"),
    ("labels or unseen images", "nothing", (0, 0, 0), "wrong"),
    ("labels or unseen images", "along severity", (0, 0.1, 0), "right"),
    ("labels or unseen images", "mixture", (0, 0.2, 0.15), "right"),
])  # fmt: skip
def test_a_verdict_is_right_wrong_or_abstains(verdict, kind, planted, expected):
    assert (
        truth.outcome(
            verdict, kind, dict(zip(("prevalence", "image", "concept"), planted, strict=True), case_mix=0.0), 0.06
        )
        == expected
    )


def test_planted_terms_add_up_to_the_expected_loss():
    generator = np.random.default_rng(4)
    severities = tuple(np.where(generator.random(500) < 0.4, generator.uniform(0.05, 1, 500), 0) for _ in range(2))
    used = tuple(4 * part - 1 + generator.normal(size=500) for part in severities)
    other = {**HOSPITAL, "prevalence": {"Nodule": 0.6}, "labelling": {"threshold": 0.5, "flipped": 0.1}}
    ends = tuple(truth.Hospital(settings, pd.DataFrame()) for settings in (PLANTED, Planted.from_dict(other)))
    terms = truth._planted(used, severities, ends, "Nodule", {"prevalence", "image", "concept"})
    first, last = (truth.expected(logits, truth.called(part, truth.rule_of(end.settings.labelling, "Nodule"))[None],
                                  np.ones((1, 500)))
                   for logits, part, end in zip(used, severities, ends, strict=True))  # fmt: skip
    for metric, parts in terms.items():
        assert sum(parts.values()) == pytest.approx(float(last[metric][0] - first[metric][0]), abs=1e-9)
