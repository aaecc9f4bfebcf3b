"""The folder of a run that has not ended: what was recorded, in segments that never change, and the last checkpoint.

A checkpoint names the segments that belong to it, by their digests. Both are written to a file of their own, synced, renamed,
and the folder synced, segments first; so whenever the process dies, the folder holds one whole checkpoint with its segments, or
none. Every file has a digest of its content and names the run; the run's name is a digest of what is run. So no file can be
changed, swapped or taken from another run unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from theory_sim.arrays import Array
from theory_sim.errors import DamagedError, StoreError, get_reason, unreadable
from theory_sim.experiment import Experiment
from theory_sim.loop.environment import environment, environment_changes
from theory_sim.storage.arrays import begins_as_labelled, read_arrays, read_json, read_label, write_arrays
from theory_sim.storage.failpoints import failpoint
from theory_sim.storage.folders import make_folder
from theory_sim.storage.formats import UNFINISHED_RUN
from theory_sim.storage.listing import Listing, digest_file
from theory_sim.storage.lock import Lock
from theory_sim.storage.removal import remove_empty, remove_listed, require_no_strangers
from theory_sim.storage.writing import FolderDraft, clear_drafts, discard, write_text

__all__ = ["UnfinishedRun", "holds_unfinished", "unfinished_listing", "unfinished_path"]

_MANIFEST: Final = "run.json"
_CHECKPOINT: Final = "checkpoint"
# Files of arrays in the folder, and their drafts.
_ARRAYS: Final = re.compile(r"checkpoint|records-(?P<segment>\d{6})")
_DRAFT: Final = re.compile(r"\.(checkpoint|records-\d{6})\.draft-[0-9a-f]{16}")
_FIX: Final = "make room; theory-sim resume continues from the last checkpoint, if there was one"
_OF: Final = "an unfinished run"


def unfinished_path(store: str | os.PathLike[str]) -> Path:
    """Folder of the unfinished run whose Trajectory goes to ``store``."""
    target = Path(store)
    if not target.name:  # ".", "/"
        raise StoreError(f"{str(store)!r} names no run", "a folder with a name of its own", "name the run's folder")
    return target.with_name(f"{target.name}.partial")


def holds_unfinished(store: Path) -> bool:
    """Whether a folder, and no link, in the place of a run's unfinished part has the file that describes the run."""
    folder = unfinished_path(store)
    return not folder.is_symlink() and os.path.lexists(folder / _MANIFEST)


