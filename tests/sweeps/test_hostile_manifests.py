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
from theory_sim.sweeps.manifest_rows import connect, seal
from theory_sim.sweeps.store import SweepStore
from theory_sim.terminal.output import print_parts
from theory_sim.terminal.sweep_tables import status_table
from theory_sim.terminal.wrapping import say_aside

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


@pytest.mark.parametrize("change", [
    "id = char(27) || '[2J'", "id = x'ff'", "position = 'first'", "attempts = 0.5", "seconds = 9e999", "seconds = -1",
    "seconds = 'long'", "cause = x'ff00', state = 'failed'", "error = 5.0, state = 'failed', cause = x'01'", "engine = x'00'",
])  # fmt: skip
def test_rows_of_other_kinds_are_refused_whatever_their_digests(change: str, store: SweepStore) -> None:
    with closing(connect(str(store.manifest.path))) as database:
        database.execute(f"UPDATE runs SET {change}")
        seal(database)
    with pytest.raises(DamagedError, match="has values of other kinds"):
        SweepStore(store.folder)


@pytest.mark.parametrize("values", [
    "1, 'x 1', 'here', 0, 'many'", "1, 'x 1', 'here', 0, NULL", "1, 'x 1', 'here', 0, 9e999", "1, 'x 1', x'ff1b', 0, 1",
    "1, 'x 1', 'here', 'fast', 1",
])  # fmt: skip
def test_a_lock_of_other_kinds_is_refused(values: str, store: SweepStore) -> None:
    with closing(connect(str(store.manifest.path))) as database:
        database.execute(f"INSERT INTO lock VALUES (1, {values})")
    for call in (store.status, store.gc):
        with pytest.raises(DamagedError, match=r"process 1, of .* workers"):
            call()


def test_what_a_run_is_said_to_have_failed_of_moves_no_cursor(store: SweepStore, capsys: pytest.CaptureFixture[str]) -> None:
    (id,) = store.states()
    store.manifest.begin(id)
    store.manifest.failed(id, "cause \x1b[2J", "error \x9b2J\x1b]0;title\x07 \u202e[red]")
    print_parts(status_table(SweepStore(store.folder).status()), "text \x1b[2J")
    say_aside("aside \x1b[2J")
    shown, aside = capsys.readouterr()
    assert "cause \N{REPLACEMENT CHARACTER}[2J" in shown and "[red]" in shown and "text" in shown and "aside" in aside
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(shown + aside)
