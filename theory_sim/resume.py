"""resume(store): go on with a run that was killed or interrupted, to the bitwise same result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.limit.solve import run_limit
from theory_sim.loop import Partial, Progress
from theory_sim.observe.base import Observer
from theory_sim.simulate import run_simulation
from theory_sim.trajectory import Trajectory

__all__ = ["resume"]


def resume(
    store: str | os.PathLike[str],
    *,
    observers: Sequence[Observer] = (),
    threads: int | None = None,
    progress: Progress | None = None,
    any_version: bool = False,
    checkpoint_seconds: float = 30.0,
) -> Trajectory:
    """Go on with an unfinished run from its last checkpoint, and save it.

    The result is bitwise what the run would have been without the interruption, times of day and durations apart.

    Parameters
    ----------
    store : path
        Where the finished run goes, as it was given to `simulate` or `solve_limit`; ``<store>.partial`` lies beside it.
    observers : sequence of Observer
        The observers of your own that the run was begun with, made anew with the same arguments.
    threads : int, optional
        Threads to use, all processors by default.
    progress : callable, optional
        Called with (step, tau, training loss) at each record, and every other second between two.
    any_version : bool
        Go on even with other libraries or another processor than those that began the run. The last digits may differ.
    checkpoint_seconds : float
        Seconds between two checkpoints.

    Raises
    ------
    StoreError
        If there is no unfinished run, another process is at it, it is damaged, or libraries or processor have changed.
    InputError
        If the observers are not those that the run was begun with.
    """
    target = str(store)
    with Partial(target.removesuffix("/").removesuffix(".partial")) as partial:
        manifest = partial.manifest()
        if not any_version:
            partial.require_same_environment(manifest)
        names = [type(observer).__name__ for observer in observers]
        if names != manifest["observers"]:
            raise InputError(f"observers {names}", f"those that the run was begun with: {manifest['observers']}",
                             "give the same ones in the same order")
        experiment = Experiment(**manifest["experiment"])
        options = dict(manifest["engine"])
        given: dict[str, Any] = {"observers": observers, "threads": threads, "progress": progress}
        given["seconds"] = checkpoint_seconds
        if options.pop("name") == "limit":
            return run_limit(experiment, partial, options, **given)
        return run_simulation(experiment, partial, **given)
