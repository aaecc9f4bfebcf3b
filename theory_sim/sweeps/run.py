"""run_sweep: compute what is pending, until it is done or interrupted."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import replace
from typing import Final

from theory_sim.errors import InputError, StoreError, WorkerError
from theory_sim.experiment.choices import CHOSEN
from theory_sim.loop import deferred_interrupt
from theory_sim.reading.arguments import accepts
from theory_sim.sweeps.compute import Computed, compute
from theory_sim.sweeps.executors.base import NotBegun, SweepExecutor, make_executor
from theory_sim.sweeps.memory import require_workers_memory
from theory_sim.sweeps.preparation import reported
from theory_sim.sweeps.refinement import Refinement
from theory_sim.sweeps.status import Holder, SweepStatus
from theory_sim.sweeps.store import SweepStore
from theory_sim.sweeps.sweep_run import SweepRun

__all__ = ["run_sweep"]

_TICK: Final = 0.25
# A run whose worker died is begun once more: by chance it was the one that a full memory hit. Then it is a failure.
_MOST_DEATHS: Final = 2
# So many times as long as the last look at machines that joined has taken, none of it is taken again.
_SELDOM: Final = 20.0


@accepts(store="SweepStore", workers="a whole number", threads="a whole number", executor="a text or SweepExecutor",
         retry_failed="True or False", any_version="True or False", progress="a function")
def run_sweep(
    store: SweepStore,
    *,
    workers: int | None = None,
    threads: int | None = None,
    executor: str | SweepExecutor | None = None,
    retry_failed: bool = False,
    any_version: bool = False,
    progress: Callable[[SweepStatus], None] | None = None,
) -> SweepStatus:
    """Compute every run of a sweep that is not done; the result is bitwise the same however it is computed.

    An adaptive sweep then declares the points that come next, and so on until it is as fine as it is to be.

    Parameters
    ----------
    store : SweepStore
        The sweep.
    workers : int, optional
        Worker processes, one a processor by default; 0 computes in this process.
    threads : int, optional
        Threads of each run; only without worker processes.
    executor : str or SweepExecutor, optional
        Name of an executor, or one of your own, which brings its workers; by default this process for 0 workers, else worker
        processes.
    retry_failed : bool
        Begin failed runs anew.
    any_version : bool
        Go on even with other libraries or another processor than those that began the sweep.
    progress : callable, optional
        Called with the status when a run ends, and a few times a second.

    Returns
    -------
    SweepStatus
        At the end. After Ctrl-C some runs are pending: calling again continues with them. A finished or unfinished run that is
        not as it was written is set aside and computed again; ``recomputed`` says which.

    Raises
    ------
    StoreError
        If runs are left to do in a folder that cannot be written to; one that is finished is as it is. If another process is
        at the sweep, or libraries or processor are not those that began it, or the disk takes nothing
        more, as a full one: what is not done stays pending.
    InputError
        If the number of workers or threads is not one, worker processes would not find what a run chooses, this process may
        start none, or the largest runs do not fit in memory together, also on a machine that joins later.
    WorkerError
        If workers cannot start; their runs stay pending.

    Examples
    --------
    >>> import tempfile
    >>> from theory_sim import Engine, Experiment, Product, Sweep, SweepStore, run_sweep
    >>> sweep = Sweep("widths", Experiment(), (Product({"r": [0.2, 0.4]}),), engines=(Engine("closure"),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SweepStore.create(f"{folder}/widths", sweep)
    ...     status = run_sweep(store, workers=0)
    >>> status.done
    2
    """
    if not any_version:
        store.require_same_environment()
    if store.read_only and _is_finished(store, retry_failed):
        return store.status()
    pool = executor if isinstance(executor, SweepExecutor) else make_executor(executor, workers, threads, store.manifest.path)
    with pool:  # its workers end, whatever the sweep is refused for
        if not pool.in_this_process:
            _require_found_elsewhere(store)
        return _run_locked(store, pool, retry_failed, any_version, progress)


def _is_finished(store: SweepStore, retry_failed: bool) -> bool:
    """Whether nothing is left to do: no run is pending or damaged, and no point is to be added."""
    states = store.states()
    if not set(states.values()) <= ({"done"} if retry_failed else {"done", "failed"}):
        return False
    damaged = any(state == "done" and store.damage_of(id) for id, state in states.items())
    return not damaged and Refinement(store).wider() is None


def _run_locked(
    store: SweepStore, pool: SweepExecutor, retry_failed: bool, any_version: bool,
    progress: Callable[[SweepStatus], None] | None,
) -> SweepStatus:
    # The workers end before the lock is free, so that no other process finds them at work.
    with store.manifest.locked(pool.slots), deferred_interrupt() as interrupted, pool:
        store.require_folder_of_runs()
        states = store.states()
        lost = {id: damage for id, state in states.items() if state == "done" and (damage := store.damage_of(id))}
        store.manifest.pending([*lost, *(id for id, state in states.items() if state == "failed" and retry_failed)])
        pool.begin(any_version=any_version)
        refinement = Refinement(store)
        recomputed: dict[str, str] = {}
        while True:
            work = _Work(store, pool, any_version, progress)
            require_workers_memory(work.pending(), pool)
            finished = work.until(interrupted.is_set)
            recomputed |= work.recomputed
            if not finished and store.status().pending:
                break
            # Also when interrupted between two rounds: what is left is then pending, and told so.
            wider = refinement.wider()
            if wider is None:
                break
            store.declare(wider)
        states = store.states()
        recomputed = {id: damage for id, damage in lost.items() if states[id] != "pending"} | recomputed
    return replace(store.status(), recomputed=recomputed)


def _require_found_elsewhere(store: SweepStore) -> None:
    """Raise InputError if a run chooses what only this process knows."""
    here = {(registry, name) for registry in CHOSEN for name in registry.names() if not registry.in_every_process(name)}
    if not here:  # as mostly: no run need be looked at
        return
    chosen = {(registry, getattr(run.experiment, registry.kind)) for run in store.sweep for registry in CHOSEN}
    for registry, name in sorted(chosen & here, key=lambda pair: (pair[0].kind, pair[1])):
        raise InputError(f"{registry.kind} {name!r} was registered in this process alone",
                         "worker processes find what lies in a module that is declared as an entry point",
                         "declare its module so (CONTRIBUTING), or compute here: --workers 0 (workers=0)",
                         fields=(registry.kind,))


class _Work:
    """What is to be done, and what is under way."""

    def __init__(
        self, store: SweepStore, pool: SweepExecutor, any_version: bool, progress: Callable[[SweepStatus], None] | None
    ) -> None:
        self.store, self.pool, self.any_version, self.progress = store, pool, any_version, progress
        # Numbers of runs, each once, at its first place, the last of them first: they are taken from the end.
        states = store.states()
        self.todo = [number for number, id in enumerate(store.sweep.ids()) if states.pop(id, None) == "pending"][::-1]
        self.under_way: dict[Future[Computed], tuple[int, SweepRun]] = {}
        self.deaths: dict[str, int] = {}
        self.recomputed: dict[str, str] = {}
        # This process alone changes the manifest now: what it says is counted, not read again for each run.
        self.tally = store.manifest.tally()
        self.stopped = False
        self.look_again = 0.0

    def until(self, stop: Callable[[], bool]) -> bool:
        """Work until all is done, or asked to stop; what is under way then ends at its next step. Whether all is done."""
        try:
            while self.under_way or (self.todo and not (stop() or self.stopped)):
                while self.todo and len(self.under_way) < self.pool.slots and not (stop() or self.stopped):
                    self._begin()
                stopping = stop() or self.stopped
                self._tick(stopping=stopping)
                if stopping:
                    self.pool.interrupt()
                self.pool.require_workers()
                self._look_at_joined()
                if not self.under_way:  # no worker is there at the moment
                    time.sleep(_TICK)
                ended, _ = wait(self.under_way, timeout=_TICK, return_when=FIRST_COMPLETED)
                for future in ended:
                    self._end(*self.under_way.pop(future), future, stopping=stop())
        except KeyboardInterrupt:  # Ctrl-C again
            self.pool.abandon()
            raise
        except BaseException:
            self._stop_under_way()
            raise
        self._tick(stopping=False)
        return not (stop() or self.stopped)

    def _stop_under_way(self) -> None:
        """Have every run end at its next step, and wait for it; Ctrl-C a second time ends them at once here too."""
        try:
            with suppress(StoreError):
                while self.under_way:  # again and again: a worker that is only starting does not hear it yet
                    self.pool.interrupt()
                    for future in wait(self.under_way, timeout=_TICK).done:
                        del self.under_way[future]
        except KeyboardInterrupt:
            self.pool.abandon()
            raise

    def _begin(self) -> None:
        number = self.todo.pop()
        run = self.store.sweep.run_of(number)
        self.store.manifest.begin(run.id)
        self.tally.move("pending", "running")
        engine = {"name": run.engine.name, "options": dict(run.engine.options)}
        place = str(self.store.place(run.id))
        future = self.pool.submit(compute, place, engine, run.experiment.fields(), self.pool.threads, self.any_version)
        self.under_way[future] = number, run

    def pending(self) -> Iterator[SweepRun]:
        """What is to be done, one after the other."""
        return reported("estimating the memory of", map(self.store.sweep.run_of, self.todo), len(self.todo))

    def _look_at_joined(self) -> None:
        """Raise InputError if what is left does not fit on machines that joined; of many runs, looked at now and then."""
        if time.monotonic() < self.look_again or not (machines := self.pool.joined()):
            return
        began = time.monotonic()
        require_workers_memory(self.pending(), self.pool, machines)
        self.look_again = time.monotonic() + _SELDOM * (time.monotonic() - began)

    def _end(self, number: int, run: SweepRun, future: Future[Computed], *, stopping: bool) -> None:
        error = future.exception()
        if isinstance(error, NotBegun) or (stopping and isinstance(error, WorkerError)):
            self._pending(run.id)
            self.todo.append(number)
            return
        if error is not None and (workers := self.pool.died(error)):
            self._died(number, run.id, workers)
            return
        computed = future.result()
        if computed.damage:
            self.recomputed[run.id] = computed.damage
        if computed.end == "done":
            self.store.manifest.done(run.id, computed.seconds)
            self.tally.done(computed.seconds)
        elif computed.end in ("failed", "no memory", "in use"):
            self._failed(run.id, computed.cause, computed.error)
        elif computed.end == "not stored":
            with suppress(StoreError):  # the manifest may lie on the disk that is full; the next who locks it makes it pending
                self._pending(run.id)
            raise StoreError(f"{computed.error}: the sweep stops, and the runs that are left stay pending",
                             "a folder that can be written to, on a disk with free space",
                             f"free some space, or move the folder; then theory-sim sweep resume {self.store.folder}")
        else:
            self.stopped = True  # Ctrl-C reached the run: it reaches the sweep
            self._pending(run.id)

    def _failed(self, id: str, cause: str, error: str) -> None:
        self.store.manifest.failed(id, cause, error)
        self.tally.failed(id, cause, error)

    def _pending(self, id: str) -> None:
        self.store.manifest.pending([id])
        self.tally.move("running", "pending")

    def _died(self, number: int, id: str, workers: int) -> None:
        """Workers were killed, as by a system that runs out of memory."""
        self.deaths[id] = self.deaths.get(id, 0) + workers
        if self.deaths[id] < _MOST_DEATHS:
            self._pending(id)
            self.todo.append(number)
        else:
            error = StoreError(f"the worker process of run {id} was killed {self.deaths[id]} times",
                               "a run has the memory that it needs",
                               "fewer workers, or smaller runs; then theory-sim sweep resume --retry-failed")
            self._failed(id, "worker process killed", str(error))

    def _tick(self, *, stopping: bool) -> None:
        if self.progress is not None:
            here = Holder(True, os.getpid(), self.pool.slots, platform.node())
            self.progress(replace(self.tally.status(here), slots=here.workers, stopping=stopping))
