"""Runs of a simulator that several laws look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.field_rules import attribute_of
from theory_sim.experiment.own_fields import own_field_names
from theory_sim.testing.drawn_fields import DrawnFields, fitting_schedules
from theory_sim.testing.simulator.answer import Answer, Simulator, ask
from theory_sim.testing.simulator.coverage import Coverage
from theory_sim.testing.simulator.draw_laws import BrokenAt
from theory_sim.testing.simulator.optimiser_rule import KNOWN_OPTIMISERS
from theory_sim.testing.simulator.placed_draws import KNOWN_PLACEMENTS
from theory_sim.testing.simulator.task import EXTENSIONS, PARTS, Declined, Task, TaskDeclined

__all__ = ["SEEDS", "STEPS", "Case", "NotNumbers", "Runs"]

Case = tuple[Experiment, Answer]
_SAME: Final[Mapping[str, Any]] = {"patterns": "moving", "epsilon_2": None}
# Fields at which a simulator of THEORY §1-§3 is tested, that need not follow more; what is drawn beside has defaults.
_PLAIN: Final = {**_SAME, "network": "split", "noise_placement": "none", "batch_size": None}
# What the step and the draws of the battery follow; of other fields they know the default.
_KNOWN: Final = {
    "name", "d", "kappa", "N", "p0", "q0", "g0", "r", "alpha_min", "alpha_max", "counts", "n_test", "m_W", "m_V", "neurons",
    "dtype", "schedule", "eta_1", "eta_2", "epsilon_1", "step_tau", "step_factor", "pieces", "lambda_",
    "tau_xi", "tau_0", "tau_0_rate", "max_tau", "max_steps", "seed", "record_every", "schedule_clock", "overlap_z",
    "noise_level", "noise_annealing", "noise_factor", *EXTENSIONS,
}
# Choices of which the step is written out; of other fields the package's own functions are asked, those of plug-ins too.
_WRITTEN: Final = {"optimiser": KNOWN_OPTIMISERS, "noise_placement": KNOWN_PLACEMENTS}
_NEURONS: Final = ("paired", "independent", "balanced")
SEEDS: Final = 4
STEPS: Final = 20
# Draws of 80 000 numbers a layer: four seeds, 20 steps, 1000 numbers a step if neurons are paired. Rates are not 1, at which
# powers of the rate are equal.
_WIDE: Final = {
    "d": 10, "N": 8, "p0": 0.3, "q0": 0.3, "r": 0.5, "m_W": 200, "m_V": 1000, "dtype": "float64", "tau_xi": 0.5, "tau_0": 1.0,
    "lambda_": 0.05, "schedule": "pieces", "pieces": ((6.0, 1.5), (8.0, 0.25)), "step_tau": 6.0, "eta_1": 1.5,
    "eta_2": 0.25, "n_test": 1,
}
_MANY: Final = {
    "d": 10, "N": 3000, "p0": 0.3, "q0": 0.3, "r": 0.5, "alpha_min": 0.2, "alpha_max": 1.0, "counts": "random", "n_test": 1000,
    "m_W": 2, "m_V": 2, "dtype": "float64", "tau_0": 1.0, "lambda_": 0.0, "schedule": "constant", "eta_1": 0.5, "step_tau": 6.0,
    "pieces": ((6.0, 0.5),),
}


class NotNumbers(BrokenAt):
    """An answer that holds NaN or infinity."""


@dataclass
class Runs:
    """Runs of a simulator.

    Parameters
    ----------
    simulator : callable
        As `check_simulator` takes it.
    fixed : dict
        Fields of the Experiment to hold at a value.
    followed : tuple of str, optional
        Fields that the simulator is known to follow; those that are fixed, unless given.
    coverage : Coverage
        What was run, and what was declined.

    Raises
    ------
    InputError
        If the battery knows no step with one of them, or the simulator is no function.
    """

    simulator: Simulator
    fixed: dict[str, Any] = field(default_factory=dict)
    followed: tuple[str, ...] | None = None
    coverage: Coverage = field(default_factory=Coverage)
    _kept: dict[Any, list[list[Case]] | Declined] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not callable(self.simulator):
            raise InputError(f"{self.simulator!r} ({type(self.simulator).__name__}) as a simulator",
                             "a function that takes a Task and returns a dict with W and V", "give the adapter itself")
        self.fixed = DrawnFields(None, self.fixed).fixed
        fields = {*Experiment.model_fields, *own_field_names()}
        if unknown := [name for name in self.fixed if name not in fields]:
            raise InputError(f"{unknown[0]} held fixed", "a field of an Experiment", "see `theory-sim list fields`")
        for name, known in _WRITTEN.items():
            if (value := self.fixed.get(name, known[0])) not in known:
                raise InputError(f"{name} = {value!r}", f"the battery knows the step of {', '.join(known)}",
                                 "hold one of these")
        for name, value in self.fixed.items():
            if name in Experiment.model_fields and name not in _KNOWN:
                only = _SAME.get(name, Experiment.model_fields[name].default)
                if value != only:
                    raise InputError(f"{name} = {value!r}", f"the battery knows the step with {name} = {only!r} alone",
                                     f"leave {name} out")

    def run(self, experiment: Experiment, *, gives: tuple[str, ...] = PARTS, steps: int | None = None) -> tuple[Task, Answer]:
        """One run, with everything given unless ``gives`` says less.

        Raises
        ------
        NotNumbers
            If the answer holds NaN or infinity.
        TaskDeclined
            If the simulator declines this task.
        """
        followed = tuple(self.fixed) if self.followed is None else self.followed
        task = Task(experiment, steps or experiment.max_steps or 1, gives, followed)
        try:
            answer = ask(self.simulator, task)
        except TaskDeclined as reason:
            self.coverage.decline(experiment, str(reason))
            raise
        self.coverage.run(experiment)
        if wrong := answer.not_numbers():
            raise NotNumbers(wrong, experiment=experiment)
        return task, answer

    def wide(self, *gives: str) -> list[list[Case]]:
        """Runs for laws of noise and start, a list for each law of neurons: that many seeds."""
        return self._drawn(self.beside_fixed(_WIDE), gives, STEPS, ("paired", "independent"))

    def wide_of_one_law(self, *gives: str) -> list[Case]:
        """As `wide`, with one law of neurons: paired, unless another is fixed."""
        return self._drawn(self.beside_fixed(_WIDE), gives, STEPS, ("paired",))[0]

    def many(self) -> list[list[Case]]:
        """Runs for laws of data: many examples, one step."""
        return self._drawn(self.beside_fixed(_MANY), (), 1, ("paired",))

    def _drawn(self, design: dict[str, Any], gives: tuple[str, ...], steps: int, laws: tuple[str, ...]) -> list[list[Case]]:
        key = (gives, steps, laws)
        if key not in self._kept:
            try:
                self._kept[key] = self._of_laws(design, gives, steps, laws)
            except Declined as declined:
                self._kept[key] = declined
        found = self._kept[key]
        if isinstance(found, Declined):
            raise found
        return found

    def _of_laws(self, design: dict[str, Any], gives: tuple[str, ...], steps: int, laws: tuple[str, ...]) -> list[list[Case]]:
        """Runs of those laws of neurons that the simulator takes, or of another one if it takes none of them."""
        if "neurons" in self.fixed:
            laws = (self.fixed["neurons"],)
        others = () if "neurons" in self.fixed else tuple(name for name in _NEURONS if name not in laws)
        found: list[list[Case]] = []
        declined = list[TaskDeclined]()
        for neurons in (*laws, *others):
            if found and neurons in others:
                break
            try:
                found.append(self._of_schedules(design, neurons, gives, steps))
            except TaskDeclined as reason:
                declined.append(reason)
        if not found:
            raise declined[0]
        return found

    def _of_schedules(self, design: dict[str, Any], neurons: str, gives: tuple[str, ...], steps: int) -> list[Case]:
        """Runs with the design's schedule, or with the first that the simulator takes."""
        declined, impossible = list[TaskDeclined](), list[ExperimentError]()
        for schedule in dict.fromkeys((self.fixed.get("schedule", design["schedule"]), *self.schedules())):
            try:
                return [(e, self.run(e, gives=gives, steps=steps)[1])
                        for e in self._seeds({**design, "schedule": schedule}, neurons)]
            except TaskDeclined as reason:
                declined.append(reason)
            except ExperimentError as error:  # this schedule needs what the fixed fields do not allow
                impossible.append(error)
        raise [*declined, *impossible][0]

    def with_fields(self, fields: Mapping[str, Any]) -> Runs:
        """Runs with more fields fixed, which the simulator must say that it follows."""
        return Runs(self.simulator, {**self.fixed, **fields}, tuple(self.fixed), self.coverage)

    def without_step(self) -> set[str]:
        """Fields of which the battery knows one value alone."""
        return set(Experiment.model_fields) - _KNOWN - {"observe"}

    def plain(self, **fields: Any) -> dict[str, Any]:
        """Fields to draw experiments with: those that are fixed, and beside them those of THEORY §1-§3."""
        return {**_PLAIN, **fields, **self.fixed}

    def schedules(self) -> list[str]:
        """Schedules that the experiments can have."""
        return [self.fixed["schedule"]] if "schedule" in self.fixed else fitting_schedules(DrawnFields(None, self.fixed))

    def beside_fixed(self, design: Mapping[str, Any]) -> dict[str, Any]:
        """Fields of a whole design that can stand beside the fixed ones."""
        try:
            Experiment(**{**design, **self.fixed})
        except ExperimentError as error:
            blamed = {attribute_of(name) for fault in error.faults for name in fault.fields}
            return {name: value for name, value in design.items() if name not in blamed or name == "schedule"}
        return dict(design)

    def _seeds(self, design: dict[str, Any], neurons: str) -> Iterator[Experiment]:
        fields = DrawnFields(None, self.fixed)
        fields.values = {**_PLAIN, **design, "neurons": neurons, **self.fixed}
        first = fields.experiment()
        for number in range(SEEDS):
            yield first.replace(seed=first.seed + number)
