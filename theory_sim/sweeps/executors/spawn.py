"""Processes started without the user's main module, and what is said of one that could not start."""

from __future__ import annotations

import multiprocessing.connection
import multiprocessing.spawn
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, Final

from theory_sim.errors import InputError, WorkerError

__all__ = ["BareContext", "BareProcess", "end_with_parent", "how_it_ended", "listen_again", "not_started", "require_may_start"]

_STARTING: Final = threading.Lock()
_JOIN_SECONDS: Final = 5.0


class BareProcess(SpawnProcess):
    """A spawned process that does not import the user's main module, and is deaf to Ctrl-C until `listen_again`.

    By default a spawned process imports it anew. A script without ``if __name__ == "__main__"`` would run once more, whole, in
    every worker, and a program on standard input cannot be imported at all. A worker needs nothing of it: what a run chooses is
    found by its name.
    """

    def start(self) -> None:
        """Start it."""
        with _STARTING, _no_main(), _deaf():
            super().start()


class BareContext(SpawnContext):
    """What `multiprocessing.get_context` gives, with `BareProcess`; remembers the last process that it made."""

    def __init__(self) -> None:
        super().__init__()
        self.last: BareProcess | None = None

    def Process(self, *args: Any, **kwargs: Any) -> BareProcess:  # type: ignore[override]
        """Make a process."""
        self.last = BareProcess(*args, **kwargs)
        return self.last


@contextmanager
def _no_main() -> Iterator[None]:
    """Show an empty main module for the milliseconds in which multiprocessing notes what its child is to import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _deaf() -> Iterator[None]:
    """Block Ctrl-C in this thread: a child begins with its parent's mask, and waits with the signal instead of dying of it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def listen_again() -> None:
    """Hear Ctrl-C from now on; called in the child once it has a handler."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def end_with_parent() -> None:
    """Have this process, which was started by another, end when that one does."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def require_may_start() -> None:
    """Raise InputError if this process may not start others."""
    process = multiprocessing.current_process()
    if process.daemon:
        raise InputError("worker processes inside of a daemonic process, such as a worker of multiprocessing.Pool or of Dask",
                         "a daemonic process may start no others", "compute there without workers: workers=0 (--workers 0); "
                         "or call from the main program, or from a concurrent.futures.ProcessPoolExecutor")
    if getattr(process, "_inheriting", False):  # what multiprocessing itself looks at
        raise InputError("worker processes while this program is imported by a process that it started",
                         "what starts processes stands below a main guard",
                         'write if __name__ == "__main__": before it, or compute without workers: workers=0')


def not_started(how: str) -> WorkerError:
    """Error of a worker process that ended before it could begin."""
    return WorkerError(
        f"a worker process could not start: {how}",
        f"{os.fsdecode(multiprocessing.spawn.get_executable())} starts and imports theory_sim, as this process did",
        "see what the worker itself wrote above; or compute in this process: --workers 0 (workers=0). No run is marked as "
        "failed: theory-sim sweep resume continues",
    )


def how_it_ended(process: SpawnProcess | None) -> tuple[str, bool]:
    """How a process ended, in words, and whether a signal ended it, as a system does that has no memory left."""
    if process is None or process.pid is None:
        return "it was never there", False
    process.join(_JOIN_SECONDS)
    code = process.exitcode
    if code is None:
        return "it closed its connection", False
    if code >= 0:
        return f"it ended with exit status {code}", False
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"it was killed by signal {name}, as by a system that has no memory left", True
