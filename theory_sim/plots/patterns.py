"""Share of activation patterns that have flipped, measured and by Sheppard's formula, against tau (THEORY §6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.plots.registry import Plot, register
from theory_sim.plots.style import (
    COLOURS,
    by_schedule,
    from_zero,
    mark_single_points,
    new_figure,
    require_observed,
    shorten,
    times_from_zero,
)
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_patterns"]

_SINCE: Final = {"start": "-", "annealing": (0, (3, 1))}
# Colour, marker and size of what is drawn, in the order of a run's features; of more than four the first four.
_MARKS: Final = tuple((COLOURS[name], marker, size) for name, marker, size in (
    ("P", "o", 2.4), ("Q", "s", 1.8), ("signal", "^", 2.4), ("noise", "D", 1.8)))


def plot_patterns(trajectories: Sequence[Trajectory]) -> Figure:
    """Dots are measured on P's and Q's inputs, lines predicted; solid since the start, dashed since annealing.

    Of a network recorded in a training loop dots and lines, in one colour, are of all its units and of up to three modules.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Runs that observed patterns; the first of each schedule is drawn.

    Raises
    ------
    InputError
        If there is no run, or one did not observe patterns.
    """
    from matplotlib.lines import Line2D

    groups = by_schedule(trajectories)
    for run in trajectories:
        require_observed(run, "flips", "patterns")
    with new_figure(0.5 + 1.3 * len(groups)) as figure:
        axes = figure.subplots(len(groups), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for ax, (schedule, runs) in zip(axes, groups.items(), strict=True):
            _panel(ax, runs[0])
            ax.set_title(shorten(schedule, 50), loc="left")
            ax.set_ylabel("share flipped")
        axes[-1].set_xlabel(r"learning-rate time $\tau = \sum_s \gamma_s$")
        from_zero(max(axes, key=lambda ax: ax.dataLim.y1))  # all panels share it
        times_from_zero(axes[-1], [runs[0] for runs in groups.values()])
        mark_single_points(figure)
        marks = _marks(trajectories[0])
        keys: list[Any] = [Line2D([], [], ls="none", marker=marker, ms=3, color=colour) for colour, marker, _ in marks.values()]
        keys += [Line2D([], [], color="0.3", ls=dashes) for dashes in _SINCE.values()]
        keys.append(Line2D([], [], color="0.8", lw=2.5))
        names = [*(f"{feature}, measured" for feature in marks)]
        names += [r"$\arccos(\rho)/\pi$ since start", "since annealing", "rate annealed"]
        figure.legend(keys, names, loc="outside upper center", ncols=2, handlelength=1.8, columnspacing=1.0)
    return figure


def _marks(run: Trajectory) -> dict[str, tuple[str, str, float]]:
    features = [str(feature) for feature in run.dataset["feature"].values]
    return dict(zip(features, _MARKS, strict=False))


def _panel(ax: Any, run: Trajectory) -> None:
    data = run.dataset
    suffix = str(data["flips"].dims[0]).removeprefix("record")
    tau = data[f"tau{suffix}"].values
    some = slice(None, None, max(1, len(tau) // 25))
    for since, dashes in _SINCE.items():
        predicted = data["flips_predicted"].sel(since=since)
        if predicted.ndim == 1:  # the same for every feature
            ax.plot(tau, predicted.values, color="0.3", ls=dashes, lw=0.9)
        for feature, (colour, marker, size) in _marks(run).items():
            if predicted.ndim > 1:
                ax.plot(tau, predicted.sel(feature=feature).values, color=colour, ls=dashes, lw=0.9)
            measured = data["flips"].sel(since=since, feature=feature).values
            ax.plot(tau[some], measured[some], color=colour, ls="none", marker=marker, ms=size, clip_on=False)
    if np.isfinite(run.annealed_tau):
        ax.axvline(run.annealed_tau, color="0.8", lw=2.5, zorder=0)


register(Plot(
    "patterns", "Share of activation patterns that have flipped, measured and predicted, against tau.", "runs", plot_patterns,
))
