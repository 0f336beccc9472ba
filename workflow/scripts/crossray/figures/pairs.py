"""For which pairs of a source and a target a drop is reported: those whose model is better than chance internally."""

import pandas as pd


def at_chance(transfer: pd.DataFrame) -> pd.Series:
    """Return for each pair whether its model is not better than chance internally, by its interval."""
    return transfer["home_at_chance"].astype(str) == "True"


def claimed(transfer: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs whose drop is reported: measured, and better than chance internally."""
    return transfer[transfer["drop"].notna() & ~at_chance(transfer)]
