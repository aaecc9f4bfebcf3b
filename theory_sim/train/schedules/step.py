"""Rate cut by a constant factor every ``step_tau`` of learning-rate time."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.schedules.base import Schedule

__all__ = ["Step"]

# Cuts that are added up one by one; a rate cut so often is nothing, or the factor is nearly 1.
_MOST_CUTS = 1000


@SCHEDULES.register
class Step(Schedule):
    """eta_1 * step_factor^floor(tau / step_tau)."""

    name = "step"
    summary = "`eta_1`, multiplied by `step_factor` each time another `step_tau` has passed"
    reads = ("eta_1", "step_tau", "step_factor")
    piecewise_constant = True

    def __init__(self, experiment: Experiment, q_hat: float) -> None:
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
        cuts = math.floor(duration / (experiment.step_tau or math.inf) + 1)
        return max(experiment.eta_1 * experiment.step_factor**cuts, sys.float_info.min)  # after many cuts it would be 0

    @classmethod
    def most_steps(cls, experiment: Experiment, max_tau: float) -> float:
        every = experiment.step_tau or math.inf
        pieces = [(every, experiment.eta_1)]
        while sum(piece[0] for piece in pieces) < max_tau and len(pieces) < _MOST_CUTS and pieces[-1][1] > 0:
            pieces.append((every, pieces[-1][1] * experiment.step_factor))
        return sum(min(span, max_tau) / rate if rate > 0 else math.inf for span, rate in pieces)

    def rate(self, tau: float, training_loss: float) -> float:
        cuts = self._cuts(tau)
        if cuts and self._factor < 1 and math.isnan(self.annealed_tau):
            self.annealed_tau = tau
        return self._first * self._factor**cuts

    def until(self, tau: float) -> float:
        return (self._cuts(tau) + 1) * self._every

    def _cuts(self, tau: float) -> int:
        return math.floor(tau / self._every * (1 + 1e-12))
