"""Figure of the study rates: S's error on P over that of each initial rate, a time of annealing a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.mean_lines import draw_means

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Ratio of errors at the end over the initial rate.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    rows = table[table["annealed at"] > 0]
    rows = rows.assign(line=[f"annealed at {tau:g}" for tau in rows["annealed at"]])
    figure = draw_means(rows, "initial rate", "line", "error S / arm, end", xlabel=r"initial rate $\eta_1$",
                        ylabel="error on P, S over arm (1)")
    ax = figure.axes[0]
    ax.set_yscale("linear")
    ax.axhline(1.0, color="0.6", lw=0.8, zorder=0)
    return figure
