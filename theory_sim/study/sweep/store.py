"""The folder of a sweep: its declaration, its manifest, the runs by their hash, and the summary."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from theory_sim.errors import InputError, StoreError
from theory_sim.loop import environment, environment_changes
from theory_sim.study.sweep.declaration import Sweep, SweepRun
from theory_sim.study.sweep.manifest import Entry, Manifest
from theory_sim.trajectory import Trajectory, refuse_existing, sync_folder

__all__ = ["SweepStatus", "SweepStore"]

_DECLARATION: Final = "sweep.toml"
_MANIFEST: Final = "manifest.sqlite"
_RUNS: Final = "runs"


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
    places : int
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
    places: int = 0
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
        places = max(1, holder[2]) if holder is not None and at_it else 0
        left = counts["pending"] + counts["running"] / 2  # of a running one half is left, on average
        seconds = left * sum(times) / len(times) / places if times and places else float("nan")
        return cls(len(entries), counts["done"], counts["running"], counts["failed"], counts["pending"], failures, examples,
                   places, holder[1] if holder is not None and at_it else None, holder is not None and not at_it, seconds)


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

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not (self.folder / _DECLARATION).is_file():
            raise StoreError(f"{self.folder} holds no sweep", f"a folder with {_DECLARATION} and {_MANIFEST}",
                             "check the path; theory-sim sweep run begins a sweep")
        self.manifest = Manifest(self.folder / _MANIFEST)
        self.sweep = Sweep.from_toml(self.folder / _DECLARATION)

    @classmethod
    def create(cls, folder: str | os.PathLike[str], sweep: Sweep) -> Self:
        """Make the folder, whole or not at all, with every run pending.

        Raises
        ------
        StoreError
            If something lies there, or it cannot be made.
        """
        target = Path(folder)
        refuse_existing(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.draft-", dir=target.parent))
            try:
                (draft / _RUNS).mkdir()
                (draft / _DECLARATION).write_text(sweep.to_toml(), encoding="utf-8")
                Manifest.create(draft / _MANIFEST, list(sweep), environment())
                sync_folder(draft)
                draft.rename(target)
                sync_folder(target.parent)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        except OSError as error:
            raise StoreError(f"{target}: {error.strerror or error}", "a folder that can be written to, on a disk with room",
                             "choose another output folder") from error
        return cls(target)

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
            draft = self.folder / f".{_DECLARATION}.draft"
            draft.write_text(sweep.to_toml(), encoding="utf-8")
            # The manifest first: a declared run that it did not know could not be begun.
            added = self.manifest.add(list(sweep))
            draft.replace(self.folder / _DECLARATION)
            sync_folder(self.folder)
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
        held: dict[str, Trajectory] = {}
        last = {run.id: place for place, run in enumerate(self.sweep)}
        for place, run in enumerate(self.sweep):
            if states.get(run.id) != "done":
                continue
            trajectory = held.pop(run.id, None) or Trajectory.load(self.run_path(run.id))
            if place != last[run.id]:
                held[run.id] = trajectory
            yield run, trajectory

    def gc(self) -> list[Path]:
        """Remove what no run needs: drafts, unfinished parts of finished runs, and runs that are not declared.

        Returns
        -------
        list of Path
            What was removed.

        Raises
        ------
        StoreError
            If a process is at the sweep.
        """
        with self.manifest.locked(0):
            states = self.states()
            removed = []
            for path in sorted((self.folder / _RUNS).iterdir()):
                id = path.name.partition(".")[0]
                unfinished = states.get(id) in ("pending", "failed") and path.name == f"{id}.partial"
                if (path.name != id and not unfinished) or id not in states:
                    removed.append(path)
            removed += [Path(path) for path in glob.glob(f"{glob.escape(str(self.folder))}/.*.draft*")]
            removed += [Path(path) for path in glob.glob(f"{glob.escape(str(self.folder))}/.*.old-*")]
            for path in removed:
                _remove(path)
        return removed

    def missing(self) -> list[str]:
        """Runs that are marked as done but whose folder is not there."""
        return [entry.id for entry in self.manifest.entries()
                if entry.state == "done" and not self.run_path(entry.id).is_dir()]

    def require_same_environment(self) -> None:
        """Raise StoreError if libraries or processor are not those that began the sweep."""
        differ = environment_changes(self.manifest.environment)
        if differ:
            raise StoreError(differ, "a sweep goes on with what it began with: one table, one version",
                             "install that, or pass --any-version (any_version=True) and lose that guarantee")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

