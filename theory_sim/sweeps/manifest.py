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
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal

from theory_sim.errors import DamagedError, StoreError, get_reason, repr_of, shown, system_error
from theory_sim.storage.failpoints import failpoint
from theory_sim.storage.formats import SWEEP_MANIFEST
from theory_sim.sweeps.liveness import born_at, holder_lives, in_letters, lives
from theory_sim.sweeps.manifest_rows import SCHEMA, connect, damage_of, has_digests, insert, seal, seal_about, told_version
from theory_sim.sweeps.preparation import say_waiting
from theory_sim.sweeps.status import Entry, Holder, State, Tally
from theory_sim.sweeps.sweep_run import SweepRun

__all__ = ["Manifest", "register_worker"]

_STATES: Final = ("pending", "running", "done", "failed")
# A holder on another machine cannot be looked at: it is taken for gone when its heartbeat stands still for so long.
_SILENT_SECONDS: Final = 45.0
_HEARTBEAT_SECONDS: Final = 10.0
_LEAVING_SECONDS: Final = 20.0
# SQLite's names of the errors that a file gives which is not as it was written.
_BROKEN: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT")
# Manifests whose lock this process holds. A row alone does not say so: on a full disk it cannot be taken out again.
_HELD: Final[set[Path]] = set()
_TAKING: Final = threading.Lock()
_DECLARED: Final = "declaration"
_BEFORE: Final = "declaration before"


