"""A study's results and the settings of its report, from which its paper is written."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from crossray.figures.registry import TABLES
from crossray.figures.report import provenance
from crossray.small_cells import COUNTS
from crossray.study.config import Study
from crossray.study.stages.write_report import WriteReport
from crossray.tables import contract_of, read, with_marks


@dataclass(frozen=True)
class StudyResults:
    """What a paper is written from.

    Attributes:
        folder: the study's results.
        datasets: the folder of data sets.
        settings: of the report.
    """

    folder: Path
    datasets: Path
    settings: WriteReport

    @cached_property
    def study(self) -> Study:
        """The configuration."""
        return self.settings.asked()

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Names and versions of inputs and software, as the report has them; computed once, from whole files."""
        return dict(provenance(self.folder / "manifests", self.datasets, self.settings))

    def has(self, table: str) -> bool:
        """Return whether the study has a table."""
        return table in self.settings.tables

    def knows(self, readers: Collection[str]) -> bool:
        """Return whether a data set of the study is read by one of some readers."""
        return any(one.reader in readers for one in self.study.datasets.values())

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the study."""
        return read(self.folder / TABLES[name].path, contract_of(name))

    def shown(self, name: str) -> pd.DataFrame:
        """Return a table with the marks of counts that are not shown; beside them other counts stay whole numbers."""
        rows = with_marks(self.table(name), self.folder / TABLES[name].path)
        counts = [column for column in rows if column in COUNTS]
        return rows.assign(**{column: rows[column].astype(object).map(_whole) for column in counts})


def _whole(count: Any) -> Any:
    """Return a count as a whole number, which is a fraction in a column where others are missing; else as it is."""
    return int(count) if isinstance(count, int | float) and count == count else count
