"""Figure of the study sample-complexity: errors over the number of examples, and the examples that 5 % take over d."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Mean errors of both models over the examples of a kind, by d (left and middle); examples that 5 % take (right),
    with the guide of numbers that grow as d.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table. Filled and solid: the network; open and dashed: the linear model.
    """
    models = list(dict.fromkeys(table["model"]))
    with new_figure(2.6) as figure:
        axes = figure.subplots(1, 3)
        for model, line in zip(models, ("-", "--"), strict=False):
            for d, shade in zip(sorted(set(table["d"])), (0.4, 0.7, 1.0), strict=False):
                rows = table[(table["model"] == model) & (table["d"] == d)].sort_values("examples of a kind")
                for ax, kind in ((axes[0], "P"), (axes[1], "Q")):
                    ax.plot(rows["examples of a kind"], np.maximum(rows[f"{kind} error"], 1e-3), line, color=COLOURS[kind],
                            alpha=shade, lw=1.0, label=f"d = {d}" if line == "-" else None)
                for kind in "PQ":
                    axes[2].plot(d, rows[f"examples for 5 %, {kind}"].iloc[0], marker="o", ls="", ms=3.6, color=COLOURS[kind],
                                 mfc=COLOURS[kind] if line == "-" else "white")
        guide = sorted(set(table["d"]))
        axes[2].plot(guide, [0.3 * d for d in guide], color=COLOURS["noise"], ls=":", lw=0.9)
        for ax, kind in ((axes[0], "P"), (axes[1], "Q")):
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.set_xlabel("examples\nof the kind")
            ax.set_title(f"error on {kind}")
            ax.axhline(0.05, color=COLOURS["noise"], ls=":", lw=0.9)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, handlelength=1.0)
        axes[2].set_xscale("log")
        axes[2].set_yscale("log")
        axes[2].set_xticks(sorted(set(table["d"])), [str(d) for d in sorted(set(table["d"]))])
        axes[2].set_xlabel("d")
        axes[2].set_yticks([30, 60, 120], ["30", "60", "120"])
        axes[2].minorticks_off()
        axes[2].set_title("for 5 %")
    return figure
