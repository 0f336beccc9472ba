"""The tidy tables that pass from the analyses to the figures, and which of their rows a report shows."""

from pathlib import Path

import pandas as pd

#: the name of the ensemble, in the column ``seed``
ENSEMBLE = "ensemble"


def read_performance(path: Path) -> pd.DataFrame:
    """Read ``performance.csv``; seeds are texts, as one of them may be the ensemble."""
    return pd.read_csv(path, dtype={"seed": str})


def reported(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a report shows: the ensemble where there are several seeds, else the only seed."""
    ensemble = table[table["seed"] == ENSEMBLE]
    return ensemble if len(ensemble) else table
