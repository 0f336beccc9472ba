"""Tables as the report shows them."""

import pandas as pd

from crossray.figures.report_tables import VIEWS, shown_table
from crossray.tables import MEAN_OF_TASKS


def table_of(name, rows):
    """Return rows with all columns that the report shows."""
    return pd.DataFrame(rows, columns=[*VIEWS[name].columns.split(), *({"reason"} - set(VIEWS[name].columns.split()))])


def shown_of(folder, name, row):
    """Return what the report shows of a row, by column."""
    table = table_of(name, [row])
    table.to_csv(folder / "table.csv", index=False)
    shown = shown_table(name, table, folder / "table.csv")
    return dict(zip(shown.columns, shown.rows[0], strict=True))


def test_no_p_value_is_written_as_zero_and_other_small_numbers_are(tmp_path):
    row = {"role": "primary", "kind": "same images", "target": "a", "first": "a", "second": "b",
           "task": MEAN_OF_TASKS, "difference": 0.0001}  # fmt: skip
    cells = shown_of(tmp_path, "comparisons", row | {"p": 3e-9, "p_holm": 0.0104})
    assert (cells["p"], cells["p_holm"], cells["difference"]) == ("<0.001", "0.010", "0.000")
    assert shown_of(tmp_path, "comparisons", row | {"p": None, "p_holm": None})["p"] == "-"


def test_quantities_are_said_in_words(tmp_path):
    row = {"source": "a", "quantity": "home_auc", "value": 0.9}
    assert shown_of(tmp_path, "variances", row)["quantity"] == "internal AUC"
