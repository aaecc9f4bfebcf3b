"""Figure of the study architecture: median learning times of P and Q in each network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.learning_times import draw_times

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times, a line a network and schedule, L-S and S.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    rows = table[table["arm"].isin(("L-S", "S"))]
    return draw_times(rows, [f"{row['network']}, {row['arm']}" for _, row in rows.iterrows()], "network, schedule")
