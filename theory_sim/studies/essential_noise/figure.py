"""Figure of the study essential-noise: which order each noise gives, under both schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.engine_marks import ENGINES, engine_mark
from theory_sim.plots.style import COLOURS, new_figure
from theory_sim.statistics.intervals import share_interval
from theory_sim.studies.engines import get_rows

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_NAMES = {"scaled": r"$\propto$ rate", "none": "none", "per-step": "same per step", "per-tau": r"same per $\tau$"}


def plot(table: pandas.DataFrame) -> Figure:
    """Shares of data sets on which L-S learns P first, and S learns Q first; filled at finite width, open in the limit.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    noises = list(dict.fromkeys(table["noise"]))
    with new_figure(3.2) as figure:
        ax = figure.subplots()
        for column, of, label, colour, shift in (("L-S: P first", "L-S: n", "L-S: P first", COLOURS["P"], -0.3),
                                                 ("S: Q first", "S: n", "S: Q first", COLOURS["Q"], 0.08)):
            for engine, more in zip(ENGINES, (0.0, 0.19), strict=True):
                rows, (marker, fill) = get_rows(table[table[of] > 0], engine), engine_mark(engine, colour)
                share = (rows[column] / rows[of]).to_numpy(dtype=float)
                ends = [share_interval(int(k), int(n)) for k, n in zip(rows[column], rows[of], strict=True)]
                at = [noises.index(noise) + shift + more for noise in rows["noise"]]
                span = [[max(value - end.low, 0.0) for value, end in zip(share, ends, strict=True)],
                        [max(end.high - value, 0.0) for value, end in zip(share, ends, strict=True)]]
                ax.errorbar(share, at, xerr=span, ls="", marker=marker, ms=3.2, mfc=fill, mec=colour, ecolor=colour,
                            elinewidth=0.8, label=f"{label} ({engine.label})", clip_on=False)
        ax.axvline(0.5, color=COLOURS["noise"], ls=":", lw=0.9)
        ax.set_yticks(range(len(noises)), [_NAMES.get(noise, noise.replace("tau_0", r"$\tau_0$").replace("batches of", "batch"))
                                           for noise in noises])
        ax.set_xlim(0.0, 1.0)
        ax.set_ylim(len(noises) - 0.5, -0.5)
        ax.set_xlabel("share of data sets (exact, 95 %)")
        ax.set_ylabel("noise")
        figure.legend(loc="outside upper center", ncols=2, handlelength=1.6, columnspacing=1.0)
    return figure
