"""The layers of a matrix of AUCs: sources down, targets across, home outlined, empty cells visibly empty."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from crossray.figures.style import AUC_DOMAIN, AUC_RANGE, BELOW_CHANCE, EMPTY, INK, WHITE_FROM


def layers(
    cells: pd.DataFrame, sources: Sequence[str], targets: Sequence[str], cell: int, second_line: str
) -> alt.LayerChart:
    """Draw one matrix.

    Args:
        cells: source, target, auc (empty where there is none), reason, and the column ``second_line``.
        sources: rows from top to bottom.
        targets: columns from left to right.
        cell: pixels along each side of a cell.
        second_line: column with the small text under the number.
    """
    x = alt.X("target:N", title="tested on", scale=alt.Scale(domain=list(targets)), axis=_axis("top"))
    y = alt.Y("source:N", title="trained on", scale=alt.Scale(domain=list(sources)), axis=_axis("left"))
    measured, empty = cells[cells["auc"].notna()], cells[cells["auc"].isna()]
    above, below = measured[measured["auc"] >= 0.5], measured[measured["auc"] < 0.5]
    colour = alt.Color(
        "auc:Q",
        title="AUC (higher is better)",
        scale=alt.Scale(domain=AUC_DOMAIN, range=AUC_RANGE, clamp=True, interpolate="rgb"),
        legend=alt.Legend(orient="bottom", gradientLength=180, values=[0.5, 0.75, 1], format=".2f", titleLimit=300),
    )

    def drawn(table: pd.DataFrame, mark: str, **options: object) -> alt.Chart:
        chart = alt.Chart(table[["source", "target", "auc", "text", "second", "dark"]])
        return getattr(chart, f"mark_{mark}")(**options).encode(x=x, y=y)

    def prepared(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            text=[f"{'▼ ' if auc < 0.5 else ''}{auc:.2f}" if auc == auc else reason
                  for auc, reason in zip(table["auc"], table["reason"], strict=True)],
            second=table[second_line].fillna(""),
            dark=table["auc"] >= WHITE_FROM,
        )  # fmt: skip

    every = prepared(cells)
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#000000"))
    shift = cell / 9
    return alt.layer(
        drawn(prepared(empty), "rect", fill=EMPTY, stroke="#9ca3af", strokeDash=[3, 3]),
        drawn(prepared(below), "rect", fill=BELOW_CHANCE),
        drawn(prepared(above), "rect").encode(color=colour),
        drawn(every[every["source"] == every["target"]], "rect", filled=False, stroke=INK, strokeWidth=3),
        drawn(every, "text", fontSize=15 if cell >= 60 else 13, fontWeight=600, dy=-shift).encode(
            text="text:N", color=ink
        ),
        drawn(every, "text", fontSize=10, dy=shift * 1.5).encode(text="second:N", color=ink),
    ).properties(width=cell * len(targets), height=cell * len(sources))


def _axis(orient: str) -> alt.Axis:
    return alt.Axis(orient=orient, labelAngle=0, domain=False, ticks=False, labelPadding=6)
