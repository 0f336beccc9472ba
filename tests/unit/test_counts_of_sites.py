"""Counts in place of rows: no cell of few patients, bounds that hold, and nothing that they do not determine."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossray import manifest, predicted_counts, predictions, reasons, tables
from crossray.analysis import performance
from crossray.analysis.bounds import measure as measure_bounds
from crossray.analysis.cells import Study
from crossray.analysis.counted import worth
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.subgroups import named_groups
from crossray.datasets.bundles import counts
from crossray.determined import determined
from crossray.errors import UserError
from crossray.histograms import ALL, EXTREMES, as_images, binned, finest
from crossray.planning import plan_of
from crossray.statistics import auc
from crossray.study import folders, stage_settings
from crossray.tables.contract import columns
from crossray.tables.performance import Performance
from helpers import ROOT, manifest_table

LIMITS = (0.3, -1.0)


def drawn(seed, images=400, patients=300, share=0.2):
    """Return logits, labels and patients of made-up images."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(images) < share).astype(float)
    return generator.normal(2 * labels - 1, 1.5), labels, generator.integers(patients, size=images)


def ways(*labels):
    """Return cells as :func:`finest` takes them."""
    return np.stack(labels, axis=1).astype(int)


def cells_of(logits, labels, patients, edges):
    """Count the patients of each label in each bin."""
    places = np.searchsorted(edges, logits, side="right")
    return pd.Series(patients).groupby([places, labels]).nunique()


