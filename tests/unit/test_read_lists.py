"""Films to read, and what those that were read say: known probabilities, known weights, numbers that a hand says."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from test_film_plan import EFFUSION, study_of

from helpers import ROOT

sys.path.insert(0, str(ROOT / "docs"))

import film_lists

from crossray import reasons
from crossray.analysis import chosen_films, read_films, shares, weighted
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.analysis.expected import Binormal
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.read_lists import STRATA, Scored, make
from crossray.errors import UserError
from crossray.figures.films import lead_sentences
from crossray.planning import plan_of
from crossray.study import stage_settings
from crossray.study.film_plan import AUC, LISTED, PREVALENCE, SENSITIVITY
from crossray.study.stages.analysis import ExternalModel
from crossray.study.stages.estimate_films import EstimateFilms
from crossray.tables import contract_of, write
from crossray.tables.contract import names

EXPECTED = Binormal(0.1, 0.88)
FILMS = 3000


def drawn(seed=0, films=FILMS):
    """Draw labels and scores of films, and the threshold with a sensitivity of 0.8."""
    generator = np.random.default_rng(seed)
    positive = generator.random(films) < EXPECTED.prevalence
    scores = generator.normal(size=films) + EXPECTED.distance * positive
    return positive, scores, EXPECTED.distance + norm.ppf(0.2)


def listed(scores, limit, units=None, seed=1, **more):
    units = np.arange(len(scores)) if units is None else units
    return make([Scored("A", scores, limit, EXPECTED)], units, (AUC, SENSITIVITY), seed, **more)


@pytest.fixture(scope="module")
def a_list():
    """A list of films, with their labels, scores and the threshold."""
    positive, scores, limit = drawn()
    return positive, scores, limit, listed(scores, limit)


def sample_of(found, units, patients=None):
    """Return the first films of a list as a sample."""
    rows = found.order[:units]
    owners = rows if patients is None else patients[rows]
    return rows, weighted.Sample(found.strata[rows], rows, owners, np.bincount(found.strata))


def test_a_list_has_every_film_once(a_list):
    assert sorted(a_list[3].order) == list(range(FILMS))


@pytest.mark.parametrize("units", [40, 137, 300, 1500])
def test_the_first_films_are_a_sample_with_known_weights(a_list, units):
    """However many are read: weights are those of the strata, and add up to all films."""
    found = a_list[3]
    rows, sample = sample_of(found, units)
    assert sample.weights.sum() == pytest.approx(FILMS)
    assert sample.weights == pytest.approx(1 / found.probabilities(units)[rows])
    counts = np.bincount(found.strata[found.order[:units]], minlength=STRATA)
    assert (counts >= 2).all()


def test_how_many_of_a_stratum_are_read_hangs_on_no_chance():
    _, scores, limit = drawn()
    first, second = (listed(scores, limit, seed=seed) for seed in (1, 2))
    assert (first.order != second.order).mean() > 0.9
    for units in (50, 333, 2000):
        assert (first.strata[first.order[:units]] == second.strata[second.order[:units]]).all()


def test_each_film_is_drawn_as_often_as_is_said():
    _, scores, limit = drawn(films=400)
    found, repeats = listed(scores, limit), 400
    probabilities, often = found.probabilities(100), np.zeros(400)
    for seed in range(repeats):
        again = listed(scores, limit, seed=seed, equal_parts=(found.equal_part,))
        often[again.order[:100]] += 1 / repeats
    error = np.sqrt(probabilities * (1 - probabilities) / repeats)
    assert (np.abs(often - probabilities) <= 4.5 * error + 1e-9).all()
    assert probabilities.sum() == pytest.approx(100)


def test_no_number_is_expected_to_need_more_films_and_some_need_fewer(a_list):
    gains = {key[2]: gain for key, gain in a_list[3].gains.items()}
    assert set(gains) == set(LISTED)
    assert min(gains.values()) >= 1
    assert gains[SENSITIVITY] > 1.1
    assert gains["specificity"] > 2


def test_models_that_tell_nothing_leave_equal_shares():
    generator = np.random.default_rng(0)
    noise = generator.normal(size=FILMS)
    found = make([Scored("A", noise, 0.5, Binormal(0.1, 0.5001))], np.arange(FILMS), (AUC,), 0)
    assert min(found.gains.values()) >= 1 - 1e-9
    assert max(found.probabilities(300)) < 3 * min(found.probabilities(300))


def test_all_that_matters_of_scores_is_their_order(a_list):
    _, scores, limit, found = a_list
    again = listed(np.exp(scores), np.exp(limit))
    assert (again.order == found.order).all()


def test_several_models_and_findings_share_a_list():
    generator = np.random.default_rng(3)
    _, scores, limit = drawn()
    other = scores + generator.normal(size=FILMS)
    models = [
        Scored("A", scores, limit, EXPECTED),
        Scored("A", np.where(generator.random(FILMS) < 0.1, np.nan, other), limit, EXPECTED),
        Scored("B", generator.normal(size=FILMS), float("nan"), Binormal(0.05, 0.8)),
    ]
    found = make(models, np.arange(FILMS), (AUC, SENSITIVITY), 0)
    assert min(found.gains.values()) >= 1 - 1e-9
    assert {key[:2] for key in found.gains} == {("A", 0), ("A", 1), ("B", 2)}
    assert ("B", 2, SENSITIVITY) not in found.gains  # without a threshold there is none


def test_patients_are_read_whole():
    _, scores, limit = drawn()
    patients = np.arange(FILMS) // 3
    found = listed(scores, limit, patients)
    split = _scored(scores, patients)
    films = chosen_films.to_read(split, found, patients, 200)
    assert len(films) <= 200
    assert (films.groupby("patient_id").size() == 3).all()
    assert films["unit"].is_monotonic_increasing
    assert films.drop_duplicates("unit")["weight"].sum() == pytest.approx(FILMS / 3)


def test_with_equal_weights_numbers_are_those_without(a_list):
    """One stratum: the AUC and the shares, and nearly their intervals, are those that a study prints anyway."""
    positive, scores, limit, _ = a_list
    rows = np.arange(400)
    sample = weighted.Sample(np.zeros(400, np.int64), rows, rows, np.array([FILMS]))
    plain = measure_auc(positive[rows], scores[rows], rows, 400)
    found = weighted.auc(sample, positive[rows], ~positive[rows], scores[rows])
    assert found[0] == pytest.approx(plain.auc)
    assert found[1:] == pytest.approx(interval(plain), abs=0.002)
    called = scores[rows] >= limit
    value, low, high = weighted.share(sample, positive[rows], called)
    hits = called[positive[rows]]
    assert value == pytest.approx(hits.mean())
    assert (low, high) == pytest.approx(shares.interval(hits, np.arange(len(hits))), abs=0.02)


def test_a_weighted_share_is_what_a_hand_says():
    """Strata of 10 and 90 with two films read in each: 5, 5, 45 and 45 films stand behind them.

    What is added is the covariance of error and denominator: of two films of a stratum the product, where one has none.
    """
    strata = np.array([0, 0, 1, 1])
    sample = weighted.Sample(strata, np.arange(4), np.arange(4), np.array([10, 90]))
    assert list(sample.weights) == [5, 5, 45, 45]
    hits, among = np.array([True, False, False, True]), np.ones(4, bool)
    assert weighted.share(sample, among, hits)[0] == pytest.approx(0.5)
    assert weighted.share(sample, np.array([True, True, False, True]), hits)[0] == pytest.approx(
        50 / 55 + 45**2 * (5 / 55) / 55**2
    )
    positive = np.array([True, False, True, False])
    # the positives of weights 5 and 45 beat negatives of 5 and 45: (5*5 + 5*0 + 45*5 + 45*45) of 50 * 50
    assert weighted.auc(sample, positive, ~positive, np.array([2.0, 1, 4, 3]))[0] == pytest.approx(
        2275 / 2500 + (162 - 18) / 2500
    )


def test_a_share_of_nothing_is_no_number(a_list):
    _, sample = sample_of(a_list[3], 100)
    assert np.isnan(weighted.share(sample, np.zeros(100, bool), np.ones(100, bool))).all()


def test_intervals_have_a_width_where_nothing_varies(a_list):
    rows, sample = sample_of(a_list[3], 100)
    value, low, _ = weighted.share(sample, np.ones(100, bool), np.ones(100, bool))
    assert value == pytest.approx(1)
    assert 0.5 < low < 0.99
    positive = rows % 2 == 0
    area, low, _ = weighted.auc(sample, positive, ~positive, positive.astype(float))
    assert area == pytest.approx(1)
    assert 0.5 < low < 1


LABELS, MODEL = ModelKey("labels", "elsewhere"), ModelKey("m", "elsewhere")


def _scored(scores, patients, answers=None):
    """Return a target with a model, and the answers of whoever read films."""
    films = pd.Index([f"i{number}" for number in range(len(scores))], name="image_id")
    labels = pd.DataFrame({"patient_id": [f"p{one}" for one in patients]}, films)
    answers = np.full(len(scores), np.nan) if answers is None else answers
    logits = {MODEL: {"0": pd.DataFrame({"A": scores}, films)}, LABELS: {"0": pd.DataFrame({"A": answers}, films)}}
    return ScoredSplit("t", labels, logits, 5, scales={MODEL: "score", LABELS: "binary"})


class OneTarget:
    """A study of one target, whose model has a threshold of its own."""

    def __init__(self, scored, limit):
        self.split = scored
        facts = {"source": "elsewhere", "targets": ("t",)}
        self.settings = stage_settings.analyses.estimate_films(
            plan_of(study_of(tasks=EFFUSION, widths={"auc": 0.1}, readings=100))[0]
        )
        external = {
            "m": ExternalModel(scale="score", thresholds={"A": limit}, **facts),
            "labels": ExternalModel(scale="binary", thresholds={"A": 1.0}, **facts),
        }
        self.settings = replace(self.settings, external=external, tasks=("A",), models=("m", "labels"))

    def targets(self):
        return [self.split]

    def trained(self):
        return [MODEL, LABELS]


def estimated(films, scored, limit, whole=False):
    study = OneTarget(scored, limit)
    settings: EstimateFilms = replace(study.settings, labels="labels", read=("A",), whole_patients=whole)
    return read_films.measure(study, settings, {"t": films}).set_index("measure")


def with_answers(positive, scores, patients, read):
    """Return a target of whose films some have an answer."""
    answers = np.full(len(scores), np.nan)
    answers[read] = positive[read]
    return _scored(scores, patients, answers)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_list_that_is_half_read_is_a_list(a_list, share, tmp_path):
    """Numbers are near those of all films, and are those of as many films to read as were read."""
    positive, scores, limit, found = a_list
    films = chosen_films.to_read(_scored(scores, np.arange(FILMS)), found, np.arange(FILMS), 600)
    rows = films["id"].str[1:].astype(int).to_numpy()[: int(600 * share)]
    table = estimated(films, with_answers(positive, scores, np.arange(FILMS), rows), limit)
    assert table.loc[AUC, "images"] == len(rows)
    assert (table["estimate_low"] <= table["estimate"]).all()
    truth = {
        AUC: measure_auc(positive, scores, np.arange(FILMS), FILMS).auc, PREVALENCE: positive.mean(),
        SENSITIVITY: (scores >= limit)[positive].mean(), "specificity": (scores < limit)[~positive].mean(),
        "precision": positive[scores >= limit].mean(),
    }  # fmt: skip
    for name, value in truth.items():
        assert table.loc[name, "estimate_low"] < value < table.loc[name, "estimate_high"], name
    short = chosen_films.to_read(_scored(scores, np.arange(FILMS)), found, np.arange(FILMS), len(rows))
    again = estimated(short, with_answers(positive, scores, np.arange(FILMS), rows), limit)
    assert table["estimate"].to_numpy() == pytest.approx(again["estimate"].to_numpy())
    contract = contract_of("read_films")
    write(tmp_path / "read_films.csv", table.reset_index()[names(contract)], contract)
    words = list(lead_sentences({"read_films": table.reset_index()}))
    assert words[0].startswith("m at t, A: AUC 0.")
    assert f"from {len(rows)} of 600 films read" in words[0]


def test_of_a_patient_who_is_not_read_whole_nothing_is_used():
    positive, scores, limit = drawn()
    patients = np.arange(FILMS) // 3
    found = listed(scores, limit, patients)
    films = chosen_films.to_read(_scored(scores, patients), found, patients, 600)
    rows = films["id"].str[1:].astype(int).to_numpy()
    table = estimated(films, with_answers(positive, scores, patients, rows[:-1]), limit, whole=True)
    assert table.loc[AUC, "images"] == len(rows) - 3


def test_too_few_readings_give_a_reason(a_list):
    positive, scores, limit, found = a_list
    films = chosen_films.to_read(_scored(scores, np.arange(FILMS)), found, np.arange(FILMS), 600)
    rows = films["id"].str[1:].astype(int).to_numpy()[:10]
    table = estimated(films, with_answers(positive, scores, np.arange(FILMS), rows), limit)
    assert set(table["reason"]) == {reasons.TOO_FEW}
    assert table["estimate"].isna().all()


def test_a_film_that_is_gone_is_named(a_list):
    positive, scores, limit, found = a_list
    films = chosen_films.to_read(_scored(scores, np.arange(FILMS)), found, np.arange(FILMS), 60)
    films.loc[3, "id"] = "gone"
    with pytest.raises(UserError, match="1 films of the list are not among the predictions"):
        estimated(films, with_answers(positive, scores, np.arange(FILMS), np.arange(5)), limit)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"labels": "v"}, "plan.labels: no list of films was made; give readings too"),
        ({"labels": "v", "readings": 100}, "plan.labels: 'v' is no model of external with scale: binary"),
        ({"labels": "w", "readings": 100}, "plan.labels: 'w' is no model of external"),
        ({"readings": 10}, "plan.readings: 10 is less than the minimum"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_in_one_line(plan, words):
    with pytest.raises(UserError, match=words):
        plan_of(study_of(tasks=EFFUSION, widths={"auc": 0.1}, **plan))


def test_a_list_is_chosen_by_models_and_not_by_labels():
    block = study_of(tasks=EFFUSION, widths={"auc": 0.1, "slope": 0.3}, readings=100, labels="truth")
    block["external"]["truth"] = {"simulated": {"answers": "binary"}}
    plan = plan_of(block)[0]
    told = stage_settings.analyses.choose_films(plan)
    assert told.models == ("v",)
    assert told.wanted == (AUC,)
    assert stage_settings.analyses.estimate_films(plan).labels == "truth"
    assert plan.conditions["readings"]
    assert plan.conditions["read"]


FILMS_TABLE = pd.read_csv(film_lists.FILMS)


def test_the_table_of_lists_is_of_this_code_and_has_every_cell():
    """After a change of lists or of weighted numbers: python docs/film_lists.py."""
    assert set(FILMS_TABLE["code"]) == {film_lists.code()}
    assert len(FILMS_TABLE) == len(film_lists.CELLS) * len(LISTED)
    assert (FILMS_TABLE["draws"] == film_lists.DRAWS).all()


def test_lists_are_as_good_as_the_docs_say():
    """No bias beyond Monte Carlo error, intervals that cover, and no number that needs more films than a simple one."""
    draws = FILMS_TABLE["draws"].to_numpy()
    assert (FILMS_TABLE["bias"].abs() <= 3.5 * FILMS_TABLE["bias_error"]).all()
    error = np.sqrt(0.95 * 0.05 / draws)
    assert FILMS_TABLE["coverage"].between(0.93 - 2 * error, 0.97 + 3 * error).all()
    assert (FILMS_TABLE["gain"] >= 1).all()
    rare = FILMS_TABLE[FILMS_TABLE["prevalence"] == 0.05].set_index(["auc", "measure"])["gain"]
    assert rare[0.95, SENSITIVITY] > 1.5
    assert rare[0.85, "specificity"] > 4


@pytest.mark.parametrize("cell", film_lists.CELLS[:4])
def test_no_list_saves_more_than_can_be_saved(cell):
    most = film_lists.most(cell)
    rows = FILMS_TABLE.loc[np.logical_and.reduce([FILMS_TABLE[name] == one for name, one in cell.columns.items()])]
    gains = rows.set_index("measure")["gain"]
    for name, limit in most.items():
        assert 1 < gains[name] < limit
    if cell.prevalence == 0.05:
        assert most[AUC] < 1.27  # so that the docs promise no more


def test_a_cell_of_lists_is_drawn_again():
    """A few draws of the first cell: the same lists, estimates near the truth, and the same exact gains."""
    cell = film_lists.CELLS[0]
    rows = {row["measure"]: row for row in film_lists.rows_of(cell, draws=film_lists.EXACT)}
    kept = FILMS_TABLE[:5].set_index("measure")
    for name, row in rows.items():
        assert row["gain"] == pytest.approx(kept.loc[name, "gain"], abs=0.002)
        assert abs(float(row["bias"])) < 4 * float(row["bias_error"])
