"""A sweep that is extended, fails in part, loses runs or is interrupted: what is there is kept, and the rest computed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.sweeps.tiny import TINY
from theory_sim import Trajectory, simulate
from theory_sim.cli import app
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import unfinished_path
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.compute import Computed
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.base import SweepExecutor
from theory_sim.sweeps.executors.in_process import InProcess
from theory_sim.sweeps.manifest_rows import seal_about
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

ROOT = Path(__file__).parents[2]


def test_extension_runs_only_what_is_new(tmp_path: Path) -> None:
    few = Sweep("few", TINY, (Product({"r": [0.3]}),), ("S",), (0,), (Engine("limit"),))
    more = Sweep("few", TINY, (Product({"r": [0.3, 0.6]}),), ("S",), (0, 1), (Engine("limit"),))
    store = SweepStore.create(tmp_path / "few", few)
    run_sweep(store, workers=0)
    before = {path.name: path.stat().st_mtime_ns for path in (store.folder / "runs").iterdir()}
    assert store.extend(more) == 3
    assert SweepStore(store.folder).status().pending == 3
    assert run_sweep(store, workers=0).done == 4
    assert {name: (store.folder / "runs" / name).stat().st_mtime_ns for name in before} == before
    assert sorted(entry.attempts for entry in store.manifest.entries()) == [1] * 4
    whole = SweepStore.create(tmp_path / "whole", more)
    run_sweep(whole, workers=0)
    assert collect(store).dataset.identical(collect(whole).dataset)
    with pytest.raises(InputError, match="lacks 3 of the 4"):
        store.extend(few)


class Failing(InProcess):
    """Computes, but for some experiments fails in the ways that a run can."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        store, engine, experiment, *rest = args
        if experiment["seed"] == 1:
            experiment = {**experiment, "m_V": "no number"}
        if experiment["seed"] == 2:
            experiment = {**experiment, "r": "no number"}
        return super().submit(fn, store, engine, experiment, *rest, **kwargs)


def test_failures_stop_nothing_and_are_grouped(tmp_path: Path) -> None:
    sweep = Sweep("fails", TINY, (Product({"r": [0.3, 0.6]}),), ("S",), (0, 1, 2), (Engine("limit"),))
    store = SweepStore.create(tmp_path / "fails", sweep)
    status = run_sweep(store, executor=Failing())
    assert (status.done, status.failed, status.pending) == (2, 4, 0)
    assert sorted(len(ids) for ids in status.failures.values()) == [2, 2]
    assert any("ExperimentError" in cause for cause in status.failures)
    assert all("fix:" in example for example in status.examples.values())
    gaps = collect(store).dataset
    assert (gaps["state"].sel(seed=0) == "done").all() and (gaps["state"].sel(seed=[1, 2]) == "failed").all()
    assert gaps["h"].sel(seed=[1, 2]).isnull().all() and gaps["h"].sel(seed=0).notnull().all()
    assert run_sweep(store, workers=0).failed == 4  # not begun again unasked
    for path in (store.folder / "runs").iterdir():
        if not any(path.iterdir()):
            path.rmdir()
    assert run_sweep(store, workers=0, retry_failed=True).done == 6
    assert collect(store).dataset["h"].notnull().all()


def test_a_diverged_run_is_done(tmp_path: Path) -> None:
    wild = TINY.replace(eta_2=4000.0, lambda_=1e-6, tau_0=1.0, schedule="S", max_tau=4e6)
    store = SweepStore.create(tmp_path / "wild", Sweep("wild", wild, engines=(Engine(),)))
    status = run_sweep(store, workers=0)
    assert (status.done, status.failed) == (1, 0)
    assert collect(store).dataset["outcome"].values.ravel().tolist() == ["diverged"]


class Full(SweepExecutor):
    """Of two workers, one finds the disk full, and the other is at a long step when Ctrl-C is pressed again."""

    slots, threads, first, abandoned = 2, 1, True, False

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.first:
            future.set_result(Computed("not stored", error="No space left on device"))
        self.first = False
        return future

    def interrupt(self) -> None:
        raise KeyboardInterrupt

    def abandon(self) -> None:
        self.abandoned = True


def test_ctrl_c_while_a_full_disk_stops_a_sweep_ends_the_workers(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "full", Sweep("full", TINY, (Product({"r": [0.3, 0.6]}),)))
    pool = Full()
    with pytest.raises(KeyboardInterrupt):
        run_sweep(store, executor=pool)
    assert pool.abandoned and store.status().pending == 2 and store.manifest.holder() is None


