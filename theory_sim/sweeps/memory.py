"""Whether the runs that a sweep computes at once fit, on each machine that computes them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from theory_sim.engines.resources import needed_bytes, require_memory
from theory_sim.errors import InputError, size_in_words
from theory_sim.memory import CERTAIN, VARIABLE, fits
from theory_sim.sweeps.executors.base import SweepExecutor
from theory_sim.sweeps.sweep_run import SweepRun

__all__ = ["require_workers_memory"]

# The program itself, once more in each worker process.
_PROGRAM: Final = 60 * 2**20


def require_workers_memory(
    runs: Iterable[SweepRun], pool: SweepExecutor, machines: Sequence[tuple[int, int]] | None = None
) -> None:
    """Raise InputError, with the number of workers that fit, unless the largest runs fit together as they may meet.

    Parameters
    ----------
    runs : iterable of SweepRun
        What is to be computed.
    pool : SweepExecutor
        Where they are computed.
    machines : sequence of (int, int), optional
        Memory available, and runs at a time, of each machine that is looked at; by default all.
    """
    machines = pool.machines() if machines is None else machines
    most = max((count for _, count in machines), default=0)
    if most == 0:
        return
    threads = pool.threads or 1
    sized = ((needed_bytes(run.engine.solver, run.experiment, run.engine.all_options, threads), -at, run)
             for at, run in enumerate(runs))
    largest = heapq.nlargest(most, sized)
    if not largest:
        return
    program = 0 if pool.in_this_process else _PROGRAM
    together = list(accumulate(needed + program for needed, _, _ in largest))
    for there, count in machines:
        at_once = min(count, len(largest))
        if fits(together[at_once - 1], there):
            continue
        possible = sum(fits(needed, there) for needed in together[:at_once])
        if possible == 0:
            run = largest[0][2]
            require_memory(run.engine.solver, run.experiment, run.engine.all_options, threads)
        raise InputError(
            f"runs, {at_once} at a time, need about {size_in_words(together[at_once - 1])}, the largest of them "
            f"{size_in_words(largest[0][0])}; {size_in_words(there)} are available",
            f"{CERTAIN:g} of what the largest runs need together must be available, whichever of them meet ({VARIABLE} "
            "overrides what is found)",
            f"at most {possible} at a time: --workers {possible} (workers={possible}), or {possible} of Dask's workers on that "
            "machine" if possible else "smaller runs",
        )
