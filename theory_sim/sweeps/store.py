"""The folder of a sweep: its declaration, its manifest, the runs by their hash, and the summary."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from theory_sim.engines import Engine
from theory_sim.errors import DamagedError, InputError, StoreError, refused_by_system
from theory_sim.loop import environment, environment_changes, unfinished_listing
from theory_sim.reading.arguments import accepts
from theory_sim.storage.listing import Listing
from theory_sim.storage.lock import Lock
from theory_sim.storage.writing import FolderDraft, clear_draft, discard, find_drafts, is_draft, write_text
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.manifest import Manifest
from theory_sim.sweeps.preparation import reported
from theory_sim.sweeps.status import State, SweepStatus
from theory_sim.sweeps.sweep_run import SweepRun, misplaced, run_hash
from theory_sim.trajectory import Trajectory, refuse_existing, run_damage, run_listing

__all__ = ["DECLARATION", "MANIFEST", "RUNS", "SweepStore"]

DECLARATION: Final = "sweep.toml"
MANIFEST: Final = "manifest.sqlite"
RUNS: Final = "runs"
_SUMMARY: Final = "summary"
_MOST_KEPT: Final = 64
# What the program may have put into the folder of runs: finished and unfinished runs, the latter's locks, and drafts.
_OF_RUN: Final = re.compile(r"(?P<draft>\.)?(?P<id>[0-9a-f]{20})(?P<rest>\.partial|\.partial\.lock)?(\.draft-[0-9a-f]{16})?")


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

    Examples
    --------
    >>> import tempfile
    >>> from theory_sim import Engine, Experiment, Sweep, SweepStore, run_sweep
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SweepStore.create(f"{folder}/mine", Sweep("mine", Experiment(), engines=(Engine("closure"),)))
    ...     _ = run_sweep(store, workers=0)
    ...     done = store.status().done
    >>> done
    1
    """

    @accepts(folder="a path")
    @refused_by_system()
    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        lacking = [name for name in (DECLARATION, MANIFEST) if not (self.folder / name).is_file()]
        if len(lacking) == 1:
            raise DamagedError(f"{self.folder / lacking[0]} is missing, or no file",
                               f"a folder with {DECLARATION} and {MANIFEST}",
                               f"theory-sim sweep check --repair {self.folder} makes it again from the other")
        if lacking:
            raise StoreError(f"{self.folder} holds no sweep", f"a folder with {DECLARATION} and {MANIFEST}",
                             "check the path; theory-sim sweep run begins a sweep")
        self.manifest = Manifest(self.folder / MANIFEST)
        self._require_declared()
        self.sweep = Sweep.written_at(self.folder / DECLARATION)
        self.manifest.require(self.sweep.ids())

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
        listing = Listing(frozenset([DECLARATION, MANIFEST, f"{MANIFEST}-journal"]), frozenset([RUNS]))
        with FolderDraft(target, listing) as draft:
            (draft.new / RUNS).mkdir(parents=True)
            text = sweep.to_toml()
            write_text(draft.new / DECLARATION, text)
            runs = reported("listing in the manifest", sweep, len(sweep))
            Manifest.create(draft.new / MANIFEST, runs, environment(), text)
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
        lacking = set(self.sweep.ids()) - set(sweep.ids())
        if lacking:
            raise InputError(f"the new declaration lacks {len(lacking)} of the {len(self.sweep)} runs of {self.folder}",
                             "an extension holds every run that is there", "list the old values too, or begin another folder")
        with self.manifest.locked(0):
            return self.declare(sweep)

    @refused_by_system()
    def declare(self, sweep: Sweep) -> int:
        """Declare more runs, with the lock held; see `extend`."""
        # The manifest first: a declared run that it did not know could not be begun.
        text, before = sweep.to_toml(), (self.folder / DECLARATION).read_bytes().decode(errors="replace")
        added = self.manifest.add(reported("listing in the manifest", sweep, len(sweep)), text, before)
        write_text(self.folder / DECLARATION, text)
        self.manifest.declared()
        self.sweep = sweep
        return added

    def _require_declared(self) -> None:
        """Raise DamagedError unless the declaration is as it was written, as far as the manifest can tell."""
        path = self.folder / DECLARATION
        known = self.manifest.declarations
        try:
            text = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}", "a declaration that can be read",
                             "give yourself the right to read it") from error
        if known and text not in [text.encode() for text in known]:
            raise DamagedError(f"{path} is not as it was written: edited or damaged", "the declaration that theory_sim wrote",
                               f"theory-sim sweep check --repair {self.folder} writes it again, as the manifest has it; "
                               "theory-sim sweep extend declares more runs")

    def run_path(self, id: str) -> Path:
        """Place of a run's Trajectory."""
        return self.folder / RUNS / id

    def place(self, id: str) -> Path:
        """The same for a process that stands in another folder. No link of a run's name is followed, to be written through."""
        return self.folder.resolve() / RUNS / id

    def require_folder_of_runs(self) -> None:
        """Raise StoreError if something else than a folder is in the place of that of the runs."""
        runs = self.folder / RUNS
        if os.path.lexists(runs) and not runs.is_dir():
            raise StoreError(f"{runs} is no folder", "a folder of runs, or a link to one",
                             f"move {runs} away: it is made again")

    @property
    def read_only(self) -> bool:
        """Whether nobody here may write to the manifest, as of a sweep on a read-only file system."""
        return not all(os.access(path, os.W_OK) for path in (self.folder, self.manifest.path))

    def status(self) -> SweepStatus:
        """How far the sweep is, as the manifest says."""
        return self.manifest.tally().status(self.manifest.holder())

    def states(self) -> dict[str, State]:
        """State of each run by its hash, in the order of the declaration."""
        return self.manifest.states()

    def trajectories(self) -> Iterator[tuple[SweepRun, Trajectory]]:
        """Every finished run with its place in the sweep, one after the other; each place of a shared run comes."""
        states = self.states()
        shared: OrderedDict[str, Trajectory] = OrderedDict()
        last = {id: place for place, id in enumerate(self.sweep.ids())}
        for place, run in enumerate(self.sweep):
            if states.get(run.id) != "done":
                continue
            trajectory = shared.pop(run.id, None) or self._load(run)
            if place != last[run.id]:
                shared[run.id] = trajectory
                if len(shared) > _MOST_KEPT:  # the places of one may lie as far apart as the sweep is long: it is read again
                    shared.popitem(last=False)
            yield run, trajectory

    def _load(self, run: SweepRun) -> Trajectory:
        path = self.run_path(run.id)
        try:
            trajectory = Trajectory.load(path)
        except StoreError as error:
            if not isinstance(error, DamagedError) and not run_damage(path):
                raise
            raise DamagedError(error.found, error.rule, f"theory-sim sweep resume {self.folder} computes the run again; what "
                               "is there is set aside, which removes nothing") from error
        found = run_hash(Engine.of(trajectory), trajectory.experiment)
        if found != run.id:
            raise StoreError(f"{path} holds the run {found}", "the folder of a run has the name of the run that it holds",
                             f"give the folder its own name back; or theory-sim sweep resume {self.folder} sets it aside, "
                             "which removes nothing, and computes the run again")
        return trajectory

    @refused_by_system()
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
        runs = self.folder / RUNS
        if runs.is_symlink() or self.folder.joinpath(_SUMMARY).is_symlink():
            raise StoreError(f"{runs if runs.is_symlink() else self.folder / _SUMMARY} is a symbolic link",
                             "nothing is removed through links", "remove what you do not need yourself")
        with self.manifest.locked(0):
            states = self.states()
            summary = self.folder / _SUMMARY
            removed = [draft for draft in find_drafts(summary) if clear_draft(draft, summary)]
            for path in self._among_runs():
                found = _OF_RUN.fullmatch(path.name)
                if found is not None and os.path.lexists(path):
                    removed += _remove_unneeded(path, found, states)
        return removed

    @refused_by_system()
    def strangers(self) -> list[Path]:
        """What lies among the runs and is none of them, nor a part of one that is still needed."""
        ids = self.states().keys()
        return [path for path in self._among_runs()
                if (found := _OF_RUN.fullmatch(path.name)) is None or found["id"] not in ids or found["draft"]]

    def _among_runs(self) -> list[Path]:
        self.require_folder_of_runs()
        return sorted(self.folder.joinpath(RUNS).iterdir()) if self.folder.joinpath(RUNS).is_dir() else []

    def damage_of(self, id: str) -> str:
        """What in the folder of a finished run is missing, not as it was written, or another run's; empty if nothing is."""
        return run_damage(self.run_path(id)) or misplaced(self.run_path(id))

    def require_same_environment(self) -> None:
        """Raise StoreError if libraries or processor are not those that began the sweep."""
        differ = environment_changes(self.manifest.environment)
        if differ:
            raise StoreError(differ, "a sweep continues with what it began with: one table, one version",
                             "install that, or pass --any-version (any_version=True) and lose that guarantee")


def _remove_unneeded(path: Path, found: re.Match[str], states: dict[str, State]) -> list[Path]:
    """Remove an entry among the runs if it is the program's and no run needs it; what was removed."""
    id, rest = found["id"], found["rest"] or ""
    try:
        if found["draft"]:
            return [path] if is_draft(path) and clear_draft(path, path.with_name(f"{id}{rest}")) else []
        if rest.endswith(".lock"):
            Lock(path).clear()
        elif rest and states.get(id) not in ("pending", "failed"):
            discard(path, unfinished_listing(path), of="an unfinished run")
        elif not rest and id not in states:
            discard(path, run_listing(path), of="a saved run")
    except StoreError:  # holds something else, or is in use: it stays
        return []
    return [] if os.path.lexists(path) else [path]