@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(60, 400), st.sampled_from([0.1, 0.3, 0.5]))
def test_no_cell_of_a_histogram_has_few_patients(seed, below, images, share):
    logits, labels, patients = drawn(seed, images, images // 2, share)
    edges = finest(logits, ways(labels), patients, LIMITS, below)
    smallest = pd.Series(patients).groupby(labels).nunique().min()
    assert (edges is None) == (smallest < below)
    if edges:
        assert cells_of(logits, labels, patients, edges).min() >= below
        assert binned(logits, edges).sum() == images


def test_bins_end_at_the_thresholds_that_were_asked_for_and_are_as_fine_as_they_may_be():
    logits, labels, patients = drawn(1, 4000, 4000, 0.3)
    edges = finest(logits, ways(labels), patients, LIMITS, 5)
    assert set(LIMITS) <= set(edges)
    assert len(edges) > 60
    assert len(finest(logits, ways(labels), patients, LIMITS, 50)) < len(edges)
    few = finest(np.array([0.1, 0.2, 0.4, 0.5]), ways(np.zeros(4)), np.arange(4), LIMITS, 3)
    assert 0.3 not in few


def site(**change):
    """Return what a site counts: two models, one of which has outputs for one task alone."""
    table = manifest_table(300, ["Effusion", "Nodule", "Mass"], patients=200, seed=3).assign(split="test")
    table.loc[::4, "Nodule"] = np.nan
    table["Mass"] = (np.arange(300) < 3).astype(float)
    table["stratum: ward"] = np.where(np.arange(300) < 4, "rare", np.where(np.arange(300) % 3, "A", "B"))
    generator = np.random.default_rng(4)
    values = pd.DataFrame({task: generator.normal(table[task].fillna(0), 1) for task in ("Effusion", "Nodule", "Mass")})
    facts = {"table": table, "outputs": {"v": values, "w": values[["Nodule"]] * 2}, "groups": named_groups(table)}
    facts |= {"tasks": ("Effusion", "Nodule", "Mass", "Other"), "thresholds": {"v": {"Effusion": LIMITS}}}
    return counts.Site(**facts | {"below": 5, "weigh": worth} | change)


OUTPUTS = {"v": ["Effusion", "Nodule", "Mass"], "w": ["Nodule"]}


def read(found, **asked):
    """Return counts as a coordinator reads them."""
    words = ("Effusion", "Nodule", "Mass", "Other"), OUTPUTS, {"below": 5} | asked, "site.zip"
    return counts.read(counts.as_json(found), *words)


def test_counts_come_out_as_they_went_in_and_name_nobody():
    found = counts.gather(site())
    assert read(found) == found
    text = counts.as_json(found).decode()
    assert not [name for name in (*site().table["image_id"], *site().table["patient_id"]) if f'"{name}"' in text]
    assert set(found.sizes) == {"Effusion", "Nodule"}  # three patients have a mass, and Other is not labelled
    assert found.sizes["Nodule"][ALL][ALL].images == 225
    assert found.images == 300
    assert found.labelled.images == 300


def test_a_rare_group_is_not_told_and_cannot_be_subtracted():
    ward = counts.gather(site()).groups["ward"]
    assert "rare" not in ward
    left = 300 - sum(one.images for one in ward.values())
    assert left == 0 or left >= 5
    assert len(ward) == 1


@given(st.integers(0, 10**6), st.integers(3, 8))
def test_no_cell_of_a_group_is_small_nor_can_be_subtracted(seed, below):
    generator = np.random.default_rng(seed)
    patients = generator.integers(260, size=400)
    table = pd.DataFrame({"image_id": np.arange(400).astype(str), "patient_id": patients.astype(str)})
    table["A"] = generator.choice([0.0, 1.0, np.nan], 400, p=[0.6, 0.3, 0.1])
    wards = generator.choice(list("abcde"), 260, p=[0.5, 0.3, 0.15, 0.03, 0.02])[patients]
    outputs = pd.DataFrame({"A": generator.normal(table["A"].fillna(0), 1)})
    facts = {"table": table, "outputs": {"v": outputs}, "groups": {"ward": pd.Series(wards)}, "tasks": ("A",)}
    found = counts.gather(counts.Site(**facts, thresholds={"v": {"A": LIMITS}}, below=below, weigh=worth))
    whole, parts = (found.histograms["v"]["A"].get(name) for name in (ALL, "ward"))
    known = table["A"].notna().to_numpy()
    for histogram in filter(None, (whole, parts)):
        told = list(histogram.groups) if histogram is parts else []
        group = np.where(np.isin(wards, told), wards, "the rest")[known]
        places = np.searchsorted(histogram.edges, outputs["A"].to_numpy()[known], side="right")
        cells = pd.Series(patients[known]).groupby([places, group, table["A"].to_numpy()[known]]).nunique()
        assert cells.min() >= below
        assert set(histogram.edges) <= set(whole.edges)
    told = set(found.groups["ward"])
    rest = pd.Series(patients[~np.isin(wards, list(told))]).nunique()
    assert rest == 0 or rest >= below
    assert set(parts.groups) <= told


def test_patients_who_have_images_of_both_labels_cannot_be_counted_by_subtraction():
    table = site().table.copy()
    table["Effusion"] = (np.arange(300) % 2).astype(float)
    table["patient_id"] = [f"p{number}" for number in range(299)] + ["p0"]  # one patient has both
    size = counts.gather(site(table=table, below=7)).sizes["Effusion"][ALL][ALL]
    assert (size.patients, size.positive_patients, size.negative_patients) == (299, 147, 147)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda value: value.update(below=4), "its cells may have 4 patients, and the invitation says 5"),
        (lambda value: value.pop("images"), "images: not what counts are"),
        (lambda value: value.update(images="300"), "images: not what counts are"),
        (lambda value: value.update(more=1), "more: not what counts are"),
        (lambda value: value["histograms"].pop("w"), "has not the histograms of this study's models and tasks"),
        (lambda value: value["sizes"]["Nodule"]["all"]["all"].update(positives=1), "images of Nodule do not add up"),
        (lambda value: bins(value)["edges"].reverse(), "v, Effusion: edges do not rise"),
        (lambda value: cells(value).__setitem__(slice(2), [cells(value)[0] - 1, cells(value)[1] + 1]), "has fewer"),
        (lambda value: cells(value).append(7), "v, Effusion: bins do not add up to the images"),
        (lambda value: bins(value)["groups"].update(F=bins(value)["groups"]["all"]), "by other groups than its task"),
    ],
)  # fmt: skip
def test_counts_that_are_not_what_they_must_be_are_refused(change, words):
    value = counts.gather(site()).as_dict()
    first = value["histograms"]["v"]["Effusion"]["all"]["groups"]["all"]["positives"]
    moved = next(place for place, count in enumerate(first) if count == 5) if "fewer" in words else 0
    first[0], first[moved] = first[moved], first[0]
    change(value)
    with pytest.raises(UserError, match=words) as raised:
        counts.read(json.dumps(value).encode(), ("Effusion", "Nodule"), OUTPUTS, {"below": 5}, "site.zip")
    assert "\n" not in str(raised.value)


