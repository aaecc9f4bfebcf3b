"""The folder of a sweep: its declaration, its manifest, the runs by their hash, and the summary."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from theory_sim.engines import Engine
from theory_sim.errors import InputError, StoreError
from theory_sim.loop import environment, environment_changes, unfinished_listing
from theory_sim.reading.arguments import accepts
from theory_sim.storage.listing import Listing
from theory_sim.storage.lock import Lock
from theory_sim.storage.writing import FolderDraft, clear_drafts, discard, write_text
from theory_sim.sweeps.declaration import Sweep, SweepRun, run_hash
from theory_sim.sweeps.manifest import Entry, Manifest
from theory_sim.trajectory import Trajectory, refuse_existing, run_listing

__all__ = ["SweepStatus", "SweepStore"]

_DECLARATION: Final = "sweep.toml"
_MANIFEST: Final = "manifest.sqlite"
_RUNS: Final = "runs"
_SUMMARY: Final = "summary"
# What the program may have put into the folder of runs: finished and unfinished runs, the latter's locks, and drafts.
_OF_RUN: Final = re.compile(r"(?P<draft>\.)?(?P<id>[0-9a-f]{20})(?P<rest>\.partial|\.partial\.lock)?(\.draft-[0-9a-f]{16})?")


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
    stale : bool
        Whether a process that was at it has died.
    seconds_left : float
        Estimate from the mean time of the runs done; NaN if there is none, or nobody is at it.
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
    stale: bool = False
    seconds_left: float = float("nan")

    @classmethod
    def of(cls, entries: list[Entry], holder: tuple[bool, int, int] | None) -> SweepStatus:
        """Status of a manifest's entries, given who holds its lock."""
        at_it = holder is not None and holder[0]
        counts = {state: sum(entry.state == state for entry in entries) for state in ("pending", "running", "done", "failed")}
        if not at_it:
            counts["pending"], counts["running"] = counts["pending"] + counts["running"], 0
        failures: dict[str, tuple[str, ...]] = {}
        examples: dict[str, str] = {}
        for entry in entries:
            if entry.state == "failed":
                cause = entry.cause or "unknown"
                failures[cause] = (*failures.get(cause, ()), entry.id)
                examples.setdefault(cause, entry.error or "")
        times = [entry.seconds for entry in entries if entry.state == "done" and entry.seconds is not None]
        slots = max(1, holder[2]) if holder is not None and at_it else 0
        left = counts["pending"] + counts["running"] / 2  # of a running one half is left, on average
        seconds = left * sum(times) / len(times) / slots if times and slots else float("nan")
        return cls(len(entries), counts["done"], counts["running"], counts["failed"], counts["pending"], failures, examples,
                   slots, holder[1] if holder is not None and at_it else None, holder is not None and not at_it, seconds)


