"""Figure of the study optimisers: median learning times of P and Q under each optimiser's arms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.learning_times import draw_times

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times in gradient descent's tau, a line an optimiser and arm.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    names = [str(name).replace("gradient-descent", "GD") for name in table["optimiser"]]  # else too long for 80 mm
    return draw_times(table, [f"{name}, {arm}" for name, arm in zip(names, table["arm"], strict=True)], "optimiser")
