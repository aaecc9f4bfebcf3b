"""One run of a sweep, as a worker computes it: a function of plain values, so that any executor can send it anywhere."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from theory_sim.engines import Engine, resume
from theory_sim.errors import DamagedError, InUseError, MemoryRefusedError, StoreError, TheorySimError
from theory_sim.experiment import Experiment
from theory_sim.loop import UnfinishedRun, holds_unfinished, unfinished_path
from theory_sim.storage.disk import disk_fault
from theory_sim.storage.removal import set_aside
from theory_sim.sweeps.sweep_run import run_hash
from theory_sim.trajectory import Trajectory, run_damage

__all__ = ["Computed", "compute"]


@dataclass(frozen=True)
class Computed:
    """What came of a run.

    Attributes
    ----------
    end : {"done", "interrupted", "in use", "failed", "no memory", "not stored"}
        A diverged run is done: its Trajectory says that it diverged. One that another process is at is in use. One of no memory
        has failed too, of the machine's memory. One that the disk did not take, as a full one, is not stored: no fault of the
        run, and the next would fare alike.
    seconds : float
        Time that this call took.
    cause, error : str
        Of a failed run: what failures are grouped by, and the whole message.
    damage : str
        What was there of the run, was not as it was written and was set aside; empty if nothing was.
    """

    end: Literal["done", "interrupted", "in use", "failed", "no memory", "not stored"]
    seconds: float = 0.0
    cause: str = ""
    error: str = ""
    damage: str = ""


def compute(
    store: str, engine: dict[str, Any], experiment: dict[str, Any], threads: int | None, any_version: bool
) -> Computed:
    """Compute a run into ``store``, or continue what is there of it; never raises but for an interruption.

    Parameters
    ----------
    store : str
        Place of the Trajectory.
    engine, experiment : dict
        Name and options of the engine, fields of the experiment.
    threads : int or None
        Threads of the run.
    any_version : bool
        Whether an unfinished run may be continued with other libraries.
    """
    from threadpoolctl import threadpool_limits

    began = time.perf_counter()
    damage: list[str] = []
    try:
        with threadpool_limits(1, user_api="blas"):
            trajectory = _run(Path(store), Engine(**engine), Experiment(**experiment), threads, any_version, damage)
    except TheorySimError as error:
        end: Literal["in use", "failed", "no memory"] = "in use" if isinstance(error, InUseError) else "failed"
        if isinstance(error, MemoryRefusedError):
            end = "no memory"
        if fault := disk_fault(error, Path(store).parent):
            # What was written need not be the run's: compiled code has a folder of its own.
            told = error.found if fault in error.found else f"{store}: {fault}"
            return Computed("not stored", _since(began), fault, told, *damage)
        return Computed(end, _since(began), f"{type(error).__name__}: {error.rule}", str(error), *damage)
    except MemoryError as error:
        return Computed("failed", _since(began), "MemoryError", str(error) or "out of memory", *damage)
    except Exception as error:
        if fault := disk_fault(error, Path(store).parent):
            return Computed("not stored", _since(began), fault, f"{store}: {fault}", *damage)
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        text = "".join(traceback.format_exception(error))
        return Computed("failed", _since(began), f"{type(error).__name__} at {where}", text, *damage)
    return Computed("interrupted" if trajectory.outcome == "interrupted" else "done", _since(began), "", "", *damage)


def _run(
    store: Path, engine: Engine, experiment: Experiment, threads: int | None, any_version: bool, damage: list[str]
) -> Trajectory:
    """Compute a run, or what is left of it; what is there and is not as it was written is set aside, and said in ``damage``."""
    partial = unfinished_path(store)
    try:
        if os.path.lexists(store):  # finished by a process that died before it could say so
            trajectory = Trajectory.load(store)
            _require_same(store, Engine.of(trajectory), trajectory.experiment, engine, experiment)
            return trajectory
        if os.path.lexists(partial):
            begun = UnfinishedRun(store).manifest()
            _require_same(partial, Engine.from_manifest(begun["engine"]), Experiment(**begun["experiment"]), engine, experiment)
            return resume(store, threads=threads, any_version=any_version)
    except StoreError as error:
        if not _is_damage(error, store, partial):
            raise
        with UnfinishedRun(store):  # nobody else is at the run
            aside = [set_aside(each).name for each in (store, partial) if os.path.lexists(each)]
        damage.append(f"{error.found}; set aside as {' and '.join(aside)}")
    return engine.run(experiment, store=store, threads=threads)


def _is_damage(error: StoreError, store: Path, partial: Path) -> bool:
    """Whether what has a run's name cannot be the run, whatever it is; not one of another version, or with a file of yours."""
    if isinstance(error, (DamagedError, InUseError)):
        return isinstance(error, DamagedError)
    if os.path.lexists(store):
        return bool(run_damage(store))
    return os.path.lexists(partial) and not holds_unfinished(store)


def _require_same(path: Path, found: Engine, stored: Experiment, engine: Engine, experiment: Experiment) -> None:
    if run_hash(found, stored) != run_hash(engine, experiment):
        raise DamagedError(f"{path} holds another run", "a run's folder has the name of its hash",
                           "move it away; theory-sim sweep resume computes the run")


def _since(began: float) -> float:
    return time.perf_counter() - began
