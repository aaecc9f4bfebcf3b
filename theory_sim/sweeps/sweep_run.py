"""One run of a sweep, and its name there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from theory_sim.engines import Engine
from theory_sim.experiment import Experiment

__all__ = ["ID_BYTES", "SweepRun", "run_hash"]

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
