"""Why a job runs again: Snakemake's reason, shortened to the settings that changed."""

import json
import logging

import pytest
from snakemake.persistence import ParamsChange

from crossray.changes import Changes, shortened

SETTINGS = {"epochs": 1, "augmentation": {"rotation": 5, "scale": 0.05}, "tasks": ["A", "it's"], "weights": None}
CODE = "0123456789abcdef" * 4


def reason(before, now, *more):
    """Return what Snakemake says where params were these, and are those."""
    change = ParamsChange(set(map(repr, before)), set(map(repr, now)), {"out"})
    return "; ".join([*more, f"Params have changed since last execution: {change}"])


def changed(**more):
    return json.dumps(SETTINGS | more)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"epochs": 2}, "setting epochs, 1 before, 2 now"),
        ({"augmentation": {"rotation": 6, "scale": 0.05}}, "setting augmentation.rotation, 5 before, 6 now"),
        ({"augmentation": {"scale": 0.05}}, "setting augmentation.rotation, 5 before, not there now"),
        ({"weights": "it's, a {file}"}, "setting weights, null before, \"it's, a {file}\" now"),
        ({"tasks": ["A"], "seed": 1}, "setting tasks, [\"A\", \"it's\"] before, [\"A\"] now; "
                                      "setting seed, not there before, 1 now"),
        ({"epochs": True}, "setting epochs, 1 before, true now"),
    ],
)  # fmt: skip
def test_the_keys_that_changed_are_named(now, words):
    assert shortened(reason([changed()], [changed(**now)])) == f"Changed: {words}"


def test_code_and_other_params_are_told_apart():
    assert shortened(reason([CODE], [CODE[::-1]])) == "Changed: the code"
    both = shortened(reason([CODE, changed()], [CODE[::-1], changed(epochs=3)]))
    assert both == "Changed: setting epochs, 1 before, 3 now; the code"
    assert shortened(reason(["results/a"], ["results/b"])) == "Changed: another param (results/a)"
    assert shortened(reason([], [changed()], "Forced execution")).startswith("Forced execution; ")


def test_other_reasons_and_records_stay_as_they_are():
    for words in ("Input files updated by another job: a.csv", reason([], ["x"]).replace("'x'", "'x")):
        assert shortened(words) == words
    record = logging.LogRecord("n", logging.INFO, "p", 1, "m", None, None)
    assert Changes().filter(record)
    record.reason = reason([changed()], [changed(epochs=2)])
    assert Changes().filter(record)
    assert record.reason == "Changed: setting epochs, 1 before, 2 now"
