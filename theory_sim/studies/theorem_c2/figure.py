"""Figure of the study theorem-c2: the average loss of a run and its bound by Theorem C.2, a panel an arm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot"]

_TITLES = {
    "moving": r"patterns move, $\eta$ = 1", "annealed": r"annealed, $\eta$ = 1 to 1/8",
    "small rate": r"small rate, $\eta$ = 1/8",
    "frozen": r"frozen, $\eta$ = 1", "redrawn": r"drawn anew, $\eta$ = 1", "noise output": r"noise output, $\eta$ = 1",
    "default rate": r"default, $\eta$ = 16 to 1/2", "default rate, annealed": r"default, from $\eta$ = 1/2 on",
}
_LINES = {"W and V": (COLOURS["P"], "--", "o"), "W": (COLOURS["Q"], "-.", "s")}


def plot(table: pandas.DataFrame) -> Figure:
    """Both sides against learning-rate time, with right / left at the end; mean over data sets; the first bounds may lie above.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    from matplotlib.lines import Line2D

    shares = [column for column in table.columns if column.startswith("bound at ") and column.endswith("%")]
    at = [float(name.removeprefix("bound at ").removesuffix("%")) / 100 for name in shares]
    arms = list(dict.fromkeys(table["arm"]))
    with new_figure(1.15 * math.ceil(len(arms) / 2) + 0.6) as figure:
        grid = figure.subplots(math.ceil(len(arms) / 2), 2, sharex=True, sharey=True, squeeze=False)
        for ax in grid.ravel()[len(arms):]:
            ax.set_axis_off()
        for ax, arm in zip(grid.ravel(), arms, strict=False):
            rows = table[table["arm"] == arm].set_index("theta")
            _panel(ax, rows, shares, np.array(at))
            ax.set_title(_TITLES.get(arm, arm), pad=3)
        # Higher lie only bounds for a few steps after the annealing: a distance divided by hardly any tau.
        ends = table[shares[-1]].to_numpy(dtype=float)
        grid[0, 0].set_ylim(0.0, 1.5 * float(ends[np.isfinite(ends)].max(initial=math.log(2))))
        figure.supxlabel(r"learning-rate time $\tau$", fontsize=7.5)
        figure.supylabel("average loss (nats)", fontsize=7.5)
        handles = [Line2D([], [], color=COLOURS["noise"], marker=".", ms=4, label="run")]
        handles += [Line2D([], [], color=colour, ls=line, marker=marker, ms=3, label=rf"bound, $\theta$ = {theta}")
                    for theta, (colour, line, marker) in _LINES.items()]
        handles.append(Line2D([], [], color=COLOURS["noise"], ls=":", lw=0.9, label="log 2"))
        figure.legend(handles=handles, loc="outside upper center", ncols=2, handlelength=2.6, columnspacing=0.9,
                      handletextpad=0.4)
    return figure


def _panel(ax: Axes, rows: pandas.DataFrame, shares: list[str], at: NDArray[np.float64]) -> None:
    """One arm: the run's average loss, the bounds, and what they give away."""
    ax.axhline(math.log(2), color=COLOURS["noise"], ls=":", lw=0.9)
    notes = []
    for theta, (colour, line, marker) in _LINES.items():
        row = rows.loc[theta]
        tau = at * float(row["tau"])
        if theta == "W and V":
            ax.plot(tau, [float(row[name.replace("bound", "average loss")]) for name in shares], color=COLOURS["noise"],
                    marker=".", ms=4)
        bound = np.array([float(row[name]) for name in shares])
        if np.isfinite(bound[-1]):
            ax.plot(tau, bound, color=colour, ls=line, marker=marker, ms=2.5, lw=1.0)
            notes.append((rf"$\times${float(row['bound / average loss']):.2f}", colour))
    for i, (text, colour) in enumerate(notes or [("no bound", COLOURS["noise"])]):
        ax.annotate(text, (0.72 + 0.27 * i if notes else 0.99, 0.99), xycoords="axes fraction", ha="right", va="top",
                    color=colour, fontsize=7)
