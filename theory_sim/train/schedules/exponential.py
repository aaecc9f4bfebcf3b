"""Exponential decay from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Exponential"]


@SCHEDULES.register
class Exponential(TimeSchedule):
    """eta_1 (eta_2 / eta_1)^(tau / max_tau)."""

    name = "exponential"
    summary = "`eta_1` times a constant factor for each unit of time, so that it is `eta_2` at the end of the run"
    reads = ("eta_1", "eta_2", "max_tau", "schedule_clock")
    needs_end = True
    falls_from_start = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        self._first, self._ratio, self._end = experiment.eta_1, experiment.eta_2 / experiment.eta_1, self.end_of(experiment)

    def rate_at(self, time: float) -> float:
        return self._first * float(self._ratio ** min(time / self._end, 1.0))
