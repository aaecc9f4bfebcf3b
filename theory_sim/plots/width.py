"""|finite - limit| against the width, on one data set a seed: it should fall like m^(-1/2) (THEORY §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.registry import Plot, register
from theory_sim.plots.style import COLOURS, logarithmic_axis, new_figure, number_ticks
from theory_sim.sweeps.width_fit import WidthFit, fit_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_width"]


def plot_width(fit: WidthFit) -> Figure:
    """Points are runs, the line joins medians, the dashed guide has slope -1/2.

    Parameters
    ----------
    fit : WidthFit
        See `fit_width`.
    """
    with new_figure(2.3) as figure:
        ax = figure.subplots()
        for width, sample in zip(fit.widths, fit.differences, strict=True):
            ax.plot(np.full(len(sample), width), sample, ls="none", marker="o", ms=2, color=COLOURS["noise"], alpha=0.4)
        runs = sum(len(sample) for sample in fit.differences)
        slope = f"{fit.slope:.2f} [{fit.low:.2f}, {fit.high:.2f}]".replace("-", "\N{MINUS SIGN}")
        label = f"median of {runs} runs; slope {slope}"
        ax.plot(fit.widths, fit.medians, marker="s", ms=3.5, color=COLOURS["P"], label=label)
        guide = fit.medians[0] * (fit.widths / fit.widths[0]) ** -0.5
        ax.plot(fit.widths, guide, ls="--", lw=0.9, color=COLOURS["Q"], label=r"slope $-1/2$")
        ax.set_xscale("log")
        number_ticks(ax.xaxis, fit.widths[0], fit.widths[-1])
        logarithmic_axis(ax)
        ax.set_xlabel(r"width $m_W + m_V$ (neurons)")
        ax.set_ylabel(r"RMS of $f_m - f_\infty$ at the end")
        figure.legend(loc="outside upper center", handlelength=1.8)
    return figure


register(Plot(
    "width", "Difference between finite widths and the limit on the same data, against the width.", "runs", plot_width,
    numbers=fit_width,
))