def unfinished_listing(folder: Path) -> Listing:
    """Files of an unfinished run that a folder holds, each known as the run's own by what is in it.

    Raises
    ------
    StoreError
        If it holds no unfinished run, or one of an earlier version, whose files have no digests: what is there is then not
        known to be the program's.
    """
    try:
        if folder.is_symlink() or not folder.is_dir():
            raise ValueError("it is no folder")
        return _listing(folder, _read_manifest(folder / _MANIFEST)[0])
    except (StoreError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = error.found if isinstance(error, StoreError) else error
        raise StoreError(f"{folder} is in the way, and is not an unfinished run of this version: {found}",
                         "only an unfinished run, as it was written, is replaced or resumed",
                         "move it away, or choose another output") from error


def _listing(folder: Path, run: str) -> Listing:
    """What in a folder belongs to a run."""
    names = [name for name in os.listdir(folder) if _is_own(folder / name, run)]
    return Listing(frozenset(names), digests={name: digest_file(folder / name) for name in names})


def _is_own(path: Path, run: str) -> bool:
    """Whether a file was written by a run: by its name, and by the digest of its content that names the run.

    A draft, which a killed process leaves, has no digest yet; it begins with the run's name, as far as it goes.
    """
    try:
        if path.name == _MANIFEST:
            return _read_manifest(path)[0] == run
        if _DRAFT.fullmatch(path.name):
            return begins_as_labelled(path, {"run": run})
        known = _ARRAYS.fullmatch(path.name)
        if known is None:
            return False
        label = read_label(path)
        return bool(label["run"] == run and label.get("segment") == (int(known["segment"]) if known["segment"] else None))
    except (StoreError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _read_manifest(path: Path) -> tuple[str, dict[str, Any]]:
    """Name of a run, and what it was begun with.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If the file cannot be read, or any byte of it is not what was written.
    StoreError
        If it is of another version.
    """
    manifest: dict[str, Any] = read_json(path)
    fix = f"resume it with the version that began it, or move {path.parent} away"
    UNFINISHED_RUN.require(manifest["format"], path, fix=fix)
    run = manifest.pop("run")
    if _name_of(manifest) != run or path.read_bytes() != _text({**manifest, "run": run}).encode():
        raise ValueError("it is not as it was written")
    return run, manifest


class UnfinishedRun:
    """An unfinished run's folder, locked while it is in use.

    Parameters
    ----------
    store : path
        Where the finished Trajectory goes; the folder lies beside it.

    Attributes
    ----------
    store, folder : Path
        The finished run's place, and the unfinished one's.
    segments : list of str
        Digests of the segments that belong to the last checkpoint.
    counts : dict
        Records of each group in them.
    pause : callable or None
        Asked between two steps, with (step, tau, training loss), whether the run pauses there, with a checkpoint.
    """

    def __init__(self, store: str | os.PathLike[str]) -> None:
        self.store, self.folder = Path(store), unfinished_path(store)
        self.segments: list[str] = []
        self._run = ""
        self.counts: dict[str, int] = {}
        self.pause: Callable[[int, float, float], bool] | None = None
        self._lock: Any = None
        self._created = False
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        self._made = [folder for folder in (self.folder.parent, *self.folder.parent.parents) if not folder.exists()]
        try:
            make_folder(self.folder.parent)
        except OSError as error:
            raise StoreError(f"{self.folder.parent}: {error.strerror or error}", "a folder that can be written to",
                             "choose another output folder") from error
        # Beside the folder, which a finished run removes.
        self._lock = Lock(Path(f"{self.folder}.lock"))
        self._lock.take(f"{self.store} is being computed by another process", "one process a run",
                        "wait for it, or choose another output folder")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            begun_in_vain = self._created and not (self.folder / _CHECKPOINT).exists()
            if kind is not None and kind is not KeyboardInterrupt and begun_in_vain:
                with suppress(StoreError):  # bad input found late: nothing to continue with
                    discard(self.folder, unfinished_listing(self.folder), of=_OF)
        finally:
            self._lock.give_back()
        if kind is not None:
            remove_empty(self._made)

    # -- a new run ----------------------------------------------------------------------------------

    def create(
        self, experiment: Experiment, engine: Mapping[str, Any], observers: Sequence[Any], *, force: bool,
        given: Mapping[str, str] | None = None,
    ) -> None:
        """Make the folder; ``given`` has the digests of what the run was given, by the part's name.

        Raises
        ------
        StoreError
            If an unfinished run lies there and ``force`` is not set.
        """
        self.refuse(force=force)
        body = {"format": UNFINISHED_RUN.version, "experiment": experiment.fields(), "engine": dict(engine),
                "observers": [type(observer).__name__ for observer in observers], "environment": environment(),
                "begun": secrets.token_hex(8),  # two runs of one experiment are not one run
                **({"given": dict(given)} if given else {})}
        self._run = _name_of(body)
        with FolderDraft(self.folder, Listing(frozenset([_MANIFEST])), fix=_FIX) as draft:
            draft.new.mkdir()
            write_text(draft.new / _MANIFEST, _text({**body, "run": self._run}), fix=_FIX)
            draft.commit(unfinished_listing(self.folder) if self.folder.exists() else None, of=_OF)
        self._created = True

    def refuse(self, *, force: bool) -> None:
        """Raise StoreError if something lies in the folder's place; with ``force`` only if it is no unfinished run.

        An unfinished run that holds files of others is none that is replaced.
        """
        clear_drafts(self.folder)
        if not os.path.lexists(self.folder):
            return
        listing = unfinished_listing(self.folder)
        if not force:
            raise StoreError(f"{self.folder} holds an unfinished run", "what was computed is never thrown away unasked",
                             f"theory-sim resume {self.store}, or replace it with --force (force=True)")
        require_no_strangers(self.folder, listing, of=_OF)

    def checkpoint(self, records: Mapping[str, Array], counts: Mapping[str, int], state: Mapping[str, Array]) -> None:
        """Keep new records as a segment, then the state that follows them.

        Parameters
        ----------
        records : mapping
            Records since the last checkpoint, arrays by ``group/variable``.
        counts : mapping
            Records of each group in all.
        state : mapping
            Everything needed to continue, arrays by name.
        """
        segments = list(self.segments)
        if dict(counts) != self.counts:
            label = {"run": self._run, "segment": len(segments)}
            segments.append(write_arrays(self.folder / _segment(len(segments)), label, records, fix=_FIX))
        label = {"run": self._run, "segments": segments, "counts": dict(counts)}
        write_arrays(self.folder / _CHECKPOINT, label, state, fix=_FIX)
        self.segments, self.counts = segments, dict(counts)

    def finish(self) -> None:
        """Remove the folder: the Trajectory is in its place. Files of others, and those put in place of its own, stay in it."""
        failpoint("finish")
        listing = _listing(self.folder, self._run)
        try:
            discard(self.folder, listing, of=_OF)
        except StoreError:
            # The manifest first: it is no unfinished run any more.
            remove_listed(self.folder, Listing(frozenset([_MANIFEST]) & listing.files, digests=listing.digests))
            remove_listed(self.folder, listing)

    # -- an old one ---------------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any]:
        """What was being run.

        Raises
        ------
        StoreError
            If there is no unfinished run, or it is damaged or of a newer version.
        """
        path = self.folder / _MANIFEST
        clear_drafts(self.folder)
        if self.folder.is_symlink() or not os.path.lexists(path):
            if self.store.is_dir():
                raise StoreError(f"{self.store} is finished: there is nothing to resume",
                                 f"a run that was interrupted leaves {self.folder.name} beside it",
                                 f"theory-sim show {self.store} prints what it learnt")
            raise StoreError(f"{self.folder} holds no unfinished run", "a run that was interrupted leaves such a folder",
                             "check the path; if it is a folder of yours, move it away or choose another output")
        try:
            self._run, manifest = _read_manifest(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if (other := unreadable(path, error)) is not None:
                raise other from error
            raise DamagedError(f"{path} cannot be read: {get_reason(error)}", "a folder as theory_sim wrote it",
                             f"move {self.folder} away and run the experiment again") from error
        return manifest

    def require_same_environment(self, manifest: Mapping[str, Any]) -> None:
        """Raise StoreError if libraries or processor are not those that began the run."""
        differ = environment_changes(manifest["environment"])
        if differ:
            raise StoreError(differ, "a run continues with what it began with, to the bitwise same result",
                             "install that, or pass --any-version (any_version=True) and lose that guarantee")

    def tau(self) -> float:
        """Learning-rate time of its last checkpoint, 0 if there is none; raises as `manifest` and `load`."""
        self.manifest()
        state = self.load()[1]
        return 0.0 if state is None else float(state["run"][1])

    def load(self) -> tuple[list[dict[str, Array]], dict[str, Array] | None]:
        """Segments of the last checkpoint and its state; no state if there is none yet.

        Call `manifest` first. What a crash left beyond the checkpoint is not read; it is written again, or goes when the run is
        finished.

        Raises
        ------
        StoreError
            If a file is not as it was written, or belongs elsewhere.
        """
        state: dict[str, Array] | None = None
        segments: list[dict[str, Array]] = []
        path = self.folder / _CHECKPOINT
        clear_drafts(self.store)
        try:
            if os.path.lexists(path):
                _, label, state = read_arrays(path)
                if label["run"] != self._run:
                    raise ValueError(f"{path.name} belongs to another run")
                for index, digest in enumerate(label["segments"]):
                    found, about, records = read_arrays(self.folder / _segment(index))
                    if found != digest or about != {"run": self._run, "segment": index}:
                        raise ValueError(f"{_segment(index)} belongs to another run, or to another place of this one")
                    segments.append(records)
                self.segments, self.counts = list(label["segments"]), dict(label["counts"])
            for name in sorted(os.listdir(self.folder)):
                if _ARRAYS.fullmatch(name) and not _is_own(self.folder / name, self._run):
                    raise ValueError(f"{name} is not of this run, or not as it was written")
        except Exception as error:  # whatever numpy or json make of a damaged file
            if (other := unreadable(self.folder, error)) is not None:
                raise other from error
            raise DamagedError(f"{self.folder} is damaged: {get_reason(error)}",
                             "its files as they were written, and none of another run or of yours by such a name",
                             f"move that file elsewhere if it is yours; else move {self.folder} away and run again"
                             ) from error
        return segments, state


def _segment(index: int) -> str:
    return f"records-{index:06d}"


def _text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=1)


def _name_of(body: Mapping[str, Any]) -> str:
    """Name of a run: digest of all that it was begun with."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
