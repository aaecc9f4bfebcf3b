"""Crafted manifests: reading one runs nothing, waits for nothing and removes no file of anybody's."""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from tests.sweeps.tiny import TINY
from theory_sim.engines import Engine
from theory_sim.errors import DamagedError
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.integrity import check_sweep, repair_sweep
from theory_sim.sweeps.store import SweepStore

MAGIC = bytes.fromhex("d9d505f920a163d7")


@pytest.fixture
def store(tmp_path: Path) -> SweepStore:
    return SweepStore.create(tmp_path / "s", Sweep("s", TINY, engines=(Engine("closure"),)))


def journal_that_names(manifest: Path, victim: Path) -> bytes:
    """A journal to be played back, without pages, of a transaction whose super-journal is a file (sqlite.org/fileformat)."""
    page, name = 4096, bytes(victim)
    header = (MAGIC + struct.pack(">IIIII", 0, 1, manifest.stat().st_size // page, 512, page)).ljust(512, b"\0")
    checksum = sum(byte if byte < 128 else byte - 256 for byte in name) & 0xFFFFFFFF
    return header + struct.pack(">I", 2**30 // page + 1) + name + struct.pack(">II", len(name), checksum) + MAGIC


def test_a_journal_that_has_sqlite_remove_a_file_is_not_played_back(store: SweepStore, tmp_path: Path) -> None:
    victim, bare = tmp_path / "thesis.txt", tmp_path / "bare.sqlite"
    victim.write_text("mine\n")
    journal = Path(f"{store.manifest.path}-journal")
    journal.write_bytes(journal_that_names(store.manifest.path, victim))
    for _ in range(2):
        with pytest.raises(DamagedError, match=r"names another file(.|\n)*check --repair"):
            SweepStore(store.folder)
    assert [each.path.name for each in check_sweep(store.folder) if each.bad] == ["manifest.sqlite"]
    assert len(repair_sweep(store.folder)) == 2 and (store.folder / "manifest.sqlite-journal.damaged").exists()
    assert not any(each.bad for each in check_sweep(store.folder)) and victim.read_text() == "mine\n"
    with closing(sqlite3.connect(bare)) as database:  # SQLite itself does remove it
        database.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1);")
    Path(f"{bare}-journal").write_bytes(journal_that_names(bare, victim))
    with closing(sqlite3.connect(bare)) as database:
        database.execute("SELECT * FROM t").fetchall()
    assert not victim.exists()


@pytest.mark.parametrize("ending", ["-journal", "-wal"])
def test_a_journal_that_is_no_file_is_refused(ending: str, store: SweepStore) -> None:
    os.mkfifo(f"{store.manifest.path}{ending}")
    with pytest.raises(DamagedError, match=f"manifest.sqlite{ending} beside it is not a plain file"):
        SweepStore(store.folder)
    assert repair_sweep(store.folder) and SweepStore(store.folder).status().pending == 1


@pytest.mark.parametrize("name", ["spy", "sqlitespy", "sqlite9spy"])
def test_a_trigger_is_refused_whatever_its_name(name: str, store: SweepStore) -> None:
    with closing(sqlite3.connect(store.manifest.path)) as database:
        database.execute(f"CREATE TRIGGER {name} AFTER UPDATE ON runs BEGIN DELETE FROM runs; END")
    with pytest.raises(DamagedError, match=f"{name} is not as it was made"):
        SweepStore(store.folder)
