"""Rate cut by a constant factor every ``step_tau`` of time."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Step"]


@SCHEDULES.register
class Step(TimeSchedule):
    """eta_1 * step_factor^floor(tau / step_tau)."""

    name = "step"
    summary = "`eta_1`, multiplied by `step_factor` each time another `step_tau` has passed"
    reads = ("eta_1", "step_tau", "step_factor", "schedule_clock")
    piecewise_constant = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        self._first, self._factor = experiment.eta_1, experiment.step_factor
        self._every = experiment.step_tau or math.inf
        self.steady = self._factor == 1.0

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if experiment.step_tau is None:
            yield Fault("schedule = 'step' without step_tau", "step_tau is the tau between two cuts", "give step_tau",
                        ("schedule", "step_tau"))

    @classmethod
    def least_rate(cls, experiment: Experiment, duration: float) -> float:
        if experiment.clock_of_steps:
            return max(super().least_rate(experiment, duration), sys.float_info.min)
        cuts = math.floor(duration / (experiment.step_tau or math.inf) + 1)
        return max(experiment.eta_1 * experiment.step_factor**cuts, sys.float_info.min)  # after many cuts it would be 0

    def rate_at(self, time: float) -> float:
        return max(self._first * self._factor ** self._cuts(time), sys.float_info.min)

    def next_change(self, time: float) -> float:
        return (self._cuts(time) + 1) * self._every

    def _cuts(self, time: float) -> int:
        return math.floor(time / self._every * (1 + 1e-12))
