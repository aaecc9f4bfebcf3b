"""Figure of the study kernel-change: learning times of P and Q under L-S and S, for each law of the patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.learning_times import draw_times

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times of P and Q, at finite width and in the limit.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    short = {"frozen-at-annealing": "fr. at annealing"}
    labels = [f"{short.get(p, p)}, {s}" for p, s in zip(table["patterns"], table["schedule"], strict=True)]
    return draw_times(table, labels, "patterns, schedule")
