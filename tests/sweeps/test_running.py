"""Running a sweep: the same table however it is computed, failures, extension, locks, damage, and your own variables."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from theory_sim import Experiment, Trajectory, closure_trajectory, learning_order, simulate, solve_limit
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import partial_path
from theory_sim.storage import failpoints
from theory_sim.study.engine import Engine
from theory_sim.sweeps.blocks import Product, Sobol
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.executors.base import SweepExecutor
from theory_sim.sweeps.executors.in_process import InProcess
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStatus, SweepStore

ROOT = Path(__file__).parents[2]
TINY = Experiment(d=10, N=40, m_W=20, m_V=40, max_tau=40.0, n_test=5, epsilon_1=0.2)
ENGINES = (Engine(), Engine("limit"), Engine("closure"))
SWEEP = Sweep("tiny", TINY, (Product({"r": [0.3, 0.6]}),), ("S",), (0, 1), ENGINES)
LARGER = Sweep("tiny", TINY, (Product({"r": [0.3, 0.6]}), Sobol({"g0": [0.5, 1.5]}, 2)), ("L-S", "S"), (0, 1), ENGINES)


def finished(sweep: Sweep, folder: Path, runs: int) -> SweepStore:
    store = SweepStore.create(folder, sweep)
    status = run_sweep(store, workers=0)
    assert (status.done, status.total, status.pending, status.failed) == (runs, runs, 0, 0)
    return store


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepStore:
    return finished(SWEEP, tmp_path_factory.mktemp("done") / "tiny", 10)


@pytest.fixture(scope="module")
def summary(done: SweepStore) -> Summary:
    return collect(done)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> SweepStore:
    return finished(LARGER, tmp_path_factory.mktemp("larger") / "tiny", 40)


@pytest.mark.tier2
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_same_table_from_any_number_of_workers(workers: int, larger: SweepStore, tmp_path: Path) -> None:
    summary = collect(larger)
    store = SweepStore.create(tmp_path / "again", LARGER)
    seen: list[SweepStatus] = []
    assert run_sweep(store, workers=workers, progress=seen.append).done == 40
    assert max(status.running for status in seen) == workers == max(status.slots for status in seen)
    assert [status.done for status in seen] == sorted(status.done for status in seen)
    other = collect(store)
    assert other.dataset.identical(summary.dataset)
    for name in summary.dataset.data_vars:
        mine, theirs = summary.dataset[name].values, other.dataset[name].values
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), name
    own, first = (each.folder / "summary" / "summary.csv" for each in (store, larger))
    assert own.read_bytes() == first.read_bytes()


def places_hold_their_runs(summary: Summary, sweep: Sweep, every: int) -> None:
    """Assert it against the functions for one run."""
    for run in list(sweep)[::every]:
        alone = {"finite": simulate, "limit": solve_limit, "closure": closure_trajectory}[run.engine.name](run.experiment)
        order = learning_order(alone)
        at = summary.dataset.isel(dict(zip([axis.name for axis in sweep.axes()], run.index, strict=True)))
        for i, level in enumerate((0.45, 0.5, 0.55)):
            found = next(each for each in order.levels if each.level == level)
            assert at["tau_P"].values[i] == found.tau_P and at["tau_Q"].values[i] == found.tau_Q
            assert str(at["order"].values[i]) == found.order
        last = alone.dataset.isel(record=-1)
        assert float(at["P_error"]) == float(last["P_error"]) and float(at["h"]) == float(last["h"].sel(part="total"))
        np.testing.assert_array_equal(at["loss_train"].values, last["loss_train"].values)
        np.testing.assert_array_equal(at["error_test"].values, 1 - last["accuracy_test"].values)
        assert str(at["state"].values) == "done" and str(at["run"].values) == run.id


def test_each_place_holds_its_own_run(summary: Summary) -> None:
    places_hold_their_runs(summary, SWEEP, 2)
    frame = summary.frame
    assert len(frame) == len(SWEEP) and {"r", "engine", "schedule", "seed", "tau_Q 0.45", "error_test both"} <= set(frame)
    (row,) = frame[(frame.r == 0.6) & (frame.engine == "limit") & (frame.seed == 1)]["h"]
    assert row == float(summary.dataset["h"].isel(r=1, engine=1, schedule=0, seed=1))


@pytest.mark.tier2
def test_each_place_of_two_blocks_holds_its_own_run(larger: SweepStore) -> None:
    summary = collect(larger)
    places_hold_their_runs(summary, LARGER, 7)
    frame = summary.frame
    assert len(frame) == len(LARGER) and {"r", "g0"} <= set(frame)
    row = frame[(frame.r == 0.6) & (frame.engine == "limit") & (frame.schedule == "S") & (frame.seed == 1)].iloc[1]
    assert row["h"] == float(summary.dataset["h"].isel(r=1, sobol=1, engine=1, schedule=1, seed=1))


def test_summary_is_read_back(done: SweepStore, summary: Summary, tmp_path: Path) -> None:
    again = Summary.load(done.folder / "summary")
    assert again.dataset.identical(summary.dataset) and again.sweep.table() == SWEEP.table()
    with pytest.raises(StoreError, match="sweep collect"):
        Summary.load(tmp_path)
    old = Summary(summary.dataset.assign_attrs(schema_version=1), summary.sweep)
    old.save(tmp_path / "old")
    with pytest.raises(StoreError, match=r"another meaning(.|\n)*sweep collect"):
        Summary.load(tmp_path / "old")
    own = collect(done, metrics={"steps": lambda trajectory: float(trajectory.dataset["step"][-1])}, save=False)
    assert own.dataset["steps"].min() > 0 and "steps" in own.frame
    with pytest.raises(InputError, match="named 'h'"):
        collect(done, metrics={"h": lambda trajectory: 0.0})


def test_numbers_of_pairs(done: SweepStore, tmp_path: Path) -> None:
    """Against the two runs, made again one by one; a run of another engine is shared by places, a finite one is not."""

    def gap(finite: Trajectory, other: Trajectory) -> float:
        return float(finite.dataset["train_loss"][-1] - other.dataset["train_loss"][-1])

    found = collect(done, paired_metrics={"gap": gap}, save=False).dataset["gap"]
    assert np.isnan(found.sel(engine="finite").values).all()
    names = [axis.name for axis in SWEEP.axes()]
    for run in [run for run in SWEEP if run.engine.name == "limit"][::2]:
        expected = gap(simulate(run.experiment), solve_limit(run.experiment))
        assert float(found.isel(dict(zip(names, run.index, strict=True)))) == expected
    wide = Sweep("wide", TINY, (Product({"m_V": [20, 40]}),), ("S",), (0, 1), (Engine(), Engine("limit")))
    store = SweepStore.create(tmp_path / "wide", wide)
    run_sweep(store, workers=0)
    gaps = [gap(simulate(TINY.replace(m_V=m_V, schedule="S", seed=1)), solve_limit(TINY.replace(schedule="S", seed=1)))
            for m_V in (20, 40)]
    assert collect(store, paired_metrics={"gap": gap}, save=False).dataset["gap"].values[:, 1, 0, 1].tolist() == gaps
    with pytest.raises(InputError, match="named 'x'"):
        collect(done, metrics={"x": lambda trajectory: 0.0}, paired_metrics={"x": gap}, save=False)
    reverse = Sweep("reverse", TINY, (), ("S",), (0,), (Engine("limit"), Engine()))
    with pytest.raises(InputError, match="finite first"):
        collect(SweepStore.create(tmp_path / "reverse", reverse), paired_metrics={"gap": gap}, save=False)


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
            (Path(store)).mkdir()  # a folder that is no run
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
    wild = TINY.replace(eta_1=4000.0, eta_2=4000.0, lambda_=1e-6, tau_0=1.0, schedule="S", max_tau=4e6)
    store = SweepStore.create(tmp_path / "wild", Sweep("wild", wild, engines=(Engine(),)))
    status = run_sweep(store, workers=0)
    assert (status.done, status.failed) == (1, 0)
    assert collect(store).dataset["outcome"].values.ravel().tolist() == ["diverged"]


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


def test_lock_is_kept_and_a_stale_one_taken_over(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    with store.manifest.locked(1):
        assert store.status().pid == os.getpid()
        with pytest.raises(StoreError, match=f"process {os.getpid()}"):
            run_sweep(SweepStore(store.folder), workers=0)
        with pytest.raises(StoreError, match="one process"):
            store.extend(store.sweep)
        with pytest.raises(StoreError, match="one process"):
            store.gc()
    (id,) = (run.id for run in store.sweep)
    store.manifest.begin(id)
    _hold(store, pid=os.getpid(), born=1.0)  # another process had this number once
    assert (store.status().stale, store.status().pending, store.status().running) == (True, 1, 0)
    assert run_sweep(store, workers=0).done == 1 and not store.status().stale


def test_a_holder_elsewhere_is_gone_once_its_heart_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it says of the time of day: it is watched, for as long as the constant says."""
    monkeypatch.setattr("theory_sim.sweeps.manifest._SILENT_SECONDS", 0.5)
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    _hold(store, pid=1, born=1.0, host="elsewhere", heartbeat=time.time() - 1e6)
    assert not store.status().stale and store.status().pid == 1
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(0.05):
            with sqlite3.connect(store.manifest.path) as database:
                database.execute("UPDATE lock SET heartbeat = heartbeat + 1")
            database.close()

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        with pytest.raises(StoreError, match="elsewhere"):
            run_sweep(store, workers=0)
    finally:
        ended.set()
        beating.join()
    assert run_sweep(store, workers=0).done == 1


