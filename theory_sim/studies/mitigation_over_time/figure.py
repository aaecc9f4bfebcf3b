"""Figure of the studies of a mitigated small rate over time: error on P of S over that of each arm, along the runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from theory_sim.plots.style import new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_TAU: Final = re.compile(r"error S / arm, tau = ([\d.e+]+)")
_MARKS: Final = "osD^vPX<>*"


def plot(table: pandas.DataFrame) -> Figure:
    """Ratio of errors with its interval at each tabulated tau, an arm a line; hollow marks are arms that do not work.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    columns = {float(found[1]): str(name) for name in table.columns if (found := _TAU.fullmatch(str(name)))}
    times = sorted(columns)
    arms = table[(table["arm"] != "S") & (table["engine"] == table["engine"].iloc[0])]
    with new_figure(2.6) as figure:
        ax = figure.subplots()
        for k, (_, row) in enumerate(arms.iterrows()):
            shift = (k - (len(arms) - 1) / 2) * 0.01 * times[-1]
            values, low, high = ([float(row[columns[tau] + end]) for tau in times] for end in ("", " low", " high"))
            bars = [[max(v - a, 0.0) for v, a in zip(values, low, strict=True)],
                    [max(b - v, 0.0) for v, b in zip(values, high, strict=True)]]
            face = f"C{k}" if 2 * row["works"] > row["restorable"] else "white"
            ax.errorbar([tau + shift for tau in times], values, bars, marker=_MARKS[k % len(_MARKS)], markersize=3.5,
                        linewidth=0.8, elinewidth=0.8, color=f"C{k}", markerfacecolor=face, label=str(row["arm"]))
        ax.axhline(1.0, color="0.6", linewidth=0.8, zorder=0)
        ax.set_xlim(0.0, 1.06 * times[-1])
        ax.set_xlabel(r"$\tau$ (1)")
        ax.set_ylabel("error on P, S over arm (1)")
        figure.legend(loc="outside upper center", ncols=2)
    return figure