class Killing(SweepExecutor):
    """Gives each worker's death as the pool of processes does, a number of times."""

    def __init__(self, deaths: int) -> None:
        self.slots, self.threads, self.deaths = 1, 1, deaths

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        from concurrent.futures.process import BrokenProcessPool

        future: Future[Any] = Future()
        self.deaths -= 1
        if self.deaths >= 0:
            future.set_exception(BrokenProcessPool("killed"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(("deaths", "expected"), [(1, (1, 0)), (2, (0, 1))])
def test_a_killed_worker_is_given_one_more_chance(deaths: int, expected: tuple[int, int], tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    status = run_sweep(store, executor=Killing(deaths))
    assert (status.done, status.failed) == expected
    if deaths == 2:
        assert "fewer workers" in status.examples["worker process killed"]


def test_done_but_lost_runs_are_computed_again(tmp_path: Path) -> None:
    import shutil

    store = SweepStore.create(tmp_path / "lost", Sweep("lost", TINY, seeds=(0, 1), engines=(Engine("limit"),)))
    run_sweep(store, workers=0)
    before = collect(store).dataset
    lost, kept = (run.id for run in store.sweep)
    shutil.rmtree(store.run_path(lost))
    assert run_sweep(store, workers=0).done == 2
    assert collect(store).dataset.identical(before)
    store.manifest.pending([kept])  # saved, and killed before it could say so
    at = store.run_path(kept).stat().st_mtime_ns
    assert run_sweep(store, workers=0).done == 2 and store.run_path(kept).stat().st_mtime_ns == at


def test_unfinished_run_is_gone_on_with(tmp_path: Path) -> None:
    sweep = Sweep("partly", TINY, engines=(Engine("limit"),))
    store = SweepStore.create(tmp_path / "partly", sweep)
    (run,) = sweep
    steps = []

    def stop(step: int, tau: float, loss: float) -> None:
        steps.append(step)
        if len(steps) == 3:
            signal.raise_signal(signal.SIGINT)

    part = simulate(run.experiment, "limit", store=store.run_path(run.id), progress=stop)
    assert part.outcome == "interrupted" and unfinished_path(store.run_path(run.id)).exists()
    assert store.gc() == []  # what can be gone on with is not waste
    assert run_sweep(store, workers=0).done == 1
    assert not unfinished_path(store.run_path(run.id)).exists()
    whole = simulate(run.experiment, "limit")
    np.testing.assert_array_equal(Trajectory.load(store.run_path(run.id)).dataset["train_loss"], whole.dataset["train_loss"])


def test_other_versions_are_refused(tmp_path: Path) -> None:
    """Unless they are accepted, in Python and by the command that begins a sweep, which continues one too."""
    sweep = Sweep("old", TINY, engines=(Engine("closure"),))
    store = SweepStore.create(tmp_path / "old", sweep)
    with sqlite3.connect(store.manifest.path) as database:
        database.execute("UPDATE about SET value = ? WHERE key = 'environment'", (json.dumps({"numpy": "1.0"}),))
        seal_about(database)
    database.close()
    with pytest.raises(StoreError, match=r"numpy 1\.0 then"):
        run_sweep(SweepStore(store.folder), workers=0)
    (tmp_path / "old.toml").write_text(sweep.to_toml())
    begun = ["sweep", "run", str(tmp_path / "old.toml"), "--out", str(tmp_path), "--workers", "0", "--quiet"]
    with pytest.raises(StoreError, match=r"numpy 1\.0 then"):
        app(begun, standalone_mode=False)
    app([*begun, "--any-version"], standalone_mode=False)
    assert run_sweep(SweepStore(store.folder), workers=0, any_version=True).done == 1


@pytest.mark.tier2
def test_interruption_is_resumed(tmp_path: Path) -> None:
    """Ctrl-C with worker processes: exit 130, no worker left, and the same summary in the end."""
    sweep = Sweep("long", TINY.replace(d=60, N=240, max_tau=300.0), seeds=tuple(range(6)), engines=(Engine("limit"),))
    (tmp_path / "long.toml").write_text(sweep.to_toml())
    process = subprocess.Popen(
        [sys.executable, "-m", "theory_sim", "sweep", "run", "long.toml", "--workers", "2"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    folder = tmp_path / "runs" / "long"
    while not (folder.exists() and SweepStore(folder).status().done):
        assert process.poll() is None
        time.sleep(0.01)
    workers = SweepStore(folder).manifest.worker_pids()
    assert len(workers) == 2
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "theory-sim sweep resume" in error, error
    # Of two workers one may be between two runs just then.
    assert re.search("long: stopping at the next step of (the run|the 2 runs) in progress; .* Ctrl-C again stops at once",
                     " ".join(error.split())), error
    assert not any(psutil.pid_exists(pid) for pid in workers)
    status = SweepStore(folder).status()
    assert status.running == 0 and 0 < status.done < 6 and not status.stale
    assert run_sweep(SweepStore(folder), workers=0).done == 6
    whole = SweepStore.create(tmp_path / "whole", sweep)
    run_sweep(whole, workers=0)
    assert collect(SweepStore(folder)).dataset.identical(collect(whole).dataset)
