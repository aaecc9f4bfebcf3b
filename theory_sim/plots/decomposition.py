"""The iterate's split: size of signal and accumulated noise against tau, and the noise beside its exact recursion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from theory_sim.plots.style import COLOURS, WIDTH, by_schedule, style
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_decomposition"]

_SCHEDULE_DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), "-.")


def plot_decomposition(trajectories: Sequence[Trajectory]) -> Figure:
    """Frobenius norms of signal and noise in W and V, and the noise's standard deviation, measured and exact.

    Colours tell signal from noise, dashes tell schedules; each seed is a line.

    Raises
    ------
    InputError
        If there is no trajectory.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    groups = by_schedule(trajectories)
    with style():
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        axes = figure.subplots(3, 1, sharex=True)
        for dashes, runs in zip(_SCHEDULE_DASHES * len(groups), groups.values(), strict=False):
            for run in runs:
                _draw(axes, run, dashes, exact=run is runs[0])
        for ax, layer in zip(axes[:2], ("W (sees $x_1$)", "V (sees $x_2$)"), strict=True):
            ax.set_title(layer, loc="left")
            ax.set_ylabel("Frobenius norm")
            ax.set_yscale("log")
        axes[2].set_title(r"noise in W: measured (line), exact (dots)", loc="left")
        axes[2].set_ylabel(r"std. dev. $\tau_t$")
        axes[2].set_ylim(bottom=0.0)
        axes[2].set_xlabel(r"learning-rate time $\tau = \sum_s \gamma_s$")
        keys: list[Any] = [Line2D([], [], color=COLOURS[part]) for part in ("signal", "noise")]
        keys += [Line2D([], [], color="0.5", ls=d) for d, _ in zip(_SCHEDULE_DASHES * len(groups), groups, strict=False)]
        names = [r"signal $\bar U$", r"noise $\tilde U$", *groups]
        figure.legend(keys, names, loc="outside upper center", ncols=4, handlelength=1.8, columnspacing=1.0)
    return figure


def _draw(axes: Any, run: Trajectory, dashes: Any, *, exact: bool) -> None:
    tau = run.dataset["tau"].values
    thin = {"ls": dashes, "lw": 0.9}
    for ax, layer in zip(axes[:2], ("W", "V"), strict=True):
        signal = run.history("norm_signal", layer=layer)
        ax.plot(tau[signal > 0], signal[signal > 0], color=COLOURS["signal"], **thin)
        ax.plot(tau, run.history("norm_noise", layer=layer), color=COLOURS["noise"], **thin)
    axes[2].plot(tau, run.history("tau_noise", layer="W"), color=COLOURS["noise"], **thin)
    if exact:  # of one seed: annealing times differ, and dots of all would hide the lines
        every = max(1, len(tau) // 14)
        level = run.dataset["tau_noise_exact"].values
        axes[2].plot(tau[::every], level[::every], color=COLOURS["noise"], ls="none", marker="o", ms=2.2)
