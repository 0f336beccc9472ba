"""The layers of a matrix of AUCs: sources down, targets across, home outlined, empty cells visibly empty."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from crossray.figures.style import AUC_DOMAIN, AUC_RANGE, BELOW_CHANCE, EMPTY, INK, WHITE_FROM, below_chance

#: pixels from a small text to the next
_LINE = 12


def layers(
    cells: pd.DataFrame, members: Mapping[str, Sequence[str]], targets: Sequence[str], cell: int, *small: str
) -> alt.LayerChart:
    """Draw one matrix.

    Args:
        cells: source, target, auc (empty where there is none), auc_high, reason, caveat (a code, or empty), and the
            columns ``small``.
        members: the data sets of each source, rows from top to bottom, those that have cells; where a source has the
            target, it is at home.
        targets: columns from left to right.
        cell: pixels along each side of a cell.
        small: columns with the small texts under the number, from top to bottom.
    """
    members = {source: names for source, names in members.items() if source in set(cells["source"])}
    x = alt.X("target:N", title="tested on", scale=alt.Scale(domain=list(targets)), axis=_axis("top", cell, targets))
    y = alt.Y("source:N", title="trained on", scale=alt.Scale(domain=list(members)), axis=_axis("left"))
    measured, empty = cells[cells["auc"].notna()], cells[cells["auc"].isna()]
    worse = below_chance(measured["auc_high"])
    above, below = measured[~worse], measured[worse]
    colour = alt.Color(
        "auc:Q",
        title="AUC (higher is better)",
        scale=alt.Scale(domain=AUC_DOMAIN, range=AUC_RANGE, interpolate="rgb"),
        legend=alt.Legend(orient="bottom", gradientLength=240, values=[0, 0.5, 0.75, 1], format=".2f", titleLimit=300),
    )

    def drawn(table: pd.DataFrame, mark: str, **options: object) -> alt.Chart:
        chart = alt.Chart(table[["source", "target", "auc", "text", *small, "dark"]])
        return getattr(chart, f"mark_{mark}")(**options).encode(x=x, y=y)

    def prepared(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            text=[f"{'▼ ' * below_chance(row.auc_high)}{row.auc:.2f}{_beside(row.caveat)}" if row.auc == row.auc
                  else row.reason for row in table.itertuples()],
            **{name: table[name].fillna("") for name in small},
            dark=table["auc"] >= WHITE_FROM,
        )  # fmt: skip

    every = prepared(cells)
    home = [row.target in members[row.source] for row in every.itertuples()]
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#000000"))
    shift, raised = cell / 9, _LINE / 2 * (len(small) - 1)
    first = shift * (1.5 if cell >= 60 else 2.2) - raised
    return alt.layer(
        drawn(prepared(empty), "rect", fill=EMPTY, stroke="#9ca3af", strokeDash=[3, 3]),
        drawn(prepared(below), "rect", fill=BELOW_CHANCE),
        drawn(prepared(above), "rect").encode(color=colour),
        drawn(every[home], "rect", filled=False, stroke=INK, strokeWidth=3),
        drawn(every, "text", fontSize=_font(cell), fontWeight=600, dy=-shift - raised).encode(text="text:N", color=ink),
        *(
            drawn(every, "text", fontSize=10 if cell >= 60 else 9, dy=first + _LINE * place).encode(
                text=f"{name}:N", color=ink
            )
            for place, name in enumerate(small)
        ),
    ).properties(width=cell * len(targets), height=cell * len(members))


def _beside(caveat: str | None) -> str:
    """Write the code of a caveat beside a number."""
    return f" {caveat}" if isinstance(caveat, str) and caveat else ""


def _axis(orient: str, cell: int = 0, names: Sequence[str] = ()) -> alt.Axis:
    """Return an axis without lines; names that are wider than a cell stand aslant."""
    aslant = max(map(len, names), default=0) * 7 > cell and orient == "top"
    return alt.Axis(orient=orient, labelAngle=-40 if aslant else 0, domain=False, ticks=False, labelPadding=6)


def _font(cell: int) -> int:
    return 15 if cell >= 60 else 12
