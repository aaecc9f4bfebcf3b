"""Rows of a sweep's manifest: their table, and a digest in each row that no altered byte passes.

SQLite itself knows no checksum of its pages: the extension that adds one is not in Python's build. So each run's row, and what
the manifest says of itself, carry a digest of their content; the file's structure is looked at by SQLite's integrity check.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from theory_sim.errors import repr_of, shown
from theory_sim.sweeps.sweep_run import SweepRun

__all__ = ["SCHEMA", "connect", "damage_of", "has_digests", "insert", "seal", "seal_about", "told_version"]

_COLUMNS: Final = ("id", "position", "state", "engine", "experiment", "attempts", "seconds", "cause", "error")
SCHEMA: Final = """
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
    error TEXT,
    digest TEXT
);
CREATE TABLE lock (one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER, born REAL, host TEXT, heartbeat REAL, workers INTEGER);
CREATE TABLE workers (pid INTEGER, born REAL, host TEXT);
"""
# As SQLite keeps them; manifests of version 1 have no digests.
_TABLES: Final = {text.split()[2]: text for text in SCHEMA.strip().removesuffix(";").replace(";\n", "\0").split("\0")}
_WITHOUT: Final = {**_TABLES, "runs": _TABLES["runs"].replace(",\n    digest TEXT", "")}
# Of whoever gives a row a digest that fits.
_ODD_ROW: Final = """
SELECT id FROM runs WHERE typeof(id) != 'text' OR length(id) != 20 OR id GLOB '*[^0-9a-f]*' OR typeof(position) != 'integer'
    OR typeof(engine) != 'text' OR typeof(experiment) != 'text' OR typeof(attempts) != 'integer'
    OR NOT (seconds IS NULL OR (typeof(seconds) IN ('real', 'integer') AND seconds BETWEEN 0 AND 1e12))
    OR typeof(cause) NOT IN ('text', 'null') OR typeof(error) NOT IN ('text', 'null') LIMIT 1
"""
_SEAL: Final = f"UPDATE runs SET digest = digest_of({', '.join(_COLUMNS)})"


# What a journal of a transaction over several databases ends with; at least so many bytes before that it is told of.
_SUPER_JOURNAL: Final = bytes.fromhex("d9d505f920a163d7")
_SHORTEST: Final = 16


def connect(path: str) -> sqlite3.Connection:
    """Connection without transactions of its own, which knows the function ``digest_of`` of a row's values.

    Raises
    ------
    sqlite3.DatabaseError
        If the journal beside the manifest is none that theory_sim leaves.
    """
    _require_own_journal(os.path.realpath(path))
    database = sqlite3.connect(path, timeout=60.0, isolation_level=None)
    database.create_function("digest_of", -1, _digest_of, deterministic=True)
    return database


def _require_own_journal(path: str) -> None:
    """Refuse a journal that would do harm: SQLite plays it back as soon as it reads the manifest.

    One that names a super-journal, as of a transaction over several databases, has SQLite delete the file of that name,
    wherever it is. The program's own never name one. And a pipe would be waited for.
    """
    for name in (f"{path}-journal", f"{path}-wal"):
        with suppress(FileNotFoundError):  # as mostly, or ended in the meantime
            if not stat.S_ISREG(os.lstat(name).st_mode):
                raise sqlite3.DatabaseError(f"{os.path.basename(name)} beside it is not a plain file")
    with suppress(OSError), open(f"{path}-journal", "rb") as journal:  # what cannot be read is SQLite's to tell
        if journal.seek(0, os.SEEK_END) >= _SHORTEST:
            journal.seek(-len(_SUPER_JOURNAL), os.SEEK_END)
            if journal.read() == _SUPER_JOURNAL:
                raise sqlite3.DatabaseError("its journal names another file, which SQLite would delete")


def _digest_of(*values: object) -> str:
    # repr: a damaged row may hold bytes, which JSON does not; and a float's is exact.
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()


def has_digests(database: sqlite3.Connection) -> bool:
    """Whether the rows of a manifest carry digests: those of version 1 do not."""
    return any(row[1] == "digest" for row in database.execute("PRAGMA table_info(runs)"))


def seal(database: sqlite3.Connection, ids: Iterable[str] | None = None) -> None:
    """Give rows that were changed their new digests, or all rows; nothing where a manifest has none."""
    if not has_digests(database):
        return
    if ids is None:
        database.execute(_SEAL)
    else:
        database.executemany(f"{_SEAL} WHERE id = ?", ((id,) for id in ids))


def seal_about(database: sqlite3.Connection) -> None:
    """Give what the manifest says of itself its digest."""
    if has_digests(database):
        database.execute("INSERT OR REPLACE INTO about VALUES ('digest', ?)", (_about_digest(database),))


def _about_digest(database: sqlite3.Connection) -> str:
    return _digest_of(*database.execute("SELECT key, value FROM about WHERE key != 'digest' ORDER BY key").fetchall())


def told_version(database: sqlite3.Connection) -> int | None:
    """Version that a manifest says it has, if what it says of itself is as it was written; None if it is not."""
    try:
        about = dict(database.execute("SELECT key, value FROM about").fetchall())
        return int(about["format"]) if about.get("digest") in (None, _about_digest(database)) else None
    except (sqlite3.Error, KeyError, ValueError, TypeError):
        return None


def damage_of(database: sqlite3.Connection, *, rows: bool = True) -> str:
    """What is wrong with a manifest, in words; empty if each row is as it was written, or has no digest to tell.

    Without ``rows`` only what it says of itself is looked at.
    """
    # No views and triggers either: they would be run.
    # Without a text are the indices that SQLite makes of its own.
    made = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    if made not in (_TABLES, _WITHOUT):
        odd = sorted(str(name) for name in {*made, *_TABLES} if made.get(name) != _TABLES.get(name))
        return f"it holds {', '.join(map(str, made)) or 'nothing'}; {odd[0]} is not as it was made"
    (found,) = database.execute("PRAGMA integrity_check(1)").fetchone() if rows else ("ok",)
    if found != "ok":
        return f"its structure is broken: {found}"
    if rows and (odd := database.execute(_ODD_ROW).fetchone()) is not None:
        return f"the row of the run {shown(repr_of(odd[0]))} has values of other kinds than theory_sim writes"
    if made == _WITHOUT:
        return ""
    told = database.execute("SELECT value FROM about WHERE key = 'digest'").fetchone()
    if told is None or told[0] != _about_digest(database):
        return "what it says of itself is not as it was written"
    if not rows:
        return ""
    row = database.execute(f"SELECT id FROM runs WHERE digest IS NOT digest_of({', '.join(_COLUMNS)}) LIMIT 1").fetchone()
    return "" if row is None else f"the row of the run {shown(repr_of(row[0]))} is not as it was written"


def insert(database: sqlite3.Connection, runs: Iterable[SweepRun]) -> None:
    """Insert new runs and give every run its place, the first that it has."""
    database.executemany(
        "INSERT INTO runs (id, position, state, engine, experiment) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET position = excluded.position", _rows(runs),
    )
    seal(database)


def _rows(runs: Iterable[SweepRun]) -> Iterator[tuple[object, ...]]:
    """One row after the other: all of a long sweep's would take hundreds of megabytes."""
    there: set[bytes] = set()
    for position, run in enumerate(runs):
        if (id := bytes.fromhex(run.id)) not in there:
            there.add(id)
            engine = {"name": run.engine.name, "options": dict(run.engine.options)}
            yield run.id, position, "pending", json.dumps(engine), json.dumps(run.experiment.fields())
