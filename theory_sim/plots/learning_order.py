"""Training loss of P-only and Q-only against tau, one panel a schedule: which is learnt first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from theory_sim.engines import Engine
from theory_sim.engines.registry import DEFAULT
from theory_sim.errors import InputError
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.observe.learning_order import require_level
from theory_sim.plots.registry import Option, Plot, register
from theory_sim.plots.style import COLOURS, by_schedule, loss_unit, mark_single_points, new_figure, shorten, times_from_zero
from theory_sim.statistics.curves import mean_curve
from theory_sim.theory.crossings import LEVELS
from theory_sim.train.losses import make_loss
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_learning_order"]

_OF_LIMIT: Final = (0, (1, 1.2))
_OF_MEANS: Final = (0, (5, 2, 1, 2))
_Dashes = str | tuple[int, tuple[float, ...]]


def plot_learning_order(trajectories: Sequence[Trajectory], *, level: float = LEVELS[0]) -> Figure:
    """Thin lines are seeds, thick lines their mean, grey the range of annealing times; dashed is the level of "learnt".

    Given with runs of finite width, those of the limit, of the closure and of the mean field are drawn over them as black
    lines, their mean over seeds; alone they are drawn like any run.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Runs of one or more schedules, one or more seeds each, of any engine.
    level : float
        Level to draw, nats of the logistic loss; of another loss, that loss at the same margin is drawn.

    Raises
    ------
    InputError
        If there is no trajectory, or the level is outside (0, log 2).
    """
    require_level(level)
    for run in trajectories:
        if not {"P-only", "Q-only"} <= set(run.dataset["kind"].values.tolist()):
            raise InputError(f"a run of data_law = {run.experiment.data_law!r}", "runs with P-only and Q-only examples",
                             "leave it out, or draw loss_train of the run's own kinds from its dataset")
    groups = by_schedule(trajectories)
    with new_figure(0.45 + 1.35 * len(groups)) as figure:
        axes = figure.subplots(len(groups), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for ax, (schedule, runs) in zip(axes, groups.items(), strict=True):
            engines: dict[str, list[Trajectory]] = {}
            for run in runs:
                engines.setdefault(run.dataset.attrs["engine"], []).append(run)
            main = engines.get(DEFAULT, next(iter(engines.values())))
            _panel(ax, main, make_loss(main[0].experiment).at_level(level))
            for others in engines.values():
                if others is not main:
                    _over(ax, others)
            seeds = f"{len(main)} seed{'s' if len(main) > 1 else ''}"
            ax.set_title(f"{shorten(SCHEDULES[schedule].title(runs[0].experiment), 40)} ({seeds})", loc="left")
            ax.set_ylabel(f"training loss{loss_unit(main[0])}")
        times_from_zero(axes[-1], trajectories)  # which all panels share
        axes[-1].set_xlabel(r"learning-rate time $\tau = \sum_s \gamma_s$")
        mark_single_points(figure)
        handles, labels = axes[0].get_legend_handles_labels()
        for ax in axes[1:]:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                if label not in labels:
                    handles.append(handle)
                    labels.append(label)
        figure.legend(handles, labels, loc="outside upper center", ncols=2, handlelength=1.6, columnspacing=1.2)
    return figure


def _over(ax: Axes, runs: Sequence[Trajectory]) -> None:
    """Mean over the seeds of another engine, for both kinds."""
    engine = Engine.of(runs[0])
    for kind in ("P-only", "Q-only"):
        curves = [(run.dataset["tau"].values, run.history("loss_train", kind=kind)) for run in runs]
        label = engine.solver.curve or engine.name if kind == "P-only" else None
        ax.plot(*mean_curve(curves), color="black", lw=0.8, ls=_dashes(engine), label=label)


def _dashes(engine: Engine) -> _Dashes:
    if not engine.solver.infinite_width:
        return "-"
    return _OF_LIMIT if engine.knows_seeds else _OF_MEANS


def _panel(ax: Axes, runs: Sequence[Trajectory], level: float) -> None:
    last = min(float(run.dataset["tau"][-1]) for run in runs)
    for kind, colour, dashes, name in (
        ("P-only", COLOURS["P"], "-", "P-only"), ("Q-only", COLOURS["Q"], (0, (3, 1)), "Q-only"),
    ):
        curves = []
        for run in runs:
            losses = run.history("loss_train", kind=kind)
            ax.plot(run.dataset["tau"].values, losses, color=colour, lw=0.4, alpha=0.4)
            curves.append((run.dataset["tau"].values, losses))
        ax.plot(*mean_curve(curves), color=colour, ls=dashes, lw=1.6, label=name)
    ax.axhline(level, color="0.4", lw=0.7, ls="--", label=f"learnt below {level:.3g}")
    annealed = [run.annealed_tau for run in runs if math.isfinite(run.annealed_tau)]
    if annealed:
        ax.axvspan(min(annealed), max(max(annealed), min(annealed) + 0.004 * last), color="0.85", lw=0,
                   label="rate annealed")
    lowest = min(float(run.dataset["loss_train"].sel(kind=["P-only", "Q-only"]).min()) for run in runs)
    ax.set_ylim(bottom=min(ax.get_ylim()[0], 0.9 * min(lowest, level)))


register(Plot(
    "learning-order", "Training loss of each kind against tau, one panel a schedule.", "runs", plot_learning_order,
    (Option("level", float, LEVELS[0], "Loss at which a kind counts as learnt, nats."),),
))
