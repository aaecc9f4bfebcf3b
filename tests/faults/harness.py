"""What all faults have in common: a tiny sweep, processes to be killed, and what must hold afterwards.

Nothing that was reported done is lost or computed again; a resumed sweep gives the bitwise same summary; no file of the
user's is removed.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from theory_sim import Experiment, Trajectory
from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.storage import failpoints
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.status import SweepStatus
from theory_sim.sweeps.store import SweepStore

SWEEP: Final = Sweep("faulty", Experiment(d=4, N=8, m_W=4, m_V=4, n_test=2, max_tau=4.0, record_every=1.0, schedule="S"),
                     seeds=(0, 1), engines=(Engine("limit"), Engine("closure")))
RUNS: Final = 3  # two seeds of the limit, and the closure, which knows no seeds
_FORKSERVER: Final = multiprocessing.get_context("forkserver")
MINE: Final = "notes of the user.txt"


@dataclass(frozen=True)
class Whole:
    """The sweep without a fault.

    Attributes
    ----------
    folder : Path
        Of the finished sweep, with its summary.
    dataset : xarray.Dataset
        The summary.
    points : int
        Failpoints that the whole computation passes.
    """

    folder: Path
    dataset: Any
    points: int

    def copied(self, to: Path) -> SweepStore:
        """A copy of the finished sweep, with a file of the user's in it."""
        shutil.copytree(self.folder, to)
        (to / MINE).write_text("mine")
        return SweepStore(to)


def compute_whole(folder: Path) -> Whole:
    """Compute the sweep, and count the failpoints on the way."""
    passed = 0

    def count(point: str) -> None:
        nonlocal passed
        passed += 1

    failpoints.set_hook(count)
    try:
        store = begun(folder)
        run_sweep(store, workers=0, threads=1)
        dataset = collect(store).dataset
    finally:
        failpoints.set_hook(None)
    return Whole(folder, dataset, passed)


def begun(folder: Path) -> SweepStore:
    """The sweep in a folder, made if nothing is there."""
    if not (folder / "sweep.toml").exists():
        assert not folder.exists(), "a sweep is there as a whole or not at all"
        return SweepStore.create(folder, SWEEP)
    return SweepStore(folder)


def require_recovery(folder: Path, whole: Whole, *, damaged: int = 0) -> SweepStatus:
    """Resume, and assert that nothing is lost; ``damaged`` runs reported done may be computed again."""
    store = begun(folder)
    reported = {id for id, state in store.states().items() if state == "done"}
    good = {id for id in reported if not store.damage_of(id)}
    assert len(reported) - len(good) <= damaged
    for id in good:
        Trajectory.load(store.run_path(id))
    times = {entry.id: entry.attempts for entry in store.manifest.entries()}
    status = run_sweep(store, workers=0, threads=1, retry_failed=True)
    assert (status.done, status.failed, status.pending) == (RUNS, 0, 0), status
    after = {entry.id: entry.attempts for entry in store.manifest.entries()}
    assert all(after[id] == times[id] for id in good), "what was done is not computed again"
    assert collect(store).dataset.identical(whole.dataset)
    return status


def require_kept(folder: Path) -> None:
    """Assert that the user's file is there."""
    assert (folder / MINE).read_text() == "mine"


def at_point(number: int, then: Callable[[str], None]) -> None:
    """Have something done when the failpoint of a number is passed, counted from now, and at none after it.

    ``then`` is called with the name of the failpoint.
    """
    left = number

    def hook(point: str) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            then(point)

    failpoints.set_hook(hook)


# -- processes ------------------------------------------------------------------------------------------


def processes() -> Any:
    """Where processes come from: forked from one that has imported everything and has no threads; each starts at once."""
    _FORKSERVER.set_forkserver_preload(["tests.faults.harness", "theory_sim.cli", "theory_sim.limit", "theory_sim.closure"])
    return _FORKSERVER


def ended(target: Callable[..., None], *arguments: object, timeout: float = 120.0) -> int:
    """Exit status of a process that calls a function; -9 if it was killed."""
    process = processes().Process(target=target, args=arguments)
    process.start()
    process.join(timeout)
    assert process.exitcode is not None, "it ends"
    code: int = process.exitcode
    return code


def killed_at(folder: Path, number: int) -> None:
    """Compute the sweep in this process, which kills itself at a failpoint."""
    at_point(number, lambda point: os.kill(os.getpid(), signal.SIGKILL))
    store = begun(folder)
    run_sweep(store, workers=0, threads=1)
    collect(store)


def command(out: Path, *arguments: object) -> None:
    """The command line in this process, which ends with its status; what it says goes to a file."""
    from theory_sim.cli import app
    from theory_sim.interrupts import raise_interrupts
    from theory_sim.terminal.program import run_program

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["theory-sim", *map(str, arguments)]
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    raise_interrupts()
    os._exit(run_program(app, "theory-sim"))


def refused(call: Callable[[], object]) -> str:
    """What a call is refused with, as a StoreError with rule and fix; empty if it is not."""
    try:
        call()
    except StoreError as error:
        assert error.rule and error.fix
        return str(error)
    return ""
