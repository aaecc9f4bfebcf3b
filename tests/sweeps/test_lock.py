"""One process a sweep: its lock, taken over only from a holder that is gone."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.storage import failpoints
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.preparation import report_waiting
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore
from theory_sim.terminal.sweep_tables import status_line


def test_lock_is_kept_and_a_stale_one_taken_over(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    with store.manifest.locked(1):
        assert store.status().pid == os.getpid()
        assert f"process {os.getpid()} is at it" in status_line(store.status()) and not store.status().elsewhere
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


def test_a_lock_that_could_not_be_let_go_keeps_nobody_out(tmp_path: Path) -> None:
    """A full disk at the end leaves the row of a process that lives on, as a notebook's does."""
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))

    def full(point: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    try:
        with pytest.raises(StoreError, match="is full"), store.manifest.locked(0):
            failpoints.set_hook(full)
    finally:
        failpoints.set_hook(None)
    with sqlite3.connect(store.manifest.path) as database:
        assert database.execute("SELECT pid FROM lock").fetchone() == (os.getpid(),)
    database.close()
    assert store.status().stale
    assert run_sweep(store, workers=0).done == 1


def test_a_holder_elsewhere_is_gone_once_its_heart_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it says of the time of day: it is watched, for as long as the constant says."""
    monkeypatch.setattr("theory_sim.sweeps.manifest._SILENT_SECONDS", 0.5)
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    _hold(store, pid=1, born=1.0, host="elsewhere", heartbeat=time.time() - 1e6)
    assert not store.status().stale and store.status().pid == 1
    line = status_line(store.status())
    assert "process 1 on elsewhere has the lock, one process if it still runs, which cannot be told from this machine" in line
    assert "is at it" not in line and (store.status().host, store.status().elsewhere) == ("elsewhere", True)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(0.05):
            with sqlite3.connect(store.manifest.path) as database:
                database.execute("UPDATE lock SET heartbeat = heartbeat + 1")
            database.close()

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        with pytest.raises(StoreError, match="elsewhere"), pytest.warns(UserWarning, match="waiting up to 0.5 s"):
            run_sweep(store, workers=0)
    finally:
        ended.set()
        beating.join()
    said: list[str] = []
    with report_waiting(said.append):  # as the programs do
        assert run_sweep(store, workers=0).done == 1
    assert said == [f"{store.folder} is locked by process 1 on elsewhere, which cannot be looked at from here: waiting up to "
                    "0.5 s for a sign of life"]


def test_a_machine_name_in_a_stranger_s_manifest_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what is waited for nor the refusal after it lets a name end its line or reach the terminal as a command."""
    monkeypatch.setattr("theory_sim.sweeps.manifest._SILENT_SECONDS", 0.2)
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    _hold(store, pid=1, born=1.0, host="node\x1b[2J\nall runs done")
    said: list[str] = []
    with report_waiting(said.append):
        silent = store.manifest._silent_elsewhere()
    with pytest.raises(StoreError) as refused:
        store.manifest._take(1, None)
    assert silent is not None and silent[0] == 1
    for text in (*said, refused.value.found, status_line(store.status())):
        assert text.isprintable() and r"'node\x1b[2J\nall runs done'" in text


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
