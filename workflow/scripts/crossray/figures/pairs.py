"""Which pairs of a source and a target have something to lose: those whose model is better than chance at home."""

import pandas as pd


def at_chance(transfer: pd.DataFrame) -> pd.Series:
    """Return for each pair whether its model is not better than chance at home, by its interval."""
    return transfer["home_at_chance"].astype(str) == "True"


def claimed(transfer: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs whose drop means something: measured, and better than chance at home."""
    return transfer[transfer["drop"].notna() & ~at_chance(transfer)]
