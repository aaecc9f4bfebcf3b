"""How far a sweep is, kept by counting: what it costs to know does not grow with the number of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

__all__ = ["Entry", "Holder", "State", "SweepStatus", "Tally"]

State = Literal["pending", "running", "done", "failed"]


@dataclass(frozen=True)
class Entry:
    """A run as the manifest of its sweep knows it.

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


class Holder(NamedTuple):
    """The process that has a sweep's lock.

    Attributes
    ----------
    lives : bool
        False if it has died; of a process on another machine nobody here knows.
    pid, workers : int
        Its number, and how many worker processes it has.
    host : str
        Its machine.
    elsewhere : bool
        Whether that is another machine than this one.
    """

    lives: bool
    pid: int
    workers: int
    host: str
    elsewhere: bool = False


@dataclass(frozen=True)
class SweepStatus:
    """How far a sweep is.

    Attributes
    ----------
    total, done, running, failed, pending : int
        Runs, each in one of four states. Runs left by a process that died count as pending.
    failures : dict
        Cause to the identifiers of the runs that failed of it.
    examples : dict
        Cause to the whole message of the first of them.
    slots : int
        Worker processes at it now (1: one process alone); 0 if nobody is.
    pid : int or None
        Process that is at it.
    host : str or None
        Machine of that process.
    elsewhere : bool
        Whether that is another machine: whether the process still lives is then not known here.
    stale : bool
        Whether a process that was at it has died.
    seconds_left : float
        Estimate from the mean time of the runs done; NaN if there is none, or nobody is at it.
    recomputed : dict
        Identifier of each run that this call computed again, though it was there or begun, to what was wrong with it.
    stopping : bool
        Whether this call was asked to stop, as by Ctrl-C, and waits for the running runs to reach their next step.
    """

    total: int
    done: int
    running: int
    failed: int
    pending: int
    failures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    slots: int = 0
    pid: int | None = None
    host: str | None = None
    elsewhere: bool = False
    stale: bool = False
    seconds_left: float = float("nan")
    recomputed: dict[str, str] = field(default_factory=dict)
    stopping: bool = False


class Tally:
    """Runs by their state, as they change.

    Parameters
    ----------
    counts : mapping
        State to its number of runs.
    seconds : float
        Time of all runs that are done.
    failed : list of (str, str, str)
        Identifier, cause and message of each failed run, in the order of the declaration.
    """

    def __init__(self, counts: Mapping[State, int], seconds: float, failed: list[tuple[str, str, str]]) -> None:
        self._counts: dict[State, int] = {"pending": 0, "running": 0, "done": 0, "failed": 0, **counts}
        self._seconds = seconds
        self._failures: dict[str, list[str]] = {}
        self._shown: dict[str, tuple[str, ...]] = {}
        self._examples: dict[str, str] = {}
        for id, cause, error in failed:
            self._fail(id, cause, error)

    def move(self, before: State, after: State) -> None:
        """Count a run in another state."""
        self._counts[before] -= 1
        self._counts[after] += 1

    def done(self, seconds: float) -> None:
        """Count a running run as done after a time."""
        self.move("running", "done")
        self._seconds += seconds

    def failed(self, id: str, cause: str, error: str) -> None:
        """Count a running run as failed."""
        self.move("running", "failed")
        self._fail(id, cause, error)

    def _fail(self, id: str, cause: str, error: str) -> None:
        self._failures.setdefault(cause, []).append(id)
        self._shown.pop(cause, None)
        self._examples.setdefault(cause, error)

    def status(self, holder: Holder | None) -> SweepStatus:
        """Status, given who holds the sweep's lock."""
        self._shown |= {cause: tuple(ids) for cause, ids in self._failures.items() if cause not in self._shown}
        at_it = holder if holder is not None and holder.lives else None
        counts = dict(self._counts)
        if at_it is None:
            counts["pending"], counts["running"] = counts["pending"] + counts["running"], 0
        slots = max(1, at_it.workers) if at_it is not None else 0
        left = counts["pending"] + counts["running"] / 2  # of a running one half is left, on average
        done = counts["done"]
        seconds = left * self._seconds / done / slots if done and slots else float("nan")
        found = SweepStatus(sum(counts.values()), done, counts["running"], counts["failed"], counts["pending"],
                            dict(self._shown), dict(self._examples), slots, seconds_left=seconds)
        if at_it is None:
            return replace(found, stale=holder is not None)
        return replace(found, pid=at_it.pid, host=at_it.host, elsewhere=at_it.elsewhere)
