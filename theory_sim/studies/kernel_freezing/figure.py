"""Figure of the study kernel-freezing: median learning times of P and Q, an arm a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.learning_times import draw_times

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times of each arm.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    return draw_times(table, [str(arm) for arm in table["arm"]], "patterns and rate")
