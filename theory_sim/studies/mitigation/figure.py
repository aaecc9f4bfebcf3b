"""Figure of the study mitigation: which noise levels and annealing times have P learnt first at S's rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.engine_marks import ENGINES
from theory_sim.plots.style import new_figure
from theory_sim.studies.engines import get_rows

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Map over noise level and annealing time of the share of seeds with P first; the numbers are S's error over the arm's.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    arms = table[table["arm"] == "S + noise"]
    levels, times = sorted(set(arms["s"])), sorted(set(arms["annealed at tau"]))
    with new_figure(2.2) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for ax, engine, title in zip(axes, ENGINES, ("finite width", "limit"), strict=True):
            share = np.full((len(levels), len(times)), np.nan)
            for _, row in get_rows(arms, engine).iterrows():
                i, j = levels.index(row["s"]), times.index(row["annealed at tau"])
                share[i, j] = row["P first"] / row["n"] if row["n"] else np.nan
                dark = share[i, j] < 0.5
                ax.text(j, i, f"{row['error S / arm']:.2f}", ha="center", va="center", color="white" if dark else "black")
            image = ax.imshow(share, vmin=0, vmax=1, cmap="cividis", aspect="auto", origin="lower")
            ax.set_xticks(range(len(times)), [f"{time:g}" for time in times])
            ax.set_yticks(range(len(levels)), [f"{level:g}" for level in levels])
            ax.set_title(title)
            ax.spines[:].set_visible(False)
        figure.supxlabel(r"noise annealed at $\tau$ (1)", fontsize=7.5)
        axes[0].set_ylabel(r"noise level $s/\tau_0$ (1)")
        figure.colorbar(image, ax=axes, label="share of seeds, P first (1)")
    return figure
