"""simulate(experiment) -> Trajectory: THEORY §3 at finite width."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from theory_sim.data import draw_data, draw_test_data
from theory_sim.experiment import Experiment
from theory_sim.loop import Partial, Progress, Run, deferred_interrupt
from theory_sim.network import PlacedNetwork, SharedNetwork, SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.observe.base import Observer
from theory_sim.observe.builtin import observers_of
from theory_sim.observe.decomposition import Decomposition
from theory_sim.observe.generalisation import PError
from theory_sim.observe.losses import Losses
from theory_sim.observe.separation import Separation
from theory_sim.precision import require_precision
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["run_simulation", "simulate"]


def simulate(
    experiment: Experiment,
    *,
    observers: Sequence[Observer] = (),
    store: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    force: bool = False,
    checkpoint_seconds: float = 30.0,
) -> Trajectory:
    """Run noisy gradient descent on the network and record what happens (THEORY §2-§5).

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    observers : sequence of Observer
        Observers of your own, beside those that every run has and those of the experiment's ``observe``.
    store : path, optional
        Where to save the Trajectory at the end; must not exist unless ``force``. While the run goes on,
        ``<store>.partial`` holds what `resume` needs.
    threads : int, optional
        Threads to use, all processors by default. The result is bitwise the same for any number.
    progress : callable, optional
        Called with (step, tau, training loss) at each record.
    force : bool
        Replace a saved run, or an unfinished one, at ``store``.
    checkpoint_seconds : float
        With ``store``: seconds between two checkpoints.

    Returns
    -------
    Trajectory
        Its ``outcome`` says how the run ended. Ctrl-C ends it as ``interrupted``, with what was recorded; it is then not
        saved at ``store``, but `resume` goes on with it.

    Raises
    ------
    StoreError
        If ``store`` exists; before anything is computed.
    InputError
        If ``threads`` is below 1, or the experiment's ``dtype`` does not resolve the run; before anything is computed.
    ExperimentError
        If the drawn data leave L-S no room between annealing and stopping.
    """
    require_precision(experiment)
    seconds = checkpoint_seconds
    if store is None:
        return run_simulation(experiment, None, observers=observers, threads=threads, progress=progress, seconds=seconds)
    refuse_existing(store, force=force)
    with Partial(store) as partial:
        partial.create(experiment, {"name": "finite"}, observers, force=force)
        return run_simulation(experiment, partial, observers=observers, threads=threads, progress=progress, seconds=seconds)


def run_simulation(
    experiment: Experiment, partial: Partial | None, *, observers: Sequence[Observer], threads: int | None,
    progress: Progress | None, seconds: float,
) -> Trajectory:
    """Begin a run, or go on with the unfinished one that the folder holds; see `simulate` and `resume`."""
    train, test = draw_data(experiment), draw_test_data(experiment)
    standard = (Losses(), PError(experiment.g0), Decomposition(), Separation())
    watching = (*standard, *observers_of(experiment), *observers)
    with BlockPool(threads) as pool, np.errstate(over="ignore", invalid="ignore"), deferred_interrupt() as interrupted:
        network = _network_of(experiment)(experiment, train, pool)
        run: Run[PlacedNetwork | SharedNetwork | SplitNetwork] = Run(
            experiment, train, test, network, watching, engine="finite", layers=list(network.layers), progress=progress,
            interrupted=interrupted, partial=partial, checkpoint_seconds=seconds,
        )
        return run.complete()


def _network_of(experiment: Experiment) -> type[PlacedNetwork | SharedNetwork | SplitNetwork]:
    if experiment.noise_placement != "none" or experiment.patterns != "moving":
        return PlacedNetwork
    return SharedNetwork if experiment.network == "shared" else SplitNetwork
