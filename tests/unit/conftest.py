"""A small made-up study with every analysis, drawn once."""

import pytest

from made_study import small


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return the small study with its figures; do not change it."""
    return small(tmp_path_factory.mktemp("made")).draw()


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """Return the small study where no cell has enough positives for a number."""
    evaluation = {"minimum": 10**6, "resamples": 100, "seed": 0}
    return small(tmp_path_factory.mktemp("empty"), evaluation=evaluation).draw()