def bins(value):
    """Return the histogram of a model and task."""
    return value["histograms"]["v"]["Effusion"]["all"]


def cells(value):
    """Return how many positives its bins have."""
    return bins(value)["groups"]["all"]["positives"]


def test_too_few_patients_and_outputs_that_are_no_numbers_are_refused():
    with pytest.raises(UserError, match="has 200 test patients with pixels, and a cell needs 201 at least"):
        counts.gather(site(below=201))
    wrong = {"v": site().outputs["v"].mask(site().outputs["v"] > 1)}
    with pytest.raises(UserError, match="are no numbers"):
        counts.gather(site(outputs=wrong))


@given(st.integers(0, 10**6))
def test_an_auc_lies_between_its_bounds_and_its_middle_is_that_of_ties(seed):
    logits, labels, patients = drawn(seed)
    edges = finest(logits, ways(labels), patients, LIMITS, 5)
    held = counts.Bins(
        positives=tuple(binned(logits[labels == 1], edges)), negatives=tuple(binned(logits[labels == 0], edges))
    )
    low, high = (auc(*as_images(held, edges, end)) for end in ("worst", "best"))
    assert low <= auc(labels, logits) <= high
    assert auc(*as_images(held, edges, "middle")) == pytest.approx((low + high) / 2)
    for end in EXTREMES:
        of_labels, of_logits = as_images(held, edges, end)
        np.testing.assert_array_equal(binned(of_logits[of_labels == 1], edges), held.positives)
        np.testing.assert_array_equal(binned(of_logits[of_labels == 0], edges), held.negatives)


def coordinator(folder, found):
    """Return the study of a coordinator who has a site's counts, and no images."""
    network = {
        "onnx": "v.onnx",
        "tasks": {"Effusion": 0, "Nodule": 1},
        "threshold": {"Effusion": LIMITS[0], "Nodule": 0.0},
    }
    arrived = {"reader": "bundle", "path": "a", "signer": "b", "sampling": "consecutive"}
    config = {"study": "s", "tasks": ["Effusion", "Nodule", "Mass"], "models": {}, "external": {"v": network}}
    config |= {"datasets": {"site_a": arrived}, "usefulness": {}, "evaluation": {"resamples": 100}}
    plan, _ = plan_of(config)
    path = folder / folders.PREDICTION.format(model="v", source="elsewhere", seed=0, split="test", target="site_a")
    path.parent.mkdir(parents=True)
    sent = found.of_model("v")
    predicted_counts.write(path, sent)
    assert predicted_counts.read(path) == sent
    with pytest.raises(UserError, match="holds a site's counts, and rows are wanted"):
        predictions.read(path)
    settings = stage_settings.analyses.measure_bounds(plan)
    return Study(folder, folder, settings), settings


def test_what_counts_determine_is_that_of_the_rows_and_the_rest_is_within_bounds_or_empty(tmp_path):
    here = site(outputs={"v": site().outputs["v"]})
    study, settings = coordinator(tmp_path, counts.gather(here))
    table = performance.measure(study)[0].set_index("task")
    assert list(table["reason"].fillna("")) == ["", "", "S"]
    bounds = measure_bounds(study, settings)
    for task in ("Effusion", "Nodule"):
        known = here.table[task].notna().to_numpy()
        labels, logits, patients = (
            values[known] for values in (here.table[task].to_numpy(), here.outputs["v"][task].to_numpy(), here.patients)
        )
        measured = measure_auc(labels, logits, patients, int(here.patients.max()) + 1)
        row, found = table.loc[task], bounds[bounds["task"] == task].set_index(["table", "column"])
        ends = found.loc[("performance", "auc")]
        assert ends["least"] <= measured.auc <= ends["most"]
        assert ends["most"] - ends["least"] < 0.15
        for name, limit in zip(("auc_low", "auc_high"), interval(measured), strict=True):
            ends = found.loc[("performance", name)]
            assert ends["least"] - 0.002 <= limit <= ends["most"] + 0.002
        assert row["patients"] == len(np.unique(patients))
    threshold = here.outputs["v"]["Effusion"] >= LIMITS[0]
    truth = here.table["Effusion"] == 1
    assert table.loc["Effusion", "sensitivity"] == pytest.approx(threshold[truth].mean(), abs=1e-12)
    assert table.loc["Effusion", "specificity"] == pytest.approx(1 - threshold[~truth].mean(), abs=1e-12)
    groups = bounds[bounds["table"] == "subgroups"]
    assert len(groups) >= 12
    women = (here.table["sex"] == "F").to_numpy()
    measured = auc(here.table["Effusion"][women], here.outputs["v"]["Effusion"][women])
    ends = groups[(groups["task"] == "Effusion") & (groups["at"] == "sex, F") & (groups["column"] == "auc")].iloc[0]
    assert ends["least"] <= measured <= ends["most"]
    assert {"performance", "operating_points", "calibration", "decision_curve", "subgroups"} == set(bounds["table"])


