"""The manifest of a sweep: a SQLite file that says of each run whether it is pending, running, done or failed.

It is the lock as well: one process at a time works at a sweep. A lock whose holder is gone is stale and taken over; a run
that a dead process left as running is pending again. Whether it is gone is never read off a clock: a process is known by its
number and the moment of its start, in ticks since the machine's own, and a holder on another machine by whether its heartbeat
changes while one waits.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from theory_sim.errors import StoreError
from theory_sim.storage.failpoints import failpoint
from theory_sim.storage.formats import SWEEP_MANIFEST
from theory_sim.sweeps.declaration import SweepRun

__all__ = ["Entry", "Manifest", "State", "register_worker"]

State = Literal["pending", "running", "done", "failed"]
_STATES: Final = ("pending", "running", "done", "failed")
_SCHEMA: Final = """
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
_TABLES: Final = {"about", "runs", "lock", "workers"}
# A holder on another machine cannot be looked at: it is taken for gone when its heartbeat stands still for so long.
_SILENT_SECONDS: Final = 45.0
_HEARTBEAT_SECONDS: Final = 10.0
_LEAVING_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Entry:
    """A run as the manifest knows it.

    Attributes
    ----------
    id : str
        Hash of the run, and name of its folder.
    state : {"pending", "running", "done", "failed"}
    attempts : int
        How often it was begun.
    seconds : float or None
        Time that it took, once done.
    cause, error : str or None
        Of a failed run: what failed runs are grouped by, and the whole message.
    """

    id: str
    state: State
    attempts: int
    seconds: float | None
    cause: str | None
    error: str | None


