"""Median learning times of P and Q, a line an arm: what the figures of several studies draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from theory_sim.plots.engine_marks import ENGINES, engine_mark
from theory_sim.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["draw_times"]

_BEYOND = 1.06
"""Where medians that are not reached stand, relative to the largest that is."""


def draw_times(table: pandas.DataFrame, labels: Sequence[str], ylabel: str) -> Figure:
    """Draw the medians with their intervals; filled at finite width, open in the limit.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``engine``, ``tau_P`` and ``tau_Q`` and the ends of their intervals.
    labels : sequence of str
        Arm of each row.
    ylabel : str
        What the arms are.
    """
    arms = list(dict.fromkeys(labels))
    reached = [float(value) for name in ("tau_P", "tau_Q") for value in table[name] if math.isfinite(value)]
    edge = _BEYOND * max(reached, default=1.0)
    with new_figure(1.05 + 0.23 * len(arms)) as figure:
        ax = figure.subplots()
        for name, colour, shift in (("P", COLOURS["P"], -0.2), ("Q", COLOURS["Q"], 0.2)):
            for engine, aside in zip(ENGINES, (-0.1, 0.1), strict=True):
                if engine.label not in set(table["engine"]):
                    continue
                marker, fill = engine_mark(engine, colour)
                mark: dict[str, Any] = {"ls": "", "ms": 3.4, "mfc": fill, "mec": colour}
                ax.plot([], [], marker=marker, label=f"{name} ({engine.label})", **mark)
                for arm, (_, row) in zip(labels, table.iterrows(), strict=True):
                    if row["engine"] != engine.label:
                        continue
                    at = arms.index(arm) + shift + aside
                    value, low, high = (float(row[f"tau_{name}{end}"]) for end in ("", " low", " high"))
                    if not engine.solver.infinite_width and math.isfinite(low):
                        ax.plot([low, min(high, edge)], [at, at], color=colour, lw=0.8)
                    beyond = math.isinf(value)  # not-a-number: no run had an order
                    ax.plot([edge if beyond else value], [at], marker=">" if beyond else marker, **mark)
        ax.axvline(edge, color="#bbbbbb", lw=0.6, ls=":", zorder=0)
        ax.set_yticks(range(len(arms)), arms)
        ax.set_ylim(len(arms) - 0.5, -0.5)
        ax.set_xlim(0, 1.03 * edge)
        ax.set_xlabel("median learning time $\\tau$ (1)\ntriangles: not learnt")
        ax.set_ylabel(ylabel)
        figure.legend(loc="outside upper center", ncols=4, handletextpad=0.2, columnspacing=0.8)
    return figure
