"""What groups of one kind tell beside groups of another: wards of a building, images with a nodule and an opacity."""

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from crossray.analysis.counted import worth
from crossray.analysis.intervals import interval, measure_auc
from crossray.datasets.bundles import counts
from crossray.datasets.bundles.partitions import NOWHERE, joined, remainders, tells_of_few
from crossray.histograms import ALL

FEW = 5
#: how far limits may be off that rest on numbers of three digits (docs/bundles.md)
SLACK = 0.002
MANY = 600


def site(table, groups, tasks=("A",), **change):
    """Return what a site counts: every image is of another patient, unless the table says otherwise."""
    generator = np.random.default_rng(1)
    facts = {"image_id": np.arange(len(table)).astype(str), "patient_id": np.arange(len(table)).astype(str)}
    table = pd.DataFrame(facts).assign(**table)
    outputs = pd.DataFrame({task: generator.normal(table[task].fillna(0), 1) for task in tasks})
    named = {name: pd.Series(values) for name, values in groups.items()}
    return counts.Site(table, {"v": outputs}, named, tasks, {"v": {}}, FEW, worth, **change)


def table(**columns):
    """Return labels, every second image with the finding A where nothing else is said."""
    return pd.DataFrame({"A": (np.arange(MANY) % 2).astype(float)} | columns)


def test_what_is_left_of_a_group_is_it_without_the_groups_within_it():
    wards, buildings = np.array([0, 0, 1, 1, 2, 2, 3]), np.array([0, 0, 0, 0, 0, 1, 1])
    found = [list(np.flatnonzero(rest)) for rest in remainders(wards, buildings)]
    assert found == [[4], [5]]
    assert tells_of_few(buildings, [wards], np.arange(7), 2)
    assert not tells_of_few(buildings, [wards], np.arange(7), 1)
    assert not list(remainders(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])))
    assert [rest.sum() for rest in remainders(wards, wards)] == [0] * 8
    assert not list(remainders(np.full(3, NOWHERE), np.array([0, 1, 1])))


def test_a_building_is_not_told_beside_its_wards_if_few_patients_are_in_none_of_these():
    ward = np.where(np.arange(MANY) < 3, "small", np.where(np.arange(MANY) < 300, "one", "two"))
    ward[597:] = "tiny"
    building = np.where((ward == "one") | (ward == "small"), "east", "west")
    both = counts.gather(site(table(), {"ward": ward, "building": building}))
    assert set(both.groups) == {"ward"}
    assert set(both.sizes["A"]) == {ALL, "ward"}
    without = counts.gather(site(table(), {"building": building}))
    assert set(without.groups["building"]) == {"east", "west"}


def test_a_building_is_told_of_no_task_of_which_few_outside_its_wards_have_the_finding():
    ward = np.where(np.arange(MANY) < 300, "one", "two")
    building = np.where(
        (np.arange(MANY) >= 300) & (np.arange(MANY) < 320), "east", np.where(ward == "one", "east", "west")
    )
    few = table(A=((np.arange(MANY) % 2 == 1) & ((np.arange(MANY) < 303) | (np.arange(MANY) >= 320))).astype(float))
    found = counts.gather(site(few, {"ward": ward, "building": building}))
    assert set(found.groups) == {"ward", "building"}
    assert set(found.sizes["A"]) == {ALL, "ward"}
    assert set(counts.gather(site(table(), {"ward": ward, "building": building})).sizes["A"]) == {
        ALL,
        "ward",
        "building",
    }


def test_a_task_is_not_told_beside_one_that_has_few_positive_patients_more():
    more = table()["A"].to_numpy().copy()
    more[[0, 2, 4]] = 1
    found = counts.gather(site(table(B=more), {"sex": np.tile(["F", "F", "M", "M"], MANY // 4)}, ("A", "B")))
    assert set(found.sizes) == {"A"}
    more[:200] = 1
    found = counts.gather(site(table(B=more), {"sex": np.tile(["F", "F", "M", "M"], MANY // 4)}, ("A", "B")))
    assert set(found.sizes) == {"A", "B"}
    assert set(found.sizes["B"]) == {ALL, "sex"}


@given(st.integers(0, 10**6))
def test_no_bin_tells_of_few_by_subtraction_of_groups(seed):
    generator = np.random.default_rng(seed)
    ward = generator.choice(list("abcd"), MANY, p=[0.4, 0.3, 0.2, 0.1])
    building = np.where(np.isin(ward, ["a", "b"]), "east", np.where(generator.random(MANY) < 0.3, "east", "west"))
    labels = generator.choice([0.0, 1.0, np.nan], MANY, p=[0.5, 0.4, 0.1])
    here = site(table(A=labels), {"ward": ward, "building": building, "sex": generator.choice(["F", "M"], MANY)})
    histograms = counts.gather(here).histograms["v"]["A"]
    kept = {name: histograms[name] for name in ("ward", "building") if name in histograms}
    if len(kept) < 2:
        return
    assert kept["ward"].edges == kept["building"].edges
    for label in ("positives", "negatives"):
        cells = {name: np.array(getattr(bins, label)) for one in kept.values() for name, bins in one.groups.items()}
        if not {"a", "b", "east"} <= set(cells):
            continue
        rest = cells["east"] - cells["a"] - cells["b"]
        assert ((rest == 0) | (rest >= FEW)).all()


def test_attributes_that_have_nothing_in_each_other_keep_their_own_bins():
    crossed = {"one": np.array([0, 0, 1, 1]), "two": np.array([0, 1, 0, 1])}
    assert [names for names, _ in joined(crossed)] == [["one"], ["two"]]
    nested = crossed | {"three": np.array([0, 1, 2, 2])}
    ((names, cells),) = joined(nested)
    assert sorted(names) == ["one", "three", "two"]
    assert len(cells) == 4


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 4]), st.sampled_from([0, 1, 2, 9]))
def test_what_stands_beside_a_histogram_gives_the_limits_and_no_number_of_patients(seed, images, apart):
    generator = np.random.default_rng(seed)
    labels = (generator.random(120) < 0.3).astype(float)
    scores, patients = generator.normal(labels * apart, 1), generator.integers(120 // images, size=120)
    measured = measure_auc(labels, scores, patients, 120 // images)
    told = worth(labels, scores, patients).as_dict()
    assert told.keys() == {"ratio", "freedom"}
    found = replace(measured, positives=labels.sum(), negatives=120 - labels.sum(), **told)
    np.testing.assert_allclose(interval(found), interval(measured), atol=SLACK)


def test_patients_of_a_label_are_rounded_so_that_none_with_several_images_can_be_counted():
    patients = np.arange(MANY)
    patients[3] = patients[1]
    size = counts.gather(site(table(patient_id=patients.astype(str)), {})).sizes["A"][ALL][ALL]
    assert (size.positives, size.positive_patients, size.negative_patients) == (300, 295, 300)
