"""Who is on both sides of a split: groups, moves and counts on made-up studies."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossray.datasets import leakage
from crossray.errors import UserError
from crossray.shards import ImageStore


def table(*rows):
    """Return a manifest of (image, patient, split)."""
    return pd.DataFrame(rows, columns=["image_id", "patient_id", "split"])


def pairs(*rows):
    """Return duplicates of (first, second)."""
    columns = ["first", "second", "kind", "similarity", "inverted"]
    return pd.DataFrame([(*row, "near", 0.99, False) for row in rows], columns=columns)


NIH = table(("n0", "1", "train"), ("n1", "1", "train"), ("n2", "2", "test"), ("n3", "3", "train"))
RSNA = table(("r0", "x", "test"), ("r1", "2", "train"), ("r2", "y", "test"))
COHORTS = {"nih": "nih", "rsna": "nih"}


@pytest.fixture
def images():
    return leakage.gather({"nih": NIH, "rsna": RSNA}, COHORTS)


def test_patients_of_one_register_and_of_one_film_are_one_group(images):
    groups = leakage.group_patients(images, pairs((0, 4)))  # n0 is r0
    assert groups[0] == groups[1] == groups[4]
    assert groups[2] == groups[5]  # patient 2 of both
    assert groups.nunique() == 4


def test_the_same_number_in_another_register_is_another_person():
    images = leakage.gather({"nih": NIH, "rsna": RSNA}, {"nih": "nih", "rsna": "rsna"})
    groups = leakage.group_patients(images, pairs())
    assert groups[2] != groups[5]


def test_a_group_goes_where_most_of_its_images_are_and_of_equals_to_test(images):
    groups = leakage.group_patients(images, pairs((0, 4)))
    splits = leakage.settle_splits(images, groups)
    assert splits.tolist() == ["train", "train", "test", "train", "train", "test", "test"]
    assert leakage.moved_patients(images, splits, "nih").empty
    moved = leakage.moved_patients(images, splits, "rsna")
    assert dict(zip(moved["patient_id"], moved["split"], strict=True)) == {"x": "train", "2": "test"}


@pytest.mark.parametrize("tested", [["nih"], ["rsna"]])
def test_nobody_of_a_data_set_that_is_only_tested_on_moves_to_another_split(images, tested):
    groups = leakage.group_patients(images, pairs((0, 4)))
    of_tested = images.assign(split=images["split"].mask(images["dataset"].isin(tested), "test"))
    splits = leakage.settle_splits(of_tested, groups, tested)
    assert (splits[images["dataset"].isin(tested)] == "test").all()
    assert not any(leakage.count_overlap(images, groups, splits, ["nih", "rsna"]).values())


def test_overlap_is_counted_and_gone_after_the_move(images):
    groups = leakage.group_patients(images, pairs((0, 4)))
    before = leakage.count_overlap(images, groups, images["split"], ["nih", "rsna"])
    assert before == {("nih", "nih"): 0, ("nih", "rsna"): 1, ("rsna", "nih"): 1, ("rsna", "rsna"): 0}
    after = leakage.count_overlap(images, groups, leakage.settle_splits(images, groups), ["nih", "rsna"])
    assert set(after.values()) == {0}


def test_the_summary_has_every_pair_and_the_table_of_pairs_their_names(images):
    duplicates = pairs((0, 4), (0, 1))
    groups = leakage.group_patients(images, duplicates)
    named = leakage.describe_pairs(images, duplicates)
    assert named.loc[0, ["dataset", "image_id", "other_dataset", "other_image_id"]].tolist() == [
        "nih",
        "n0",
        "rsna",
        "r0",
    ]
    assert named["same_patient"].tolist() == [False, True]
    assert named["same_split"].tolist() == [False, True]
    summary = leakage.summarise(images, duplicates, groups, leakage.settle_splits(images, groups), ["nih", "rsna"])
    found = summary.set_index(["source", "target"])
    assert found.loc[("nih", "rsna"), ["near", "shared_patients"]].tolist() == [1, 1]
    # n1 is linked to n0 and so shows r0's film too, though no link says so.
    assert found.loc[("rsna", "nih"), "near"] == 2
    assert found.loc[("nih", "nih"), ["near", "shared_patients", "moved"]].tolist() == [2, 0, 0]
    assert found.loc[("rsna", "nih"), "overlap_before"] == 1
    assert found.loc[("nih", "rsna"), "moved"] == 2


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(0, 40))
def test_after_the_move_no_group_is_in_two_splits_and_order_does_not_matter(seed, size, edges):
    generator = np.random.default_rng(seed)
    patients = generator.integers(0, 20, size).astype(str)
    split_of = {patient: generator.choice(["train", "validation", "test"]) for patient in np.unique(patients)}
    manifest = pd.DataFrame({"image_id": [f"i{n}" for n in range(size)], "patient_id": patients})
    manifest["split"] = manifest["patient_id"].map(split_of)
    images = leakage.gather({"d": manifest}, {"d": "d"})
    duplicates = pairs(*generator.integers(0, size, (edges, 2)).tolist())
    groups = leakage.group_patients(images, duplicates)
    splits = leakage.settle_splits(images, groups)
    assert splits.groupby(groups).nunique().max() == 1
    assert leakage.count_overlap(images, groups, splits, ["d"])[("d", "d")] == 0
    untouched = images["split"].groupby(groups).transform("nunique") == 1
    assert (splits[untouched] == images["split"][untouched]).all()

    order = generator.permutation(size)
    place = np.argsort(order)
    turned = leakage.gather({"d": manifest.iloc[order].reset_index(drop=True)}, {"d": "d"})
    moved = duplicates.assign(first=place[duplicates["first"]], second=place[duplicates["second"]])
    again = leakage.settle_splits(turned, leakage.group_patients(turned, moved))
    assert dict(zip(turned["image_id"], again, strict=True)) == dict(zip(images["image_id"], splits, strict=True))


def test_a_suspiciously_large_group_is_said(caplog):
    manifest = table(*[(f"i{n}", f"p{n}", "train") for n in range(60)])
    images = leakage.gather({"d": manifest}, {"d": "d"})
    chain = pairs(*[(n, n + 1) for n in range(59)])
    assert leakage.warn_of_large_groups(images, leakage.group_patients(images, chain)) == 60
    assert "one group holds 60 patients" in caplog.text
    caplog.clear()
    assert leakage.warn_of_large_groups(images, leakage.group_patients(images, pairs())) == 1
    assert not caplog.text


def test_shards_of_another_manifest_are_noticed(make_dataset):
    store = ImageStore(make_dataset("d", images=40) / "32px/index.json")
    manifest = table(*[(f"other{n}", f"p{n}", "train") for n in range(40)])
    with pytest.raises(UserError, match="data set d: its shards hold images that its manifest does not know"):
        leakage.compare_images(leakage.gather({"d": manifest}, {"d": "d"}), {"d": store})
    known = table(*[(f"i{n}", f"p{n}", "train") for n in range(41)])  # one of them was rejected
    assert leakage.compare_images(leakage.gather({"d": known}, {"d": "d"}), {"d": store}).empty
