"""One run: an arm with a seed, in a folder of its own, checkpointed every epoch, continued to the same numbers."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from theory_sim.errors import InputError, StoreError, get_reason, size_in_words
from theory_sim.loop.environment import environment, environment_changes
from theory_sim.storage.arrays import read_regular
from theory_sim.storage.folders import make_folder
from theory_sim.storage.lock import Lock
from theory_sim.storage.removal import remove_file
from theory_sim.storage.writing import write_file
from theory_sim.trajectory import Trajectory
from theory_sim.vision.images import ImageSet
from theory_sim.vision.plan import Arm, VisionPlan
from theory_sim.vision.prepared import prepare
from theory_sim.vision.training import ArmTraining, fixed_arithmetic

__all__ = ["CHECKPOINT", "Progress", "run_arm"]

CHECKPOINT: Final = ".checkpoint"
_DIGEST: Final = 32
Progress = Callable[[str, int, int], None]
"""Told a run's name, its epochs done, and their number."""
_OF_MEMORY: Final = "can't allocate memory", "Storage size calculation overflowed"
_FIX: Final = "choose another output folder, or move it elsewhere"


def run_arm(
    plan: VisionPlan, arm: Arm, seed: int, images: ImageSet, out: Path, *, any_version: bool = False,
    progress: Progress | None = None,
) -> Trajectory:
    """Train one arm with one seed, or continue it, or read what is stored.

    Raises
    ------
    StoreError
        If the folder holds another run, cannot be written, or another process is at it.
    """
    name, identity = plan.run_name(arm, seed), plan.identity(arm, seed, images.digest)
    folder, checkpoint = out / name, out / f"{name}{CHECKPOINT}"
    if folder.exists() and not os.path.lexists(checkpoint):
        return _finished(folder, identity)
    try:
        make_folder(out)
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror or error}", "a folder that can be written to", _FIX) from error
    lock = Lock(out / f"{name}.lock")
    lock.take(f"another process is at {folder}", "one process a run", "wait for it, or choose another output folder")
    try:
        if folder.exists():  # another process finished it before the lock was free, or was killed when it had stored it
            run = _finished(folder, identity)
            remove_file(checkpoint)
            return run
        return _train(plan, arm, seed, images, (folder, checkpoint, identity), any_version, progress)
    finally:
        lock.give_back()


def _train(
    plan: VisionPlan, arm: Arm, seed: int, images: ImageSet, places: tuple[Path, Path, str], any_version: bool,
    progress: Progress | None,
) -> Trajectory:
    folder, checkpoint, identity = places
    kept = _read(checkpoint, identity, any_version=any_version) if os.path.lexists(checkpoint) else None
    epochs = plan.training.epochs
    with fixed_arithmetic(), _within_memory(folder.name):
        training = ArmTraining(plan, arm, seed, prepare(plan, arm, seed, images))
        if kept is not None:
            training.load_state_dict(kept)
        while training.epoch < epochs and not training.diverged:
            if progress is not None:
                progress(folder.name, training.epoch, epochs)
            training.train_epoch()
            _write(checkpoint, {"identity": identity, "environment": _environment(), "training": training.state_dict()})
        run = training.trajectory({"identity": identity, "arm": arm.name, "data": images.name, "patch": arm.patch,
                                   "data evaluated": plan.data.evaluate})
    run.save(folder)
    remove_file(checkpoint)
    if progress is not None:
        progress(folder.name, epochs, epochs)
    return run


@contextmanager
def _within_memory(name: str) -> Iterator[None]:
    """What NumPy and PyTorch raise where memory lacks becomes an InputError; PyTorch's is a RuntimeError on a CPU."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in _OF_MEMORY):
            raise
        wanted = re.search(r"allocate (\d+) bytes", str(error))
        piece = f" for a piece of {size_in_words(int(wanted[1]))}" if wanted else ""
        raise InputError(f"{name}: too little memory{piece}", "network, images and batches that fit into memory",
                         "lower widths, depth, width or blocks of the network, or batch, group, reference, train or side",
                         fields=["network"]) from error


def _environment() -> dict[str, str]:
    return {**environment(), "torch": str(torch.__version__), "torch's code": torch.backends.cpu.get_cpu_capability()}


def _write(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, and the digest of all of it at its end: PyTorch reads altered weights as they are."""
    held = io.BytesIO()
    torch.save(state, held)
    sealed = held.getvalue() + hashlib.sha256(held.getbuffer()).digest()
    write_file(path, lambda file: file.write(sealed), fix="free some space; run it again to continue")


def _read(path: Path, identity: str, *, any_version: bool) -> dict[str, Any]:
    """The state that a checkpoint holds; nothing in it is run."""
    try:
        sealed = read_regular(path)
        if hashlib.sha256(sealed[:-_DIGEST]).digest() != sealed[-_DIGEST:]:
            raise ValueError("it is not as it was written")
        found = torch.load(io.BytesIO(sealed[:-_DIGEST]), weights_only=True)
        then, state = dict(found["environment"]), found["training"]
        same = found["identity"] == identity
    except Exception as error:  # a broken file raises nearly anything
        raise StoreError(f"{path}: {get_reason(error)}", "a checkpoint as it was written, of this run",
                         f"remove {path}; the run begins anew") from error
    if not same:
        raise StoreError(f"{path} is of another run: data, patch, network, training or arm differ", "a run continues itself",
                         _FIX)
    now = {name: value for name, value in _environment().items() if name.startswith("torch")}
    changed = [f"{name} {then.get(name)} then, {value} now" for name, value in now.items() if then.get(name) != value]
    others = environment_changes({name: value for name, value in then.items() if name not in now})
    if (changed or others) and not any_version:
        raise StoreError(f"{path} was written elsewhere: {'; '.join([*changed, *filter(None, [others])])}",
                         "the same libraries and processor, for the same numbers", "use them, or give --any-version")
    training: dict[str, Any] = state
    return training


def _finished(folder: Path, identity: str) -> Trajectory:
    run = Trajectory.load(folder)
    recorded = getattr(run.experiment, "recorded", {})
    if recorded.get("identity") != identity:
        raise StoreError(f"{folder} holds another run: data, patch, network, training or arm differ", "a name for each run",
                         _FIX)
    return run


