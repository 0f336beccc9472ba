"""From logits of classes to tables and figures: known answers, what counts, and reasons for empty cells."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score, top_k_accuracy_score

from crossray import manifest
from crossray.analysis import classes as analysis
from crossray.analysis import performance
from crossray.analysis.cells import Study
from crossray.errors import UserError
from crossray.figures import accuracy, confusion
from crossray.figures.summary_text import accuracy_numbers
from crossray.study.base import taken
from crossray.study.stages.analysis import Analysis, Intervals
from crossray.study.stages.draw_figure import DrawFigure
from helpers import manifest_table

CLASSES = [f"c{number}" for number in range(8)]
#: the last class is north's alone, the last but one south's alone
LABELS = {"north": [*CLASSES[:6], CLASSES[7]], "south": CLASSES[:7]}


def made(folder, patients=None, seeds=(0,), spread=2.5):
    """Write a study of two data sets that share six classes; models know those of their own."""
    generator = np.random.default_rng(3)
    tables = {}
    for name, own in LABELS.items():
        table = manifest_table(500, own, seed=len(name), patients=patients)
        chosen = generator.integers(0, len(own), len(table))
        table[own] = np.eye(len(own))[chosen]
        table.loc[table.index % 25 == 0, own] = np.nan  # of no class of the study
        tables[name] = table
        manifest.write(folder / f"manifests/{name}.parquet", table, {})
    for source, own in LABELS.items():
        for seed in seeds:
            for target, split in (*((name, "test") for name in LABELS), (source, "validation")):
                rows = tables[target][tables[target]["split"] == split]
                truth = rows.reindex(columns=own).fillna(0).to_numpy()
                logits = 3 * truth + spread * generator.normal(size=truth.shape)
                path = folder / f"predictions/net/{source}/{seed}/{split}/{target}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                table = pd.DataFrame(logits.astype(np.float32), columns=own)
                table.insert(0, "image_id", rows["image_id"].to_numpy())
                table.to_parquet(path, index=False)
    settings = Analysis.from_dict({
        "models": ["net"], "sources": list(LABELS), "sources_of": {"net": list(LABELS)}, "origins": {"net": []},
        "members": {name: [name] for name in LABELS},
        "targets": list(LABELS), "cohorts": {name: name for name in LABELS}, "seeds": list(seeds),
        "tasks": CLASSES, "objective": "multiclass", "evaluation": {"minimum": 5, "resamples": 200, "seed": 0},
        "paper": {}, "overlap": "refuse",
    })  # fmt: skip
    return Study(folder / "predictions", folder / "manifests", settings)


def measured(study):
    return analysis.measure(study, *performance.measure(study))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return made(tmp_path_factory.mktemp("classes"))


@pytest.fixture(scope="module")
def tables(study):
    return measured(study)


def answers(study, source, target):
    """Return the true class and the logits of the images in play."""
    rows = manifest.read(study.manifests / f"{target}.parquet").set_index("image_id")
    logits = pd.read_parquet(study.predictions / f"net/{source}/0/test/{target}.parquet").set_index("image_id")
    truth = rows.loc[logits.index].reindex(columns=CLASSES).eq(1)
    names = truth.idxmax(axis=1).where(truth.any(axis=1))
    here = names.isin(logits.columns)
    return names[here], logits[here].astype(float), int((names.notna() & ~here).sum())


@pytest.mark.parametrize("target", LABELS)
def test_measures_are_those_of_scikit_learn(study, tables, target):
    truth, logits, others = answers(study, "north", target)
    row = tables[0].query("source == 'north' and target == @target").iloc[0]
    called = logits.idxmax(axis=1)
    assert row["accuracy"] == pytest.approx(accuracy_score(truth, called))
    assert row["micro_f1"] == pytest.approx(f1_score(truth, called, average="micro"))
    seen = sorted(truth.unique())
    assert row["macro_f1"] == pytest.approx(f1_score(truth, called, labels=seen, average="macro"))
    assert row["top5_accuracy"] == pytest.approx(top_k_accuracy_score(truth, logits, k=5, labels=list(logits)))
    assert (row["images"], row["other_images"], row["classes"]) == (len(truth), others, len(seen))
    assert (others > 0) == (target == "south")
    for name in ("accuracy", "macro_f1", "micro_f1", "top5_accuracy", "auc"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert row["majority"] == pytest.approx(truth.value_counts(normalize=True).iloc[0])


def test_the_auc_is_the_mean_of_one_against_the_rest_by_the_softmax(study, tables):
    truth, logits, _ = answers(study, "north", "north")
    softmax = np.exp(logits).div(np.exp(logits).sum(axis=1), axis=0)
    each = [roc_auc_score(truth == name, softmax[name]) for name in logits]
    row = tables[0].query("source == target == 'north'").iloc[0]
    assert row["auc"] == pytest.approx(np.mean(each))


def test_confusions_are_counted_and_what_one_side_lacks_is_empty(study, tables):
    truth, logits, _ = answers(study, "north", "south")
    table = tables[1].query("source == 'north' and target == 'south'").set_index(["true_class", "predicted_class"])
    assert len(table) == len(CLASSES) ** 2
    shared = CLASSES[:6]
    expected = confusion_matrix(truth, logits.idxmax(axis=1), labels=CLASSES)
    counts = table["images"].to_numpy().reshape(len(CLASSES), -1)  # true classes down
    assert np.array_equal(counts[:6, [*range(6), 7]], expected[:6, [*range(6), 7]])
    assert set(table.loc["c7", "reason"]) == {"L"}  # the target does not have it
    assert table.loc[("c0", "c6"), "reason"] == "M"  # the model does not know it
    assert table.loc["c6"]["images"].sum() > 0  # what it takes that class for is told
    assert table["images"].isna().eq(table["reason"].notna()).all()
    assert np.allclose(table.loc[shared, "share"].groupby("true_class").sum(), 1)
    known = table[table["share"].notna()]
    assert ((known["share_low"] <= known["share"]) & (known["share"] <= known["share_high"])).all()
    assert (known.loc[known["share"] == 0, "share_high"] > 0).all()


def test_no_common_class_no_image_and_too_few_have_reasons(study):
    table = measured(Study(study.predictions, study.manifests, replace(study.settings, tasks=("c9",))))[0]
    assert set(table["reason"]) == {"L"}
    few = replace(study.settings, evaluation=Intervals(minimum=10**6, resamples=100, seed=0))
    assert set(measured(Study(study.predictions, study.manifests, few))[0]["reason"]) == {"F"}
    refused = Study(study.predictions, study.manifests, study.settings, frozenset({("north", "south")}))
    both = measured(refused)
    row = both[0].query("source == 'north' and target == 'south'").iloc[0]
    assert row["reason"] == "O"
    assert np.isnan(row["accuracy"])
    assert set(both[1].query("source == 'north' and target == 'south'")["reason"]) == {"O", "L"}
    trained = next(study.trained())
    scored = study.scored("south", "test", [trained])
    truth = analysis.true_classes(scored.labels[["c6"]], CLASSES)  # as if all others were unknown
    row = analysis._counts(scored, trained, scored.reported_seed(trained), truth)
    assert (row["reason"], row["images"]) == ("M", 0)
    assert row["other_images"] == (scored.labels["c6"] == 1).sum() > 0


def test_several_images_of_a_patient_are_drawn_together_and_seeds_have_an_ensemble(tmp_path):
    table, counts = measured(made(tmp_path, patients=50, seeds=(0, 1)))
    ensemble = table[table["seed"] == "ensemble"]
    assert ensemble["accuracy_low"].lt(ensemble["accuracy"]).all()
    single = table[table["seed"] == "0"]
    assert single["accuracy"].notna().all()
    assert single["accuracy_low"].isna().all()
    assert ensemble["accuracy"].mean() > single["accuracy"].mean()  # noise averages out
    assert len(counts) == 4 * len(CLASSES) ** 2


def test_the_ensemble_is_the_softmax_of_mean_logits(tmp_path):
    study = made(tmp_path, seeds=(0, 1))
    scored = study.scored("north", "test", list(study.trained())[:1])
    logits = [pd.read_parquet(study.predictions / f"net/north/{seed}/test/north.parquet").set_index("image_id")
              for seed in (0, 1)]  # fmt: skip
    mean = sum(table.astype(float) for table in logits) / 2
    softmax = np.exp(mean).div(np.exp(mean).sum(axis=1), axis=0)
    given = next(iter(scored.logits.values()))["ensemble"]
    assert np.allclose(1 / (1 + np.exp(-given)), softmax)


def as_classes(**columns):
    table = manifest_table(3, ["A"]).drop(columns="A").assign(**columns)
    return manifest.as_classes(table, ["A", "B", "D"], "m.parquet")


def test_classes_of_a_manifest_are_exclusive_and_unknown_ones_unknown():
    nan = float("nan")
    table = as_classes(A=[1.0, 0.0, nan], B=[nan, 0.0, nan], C=[0.0, 1.0, 0.0])
    assert table["A"].tolist()[0] == 1
    assert table["B"].tolist()[0] == 0
    assert table.loc[1:, ["A", "B"]].isna().all(axis=None)  # of class C, which is no task, and of none known
    assert "D" not in table


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"A": [1.0, 0.0, 1.0], "B": [0.0, 1.0, 1.0]},
         r"m.parquet: 1 images have, the first of them in row 4 of the manifest, more than one class \(A, B\)"),
        ({"A": [1.0, 0.0, 1.0], "B": [0.0, 0.0, 0.0]},
         "m.parquet: 1 images have, the first of them in row 3 of the manifest, no class; with objective: multiclass"),
    ],
)  # fmt: skip
def test_two_classes_or_none_stop_with_the_row(columns, message):
    with pytest.raises(UserError, match=message):
        as_classes(**columns)


def test_figures_say_what_the_tables_hold(study, tables):
    settings = taken(DrawFigure, study.settings, resamples=200)
    figure = accuracy.draw(tables[0], settings)
    assert figure.title.startswith("Accuracy 0.")
    assert "4 of 4 pairs" in figure.caption
    home, away = accuracy_numbers(tables[0], settings.members, "net")
    here = tables[0].query("source == target")["accuracy"]
    assert home["value"] == f"{here.min():.2f} to {here.max():.2f}"
    assert (home["words"], away["words"]) == ("internal accuracy", "external accuracy")
    figure = confusion.draw(tables[1], tables[0], settings)
    worst = tables[1].query("true_class != predicted_class").sort_values("share").dropna(subset="share").iloc[-1]
    assert f"{worst['share']:.0%} of {worst['true_class']} predicted as {worst['predicted_class']}" in figure.title
    nobody = tables[0].assign(accuracy=np.nan)
    assert accuracy.draw(nobody, settings).title == "No accuracy can be measured"
    nothing = tables[1].assign(images=np.nan, share=np.nan)
    assert confusion.draw(nothing, tables[0], settings).title == "No confusion can be measured"
