"""The user's schedule: [[until_tau, rate], ...]; the last rate goes on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.base import Schedule

__all__ = ["Pieces"]


@SCHEDULES.register
class Pieces(Schedule):
    """Piecewise constant rate; a piece ends at the first step that leaves at or after its ``until_tau``."""

    name = "pieces"
    summary = "`[[until_tau, rate], ...]`: your own; the last rate goes on"
    reads = ("pieces",)
    piecewise_constant = True

    def __init__(self, experiment: Experiment, q_hat: float) -> None:
        self._pieces = experiment.pieces or ()
        self._previous = math.nan

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if not experiment.pieces:
            yield Fault("schedule = 'pieces' without pieces", "pieces = [[until_tau, rate], ...]", "give pieces",
                        ("schedule", "pieces"))

    @classmethod
    def rates(cls, experiment: Experiment) -> dict[str, float]:
        return {f"pieces[{i}] rate": piece[1] for i, piece in enumerate(experiment.pieces or ())}

    @classmethod
    def most_steps(cls, experiment: Experiment, max_tau: float) -> float:
        pieces = experiment.pieces or ()
        ends = [min(until, max_tau) for until, _ in pieces[:-1]] + [max_tau]
        return sum((b - a) / piece[1] for a, b, piece in zip([0.0, *ends], ends, pieces, strict=False))

    def rate(self, tau: float, training_loss: float) -> float:
        rate = next((rate for until, rate in self._pieces if tau < until * (1 - 1e-12)), self._pieces[-1][1])
        if rate < self._previous and math.isnan(self.annealed_tau):
            self.annealed_tau = tau
        self._previous = rate
        return rate

    def until(self, tau: float) -> float:
        return min((until for until, _ in self._pieces if tau < until * (1 - 1e-12)), default=math.inf)

    def state(self) -> tuple[float, ...]:
        return self.annealed_tau, self._previous

    def restore(self, state: tuple[float, ...]) -> None:
        self.annealed_tau, self._previous = state
