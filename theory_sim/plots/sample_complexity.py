"""Both bounds on the examples that P takes, over the signal strength g_0 (THEORY §10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.plots.registry import Option, Plot, register
from theory_sim.plots.style import COLOURS, new_figure
from theory_sim.theory.sample_complexity import samples_lower_bound, samples_upper_bound

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["OVERLAPS", "plot_sample_complexity"]

OVERLAPS: Final = (0.2, 0.5, 0.8)
_LARGEST_G_0: Final = 3.0
_POINTS: Final = 121
_ORDER: Final = (COLOURS["P"], COLOURS["Q"], COLOURS["signal"], COLOURS["noise"])


def plot_sample_complexity(overlaps: Sequence[float] = OVERLAPS, *, d: float = math.inf) -> Figure:
    """Draw n / d that any method needs (solid) and that averaging takes at most (dashed), the band between them shaded.

    Parameters
    ----------
    overlaps : sequence of float
        Mean overlaps with w* to reach, each in (0, 1); at most four.
    d : float
        Dimension, >= 2; by default the limit of large d. Where the upper bound promises nothing its line is missing.

    Raises
    ------
    InputError
        If there is no overlap or there are more than four, or one lies outside of (0, 1), or d < 2.
    """
    if not 1 <= len(overlaps) <= len(_ORDER):
        raise InputError(f"{len(overlaps)} overlaps", f"1 to {len(_ORDER)} of them", "choose fewer, or at least one")
    if not all(0.0 < c < 1.0 for c in overlaps):
        raise InputError(f"overlaps {list(overlaps)}", "0 < overlap < 1", "aim between: 0 takes no examples, 1 all of them")
    g_0 = np.linspace(0.0, _LARGEST_G_0, _POINTS)
    with new_figure(2.6) as figure:
        ax = figure.subplots()
        for c, colour in zip(overlaps, _ORDER, strict=False):
            lower, upper = samples_lower_bound(d, c, g_0), samples_upper_bound(c, g_0, d=d)
            if math.isfinite(d):
                upper = np.ceil(d * upper) / d  # of whole numbers of examples alone is it a bound
            finite = np.isfinite(upper)
            ax.plot(g_0, lower, color=colour, label=f"$c = {c:g}$")
            ax.plot(g_0[finite], upper[finite], color=colour, ls="--")
            ax.fill_between(g_0[finite], lower[finite], upper[finite], color=colour, alpha=0.15, lw=0)
        ax.plot([], [], color="black", label="needed by any method")
        ax.plot([], [], color="black", ls="--", label="enough for averaging")
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_xlim(0.0, _LARGEST_G_0)
        ax.set_xlabel(r"signal strength $g_0$ (margin times $\sqrt{d}$)")
        where = r"$d\to\infty$" if math.isinf(d) else f"$d = {d:g}$"
        ax.set_ylabel(f"P examples per dimension, $n/d$ ({where})")
        figure.legend(loc="outside upper center", ncols=2, handlelength=1.8, columnspacing=1.2)
    return figure


register(Plot(
    "sample-complexity", "Examples of P that any method needs, and that averaging takes, over g_0 (no runs needed).", "nothing",
    plot_sample_complexity, (
        Option("overlaps", list[float], OVERLAPS, "Mean overlap with w* to reach.", "overlap"),
        Option("d", float, math.inf, "Dimension; left out, the limit of large d."),
    ),
))