class Manifest:
    """The manifest of one sweep.

    Parameters
    ----------
    path : Path
        The SQLite file.

    Raises
    ------
    StoreError
        If the file is missing, damaged or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise StoreError(f"{path} does not exist", "the folder of a sweep holds its manifest",
                             "check the path; theory-sim sweep run begins a sweep")
        with self._open("DEFERRED") as database:
            made = set(database.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall())
            if made != {("table", name) for name in _TABLES}:  # no views and triggers either: they would be run
                raise _damaged(path, f"it holds {', '.join(sorted(str(name) for _, name in made)) or 'nothing'}")
            found = dict(database.execute("SELECT key, value FROM about").fetchall())
        self.environment = _environment(path, found)

    @staticmethod
    def create(path: Path, runs: Sequence[SweepRun], environment: Mapping[str, str]) -> None:
        """Write a new manifest with every run pending."""
        database = None
        try:
            database = sqlite3.connect(path)
            database.executescript(_SCHEMA)
            with database:
                database.executemany("INSERT INTO about VALUES (?, ?)",
                                     [("format", str(SWEEP_MANIFEST.version)), ("environment", json.dumps(dict(environment)))])
                _insert(database, runs)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}", "a folder that can be written to, on a disk with free space",
                             "choose another output folder") from error
        finally:
            if database is not None:
                database.close()

    @contextmanager
    def _open(self, begin: Literal["DEFERRED", "IMMEDIATE"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """A connection in one transaction that writes through to the disk, or not at all; deferred if it only reads."""
        database = None
        try:
            database = sqlite3.connect(self.path, timeout=60.0, isolation_level=None)
            database.execute("PRAGMA synchronous = EXTRA")
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute(f"BEGIN {begin}")
            yield database
            failpoint("commit manifest")
            database.execute("COMMIT")
            failpoint("committed manifest")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}", "a manifest that theory_sim wrote and can write to, "
                             "on a disk with free space",
                             "free some space or the file; runs that are done stay in the folder runs") from error
        finally:
            if database is not None:
                database.close()

    # -- runs -----------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Every run, in the order of the declaration."""
        with self._open("DEFERRED") as database:
            rows = database.execute("SELECT id, state, attempts, seconds, cause, error FROM runs ORDER BY position").fetchall()
        for id, state, attempts, *_ in rows:
            if not isinstance(id, str) or state not in _STATES or not isinstance(attempts, int):
                raise _damaged(self.path, f"run {id!r} is {state!r}, begun {attempts!r} times")
        return [Entry(*row) for row in rows]

    def require(self, ids: Iterable[str]) -> None:
        """Raise StoreError if the manifest lacks a declared run."""
        lacking = sorted(set(ids) - {entry.id for entry in self.entries()})
        if lacking:
            raise StoreError(f"{self.path} lacks {len(lacking)} of the declared runs, such as {lacking[0]}",
                             "the declaration is that which theory_sim wrote",
                             "undo the change of the declaration or manifest; theory-sim sweep extend declares more runs")

    def add(self, runs: Sequence[SweepRun]) -> int:
        """Add runs that are not there yet, in the new order; how many."""
        with self._open() as database:
            before = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
            _insert(database, runs)
            after = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
        return int(after - before)

    def begin(self, id: str) -> None:
        """Mark a run as running."""
        with self._open() as database:
            database.execute("UPDATE runs SET state = 'running', attempts = attempts + 1 WHERE id = ?", (id,))

    def done(self, id: str, seconds: float) -> None:
        """Mark a run as done: its Trajectory is in its place."""
        with self._open() as database:
            database.execute("UPDATE runs SET state = 'done', seconds = ?, cause = NULL, error = NULL WHERE id = ?",
                             (seconds, id))

    def failed(self, id: str, cause: str, error: str) -> None:
        """Mark a run as failed."""
        with self._open() as database:
            database.execute("UPDATE runs SET state = 'failed', cause = ?, error = ? WHERE id = ?", (cause, error, id))

    def pending(self, ids: Sequence[str]) -> None:
        """Mark runs as pending."""
        with self._open() as database:
            database.executemany("UPDATE runs SET state = 'pending', cause = NULL, error = NULL WHERE id = ?",
                                 [(id,) for id in ids])

    # -- the lock -----------------------------------------------------------------------------------

    @contextmanager
    def locked(self, workers: int) -> Iterator[None]:
        """Hold the lock; on entering, runs that a dead process left as running become pending.

        Raises
        ------
        StoreError
            If a living process holds it, or the worker processes of a dead one do not end.
        """
        self._take(workers)
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        try:
            self._wait_for_orphans()
            beating.start()
            yield
        finally:
            ended.set()
            if beating.ident is not None:
                beating.join()
            with self._open() as database:
                database.execute("DELETE FROM lock WHERE pid = ? AND host = ?", (os.getpid(), platform.node()))
                database.execute("UPDATE runs SET state = 'pending' WHERE state = 'running'")

    def _take(self, workers: int) -> None:
        silent = self._silent_elsewhere()
        with self._open() as database:
            holder = database.execute("SELECT pid, born, host, heartbeat FROM lock").fetchone()
            if holder is not None and holder != silent and holder_lives(*holder[:3]):
                raise StoreError(f"{self.path.parent} is being worked at by process {holder[0]} on {holder[2]}",
                                 "one process works at a sweep", "wait for it: theory-sim sweep status shows how far it is")
            database.execute("DELETE FROM lock")
            database.execute("INSERT INTO lock VALUES (1, ?, ?, ?, ?, ?)",
                             (os.getpid(), _born(os.getpid()), platform.node(), 0.0, workers))
            database.execute("UPDATE runs SET state = 'pending' WHERE state = 'running'")

    def _silent_elsewhere(self) -> tuple[object, ...] | None:
        """A holder on another machine whose heartbeat does not change while one waits; None if there is none."""
        with self._open("DEFERRED") as database:
            first = database.execute("SELECT pid, born, host, heartbeat FROM lock").fetchone()
        if first is None or first[2] == platform.node():
            return None
        until = time.monotonic() + _SILENT_SECONDS
        while time.monotonic() < until:
            time.sleep(min(1.0, _SILENT_SECONDS))
            with self._open("DEFERRED") as database:
                if database.execute("SELECT pid, born, host, heartbeat FROM lock").fetchone() != first:
                    return None
        return tuple(first)

    def _beat(self, ended: threading.Event) -> None:
        """Beat from a thread of its own: a run in this process may take hours."""
        while not ended.wait(_HEARTBEAT_SECONDS):
            with suppress(StoreError):  # the next one may reach the disk
                self.heartbeat()

    def heartbeat(self) -> None:
        """Say that the holder lives."""
        with self._open() as database:
            database.execute("UPDATE lock SET heartbeat = heartbeat + 1 WHERE pid = ?", (os.getpid(),))

    def holder(self) -> tuple[bool, int, int] | None:
        """Whether the lock's holder lives, its process number and how many workers it has; None if nobody holds it."""
        with self._open("DEFERRED") as database:
            holder = database.execute("SELECT pid, born, host, heartbeat, workers FROM lock").fetchone()
        return None if holder is None else (holder_lives(*holder[:3]), int(holder[0]), int(holder[4]))

    # -- worker processes ---------------------------------------------------------------------------------

    def worker_pids(self) -> list[int]:
        """Living worker processes of this machine."""
        with self._open("DEFERRED") as database:
            rows = database.execute("SELECT pid, born FROM workers WHERE host = ?", (platform.node(),)).fetchall()
        return [int(pid) for pid, born in rows if _lives(int(pid), born)]

    def _wait_for_orphans(self) -> None:
        """Workers of a dead holder end by themselves; until then they may still be writing."""
        until = time.monotonic() + _LEAVING_SECONDS
        while left := self.worker_pids():
            if time.monotonic() > until:
                raise StoreError(f"worker processes {left} of an earlier call are still there", "they end with their parent",
                                 "end them, then try again")
            time.sleep(0.05)
        with self._open() as database:
            database.execute("DELETE FROM workers")


