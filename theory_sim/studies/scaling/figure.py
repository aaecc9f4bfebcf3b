"""Figure of the study scaling: learning times against d, and the ratio of errors on P against r d."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.style import COLOURS, legend_above, new_figure
from theory_sim.studies.engines import CLOSURE, LIMIT, get_rows

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot"]

_TIMES = (
    ("S", "tau_Q", "Q under S", "Q", "s"), ("S", "tau_P", "P under S", "P", "s"), ("L-S", "tau_P", "P under L-S", "P", "o"),
)


def plot(table: pandas.DataFrame) -> Figure:
    """Points are the limit (median times, geometric mean ratios), solid lines the closure, dotted lines §8's closed forms.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    with new_figure(4.9) as figure:
        times, gap = figure.subplots(2, 1)
        laws = list(dict.fromkeys(table["alpha"]))
        judged = table[table["alpha"] == laws[0]]
        for schedule, name, label, kind, marker in _TIMES:
            rows = judged[judged["schedule"] == schedule].sort_values("d")
            closure, limit = get_rows(rows, CLOSURE), get_rows(rows, LIMIT)
            colour, fill = COLOURS[kind], COLOURS[kind] if schedule == "L-S" else "white"
            times.plot(closure["d"], closure[name], color=colour, lw=0.9)
            times.plot(limit["d"], limit[name], ls="", marker=marker, ms=4, mfc=fill, mec=colour, label=label)
        times.plot([], [], color=COLOURS["noise"], lw=0.9, label="closure")
        closure = get_rows(judged[judged["schedule"] == "S"], CLOSURE).sort_values("d")
        for name in ("tau_P", "tau_Q"):
            times.plot(closure["d"], closure[f"{name} closed form"], color="black", ls=":", lw=1.0,
                       label="closed form" if name == "tau_Q" else None)
        times.set_xscale("log")
        times.set_yscale("log")
        times.set_xlabel("dimension $d$")
        times.set_ylabel(r"learning time $\tau$")
        legend_above(times)
        _gap(gap, table, laws)
    return figure


def _gap(ax: Axes, table: pandas.DataFrame, laws: list[str]) -> None:
    name = "error S / L-S, equal loss"
    rows = table[(table["schedule"] == "L-S")].sort_values("d")
    for law, ls, colour in zip(laws, ("-", "--"), (COLOURS["signal"], COLOURS["noise"]), strict=True):
        closure = get_rows(rows[rows["alpha"] == law], CLOSURE)
        ax.plot(closure["r d"], closure[name], color=colour, ls=ls, lw=0.9, label=f"closure, {_shown(law)}")
    limit = get_rows(rows, LIMIT)
    value = limit[name].to_numpy(dtype=float)
    ends = [limit[f"{name} {end}"].to_numpy(dtype=float) for end in ("low", "high")]
    reach = [np.where(np.isfinite(end), np.abs(end - value), 0.0) for end in ends]
    ax.errorbar(limit["r d"], value, yerr=reach, ls="", marker="o", ms=4, mfc=COLOURS["signal"], mec=COLOURS["signal"],
                ecolor=COLOURS["signal"], elinewidth=0.8, capsize=2, label=f"limit, {_shown(laws[0])}")
    ax.axhline(10.0, color="black", lw=0.7, ls=":")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("$r d$")
    ax.set_ylabel("error on P, S / L-S")
    legend_above(ax)


def _shown(law: str) -> str:
    return law.replace("alpha in", r"$\alpha\in$")
