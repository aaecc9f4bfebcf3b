"""simulate(experiment) -> Trajectory: THEORY §3 at finite width."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import numpy as np

from theory_sim.data import draw_data, draw_test_data
from theory_sim.experiment import Experiment, require_steps
from theory_sim.loop import Partial, Progress, Run, deferred_interrupt
from theory_sim.memory import Bytes, available_bytes, fits, gib, memory_errors, refuse, total
from theory_sim.network import PlacedNetwork, SharedNetwork, SplitNetwork
from theory_sim.network.memory import network_bytes
from theory_sim.numeric.pool import BlockPool, default_threads, require_threads
from theory_sim.observe.base import Observer
from theory_sim.observe.builtin import make_observers
from theory_sim.observe.decomposition import Decomposition
from theory_sim.observe.generalisation import PError
from theory_sim.observe.losses import Losses
from theory_sim.observe.memory import data_bytes, item_bytes, observer_bytes, record_bytes, seen_examples
from theory_sim.observe.separation import Separation
from theory_sim.precision import require_precision
from theory_sim.trajectory import Trajectory, refuse_existing

__all__ = ["run_simulation", "simulate"]

# Libraries and compiled code that a first run loads.
_LOADED: Final = 118 * 2**20


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
        Called with (step, tau, training loss) at each record, and every other second between two.
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
    require_steps(experiment)
    require_memory(experiment, threads)
    with Partial(store) as partial:
        partial.create(experiment, {"name": "finite"}, observers, force=force)
        return run_simulation(experiment, partial, observers=observers, threads=threads, progress=progress, seconds=seconds)


def run_simulation(
    experiment: Experiment, partial: Partial | None, *, observers: Sequence[Observer], threads: int | None,
    progress: Progress | None, seconds: float,
) -> Trajectory:
    """Begin a run, or go on with the unfinished one that the folder holds; see `simulate` and `resume`."""
    require_steps(experiment)
    require_memory(experiment, threads)
    with memory_errors("a run at finite width"):
        return _run(experiment, partial, observers, threads, progress, seconds)


def estimated_bytes(experiment: Experiment, *, threads: int = 1) -> int:
    """Memory that a run allocates, in bytes: data, weights and patterns, records and observers."""
    e = experiment
    item, seen = item_bytes(e), seen_examples(e)
    neurons = {"P": e.m_W, "Q": e.m_W if e.network == "shared" else e.m_V}
    return total([
        Bytes(_LOADED), data_bytes(e), network_bytes(e, threads=threads, item=item, seen=seen), record_bytes(e, e.most_steps),
        *observer_bytes(e, e.most_steps, neurons),
    ])


def require_memory(experiment: Experiment, threads: int | None = None) -> None:
    """Raise InputError, with the field to lower, if the run needs more memory than there is."""
    require_threads(threads)
    there, count = available_bytes(), threads or default_threads()

    def needed(e: Experiment) -> int:
        return estimated_bytes(e, threads=count)

    if fits(needed(experiment), there):
        return
    e = experiment
    # Of a given N, p0 stays what it was: only the size of the problem changes here.
    halves: dict[str, Experiment] = {
        "d": e.replace(d=max(3, e.d // 2), N=e.n_examples, p0=e.p0_value),
        "N": e.replace(N=max(1, e.n_examples // 2), p0=e.p0_value, batch_size=None),
        "m_W": e.replace(m_W=max(2, e.m_W // 4 * 2)), "m_V": e.replace(m_V=max(2, e.m_V // 4 * 2)),
        "n_test": e.replace(n_test=max(1, e.n_test // 2)), "record_every": e.replace(record_every=2 * e.record_every),
    }
    least = {field: needed(half) for field, half in halves.items()}
    mends = [f"{field} of {'twice' if field == 'record_every' else 'half'} the size leaves {gib(bytes_left)}"
             for field, bytes_left in sorted(least.items(), key=lambda item: item[1])[:2]]
    if e.observe:
        mends.insert(0, f"without observe {gib(needed(e.replace(observe={})))}: fewer probes or records")
    if e.dtype == "float64":
        mends.append(f"dtype = 'float32' needs {gib(needed(e.replace(dtype='float32')))}")
    refuse(f"d = {e.d}, N = {e.n_examples}, m_W = {e.m_W}, m_V = {e.m_V}", needed(e), there, mends)


def _run(
    experiment: Experiment, partial: Partial | None, observers: Sequence[Observer], threads: int | None,
    progress: Progress | None, seconds: float,
) -> Trajectory:
    train, test = draw_data(experiment), draw_test_data(experiment)
    standard = (Losses(), PError(experiment.g0), Decomposition(), Separation())
    watching = (*standard, *make_observers(experiment), *observers)
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
