"""simulate(experiment) -> Trajectory: THEORY §3 at finite width."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from theory_sim.data import draw_data, draw_test_data
from theory_sim.errors import ExperimentError
from theory_sim.experiment import Experiment
from theory_sim.loop import Progress, Run, deferred_interrupt
from theory_sim.network import SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.observe.base import Observer
from theory_sim.observe.decomposition import Decomposition
from theory_sim.observe.generalisation import PError
from theory_sim.observe.losses import Losses
from theory_sim.observe.separation import Separation
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["simulate"]


def simulate(
    experiment: Experiment,
    *,
    store: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
) -> Trajectory:
    """Run noisy gradient descent on the split network and record what happens (THEORY §2-§5).

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    store : path, optional
        Where to save the Trajectory at the end; must not exist unless ``force``.
    threads : int, optional
        Threads to use, all processors by default. The result is bitwise the same for any number.
    progress : callable, optional
        Called with (step, tau, training loss) at each record.
    force : bool
        Replace a saved run at ``store``.

    Returns
    -------
    Trajectory
        Its ``outcome`` says how the run ended. Ctrl-C ends it as ``interrupted``, with what was recorded.

    Raises
    ------
    StoreError
        If ``store`` exists; before anything is computed.
    InputError
        If ``threads`` is below 1.
    ExperimentError
        If the drawn data leave L-S no room between annealing and stopping, or for the shared network.
    """
    if experiment.network != "split":
        raise ExperimentError(f"network = {experiment.network!r} at finite width", "simulate runs the split network",
                              "use solve_limit (--engine limit), or network = 'split'")
    if store is not None:
        refuse_existing(store, force=force)
    train, test = draw_data(experiment), draw_test_data(experiment)
    observers: Sequence[Observer] = (Losses(), PError(experiment.g0), Decomposition(), Separation())
    with BlockPool(threads) as pool, np.errstate(over="ignore", invalid="ignore"), deferred_interrupt() as interrupted:
        run = Run(
            experiment, train, test, SplitNetwork(experiment, train, pool), observers,
            engine="finite", layers=("W", "V"), progress=progress, interrupted=interrupted,
        )
        outcome, message = run.to_the_end()
        trajectory = Trajectory(run.dataset(outcome, message), experiment)
    if store is not None:
        trajectory.save(store, force=force)
    return trajectory
