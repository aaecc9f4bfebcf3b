"""Altered and truncated files: found and named, computed or written again, never silently used."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from proofs_check.certificate import load, save
from proofs_check.claim import Verdict
from tests.faults.harness import RUNS, Whole, begun, refused, require_kept, require_recovery
from tests.rotation import draws
from theory_sim.errors import InputError
from theory_sim.loop import unfinished_path
from theory_sim.sweeps.collect import Summary, collect
from theory_sim.sweeps.integrity import check_sweep, repair_sweep
from theory_sim.sweeps.store import SweepStore


def harm(path: Path, draw: Random) -> None:
    """Alter one byte of a file, or cut it."""
    content = bytearray(path.read_bytes())
    at = draw.randrange(len(content))
    if draw.random() < 0.5:
        content[at] ^= draw.randrange(1, 256)
    else:
        del content[at:]
    path.write_bytes(content)


def chosen(folder: Path, draw: Random) -> Path:
    """A file that is not empty."""
    return draw.choice(sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size))


def bad(folder: Path) -> list[str]:
    return [each.path.name for each in check_sweep(folder) if each.bad]


@draws("run")
def test_a_finished_run(draw: Random, whole: Whole, tmp_path: Path) -> None:
    store = whole.copied(tmp_path / "faulty")
    id = draw.choice(sorted(store.states()))
    file = chosen(store.run_path(id), draw)
    before = file.read_bytes()
    harm(file, draw)
    assert bad(store.folder) == [id]
    name = file.relative_to(store.run_path(id)).as_posix()
    said = refused(lambda: collect(store))
    assert id in said and "sweep resume" in said and (name in said or name == "tau/sha256.json")
    harmed = file.read_bytes()
    status = require_recovery(store.folder, whole, damaged=1)
    assert list(status.recomputed) == [id] and f"{id}.damaged" in status.recomputed[id]
    kept = store.folder / "runs" / f"{id}.damaged" / name
    assert kept.read_bytes() == harmed != before
    assert bad(store.folder) == [] and status.done == RUNS
    require_kept(store.folder)


@draws("checkpoint")
def test_an_unfinished_run(draw: Random, whole: Whole, unfinished: Path, tmp_path: Path) -> None:
    shutil.copytree(unfinished, tmp_path / "faulty")
    store = SweepStore(tmp_path / "faulty")
    (partial,) = (store.folder / "runs").glob("*.partial")
    harm(chosen(partial, draw), draw)
    assert bad(store.folder) == [partial.name]
    status = require_recovery(store.folder, whole)
    assert list(status.recomputed) == [partial.name.removesuffix(".partial")]
    assert (store.folder / "runs" / f"{partial.name}.damaged").is_dir() and not partial.exists()


def content(manifest: Path) -> list[object]:
    with closing(sqlite3.connect(manifest)) as database:
        return [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("about", "runs", "lock", "workers")]


@draws("manifest")
def test_the_manifest(draw: Random, whole: Whole, tmp_path: Path) -> None:
    store = whole.copied(tmp_path / "faulty")
    before = content(store.manifest.path)
    harm(store.manifest.path, draw)
    said = refused(lambda: SweepStore(store.folder))
    if said:
        assert "manifest.sqlite" in said and "sweep check --repair" in said and bad(store.folder) == ["manifest.sqlite"]
        (told, *_) = repair_sweep(store.folder)
        assert f"{RUNS} runs done" in told and (store.folder / "manifest.sqlite.damaged").exists()
    else:  # a byte that SQLite does not use: nothing of what is read differs
        assert content(store.manifest.path) == before
    require_recovery(store.folder, whole)
    require_kept(store.folder)


@draws("declaration")
def test_the_declaration(draw: Random, whole: Whole, tmp_path: Path) -> None:
    store = whole.copied(tmp_path / "faulty")
    path = store.folder / "sweep.toml"
    before = path.read_bytes()
    harm(path, draw)
    assert "sweep.toml is not as it was written" in refused(lambda: SweepStore(store.folder))
    assert bad(store.folder) == ["sweep.toml"] and len(repair_sweep(store.folder)) == 1
    assert path.read_bytes() == before and bad(store.folder) == []
    require_recovery(store.folder, whole)
    require_kept(store.folder)


@draws("summary")
def test_the_summary(draw: Random, whole: Whole, tmp_path: Path) -> None:
    store = whole.copied(tmp_path / "faulty")
    harm(chosen(store.folder / "summary", draw), draw)
    assert bad(store.folder) == ["summary"] and refused(lambda: Summary.load(store.folder / "summary"))
    assert refused(lambda: collect(store)), "an edited summary is not replaced unasked"
    (told,) = repair_sweep(store.folder)
    assert "summary.damaged" in told
    require_recovery(store.folder, whole)


@draws("certificate")
def test_evidence(draw: Random, tmp_path: Path) -> None:
    path = tmp_path / "a-claim.json"
    verdict = Verdict("a-claim", "proved", {"steps": [1, 2, {"at": "x"}], "text": "because"}, "quick")
    save(verdict, path)
    harm(path, draw)
    try:
        found = load(path)
    except InputError as error:
        assert "a-claim.json" in str(error) and error.fix
    else:  # white space between the entries
        assert found == verdict


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep with one run interrupted after a checkpoint."""
    import signal

    from theory_sim import simulate

    store = begun(tmp_path_factory.mktemp("unfinished") / "faulty")
    run = next(run for run in store.sweep if run.engine.name == "limit")

    def stop(step: int, tau: float, loss: float) -> None:
        if tau > 1.0:
            signal.raise_signal(signal.SIGINT)

    simulate(run.experiment, run.engine, store=store.run_path(run.id), progress=stop, threads=1)
    assert unfinished_path(store.run_path(run.id)).is_dir()
    return store.folder
