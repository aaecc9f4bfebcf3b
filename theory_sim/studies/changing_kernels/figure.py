"""Figure of the study changing-kernels: what the bound gives away under each law of the patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_THETAS: Final = {"W": (COLOURS["Q"], "s", -0.1), "W and V": (COLOURS["P"], "o", 0.1)}


def plot(table: pandas.DataFrame) -> Figure:
    """Sharper bound over average loss, less 1: means with their intervals, a line a law of the patterns.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    names = list(dict.fromkeys(table["patterns"]))
    with new_figure(1.8) as figure:
        ax = figure.subplots()
        for theta, (colour, marker, shift) in _THETAS.items():
            rows = table[table["theta"] == theta]
            places = [names.index(name) + shift for name in rows["patterns"]]
            values, low, high = ([float(value) for value in rows[f"excess{end}"]] for end in ("", " low", " high"))
            bars = [[v - a for v, a in zip(values, low, strict=True)], [b - v for v, b in zip(values, high, strict=True)]]
            ax.errorbar(values, places, xerr=bars, ls="", marker=marker, markersize=3.5, elinewidth=0.8, color=colour,
                        label=rf"$\theta$ = {theta}")
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(left=0.0)
        ax.set_xlabel("bound over average loss, less 1 (1)")
        ax.set_ylabel("patterns")
        figure.legend(loc="outside upper center", ncols=2)
    return figure
