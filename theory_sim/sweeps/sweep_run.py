"""One run of a sweep, and its name there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from theory_sim.engines import Engine
from theory_sim.errors import TheorySimError
from theory_sim.experiment import Experiment
from theory_sim.experiment.recorded import read_experiment
from theory_sim.storage.arrays import read_json

__all__ = ["ID_BYTES", "SweepRun", "misplaced", "run_hash"]

ID_BYTES: Final = 10
"""Length of a hash, of which two digits are a byte."""


def run_hash(engine: Engine, experiment: Experiment) -> str:
    """Name of a run in a sweep's folder: the same for runs that cannot differ.

    The experiment's name does not count, nor what the engine does not read: widths for the limit, seeds for the closure.
    """
    fields = experiment.identity()
    unread = {"name", *engine.solver.unread}
    described = {"engine": engine.name, "options": dict(engine.options),
            "experiment": {key: value for key, value in fields.items() if key not in unread}}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[: 2 * ID_BYTES]


def misplaced(path: Path) -> str:
    """That a saved run's folder has the name of another run, in words; empty if it has its own, or nobody can tell.

    Every file of such a folder is as it was written: its digests say nothing of its name.
    """
    try:
        attributes = read_json(path / ".zattrs")
        found = run_hash(Engine.from_attributes(attributes), read_experiment(json.loads(attributes["experiment"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TheorySimError):
        return ""
    return f"{path} holds the run {found}" if found != path.name else ""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    Attributes
    ----------
    index : tuple of int
        Place along each dimension of the sweep.
    engine : Engine
    experiment : Experiment
    id : str
        Its hash; two places whose runs cannot differ have one.
    """

    index: tuple[int, ...]
    engine: Engine
    experiment: Experiment
    id: str