def test_the_heart_beats_while_a_run_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.sweeps.manifest._HEARTBEAT_SECONDS", 0.02)
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    seen = set()
    with store.manifest.locked(0):
        until = time.monotonic() + 20
        while len(seen) < 3 and time.monotonic() < until:  # as in one long run
            with sqlite3.connect(store.manifest.path) as database:
                seen.add(database.execute("SELECT heartbeat FROM lock").fetchone()[0])
            database.close()
            time.sleep(0.02)
    assert len(seen) >= 3


def test_a_living_holder_keeps_the_lock_when_the_clock_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux computes a process's time of day at its start from the clock's present one: a step of the clock moves it."""
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    with store.manifest.locked(1):
        monkeypatch.setattr(psutil.Process, "create_time", lambda self, step=psutil.Process.create_time: step(self) + 2.0)
        assert store.status().pid == os.getpid() and not store.status().stale
        with pytest.raises(StoreError, match=f"process {os.getpid()}"):
            run_sweep(SweepStore(store.folder), workers=0)
        from theory_sim.sweeps.manifest import register_worker

        register_worker(str(store.manifest.path))
        assert store.manifest.worker_pids() == [os.getpid()]  # one that may still be writing is still waited for
        with sqlite3.connect(store.manifest.path) as database:
            database.execute("UPDATE lock SET born = 'another boot 1'")  # and another one of the same number is not it
        database.close()
        assert store.status().stale


def _hold(store: SweepStore, *, pid: int, born: float, host: str | None = None, heartbeat: float = 0.0) -> None:
    import platform

    with sqlite3.connect(store.manifest.path) as database:
        database.execute("DELETE FROM lock")
        database.execute("INSERT INTO lock VALUES (1, ?, ?, ?, ?, 1)", (pid, born, host or platform.node(), heartbeat))
    database.close()


def test_done_but_lost_runs_are_computed_again(summary: Summary, tmp_path: Path) -> None:
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

    part = solve_limit(run.experiment, store=store.run_path(run.id), progress=stop)
    assert part.outcome == "interrupted" and partial_path(store.run_path(run.id)).exists()
    assert store.gc() == []  # what can be gone on with is not waste
    assert run_sweep(store, workers=0).done == 1
    assert not partial_path(store.run_path(run.id)).exists()
    whole = solve_limit(run.experiment)
    np.testing.assert_array_equal(Trajectory.load(store.run_path(run.id)).dataset["train_loss"], whole.dataset["train_loss"])


def test_gc_removes_what_no_run_needs(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "gc", Sweep("gc", TINY, engines=(Engine("closure"),)))
    run_sweep(store, workers=0)
    (id,) = (run.id for run in store.sweep)
    runs = store.folder / "runs"
    other = "0123456789abcdef0123"
    Trajectory.load(store.run_path(id)).save(runs / other)  # not declared
    for name in (id, other):
        interrupted(runs / name, force=True)
    waste = [runs / f"{id}.partial", runs / f"{id}.partial.lock", runs / other, runs / f"{other}.partial",
             store.folder / f".summary.draft-{other[:16]}", runs / f".{id}.draft-{other[:16]}"]  # fmt: skip
    (runs / f"{id}.partial.lock").touch()
    for draft in waste[-2:]:  # as a process leaves it that is killed early
        (draft / "new" / "tau").mkdir(parents=True)
        (draft / "new" / "tau" / ".zarray").write_text("{")
        (draft / "written.json").write_text(json.dumps({"new": ["tau/"], "old": [], "put_back": False}))
    assert sorted(store.gc()) == sorted(waste) and not any(path.exists() for path in waste)
    assert store.run_path(id).is_dir() and store.gc() == [] and store.strangers() == []


def interrupted(store: Path, **given: Any) -> None:
    """A run that leaves an unfinished part, of the sweeps' experiment in the limit."""
    def stop(step: int, tau: float, loss: float) -> None:
        signal.raise_signal(signal.SIGINT)

    assert solve_limit(TINY, store=store, progress=stop, **given).outcome == "interrupted"
    assert partial_path(store).exists()


