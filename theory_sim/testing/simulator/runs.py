"""Runs of a simulator that several laws look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment import Experiment
from theory_sim.testing.drawn_fields import DrawnFields
from theory_sim.testing.simulator.task import PARTS, Answer, Declined, Simulator, Task, ask

__all__ = ["SAME", "SEEDS", "STEPS", "Case", "Runs"]

Case = tuple[Experiment, Answer]
SAME: Final[Mapping[str, Any]] = {
    "network": "split", "noise_placement": "none", "patterns": "moving", "batch_size": None, "epsilon_2": None,
}
"""Fields that the battery does not vary: `rule` has no step for others."""
# What the step and the draws of the battery follow; of other fields they know the default.
_KNOWN: Final = {
    "name", "d", "kappa", "N", "p0", "q0", "g0", "r", "alpha_min", "alpha_max", "counts", "n_test", "m_W", "m_V", "neurons",
    "dtype", "schedule", "eta_1", "eta_2", "epsilon_1", "step_tau", "step_factor", "pieces", "lambda_", "loss", "optimiser",
    "tau_xi", "tau_0", "tau_0_rate", "max_tau", "max_steps", "seed", "record_every", "schedule_clock",
}
_OPTIMISERS: Final = ("gradient-descent", "heavy-ball")
SEEDS: Final = 4
STEPS: Final = 20
# Draws of 80 000 numbers a layer: four seeds, 20 steps, 1000 numbers a step if neurons are paired. Rates are not 1, at which
# powers of the rate are equal.
_WIDE: Final = {
    "d": 10, "N": 8, "p0": 0.3, "q0": 0.3, "r": 0.5, "m_W": 200, "m_V": 1000, "dtype": "float64", "tau_xi": 0.5, "tau_0": 1.0,
    "lambda_": 0.05, "schedule": "pieces", "pieces": ((6.0, 1.5), (8.0, 0.25)), "eta_1": 1.5, "eta_2": 0.25, "n_test": 1,
}
_MANY: Final = {
    "d": 10, "N": 3000, "p0": 0.3, "q0": 0.3, "r": 0.5, "alpha_min": 0.2, "alpha_max": 1.0, "counts": "random", "n_test": 1000,
    "m_W": 2, "m_V": 2, "dtype": "float64", "tau_0": 1.0, "lambda_": 0.0, "schedule": "constant", "eta_1": 0.5,
}


@dataclass
class Runs:
    """Runs of a simulator.

    Parameters
    ----------
    simulator : callable
        As `check_simulator` takes it.
    fixed : dict
        Fields of the Experiment to hold at a value.

    Raises
    ------
    InputError
        If the battery knows no step with one of them.
    """

    simulator: Simulator
    fixed: dict[str, Any] = field(default_factory=dict)
    _kept: dict[Any, list[list[Case]] | Declined] = field(default_factory=dict)

    def __post_init__(self) -> None:
        optimiser = self.fixed.get("optimiser", _OPTIMISERS[0])
        if optimiser not in _OPTIMISERS or self.fixed.get("decay", "coupled") != "coupled":
            raise InputError(f"optimiser = {optimiser!r} with decay = {self.fixed.get('decay', 'coupled')!r}",
                             f"the battery knows the step of {' and '.join(_OPTIMISERS)}, with coupled decay",
                             "hold one of these")
        for name, value in self.fixed.items():
            if name in Experiment.model_fields and name not in _KNOWN:
                only = SAME.get(name, Experiment.model_fields[name].default)
                if value != only:
                    raise InputError(f"{name} = {value!r}", f"the battery knows the step with {name} = {only!r} alone",
                                     f"leave {name} out")

    def run(self, experiment: Experiment, *, gives: tuple[str, ...] = PARTS, steps: int | None = None) -> tuple[Task, Answer]:
        """One run, with everything given unless ``gives`` says less."""
        task = Task(experiment, steps or experiment.max_steps or 1, gives)
        return task, ask(self.simulator, task)

    def wide(self, *gives: str) -> list[list[Case]]:
        """Runs for laws of noise and start, a list for each law of neurons: that many seeds."""
        return self._drawn(_WIDE, gives, STEPS, ("paired", "independent"))

    def many(self) -> list[list[Case]]:
        """Runs for laws of data: many examples, one step."""
        return self._drawn(_MANY, (), 1, ("paired",))

    def _drawn(self, design: dict[str, Any], gives: tuple[str, ...], steps: int, laws: Sequence[str]) -> list[list[Case]]:
        key = (gives, steps)
        if key not in self._kept:
            laws = [self.fixed["neurons"]] if "neurons" in self.fixed else laws
            try:
                self._kept[key] = [[(e, self.run(e, gives=gives, steps=steps)[1]) for e in self._seeds(design, neurons)]
                                   for neurons in laws]
            except Declined as declined:
                self._kept[key] = declined
        found = self._kept[key]
        if isinstance(found, Declined):
            raise found
        return found

    def beside_fixed(self, design: Mapping[str, Any]) -> dict[str, Any]:
        """Fields of a whole design that can stand beside the fixed ones."""
        try:
            Experiment(**{**design, **self.fixed})
        except ExperimentError as error:
            blamed = {("lambda_" if name == "lambda" else name) for fault in error.faults for name in fault.fields}
            return {name: value for name, value in design.items() if name not in blamed or name == "schedule"}
        return dict(design)

    def _seeds(self, design: dict[str, Any], neurons: str) -> Iterator[Experiment]:
        fields = DrawnFields(None, self.fixed)
        fields.values = {**SAME, **design, "neurons": neurons, **self.fixed}
        first = fields.experiment()
        for number in range(SEEDS):
            yield first.replace(seed=first.seed + number)
