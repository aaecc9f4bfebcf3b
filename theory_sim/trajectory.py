"""The result of a run: a labelled dataset with a written schema, on disk as one Zarr store.

A saved Trajectory opens with plain ``xarray.open_zarr(path)``; the schema is in docs/trajectory.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from theory_sim.errors import StoreError
from theory_sim.experiment import Experiment
from theory_sim.faults import at

if TYPE_CHECKING:
    import xarray

__all__ = ["OUTCOMES", "SCHEMA", "SCHEMA_VERSION", "Outcome", "Trajectory", "refuse_existing", "replace_folder", "sync_folder"]

SCHEMA: Final = "theory_sim.Trajectory"
SCHEMA_VERSION: Final = 1
Outcome = Literal["reached_loss", "budget_spent", "diverged", "interrupted"]
# Inside an array: Zarr warns of files beside the arrays that it does not know.
_MANIFEST: Final = "tau/sha256.json"
OUTCOMES: Final = ("reached_loss", "budget_spent", "diverged", "interrupted")


@dataclass(frozen=True)
class Trajectory:
    """One finished run.

    Attributes
    ----------
    dataset : xarray.Dataset
        Records along ``record`` (coordinates tau and step) and the final weights with their split.
    experiment : Experiment
        What was run.
    """

    dataset: xarray.Dataset
    experiment: Experiment

    @property
    def outcome(self) -> Outcome:
        """How the run ended: reached_loss, budget_spent, diverged or interrupted."""
        outcome: Outcome = self.dataset.attrs["outcome"]
        return outcome

    @property
    def message(self) -> str:
        """The end in words; for a diverged run the step, the quantity and the likely cause."""
        return str(self.dataset.attrs["message"])

    @property
    def annealed_tau(self) -> float:
        """tau at which the learning rate first fell, NaN if it did not."""
        return float(self.dataset.attrs["annealed_tau"])

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write to a Zarr store at ``path``: whole or not at all.

        Raises
        ------
        StoreError
            If the path exists and ``force`` is not set, or if it cannot be written.
        """
        target = Path(path)
        refuse_existing(target, force=force)
        try:
            self._save(target)
        except OSError as error:
            raise StoreError(f"{target}: {error.strerror or error}", "a folder that can be written to, on a disk with room",
                             "choose another output folder") from error

    def _save(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.draft-", dir=target.parent))
        try:
            # Zarr's format 3 has neither a settled form of text labels nor of consolidated metadata; format 2 has both.
            self.dataset.to_zarr(draft, mode="w", zarr_format=2, consolidated=True)
            at("write trajectory")
            (draft / _MANIFEST).write_text(json.dumps(_digests(draft), indent=1), encoding="utf-8")
            replace_folder(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a store that `save` wrote, wholly into memory.

        Raises
        ------
        StoreError
            If nothing is there, it is not a Trajectory, or its schema is newer than this version knows.
        """
        import xarray

        if not Path(path).exists():
            raise StoreError(f"{path} does not exist", "the folder of a saved run",
                             "check the path; `theory-sim run` prints where it writes")
        try:
            if json.loads((Path(path) / _MANIFEST).read_text(encoding="utf-8")) != _digests(Path(path)):
                raise ValueError("its files are not those that were written")
            dataset = xarray.open_zarr(path, chunks=None).load()
            version = int(dataset.attrs["schema_version"])
            if dataset.attrs["schema"] != SCHEMA:
                raise KeyError(dataset.attrs["schema"])
            if version > SCHEMA_VERSION:
                raise StoreError(f"{path} has schema version {version}", f"at most {SCHEMA_VERSION} in this version",
                                 "update theory_sim")
            experiment = Experiment(**json.loads(dataset.attrs["experiment"]))
        except StoreError:
            raise
        except Exception as error:  # whatever zarr, json or the schema make of a damaged store
            raise StoreError(f"{path} cannot be read as a run: {type(error).__name__}: {error}",
                             f"a store written by Trajectory.save (schema {SCHEMA})", "run the experiment again") from error
        return cls(dataset, experiment)

    def history(self, name: str, **labels: Any) -> Any:
        """NumPy array of a variable along ``record``, other dimensions chosen by label."""
        return self.dataset[name].sel(labels).values


def replace_folder(draft: Path, target: Path) -> None:
    """Have a folder take a name, with all that it holds on the disk first; what had the name before is removed."""
    at("sync trajectory")
    _sync(draft)
    at("rename trajectory")
    if not target.exists():
        draft.rename(target)
    else:
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent)) / "old"
        target.rename(old)
        try:
            at("rename trajectory over another")
            draft.rename(target)
        except OSError:
            old.rename(target)
            raise
        finally:
            shutil.rmtree(old.parent, ignore_errors=True)
    sync_folder(target.parent)
    at("renamed trajectory")


def _sync(folder: Path) -> None:
    """Have the disk hold every file below a folder before the folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb+") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Have the disk hold a folder's names."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a store: Zarr itself takes a missing chunk for one filled with NaN."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / _MANIFEST)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def refuse_existing(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise StoreError if a run cannot be written to ``path``: something lies there, or nothing can be made there.

    With ``force`` a saved run may be replaced, anything else not.
    """
    target = Path(path)
    try:
        there = target.exists()
        parent = next(folder for folder in target.absolute().parents if folder.exists())
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror}", "a path that can be made",
                         "choose a shorter name or another folder") from error
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise StoreError(f"{parent} cannot hold a folder", "a folder that can be written to", "choose another output folder")
    if not there:
        return
    if not force:
        raise StoreError(f"{target} exists", "results are never overwritten unasked",
                         "choose another name or output folder, or pass --force (force=True)")
    if not ((target / ".zmetadata").is_file() and (target / _MANIFEST).is_file()):
        raise StoreError(f"{target} exists and is not a saved run", "only a saved run is replaced",
                         "move it away or choose another output")
