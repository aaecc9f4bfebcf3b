"""kill -9 of the main process, of a worker and of Dask's scheduler; Ctrl-C twice; two processes on one sweep."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any

import psutil
import pytest

from tests.faults.harness import (
    MINE,
    RUNS,
    SWEEP,
    Whole,
    at_point,
    begun,
    command,
    ended,
    killed_at,
    processes,
    refused,
    require_recovery,
)
from tests.rotation import draws, rotation
from theory_sim.loop import interrupted
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.status import SweepStatus
from theory_sim.sweeps.store import SweepStore


@draws("main process")
def test_the_main_process(draw: Random, whole: Whole, tmp_path: Path) -> None:
    """At a drawn point at which a file is written, synced or renamed; sometimes once more while it recovers."""
    folder = tmp_path / "faulty"
    for _ in range(draw.choice((1, 1, 2))):
        assert ended(killed_at, folder, draw.randrange(whole.points)) in (-signal.SIGKILL, 0)
    require_recovery(folder, whole)
    assert {path.name for path in folder.iterdir()} == {"sweep.toml", "manifest.sqlite", "runs", "summary"}
    assert SweepStore(folder).gc() is not None and SweepStore(folder).strangers() == []


class AtOnce(ForkServerContext):
    """Workers that start at once in place of spawned ones; the pool, the kill and what follows are the real ones."""

    last: ForkServerProcess | None = None

    def Process(self, *arguments: Any, **more: Any) -> ForkServerProcess:  # type: ignore[override]
        self.last = ForkServerProcess(*arguments, **more)
        return self.last


@draws("worker")
def test_a_worker(draw: Random, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run is begun once more in another worker; the sweep does not notice more than that."""
    processes()
    monkeypatch.setattr("theory_sim.sweeps.executors.processes.BareContext", AtOnce)
    store = begun(tmp_path / "faulty")
    left = draw.randrange(1, 5)

    def kill(status: SweepStatus) -> None:
        nonlocal left
        workers = store.manifest.worker_pids()
        if workers and left == 0:
            os.kill(draw.choice(workers), signal.SIGKILL)
        left -= bool(workers)

    status = run_sweep(store, workers=1, progress=kill)
    assert (status.done, status.failed) == (RUNS, 0)
    require_recovery(store.folder, whole)


