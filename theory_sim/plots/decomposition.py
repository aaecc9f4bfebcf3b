"""The iterate's split: size of signal and accumulated noise against tau, and the noise beside its exact recursion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from theory_sim.errors import InputError
from theory_sim.plots.registry import Plot, register
from theory_sim.plots.style import (
    COLOURS,
    by_schedule,
    from_zero,
    logarithmic_axis,
    mark_single_points,
    new_figure,
    shorten,
    times_from_zero,
)
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_decomposition"]

_LAYERS = {"W": "W (sees $x_1$)", "V": "V (sees $x_2$)", "U": "U (sees both)"}
_MOST = 4
"""Layers of a network of the user's that are drawn, those with the largest noise at the start."""
_SCHEDULE_DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), "-.")


def plot_decomposition(trajectories: Sequence[Trajectory]) -> Figure:
    """Frobenius norms of signal and noise in W and V, and the noise's standard deviation, measured and exact.

    Colours tell signal from noise, dashes tell schedules; each seed is a line. In the limit the noise's norm is infinite and
    left out. Of a network recorded in a training loop up to four layers are drawn, and the recursion has the run's own xi.

    Raises
    ------
    InputError
        If there is no trajectory, or there are more than four schedules.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    groups = by_schedule(trajectories)
    if len(groups) > len(_SCHEDULE_DASHES):
        raise InputError(f"runs of {len(groups)} schedules", f"at most {len(_SCHEDULE_DASHES)}, dashes each",
                         "give the runs of fewer")
    layers = _drawn_layers(trajectories[0])
    with new_figure(1.8 + 1.3 * len(layers)) as figure:
        axes = list(figure.subplots(len(layers) + 1, 1, sharex=True))
        for dashes, runs in zip(_SCHEDULE_DASHES, groups.values(), strict=False):
            for run in runs:
                _draw(axes, layers, run, dashes, exact=run is runs[0])
        for ax, layer in zip(axes, layers, strict=False):
            ax.set_title(_LAYERS.get(layer, layer), loc="left")
            ax.set_ylabel("Frobenius norm")
            logarithmic_axis(ax)
        law = "recursion" if "tau_noise_recursion" in trajectories[0].dataset else "exact"
        axes[-1].set_title(f"noise in {layers[0]}: measured (line), {law} (dots)", loc="left")
        axes[-1].set_ylabel(r"std. dev. $\tau_t$")
        from_zero(axes[-1])
        times_from_zero(axes[-1], trajectories)
        axes[-1].set_xlabel(r"learning-rate time $\tau = \sum_s \gamma_s$")
        mark_single_points(figure)
        keys: list[Any] = [Patch(color=COLOURS[part]) for part in ("signal", "noise")]
        keys += [Line2D([], [], color="0.5", ls=dashes) for dashes, _ in zip(_SCHEDULE_DASHES, groups, strict=False)]
        names = [r"signal $\bar U$", r"noise $\tilde U$", *(shorten(schedule, 24) for schedule in groups)]
        columns = 4 if len(groups) <= 2 and max(map(len, groups)) <= 10 else 2
        figure.legend(keys, names, loc="outside upper center", ncols=columns, handlelength=1.8, columnspacing=1.0)
    return figure


def _drawn_layers(run: Trajectory) -> list[str]:
    layers = [str(layer) for layer in run.dataset["layer"].values]
    noise = dict(zip(layers, run.history("norm_noise")[0], strict=True))
    largest = sorted(layers, key=lambda layer: -noise[layer])[:_MOST]
    return [layer for layer in layers if layer in largest]


def _draw(axes: Any, layers: Sequence[str], run: Trajectory, dashes: Any, *, exact: bool) -> None:
    tau = run.dataset["tau"].values
    thin = {"ls": dashes, "lw": 0.9}
    for ax, layer in zip(axes, layers, strict=False):
        signal = run.history("norm_signal", layer=layer)
        ax.plot(tau[signal > 0], signal[signal > 0], color=COLOURS["signal"], **thin)
        noise = run.history("norm_noise", layer=layer)
        shown = np.isfinite(noise) & (noise > 0)  # infinite in the limit, 0 in the closure, which has no weights
        ax.plot(tau[shown], noise[shown], color=COLOURS["noise"], **thin)
    axes[-1].plot(tau, run.history("tau_noise", layer=layers[0]), color=COLOURS["noise"], **thin)
    if exact:  # of one seed: annealing times differ, and dots of all would hide the lines
        every = max(1, len(tau) // 14)
        by_layer = "tau_noise_recursion" in run.dataset
        level = run.history("tau_noise_recursion", layer=layers[0]) if by_layer else run.dataset["tau_noise_exact"].values
        axes[-1].plot(tau[::every], level[::every], color=COLOURS["noise"], ls="none", marker="o", ms=2.2, clip_on=False)


register(Plot(
    "decomposition", "Norms of signal and accumulated noise against tau, and the noise beside its exact recursion.", "runs",
    plot_decomposition,
))
