"""Views, sexes and ages in the spellings of many hospitals."""

import logging

import numpy as np
import pandas as pd
import pytest

from crossray.datasets.ages import years_of
from crossray.datasets.fields import ages, plain, sexes, views
from crossray.errors import speaking_of

VIEWS = {
    "PA": ["PA", "pa", "P.A.", "Postero-Anterior", "posterior-anterior", "PA erect", "chest PA"],
    "AP": ["ap", "AP erect", "AP Portable", "AP Semi-erect", "Antero-posterior", "anteroposterior", "A-P"],
    "AP SUPINE": ["AP Supine", "AP_HORIZONTAL", "supine AP", "AP bedside", "AP semi supine"],
    "LATERAL": ["L", "LL", "RL", "lateral", "Left Lateral", "LAT", "lateral view"],
    "OTHER": ["Anna Smith", "skull", "supine", "PA and lateral"],
}


@pytest.mark.parametrize(("view", "text"), [(view, text) for view, texts in VIEWS.items() for text in texts])
def test_views(view, text):
    assert views(pd.Series([text])).tolist() == [view]


def test_a_view_that_is_not_said_is_missing():
    assert views(pd.Series(["", " ", "unknown", "N/A", "UNK"])).isna().all()


def test_sexes_and_words_that_are_none(caplog):
    texts = ["M", "male", "Männlich", "homme", "F", " female ", "weiblich", "W", "", "unknown", "blue", "Anna"]
    with caplog.at_level(logging.WARNING), speaking_of(public=False):
        found = sexes(pd.Series(texts), "a.csv", "gender")
    assert found.tolist()[:8] == list("MMMMFFFF")
    assert found.isna().tolist() == [False] * 8 + [True] * 4
    assert "a.csv: column gender: 2 of 12 rows" in caplog.text
    assert "row 12" in caplog.text
    assert "Anna" not in caplog.text


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("61", 61), ("61.0", 61), ("61,5", 61.5), ("045Y", 45), ("018M", 1.5), ("6M", 0.5), ("000D", 0),
        ("45 years", 45),
        ("45 y/o", 45), ("45-year-old", None), ("45yo", 45), ("6 months", 0.5), ("45 Jahre", 45), ("50+", 50),
        ("50 +", 50),
        (">89", 89), ("90 or more", 90), ("mid 50s", 55), ("mid-50s", 55), ("early 60s", 62), ("late 40's", 48),
        ("70s", 75),
        ("in his 30s", 35), ("40-49", 44.5), ("40 to 50 years", 45), ("50+ years", 50), ("old", None), ("4O", None),
        ("12.05.1961", None), ("-5", None), ("Anna 45", None),
    ],
)  # fmt: skip
def test_ages(text, years):
    assert years_of(text) == years


def test_ages_that_are_not_understood_are_counted_and_stop_nothing(caplog):
    found = ages(pd.Series(["50+", "mid 50s", "", "old", "414", "045Y"], index=[0, 1, 2, 5, 6, 7]), "a.csv", "age")
    assert found.tolist()[:2] == [50, 55]
    assert found.iloc[5] == 45
    assert np.isnan(found.iloc[2:5]).all()
    assert "column age: 1 of 6 rows name no age that is understood, the first is row 7" in caplog.text


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["H", "M", "H"], ["M", "F", "M"]), (["hombre", "mujer", "H", "M"], ["M", "F", None, None]),
     (["H", "F"], ["M", "F"]), (["M", "F"], ["M", "F"]), (["H", "M", "F"], [None, None, "F"])],
)  # fmt: skip
def test_m_beside_h_is_no_man(words, meant):
    said = sexes(pd.Series(words, dtype="str"), "t.csv", "sexo")
    assert [None if pd.isna(one) else one for one in said] == meant


@pytest.mark.parametrize(
    ("woman", "man"),
    [("weiblich", "männlich"), ("Féminin", "Masculin"), ("FEMININ", "MASCULIN"), ("femme", "homme"),
     ("femminile", "maschile"), ("Femmina", "Maschio"), ("donna", "uomo"), ("Femenino", "Masculino"),
     ("mujer", "hombre"), ("Feminino", "Masculino"), ("mulher", "homem"), ("vrouw", "man"),
     ("vrouwelijk", "mannelijk")],
)  # fmt: skip
def test_no_language_has_one_sex_alone(woman, man):
    assert sexes(pd.Series([woman, man], dtype="str"), "t.csv", "sex").tolist() == ["F", "M"]


def test_v_and_m_are_a_man_and_a_woman_or_the_other_way_round(caplog):
    texts = pd.Series(["V", "M", "M", "mujer"], dtype="str")
    assert sexes(texts, "t.csv", "sex").fillna("?").tolist() == ["?", "?", "?", "F"]
    assert "3 of 4 rows name no sex that is understood" in caplog.text
    assert sexes(texts, "t.csv", "sex", {"M": ["V"], "F": ["M"]}).tolist() == ["M", "F", "F", "F"]


@pytest.mark.parametrize(
    ("words", "years"),
    [
        (["45M", "45F", "7 f"], [45, 45, 7]),
        (["006M", "6M"], [0.5, 0.5]),
        (["45M", "45W", "62 D"], [45, 45, 62]),
        (["18M", "26W"], [1.5, 26 / 52.18]),
        (["45-M", "50-F", "45M"], [45, 50, 45]),
        (["45 M", "45 H"], [45, 45]),
        (["45V", "44M"], [45, 44]),
        (["12-05", "1,200", "40-49"], [None, None, 44.5]),
    ],
)
def test_an_age_is_not_read_as_what_it_can_hardly_be(words, years):
    said = ages(pd.Series(words, dtype="str"), "t.csv", "age")
    assert [None if pd.isna(one) else one for one in said] == years


def test_words_are_compared_whatever_their_unicode_form_and_blanks():
    assert plain("Pleural\u00a0 Effusion ") == plain("pleural effusion")
    assert plain("Ergu\u0308sse") == plain("Erg\u00fcsse")


def test_signs_that_are_not_seen_change_no_word():
    cells = ["\u200bfemale", "M\u200e", "\ufeffm", "wo\u00adman"]
    assert sexes(pd.Series(cells, dtype="str"), "t.csv", "sex").tolist() == ["F", "M", "M", "F"]
    assert plain("\u200fNo\xa0 finding\u200b") == "no finding"
