"""Damaged, swapped or edited files of a sweep, and a full disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.tiny import TINY, interrupted
from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import unfinished_path
from theory_sim.storage import failpoints
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore


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
    assert (status.done, status.failed) == (1, 1) and "holds another run" in next(iter(status.examples.values()))


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