def test_an_analysis_that_asks_for_rows_gets_none_and_reason_s(tmp_path):
    study, _ = coordinator(tmp_path, counts.gather(site(outputs={"v": site().outputs["v"]})))
    study = replace(study, manifests=tmp_path)
    rows = manifest_table(1, []).iloc[:0].assign(split="test")
    manifest.write(tmp_path / folders.MANIFEST.format(dataset="site_a"), rows.astype({"age": float}), {})
    (scored,) = study.targets()
    assert scored.labels.empty
    assert {cell.counts["reason"] for cell in scored.cells(study.settings.tasks)} == {reasons.STAYS_AT_SITE}


def test_of_a_table_only_what_its_contract_names_is_written():
    row = dict.fromkeys(columns(Performance), 0.5) | {"model": "v", "source": "home", "task": "A", "seed": "0"}
    row |= {"reason": None, "calibration_reason": None, "caveat": None, "threshold_reason": None}
    table = pd.DataFrame([row | {"target": name} for name in ("site_a", "home")])
    found = determined(table, Performance, ["site_a"]).set_index("target")
    assert found.loc["home"].drop("calibration_reason").notna().sum() == len(row) - 5
    assert found.loc["site_a", "calibration_reason"] == "S"
    assert np.isnan(found.loc["site_a", "average_precision"])
    assert found.loc["site_a", "auc"] == 0.5


def test_every_column_that_is_emptied_may_be_empty_and_those_named_are_there():
    marked = [one for one in tables.contracts() if one.FROM_COUNTS or one.WITHIN_BOUNDS]
    assert len(marked) > 6
    for contract in marked:
        kept = (*contract.KEY, *contract.FROM_COUNTS, *contract.WITHIN_BOUNDS)
        assert set(kept) <= set(columns(contract)), contract.NAME
        for name, column in columns(contract).items():
            assert column.nullable or name in (*kept, "worst"), (contract.NAME, name)


def test_counts_of_images_are_refused_where_a_study_counts_patients():
    config = {"study": "s", "tasks": ["A"], "models": {}, "external": {"v": {"onnx": "v.onnx", "tasks": {"A": 0}}}}
    config |= {"datasets": {"site_a": {"reader": "bundle", "path": "a", "signer": "b"}}}
    with pytest.raises(
        UserError, match=r"datasets\.site_a\.level: counts are of images, and evaluation.unit is patient"
    ):
        plan_of(config | {"evaluation": {"unit": "patient"}})


def test_the_page_says_which_numbers_counts_give():
    page = (ROOT / "docs/bundles.md").read_text(encoding="utf-8")
    for one in tables.contracts():
        if one.FROM_COUNTS and one.NAME != "bounds":
            row = f"| `{one.NAME}.csv` | {', '.join(one.FROM_COUNTS)} | {', '.join(one.WITHIN_BOUNDS)} |"
            assert row in page, one.NAME


def test_the_page_says_how_far_an_auc_can_be_off():
    page = (ROOT / "docs/bundles.md").read_text(encoding="utf-8")
    for images in (400, 2000, 20000):
        generator = np.random.default_rng(0)
        labels = (generator.random(images) < 0.1).astype(int)
        logits, patients = generator.normal(2 * labels - 2, 1.5), generator.integers(images // 2, size=images)
        edges = finest(logits, ways(labels), patients, (0.0, -1.0), 5)
        positives, negatives = (tuple(binned(logits[labels == label], edges).tolist()) for label in (1, 0))
        held = counts.Bins(positives=positives, negatives=negatives)
        low, high = (auc(*as_images(held, edges, end)) for end in ("worst", "best"))
        assert f"| {images:,} | {labels.sum():,} | {len(edges) - 1} | {(high - low) / 2:.3f} |" in page
