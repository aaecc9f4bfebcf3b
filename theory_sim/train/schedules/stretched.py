"""Schedules from eta_1 at the start to eta_2 at the end of the run."""

from __future__ import annotations

import math
from abc import abstractmethod

from theory_sim.experiment import Experiment
from theory_sim.train.schedules.of_time import TimeSchedule

__all__ = ["StretchedSchedule"]


class StretchedSchedule(TimeSchedule):
    """gamma = `rate_at_share` of the share of the run that is over. It falls from the start, so no tau is its annealing."""

    reads = ("eta_1", "eta_2", "max_tau", "schedule_clock")
    needs_end = True
    falls_from_start = True

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        super().__init__(experiment, q_hat)
        self.eta_1, self.eta_2, self._end = experiment.eta_1, experiment.eta_2, self.end_of(experiment)

    @abstractmethod
    def rate_at_share(self, share: float) -> float:
        """Rate at a share of the run, from 0 to 1."""

    def rate_at(self, time: float) -> float:
        return self.rate_at_share(min(time / self._end, 1.0))
