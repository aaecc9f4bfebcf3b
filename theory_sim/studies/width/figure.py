"""Figure of the study width: gaps from the limit against the width, and what the separation lacks against 0.55 q."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.engines import Engine
from theory_sim.plots.style import COLOURS, from_zero, legend_above, new_figure
from theory_sim.studies.engines import LIMIT

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot"]

_FROZEN: Final = Engine("limit", {"kernel": "frozen"})
_GAPS = {
    "outputs": ("outputs", COLOURS["P"], "o"), "losses": ("losses (nats)", COLOURS["signal"], "s"),
    "times": (r"$\log\tau$", COLOURS["Q"], "^"),
}
_RUNS = {"annealed": True, "small rate": False}
_MOTION = {"noiseless": ("signal moves patterns", COLOURS["P"], "o"), "moving": ("noise of S too", COLOURS["Q"], "s")}


def plot(table: pandas.DataFrame) -> Figure:
    """Gaps against the width above, the deficit of h against q below.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table. Above, filled: annealed; open: small rate; grey: outputs, against the limit of frozen patterns. Bars
        are intervals at 95 %.
    """
    with new_figure(4.9) as figure:
        above, below = figure.subplots(2, 1, height_ratios=(3, 2))
        _plot_gaps(above, table[table["part"] == "gap"])
        _plot_deficits(below, table[(table["part"] == "deficit") & table["deficit / q"].notna()])
    return figure


def _plot_gaps(ax: Axes, rows: pandas.DataFrame) -> None:
    for run, filled in _RUNS.items():
        ls = "-" if filled else ":"
        chosen = rows[rows["run"] == run]
        here = chosen[chosen["against"] == LIMIT.label]
        for name, (label, colour, marker) in _GAPS.items():
            ax.errorbar(here["m_V"], here[f"gap of {name}"], yerr=_bars(here, f"gap of {name}"), color=colour, marker=marker,
                        ms=3.2, mfc=colour if filled else "white", lw=0.8, elinewidth=0.8, ls=ls,
                        label=label if filled else None)
        other = chosen[chosen["against"] == _FROZEN.label]
        ax.plot(other["m_V"], other["gap of outputs"], color=COLOURS["noise"], marker="D", ms=2.8, lw=0.8,
                mfc=COLOURS["noise"] if filled else "white", ls=ls,
                label="outputs, from frozen limit" if filled else None)
    widths = np.unique(rows["m_V"].to_numpy(dtype=float))
    start = rows[(rows["against"] == LIMIT.label) & (rows["m_V"] == widths[0])]["gap of outputs"].mean()
    ax.plot(widths, 1.35 * start * (widths / widths[0]) ** -0.5, color="black", ls="--", lw=0.9, label=r"slope $-1/2$")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"width $m_W = m_V$ (neurons)")
    ax.set_ylabel("gap from the limit (mean)")
    ax.figure.legend(loc="outside upper center", ncols=2, handlelength=1.8, columnspacing=1.0)


def _plot_deficits(ax: Axes, rows: pandas.DataFrame) -> None:
    for run, (label, colour, marker) in _MOTION.items():
        here = rows[rows["run"] == run].sort_values("q")
        ax.errorbar(here["q"], here["deficit less the control's"], yerr=_bars(here, "deficit less the control's"), ls="",
                    color=colour, marker=marker, ms=3.2, elinewidth=0.8, label=label)
    q = np.linspace(0.0, 1.08 * float(rows["q"].max()) if len(rows) else 0.3, 2)
    ax.plot(q, 0.55 * q, color="black", ls="--", lw=0.9, label=r"$0.55\,q$")
    ax.fill_between(q, 0.9 * 0.55 * q, 1.1 * 0.55 * q, color=COLOURS["noise"], alpha=0.2, lw=0)
    ax.axvline(0.3, ymax=0.6, color=COLOURS["noise"], ls=":", lw=0.9)
    ax.set_xlim(left=0.0)
    from_zero(ax)
    ax.set_xlabel(r"$q$ (stated for $q < 0.3$)")
    ax.set_ylabel(r"share of $h$ lacking")
    legend_above(ax)


def _bars(rows: pandas.DataFrame, column: str) -> list[NDArray[np.float64]]:
    """Distances of the interval's ends from the mean; none where there is no interval."""
    mean, low, high = (rows[f"{column}{end}"].to_numpy(dtype=float) for end in ("", " low", " high"))
    # An end below the axis, logarithmic or from 0, is cut there; of a mean below it no bar is seen.
    return [np.nan_to_num(np.maximum(to_the_end, 0.0)) for to_the_end in (mean - np.maximum(low, 1e-6), high - mean)]
