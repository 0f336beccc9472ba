"""Which counts are withheld from the tables of a study."""

from dataclasses import dataclass

from crossray.study.base import LeftOut, Settings


@dataclass(frozen=True, kw_only=True)
class SmallCells(Settings):
    """Which counts are not shown."""

    below: int
    "Counts from 1 up to this limit are not shown."
    closed: tuple[str, ...]
    "Data sets that are not public, to which this applies."


@dataclass(frozen=True, kw_only=True)
class Published(Settings):
    """Settings of a stage whose tables leave the study."""

    small_cells: LeftOut[SmallCells] = None
    "Counts that are not shown; none are hidden if every data set is public."
    counted: tuple[str, ...] = ()
    "Data sets of which their sites send counts alone, so that tables have only what these determine."
