"""Runs one after the other in this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from theory_sim.errors import InputError
from theory_sim.sweeps.executors.base import SweepExecutor, register

__all__ = ["InProcess"]

T = TypeVar("T")


@register
class InProcess(SweepExecutor):
    """One run at a time, in this process.

    Parameters
    ----------
    threads : int or None
        Threads of each run; the result does not depend on it.
    """

    name, summary = "in-process", "one run at a time in this process, on several threads"
    in_this_process = True

    def __init__(self, threads: int | None = None) -> None:
        self.slots, self.threads = 1, threads

    @classmethod
    def require(cls, workers: int | None, threads: int | None) -> None:
        """It has no workers."""
        if workers:
            raise InputError(f"{workers} workers with executor {cls.name!r}", "no workers: it computes in this process",
                             "leave --workers out, or choose the executor processes")

    @classmethod
    def of(cls, workers: int | None, threads: int | None, manifest: Path) -> Self:
        """Executor with that many threads a run."""
        return cls(threads)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call at once; a finished Future."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
