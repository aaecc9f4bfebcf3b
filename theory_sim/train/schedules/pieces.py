"""The user's schedule: [[until, rate], ...]; the last rate stays."""

from __future__ import annotations

import math
from collections.abc import Iterator

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Pieces"]


@SCHEDULES.register
class Pieces(TimeSchedule):
    """Piecewise constant rate; a piece ends at the first step that leaves at or after its ``until``."""

    name = "pieces"
    summary = "`[[until, rate], ...]`: your own; the last rate stays"
    reads = ("pieces", "schedule_clock")
    piecewise_constant = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        self._pieces = experiment.pieces or ()

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if not experiment.pieces:
            yield Fault("schedule = 'pieces' without pieces", "pieces = [[until, rate], ...]", "give pieces",
                        ("schedule", "pieces"))

    @classmethod
    def rates(cls, experiment: Experiment) -> dict[str, float]:
        return {f"pieces[{i}] rate": piece[1] for i, piece in enumerate(experiment.pieces or ())}

    @classmethod
    def most_steps(cls, experiment: Experiment, max_tau: float) -> float:
        pieces = experiment.pieces or ()
        if experiment.clock_of_steps:
            return super().most_steps(experiment, max_tau)
        ends = [min(until, max_tau) for until, _ in pieces[:-1]] + [max_tau]
        return sum((b - a) / piece[1] for a, b, piece in zip([0.0, *ends], ends, pieces, strict=False))

    @classmethod
    def least_rate(cls, experiment: Experiment, duration: float) -> float:
        return min(cls.rates(experiment).values())

    def rate_at(self, time: float) -> float:
        return next((rate for until, rate in self._pieces if time < until * (1 - 1e-12)), self._pieces[-1][1])

    def lowest(self, start: float, end: float) -> float:
        return min(rate for _, rate in self._pieces)

    def next_change(self, time: float) -> float:
        return min((until for until, _ in self._pieces if time < until * (1 - 1e-12)), default=math.inf)
