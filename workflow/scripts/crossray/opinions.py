"""What several readers of an image say together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

#: ways of combining what several say, those who say nothing aside
RULES = ("majority", "any", "all", "first")


def combined(said: Sequence["pandas.Series"], rule: str | None) -> "pandas.Series":
    """Return what several readers say together; what one says as it is.

    Args:
        said: 1, 0 or missing, of each reader.
        rule: what most say, a tie being unknown (majority), positive if one says so (any) or if none denies it (all),
            or what the first says who says something.
    """
    import pandas as pd

    table = pd.concat(said, axis=1, keys=range(len(said)))
    match rule:
        case "majority":
            mean = table.mean(axis=1)
            return (mean > 0.5).astype(float).mask(mean.isna() | (mean == 0.5))
        case "any":
            return table.max(axis=1)
        case "all":
            return table.min(axis=1)
        case _:
            return table.bfill(axis=1)[0]
