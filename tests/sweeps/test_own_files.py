"""A sweep removes and replaces only what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sweeps.tiny import TINY, everything, interrupted
from theory_sim import Trajectory
from theory_sim.engines import Engine
from theory_sim.errors import StoreError
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore


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
        (draft / "written.json").write_text(json.dumps({"new": ["tau/"], "old": [], "digests": {}, "put_back": False}))
    assert sorted(store.gc()) == sorted(waste) and not any(path.exists() for path in waste)
    assert store.run_path(id).is_dir() and store.gc() == [] and store.strangers() == []


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
    interrupted(runs / ("2" * 20))
    (runs / f"{'2' * 20}.partial" / "checkpoint").write_text("mine")
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
