"""The proof of monitoring is of this code: false alarms as stated, changes found and named, intervals that cover."""

import sys

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import monitoring_scores as scores

CHARTS, ESTIMATES = pd.read_csv(scores.CHARTS), pd.read_csv(scores.ESTIMATES)


def test_the_tables_are_of_this_code():
    """After a change of charts or estimates: python docs/monitoring_scores.py."""
    assert set(CHARTS["code"]) == {scores.code_of_charts()}
    assert set(ESTIMATES["code"]) == {scores.code_of_estimates()}
    assert len(CHARTS) == len(scores.CELLS)
    assert list(CHARTS["draws"]) == [cell.draws for cell in scores.CELLS]
    assert set(ESTIMATES["family"]) == set(scores.FAMILIES)
    assert (ESTIMATES["studies"] == scores.STUDIES).all()


def test_the_page_is_that_of_the_tables():
    assert scores.PAGE.read_text(encoding="utf-8") == scores.page()


def test_false_alarms_are_no_more_than_stated():
    assert (CHARTS["low"] <= scores.STATED).all()
    still = CHARTS[~CHARTS["change"].isin(scores.NAMES)]
    assert still["false_alarms"].mean() <= scores.STATED


def test_clear_changes_are_found_soon_and_named_rightly():
    found = CHARTS[CHARTS["change"].isin(scores.NAMES)]
    assert (found.loc[found["found"] >= 0.5, "named"] >= 0.9).all()
    clear = found[(found["change"] == "images") & (found["size"] == 1)]
    assert (clear["found"] >= 0.95).all()
    assert (clear["delay"] <= 4).all()


def test_intervals_of_estimates_cover_and_what_is_printed_is_within_the_tolerance():
    error = np.sqrt(0.95 * 0.05 / scores.STUDIES)
    alike = ESTIMATES[~ESTIMATES["family"].str.contains("label rule")]
    assert (alike["covered"] >= 0.93 - 3 * error).all()
    printed = (alike["printed"] * alike["studies"]).sum()
    right = (alike["right"].fillna(0) * alike["printed"] * alike["studies"]).sum()
    assert right / printed >= 0.95


@pytest.mark.parametrize("number", [14, pytest.param(0, marks=pytest.mark.whole)])
def test_a_cell_of_charts_is_drawn_again(number):
    told, found = CHARTS.iloc[number], scores.row_of(scores.CELLS[number])
    assert found["change"] == told["change"]
    for name in ("false_alarms", "found", "delay", "named"):
        assert found.get(name, np.nan) == pytest.approx(told[name], nan_ok=True), name


@pytest.mark.whole
def test_a_family_of_estimates_is_as_in_the_table():
    told = ESTIMATES[ESTIMATES["family"] == "prevalence"].set_index(["estimator", "quantity"])
    for row in scores.rows_of("prevalence"):
        assert row["covered"] == told.loc[(row["estimator"], row["quantity"]), "covered"]
        assert row["printed"] == told.loc[(row["estimator"], row["quantity"]), "printed"]
