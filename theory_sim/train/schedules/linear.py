"""Straight line from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Linear"]


@SCHEDULES.register
class Linear(TimeSchedule):
    """eta_1 + (eta_2 - eta_1) tau / max_tau."""

    name = "linear"
    summary = "from `eta_1` to `eta_2` along a straight line, which ends with the run"
    reads = ("eta_1", "eta_2", "max_tau", "schedule_clock")
    needs_end = True
    falls_from_start = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        self._first, self._last, self._end = experiment.eta_1, experiment.eta_2, self.end_of(experiment)

    def rate_at(self, time: float) -> float:
        return self._first + (self._last - self._first) * min(time / self._end, 1.0)
