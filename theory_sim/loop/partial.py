"""The folder of a run that has not ended: what was recorded, in segments that never change, and the last checkpoint.

A checkpoint names how many segments belong to it. Both are written to a file of their own, synced, renamed, and the folder
synced, segments first; so whenever the process dies, the folder holds one whole checkpoint with its segments, or none.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np

from theory_sim.errors import StoreError
from theory_sim.experiment import Experiment
from theory_sim.faults import at
from theory_sim.loop.environment import environment, environment_changes
from theory_sim.trajectory import sync_folder

__all__ = ["Partial", "partial_path"]

Array = np.ndarray[Any, Any]
FORMAT: Final = 1
_MANIFEST: Final = "run.json"
_CHECKPOINT: Final = "checkpoint.npz"
_PIECE: Final = 2**20


def partial_path(store: str | os.PathLike[str]) -> Path:
    """Folder of the unfinished run whose Trajectory goes to ``store``."""
    target = Path(store)
    return target.with_name(f"{target.name}.partial")


class _Faulty:
    """A file whose writes pass the fault hook, so that a test can stop in the middle of one."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _PIECE):
            at(f"write {self._name}")
            self._file.write(view[start : start + _PIECE])
        return len(view)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _write(path: Path, content: Callable[[Any], None]) -> None:
    """Write a file whole or not at all; an unwritable one is a StoreError."""
    try:
        _write_or_fail(path, content)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}", "a folder that can be written to, on a disk with room",
                         "make room; theory-sim resume goes on from the last checkpoint, if there was one") from error


def _write_or_fail(path: Path, content: Callable[[Any], None]) -> None:
    """Draft, sync, rename, sync of the folder."""
    draft = path.with_name(f"{path.name}.draft")
    with open(draft, "wb") as file:
        content(_Faulty(file, path.name))
        file.flush()
        at(f"sync {path.name}")
        os.fsync(file.fileno())
    at(f"rename {path.name}")
    os.replace(draft, path)
    at(f"renamed {path.name}")
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    at(f"sync folder {folder.suffix}")
    sync_folder(folder)


