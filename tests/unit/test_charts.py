"""Control charts: false alarms as stated, planted changes found and named, nothing learnt from later months."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from crossray import manifest
from crossray.analysis.charts import decides, is_share
from crossray.analysis.cusum import REFERENCE, alarm_probability, first_alarm, limit_for, sums, surprises
from crossray.analysis.streams import of_images, periods_of
from crossray.analysis.watching import (
    ACQUISITION,
    IMAGES,
    PATIENTS,
    PREVALENCE,
    REFUSALS,
    REFUSED,
    SCORE,
    Rule,
    Stream,
    cause_of,
    chart,
    normal_scores,
)

RULE = Rule(baseline=6, false_alarms=0.05, tolerance=0.1)


def rows(counts):
    """Return rows of a manifest with so many patients in each month."""
    months = np.repeat(np.arange(len(counts), dtype=float), counts)
    return pd.DataFrame(
        {"patient_id": [f"p{n}" for n in range(len(months))], manifest.MONTHS: months},
        index=[f"i{n}" for n in range(len(months))],
    )


def test_surprises_are_standard_normal_and_independent_while_nothing_changes():
    generator = np.random.default_rng(1)
    sizes = generator.integers(8, 60, 12).astype(float)
    found = np.array([surprises(5 + generator.normal(size=12) / np.sqrt(sizes), sizes)[2:] for _ in range(3000)])
    assert np.abs(found.mean(axis=0)).max() < 0.06
    assert found.std(axis=0) == pytest.approx(np.ones(10), abs=0.05)
    assert np.abs(np.corrcoef(found.T) - np.eye(10)).max() < 0.06


def test_a_surprise_does_not_depend_on_unit_size_or_later_months():
    generator = np.random.default_rng(2)
    values, sizes = generator.normal(size=9), generator.integers(5, 40, 9).astype(float)
    found = surprises(values, sizes)
    assert surprises(3 * values - 7, 10 * sizes)[2:] == pytest.approx(found[2:])
    assert surprises(values[:5], sizes[:5])[2:] == pytest.approx(found[2:5])


def test_months_that_never_vary_surprise_nobody_and_a_first_change_has_no_measure():
    found = surprises(np.array([1.0, 1.0, 1.0, 1.0, 2.0]), np.ones(5))
    assert found[2:4] == pytest.approx([0, 0])
    assert np.isnan(found[4])
    known = surprises(np.array([1.0, 1.0, 1.0, 1.0, 2.0]), np.full(5, 4.0), least=1.0)
    assert norm.sf(known[4]) > 0.05  # a deviation that is known to be there


@pytest.mark.parametrize(("months", "alarms"), [(6, 0.025), (18, 0.025), (36, 0.001)])
def test_a_limit_has_its_probability(months, alarms):
    limit = limit_for(months, alarms)
    assert alarm_probability(limit, months) == pytest.approx(alarms, rel=1e-6)
    if alarms > 0.01:
        drawn = np.random.default_rng(3).normal(size=(20_000, months))
        hits = np.mean([(sums(row)[0] > limit).any() for row in drawn])
        assert hits == pytest.approx(alarms, abs=3 * np.sqrt(alarms / 20_000))


def test_one_month_is_a_normal_test():
    assert alarm_probability(1.5, 1) == pytest.approx(norm.sf(1.5 + REFERENCE), rel=1e-3)


def test_an_alarm_knows_its_month_its_beginning_and_its_side():
    scores = np.array([0.1, -0.2, 0.0, 3.0, 3.0, 3.0])
    assert first_alarm(scores, 6.0) == (5, 3, 1)
    assert first_alarm(-scores, 6.0) == (5, 3, -1)
    assert first_alarm(scores, 9.0) is None


def test_months_with_too_few_patients_are_one_with_the_next_and_a_rest_with_the_last():
    found = periods_of(rows([5, 12, 3, 4, 9, 2]), 10)
    assert [(one.first, one.last, one.patients) for one in found] == [(0, 1, 17), (2, 5, 18)]
    assert periods_of(rows([3, 3]), 10) == []
    assert periods_of(pd.DataFrame({"patient_id": ["a"]}), 1) == []


def test_unknown_dates_are_in_no_period():
    table = rows([10, 10])
    table.iloc[3, 1] = np.nan
    assert [one.patients for one in periods_of(table, 5)] == [9, 10]


def test_normal_scores_are_places_among_the_usual():
    values = np.array([1.0, 2.0, 3.0, 100.0, -5.0, np.nan, 2.0])
    found = normal_scores(values, np.array([True, True, True, False, False, False, False]))
    assert found[1] == found[6] == pytest.approx(0)
    assert found[3] == pytest.approx(-found[4])
    assert found[3] > found[2]
    assert np.isnan(found[5])


def charts_of(generator, shift, kind=SCORE, month=12, months=20, patients=25):
    table = rows([patients] * months)
    late = table[manifest.MONTHS].to_numpy() >= month
    if kind == REFUSALS:
        values = (generator.random(len(table)) < np.where(late, 0.02 + shift, 0.02)).astype(float)
    else:
        values = np.exp(generator.normal(size=len(table)) + shift * late)  # skewed, as features are
    if kind == PREVALENCE:
        values = values / (1 + values)
    periods = periods_of(table, 10)
    return chart([Stream("s", kind, values)], periods, RULE)[0][0]


@pytest.mark.parametrize("kind", [SCORE, PREVALENCE, REFUSALS])
def test_false_alarms_are_as_rare_as_stated_and_changes_are_found(kind):
    generator = np.random.default_rng(4)
    false = [charts_of(generator, 0, kind).alarm is not None for _ in range(400)]
    assert np.mean(false) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    found = [charts_of(generator, 0.2 if kind == REFUSALS else 1.0, kind).alarm for _ in range(50)]
    caught = [one for one in found if one is not None and one[0] >= 12]
    assert len(caught) >= 45
    assert np.median([one[0] - 12 for one in caught]) <= 2
    assert all(sign == 1 for _, _, sign in caught)


def test_a_stream_that_never_varies_has_no_chart_and_refusals_may_begin_at_any_time():
    periods = periods_of(rows([12] * 10), 10)
    still, late = np.zeros(120), np.r_[np.zeros(96), np.ones(24)]
    charted, _ = chart([Stream("lead", ACQUISITION, still), Stream("refused", REFUSALS, late)], periods, RULE)
    assert [one.stream.words for one in charted] == ["refused"]
    assert charted[0].alarm == (8, 8, 1)


def test_a_feature_that_was_always_the_same_moves():
    values = np.r_[np.zeros(96), np.random.default_rng(6).random(24) < 0.8]
    charted, _ = chart([Stream("lead", ACQUISITION, values)], periods_of(rows([12] * 10), 10), RULE)
    assert charted[0].alarm == (8, 8, 1)


def test_more_streams_have_wider_limits():
    generator, periods = np.random.default_rng(5), periods_of(rows([12] * 10), 10)
    streams = [Stream(str(n), SCORE, generator.normal(size=120)) for n in range(20)]
    assert chart(streams, periods, RULE)[1] > chart(streams[:1], periods, RULE)[1]
    assert chart(streams, periods, RULE)[1] == limit_for(4, 0.05 / 40)


def test_images_without_a_description_have_no_value():
    table = rows([2])
    descriptions = pd.DataFrame({"image_id": ["i1"], "acquisition mean": [0.5], "encoder 0": [1.0]})
    (stream,) = of_images(table, descriptions)
    assert stream.words == "mean of images"
    assert np.isnan(stream.numbers[0])
    assert stream.numbers[1] == 0.5


def test_the_cause_is_told_by_what_else_moved():
    assert cause_of(SCORE, {SCORE, ACQUISITION}) == IMAGES
    assert cause_of(PREVALENCE, {SCORE, PREVALENCE}) == PATIENTS
    assert cause_of(REFUSALS, {REFUSALS, ACQUISITION}) == REFUSED
    assert cause_of(ACQUISITION, {ACQUISITION}) == IMAGES
    assert "read about 350 images" in decides(PATIENTS, SCORE, 350, 0.1)
    assert "docs/planning.md" in decides(IMAGES, ACQUISITION, None, 0.1)


def test_means_from_which_a_small_count_follows_are_known():
    assert is_share(Stream("refusals of net", REFUSALS, np.array([0.0, 1.0, np.nan])))
    assert is_share(Stream("answers", SCORE, np.array([0.0, 0.0])))
    assert not is_share(Stream("scores", SCORE, np.array([0.1, 0.2, 0.3])))
