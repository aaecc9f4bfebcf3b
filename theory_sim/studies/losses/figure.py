"""Figure of the study losses: learning times of each arm under four losses, and what examples with both still give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_END = 1200.0


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times over the run's end (top); weight and share left on examples with both at large d (below).

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table; triangles at the edge are not learnt.
    """
    from matplotlib.lines import Line2D

    small, wide = table[table["arm"] != "S, large d"], table[table["arm"] == "S, large d"]
    names = [f"{row['loss']}, {row['arm']}" for _, row in small.iterrows()]
    with new_figure(4.6) as figure:
        ax, right = figure.subplots(2, 1, height_ratios=(2.6, 1))
        for at, (_, row) in enumerate(small.iterrows()):
            scale = 2.0 if row["loss"] != "logistic" else 1.0  # tau of the logistic run
            for kind, shift in (("P", -0.12), ("Q", 0.12)):
                value, low, high = (scale * float(row[f"tau_{kind}{end}"]) for end in ("", " low", " high"))
                if math.isnan(value):
                    continue
                learnt = math.isfinite(value)
                ax.plot(min(value, _END), at + shift, marker="o" if learnt else ">", ms=3.2, mfc=COLOURS[kind],
                        mec=COLOURS[kind], ls="", clip_on=False)
                if learnt and math.isfinite(low):
                    ax.plot([low, min(high, _END)], [at + shift] * 2, color=COLOURS[kind], lw=0.8, zorder=1)
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(0.0, _END)
        ax.set_xlabel(r"median $\tau$ (matched)")
        ax.legend(handles=[Line2D([], [], ls="", marker="o", ms=3.2, color=COLOURS[k], label=rf"$\tau_{k}$") for k in "PQ"]
                  + [Line2D([], [], ls="", marker=">", ms=3.2, color=COLOURS["noise"], label="not learnt")],
                  loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handlelength=0.8, columnspacing=0.9)
        for name, colour, shift in (("weight left", COLOURS["noise"], -0.15), ("share left", COLOURS["P"], 0.15)):
            values = wide[name].to_numpy(dtype=float)
            ends = np.abs(wide[[f"{name} low", f"{name} high"]].to_numpy(dtype=float).T - values)
            right.errorbar(values, np.arange(len(wide)) + shift, xerr=np.nan_to_num(ends), ls="", marker="o", ms=3.2,
                           color=colour, elinewidth=0.8, label=name)
        right.axvline(0.0, color=COLOURS["noise"], lw=0.6)
        right.axvline(0.5, color=COLOURS["noise"], ls=":", lw=0.9)
        right.set_yticks(range(len(wide)), [f"{loss}, S, large d" for loss in wide["loss"]])
        right.set_ylim(len(wide) - 0.5, -0.5)
        right.set_xlabel("end / start (1)")
        right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handlelength=0.8)
    return figure