class Manifest:
    """The manifest of one sweep.

    Parameters
    ----------
    path : Path
        The SQLite file.

    Attributes
    ----------
    environment : dict
        Libraries and processor that began the sweep.
    digested : bool
        Whether its rows carry digests; those of version 1 do not.
    declarations : tuple of str
        The declaration, and while it is being replaced, the one before; none in version 1.

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
            if damage := damage_of(database):
                if (version := told_version(database)) is not None:  # a newer one may have other tables
                    SWEEP_MANIFEST.require(version, path, fix="begin the sweep again")
                raise _damaged(path, damage)
            found = dict(database.execute("SELECT key, value FROM about").fetchall())
            self.digested = has_digests(database)
        self.environment = _environment(path, found)
        self.declarations = tuple(found[key] for key in (_DECLARED, _BEFORE) if key in found)

    @staticmethod
    def create(path: Path, runs: Iterable[SweepRun], environment: Mapping[str, str], declaration: str) -> None:
        """Write a new manifest with every run pending."""
        database = None
        try:
            database = connect(str(path))
            database.executescript(SCHEMA)
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO about VALUES (?, ?)", [
                ("format", str(SWEEP_MANIFEST.version)), ("environment", json.dumps(dict(environment))),
                (_DECLARED, declaration)])
            seal_about(database)
            insert(database, runs)
            database.execute("COMMIT")
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
            database = connect(str(self.path))
            database.execute("PRAGMA synchronous = EXTRA")
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute(f"BEGIN {begin}")
            yield database
            failpoint("commit manifest")
            database.execute("COMMIT")
            failpoint("committed manifest")
        except (sqlite3.Error, UnicodeDecodeError) as error:  # a message about bytes that are no text is none either
            # What Python itself cannot decode has no name.
            if getattr(error, "sqlite_errorname", "SQLITE_ERROR").startswith(_BROKEN):
                raise _damaged(self.path, str(error)) from error
            raise StoreError(f"{self.path}: {error}", "a manifest that theory_sim wrote and can write to, "
                             "on a disk with free space",
                             "free some space, or allow writing to it; runs that are done stay in the folder runs") from error
        except OSError as error:
            raise system_error(error) from error
        finally:
            if database is not None:
                database.close()

    # -- runs -----------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Every run, in the order of the declaration."""
        with self._open("DEFERRED") as database:
            rows = database.execute("SELECT id, state, attempts, seconds, cause, error FROM runs ORDER BY position").fetchall()
        for id, state, attempts, seconds, *told in rows:
            if not isinstance(id, str) or state not in _STATES or not isinstance(attempts, int):
                raise _damaged(self.path, f"run {id!r} is {state!r}, begun {attempts!r} times")
            if not isinstance(seconds, (int, float, NoneType)) or not all(isinstance(each, (str, NoneType)) for each in told):
                raise _damaged(self.path, f"run {id!r} took {shown(repr_of(seconds))} s and failed of {shown(repr_of(told))}")
        return [Entry(*row) for row in rows]

    def states(self) -> dict[str, State]:
        """State of each run, in the order of the declaration."""
        with self._open("DEFERRED") as database:
            return dict(database.execute("SELECT id, state FROM runs ORDER BY position").fetchall())

    def require(self, ids: Iterable[str]) -> None:
        """Raise StoreError if the manifest lacks a declared run."""
        with self._open("DEFERRED") as database:
            known = {id for (id,) in database.execute("SELECT id FROM runs")}
        lacking = sorted(set(ids) - known)
        if lacking:
            raise StoreError(f"{self.path} lacks {len(lacking)} of the declared runs, such as {lacking[0]}",
                             "the declaration is that which theory_sim wrote",
                             "undo the change of the declaration or manifest; theory-sim sweep extend declares more runs")

    def tally(self) -> Tally:
        """Numbers of runs by state, and the failed ones, without the others' rows."""
        with self._open("DEFERRED") as database:
            rows = database.execute("SELECT state, COUNT(*), SUM(seconds) FROM runs GROUP BY state").fetchall()
            failed = database.execute("SELECT id, cause, error FROM runs WHERE state = 'failed' ORDER BY position").fetchall()
        if odd := [state for state, *_ in rows if state not in _STATES]:
            raise _damaged(self.path, f"runs are {odd[0]!r}")
        return Tally({state: count for state, count, _ in rows}, sum(time or 0.0 for state, _, time in rows if state == "done"),
                     [(id, cause or "unknown", error or "") for id, cause, error in failed])

    def add(self, runs: Iterable[SweepRun], declaration: str, before: str) -> int:
        """Add runs that are not there yet, in the new order; how many.

        Call `declared` when the declaration is in its place: until then ``before``, which is there, counts too.
        """
        with self._open() as database:
            count = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
            insert(database, runs)
            after = database.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
            if self.digested:
                # Of the two that are known if the last one could not be put in its place: that which is there.
                database.execute("INSERT OR REPLACE INTO about SELECT ?, value FROM about WHERE key IN (?, ?) AND value = ?",
                                 (_BEFORE, _DECLARED, _BEFORE, before))
                database.execute("UPDATE about SET value = ? WHERE key = ?", (declaration, _DECLARED))
                seal_about(database)
        return int(after - count)

    def declared(self) -> None:
        """Note that the declaration is in its place."""
        with self._open() as database:
            database.execute("DELETE FROM about WHERE key = ?", (_BEFORE,))
            seal_about(database)
            found = dict(database.execute("SELECT key, value FROM about").fetchall())
        self.declarations = tuple(found[key] for key in (_DECLARED,) if key in found)

    def begin(self, id: str) -> None:
        """Mark a run as running."""
        self._change(id, "state = 'running', attempts = attempts + 1")

    def done(self, id: str, seconds: float) -> None:
        """Mark a run as done: its Trajectory is in its place."""
        self._change(id, "state = 'done', seconds = ?, cause = NULL, error = NULL", seconds)

    def failed(self, id: str, cause: str, error: str) -> None:
        """Mark a run as failed."""
        self._change(id, "state = 'failed', cause = ?, error = ?", cause, error)

    def pending(self, ids: Iterable[str]) -> None:
        """Mark runs as pending."""
        with self._open() as database:
            for id in ids:
                _update(database, self.path, id, "state = 'pending', cause = NULL, error = NULL")

    def found(self, ids: Iterable[str]) -> None:
        """Mark runs as done whose Trajectories are in their places, and of which no time is known."""
        with self._open() as database:
            for id in ids:
                _update(database, self.path, id, "state = 'done'")

    def _change(self, id: str, columns: str, *values: object) -> None:
        with self._open() as database:
            _update(database, self.path, id, columns, *values)

    # -- the lock -----------------------------------------------------------------------------------

    @contextmanager
    def locked(self, workers: int) -> Iterator[None]:
        """Hold the lock; on entering, runs that a dead process left as running become pending.

        Warns
        -----
        UserWarning
            Of a wait for a holder on another machine; the programs print it.

        Raises
        ------
        StoreError
            If a living process holds it, or the worker processes of a dead one do not end.
        """
        held = self.path.resolve()
        silent = self._silent_elsewhere()
        taken = False
        try:
            with _TAKING:
                self._take(workers, silent)
                taken = True
                _HELD.add(held)
            with self._beating():
                self._wait_for_orphans()
                yield
        finally:
            if taken:
                self._let_go(held)

    def _let_go(self, held: Path) -> None:
        with _TAKING:
            try:
                with self._open() as database:
                    database.execute("DELETE FROM lock WHERE pid = ? AND host = ?", (os.getpid(), platform.node()))
                    _forget_running(database)
            finally:  # a row that stays behind keeps nobody out, not even this process
                _HELD.discard(held)

    def _take(self, workers: int, silent: tuple[object, ...] | None) -> None:
        """Take the lock of a holder that is gone, or of one on another machine that was found silent."""
        with self._open() as database:
            holder = self._lock_row(database)
            if holder is not None and holder[:4] != silent and self._works(*holder[:3]):
                raise StoreError(f"{self.path.parent} is being worked at by process {holder[0]} on {in_letters(holder[2])}",
                                 "one process works at a sweep", "wait for it: theory-sim sweep status shows how far it is")
            database.execute("DELETE FROM lock")
            database.execute("INSERT INTO lock VALUES (1, ?, ?, ?, ?, ?)",
                             (os.getpid(), born_at(os.getpid()), platform.node(), 0.0, workers))
            _forget_running(database)

    def _works(self, pid: int, born: str | float, host: str) -> bool:
        """Whether the process that took the lock is there still, and has not let go of it."""
        if (pid, host) == (os.getpid(), platform.node()):
            return lives(pid, born) and self.path.resolve() in _HELD
        return holder_lives(pid, born, host)

    def _silent_elsewhere(self) -> tuple[object, ...] | None:
        """A holder on another machine whose heartbeat does not change while one waits; None if there is none."""
        with self._open("DEFERRED") as database:
            first = self._lock_row(database)
        if first is None or first[2] == platform.node():
            return None
        say_waiting(f"{self.path.parent} is locked by process {first[0]} on {in_letters(first[2])}, which cannot be looked at "
                    f"from here: waiting up to {_SILENT_SECONDS:g} s for a sign of life")
        until = time.monotonic() + _SILENT_SECONDS
        while time.monotonic() < until:
            time.sleep(min(1.0, _SILENT_SECONDS))
            with self._open("DEFERRED") as database:
                if self._lock_row(database) != first:
                    return None
        return first[:4]

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Beat from a thread of its own: a run in this process may take hours."""
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(_HEARTBEAT_SECONDS):
            with suppress(StoreError):  # the next one may reach the disk
                self.heartbeat()

    def heartbeat(self) -> None:
        """Say that the holder lives."""
        with self._open() as database:
            database.execute("UPDATE lock SET heartbeat = heartbeat + 1 WHERE pid = ?", (os.getpid(),))

    def holder(self) -> Holder | None:
        """Who has the lock; None if nobody has."""
        with self._open("DEFERRED") as database:
            row = self._lock_row(database)
        return None if row is None else Holder(self._works(*row[:3]), row[0], row[4], row[2], row[2] != platform.node())

    def _lock_row(self, database: sqlite3.Connection) -> tuple[Any, ...] | None:
        """Number of the holder's process, moment of its start, machine, heartbeat and number of workers; None without one."""
        row: tuple[Any, ...] | None = database.execute("SELECT pid, born, host, heartbeat, workers FROM lock").fetchone()
        self._require_processes(row)
        if row is not None and not (isinstance(row[2], str) and isinstance(row[3], (int, float)) and isinstance(row[4], int)):
            raise _damaged(self.path, f"process {row[0]}, of {shown(repr_of(row[2]))}, has {shown(repr_of(row[4]))} workers")
        return row

    # -- worker processes ---------------------------------------------------------------------------------

    def worker_pids(self) -> list[int]:
        """Living worker processes of this machine."""
        with self._open("DEFERRED") as database:
            rows = database.execute("SELECT pid, born FROM workers WHERE host = ?", (platform.node(),)).fetchall()
        self._require_processes(*rows)
        return [int(pid) for pid, born in rows if lives(int(pid), born)]

    def _require_processes(self, *rows: Sequence[object] | None) -> None:
        """Refuse rows that begin with what is no process's number and moment of its start."""
        for row in filter(None, rows):
            if not (isinstance(row[0], int) and 0 < row[0] < 2**31 and isinstance(row[1], (int, float, str))):
                raise _damaged(self.path, f"process {shown(repr_of(row[0]))}, begun at {shown(repr_of(row[1]))}")

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
    database = connect(path)
    try:
        with database:
            database.execute("INSERT INTO workers VALUES (?, ?, ?)", (os.getpid(), born_at(os.getpid()), platform.node()))
    finally:
        database.close()


