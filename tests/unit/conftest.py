"""A small made-up study with every analysis, made and drawn once."""

import gc
from pathlib import Path

import pytest

from crossray.errors import speaking_of
from made_study import small

#: the first makes the tables that several modules read, the third draws them; the second keeps the other worker busy
FIRST = ("test_corrections.py", "test_training.py", "test_figures.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Put the unit tests that read the made-up study last, so that no worker waits for the other to make it.

    Those that read it are slow, as all of it is made for them.
    """
    units = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    reading = [item for item in units if {"analysed", "made", "empty"} & set(item.fixturenames)]
    readers = {item.path for item in reading}
    for item in reading:
        item.add_marker("slow")

    def place(item):
        return FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST) + (item.path in readers)

    items[:] = [item for item in items if item not in set(units)] + sorted(units, key=place)


@pytest.fixture(autouse=True)
def logged(caplog):
    """Let every test see what is logged, whether or not another one before it ran a program that asks for that."""
    caplog.set_level("INFO", logger="crossray")


@pytest.fixture(autouse=True)
def public():
    """Let messages quote the data of tests; test_discretion.py and others say where they may not."""
    with speaking_of(True):
        yield


@pytest.fixture
def networks_freed():
    """Free the networks of a training that ran in this process, which hold one another: 0.4 GB each."""
    yield
    gc.collect()


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
