"""Phase diagram of a sweep: what was learnt first, or how much better, with predicted boundaries over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.plots.registry import REQUIRED, Option, Plot, register
from theory_sim.plots.style import new_figure, number_ticks
from theory_sim.sweeps.phase import PhaseDiagram, phase_diagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import Boundary, cell_edges
from theory_sim.sweeps.spacing import logarithmic
from theory_sim.theory.conditions import ConditionId

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PHASE_COLOURS", "plot_phase_diagram"]

# Okabe and Ito's palette; "other" is grey.
PHASE_COLOURS: Final = ("#56B4E9", "#E69F00", "#009E73", "#DDDDDD")
_LINES: Final[dict[ConditionId, tuple[str, str, float]]] = {
    "L-S-moves": ("-", "black", 2.0), "S-is-frozen": ("--", "white", 1.0), "S-learns-Q-first": (":", "black", 1.2),
}
"""Dashes, colour and width: where the first two coincide, as they do where eta_1/eta_2 is near 33, one is seen on the other."""
_OUTLINE: Final = {"black": "white", "white": "black"}
_MOST_NAMED: Final = 6
"""Values of an axis that have room for a label each."""
_NAMES: Final = {
    "r": r"$r$", "lambda": r"weight decay $\lambda$", "eta_1": r"$\eta_1$", "eta_2": r"$\eta_2$",
    "eta_2/eta_1": r"$\eta_2/\eta_1$", "d": r"$d$", "kappa": r"$\kappa$", "tau_xi": r"$\tau_\xi$", "q0": r"$q_0$",
    "g0": r"$g_0$",
}
_MEANINGS: Final = {
    "error_ratio": "error on P: S / L-S", "h": "separation h at the end", "h_at_tau_P": "separation h when P is learnt",
}


def plot_phase_diagram(diagram: PhaseDiagram) -> Figure:
    """Cells are simulated runs, lines predicted boundaries; a cross marks cells whose seeds disagree, white ones are not known.

    Of an adaptive sweep a small dot marks the cells that were computed; a white one marks cells whose order is certified.

    Parameters
    ----------
    diagram : PhaseDiagram
        See `phase_diagram`.
    """
    from matplotlib.ticker import NullLocator

    with new_figure(3.3) as figure:
        ax = figure.subplots()
        edges = [cell_edges(values) for values in (diagram.x, diagram.y)]
        handles = _draw_order(ax, edges, diagram) if diagram.quantity == "order" else _draw_numbers(ax, edges, diagram)
        handles += _draw_boundaries(ax, diagram.boundaries)
        for set_scale, axis, values in ((ax.set_xscale, ax.xaxis, diagram.x), (ax.set_yscale, ax.yaxis, diagram.y)):
            if logarithmic(values):
                set_scale("log")
                number_ticks(axis, values[0], values[-1])
            if len(values) <= _MOST_NAMED:  # each cell is found by its own number
                axis.set_ticks(values, [f"{value:g}" for value in values])
                axis.set_minor_locator(NullLocator())
        ax.set_xlim(edges[0][0], edges[0][-1])
        ax.set_ylim(edges[1][0], edges[1][-1])
        ax.set_xlabel(_NAMES.get(diagram.x_label, diagram.x_label))
        ax.set_ylabel(_NAMES.get(diagram.y_label, diagram.y_label))
        figure.legend(handles=handles, loc="outside upper center", ncols=2, handlelength=1.6, columnspacing=1.0)
    return figure


def _draw_order(ax: Any, edges: list[Any], diagram: PhaseDiagram) -> list[Any]:
    """Phases, and marks of single cells; what the legend shows of them."""
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    # No borders: white ones would be taken for parts of the boundaries, which have white below them.
    ax.pcolormesh(*edges, diagram.values, cmap=ListedColormap(list(PHASE_COLOURS)),
                  norm=BoundaryNorm(np.arange(len(PHASES) + 1) - 0.5, len(PHASES)))
    shown = sorted(set(diagram.values[~np.isnan(diagram.values)].astype(int)))
    handles: list[Any] = [*(Patch(color=PHASE_COLOURS[i], label=PHASES[i]) for i in shown), *_not_known(diagram)]
    marks: list[tuple[Any, str, dict[str, Any]]] = [
        (diagram.computed, "computed", {"marker": ".", "ms": 3.0, "mew": 0}),
        (diagram.certified, "certified", {"marker": "o", "ms": 4.0, "mew": 0.8, "mfc": "white"}),
        (~diagram.unanimous, "seeds disagree", {"marker": "x", "ms": 3.2, "mew": 0.8}),
    ]
    for cells, label, look in marks:
        if cells is not None and cells.any():
            rows, columns = np.nonzero(cells)
            ax.plot(diagram.x[columns], diagram.y[rows], ls="", color="black", zorder=3, **look)
            handles.append(Line2D([], [], ls="", color="black", label=label, **look))
    return handles


def _draw_numbers(ax: Any, edges: list[Any], diagram: PhaseDiagram) -> list[Any]:
    """A quantity with its colour scale; what the legend shows of them.

    Ratios are coloured evenly around 1, those of an error of 0 as the largest or the smallest of the others.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    label, handles = _MEANINGS.get(diagram.quantity, diagram.quantity), _not_known(diagram)
    if np.isnan(diagram.values).all():
        return handles
    if diagram.quantity != "error_ratio":
        ax.figure.colorbar(ax.pcolormesh(*edges, diagram.values, cmap="cividis"), ax=ax, label=label)
        return handles
    ends = _symmetric(diagram.values)
    mesh = ax.pcolormesh(*edges, np.clip(diagram.values, *ends), cmap="PuOr", norm=LogNorm(*ends))
    bar = ax.figure.colorbar(mesh, ax=ax, label=label)
    # Of either kind 1 has a tick.
    bar.ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]) if ends[1] < 3.0 else LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter("{x:.3g}")
    bar.ax.yaxis.set_minor_locator(NullLocator())
    return handles


