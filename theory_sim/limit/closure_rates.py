"""Schedules of an Experiment as the closure asks for them: the rate, and for how long it stays."""

from __future__ import annotations

import math
from collections.abc import Callable

from theory_sim.experiment import Experiment
from theory_sim.train.schedules import schedule_of
from theory_sim.train.schedules.threshold import Threshold

__all__ = ["ClosureRates"]


class ClosureRates:
    """The very schedules of the other engines, with q0 for the share of Q-only in a data set."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment, self._schedule = experiment, schedule_of(experiment, experiment.q0)

    @property
    def annealed_tau(self) -> float:
        """Time at which the rate first fell, NaN before."""
        return self._schedule.annealed_tau

    def rate(self, tau: float, training_loss: float) -> float:
        """Rate of the step that leaves ``tau``."""
        return self._schedule.rate(tau, training_loss)

    def largest(self) -> float:
        """Largest rate that can occur."""
        return max(self._experiment.rates().values())

    def until(self, tau: float) -> float:
        """Time up to which steps that leave from ``tau`` on have one rate."""
        return _UNTIL[self._experiment.schedule](self._experiment, tau)

    def threshold(self) -> float:
        """Training loss at which the rate will change, -inf if no loss changes it."""
        waiting = isinstance(self._schedule, Threshold) and math.isnan(self._schedule.annealed_tau)
        return self._schedule.threshold if isinstance(self._schedule, Threshold) and waiting else -math.inf


def _for_good(e: Experiment, tau: float) -> float:
    return math.inf


def _each_step(e: Experiment, tau: float) -> float:
    return tau


def _next_cut(e: Experiment, tau: float) -> float:
    if e.step_tau is None or e.step_factor == 1.0:
        return math.inf
    return (math.floor(tau / e.step_tau * (1 + 1e-12)) + 1) * e.step_tau


def _next_piece(e: Experiment, tau: float) -> float:
    return min((until for until, _ in e.pieces or () if tau < until * (1 - 1e-12)), default=math.inf)


_UNTIL: dict[str, Callable[[Experiment, float], float]] = {
    "L-S": _for_good, "S": _for_good, "constant": _for_good, "cosine": _each_step, "step": _next_cut, "pieces": _next_piece,
}
