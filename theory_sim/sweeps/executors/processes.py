"""Runs in worker processes of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

from theory_sim.errors import InputError
from theory_sim.sweeps.executors.base import NotBegun, SweepExecutor, register
from theory_sim.sweeps.executors.spawn import (
    BareContext,
    end_with_parent,
    how_it_ended,
    listen_again,
    not_started,
    require_may_start,
)

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

__all__ = ["WorkerProcesses"]

T = TypeVar("T")
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# A worker killed by the system before it began is started once more: another may have had the memory by chance.
_MOST_STARTS: Final = 2


class _Slot(NamedTuple):
    """A pool of one process, how it is started, and whether it has begun."""

    pool: ProcessPoolExecutor
    context: BareContext
    begun: Event


@register
class WorkerProcesses(SweepExecutor):
    """Worker processes with one thread each; one that dies is replaced and takes none of the others with it.

    A pool of the standard library for each slot, with two lines around it, is all that is own. One `ProcessPoolExecutor` of n
    processes lacks the isolation: if one of them is killed, the pool is broken, every run under way fails with it and nothing
    can be submitted any more (https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor). loky's reusable
    executor can be had again after that, but the runs under way are lost all the same, and it would be one more dependency.

    Parameters
    ----------
    workers : int
        Number of processes.
    manifest : Path
        The sweep's manifest, in which workers note their process numbers.
    """

    name, summary = "processes", "worker processes of this machine with one thread each"

    def __init__(self, workers: int, manifest: Path) -> None:
        self.slots, self.threads = workers, 1
        self._manifest = str(manifest)
        # A pool breaks as a whole when a process of it dies: so each holds one process.
        self._pools: list[_Slot | None] = [None] * workers
        self._busy: list[Future[Any] | None] = [None] * workers
        self._starts = [0] * workers  # in vain, since one was last begun

    @classmethod
    def require(cls, workers: int | None, threads: int | None) -> None:
        """At least one worker, of one thread each."""
        if workers == 0:
            raise InputError(f"0 workers with executor {cls.name!r}", "at least one worker process",
                             "leave --workers out, or choose the executor in-process")
        if threads not in (None, 1):
            count = cls._count(workers)
            raise InputError(f"threads = {threads} with {count} worker processes", "a worker process has one thread",
                             "leave threads out, or give workers = 0")
        require_may_start()

    @classmethod
    def of(cls, workers: int | None, threads: int | None, manifest: Path) -> Self:
        """Executor with that many workers, by default one a processor."""
        return cls(cls._count(workers), manifest)

    @staticmethod
    def _count(workers: int | None) -> int:
        from theory_sim.numeric.pool import default_threads

        return default_threads() if workers is None else workers

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Give a call to a worker that has none.

        Raises
        ------
        RuntimeError
            If all have one.
        """
        slot = next((i for i, future in enumerate(self._busy) if future is None or future.done()), None)
        if slot is None:
            raise RuntimeError(f"all {self.slots} workers are busy")
        future: Future[T] = Future()
        self._busy[slot] = future
        try:
            at, sent = self._send(slot, fn, args, kwargs)
        except OSError as error:  # none at all, as where there is a limit on their number; or it did not read what it is to do
            self._pools[slot] = None
            ended_at_once = isinstance(error, BrokenPipeError)
            future.set_exception(self._in_vain(slot, "it ended at once" if ended_at_once else str(error), again=ended_at_once))
            return future

        def end(ended: Future[T]) -> None:
            error = ended.exception()
            if error is None:
                self._starts[slot] = 0
                future.set_result(ended.result())
                return
            if isinstance(error, BrokenProcessPool):
                self._pools[slot] = None
                error = self._begun(slot, at, error)
            future.set_exception(error)

        sent.add_done_callback(end)
        return future

    def _send(self, slot: int, fn: Callable[..., T], args: Any, kwargs: Any) -> tuple[_Slot, Future[T]]:
        """Give a call to the pool of a slot, a new one if its process died while idle."""
        for at in (self._pools[slot], None):
            at = at or self._new_pool()
            self._pools[slot] = at
            try:
                return at, at.pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool:
                continue
        raise OSError("a new worker process ended at once")

    def _begun(self, slot: int, at: _Slot, error: BaseException) -> BaseException:
        """What is said of a worker that ended, which may be that it never began."""
        if at.begun.is_set():
            self._starts[slot] = 0
            return error
        how, killed = how_it_ended(at.context.last)
        return self._in_vain(slot, how, again=killed)

    def _in_vain(self, slot: int, how: str, *, again: bool) -> BaseException:
        """What is said of a worker that did not begin; ``again`` if another may."""
        self._starts[slot] += 1
        return NotBegun() if again and self._starts[slot] < _MOST_STARTS else not_started(how)

    def _new_pool(self) -> _Slot:
        # Spawned: a fork would copy the locks of threads that it does not have.
        context = BareContext()
        begun = context.Event()
        pool = ProcessPoolExecutor(1, context, initializer=_begin_worker, initargs=(self._manifest, begun))
        return _Slot(pool, context, begun)

    def interrupt(self) -> None:
        """Have each worker process stop its run at the next step."""
        for at in self._pools:
            # Children of this process, whatever the manifest says. One that only starts is deaf to it, and then has a handler.
            if at is not None and (worker := at.context.last) is not None and worker.exitcode is None:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid or 0, signal.SIGINT)

    def abandon(self) -> None:
        """Kill each worker process."""
        for at in self._pools:
            if at is not None and at.context.last is not None:
                at.context.last.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        with ExitStack() as ending:  # Ctrl-C while one is waited for ends the others all the same
            for at in self._pools:
                if at is not None:
                    ending.callback(at.pool.shutdown, wait=wait, cancel_futures=cancel_futures)


def _begin_worker(manifest: str, begun: Event) -> None:
    """Prepare a worker process: one BLAS thread, no end by Ctrl-C outside of a run, and an end with its parent."""
    from threadpoolctl import threadpool_limits

    from theory_sim.sweeps.manifest import register_worker

    for name in _ONE_THREAD:
        os.environ[name] = "1"
    threadpool_limits(1)
    # A run has a handler of its own; one that ignores the signal would leave it deaf.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    listen_again()
    end_with_parent()
    register_worker(manifest)
    begun.set()
