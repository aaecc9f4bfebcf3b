"""Figure of the study regularisation: learning times and the growth of the noise, with and without weight decay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.engine_marks import ENGINES, engine_mark
from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_NAMES = {"constant": r"$\eta_1$", "constant, noise annealed": r"$\eta_1$, noise stops"}


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times (left) and noise level at the end over that at half the time (right), a row a kind of run.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table. Filled: finite width; open: the limit; triangles at the edge: not learnt.
    """
    from matplotlib.lines import Line2D

    kinds = list(dict.fromkeys(zip(table["lambda"], table["run"], strict=True)))
    kinds.sort(key=lambda kind: kind[0])
    times = table[["tau_P", "tau_Q"]].to_numpy(dtype=float)
    edge = 1.25 * float(times[np.isfinite(times)].max(initial=1.0))
    with new_figure(3.6) as figure:
        ax, right = figure.subplots(1, 2, sharey=True, width_ratios=(2, 1))
        for _, row in table.iterrows():
            engine = next(engine for engine in ENGINES if engine.label == row["engine"])
            at = kinds.index((row["lambda"], row["run"])) + (0.16 if engine.solver.infinite_width else -0.14)
            for kind in ("P", "Q"):
                value, low, high = (float(row[f"tau_{kind}{end}"]) for end in ("", " low", " high"))
                learnt = not math.isinf(value)  # not-a-number, where no run had an order, is not drawn
                marker, fill = engine_mark(engine, COLOURS[kind])
                end = edge * (0.96 if kind == "P" else 1.03)  # beside each other where neither is learnt
                ax.plot(value if learnt else end, at, marker=marker if learnt else ">", ms=3.2, mfc=fill,
                        mec=COLOURS[kind], ls="", clip_on=False)
                if learnt and not math.isnan(low):
                    ax.plot([low, min(high, edge)], [at, at], color=COLOURS[kind], lw=0.8, zorder=1)
            growth, low, high = (float(row[f"level, end / half{end}"]) for end in ("", " low", " high"))
            marker, fill = engine_mark(engine, COLOURS["noise"])
            right.plot(growth, at, marker=marker, ms=3.2, mfc=fill, mec=COLOURS["noise"], ls="")
            if not math.isnan(low):
                right.plot([low, high], [at, at], color=COLOURS["noise"], lw=0.8)
        right.margins(x=0.15)
        right.set_xticks([0.7, 1.0, 1.3])
        right.axvline(1.0, color=COLOURS["noise"], ls=":", lw=0.9)
        ax.set_yticks(range(len(kinds)), [rf"$\lambda$ = {value:g}: {_NAMES.get(run, run)}" for value, run in kinds])
        ax.set_ylim(len(kinds) - 0.5, -0.5)
        ax.set_xlim(0.0, edge)
        ax.set_xlabel(r"median learning time $\tau$")
        right.set_xlabel("noise level,\nend / half")
        handles = [Line2D([], [], ls="", marker="o", ms=3.2, color=COLOURS[kind], label=rf"$\tau_{kind}$") for kind in "PQ"]
        grey = COLOURS["noise"]
        handles.append(Line2D([], [], ls="", marker=">", ms=3.2, color=grey, label="not learnt"))
        for engine in ENGINES:
            marker, fill = engine_mark(engine, grey)
            handles.append(Line2D([], [], ls="", marker=marker, ms=3.2, mfc=fill, mec=grey, label=engine.label))
        figure.legend(handles=handles, loc="outside upper center", ncols=5, handlelength=0.8, columnspacing=0.9,
                      handletextpad=0.4)
    return figure
