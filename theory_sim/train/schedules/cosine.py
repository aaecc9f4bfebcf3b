"""Cosine from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["Cosine"]


@SCHEDULES.register
class Cosine(TimeSchedule):
    """eta_2 + (eta_1 - eta_2)(1 + cos(pi tau / max_tau)) / 2; it falls from the start, so no tau is its annealing."""

    name = "cosine"
    summary = "from `eta_1` down to `eta_2` along half a cosine, which ends with the run"
    reads = ("eta_1", "eta_2", "max_tau", "schedule_clock")
    needs_end = True
    falls_from_start = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        self._first, self._last, self._end = experiment.eta_1, experiment.eta_2, self.end_of(experiment)

    def rate_at(self, time: float) -> float:
        phase = min(time / self._end, 1.0)
        return self._last + (self._first - self._last) * (1 + math.cos(math.pi * phase)) / 2
