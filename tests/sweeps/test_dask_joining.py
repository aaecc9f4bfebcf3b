"""Workers of Dask that join while a sweep runs: their memory, threads and versions are looked at, and nothing is lost."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from tests.sweeps.clusters import LONG, scheduler, table_of, worker
from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.sweeps.compute import compute
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors import on_worker
from theory_sim.sweeps.executors.base import make_executor
from theory_sim.sweeps.executors.dask import DaskWorkers
from theory_sim.sweeps.executors.in_process import InProcess
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore


def test_a_worker_looks_at_its_memory_before_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit on its machine stops the sweep by an error, and is no failure of the run; elsewhere it is one."""
    distributed = pytest.importorskip("distributed")
    here = SimpleNamespace(state=SimpleNamespace(nthreads=1), address="tcp://10.0.0.7:1")
    monkeypatch.setattr(distributed, "get_worker", lambda: here)
    (tmp_path / "sweep.toml").write_text("")
    call = (str(tmp_path / "run"), {"name": "limit", "options": {}}, TINY.fields(), 1, False)
    monkeypatch.setenv("THEORY_SIM_MEMORY", "1MB")
    with pytest.raises(StoreError, match=r"worker tcp://10.0.0.7:1 has too little memory for a run: .* 977 KiB are available"):
        on_worker.on_worker(None, str(tmp_path), compute, *call)
    assert compute(*call).end == "no memory" and not on_worker._UNDER_WAY and not on_worker._BEFORE
    monkeypatch.delenv("THEORY_SIM_MEMORY")
    assert on_worker.on_worker(None, str(tmp_path), compute, *call).end == "done"
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("limit"),)))
    status = run_sweep(store, executor=Refusing(1))
    assert status.failed == 1 and "MemoryRefusedError" in next(iter(status.failures))


class Refusing(InProcess):
    """The memory is gone when a run begins."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        os.environ["THEORY_SIM_MEMORY"] = "1MB"
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            del os.environ["THEORY_SIM_MEMORY"]


def test_what_runs_take_is_not_missing_on_their_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine at work has as much memory as one that is idle, unless the variable says how much is for all runs."""
    held = 50 * 2**20
    monkeypatch.setattr(on_worker, "_held_bytes", lambda: held)
    assert on_worker.memory_here()[1] == 0
    monkeypatch.setitem(on_worker._BEFORE, 1, 20 * 2**20)
    assert on_worker.memory_here()[1] == 30 * 2**20
    monkeypatch.setenv("THEORY_SIM_MEMORY", "1GiB")
    assert on_worker.memory_here() == (2**30, 0)


def test_machines_that_join_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And again as they get more workers; not those that are known, nor one that loses a worker."""
    class Client:
        status, workers = "running", ["tcp://a:1", "tcp://a:2"]
        looked: ClassVar[list[Any]] = []

        def nthreads(self) -> list[str]:
            return self.workers

        def run(self, function: Any, *loaded: Any, workers: Any, on_error: str) -> dict[str, Any]:
            if loaded:  # whether they can load what runs are
                return dict.fromkeys(workers or self.workers, True)
            self.looked.append(workers)
            return {each: (100 + int(each[-1]), 10) for each in workers or self.workers}

    monkeypatch.setattr("theory_sim.sweeps.executors.dask._COUNT_SECONDS", 0.0)
    client = Client()
    pool = DaskWorkers(client, Path("manifest.sqlite"))
    assert pool.machines() == [(101 + 20, 2)] and pool.joined() == []
    client.workers = ["tcp://a:1", "tcp://b:3"]
    assert pool.joined() == [(103 + 10, 1)] and pool.joined() == []
    client.workers = ["tcp://a:1", "tcp://b:3", "tcp://b:4", "tcp://b:5"]
    assert pool.joined() == [(103 + 30, 3)] and pool.joined() == []
    assert client.looked == [None, ["tcp://b:3"], ["tcp://b:3", "tcp://b:4", "tcp://b:5"]]


@pytest.mark.parametrize("there", [1, 2**40])
def test_a_sweep_stops_for_a_machine_that_joins_with_too_little(there: int, tmp_path: Path) -> None:
    class Growing(InProcess):
        asked = 0

        def joined(self) -> list[tuple[int, int]]:
            self.asked += 1
            return [(there, 1)] if self.asked == 1 else []

    store = SweepStore.create(tmp_path / "two", Sweep("two", TINY, seeds=(0, 1, 2), engines=(Engine("limit"),)))
    if there > 1:
        assert run_sweep(store, executor=Growing(1)).done == 3
        return
    with pytest.raises(InputError, match="runs, 1 at a time, need about"):
        run_sweep(store, executor=Growing(1))
    status = store.status()
    assert status.failed == status.running == 0 and status.pending >= 2
    assert run_sweep(store, workers=0).done == 3


@pytest.mark.tier2
class TestCluster:
    """With nothing lost, and no run that failed."""

    @pytest.fixture(autouse=True)
    def needs_dask(self) -> None:
        pytest.importorskip("distributed")

    @pytest.mark.slow
    def test_a_worker_of_several_threads_stops_the_sweep(self, tmp_path: Path, reference: bytes) -> None:
        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, workers=1) as address, worker(address, threads=3):
            pool = make_executor(f"dask@{address}", None, None, store.manifest.path)
            wait_for(2, pool)
            with pytest.raises(StoreError, match="3 threads"):
                run_sweep(store, executor=pool)
        assert run_sweep(store, workers=0).done == 4
        assert table_of(store) == reference

    def test_a_worker_with_little_memory_stops_the_sweep(self, tmp_path: Path, reference: bytes) -> None:
        """The first worker stands still until the other has joined: it could have done all runs by then."""
        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, workers=0) as address, worker(address) as only, ExitStack() as joining:
            pool = make_executor(f"dask@{address}", None, None, store.manifest.path)
            wait_for(1, pool)
            joined: list[threading.Thread] = []

            def join(status: Any) -> None:
                if list((tmp_path / "long" / "runs").glob("*.partial")) and not joined:
                    still = standing_still(only.pid)
                    joining.enter_context(worker(address, THEORY_SIM_MEMORY="1MB"))
                    joined.append(threading.Thread(target=lambda: (wait_for(2, pool), still.close())))
                    joined[0].start()

            with pytest.raises((StoreError, InputError), match="are available"):
                run_sweep(store, executor=pool, progress=join)
            joined[0].join()
        assert (store.status().failed, store.status().running, store.manifest.holder()) == (0, 0, None)
        assert run_sweep(store, workers=0).done == 4
        assert table_of(store) == reference


def wait_for(workers: int, pool: Any) -> None:
    """Until so many workers have joined, or a minute."""
    until = time.monotonic() + 60
    while pool.slots < workers and time.monotonic() < until:
        time.sleep(0.2)


def standing_still(pid: int) -> ExitStack:
    """A program and its children suspended, until the stack is closed."""
    import psutil

    resumed = ExitStack()
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        process.suspend()
        resumed.callback(process.resume)
    return resumed