def interrupted_twice(folder: Path, first: int, second: int, soon: float) -> None:
    interrupted._AGAIN_SECONDS = soon  # type: ignore[misc]

    def again(point: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        at_point(second, lambda point: os.kill(os.getpid(), signal.SIGINT))

    at_point(first, again)
    command(folder.parent / "said", "sweep", "resume", folder, "--workers", "0", "-q")


@draws("Ctrl-C twice")
def test_ctrl_c_twice(draw: Random, whole: Whole, tmp_path: Path) -> None:
    """The second counts as the first if it comes soon after it; else it raises, wherever the program is."""
    store = begun(tmp_path / "faulty")
    (store.folder / MINE).write_text("mine")
    code = ended(interrupted_twice, store.folder, draw.randrange(whole.points), draw.randrange(40),
                 draw.choice((0.0, 10.0)))
    said = (tmp_path / "said").read_text()
    assert code in (0, 130) and "Traceback" not in said, said
    if code == 130:
        assert "sweep resume" in said or "interrupted" in said
    require_recovery(store.folder, whole)
    assert (store.folder / MINE).read_text() == "mine"


def workers_of(process: Any) -> list[psutil.Process]:
    """Worker processes below a process, wherever they are."""
    return [each for each in process.children(recursive=True) if "spawn_main" in " ".join(each.cmdline())]


@pytest.mark.tier2
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_ctrl_c_again_does_not_wait(executor: str, number: int, whole: Whole, tmp_path: Path) -> None:
    """Of workers that do not hear the first, as within a long step: they are killed, and nothing reported done is lost."""
    draw = Random(f"again {rotation()} {executor} {number}")
    if executor == "dask":
        pytest.importorskip("distributed")
    store = begun(tmp_path / "faulty")
    left, stopped, pressed = draw.randrange(RUNS), list[psutil.Process](), list[float]()

    def press() -> None:
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def stop(status: SweepStatus) -> None:
        if status.running and status.done >= left and not pressed:
            stopped.extend(workers_of(psutil.Process()))
            for each in stopped:
                if executor == "processes" or "nanny" not in " ".join(each.cmdline()):
                    each.suspend()
            press()
            for timer in timers:
                timer.start()

    # The last ends a sweep that waits after all.
    timers = [Timer(1.5, press), Timer(60.0, lambda: [each.resume() for each in stopped if each.is_running()])]
    try:
        with pytest.raises(KeyboardInterrupt):
            run_sweep(store, executor=executor, workers=1, progress=stop)
    finally:
        for timer in timers:
            timer.cancel()
    assert len(pressed) == 2 and stopped
    assert time.monotonic() - pressed[1] < 20
    assert not psutil.wait_procs(stopped, timeout=20)[1], "no worker is left"
    assert store.manifest.holder() is None and left <= store.status().done < RUNS
    require_recovery(store.folder, whole)


def resume(folder: Path, said: str) -> None:
    command(folder.parent / said, "sweep", "resume", folder, "--workers", "0", "-q")


@draws("two processes")
def test_two_processes(draw: Random, whole: Whole, tmp_path: Path) -> None:
    """Of two that resume one sweep, one at least gets it; the other is refused, or finds all done."""
    store = begun(tmp_path / "faulty")
    both = [processes().Process(target=resume, args=(store.folder, f"said-{number}")) for number in range(2)]
    for process in both:
        process.start()
        time.sleep(draw.random() * 0.3)
    for process in both:
        process.join(120)
    codes = sorted(process.exitcode for process in both)
    assert codes in ([0, 0], [0, 2]), codes
    if codes == [0, 2]:
        said = (tmp_path / f"said-{[process.exitcode for process in both].index(2)}").read_text()
        assert "one process works at a sweep" in said or "another process" in said, said
    require_recovery(store.folder, whole)


def serve(folder: Path) -> None:
    """Dask's scheduler in a process of its own."""
    import asyncio

    from distributed import Scheduler

    async def run() -> None:
        async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
            (folder / "address.new").write_text(scheduler.address)
            (folder / "address.new").rename(folder / "address")
            await scheduler.finished()

    asyncio.run(run())


def work(folder: Path) -> None:
    """A worker of it, in a process of its own, until the scheduler is gone."""
    import asyncio

    from distributed import Worker

    async def run() -> None:
        async with Worker((folder / "address").read_text(), nthreads=1, memory_limit=0, death_timeout=5) as worker:
            await worker.finished()

    asyncio.run(run())


@draws("scheduler")
def test_dask_s_scheduler(draw: Random, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("theory_sim.sweeps.executors.dask._CONNECT_SECONDS", 3.0)
    store = SweepStore.create(tmp_path / "faulty", SWEEP)
    scheduler = processes().Process(target=serve, args=(tmp_path,), daemon=True)
    scheduler.start()
    until = time.monotonic() + 60
    while not (tmp_path / "address").exists() and time.monotonic() < until:
        time.sleep(0.01)
    worker = processes().Process(target=work, args=(tmp_path,), daemon=True)
    worker.start()
    left = draw.randrange(4)

    def kill(status: Any) -> None:
        nonlocal left
        if left == 0:
            scheduler.kill()
        left -= 1

    try:
        said = refused(lambda: run_sweep(store, executor=f"dask@{(tmp_path / 'address').read_text()}", progress=kill))
        assert not said or "scheduler" in said
    finally:
        worker.kill()
        scheduler.kill()
        worker.join()
        scheduler.join()
    assert store.manifest.holder() is None
    require_recovery(store.folder, whole)
