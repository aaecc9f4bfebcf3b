"""kill -9 of a worker and of the main process of the typed program, at ten drawn moments: nothing reported done is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from theory_sim import Experiment, Trajectory
from theory_sim.engines import Engine
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

ROOT = Path(__file__).parents[2]
BASE = Experiment(d=40, N=160, max_tau=120.0, n_test=5, record_every=2.0, schedule="S", eta_2=0.25)
SWEEP = Sweep("killed", BASE, seeds=tuple(range(10)), engines=(Engine("limit"),))
# Of the time that a whole call takes, from its start; drawn before any result was seen.
MOMENTS = [random.Random(20261124 + i).uniform(0.15, 1.0) for i in range(10)]
# Each takes several seconds, as it starts the program; the second tier kills processes that are there already (tests/faults).
pytestmark = pytest.mark.slow


def begin(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "theory_sim", "sweep", "run", "killed.toml", "--workers", "2", "-q"], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, float]:
    """The summary without a kill, and how long a call takes."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "killed.toml").write_text(SWEEP.to_toml())
    began = time.monotonic()
    assert begin(folder).wait() == 0
    return Summary.load(folder / "runs" / "killed" / "summary"), time.monotonic() - began


def workers_of(pid: int) -> list[psutil.Process]:
    try:
        return [each for each in psutil.Process(pid).children(recursive=True) if "spawn_main" in " ".join(each.cmdline())]
    except psutil.Error:
        return []


def done(store: SweepStore) -> set[str]:
    return {entry.id for entry in store.manifest.entries() if entry.state == "done"}


@pytest.mark.parametrize("moment", range(10))
def test_main_process_killed(moment: int, whole: tuple[Summary, float], tmp_path: Path) -> None:
    (tmp_path / "killed.toml").write_text(SWEEP.to_toml())
    process = begin(tmp_path)
    time.sleep(MOMENTS[moment] * whole[1])
    workers = workers_of(process.pid)
    process.kill()
    process.wait()
    folder = tmp_path / "runs" / "killed"
    if not (folder / "sweep.toml").exists():  # killed before the sweep began: nothing half is there, and it can begin
        assert not folder.exists()
        assert begin(tmp_path).wait() == 0
        store = SweepStore(folder)
    else:
        store = SweepStore(folder)
        reported = done(store)
        for id in reported:
            Trajectory.load(store.run_path(id))
        assert run_sweep(store, workers=2).done == len(SWEEP)  # waits for workers that are still there
        assert reported <= done(store)
        assert all(entry.attempts == 1 for entry in store.manifest.entries() if entry.id in reported)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    assert collect(store).dataset.identical(whole[0].dataset)
    assert store.gc() is not None and collect(store).dataset.identical(whole[0].dataset)


@pytest.mark.parametrize("moment", range(10))
def test_worker_killed(moment: int, whole: tuple[Summary, float], tmp_path: Path) -> None:
    (tmp_path / "killed.toml").write_text(SWEEP.to_toml())
    process = begin(tmp_path)
    time.sleep(MOMENTS[moment] * whole[1])
    workers = workers_of(process.pid)
    if workers:
        victim = random.Random(moment).choice(workers)
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert process.wait(timeout=120) == 0
    store = SweepStore(tmp_path / "runs" / "killed")
    assert len(done(store)) == len(SWEEP)
    assert collect(store).dataset.identical(whole[0].dataset)
