"""Damaged, swapped or edited files of a sweep, and a full disk."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.tiny import TINY, interrupted
from theory_sim.engines import Engine
from theory_sim.errors import DamagedError, InputError, StoreError
from theory_sim.loop import unfinished_path
from theory_sim.report.sweeps import describe_sweep
from theory_sim.storage import failpoints
from theory_sim.storage.disk import disk_fault
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.integrity import check_sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

VERSION_1 = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
    engine TEXT NOT NULL,
    experiment TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    seconds REAL,
    cause TEXT,
    error TEXT
);
CREATE TABLE lock (one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER, born REAL, host TEXT, heartbeat REAL, workers INTEGER);
CREATE TABLE workers (pid INTEGER, born REAL, host TEXT);
"""


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
    unfinished_path(fresh.run_path(first.id)).rename(unfinished_path(fresh.run_path(second.id)))
    status = run_sweep(fresh, workers=0)
    assert (status.done, status.failed) == (2, 0) and "holds another run" in status.recomputed[second.id]
    assert collect(fresh).dataset.identical(before)


def test_a_copy_of_another_run_or_summary_is_found_and_made_again(tmp_path: Path) -> None:
    """Every file of it is as it was written; only its name is another's."""
    store, other = (
        SweepStore.create(tmp_path / name, Sweep(name, TINY, (Product({"r": values}),), engines=(Engine("closure"),)))
        for name, values in (("one", [0.3, 0.5]), ("other", [0.4, 0.6]))
    )
    for each in (store, other):
        run_sweep(each, workers=0)
    before = collect(store).dataset
    collect(other)
    first, second = list(store.sweep)
    shutil.rmtree(store.run_path(first.id))
    shutil.copytree(store.run_path(second.id), store.run_path(first.id))
    shutil.rmtree(store.folder / "summary")
    shutil.copytree(other.folder / "summary", store.folder / "summary")
    bad = {finding.path: finding.detail for finding in check_sweep(store.folder) if finding.bad}
    assert bad.keys() == {store.run_path(first.id), store.folder / "summary"}
    assert f"holds the run {second.id}" in bad[store.run_path(first.id)] and "another sweep's" in bad[store.folder / "summary"]
    assert [problem.found for problem in describe_sweep(store)[1] if problem.damaged] == [bad[store.run_path(first.id)]]
    status = run_sweep(store, workers=0)
    assert status.done == 2 and status.recomputed.keys() == {first.id}
    assert collect(store).dataset.identical(before)
    assert {finding.state for finding in check_sweep(store.folder)} == {"as written", "set aside"}


