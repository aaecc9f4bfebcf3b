"""Figure of the study label-noise: error on P over the share of wrong labels, an arm a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.mean_lines import draw_means

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Mean error on P at the end, of the arms whose labels are flipped once.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    once = table[table["labels"] == "flipped once"]
    return draw_means(once, "share of wrong labels", "arm", "P error", xlabel="share of wrong labels (1)",
                      ylabel="error on P at the end (1)", linear=True)