def _not_known(diagram: PhaseDiagram) -> list[Any]:
    """What the legend says of white cells, if there are any."""
    from matplotlib.patches import Patch

    return [Patch(facecolor="white", edgecolor="0.6", lw=0.6, label="not known")] if np.isnan(diagram.values).any() else []


def _draw_boundaries(ax: Any, boundaries: Sequence[Boundary]) -> list[Any]:
    """Lines where a condition's margin changes its sign; what the legend shows of them."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    handles: list[Any] = []
    for each in boundaries:
        if min(each.margin.shape) > 1 and _crosses(each.margin):
            dashes, colour, width = _LINES[each.id]
            # Outlined in the other colour, so that a line is seen on any.
            outline = [withStroke(linewidth=width + 1.4, foreground=_OUTLINE[colour])]
            drawn = ax.contour(each.x, each.y, each.margin, levels=[0.0], colors=colour, linewidths=width, linestyles=[dashes])
            drawn.set_path_effects(outline)
            handles.append(Line2D([], [], color=colour, lw=width, ls=dashes, label=each.label, path_effects=outline))
    return handles


def _symmetric(values: NDArray[np.float64]) -> tuple[float, float]:
    """Ends of a colour scale with its middle at 1."""
    usable = values[np.isfinite(values) & (values > 0.0)]
    most = max(float(np.exp(np.abs(np.log(usable)).max(initial=0.0))), 1.05)
    return 1 / most, most


def _crosses(margin: NDArray[np.float64]) -> bool:
    return bool(np.nanmin(margin) < 0 < np.nanmax(margin))


register(Plot(
    "phase", "Phase diagram of a sweep, with predicted boundaries; for the order, in how many cells they agree.", "sweep",
    plot_phase_diagram, (
        Option("x", str, REQUIRED, "Varied field, or a ratio such as eta_2/eta_1."),
        Option("y", str, REQUIRED, "The same for the other axis."),
        Option("quantity", str, "order", "order, error_ratio, or a variable such as h_at_tau_P."),
        Option("select", dict, None, "Label of another dimension: DIM=LABEL."),
        Option("certified", str, None, "Table of certified orders, as proofs-check order SWEEP.toml --format csv writes it."),
    ), phase_diagram,
))
