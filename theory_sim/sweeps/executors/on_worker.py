"""What a worker on another machine does around a run: it is the same program, sees the sweep, and can be asked to stop."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from theory_sim.errors import StoreError

__all__ = ["UNLIKE", "dask_setup", "fault_of", "interrupt_runs", "memory_here", "on_worker", "worker_about"]

UNLIKE: Final = (
    "workers of one thread, with the code and libraries of the client, that see the sweep's folder",
    "install the same versions there and start them with --nthreads 1; --any-version accepts other ones",
)
"""Rule and fix of the error about another worker."""
_TOO_SMALL: Final = ("each worker has the memory that the runs need", "end that worker, or give its machine more memory; then "
                     "theory-sim sweep resume: finished runs are kept")
T = TypeVar("T")
# A run that a lost client left here ends at its next step; so long its folder may be in use.
_LEAVING_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 0.5
# Thread of each run that is under way in this process, and the folder of its sweep.
_UNDER_WAY: Final[dict[int, str]] = {}
# And what this process held before it.
_BEFORE: Final[dict[int, int]] = {}


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all its processes, to the client; Dask calls it in a new worker's main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@lru_cache(maxsize=1)
def worker_about() -> dict[str, str]:
    """What a run depends on: libraries, processor, and the code of this package."""
    from theory_sim.loop import environment

    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return {"theory-sim's code": digest.hexdigest()[:12], **environment()}


def fault_of(about: dict[str, str] | None, folder: str, dask_worker: Any = None) -> str:
    """Why this worker may not compute a sweep, in words; empty if it may.

    Parameters
    ----------
    about : dict or None
        What the client is; None for any.
    folder : str
        The sweep's folder.
    dask_worker : distributed.Worker
        This worker; Dask fills it in by its name.
    """
    try:
        if not (Path(folder) / "sweep.toml").is_file():
            return f"{folder} is not there"
    except OSError as error:  # as where another user's folder is on the way
        return f"{folder}: {error.strerror or error}"
    if (threads := dask_worker.state.nthreads) != 1:
        return f"{threads} threads"
    here = worker_about()
    differ = [key for key in {**(about or {}), **here} if about is not None and about.get(key) != here.get(key)]
    return ", ".join(f"{key} {here.get(key)}, the client has {(about or {}).get(key)}" for key in differ[:4])


def on_worker(about: dict[str, str] | None, folder: str, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call a run's function on a worker, unless it is another program than the client.

    Raises
    ------
    StoreError
        If it is, or the worker has too little memory for the run; the client then stops, and no run is lost.
    """
    from distributed import get_worker

    if fault := fault_of(about, folder, get_worker()):
        raise StoreError(f"the worker {get_worker().address} cannot compute this sweep: {fault}", *UNLIKE)
    thread = threading.get_ident()
    until = time.monotonic() + _LEAVING_SECONDS
    _UNDER_WAY[thread], _BEFORE[thread] = folder, _held_bytes()
    try:
        while getattr(found := fn(*args, **kwargs), "end", "") == "in use" and time.monotonic() < until:
            time.sleep(_AGAIN_SECONDS)
    finally:
        del _UNDER_WAY[thread], _BEFORE[thread]
    if getattr(found, "end", "") == "no memory":
        refused = str(getattr(found, "error", "")).partition("\n")[0]
        raise StoreError(f"the worker {get_worker().address} has too little memory for a run: {refused}", *_TOO_SMALL)
    return found


def memory_here() -> tuple[int, int]:
    """Bytes available on this machine, and those that a run of this process takes now, which are not among them."""
    from theory_sim.memory import VARIABLE, available_bytes

    before = min(list(_BEFORE.values()), default=None)
    given = bool(os.environ.get(VARIABLE, "").strip())  # what it says is for all runs
    return available_bytes(), 0 if before is None or given else max(0, _held_bytes() - before)


def _held_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def interrupt_runs(folder: str) -> None:
    """Ask the runs of a sweep that are under way in this process to stop at their next step."""
    from theory_sim.loop import interrupt_thread

    for thread, of in list(_UNDER_WAY.items()):
        if of == folder:
            interrupt_thread(thread)
