"""Figure of the study annealing-time: by what factor level and motion of the noise fall at the annealing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.engine_marks import ENGINES, engine_mark
from theory_sim.plots.style import COLOURS, new_figure
from theory_sim.studies.engines import get_rows

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Factors after / before, for each way to anneal; filled at finite width, open in the limit.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    annealed = table[table["annealed"] > 0]
    ways = list(dict.fromkeys(zip(annealed["way"], annealed["eta_2 / eta_1"], strict=True)))
    with new_figure(3.1) as figure:
        ax = figure.subplots()
        for name, label, colour, shift in (("level", "noise level", COLOURS["noise"], -0.3),
                                           ("motion", "pattern motion", COLOURS["Q"], 0.12)):
            for engine, aside in zip(ENGINES, (0.0, 0.18), strict=True):
                rows, (marker, fill) = get_rows(annealed, engine), engine_mark(engine, colour)
                at = [ways.index(pair) + shift + aside
                      for pair in zip(rows["way"], rows["eta_2 / eta_1"], strict=True)]
                mean = rows[f"{name} after / before"].to_numpy(dtype=float)
                low, high = (np.maximum(rows[f"{name} after / before {end}"].to_numpy(dtype=float), 1e-4)
                             for end in ("low", "high"))
                ax.errorbar(mean, at, xerr=[np.maximum(mean - low, 0), np.maximum(high - mean, 0)], ls="", marker=marker,
                            ms=3.2, mfc=fill, mec=colour, ecolor=colour, elinewidth=0.8, label=f"{label} ({engine.label})")
        for i, pair in enumerate(ways):
            stable = _value(annealed, pair, "stable level after / before")
            ax.plot([stable, stable], [i - 0.4, i + 0.4], color=COLOURS["noise"], ls=":", lw=1.2,
                    label="stable level's factor" if i == 0 else None)
            ax.plot([pair[1], pair[1]], [i - 0.4, i + 0.4], color=COLOURS["Q"], ls="--", lw=1.0,
                    label=r"factor $\eta_2/\eta_1$" if i == 0 else None)
        ax.set_yticks(range(len(ways)), [f"{way}, 1/{1 / factor:.0f}".replace("tau", r"$\tau$") for way, factor in ways])
        ax.set_xscale("log")
        ax.set_xlim(0.4 * float(annealed["eta_2 / eta_1"].min()), 1.6)
        ax.set_ylim(len(ways) - 0.5, -0.5)
        ax.set_xlabel("after / before annealing (mean, 95 %)")
        ax.set_ylabel(r"annealed at, $\eta_2/\eta_1$")
        figure.legend(loc="outside upper center", ncols=2, handlelength=1.6, columnspacing=1.0)
    return figure


def _value(table: pandas.DataFrame, pair: tuple[str, float], column: str) -> float:
    rows = table[(table["way"] == pair[0]) & (table["eta_2 / eta_1"] == pair[1])]
    return float(rows[column].iloc[0])
