"""Cosine from eta_1 at tau = 0 to eta_2 at max_tau."""

from __future__ import annotations

import math

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.base import Schedule

__all__ = ["Cosine"]


@SCHEDULES.register
class Cosine(Schedule):
    """eta_2 + (eta_1 - eta_2)(1 + cos(pi tau / max_tau)) / 2; it falls from the start, so no tau is its annealing."""

    name = "cosine"
    summary = "from `eta_1` down to `eta_2` along half a cosine, which ends at `max_tau`"
    reads = ("eta_1", "eta_2", "max_tau")

    def __init__(self, experiment: Experiment, q_hat: float) -> None:
        self._first, self._last, self._end = experiment.eta_1, experiment.eta_2, experiment.max_tau

    def rate(self, tau: float, training_loss: float) -> float:
        phase = min(tau / self._end, 1.0)
        return self._last + (self._first - self._last) * (1 + math.cos(math.pi * phase)) / 2