def _update(database: sqlite3.Connection, path: Path, id: str, columns: str, *values: object) -> None:
    """Change columns of one run's row, and its digest."""
    if database.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values, id)).rowcount != 1:
        raise _damaged(path, f"it has no row of the run {id!r}")
    seal(database, [id])


def _forget_running(database: sqlite3.Connection) -> None:
    """Have runs that nobody is at pending again."""
    ids = [id for (id,) in database.execute("SELECT id FROM runs WHERE state = 'running'")]
    database.executemany("UPDATE runs SET state = 'pending' WHERE id = ?", ((id,) for id in ids))
    seal(database, ids)


def _damaged(path: Path, found: str) -> DamagedError:
    return DamagedError(f"{path} is damaged: {found}", "a manifest as theory_sim wrote it",
                        f"theory-sim sweep check --repair {path.parent} makes it again from the declaration and the runs")


def _environment(path: Path, about: Mapping[str, str]) -> dict[str, str]:
    """Environment that a sweep was begun in; StoreError if what the manifest says of itself makes no sense."""
    try:
        SWEEP_MANIFEST.require(int(about["format"]), path, fix="begin the sweep again")
        environment = json.loads(about["environment"])
        if not isinstance(environment, dict):
            raise TypeError("the environment is no table")
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(path, get_reason(error)) from error
    return environment
