"""Means with their intervals over a number, a line a series: what the figures of several studies draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.plots.style import new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["draw_means"]

_MARKS: Final = "osD^vPX<>*"


def draw_means(table: pandas.DataFrame, x: str, series: str, name: str, *, xlabel: str, ylabel: str, columns: int = 2,
               linear: bool = False) -> Figure:  # fmt: skip
    """Draw a column of means over another column, with the interval in the columns ``<name> low`` and ``<name> high``.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of a study's table; where ``x`` is 0 on a logarithmic axis the row stands at half the least other number.
    x, series, name : str
        Columns: the abscissa, what tells the lines apart, and the mean.
    xlabel, ylabel : str
    columns : int
        Of the legend.
    linear : bool
        Whether the abscissa is linear; the ordinate is logarithmic in any case.
    """
    at = table[x].to_numpy(dtype=float)
    least = float(min(at[at > 0], default=1.0))
    with new_figure(2.7) as figure:
        ax = figure.subplots()
        for k, label in enumerate(dict.fromkeys(table[series])):
            rows = table[table[series] == label].sort_values(x)
            where = rows[x].to_numpy(dtype=float)
            value, low, high = (rows[f"{name}{end}"].to_numpy(dtype=float) for end in ("", " low", " high"))
            bars = [np.clip(np.nan_to_num(value - low), 0.0, value), np.clip(np.nan_to_num(high - value), 0.0, None)]
            ax.errorbar(where if linear else np.where(where > 0, where, least / 2), value, bars, marker=_MARKS[k % len(_MARKS)],
                        ms=3.4, lw=0.8, elinewidth=0.8, color=f"C{k}", label=str(label))
        if not linear:
            ax.set_xscale("log")
        ticks = sorted(set(at))
        ax.set_xticks([tick if tick > 0 or linear else least / 2 for tick in ticks], [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
        ax.set_yscale("log")
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
        figure.legend(loc="outside upper center", ncols=columns, handlelength=1.6)
    return figure
