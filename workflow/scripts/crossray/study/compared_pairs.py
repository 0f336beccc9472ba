"""Pairs of sources whose outputs are compared: of the configuration, and of the stage that compares them."""

from dataclasses import dataclass

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class ComparedPair(Settings):
    """Two sources whose outputs are compared."""

    target: str
    "Data set of the test images."
    task: str
    "The finding."
    first: str
    "A source."
    second: str
    "Another source."