class Partial:
    """An unfinished run's folder, locked while it is in use.

    Parameters
    ----------
    store : path
        Where the finished Trajectory goes; the folder lies beside it.

    Attributes
    ----------
    store, folder : Path
        The finished run's place, and the unfinished one's.
    segments : int
        Segments that belong to the last checkpoint.
    counts : dict
        Records of each group in them.
    """

    def __init__(self, store: str | os.PathLike[str]) -> None:
        self.store, self.folder = Path(store), partial_path(store)
        self.segments = 0
        self.counts: dict[str, int] = {}
        self._lock: Any = None
        self._created = False
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        self._made = [folder for folder in (self.folder.parent, *self.folder.parent.parents) if not folder.exists()]
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside the folder, which a finished run removes.
        self._lock = FileLock(f"{self.folder}.lock")
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            self._lock = None
            raise StoreError(f"{self.store} is being computed by another process", "one process a run",
                             "wait for it, or choose another output folder") from None
        except OSError as error:
            self._lock = None
            raise StoreError(f"{self.folder.parent}: {error.strerror or error}", "a folder that can be written to",
                             "choose another output folder") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lock, self._lock = self._lock, None
        if kind is not None and kind is not KeyboardInterrupt and self._created and not (self.folder / _CHECKPOINT).exists():
            shutil.rmtree(self.folder, ignore_errors=True)  # bad input found late: nothing to go on with
        if lock is not None:
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()
        if kind is not None:
            for folder in self._made:
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()

    # -- a new run ----------------------------------------------------------------------------------

    def create(self, experiment: Experiment, engine: Mapping[str, Any], observers: Sequence[Any], *, force: bool) -> None:
        """Make the folder.

        Raises
        ------
        StoreError
            If an unfinished run lies there and ``force`` is not set.
        """
        if self.folder.exists():
            if not force:
                raise StoreError(f"{self.folder} holds an unfinished run", "what was computed is never thrown away unasked",
                                 f"theory-sim resume {self.store}, or replace it with --force (force=True)")
            shutil.rmtree(self.folder)
        draft = self.folder.with_name(f".{self.folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        manifest = {"format": FORMAT, "experiment": experiment.fields(), "engine": dict(engine),
                    "observers": [type(observer).__name__ for observer in observers], "environment": environment()}
        _write(draft / _MANIFEST, lambda file: file.write(json.dumps(manifest, indent=1).encode()))
        at("rename folder")
        draft.rename(self.folder)
        self._created = True
        _sync_folder(self.folder.parent)

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
        segments = self.segments
        if dict(counts) != self.counts:
            _write(self.folder / _segment(segments), lambda file: _arrays(file, records))
            segments += 1
        label = json.dumps({"segments": segments, "counts": dict(counts)}).encode()
        held = {**state, "__checkpoint__": np.frombuffer(label, np.uint8)}
        _write(self.folder / _CHECKPOINT, lambda file: _arrays(file, held))
        self.segments, self.counts = segments, dict(counts)

    def finish(self) -> None:
        """Remove the folder: the Trajectory is in its place."""
        at("finish")
        # Renamed first, so that a crash in the middle of the removal leaves nothing that looks like a run.
        done = self.folder.with_name(f".{self.folder.name}.done")
        shutil.rmtree(done, ignore_errors=True)
        self.folder.rename(done)
        at("remove folder")
        shutil.rmtree(done, ignore_errors=True)

    # -- an old one ---------------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any]:
        """What was being run.

        Raises
        ------
        StoreError
            If there is no unfinished run, or it is damaged or of a newer version.
        """
        path = self.folder / _MANIFEST
        if not path.exists():
            raise StoreError(f"{self.folder} holds no unfinished run", "a run that was interrupted leaves such a folder",
                             f"check the path{'; the run is finished' if self.store.exists() else ''}")
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if manifest["format"] > FORMAT:
                raise StoreError(f"{self.folder} has format {manifest['format']}", f"at most {FORMAT} in this version",
                                 "update theory_sim")
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{path} cannot be read: {error}", "a folder written by theory_sim",
                             "run the experiment again with --force") from error
        return manifest

    def require_same_environment(self, manifest: Mapping[str, Any]) -> None:
        """Raise StoreError if libraries or processor are not those that began the run."""
        differ = environment_changes(manifest["environment"])
        if differ:
            raise StoreError(differ, "a run goes on with what it began with, to the bitwise same result",
                             "install that, or pass --any-version (any_version=True) and lose that guarantee")

    def load(self) -> tuple[list[dict[str, Array]], dict[str, Array] | None]:
        """Segments of the last checkpoint and its state; no state if there is none yet.

        Whatever a crash left beyond the checkpoint is removed.
        """
        state: dict[str, Array] | None = None
        path = self.folder / _CHECKPOINT
        try:
            if path.exists():
                state = _read(path)
                label = json.loads(state.pop("__checkpoint__").tobytes())
                self.segments, self.counts = int(label["segments"]), dict(label["counts"])
            segments = [_read(self.folder / _segment(i)) for i in range(self.segments)]
        except Exception as error:  # whatever zip, numpy or json make of a damaged file
            raise StoreError(f"{self.folder} is damaged: {type(error).__name__}: {error}",
                             "its files as they were written", "run the experiment again with --force") from error
        for draft in self.store.parent.glob(f".{glob.escape(self.store.name)}.draft-*"):
            shutil.rmtree(draft, ignore_errors=True)
        kept = {_MANIFEST, _CHECKPOINT, *(_segment(i) for i in range(self.segments))}
        for stray in self.folder.iterdir():
            if stray.name not in kept:
                stray.unlink()
        return segments, state


def _segment(index: int) -> str:
    return f"records-{index:06d}.npz"


def _arrays(file: Any, arrays: Mapping[str, Array]) -> None:
    np.savez(file, **arrays)  # type: ignore[arg-type]


def _read(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
