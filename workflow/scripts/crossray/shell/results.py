"""The results of a study: its tables by their names, and its models: ``crossray.open_study``."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from crossray import tables
from crossray.errors import UserError, listed
from crossray.study import folders

if TYPE_CHECKING:
    import pandas as pd

    from crossray.shell.model import Model


class StudyResults:
    """The results of a study.

    Args:
        folder: ``results/STUDY``.

    Raises:
        UserError: if no study was evaluated there.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self._folder = Path(folder)
        if not self.tables():
            raise UserError(f"{self._folder}: has no tables of a study; name results/STUDY, and run the study first")

    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables that the study has, in order; docs/tables.md describes each."""
        known = {contract.NAME for contract in tables.contracts()}
        return tuple(sorted(path.stem for path in self._folder.glob("analysis/*") if path.stem in known))

    def table(self, name: str) -> "pd.DataFrame":
        """Read a table, its columns typed; a count that may not be shown is a missing number.

        Raises:
            UserError: if the study has no such table, or the file was edited.
        """
        if name not in self.tables():
            raise UserError(f"{self._folder}: has no table {name!r}; it has {listed(self.tables(), 60)}")
        path = next(self._folder.glob(f"analysis/{name}.*"))
        return tables.read(path, tables.contract_of(name))

    def models(self) -> tuple[tuple[str, str, int], ...]:
        """Return the model, source and seed of each training, in order."""
        found = self._folder.glob(f"models/{folders.WEIGHTS.format(model='*', source='*', seed='*')}")
        keys = [path.parts[-4:-1] for path in found]
        return tuple(sorted((model, source, int(seed)) for model, source, seed in keys))

    def model(self, model: str, source: str, seed: int = 0) -> "Model":
        """Load a trained model.

        Raises:
            UserError: if there is none of this name, source and seed.
        """
        from crossray.shell.model import Model

        if (model, source, seed) not in self.models():
            there = listed(("/".join(map(str, key)) for key in self.models()), 12) or "none"
            raise UserError(f"{self._folder}: no model {model}/{source}/{seed}; there are {there}")
        weights = folders.WEIGHTS.format(model=model, source=source, seed=seed)
        return Model((self._folder / "models" / weights).parent)
