"""Figure of the study schedules: error on P at equal time and at equal training loss, and the Q-only loss at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """S's error on P over each arm's, at equal tau and at equal training loss (left); Q-only loss at the end (right).

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    arms = table[~table["arm"].str.contains("long")]
    at = np.arange(len(arms))
    with new_figure(2.9) as figure:
        ax, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1))
        for name, colour, shift in (("end", COLOURS["P"], -0.15), ("equal loss", COLOURS["signal"], 0.15)):
            _points(ax, arms, f"error S / arm, {name}", at + shift, colour, name)
        _points(right, arms, "Q loss at end", at, COLOURS["Q"], "")
        ax.axvline(1.0, color=COLOURS["noise"], ls=":", lw=0.9)
        right.axvline(0.50, color=COLOURS["noise"], ls=":", lw=0.9)
        ax.set_yticks(at, list(arms["arm"]))
        ax.set_ylim(len(arms) - 0.5, -0.5)
        ax.set_xlabel("error on P, S / arm (1)")
        right.set_xlabel("Q-only loss\nat end (nats)")
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, handlelength=0.8, columnspacing=0.9)
    return figure


def _points(ax: object, rows: pandas.DataFrame, name: str, at: object, colour: str, label: str) -> None:
    values = rows[name].to_numpy(dtype=float)
    ends = np.abs(rows[[f"{name} low", f"{name} high"]].to_numpy(dtype=float).T - values)
    ax.errorbar(values, at, xerr=np.nan_to_num(ends), ls="", marker="o", ms=3.2, color=colour,  # type: ignore[attr-defined]
                elinewidth=0.8, label=label)
