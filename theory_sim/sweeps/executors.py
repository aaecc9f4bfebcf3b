"""Where the runs of a sweep are computed: in this process, or in worker processes of this machine.

Both are executors of `concurrent.futures` with a number of places, so that a distributed one can stand in for them.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from theory_sim.errors import InputError, repr_of, shown

__all__ = ["InProcess", "Places", "WorkerProcesses", "executor_of", "interrupt", "workers_of"]

T = TypeVar("T")
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Places(Executor):
    """What a sweep needs of an executor: a Future's exception is a BrokenProcessPool if the worker died.

    Attributes
    ----------
    places : int
        Runs at a time.
    threads : int or None
        Threads of each run; None for all processors.
    """

    places: int
    threads: int | None


class InProcess(Places):
    """One run at a time, in this process.

    Parameters
    ----------
    threads : int or None
        Threads of each run; the result does not depend on it.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.places, self.threads = 1, threads

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call at once; a finished Future."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class WorkerProcesses(Places):
    """Worker processes with one thread each; one that dies is replaced and takes none of the others with it.

    Parameters
    ----------
    workers : int
        Number of processes.
    manifest : Path
        The sweep's manifest, in which workers note their process numbers.
    """

    def __init__(self, workers: int, manifest: Path) -> None:
        self.places, self.threads = workers, 1
        self._manifest = str(manifest)
        # A pool breaks as a whole when a process of it dies: so each holds one process.
        self._pools: list[ProcessPoolExecutor | None] = [None] * workers
        self._busy: list[Future[Any] | None] = [None] * workers

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Give a call to a worker that has none.

        Raises
        ------
        RuntimeError
            If all have one.
        """
        place = next((i for i, future in enumerate(self._busy) if future is None or future.done()), None)
        if place is None:
            raise RuntimeError(f"all {self.places} workers are busy")
        future: Future[T]
        try:
            future = self._pool(place).submit(fn, *args, **kwargs)
        except BrokenProcessPool:  # died while idle
            self._drop(place)
            future = self._pool(place).submit(fn, *args, **kwargs)
        future.add_done_callback(lambda ended, place=place: self._drop(place) if _broke(ended) else None)  # type: ignore[misc]
        self._busy[place] = future
        return future

    def _pool(self, place: int) -> ProcessPoolExecutor:
        pool = self._pools[place]
        if pool is None:
            # Spawned: a fork would copy the locks of threads that it does not have.
            pool = self._pools[place] = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=_begin_worker, initargs=(self._manifest,)
            )
        return pool

    def _drop(self, place: int) -> None:
        self._pools[place] = None

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


def executor_of(workers: int | None, manifest: Path, threads: int | None) -> Places:
    """Executor for a number of worker processes; 0 is this process, None one worker a processor."""
    count = workers_of(workers, threads)
    return WorkerProcesses(count, manifest) if count else InProcess(threads)


def workers_of(workers: int | None, threads: int | None) -> int:
    """Number of worker processes, 0 for none.

    Raises
    ------
    InputError
        If the number is negative, or threads are asked of worker processes.
    """
    from theory_sim.numeric.pool import MOST_THREADS, default_threads, require_threads

    count = default_threads() if workers is None else workers
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_THREADS:
        raise InputError(f"workers = {shown(repr_of(workers))}",
                         f"a whole number from 0 (this process alone) to {MOST_THREADS}", "fix it or leave it out")
    if count and threads not in (None, 1):
        raise InputError(f"threads = {threads} with {count} worker processes", "a worker process has one thread",
                         "leave threads out, or give workers = 0")
    require_threads(threads)
    return count


def interrupt(pids: list[int]) -> None:
    """Ask worker processes to stop at the next step."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