def test_an_edited_declaration_is_refused(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    path = store.folder / "sweep.toml"
    path.write_text(path.read_text().replace("d = 10", "d = 11"))
    with pytest.raises(StoreError, match=r"sweep\.toml is not as it was written(.|\n)*check --repair"):
        SweepStore(store.folder)
    make_old(store)
    with pytest.raises(StoreError, match="lacks 1 of the declared runs"):
        SweepStore(store.folder)


def make_old(store: SweepStore) -> None:
    """Have a manifest as version 1 wrote it: without digests and declaration."""
    path = store.manifest.path
    with sqlite3.connect(path) as database:
        columns = "id, position, state, engine, experiment, attempts, seconds, cause, error"
        rows = database.execute(f"SELECT {columns} FROM runs").fetchall()
        environment = database.execute("SELECT value FROM about WHERE key = 'environment'").fetchone()
    database.close()
    path.unlink()
    with sqlite3.connect(path) as database:
        database.executescript(VERSION_1)
        database.executemany("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.executemany("INSERT INTO about VALUES (?, ?)", [("format", "1"), ("environment", *environment)])
    database.close()


def test_a_manifest_without_digests_is_read_and_said_to_have_none(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    make_old(store)
    store = SweepStore(store.folder)
    assert not store.manifest.digested and run_sweep(store, workers=0).done == 1
    states = {each.path.name: each.state for each in check_sweep(store.folder)}
    assert states["manifest.sqlite"] == states["sweep.toml"] == "no checksum"
    assert store.extend(Sweep("s", TINY.replace(name="s"), engines=(Engine("closure"), Engine("limit")))) == 1
    assert SweepStore(store.folder).status().pending == 1


def test_a_newer_manifest_is_not_called_damaged(tmp_path: Path) -> None:
    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    with sqlite3.connect(store.manifest.path) as database:
        database.execute("ALTER TABLE runs ADD COLUMN more TEXT")
        database.execute("DELETE FROM about WHERE key = 'digest'")
        database.execute("UPDATE about SET value = '3' WHERE key = 'format'")
    database.close()
    with pytest.raises(StoreError, match=r"version 3(.|\n)*update theory_sim"):
        SweepStore(store.folder)


@pytest.mark.parametrize("damage", [
    "UPDATE about SET value = 'two' WHERE key = 'format'", "DELETE FROM about WHERE key = 'format'",
    "UPDATE about SET value = '[' WHERE key = 'environment'", "UPDATE about SET value = '[]' WHERE key = 'environment'",
    "DELETE FROM about", "DROP TABLE lock", "CREATE VIEW spy AS SELECT * FROM runs",
    "CREATE TRIGGER spy AFTER UPDATE ON runs BEGIN DELETE FROM runs; END", "UPDATE about SET value = '999'",
    "UPDATE runs SET id = 'another'", "DELETE FROM runs",
    "PRAGMA ignore_check_constraints = ON; UPDATE runs SET state = 'finished'", "UPDATE runs SET attempts = 'often'",
    "UPDATE runs SET seconds = 'long'", "UPDATE runs SET cause = x'ff', state = 'failed'",
    "INSERT INTO lock VALUES (1, 'nobody', 0.0, 'here', 0, 1)", "INSERT INTO lock VALUES (1, -1, 0.0, 'here', 0, 1)",
    "INSERT INTO lock VALUES (1, 1, NULL, 'here', 0, 1)",
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


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ENOENT])
def test_a_disk_that_takes_nothing_more_fails_no_run(number: int, tmp_path: Path) -> None:
    """The sweep stops at the first such error; what is not done stays pending. Any other error is the run's own."""
    sweep = Sweep("s", TINY, (Product({"r": [0.3, 0.4, 0.5]}),), engines=(Engine("closure"),))
    store, asked = SweepStore.create(tmp_path / "s", sweep), 0

    def fail(point: str) -> None:
        nonlocal asked
        if point == "sync sha256.json":
            asked += 1
            if asked > 1:
                raise OSError(number, os.strerror(number))

    failpoints.set_hook(fail)
    try:
        if number == errno.ENOENT:
            assert run_sweep(store, workers=0).failed == 2 and asked == 3
            return
        with pytest.raises(StoreError, match="the sweep stops"):
            run_sweep(store, workers=0)
    finally:
        failpoints.set_hook(None)
    status = store.status()
    assert (asked, status.done, status.pending, status.failed, status.running) == (2, 1, 2, 0, 0)
    assert run_sweep(store, workers=0).done == 3
    whole = SweepStore.create(tmp_path / "whole", sweep)
    run_sweep(whole, workers=0)
    assert collect(store).dataset.identical(collect(whole).dataset)


def test_a_right_that_is_missing_stops_a_sweep_if_its_folder_lacks_it(tmp_path: Path) -> None:
    refused = PermissionError(errno.EACCES, "Permission denied")
    assert not disk_fault(refused, tmp_path)
    assert disk_fault(refused, tmp_path / "nobody can write here")


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
            patched.setattr("theory_sim.sweeps.manifest_rows.sqlite3", Full)
            with pytest.raises(StoreError, match="disk is full"):
                SweepStore.create(tmp_path / "s", sweep)
        assert list(tmp_path.iterdir()) == []
        store = SweepStore.create(tmp_path / "s", sweep)
        for point in ("sync run.json", "sync sha256.json"):
            full(point)
            with pytest.raises(StoreError, match=r"No space left on device: the sweep stops(.|\n)*sweep resume"):
                run_sweep(store, workers=0)
            assert (store.status().failed, store.status().pending) == (0, 1)
        failpoints.set_hook(None)
        assert run_sweep(store, workers=0).done == 1
        full("sync summary.csv")
        with pytest.raises(StoreError, match=r"No space left on device\n.*room\n.*free some space"):
            collect(store)
    finally:
        failpoints.set_hook(None)
    collect(store)
    assert {path.name for path in store.folder.iterdir()} == {"sweep.toml", "manifest.sqlite", "runs", "summary"}
    assert [path.name for path in (store.folder / "runs").iterdir()] == [run.id for run in sweep]


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


def test_check_resume_and_repair_say_what_is_damaged(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    import theory_sim.cli as cli

    def said(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["sweep", *words, str(tmp_path / "s")], env={"COLUMNS": "400"})
        return done.exit_code, done.output

    store = SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))
    run_sweep(store, workers=0)
    (id,) = store.states()
    assert said("check") == (0, "3 as written\n")
    chunk = store.run_path(id) / "train_loss" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    code, text = said("check")
    assert code == 1 and f"{id}: train_loss/0 is not as it was written" in text and "sweep resume" in text
    code, text = said("resume", "--workers", "0", "-q")
    assert code == 0 and f"run {id} was not as it was written and is computed again" in text and f"{id}.damaged" in text
    code, text = said("check")
    assert code == 0 and f"set aside: {store.folder / 'runs' / id}.damaged" in text
    path = store.folder / "sweep.toml"
    path.write_text(path.read_text() + "# mine\n")
    assert said("check")[0] == 1
    code, text = said("check", "--repair")
    assert code == 0 and "sweep.toml.damaged" in text and "mine" in (store.folder / "sweep.toml.damaged").read_text()


def test_a_manifest_whose_fault_is_told_in_bytes_that_are_no_text(tmp_path: Path) -> None:
    """SQLite quotes what it cannot read, and Python cannot decode the message."""
    store = SweepStore.create(tmp_path / "one", Sweep("one", TINY, engines=(Engine("closure"),)))
    whole = store.manifest.path.read_bytes()
    assert whole.count(b"CREATE TABLE runs") == 1
    store.manifest.path.write_bytes(whole.replace(b"CREATE TABLE runs", b"CREATE T\x93BLE runs"))
    with pytest.raises(DamagedError, match="is damaged"):
        SweepStore(store.folder)
