"""The executor of Dask: the same table bitwise; workers that die, join, differ; a client that is interrupted or killed."""

from __future__ import annotations

import importlib.metadata
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.clusters import ENVIRONMENT, LONG, ROOT, program, scheduler, table_of, unloadable, worker
from tests.sweeps.tiny import SWEEP, TINY, finished
from theory_sim.engines import Engine
from theory_sim.errors import ExperimentError, InputError, StoreError
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors import local_cluster, on_worker
from theory_sim.sweeps.executors.base import make_executor, require_executor
from theory_sim.sweeps.executors.dask import DaskWorkers
from theory_sim.sweeps.executors.in_process import InProcess
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore


def test_where_the_workers_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="executor 'processes' at tcp://"):
        require_executor("processes@tcp://127.0.0.1:1", None, None)
    with pytest.raises(InputError, match="executor 'dask' at an empty address"):
        require_executor("dask@", None, None)
    pytest.importorskip("distributed")
    for name, workers, threads, words in (("dask", 0, None, "0 workers"), ("dask", None, 2, "threads = 2"),
                                          ("dask@tcp://127.0.0.1:1", 2, None, "2 workers at tcp://127.0.0.1:1"),
                                          ("dask@nowhere::", None, None, "--scheduler nowhere::")):
        with pytest.raises(InputError, match=words):
            require_executor(name, workers, threads)


@pytest.mark.parametrize(("deaths", "times"), [(1, 2), (4, 1)])
def test_workers_that_a_run_has_ended_are_counted(deaths: int, times: int, tmp_path: Path) -> None:
    """Worker processes report each death, and the run is begun once more; Dask reports several at once."""
    begun: list[str] = []

    class Deadly(InProcess):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            begun.append(args[0])
            future: Future[Any] = Future()
            future.set_exception(KeyError())
            return future

        def died(self, error: BaseException) -> int:
            return deaths * isinstance(error, KeyError)

    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    status = run_sweep(store, executor=Deadly(1))
    assert status.failed == 1 and len(begun) == times
    assert f"was killed {deaths * times} times" in store.manifest.entries()[0].error


def test_how_many_workers_dask_gave_up_for() -> None:
    pytest.importorskip("distributed")
    from distributed.scheduler import KilledWorker

    pool = object.__new__(DaskWorkers)
    assert pool.died(KilledWorker("run", None, 3)) == 4 and pool.died(ValueError()) == 0


def test_dask_knows_the_settings_of_its_own_workers() -> None:
    """It takes a name that it does not know without a word."""
    pytest.importorskip("distributed")
    import dask

    def known(name: str) -> bool:
        return dask.config.get(name, None) is not None

    assert all(map(known, local_cluster._SETTINGS)) and not known("distributed.admin.ticks.interval")


def test_an_error_comes_back_from_a_worker_whole() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(ExperimentError("found", "rule", "fix", fields=("d",))))
    assert (str(error), error.faults[0].fields, error.fix) == ("found\n  rule: rule\n  fix: fix", ("d",), "fix")


def test_a_worker_that_differs_is_named(tmp_path: Path) -> None:
    class Here:
        class state:
            nthreads = 1

    about = on_worker.worker_about()
    (tmp_path / "sweep.toml").write_text("")
    assert on_worker.fault_of(about, str(tmp_path), Here) == "" == on_worker.fault_of(None, str(tmp_path), Here)
    for key in ("theory-sim's code", "numpy", "cpu"):
        found = on_worker.fault_of({**about, key: "another"}, str(tmp_path), Here)
        assert found == f"{key} {about[key]}, the client has another"
    assert on_worker.fault_of(None, str(tmp_path / "elsewhere"), Here).endswith("is not there")
    Here.state.nthreads = 4
    assert on_worker.fault_of(about, str(tmp_path), Here) == "4 threads"


