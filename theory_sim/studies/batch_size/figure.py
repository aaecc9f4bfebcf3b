"""Figure of the study batch-size: error on P over the noise scale g, a rate a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.mean_lines import draw_means

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Mean error on P at the end over the noise scale that is aimed at; full batches stand at the left, where g is 0.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table; of its initial levels the largest is drawn.
    """
    rows = table[table["tau_0"] == table["tau_0"].max()]
    rows = rows.assign(rate=[f"rate {rate:g}" for rate in rows["eta"]])
    return draw_means(rows, "g", "rate", "P error", xlabel=r"noise scale $g=\eta(N/B-1)$", ylabel="error on P (1)", columns=3)
