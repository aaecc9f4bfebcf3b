"""Phase diagram of a sweep: what was learnt first, or how much better, with predicted boundaries over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.plots.registry import REQUIRED, Option, Plot, register
from theory_sim.plots.style import WIDTH, style
from theory_sim.sweeps.phase import PhaseDiagram, phase_diagram
from theory_sim.sweeps.phase_agreement import PHASES
from theory_sim.sweeps.phase_boundaries import cell_edges
from theory_sim.sweeps.spacing import logarithmic
from theory_sim.theory.conditions import ConditionId

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PHASE_COLOURS", "plot_phase_diagram"]

# Okabe and Ito's palette; "other" is grey.
PHASE_COLOURS: Final = ("#56B4E9", "#E69F00", "#009E73", "#DDDDDD")
_RUN: Final = 3.0
_RUN_COLOUR: Final = "#222222"
_LINES: Final[dict[ConditionId, str]] = {"L-S-moves": "-", "S-is-frozen": "--", "S-learns-Q-first": ":"}
_NAMES: Final = {
    "r": r"$r$", "lambda": r"weight decay $\lambda$", "eta_1": r"$\eta_1$", "eta_2": r"$\eta_2$",
    "eta_2/eta_1": r"$\eta_2/\eta_1$", "d": r"$d$", "kappa": r"$\kappa$", "tau_xi": r"$\tau_\xi$", "q0": r"$q_0$",
    "g0": r"$g_0$",
}
_MEANINGS: Final = {
    "error_ratio": "error on P: S / L-S", "h": "separation h at the end", "h_at_tau_P": "separation h when P is learnt",
}


def plot_phase_diagram(diagram: PhaseDiagram) -> Figure:
    """Cells are simulated runs, lines predicted boundaries; a dot marks cells whose seeds disagree.

    Of an adaptive sweep a small grey dot marks the cells that were computed.

    Parameters
    ----------
    diagram : PhaseDiagram
        See `phase_diagram`.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

    with style():
        figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
        ax = figure.subplots()
        edges = [cell_edges(values) for values in (diagram.x, diagram.y)]
        handles: list[Any] = []
        if diagram.quantity == "order":
            line = 0.3 if diagram.computed is None else 0.0
            ax.pcolormesh(*edges, diagram.values, cmap=ListedColormap(list(PHASE_COLOURS)), edgecolors="white", linewidth=line,
                          norm=BoundaryNorm(np.arange(len(PHASES) + 1) - 0.5, len(PHASES)))
            if diagram.computed is not None:
                rows, columns = np.nonzero(diagram.computed)
                ax.plot(diagram.x[columns], diagram.y[rows], ls="", marker=".", ms=_RUN, mew=0, color=_RUN_COLOUR, zorder=3)
                handles.append(Line2D([], [], ls="", marker=".", ms=_RUN, mew=0, color=_RUN_COLOUR, label="computed"))
            rows, columns = np.nonzero(~diagram.unanimous)
            ax.plot(diagram.x[columns], diagram.y[rows], ls="", marker=".", ms=2.5, color="black")
            shown = {int(value) for value in diagram.values[~np.isnan(diagram.values)]}
            handles += [Patch(color=PHASE_COLOURS[i], label=PHASES[i]) for i in sorted(shown)]
            if len(rows):
                handles.append(Line2D([], [], ls="", marker=".", ms=3, color="black", label="seeds disagree"))
        else:
            known = diagram.values[~np.isnan(diagram.values)]
            norm = LogNorm(*_symmetric(known)) if diagram.quantity == "error_ratio" and len(known) else None
            mesh = ax.pcolormesh(*edges, diagram.values, cmap="PuOr" if norm is not None else "cividis", norm=norm)
            bar = figure.colorbar(mesh, ax=ax, label=_MEANINGS.get(diagram.quantity, diagram.quantity))
            if norm is not None:
                bar.ax.yaxis.set_major_locator(MaxNLocator(5))
                bar.ax.yaxis.set_major_formatter("{x:.3g}")
                bar.ax.yaxis.set_minor_locator(NullLocator())
        for boundary in diagram.boundaries:
            if boundary.margin.size > 1 and min(boundary.margin.shape) > 1 and _crosses(boundary.margin):
                # White below, so that a line is seen on any colour.
                ax.contour(boundary.x, boundary.y, boundary.margin, levels=[0.0], colors="white", linewidths=2.6)
                ax.contour(boundary.x, boundary.y, boundary.margin, levels=[0.0], colors="black", linewidths=1.2,
                           linestyles=[_LINES[boundary.id]])
                handles.append(Line2D([], [], color="black", lw=1.2, ls=_LINES[boundary.id], label=boundary.label))
        for set_scale, axis, values in ((ax.set_xscale, ax.xaxis, diagram.x), (ax.set_yscale, ax.yaxis, diagram.y)):
            if logarithmic(values):
                set_scale("log")
                if values[-1] < 30 * values[0]:  # powers of ten alone would leave too few labels
                    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
                    axis.set_major_formatter("{x:g}")
                    axis.set_minor_formatter(NullFormatter())
        ax.set_xlim(edges[0][0], edges[0][-1])
        ax.set_ylim(edges[1][0], edges[1][-1])
        ax.set_xlabel(_NAMES.get(diagram.x_label, diagram.x_label))
        ax.set_ylabel(_NAMES.get(diagram.y_label, diagram.y_label))
        figure.legend(handles=handles, loc="outside upper center", ncols=2, handlelength=1.6, columnspacing=1.0)
    return figure


def _symmetric(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Ends of a colour scale with its middle at 1."""
    most = float(np.exp(np.abs(np.log(values)).max()))
    most = max(most, 1.05)
    return 1 / most, most


def _crosses(margin: np.ndarray[Any, Any]) -> bool:
    return bool(np.nanmin(margin) < 0 < np.nanmax(margin))


register(Plot(
    "phase", "Phase diagram of a sweep, with predicted boundaries; for the order, in how many cells they agree.", "sweep",
    plot_phase_diagram, (
        Option("x", str, REQUIRED, "Varied field, or a ratio such as eta_2/eta_1."),
        Option("y", str, REQUIRED, "The same for the other axis."),
        Option("quantity", str, "order", "order, error_ratio, or a variable such as h_at_tau_P."),
        Option("select", dict, None, "Label of another dimension: DIM=LABEL."),
    ), phase_diagram,
))
