"""Sharpness beside the largest that steps of the rate are stable with, under the training loss, against tau."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from theory_sim.errors import InputError
from theory_sim.plots.registry import Plot, register
from theory_sim.plots.style import (
    COLOURS,
    from_zero,
    logarithmic_axis,
    loss_unit,
    mark_single_points,
    new_figure,
    require_observed,
    shorten,
    times_from_zero,
)
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_sharpness"]

_MOST: Final = 4
_COLOURS: Final = tuple(COLOURS.values())


def plot_sharpness(trajectories: Sequence[Trajectory]) -> Figure:
    """Training loss above; below, the Hessian's top eigenvalue (solid) and the largest stable one (dashed), a colour a run.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Up to four runs that observed sharpness.

    Raises
    ------
    InputError
        If there is no run or more than four, or one did not observe sharpness.
    """
    from matplotlib.lines import Line2D

    if not 0 < len(trajectories) <= _MOST:
        raise InputError(f"{len(trajectories)} runs to plot" if trajectories else "no runs to plot",
                         f"1 to {_MOST} runs, a colour each", "give the folders of saved runs, fewer a figure")
    for run in trajectories:
        require_observed(run, "sharpness", "sharpness")
    with new_figure(2.9 + 0.14 * len(trajectories)) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        keys: list[Any] = []
        for run, colour in zip(trajectories, _COLOURS, strict=False):
            data = run.dataset
            suffix = str(data["stable_sharpness"].dims[0]).removeprefix("record")
            tau = data[f"tau{suffix}"].values
            above.plot(data["tau"], data["train_loss"], color=colour, lw=1.0)
            below.plot(tau, data["sharpness"].isel(hessian_eigenvalue=0), color=colour, lw=1.0, alpha=0.5)
            below.plot(tau, data["stable_sharpness"], color=colour, lw=1.4, ls=(0, (4, 1.5)), drawstyle="steps-post", zorder=3)
            keys.append(Line2D([], [], color=colour, label=shorten(run.experiment.run_name, 48)))
        logarithmic_axis(above)
        above.set_ylabel("training loss" + loss_unit(trajectories[0]))
        below.set_ylabel("Hessian eigenvalue")
        from_zero(below)
        times_from_zero(below, trajectories)
        below.set_xlabel(r"learning-rate time $\tau = \sum_s \gamma_s$")
        lines = _COLOURS[0] if len(trajectories) == 1 else "0.3"  # of several runs, whose colours stand beside their names
        keys += [Line2D([], [], color=lines, lw=1.0, alpha=0.5, label="sharpness"),
                 Line2D([], [], color=lines, lw=1.4, ls=(0, (4, 1.5)), label="largest stable one")]
        mark_single_points(figure)
        columns = 2 if max(len(key.get_label()) for key in keys) <= 20 else 1
        figure.legend(handles=keys, loc="outside upper center", ncols=columns, handlelength=2.0, columnspacing=1.0)
    return figure


register(Plot(
    "sharpness", "Sharpness beside the largest stable one, and the training loss, against tau.", "runs", plot_sharpness,
))
