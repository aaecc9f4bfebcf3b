"""Runs one function over many blocks on a fixed number of threads, with one BLAS thread each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from threadpoolctl import threadpool_limits

from theory_sim.errors import InputError, repr_of, shown

__all__ = ["MOST_THREADS", "BlockPool", "default_threads", "require_threads"]

MOST_THREADS: Final = 1024


def default_threads() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@cache
def _import_for_threads() -> None:
    """Have everything imported that compiled code imports at its first use, before there are threads.

    numba and NumPy import parts of themselves when they are first needed; two threads that do so at a time may find each
    other's half-imported modules. Compiling and calling anything imports what all of it needs.
    """
    import numba

    def first(x: np.ndarray[Any, Any]) -> float:
        return float(x[0])

    numba.njit(first, nogil=True)(np.zeros(1))


def require_threads(threads: int | None) -> None:
    """Refuse a number of threads that is none, or more than any machine has use for."""
    whole = isinstance(threads, int) and not isinstance(threads, bool)
    if threads is not None and not (whole and 1 <= threads <= MOST_THREADS):
        raise InputError(f"threads = {shown(repr_of(threads))}", f"at least 1, at most {MOST_THREADS}",
                         "give such a number, or leave it out for all processors")


class BlockPool:
    """Threads that take blocks in turn; the results may not depend on who takes which.

    Parameters
    ----------
    threads : int or None
        Number of threads, the caller's included; None for all processors that may be used.

    Notes
    -----
    BLAS is held to one thread a call while the pool is open: two levels of threads would only compete, and a
    product split by BLAS among a varying number of threads need not be bitwise the same.
    """

    def __init__(self, threads: int | None = None) -> None:
        require_threads(threads)
        self.threads = threads or default_threads()

    def __enter__(self) -> Self:
        if self.threads > 1:
            _import_for_threads()
        self._limits = threadpool_limits(1, user_api="blas")
        self._executor = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._executor is not None:
                self._executor.shutdown()
        finally:  # Ctrl-C too: one thread of BLAS would be all that this process has from then on
            self._limits.restore_original_limits()

    def run(self, work: Callable[[int, int], None], blocks: int) -> None:
        """Call ``work(block, worker)`` once for each block; ``worker`` in [0, threads) names scratch memory."""
        if self._executor is None:
            for block in range(blocks):
                work(block, 0)
            return
        turn = itertools.count()  # next() on it is atomic
        handling = np.geterr()  # a thread of its own starts with NumPy's defaults

        def take(worker: int) -> None:
            with np.errstate(**handling):
                while (block := next(turn)) < blocks:
                    work(block, worker)

        others: list[Future[None]] = []
        try:
            for worker in range(1, self.threads):
                others.append(self._executor.submit(take, worker))
            take(0)
        except RuntimeError as error:
            if "new thread" not in str(error):
                raise
            raise InputError(f"{self.threads} threads: {error}", "memory and a limit on processes that leave room for them",
                             "give fewer threads, or raise the limit (ulimit -u, ulimit -v)") from error
        finally:
            for other in others:
                other.result()
