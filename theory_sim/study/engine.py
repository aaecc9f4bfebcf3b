"""The three ways to compute a run: finite width, its limit, and the limit's closure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.loop import Progress
from theory_sim.trajectory import Trajectory

__all__ = ["ENGINES", "Engine", "estimated_bytes"]

ENGINES: Final = ("finite", "limit", "closure")
# In the order in which they stand in a run's name, each with its default.
_NAMED: Final = {"kernel": "moving", "noise": "vanishing", "time": "steps", "spatial": "exact"}
_NUMBERS: Final = {"tolerance": 1e-8, "time_tolerance": 1e-4}


@dataclass(frozen=True)
class Engine:
    """An engine with its options.

    Attributes
    ----------
    name : {"finite", "limit", "closure"}
        `simulate`, `solve_limit` or `closure_trajectory`.
    options : mapping
        Options of `solve_limit` that differ from its defaults: kernel, noise, time, spatial, tolerance, time_tolerance.

    Raises
    ------
    InputError
        If the name or an option is unknown, or an option is given to another engine than the limit.
    """

    name: str = "finite"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise InputError(f"engine = {self.name!r}", f"one of {', '.join(ENGINES)}", "choose one of these")
        if self.options and self.name != "limit":
            raise InputError(f"{', '.join(self.options)} with engine {self.name!r}", "these are options of the limit",
                             "add --engine limit, or leave them out")
        unknown = self.options.keys() - {**_NAMED, **_NUMBERS}.keys()
        if unknown:
            raise InputError(f"option {', '.join(sorted(unknown))}", f"one of {', '.join({**_NAMED, **_NUMBERS})}",
                             "choose one of these")
        object.__setattr__(self, "options", {k: v for k, v in self.options.items() if v != {**_NAMED, **_NUMBERS}[k]})

    @classmethod
    def of(cls, trajectory: Trajectory) -> Engine:
        """Engine that a run came from."""
        attributes = trajectory.dataset.attrs
        return cls(attributes.get("engine", "finite"), json.loads(attributes.get("limit", "{}")))

    @property
    def label(self) -> str:
        """Name with the options that differ from the default, such as "limit (flow, mean)"."""
        given = [str(self.options[name]) for name in _NAMED if name in self.options]
        given += [f"{name} {self.options[name]:g}" for name in _NUMBERS if name in self.options]
        return f"{self.name} ({', '.join(given)})" if given else self.name

    @property
    def knows_seeds(self) -> bool:
        """Whether two seeds give two results."""
        return self.name != "closure"

    def run_name(self, experiment: Experiment) -> str:
        """Folder of the run: ``<name>-<schedule>-seed<k>``, with the engine and its options if it is not finite width."""
        parts = [experiment.run_name]
        if self.name != "finite":
            parts.append(self.name)
        return "-".join(parts + [str(self.options[name]) for name in _NAMED if name in self.options])

    def run(
        self, experiment: Experiment, *, store: str | os.PathLike[str] | None = None, threads: int | None = None,
        progress: Progress | None = None, force: bool = False,
    ) -> Trajectory:
        """Compute one run; arguments as for `simulate`."""
        if self.name == "closure":
            from theory_sim.limit.closure import closure_trajectory

            return closure_trajectory(experiment, store=store, force=force)
        if self.name == "limit":
            from theory_sim.limit.solve import solve_limit

            return solve_limit(experiment, store=store, threads=threads, progress=progress, force=force, **self.options)
        from theory_sim.simulate import simulate

        return simulate(experiment, store=store, threads=threads, progress=progress, force=force)


def estimated_bytes(experiment: Experiment, engine: Engine, *, threads: int = 1) -> int:
    """Memory that a run allocates beside the program, in bytes, by the engine's own estimate."""
    if engine.name == "closure":
        from theory_sim.limit.memory import CLOSURE_BYTES

        return CLOSURE_BYTES
    if engine.name == "limit":
        from theory_sim.limit.memory import estimated_bytes as of_limit

        options = {"spatial": "exact", "noise": "vanishing"} | {
            name: value for name, value in engine.options.items() if name in ("spatial", "noise", "tolerance", "time")
        }
        return of_limit(experiment, **options)
    from theory_sim.simulate import estimated_bytes as of_finite

    return of_finite(experiment, threads=threads)