def register_worker(path: str) -> None:
    """Note the calling process as a worker in a manifest."""
    database = sqlite3.connect(path, timeout=60.0)
    try:
        with database:
            database.execute("INSERT INTO workers VALUES (?, ?, ?)", (os.getpid(), _born(os.getpid()), platform.node()))
    finally:
        database.close()


def _damaged(path: Path, found: str) -> StoreError:
    return StoreError(f"{path} is damaged: {found}", "a manifest as theory_sim wrote it",
                      "move the sweep away and begin it again; finished runs can be moved into the new folder runs")


def _environment(path: Path, about: Mapping[str, str]) -> dict[str, str]:
    """Environment that a sweep was begun in; StoreError if what the manifest says of itself makes no sense."""
    try:
        SWEEP_MANIFEST.require(int(about["format"]), path, fix="begin the sweep again")
        environment = json.loads(about["environment"])
        if not isinstance(environment, dict):
            raise TypeError("the environment is no table")
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    return environment


def holder_lives(pid: int, born: str | float, host: str) -> bool:
    """Whether the process that took a lock is there still; of one on another machine that is not known."""
    return host != platform.node() or _lives(pid, born)


def _born(pid: int) -> str | float:
    """Moment of a process's start: on Linux the machine's boot and ticks since then, which no step of the clock changes.

    Elsewhere the system itself keeps the moment, as a time of day.
    """
    import psutil

    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The second field is the program's name in brackets, and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot} {int(fields[19])}"
    except (OSError, ValueError, IndexError):
        return float(psutil.Process(pid).create_time())


def _lives(pid: int, born: str | float) -> bool:
    """Whether a process is there, and not another one that was given its number."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if isinstance(born, str):
            return _born(pid) == born
        return bool(abs(process.create_time() - born) < 1.0)
    except psutil.NoSuchProcess:
        return False


def _insert(database: sqlite3.Connection, runs: Sequence[SweepRun]) -> None:
    """Insert new runs and give every run its place."""
    rows = {run.id: (run.id, position, "pending", json.dumps({"name": run.engine.name, "options": dict(run.engine.options)}),
                     json.dumps(run.experiment.fields())) for position, run in reversed(list(enumerate(runs)))}
    database.executemany(
        "INSERT INTO runs (id, position, state, engine, experiment) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET position = excluded.position", rows.values(),
    )
