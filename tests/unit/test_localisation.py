"""Scores of maps against regions: known answers, chance that is chance, and tables that say why a number is missing."""

import numpy as np
import pandas as pd
import pytest

from crossray.analysis.region_scores import MEASURES, centre_map, score
from crossray.tables import MEAN_OF_TASKS

SIZE = 50


def square(top, left, side):
    region = np.zeros((SIZE, SIZE), bool)
    region[top : top + side, left : left + side] = True
    return region


def test_a_map_that_is_the_region_scores_one_and_one_beside_it_nothing():
    region = square(10, 10, 8)
    assert {name: score(region.astype(float), region)[name] for name in MEASURES} == dict.fromkeys(MEASURES, 1.0)
    elsewhere = score(square(30, 30, 8).astype(float), region)
    assert {name: elsewhere[name] for name in MEASURES} == dict.fromkeys(MEASURES, 0.0)


def test_overlap_and_mass_by_hand():
    heat = square(0, 0, 10) * 1.0
    heat[0:5, 20:30] = 0.4
    region = square(0, 5, 10)
    found = score(heat, region)
    assert found["overlap"] == pytest.approx(50 / 150)  # 0.4 is less than half of the largest value
    assert found["mass"] == pytest.approx(50 / 120)
    assert found["mass_chance"] == pytest.approx(100 / 2500)
    assert found["overlap_chance"] == pytest.approx(4 / (100 + 100 - 4))


@pytest.mark.parametrize(("away", "hit"), [(0, 1), (1, 1), (2, 0)])  # 3% of 50 pixels is 1.5
def test_a_peak_may_lie_as_far_outside_as_the_tolerance(away, hit):
    heat = np.zeros((SIZE, SIZE))
    heat[20, 17 + away] = 1
    assert score(heat, square(10, 10, 8) | square(20, 10, 8))["pointing"] == hit


def test_what_says_the_same_of_every_pixel_scores_chance():
    for heat in (np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), 0.3)):
        found = score(heat, square(3, 30, 12))
        for name in MEASURES:
            assert found[name] == pytest.approx(found[f"{name}_chance"])


def test_chance_is_what_maps_without_knowledge_score():
    generator = np.random.default_rng(0)
    region = square(5, 20, 15)
    found = pd.DataFrame([score(generator.random((SIZE, SIZE)), region) for _ in range(400)]).mean()
    for name in MEASURES:
        assert found[name] == pytest.approx(found[f"{name}_chance"], abs=0.04)


def test_the_centre_knows_the_middle():
    found = score(centre_map(SIZE), square(20, 20, 10))
    assert found["pointing"] == 1
    assert score(centre_map(SIZE), square(0, 0, 10))["pointing"] == 0
    assert found["mass"] > 2 * found["mass_chance"]


def read(analysed, name="localisation"):
    return pd.read_csv(analysed.folder / f"analysis/{name}.csv")


def test_every_row_has_a_number_or_a_reason(analysed):
    table = read(analysed)
    assert (table["score"].isna() == table["reason"].notna()).all()
    south = table[(table["target"] == "south") & (table["task"] == "Hernia")]
    assert set(south["reason"]) == {"L"}
    assert set(table.loc[(table["source"] == "south") & (table["task"] == "Hernia"), "reason"]) <= {"L", "M"}
    shown = table[table["score"].notna()]
    assert (shown["score_low"] <= shown["score"] + 1e-9).all()
    assert (shown["score"] <= shown["score_high"] + 1e-9).all()
    assert (shown["factor"] - shown["score"] / shown["chance"]).abs().max() < 1e-6


def test_maps_on_the_truth_are_told_from_random_ones(analysed):
    """The made-up maps of trained models are the region at home; elsewhere, and of random weights, they are noise."""
    table = read(analysed)
    table = table[table["score"].notna() & (table["task"] == MEAN_OF_TASKS)]
    home = (table["source"] == table["target"]) & (table["weights"] == "trained")
    assert (table.loc[home, "score"] == 1).all()
    rest = table[~home & ~table["source"].str.startswith("all") & (table["measure"] == "mass")]
    assert (rest["factor"] - 1).abs().max() < 0.15
    paired = table[(table["source"] != table["target"]) & (table["weights"] == "trained")]
    assert (paired["difference_high"] < 0).all()


def test_the_summary_is_the_mean_over_pairs(analysed):
    table, summary = read(analysed), read(analysed, "localisation_summary")
    assert set(summary["place"]) == {"at home", "elsewhere"}
    row = summary[(summary["place"] == "elsewhere") & (summary["weights"] == "trained")].iloc[0]
    members = analysed.settings["members"]
    pairs = table[(table["task"] == MEAN_OF_TASKS) & (table["weights"] == "trained") & table["score"].notna()]
    pairs = pairs[(pairs["method"] == row["method"]) & (pairs["measure"] == row["measure"])]
    away = pairs[[one.target not in members[one.source] for one in pairs.itertuples()]]
    assert len(away) == row["pairs"]
    assert row["score"] == pytest.approx(away["score"].mean(), abs=1e-6)
