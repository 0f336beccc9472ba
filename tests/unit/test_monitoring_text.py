"""What the report says of months and of estimates without labels, and what is refused in the settings."""

import numpy as np
import pandas as pd
import pytest

from crossray.errors import UserError
from crossray.figures.monitoring_text import answer, lead_sentences, title
from crossray.planning import study_of
from crossray.tables import of_rows
from crossray.tables.monitoring import Alarms, Unlabelled, UnlabelledErrors, Watched

WATCHED = {"dataset": "bay", "periods": 20, "baseline": 6, "watched": 14, "streams": 18, "still": 1,
           "false_alarms": 0.05, "limit": 7.0, "alarms": 0, "reason": None}  # fmt: skip
ALARM = {"dataset": "bay", "stream": "score of Effusion by net", "kind": "score", "month": 9, "since": 7,
         "direction": "rose", "before": -1.234, "after": 0.5, "size": 0.8, "moved": "patients or unseen images",
         "decides": "Read about 300 images."}  # fmt: skip


def tables(watched=(WATCHED,), alarms=(), estimates=(), errors=()):
    return {
        "watched": of_rows(watched, Watched), "alarms": of_rows(alarms, Alarms),
        "unlabelled": of_rows(estimates, Unlabelled), "unlabelled_errors": of_rows(errors, UnlabelledErrors),
    }  # fmt: skip


def test_a_study_that_watches_nothing_says_nothing():
    assert list(lead_sentences({"performance": pd.DataFrame()})) == []


def test_nothing_moved_is_the_first_sentence():
    first, rule, *_ = lead_sentences(tables())
    assert first == "Nothing moved at bay in 14 watched months."
    assert "18 streams in 14 watched months after 6" in rule
    assert "probability of at most 5%" in rule


def test_an_alarm_says_what_moved_since_when_and_what_would_decide():
    first, _, alarm, *_ = lead_sentences(tables(alarms=[ALARM, ALARM | {"stream": "mean of images", "month": 11}]))
    assert first == "Score of Effusion by net at bay rose in month 9, and 1 other stream moved."
    assert alarm.startswith("bay, patients or unseen images: score of Effusion by net rose since month 7 (alarm in 9)")
    assert "from -1.23 to 0.5, 0.8 SD of images" in alarm
    assert alarm.endswith("Read about 300 images.")


def test_the_answer_of_the_page_says_what_moved_in_which_month():
    assert answer({"performance": pd.DataFrame()}) == ""
    assert answer(tables()) == "Nothing moved at bay in 14 watched months."
    found = tables(alarms=[ALARM, ALARM | {"stream": "mean of images", "month": 11}])
    assert answer(found) == (
        "Score of Effusion by net at bay rose in month 9, and 1 other stream moved. "
        "By all alarms, what moved is: patients or unseen images at bay."
    )
    two = tables([WATCHED, WATCHED | {"dataset": "cape"}], [ALARM | {"dataset": "cape"}])
    assert answer(two).startswith("Nothing moved at bay in 14 watched months; score of Effusion by net at cape rose in")
    assert answer(two).endswith("By all alarms, what moved is: patients or unseen images at cape.")


def test_what_is_not_watched_says_why():
    empty = dict.fromkeys(("periods", "baseline", "watched", "streams", "still", "alarms"), 0)
    words = list(lead_sentences(tables([{"dataset": "east", "false_alarms": 0.05, "reason": "T", **empty}])))
    assert words[0] == "No month is watched, as no target has dates and enough months."
    assert words[1].startswith("Not watched: east; the images have no dates")
    assert title(*(tables()[name] for name in ("watched", "alarms"))) == "Nothing moved at bay in 14 watched months"


def test_what_is_printed_has_its_interval_and_what_is_not_its_reason():
    row = {"model": "net", "source": "north", "target": "bay", "task": "Effusion", "group": "unlabelled", "targets": 5}
    rows = [
        row | {"estimator": "prior shift", "quantity": "auc", "estimate": 0.81, "estimate_low": 0.75,
               "estimate_high": 0.87, "is_chosen": True},
        row | {"estimator": "prior shift", "quantity": "accuracy", "is_chosen": False, "reason": "E"},
    ]  # fmt: skip
    error = {"estimator": "prior shift", "quantity": "auc", "cause": "all", "cells": 8, "targets": 4,
             "mean_error": 0.01, "sd": np.nan, "worst": 0.04, "within": 1.0, "covered": None}  # fmt: skip
    *_, estimate, tested = lead_sentences(tables(estimates=rows, errors=[error]))
    assert "net of north at bay, Effusion: AUC 0.81 (0.75 to 0.87, prior shift)" in estimate
    assert "no sensitivity, specificity, accuracy, prevalence: where labels could check it" in estimate
    assert "in 8 cells at 4 targets" in tested
    assert "AUC by at most 0.04 (prior shift)" in tested


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluation": {"unit": "patient"}}, "monitoring: its months are of images, and evaluation.unit is patient"),
        ({"objective": "multiclass"}, "monitoring: applies to findings, but this study's tasks are classes"),
        ({"monitoring": {"baseline": 2}}, "monitoring.baseline"),
        ({"monitoring": {"false_alarms": 0}}, "monitoring.false_alarms"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    config = {"study": "s", "tasks": ["Effusion", "Nodule"], "monitoring": {},
              "datasets": {"a": {"reader": "simulated", "images": 10}}}  # fmt: skip
    with pytest.raises(UserError, match=message):
        study_of(config | changes)