def everything(folder: Path) -> dict[str, Any]:
    return {str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
            if path.name != "manifest.sqlite"}


def test_gc_leaves_what_it_did_not_write(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "gc", Sweep("gc", TINY, engines=(Engine("closure"),)))
    run_sweep(store, workers=0)
    (id,) = (run.id for run in store.sweep)
    runs, other = store.folder / "runs", "0123456789abcdef0123"
    for name in ("notes", f"{other}.partial", f".{id}.draft-0123456789abcdef", f".{id}.old-x", "00000000000000000000"):
        (runs / name).mkdir()
        (runs / name / "mine.txt").write_text("mine")
    (runs / "notes.txt").write_text("mine")
    (runs / f"{id}.partial.lock").write_text("mine")
    Trajectory.load(store.run_path(id)).save(runs / other)
    (runs / other / "notes.txt").write_text("mine")
    (store.folder / "mine.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    Trajectory.load(store.run_path(id)).save(elsewhere)
    (runs / ("1" * 20)).symlink_to(elsewhere)
    before = everything(tmp_path)
    assert store.gc() == [] and everything(tmp_path) == before
    assert {path.name for path in store.strangers()} >= {"notes", "notes.txt", other, f"{other}.partial", "1" * 20}
    from typer.testing import CliRunner

    import theory_sim.cli as cli

    told = CliRunner().invoke(cli.app, ["sweep", "gc", str(store.folder)])
    assert told.exit_code == 0 and "left alone" in told.output and "0 removed" in told.output
    real = tmp_path / "data"
    runs.rename(real)
    runs.symlink_to(real)
    before = everything(tmp_path)
    with pytest.raises(StoreError, match="symbolic link"):
        store.gc()
    assert everything(tmp_path) == before


def test_a_run_in_another_run_s_place_is_refused(tmp_path: Path) -> None:
    """Finished ones are not collected, unfinished ones not gone on with."""
    store = SweepStore.create(tmp_path / "two", Sweep("two", TINY, seeds=(0, 1), engines=(Engine("limit"),)))
    run_sweep(store, workers=0)
    one, other = (store.run_path(run.id) for run in store.sweep)
    before = collect(store).dataset
    for a, b in ((one, other), (other, one)):
        kept = tmp_path / "kept"
        a.rename(kept)
        b.rename(a)
        kept.rename(b)
        if a is one:
            for save in (True, False):
                with pytest.raises(StoreError, match=f"{one.name} holds the run {other.name}"):
                    collect(store, save=save)
    assert collect(store).dataset.identical(before)
    fresh = SweepStore.create(tmp_path / "fresh", Sweep("two", TINY, seeds=(0, 1), engines=(Engine("limit"),)))
    first, second = list(fresh.sweep)
    assert (first.experiment.seed, second.experiment.seed) == (0, 1)
    interrupted(fresh.run_path(first.id))
    partial_path(fresh.run_path(first.id)).rename(partial_path(fresh.run_path(second.id)))
    status = run_sweep(fresh, workers=0)
    assert (status.done, status.failed) == (1, 1) and "holds another run" in next(iter(status.examples.values()))


@pytest.mark.parametrize("kind", ["file", "folder", "full folder", "link", "summary with notes"])
def test_collect_replaces_only_a_summary(kind: str, tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    run_sweep(store, workers=0)
    folder = store.folder / "summary"
    if kind == "summary with notes":
        collect(store)
        (folder / "notes.txt").write_text("mine")
    elif kind == "file":
        folder.write_text("mine")
    elif kind == "link":
        (tmp_path / "data").mkdir()
        folder.symlink_to(tmp_path / "data")
    else:
        folder.mkdir()
        if kind == "full folder":
            (folder / "summary.csv").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(StoreError, match=r"in the way|notes\.txt"):
        collect(store)
    assert everything(tmp_path) == before


def test_an_edited_declaration_is_refused(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    path = store.folder / "sweep.toml"
    path.write_text(path.read_text().replace("d = 10", "d = 11"))
    with pytest.raises(StoreError, match="lacks 1 of the declared runs"):
        SweepStore(store.folder)


@pytest.mark.parametrize("damage", [
    "UPDATE about SET value = 'two' WHERE key = 'format'", "DELETE FROM about WHERE key = 'format'",
    "UPDATE about SET value = '[' WHERE key = 'environment'", "UPDATE about SET value = '[]' WHERE key = 'environment'",
    "DELETE FROM about", "DROP TABLE lock", "CREATE VIEW spy AS SELECT * FROM runs",
    "CREATE TRIGGER spy AFTER UPDATE ON runs BEGIN DELETE FROM runs; END", "UPDATE about SET value = '999'",
    "UPDATE runs SET id = 'another'", "DELETE FROM runs",
    "PRAGMA ignore_check_constraints = ON; UPDATE runs SET state = 'finished'", "UPDATE runs SET attempts = 'often'",
    "UPDATE about SET value = x'ff00ff' WHERE key = 'environment'", "UPDATE about SET value = CAST(x'ff' AS TEXT)",
])  # fmt: skip
def test_a_damaged_manifest_is_explained(damage: str, tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    database = sqlite3.connect(store.manifest.path)
    database.executescript(damage)
    database.commit()
    database.close()
    with pytest.raises(StoreError, match="manifest"):
        SweepStore(store.folder).status()


def test_a_full_disk_in_a_sweep_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it fills: while the folder is made, in a run, and while the summary is written."""
    sweep = Sweep("s", TINY, engines=(Engine("limit"),))

    def full(at: str) -> None:
        def fail(point: str) -> None:
            if point == at:
                raise OSError(28, "No space left on device")

        failpoints.set_hook(fail)

    class Full:
        @staticmethod
        def connect(*args: Any, **given: Any) -> Any:
            raise sqlite3.OperationalError("database or disk is full")

        Error = sqlite3.Error

    try:
        full("sync sweep.toml")
        with pytest.raises(StoreError, match="No space left"):
            SweepStore.create(tmp_path / "s", sweep)
        failpoints.set_hook(None)
        with monkeypatch.context() as patched:
            patched.setattr("theory_sim.sweeps.manifest.sqlite3", Full)
            with pytest.raises(StoreError, match="disk is full"):
                SweepStore.create(tmp_path / "s", sweep)
        assert list(tmp_path.iterdir()) == []
        store = SweepStore.create(tmp_path / "s", sweep)
        for point in ("sync run.json", "sync sha256.json"):
            full(point)
            assert run_sweep(store, workers=0, retry_failed=True).failed == 1
            assert "No space left" in next(iter(store.status().examples.values()))
        failpoints.set_hook(None)
        assert run_sweep(store, workers=0, retry_failed=True).done == 1
        full("sync summary.csv")
        with pytest.raises(StoreError, match=r"No space left on device\n.*\n.*make room"):
            collect(store)
    finally:
        failpoints.set_hook(None)
    collect(store)
    assert {path.name for path in store.folder.iterdir()} == {"sweep.toml", "manifest.sqlite", "runs", "summary"}
    assert [path.name for path in (store.folder / "runs").iterdir()] == [run.id for run in sweep]


def test_other_versions_are_refused(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "old", Sweep("old", TINY, engines=(Engine("closure"),)))
    with sqlite3.connect(store.manifest.path) as database:
        database.execute("UPDATE about SET value = ? WHERE key = 'environment'", (json.dumps({"numpy": "1.0"}),))
    database.close()
    with pytest.raises(StoreError, match=r"numpy 1\.0 then"):
        run_sweep(SweepStore(store.folder), workers=0)
    assert run_sweep(SweepStore(store.folder), workers=0, any_version=True).done == 1


def test_damaged_folders_are_explained(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no sweep"):
        SweepStore(tmp_path)
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    with pytest.raises(StoreError, match="exists"):
        SweepStore.create(store.folder, store.sweep)
    store.manifest.path.write_bytes(b"no database, but long enough to be looked at as one" * 10)
    with pytest.raises(StoreError, match="manifest"):
        SweepStore(store.folder)
    for workers in (-1, 1.5, True):
        with pytest.raises(InputError, match="workers"):
            run_sweep(SweepStore.create(tmp_path / f"w{workers}", store.sweep), workers=workers)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one thread"):
        run_sweep(SweepStore.create(tmp_path / "t", store.sweep), workers=2, threads=2)


@pytest.mark.tier2
def test_interruption_is_resumed(tmp_path: Path) -> None:
    """Ctrl-C with worker processes: exit 130, no worker left, and the same summary in the end."""
    sweep = Sweep("long", TINY.replace(d=60, N=240, max_tau=300.0), seeds=tuple(range(6)), engines=(Engine("limit"),))
    (tmp_path / "long.toml").write_text(sweep.to_toml())
    process = subprocess.Popen(
        [sys.executable, "-m", "theory_sim.cli", "sweep", "run", "long.toml", "--workers", "2", "-q"], cwd=tmp_path,
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
    assert not any(psutil.pid_exists(pid) for pid in workers)
    status = SweepStore(folder).status()
    assert status.running == 0 and 0 < status.done < 6 and not status.stale
    assert run_sweep(SweepStore(folder), workers=0).done == 6
    whole = SweepStore.create(tmp_path / "whole", sweep)
    run_sweep(whole, workers=0)
    assert collect(SweepStore(folder)).dataset.identical(collect(whole).dataset)
