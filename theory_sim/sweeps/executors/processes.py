"""Runs in worker processes of this machine."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from theory_sim.errors import InputError
from theory_sim.sweeps.executors.base import SweepExecutor, register

__all__ = ["WorkerProcesses"]

T = TypeVar("T")
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


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
        self._pools: list[ProcessPoolExecutor | None] = [None] * workers
        self._busy: list[Future[Any] | None] = [None] * workers

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
        future: Future[T]
        try:
            future = self._pool(slot).submit(fn, *args, **kwargs)
        except BrokenProcessPool:  # died while idle
            self._drop(slot)
            future = self._pool(slot).submit(fn, *args, **kwargs)
        future.add_done_callback(lambda ended, slot=slot: self._drop(slot) if _broke(ended) else None)  # type: ignore[misc]
        self._busy[slot] = future
        return future

    def _pool(self, slot: int) -> ProcessPoolExecutor:
        pool = self._pools[slot]
        if pool is None:
            # Spawned: a fork would copy the locks of threads that it does not have.
            pool = self._pools[slot] = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=_begin_worker, initargs=(self._manifest,)
            )
        return pool

    def _drop(self, slot: int) -> None:
        self._pools[slot] = None

    def interrupt(self) -> None:
        """Have each worker process stop its run at the next step."""
        from theory_sim.sweeps.manifest import Manifest

        for pid in Manifest(Path(self._manifest)).worker_pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        for pool in self._pools:
            if pool is not None:
                pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def _broke(future: Future[Any]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenProcessPool)


def _begin_worker(manifest: str) -> None:
    """Prepare a worker process: one BLAS thread, no end by Ctrl-C outside of a run, and an end with its parent."""
    from threadpoolctl import threadpool_limits

    from theory_sim.sweeps.manifest import register_worker

    for name in _ONE_THREAD:
        os.environ[name] = "1"
    threadpool_limits(1)
    # A run has a handler of its own; one that ignores the signal would leave it deaf.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    register_worker(manifest)

