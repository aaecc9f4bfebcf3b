"""Errors on fresh P over the number of examples that a classifier was trained on, d to infinity (THEORY §10, §13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.plots.registry import Option, Plot, register
from theory_sim.plots.style import COLOURS, new_figure
from theory_sim.theory.error_left import LOSSES, examples_per_dimension
from theory_sim.theory.max_margin import max_margin
from theory_sim.theory.overlap import P_error, averaging_overlap
from theory_sim.theory.ridge_logistic import ridge_logistic_at_loss

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_error_left"]

_POINTS: Final = 41
_ROOM: Final = 1.6  # of the examples on both sides of those of S and of all
_MOST_LOSSES: Final = 2
_SMALLEST: Final = 1e-9


def plot_error_left(
    *, kappa: float = 0.5, p0: float | None = None, q0: float = 0.3, g0: float = 1.0, losses: Sequence[float] = LOSSES
) -> Figure:
    """Draw the error of averaging, of logistic regression with ridge at training losses, and of max-margin over n / d.

    Parameters
    ----------
    kappa, q0, g0 : float
        Fields of an experiment: what S has, p_0/kappa^2, and all that hold P, (1 - q_0)/kappa^2, are marked.
    p0 : float, optional
        By default kappa^2/2, the paper's.
    losses : sequence of float
        One or two mean training losses, in nats.

    Raises
    ------
    InputError
        If there are no losses or more than two, or a value lies outside of its range.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    if not 1 <= len(losses) <= _MOST_LOSSES:
        raise InputError(f"{len(losses)} losses", f"1 to {_MOST_LOSSES} of them", "choose fewer, or at least one")
    few, all_of_them = examples_per_dimension(kappa=kappa, p0=kappa**2 / 2 if p0 is None else p0, q0=q0)
    delta = np.geomspace(few / _ROOM**3, all_of_them * _ROOM, _POINTS)
    overlaps = {"averaging": [averaging_overlap(each, 1, g0) for each in delta.tolist()]}
    for loss in losses:
        overlaps[f"logistic, loss {loss:g}"] = [ridge_logistic_at_loss(each, loss, g0).overlap for each in delta.tolist()]
    overlaps["max-margin"] = max_margin(delta, g0).overlap.tolist()
    looks = ((COLOURS["noise"], "--"), *((COLOURS[name], "-") for name in ("signal", "P")[: len(losses)]), (COLOURS["Q"], "-."))
    with new_figure(2.7) as figure:
        ax = figure.subplots()
        for (name, values), (colour, line) in zip(overlaps.items(), looks, strict=True):
            ax.plot(delta, P_error(values, g0), color=colour, ls=line, label=name)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_ylim(max(ax.get_ylim()[0], _SMALLEST), 0.5)
        ax.set_xlim(delta[0], delta[-1])
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(NullLocator())
        for at, name, side in ((few, "S: P-only", "right"), (all_of_them, "all with P", "left")):
            ax.axvline(at, color="black", lw=0.7, ls=":")
            ax.annotate(name, (at, 1.02), xycoords=("data", "axes fraction"), ha=side, fontsize=7)  # within, lines cross it
        ax.set_xlabel(r"examples per dimension, $n/d$ ($d\to\infty$)")
        ax.set_ylabel(f"error on fresh P examples ($g_0 = {g0:g}$)")
        figure.legend(loc="outside upper center", ncols=2, handlelength=2.2, columnspacing=1.2)
    return figure


register(Plot(
    "error-left", "Error on fresh P over the examples trained on, with those of S and all that hold P marked (no runs needed).",
    "nothing", plot_error_left, (
        Option("kappa", float, 0.5, "Sets N = d / kappa^2."),
        Option("p0", float, None, "Probability of P-only; left out, kappa^2 / 2."),
        Option("q0", float, 0.3, "Probability of Q-only."),
        Option("g0", float, 1.0, "Signal strength: margin of P times sqrt(d)."),
        Option("losses", list[float], LOSSES, "Training loss of the logistic ones; at most two.", "loss"),
    ),
))
