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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from theory_sim.errors import StoreError
from theory_sim.experiment import Experiment
from theory_sim.loop.environment import environment, environment_changes
from theory_sim.storage.arrays import read_arrays, read_json, write_arrays
from theory_sim.storage.failpoints import failpoint
from theory_sim.storage.listing import Listing
from theory_sim.storage.lock import Lock
from theory_sim.storage.removal import remove_empty, remove_listed, require_no_strangers
from theory_sim.storage.writing import FolderDraft, clear_drafts, discard, write_text

__all__ = ["UnfinishedRun", "unfinished_listing", "unfinished_path"]

Array = np.ndarray[Any, Any]
FORMAT: Final = 2
_MANIFEST: Final = "run.json"
_CHECKPOINT: Final = "checkpoint"
# All that is ever written into the folder, by this and by earlier versions, and each of them as a draft.
_OWN: Final = re.compile(r"\.?(run\.json|(checkpoint|records-\d{6})(\.npz)?)(\.draft(-[0-9a-f]{16})?)?")
_FIX: Final = "make room; theory-sim resume goes on from the last checkpoint, if there was one"
_OF: Final = "an unfinished run"


def unfinished_path(store: str | os.PathLike[str]) -> Path:
    """Folder of the unfinished run whose Trajectory goes to ``store``."""
    target = Path(store)
    if not target.name:  # ".", "/"
        raise StoreError(f"{str(store)!r} names no run", "a folder with a name of its own", "name the run's folder")
    return target.with_name(f"{target.name}.partial")


def unfinished_listing(folder: Path) -> Listing:
    """Files of an unfinished run that a folder holds.

    Raises
    ------
    StoreError
        If it holds none: what is there is not the program's to remove.
    """
    try:
        if folder.is_symlink() or not folder.is_dir():
            raise ValueError("it is no folder")
        manifest = read_json(folder / _MANIFEST)
        if not isinstance(manifest["format"], int) or not {"experiment", "engine", "environment"} <= manifest.keys():
            raise ValueError(f"{_MANIFEST} describes no run")
        return Listing(frozenset(name for name in os.listdir(folder) if _OWN.fullmatch(name)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{folder} is in the way, and is not an unfinished run: {error}",
                         "only an unfinished run is replaced or resumed", "move it away, or choose another output") from error


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
    """

    def __init__(self, store: str | os.PathLike[str]) -> None:
        self.store, self.folder = Path(store), unfinished_path(store)
        self.segments: list[str] = []
        self._run = ""
        self.counts: dict[str, int] = {}
        self._lock: Any = None
        self._created = False
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        self._made = [folder for folder in (self.folder.parent, *self.folder.parent.parents) if not folder.exists()]
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
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
        if kind is not None and kind is not KeyboardInterrupt and self._created and not (self.folder / _CHECKPOINT).exists():
            with suppress(StoreError):  # bad input found late: nothing to go on with
                discard(self.folder, unfinished_listing(self.folder), of=_OF)
        self._lock.give_back()
        if kind is not None:
            remove_empty(self._made)

    # -- a new run ----------------------------------------------------------------------------------

    def create(self, experiment: Experiment, engine: Mapping[str, Any], observers: Sequence[Any], *, force: bool) -> None:
        """Make the folder.

        Raises
        ------
        StoreError
            If an unfinished run lies there and ``force`` is not set.
        """
        self.refuse(force=force)
        body = {"format": FORMAT, "experiment": experiment.fields(), "engine": dict(engine),
                "observers": [type(observer).__name__ for observer in observers], "environment": environment(),
                "begun": secrets.token_hex(8)}  # two runs of one experiment are not one run
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
            Everything needed to go on, arrays by name.
        """
        segments = list(self.segments)
        if dict(counts) != self.counts:
            label = {"run": self._run, "segment": len(segments)}
            segments.append(write_arrays(self.folder / _segment(len(segments)), label, records, fix=_FIX))
        label = {"run": self._run, "segments": segments, "counts": dict(counts)}
        write_arrays(self.folder / _CHECKPOINT, label, state, fix=_FIX)
        self.segments, self.counts = segments, dict(counts)

    def finish(self) -> None:
        """Remove the folder: the Trajectory is in its place. Files of others stay in it."""
        failpoint("finish")
        listing = unfinished_listing(self.folder)
        try:
            discard(self.folder, listing, of=_OF)
        except StoreError:
            remove_listed(self.folder, Listing(frozenset([_MANIFEST])))  # first: it is no unfinished run any more
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
            raise StoreError(f"{self.folder} holds no unfinished run", "a run that was interrupted leaves such a folder",
                             f"check the path{'; the run is finished' if self.store.exists() else ''}")
        try:
            manifest: dict[str, Any] = read_json(path)
            found = manifest["format"]
            if found > FORMAT:
                raise StoreError(f"{self.folder} has format {found}", f"at most {FORMAT} in this version", "update theory_sim")
            if found < FORMAT:
                raise StoreError(f"{self.folder} has format {found}, whose files have no digests",
                                 f"format {FORMAT}: every file that is read back is checked",
                                 "resume with the version that began it, or run the experiment again with --force")
            said = manifest.pop("run")
            if _name_of(manifest) != said or path.read_bytes() != _text({**manifest, "run": said}).encode():
                raise ValueError("it is not as it was written")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path} cannot be read: {error}", "a folder as theory_sim wrote it",
                             f"move {self.folder} away and run the experiment again") from error
        self._run = said
        return manifest

    def require_same_environment(self, manifest: Mapping[str, Any]) -> None:
        """Raise StoreError if libraries or processor are not those that began the run."""
        differ = environment_changes(manifest["environment"])
        if differ:
            raise StoreError(differ, "a run goes on with what it began with, to the bitwise same result",
                             "install that, or pass --any-version (any_version=True) and lose that guarantee")

    def load(self) -> tuple[list[dict[str, Array]], dict[str, Array] | None]:
        """Segments of the last checkpoint and its state; no state if there is none yet.

        Call `manifest` first. What a crash left beyond the checkpoint is not read, and goes when the run is finished.

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
        except Exception as error:  # whatever numpy or json make of a damaged file
            raise StoreError(f"{self.folder} is damaged: {type(error).__name__}: {error}",
                             "its files as they were written", "run the experiment again with --force") from error
        return segments, state


def _segment(index: int) -> str:
    return f"records-{index:06d}"


def _text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=1)


def _name_of(body: Mapping[str, Any]) -> str:
    """Name of a run: digest of all that it was begun with."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