def test_a_run_in_a_thread_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    """As a worker of Dask computes it: no signal reaches the thread."""
    from theory_sim import simulate
    from theory_sim.engines import resume

    found: list[Any] = []

    def compute(folder: str) -> None:
        on_worker._UNDER_WAY[threading.get_ident()] = str(tmp_path)
        found.append(simulate(TINY, "limit", store=tmp_path / f"run-{len(found)}",
                              progress=lambda step, tau, loss: on_worker.interrupt_runs(folder)))
        del on_worker._UNDER_WAY[threading.get_ident()]

    for folder in (str(tmp_path), "another folder"):
        thread = threading.Thread(target=compute, args=(folder,))
        thread.start()
        thread.join()
    assert [each.outcome for each in found] == ["interrupted", "budget_spent"]
    assert resume(tmp_path / "run-0").dataset.equals(found[1].dataset)


@pytest.mark.tier2
class TestCluster:
    @pytest.fixture(autouse=True)
    def needs_dask(self) -> None:
        pytest.importorskip("distributed")

    def test_the_same_table_from_a_cluster_of_this_machine(self, tmp_path: Path) -> None:
        """Whose workers keep no profiles of their threads; what else stays of runs is `test_dask_memory`."""
        runs = len({run.id for run in SWEEP})
        here = finished(SWEEP, tmp_path / "here", runs)
        there = SweepStore.create(tmp_path / "there", SWEEP)
        pool = make_executor("dask", 2, None, there.manifest.path)
        profiles = pool._client.run(lambda dask_worker: len(dask_worker.profile_history))  # type: ignore[attr-defined]
        assert set(profiles.values()) == {0}
        assert run_sweep(there, executor=pool).done == runs
        assert table_of(here) == table_of(there)
        assert collect(here).dataset.identical(collect(there).dataset)

    def test_a_killed_worker_loses_nothing(self, tmp_path: Path, reference: bytes) -> None:
        """One of two workers dies in the middle of a run, and another joins."""
        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, workers=0) as address, worker(address) as first, worker(address):
            killed: list[bool] = []

            def kill(status: Any) -> None:
                if status.done >= 1 and not killed:
                    import psutil

                    for process in [*psutil.Process(first.pid).children(recursive=True), psutil.Process(first.pid)]:
                        process.kill()
                    killed.append(True)

            status = run_sweep(store, executor=f"dask@{address}", progress=kill)
        assert killed and (status.done, status.failed) == (4, 0)
        assert table_of(store) == reference

    def test_an_interrupted_client_stops_its_runs_and_continues_elsewhere(self, tmp_path: Path, reference: bytes) -> None:
        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, workers=2) as address:
            asked: list[bool] = []

            def stop(status: Any) -> None:
                if status.done >= 1 and not asked:
                    asked.append(True)
                    signal.raise_signal(signal.SIGINT)

            status = run_sweep(store, executor=f"dask@{address}", progress=stop)
        assert asked and status.pending + status.done == 4 and status.pending >= 1
        assert run_sweep(store, workers=0).done == 4
        assert table_of(store) == reference

    def test_a_killed_client_loses_nothing(self, tmp_path: Path, reference: bytes) -> None:
        """Its runs may still be under way on the workers when the next one comes."""
        (tmp_path / "long.toml").write_text(LONG.to_toml())
        with scheduler(tmp_path, workers=2) as address:
            with program("theory_sim", "sweep", "run", str(tmp_path / "long.toml"), "--scheduler", address, "-q", "--out",
                         str(tmp_path)) as client:
                until = time.monotonic() + 120
                while not list(tmp_path.glob("long/runs/*.partial")) and time.monotonic() < until:
                    time.sleep(0.1)
                client.kill()
                client.wait()
            store = SweepStore(tmp_path / "long")
            assert run_sweep(store, executor=f"dask@{address}").done == 4
        assert table_of(store) == reference

    def test_workers_that_would_compute_something_else_are_refused(self, tmp_path: Path) -> None:
        """One has an older revision of the package, one another processor; both are named."""
        import shutil

        shutil.copytree(ROOT / "theory_sim", tmp_path / "older" / "theory_sim", ignore=shutil.ignore_patterns("__pycache__"))
        with (tmp_path / "older" / "theory_sim" / "numeric" / "streams.py").open("a") as file:
            file.write("# as it was\n")
        store = SweepStore.create(tmp_path / "long", LONG)
        older = {"PYTHONPATH": str(tmp_path / "older"), "PYTHONSAFEPATH": "1"}  # not what lies where the test runs
        other = {"OPENBLAS_CORETYPE": "Nehalem", "NUMBA_CPU_NAME": "generic"}
        with scheduler(tmp_path, workers=0) as address, worker(address, **older), worker(address, **other):
            pool = make_executor(f"dask@{address}", None, None, store.manifest.path)
            until = time.monotonic() + 60
            while pool.slots < 2 and time.monotonic() < until:
                time.sleep(0.2)
            with pytest.raises(StoreError, match=r"2 of 2 workers cannot compute this sweep: ") as refused:
                run_sweep(store, executor=pool)
        code = on_worker.worker_about()["theory-sim's code"]
        found = re.findall(r"theory-sim's code ([0-9a-f]{12}), the client has ([0-9a-f]{12})", str(refused.value))
        assert len(found) == 1 and found[0][0] != found[0][1] == code
        assert "numba's target" in str(refused.value) and "install the same versions there" in refused.value.fix
        assert store.status().pending == 4 and store.manifest.holder() is None

    @pytest.mark.parametrize("late", [False, True])
    def test_a_worker_that_cannot_load_the_program_is_told_with_its_libraries(self, late: bool, tmp_path: Path) -> None:
        """As where its NumPy lacks what the package takes from it; also one that joins later."""
        store = SweepStore.create(tmp_path / "long", LONG)
        foreign = unloadable(tmp_path / "foreign")
        cannot = "cannot load theory-sim as it is here: AttributeError.*'numpy' has no attribute 'of_another_version'"
        with ExitStack() as there:
            address = there.enter_context(scheduler(tmp_path, workers=0))
            joined: list[Any] = [] if late else [there.enter_context(worker(address, **foreign))]

            def join(status: Any) -> None:
                if not joined:
                    joined.append(there.enter_context(worker(address, **foreign)))
                    workers(2)

            def workers(count: int) -> None:
                until = time.monotonic() + 60
                while pool.slots < count and time.monotonic() < until:
                    time.sleep(0.2)

            if late:
                there.enter_context(worker(address))
            pool = make_executor(f"dask@{address}", None, None, store.manifest.path)
            workers(1)
            with pytest.raises(StoreError, match=cannot) as refused:
                run_sweep(store, executor=pool, progress=join)
        version = importlib.metadata.version("numpy")
        assert f"numpy 1.0, the client has {version}" in str(refused.value)
        assert "install the same versions there" in refused.value.fix
        status = store.status()
        assert (status.failed, status.running, status.done + status.pending) == (0, 0, 4) and store.manifest.holder() is None

    @pytest.mark.slow
    def test_a_scheduler_that_cannot_load_the_program_is_told_before_a_run(self, tmp_path: Path) -> None:
        """Its worker could compute the sweep; `test_dask_answers` has what the executor makes of it."""
        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, variables=unloadable(tmp_path / "foreign")) as address:
            with pytest.raises(StoreError, match=r"^Dask's scheduler cannot load theory-sim as it is here: AttributeError"):
                run_sweep(store, executor=f"dask@{address}")
        assert store.status().pending == 4 and store.manifest.holder() is None

    @pytest.mark.slow
    def test_a_client_whose_workers_are_gone_can_be_interrupted(self, tmp_path: Path, reference: bytes) -> None:
        """Twice, as who waits presses it again."""
        import psutil

        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, workers=0) as address, worker(address) as only:
            seen: list[str] = []

            def stop(status: Any) -> None:
                if list((tmp_path / "long" / "runs").glob("*.partial")) and not seen:
                    seen.append("killed")
                    for process in [psutil.Process(only.pid), *psutil.Process(only.pid).children(recursive=True)]:
                        process.kill()
                elif seen and not status.slots:
                    seen.append("asked")
                    signal.raise_signal(signal.SIGINT)

            status = run_sweep(store, executor=f"dask@{address}", progress=stop)
        assert seen[:2] == ["killed", "asked"] and (status.pending, status.running, status.failed) == (4, 0, 0)
        assert run_sweep(store, workers=0).done == 4
        assert table_of(store) == reference

    @pytest.mark.slow
    def test_workers_of_this_machine_end_with_a_killed_client(self, tmp_path: Path) -> None:
        import psutil

        (tmp_path / "long.toml").write_text(LONG.to_toml())
        with program("theory_sim", "sweep", "run", str(tmp_path / "long.toml"), "--executor", "dask", "--workers", "2", "-q",
                     "--out", str(tmp_path)) as client:
            until = time.monotonic() + 120
            while not list(tmp_path.glob("long/runs/*.partial")) and time.monotonic() < until:
                time.sleep(0.1)
            started = psutil.Process(client.pid).children(recursive=True)
            assert len(started) >= 3  # the scheduler's process, and two workers
            client.kill()
            client.wait()
        _, left = psutil.wait_procs(started, timeout=60)
        assert not left and SweepStore(tmp_path / "long").status().stale

    @pytest.mark.slow
    def test_workers_that_end_late_are_killed_without_a_word(self, capfd: pytest.CaptureFixture[str]) -> None:
        """As at the end of a sweep on a machine that is busy; here the worker is at a call that does not end."""
        import distributed

        from theory_sim.sweeps.executors.local_cluster import LocalWorkers

        own = LocalWorkers(1)
        client: Any = distributed.Client(own.address, set_as_default=False)  # type: ignore[no-untyped-call]
        endless = client.submit(time.sleep, 3600)
        while endless.key not in client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks)):
            time.sleep(0.1)
        time.sleep(1.0)
        client.close()
        own.close()
        assert own._process.exitcode == 0 and "still alive" not in capfd.readouterr().err

    @pytest.mark.slow
    def test_a_scheduler_that_is_lost_stops_the_sweep(self, tmp_path: Path, reference: bytes) -> None:
        store = SweepStore.create(tmp_path / "long", LONG)
        with scheduler(tmp_path, workers=1) as address:
            lost: list[bool] = []

            def lose(status: Any) -> None:
                if status.done >= 1 and not lost:
                    import psutil

                    lost.append(True)
                    for process in psutil.Process().children(recursive=True):
                        if "dask_scheduler" in " ".join(process.cmdline()):
                            process.kill()

            with pytest.raises(StoreError, match="the connection to Dask's scheduler was lost"):
                run_sweep(store, executor=f"dask@{address}", progress=lose)
        assert run_sweep(store, workers=0).done == 4
        assert table_of(store) == reference

    @pytest.mark.slow
    def test_a_run_that_ends_its_workers_is_given_up(self, tmp_path: Path) -> None:
        with make_executor("dask", 1, None, SweepStore.create(tmp_path / "long", LONG).manifest.path) as pool:
            error = pool.submit(signal.raise_signal, signal.SIGKILL).exception()
            assert error is not None and pool.died(error) == 2
            assert pool.submit(abs, -1).result() == 1

    @pytest.mark.slow
    def test_nobody_at_the_address(self, tmp_path: Path) -> None:
        (tmp_path / "long.toml").write_text(LONG.to_toml())
        done = subprocess.run(
            [sys.executable, "-m", "theory_sim", "sweep", "run", "long.toml", "--scheduler", "tcp://127.0.0.1:9"],
            cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2 and "--scheduler tcp://127.0.0.1:9" in done.stderr and "Traceback" not in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["long.toml"]
