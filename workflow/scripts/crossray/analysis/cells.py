"""The cells of a study: models x sources x targets x seeds, and the predictions that lie behind each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crossray import manifest
from crossray.errors import UserError, listed
from crossray.tables import ENSEMBLE


@dataclass(frozen=True)
class Trained:
    """A model name and the source that it was trained on."""

    model: str
    source: str


@dataclass(frozen=True)
class Study:
    """Where a study's predictions and manifests lie, and which there are.

    Attributes:
        predictions: folder of predictions, ``{model}/{source}/{seed}/{split}/{dataset}.parquet`` below it.
        manifests: folder of the study's manifests, ``{dataset}.parquet`` in it.
        settings: models, sources, targets, seeds, tasks.
    """

    predictions: Path
    manifests: Path
    settings: Mapping[str, Any]

    def trained(self) -> Iterator[Trained]:
        """Yield every pair of a model and a source."""
        for model in self.settings["models"]:
            for source in self.settings["sources"]:
                yield Trained(model, source)

    def labels(self, dataset: str, split: str) -> pd.DataFrame:
        """Read the rows of a data set's manifest in one split, by image_id."""
        table = manifest.read(self.manifests / f"{dataset}.parquet")
        return table[table["split"] == split].set_index("image_id")

    def logits(self, trained: Trained, split: str, dataset: str) -> dict[str, pd.DataFrame]:
        """Read the logits of each seed, and their mean as the ensemble where there are several.

        Returns:
            seed or ``ensemble`` -> one float64 column a task, by image_id.

        Raises:
            UserError: if the seeds' predictions are not for the same images.
        """
        tables = {}
        for seed in self.settings["seeds"]:
            path = self.predictions / trained.model / trained.source / str(seed) / split / f"{dataset}.parquet"
            tables[str(seed)] = pd.read_parquet(path).set_index("image_id").astype(np.float64)
        first = next(iter(tables.values()))
        for seed, table in tables.items():
            check_rows(table, first.index, f"predictions of {trained.model} trained on {trained.source}, seed {seed}")
        if len(tables) > 1:
            tasks = [task for task in first if all(task in table for table in tables.values())]
            tables[ENSEMBLE] = sum((table[tasks] for table in tables.values()), start=0.0) / len(tables)
        return tables


def check_rows(table: pd.DataFrame, expected: Sequence[str] | pd.Index, what: str) -> None:
    """Check that a table has exactly the expected images.

    Raises:
        UserError: if images are missing or too many; the message names some.
    """
    wrong = table.index.symmetric_difference(pd.Index(expected))
    if len(wrong):
        raise UserError(
            f"{what}: {len(wrong)} images are missing or too many ({listed(wrong)}); "
            "delete the predictions and run again"
        )
