"""A small made-up study with every analysis, made and drawn once."""

import pytest

from crossray.errors import speaking_of
from made_study import small


@pytest.fixture(autouse=True)
def public():
    """Let messages quote the data of tests; test_discretion.py and others say where they may not."""
    with speaking_of(True):
        yield


@pytest.fixture(scope="session")
def analysed(made_once):
    """Return the small study with its tables; do not change it."""
    return small(made_once("analysed", lambda folder: small(folder).make().analyse()))


@pytest.fixture(scope="session")
def made(analysed, made_once):
    """Return the small study with its figures; do not change it."""
    made_once("drawn", lambda _: analysed.draw())
    return analysed


@pytest.fixture(scope="session")
def empty(made_once):
    """Return the small study where no cell has enough positives for a number, with its figures."""
    evaluation = {"minimum": 10**6, "resamples": 100, "seed": 0}
    folder = made_once("empty", lambda folder: small(folder, evaluation=evaluation).make().analyse().draw())
    return small(folder, evaluation=evaluation)
