"""An engine with its options, as users choose it: what it can do, what it would take, and a run by it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from theory_sim.engines.registry import DEFAULT, ENGINES, options_by_name
from theory_sim.engines.solver import Purpose, Solver
from theory_sim.errors import Fault, InputError, gathered, nearest, out_of_memory
from theory_sim.reading.answers import faults_of_user_code
from theory_sim.reading.arguments import native, require_kind

if TYPE_CHECKING:
    from theory_sim.arrays import Array
    from theory_sim.data import Data
    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress
    from theory_sim.network.given import Given
    from theory_sim.network.given_noise import NoiseSource
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["Engine"]


@dataclass(frozen=True)
class Engine:
    """An engine with its options.

    Attributes
    ----------
    name : str
        Name of a registered engine: "finite", "limit", "closure", "mean-field", or one of your own.
    options : mapping
        Options that differ from their defaults.

    Raises
    ------
    InputError
        If the name or an option is unknown, or an option has a value that it does not take.

    Examples
    --------
    >>> from theory_sim import Engine
    >>> Engine("limit", {"kernel": "frozen"})
    Engine(name='limit', options={'kernel': 'frozen'})
    """

    name: str = DEFAULT
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_kind("name", self.name, "a text")
        require_kind("options", self.options, "a table")
        object.__setattr__(self, "options", native(dict(self.options)))
        declared = {option.name: option for option in ENGINES[self.name].options}
        faults: list[Fault] = []
        for name, value in self.options.items():
            with gathered(faults):
                if name not in declared:
                    raise _unknown_option(name, self.name)
                declared[name].require(value)
        if faults:
            raise InputError.of(faults)
        object.__setattr__(self, "options", {k: v for k, v in self.options.items() if v != declared[k].default})

    @classmethod
    def of(cls, trajectory: Trajectory) -> Engine:
        """Engine that a run came from."""
        return cls.from_attributes(trajectory.dataset.attrs)

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Engine:
        """Engine that a stored run's attributes name."""
        name = attributes.get("engine", DEFAULT)
        return cls(name, json.loads(attributes.get(name, "{}")))

    @classmethod
    def from_manifest(cls, told: Mapping[str, Any]) -> Engine:
        """Engine of an unfinished run's description."""
        return cls(told["name"], {name: value for name, value in told.items() if name != "name"})

    # -- what it is -----------------------------------------------------------------------------------

    @property
    def solver(self) -> Solver:
        """The registered engine."""
        return ENGINES[self.name]

    @property
    def all_options(self) -> dict[str, Any]:
        """Every option with its value."""
        return {option.name: self.options.get(option.name, option.default) for option in self.solver.options}

    @property
    def is_default(self) -> bool:
        """Whether this is the engine of a run that names none."""
        return self.name == DEFAULT

    @property
    def label(self) -> str:
        """Name with the options that differ from the default, such as "limit (flow, mean)"."""
        chosen = [option for option in self.solver.options if option.name in self.options]
        given = [str(self.options[option.name]) for option in chosen if option.choices]
        given += [f"{option.name} {self.options[option.name]:g}" for option in chosen if not option.choices]
        return f"{self.name} ({', '.join(given)})" if given else self.name

    def run_name(self, experiment: Experiment) -> str:
        """Folder of the run: ``<name>-<schedule>-seed<k>``, with the engine and its choices if it is not the default."""
        parts = [experiment.run_name, *([] if self.is_default else [self.name])]
        chosen = [option.name for option in self.solver.options if option.choices and option.name in self.options]
        return "-".join(parts + [str(self.options[name]) for name in chosen])

    @property
    def draws(self) -> tuple[Purpose, ...]:
        """Purposes for which random numbers are drawn."""
        return self.solver.draws(self.all_options)

    @property
    def knows_seeds(self) -> bool:
        """Whether two seeds give two results."""
        return bool(self.draws)

    @property
    def as_described(self) -> bool:
        """Whether its runs are those of the experiment, with no option that puts other dynamics in their place."""
        return self.solver.as_described(self.all_options)

    # -- what it can do, and would take -----------------------------------------------------------------

    def unsupported(self, experiment: Experiment, observers: Sequence[Observer] = ()) -> Fault | None:
        """Why it cannot compute an experiment, with a fix; None if it can."""
        return self.solver.unsupported(experiment, self.all_options, observers)

    def require(self, experiment: Experiment, observers: Sequence[Observer] = ()) -> None:
        """Raise InputError if it cannot compute an experiment."""
        fault = self.unsupported(experiment, observers)
        if fault is not None:
            raise InputError.of([fault])

    def require_described(self, experiment: Experiment, *, threads: int | None = None) -> None:
        """Raise InputError if a run of it could not begin from its description alone, here and now.

        That is, if it cannot compute the experiment, examples must be given, or memory lacks.
        """
        from theory_sim.data import undrawn

        faults = [fault for fault in (self.unsupported(experiment), undrawn(experiment)) if fault is not None]
        if faults:
            raise InputError.of(faults)
        self.solver.require_resources(experiment, self.all_options, threads)

    def require_given(self, parts: Iterable[str]) -> None:
        """Raise InputError if a run of it cannot be given one of these parts: "data", "initial", "noise"."""
        for part in parts:
            if part not in self.solver.given:
                taken = " and ".join(self.solver.given)
                raise InputError(f"{part} given to engine {self.name!r}", self.solver.nothing_given,
                                 f"leave {part} out{f'; it takes {taken}' if taken else ''}, or use the engine finite")

    def estimated_bytes(self, experiment: Experiment, *, threads: int = 1, observers: Sequence[Observer] = ()) -> int:
        """Memory that a run takes beside the program, in bytes, within a quarter: libraries and all that it allocates."""
        from theory_sim.engines.resources import needed_bytes

        return needed_bytes(self.solver, experiment, self.all_options, threads, observers)

    def estimated_seconds(self, experiment: Experiment, *, threads: int = 1) -> float:
        """Time that a run takes on an idle machine, mostly within a quarter; NaN if its engine does not say.

        Code is taken to be compiled already: the first run on a machine takes some seconds more. Where the loss changes the
        rate or ends the run, the number of steps is the closure's.
        """
        return self.solver.estimated_seconds(experiment, self.all_options, threads)

    def set_up_seconds(self, experiment: Experiment, *, threads: int = 1) -> float:
        """How much of that passes before the first step, roughly."""
        return self.solver.set_up_seconds(experiment, self.all_options, threads)

    # -- a run ------------------------------------------------------------------------------------------

    @faults_of_user_code()
    def run(
        self, experiment: Experiment, *, observers: Sequence[Observer] = (), store: str | os.PathLike[str] | None = None,
        threads: int | None = None, progress: Progress | None = None, force: bool = False, checkpoint_seconds: float = 30.0,
        data: Data | tuple[Data, Data] | None = None, initial: Mapping[str, Array] | None = None,
        noise: NoiseSource | None = None,
    ) -> Trajectory:
        """Compute one run; arguments as for `simulate`."""
        from theory_sim.data import undrawn
        from theory_sim.network.given import Given
        from theory_sim.numeric.pool import require_threads
        from theory_sim.observe.base import require_observers
        from theory_sim.trajectory import refuse_existing

        require_threads(threads)
        require_observers(observers)
        self.require(experiment, observers)
        solver, options = self.solver, self.all_options
        parts = {"data": data, "initial": initial, "noise": noise}
        self.require_given(name for name, part in parts.items() if part is not None)
        given = Given.of(experiment, data, initial, noise)
        fault = undrawn(experiment) if data is None else None
        if fault is not None:
            raise InputError.of([fault])
        more: dict[str, Any] = {"observers": observers, "threads": threads, "progress": progress,
                                "seconds": checkpoint_seconds, **({"given": given} if given.parts else {})}
        if store is not None:
            refuse_existing(store, force=force)
        solver.require_resources(experiment, options, threads, observers)
        try:
            return self._begin(experiment, store, force, given, more)
        except MemoryError as error:  # an estimate may be too low by a quarter
            raise out_of_memory(f"a run of engine {self.name!r}", error) from error

    def _begin(
        self, experiment: Experiment, store: str | os.PathLike[str] | None, force: bool, given: Given, more: dict[str, Any]
    ) -> Trajectory:
        """The run itself, saved at ``store`` if there is one; ``more`` are the solver's other arguments."""
        from theory_sim.loop import UnfinishedRun

        solver, options = self.solver, self.all_options
        if store is None:
            return solver.run(experiment, options, None, **more)
        if not solver.resumable:
            trajectory = solver.run(experiment, options, None, **more)
            trajectory.save(store, force=force)
            return trajectory
        with UnfinishedRun(store) as unfinished:
            unfinished.create(experiment, {"name": self.name, **options}, more["observers"], force=force, given=given.parts)
            return solver.run(experiment, options, unfinished, **more)


def _unknown_option(name: str, engine: str) -> InputError:
    others = options_by_name()
    if name in others:
        owners = [solver.name for solver, _ in others[name]]
        return InputError(f"{name} with engine {engine!r}", f"this is an option of {', '.join(owners)}",
                          f"add --engine {owners[0]}, or leave it out")
    return InputError(f"option {name}", f"one of {', '.join(others)}", nearest(name, others))