class SweepStore:
    """A sweep on disk.

    Parameters
    ----------
    folder : path
        Folder that `SweepStore.create` made.

    Attributes
    ----------
    folder : Path
    sweep : Sweep
        What is declared.
    manifest : Manifest
        States of the runs, and the lock.

    Raises
    ------
    StoreError
        If there is no sweep, or its files are damaged or of a newer version.
    """

    @accepts(folder="a path")
    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not (self.folder / _DECLARATION).is_file():
            raise StoreError(f"{self.folder} holds no sweep", f"a folder with {_DECLARATION} and {_MANIFEST}",
                             "check the path; theory-sim sweep run begins a sweep")
        self.manifest = Manifest(self.folder / _MANIFEST)
        self.sweep = Sweep.written_at(self.folder / _DECLARATION)
        self.manifest.require(run.id for run in self.sweep)

    @classmethod
    @accepts(folder="a path", sweep="Sweep")
    def create(cls, folder: str | os.PathLike[str], sweep: Sweep) -> Self:
        """Make the folder, whole or not at all, with every run pending.

        Raises
        ------
        StoreError
            If something lies there, or it cannot be made.
        """
        target = Path(folder)
        refuse_existing(target)
        listing = Listing(frozenset([_DECLARATION, _MANIFEST, f"{_MANIFEST}-journal"]), frozenset([_RUNS]))
        with FolderDraft(target, listing) as draft:
            (draft.new / _RUNS).mkdir(parents=True)
            write_text(draft.new / _DECLARATION, sweep.to_toml())
            Manifest.create(draft.new / _MANIFEST, list(sweep), environment())
            draft.commit(of="a sweep")
        return cls(target)

    @accepts(sweep="Sweep")
    def extend(self, sweep: Sweep) -> int:
        """Declare more runs; what is there stays.

        Parameters
        ----------
        sweep : Sweep
            A declaration that holds every run of the present one.

        Returns
        -------
        int
            Number of new runs.

        Raises
        ------
        InputError
            If it lacks some of the present runs.
        StoreError
            If a process is at the sweep.
        """
        lacking = {run.id for run in self.sweep} - {run.id for run in sweep}
        if lacking:
            raise InputError(f"the new declaration lacks {len(lacking)} of the {len(self.sweep)} runs of {self.folder}",
                             "an extension holds every run that is there", "list the old values too, or begin another folder")
        with self.manifest.locked(0):
            return self.declare(sweep)

    def declare(self, sweep: Sweep) -> int:
        """Declare more runs, with the lock held; see `extend`."""
        # The manifest first: a declared run that it did not know could not be begun.
        added = self.manifest.add(list(sweep))
        write_text(self.folder / _DECLARATION, sweep.to_toml())
        self.sweep = sweep
        return added

    def run_path(self, id: str) -> Path:
        """Place of a run's Trajectory."""
        return self.folder / _RUNS / id

    def status(self) -> SweepStatus:
        """How far the sweep is, as the manifest says."""
        return SweepStatus.of(self.manifest.entries(), self.manifest.holder())

    def states(self) -> dict[str, str]:
        """State of each run by its hash."""
        return {entry.id: entry.state for entry in self.manifest.entries()}

    def trajectories(self) -> Iterator[tuple[SweepRun, Trajectory]]:
        """Every finished run with its place in the sweep, one after the other; each place of a shared run comes."""
        states = self.states()
        shared: dict[str, Trajectory] = {}
        last = {run.id: place for place, run in enumerate(self.sweep)}
        for place, run in enumerate(self.sweep):
            if states.get(run.id) != "done":
                continue
            trajectory = shared.pop(run.id, None) or self._load(run)
            if place != last[run.id]:
                shared[run.id] = trajectory
            yield run, trajectory

    def _load(self, run: SweepRun) -> Trajectory:
        path = self.run_path(run.id)
        trajectory = Trajectory.load(path)
        found = run_hash(Engine.of(trajectory), trajectory.experiment)
        if found != run.id:
            raise StoreError(f"{path} holds the run {found}", "the folder of a run has the name of the run that it holds",
                             "give the folder its own name back, or remove it: theory-sim sweep resume computes the run again")
        return trajectory

    def gc(self) -> list[Path]:
        """Remove what no run needs: drafts, unfinished parts of finished runs, and runs that are not declared.

        Only what the program wrote goes, and nothing is removed through a symbolic link; `strangers` says what is left.

        Returns
        -------
        list of Path
            What was removed.

        Raises
        ------
        StoreError
            If a process is at the sweep.
        """
        runs = self.folder / _RUNS
        if runs.is_symlink() or self.folder.joinpath(_SUMMARY).is_symlink():
            raise StoreError(f"{runs if runs.is_symlink() else self.folder / _SUMMARY} is a symbolic link",
                             "nothing is removed through links", "remove what you do not need yourself")
        with self.manifest.locked(0):
            states = self.states()
            removed = clear_drafts(self.folder / _SUMMARY)
            for path in sorted(runs.iterdir()):
                found = _OF_RUN.fullmatch(path.name)
                if found is not None and os.path.lexists(path):
                    removed += _remove_unneeded(path, found, states)
        return removed

    def strangers(self) -> list[Path]:
        """What lies among the runs and is none of them, nor a part of one that is still needed."""
        ids = self.states().keys()
        return [path for path in sorted((self.folder / _RUNS).iterdir())
                if (found := _OF_RUN.fullmatch(path.name)) is None or found["id"] not in ids or found["draft"]]

    def missing(self) -> list[str]:
        """Runs that are marked as done but whose folder is not there."""
        return [entry.id for entry in self.manifest.entries()
                if entry.state == "done" and not self.run_path(entry.id).is_dir()]

    def require_same_environment(self) -> None:
        """Raise StoreError if libraries or processor are not those that began the sweep."""
        differ = environment_changes(self.manifest.environment)
        if differ:
            raise StoreError(differ, "a sweep continues with what it began with: one table, one version",
                             "install that, or pass --any-version (any_version=True) and lose that guarantee")


def _remove_unneeded(path: Path, found: re.Match[str], states: dict[str, str]) -> list[Path]:
    """Remove an entry among the runs if it is the program's and no run needs it; what was removed."""
    id, rest = found["id"], found["rest"] or ""
    try:
        if found["draft"]:
            return clear_drafts(path.with_name(f"{id}{rest}"))
        if rest.endswith(".lock"):
            Lock(path).clear()
        elif rest and states.get(id) not in ("pending", "failed"):
            discard(path, unfinished_listing(path), of="an unfinished run")
        elif not rest and id not in states:
            discard(path, run_listing(path), of="a saved run")
    except StoreError:  # holds something else, or is in use: it stays
        return []
    return [] if os.path.lexists(path) else [path]
