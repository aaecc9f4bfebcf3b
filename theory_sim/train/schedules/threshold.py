"""L-S of THEORY §3: eta_1 until the training loss first falls to epsilon_1 + q_hat l(0), then eta_2."""

from __future__ import annotations

import math
from collections.abc import Iterator

from theory_sim.errors import ExperimentError, Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.train.losses import make_loss
from theory_sim.train.schedules.base import Schedule

__all__ = ["Threshold"]


@SCHEDULES.register
class Threshold(Schedule):
    """Large rate, then small for good.

    Raises
    ------
    ExperimentError
        If the stop loss would be reached before the threshold, with the data's own share of Q-only.
    """

    name = "L-S"
    summary = "`eta_1` until the training loss first falls to $\\epsilon_1+\\hat q\\,\\ell(0)$, then `eta_2`"
    reads = ("eta_1", "eta_2", "epsilon_1")
    piecewise_constant, has_order = True, True
    reads_losses = True

    def __init__(self, experiment: Experiment, q_hat: float) -> None:
        self._threshold = experiment.epsilon_1 + q_hat * make_loss(experiment).at_zero
        if experiment.epsilon_2 is not None and self._threshold <= experiment.epsilon_2:
            raise ExperimentError(
                f"epsilon_1 + q_hat l(0) = {self._threshold:.4g} with q_hat = {q_hat:.4g} drawn, at or below the stop "
                f"loss epsilon_2 = {experiment.epsilon_2:g}",
                "the run must be able to anneal before it stops",
                "raise epsilon_1 or lower epsilon_2", fields=("epsilon_1", "epsilon_2"),
            )
        self._large, self._small = experiment.eta_1, experiment.eta_2

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if experiment.epsilon_2 is None:
            return
        share = experiment.q0 if experiment.has_pq else 0.0
        threshold = experiment.epsilon_1 + share * make_loss(experiment).at_zero
        if threshold <= experiment.epsilon_2:
            yield Fault(f"L-S anneals at epsilon_1 + q0 l(0) = {threshold:.4g}, at or below the stop loss "
                        f"epsilon_2 = {experiment.epsilon_2:g}", "the run must be able to anneal before it stops",
                        "raise epsilon_1 or lower epsilon_2", ("epsilon_1", "q0", "epsilon_2", "schedule"))

    @classmethod
    def title(cls, experiment: Experiment) -> str:
        return rf"{cls.name}: $\eta$ = {experiment.eta_1:g}, then {experiment.eta_2:g}"

    def rate(self, tau: float, training_loss: float) -> float:
        if math.isnan(self.annealed_tau) and training_loss <= self._threshold:
            self.annealed_tau = tau
        return self._large if math.isnan(self.annealed_tau) else self._small

    def threshold(self) -> float:
        return self._threshold if math.isnan(self.annealed_tau) else -math.inf
