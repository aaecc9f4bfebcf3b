"""Kernel drift over pairs of times (s, t): the equal-time kernel beside the two-time one, measured beside predicted.

The first hardly drifts: it shows nothing of the theorem. The second does, and under a large rate far more than under a small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from theory_sim.errors import InputError
from theory_sim.plots.registry import Option, Plot, register
from theory_sim.plots.style import by_schedule, new_figure, require_observed, shorten
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_kernel_drift"]

_COLUMNS: Final = (
    ("kernel_map_equal", "equal times,\nmeasured"), ("kernel_map_two", "two times,\nmeasured"),
    ("kernel_map_two_predicted", "two times,\npredicted"),
)


def plot_kernel_drift(trajectories: Sequence[Trajectory], *, feature: str | None = None) -> Figure:
    """One row a schedule, three maps: relative Frobenius distance of the kernel at (s, t) from that at (s, s).

    At equal times it is the distance of the kernel at (t, t). All maps have one colour scale, by which that one is dark
    throughout; the number above each map is its largest value. Nothing is predicted of a network recorded in a training loop:
    two maps.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Runs that observed kernels; the first of each schedule is drawn.
    feature : str, optional
        On whose probe inputs, "P" or by default "Q". Of a network recorded in a training loop by which parameters, by default
        "all".

    Raises
    ------
    InputError
        If there is no run, one did not observe kernels, or the feature is unknown.
    """
    groups = by_schedule(trajectories)
    for run in trajectories:
        require_observed(run, "kernel_map_two", "kernels")
    runs = {schedule: of[0] for schedule, of in groups.items()}
    chosen = feature if feature is not None else "Q" if "feature" in trajectories[0].dataset["kernel_map_two"].dims else "all"
    columns = [column for column in _COLUMNS if all(column[0] in run.dataset for run in runs.values())]
    maps = {schedule: [_map(run, name, chosen) for name, _ in columns] for schedule, run in runs.items()}
    largest = [float(np.fmax.reduce(each, axis=None)) for of_run in maps.values() for each in of_run]
    top = max((value for value in largest if math.isfinite(value)), default=1.0) or 1.0
    with new_figure(1.2 + 0.78 * len(runs)) as figure:
        axes = figure.subplots(len(runs), len(columns), sharex=True, sharey=True, squeeze=False)
        mesh: Any = None
        for row, (schedule, run) in zip(axes, runs.items(), strict=True):
            mesh = _row(row, run, maps[schedule], top)
            row[0].set_ylabel(f"{shorten(schedule, 14)}\n$s$ in $\\tau$")
        for ax, value in zip(axes.ravel(), largest, strict=True):
            ax.set_title(f"\N{LESS-THAN OR EQUAL TO} {value:.2g}" if math.isfinite(value) else "no number", pad=3)
        for ax, (_, title) in zip(axes[0], columns, strict=True):
            ax.set_title(f"{title}\n{ax.get_title()}", pad=3)
        # Of two maps no one is in the middle: below the right one a line of all words would leave the figure.
        between = " " if len(columns) % 2 else "\n"
        axes[-1][len(columns) // 2].set_xlabel(r"$t$ in learning-rate time $\tau$" + (
            f"{between}(dotted: annealed)" if any(map(_annealed, runs.values())) else ""))
        bar = figure.colorbar(mesh, ax=axes, location="bottom", aspect=40, pad=0.02)
        of = f"on {chosen}'s probe inputs" if len(columns) == len(_COLUMNS) else f"of {shorten(chosen, 24)}"
        bar.set_label(rf"$\|K_{{s,t}} - K_{{s,s}}\|_F / \|K_{{s,s}}\|_F$ {of}")
    return figure


def _map(run: Trajectory, name: str, feature: str) -> Any:
    """Drift over pairs of times, of one of the labels of a run's kernels."""
    data = run.dataset[name]
    dim = str(data.dims[0])
    labels = [str(label) for label in run.dataset[dim].values]
    if feature not in labels:
        raise InputError(f"feature = {feature!r}", f"one of {', '.join(labels)}", "choose one of these")
    return data.sel({dim: feature}).values


def _annealed(run: Trajectory) -> bool:
    return bool(np.isfinite(run.annealed_tau))


def _row(axes: Any, run: Trajectory, maps: Sequence[Any], top: float) -> Any:
    data = run.dataset
    record = str(data["kernel_map_two"].dims[1])
    tau = data[f"tau{record.removeprefix('record')}"].values
    edges = np.concatenate([[tau[0]], (tau[1:] + tau[:-1]) / 2, [tau[-1]]]) if len(tau) > 1 else np.array([0.0, 1.0])
    mesh: Any = None
    for ax, values in zip(axes, maps, strict=True):
        mesh = ax.pcolormesh(edges, edges, values, cmap="cividis", vmin=0.0, vmax=top, rasterized=True)
        ax.set_aspect("equal")
        if _annealed(run):
            for line in (ax.axvline, ax.axhline):
                line(run.annealed_tau, color="white", lw=0.8, ls=":")
    return mesh


register(Plot(
    "kernel-drift", "Drift of the kernel over pairs of times: equal-time beside two-time, measured beside predicted.", "runs",
    plot_kernel_drift,
    (Option("feature", str, None, "Whose probe inputs, P or Q (default Q); of a recorded network which parameters (all)."),),
))
