"""Runs one function over many blocks on a fixed number of threads, with one BLAS thread each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import Any, Self

import numpy as np
from threadpoolctl import threadpool_limits

from theory_sim.errors import InputError

__all__ = ["BlockPool", "default_threads"]


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
        if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
            raise InputError(f"threads = {threads!r}", "at least 1", "give 1 or more, or leave it out for all processors")
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
        if self._executor is not None:
            self._executor.shutdown()
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

        others = [self._executor.submit(take, worker) for worker in range(1, self.threads)]
        try:
            take(0)
        finally:
            for other in others:
                other.result()
