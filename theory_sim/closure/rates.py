"""Schedules of an Experiment as the closure asks for them: the rate, and for how long it stays."""

from __future__ import annotations

import math
from typing import Final

from theory_sim.experiment import Experiment
from theory_sim.train.schedules import TimeSchedule, make_schedule

__all__ = ["FLOW", "ClosureRates"]

# A run of so many steps is followed step by step while its rate changes. In a longer one steps are taken together as long as
# the rate stays within this share of itself, at their mean rate: what that leaves out of the noise's level is of the order of
# the share's square.
_FOLLOWED: Final = 900
_CHANGE: Final = 0.05
_HALVINGS: Final = 4
FLOW: Final = 1e-3
"""Share of every rate at which steps are gradient flow: a thousand for each of the run's own."""


class ClosureRates:
    """The other engines' very schedules, with q0 for the share of Q-only in a data set; ``share`` multiplies all rates."""

    def __init__(self, experiment: Experiment, share: float = 1.0) -> None:
        self._share = share
        self._experiment, self._schedule = experiment, make_schedule(experiment, experiment.q0)
        self._smooth: TimeSchedule | None = None
        if isinstance(self._schedule, TimeSchedule) and not self._schedule.piecewise_constant:
            self._smooth = self._schedule if share < 1.0 or experiment.most_steps > _FOLLOWED else None

    @property
    def annealed_tau(self) -> float:
        """Time at which the rate first fell, NaN before."""
        return self._schedule.annealed_tau

    def rate(self, tau: float, training_loss: float, step: int) -> float:
        """Rate of the step that leaves ``tau``."""
        self._schedule.step = step
        return self._share * self._schedule.rate(tau, training_loss)

    @property
    def smooth(self) -> bool:
        """Whether the rate changes little by little, and steps of nearly one rate are taken together."""
        return self._smooth is not None

    def mean(self, tau: float, rate: float, steps: int) -> float:
        """Mean rate of so many steps from ``tau`` on, the first of which has ``rate``: by the rule of the midpoint."""
        if self._smooth is None or steps == 1:
            return rate
        between, time = 0.5 * (steps - 1), self._smooth.time(tau)
        if self._smooth.by_step:
            return self._share * self._smooth.rate_at(time + between)
        middle = rate
        for _ in range(3):  # the middle is where half of the steps lead, at their mean rate
            middle = self._share * self._smooth.rate_at(time + between * 0.5 * (rate + middle))
        return middle

    def _span(self, schedule: TimeSchedule, time: float) -> float:
        """Largest span of time over which the rate stays within a share of itself, found by doubling and halving."""
        rate, longest = schedule.rate_at(time), schedule.end_of(self._experiment)

        def stays(span: float) -> bool:
            seen = [schedule.rate_at(time + share * span) for share in (0.25, 0.5, 0.75, 1.0)]
            return max(*seen, rate) - min(*seen, rate) <= _CHANGE * rate

        kept, span = 0.0, 1.0 if schedule.by_step else rate
        while span < longest and stays(span):
            kept, span = span, 2.0 * span
        for _ in range(_HALVINGS):
            middle = 0.5 * (kept + span)
            kept, span = (middle, span) if stays(middle) else (kept, middle)
        return kept

    def largest(self) -> float:
        """Largest rate that can occur."""
        return self._share * max(self._experiment.rates().values())

    def until(self, tau: float) -> float:
        """Time up to which steps that leave from ``tau`` on have one rate, or nearly."""
        if self._smooth is not None:
            span = self._span(self._smooth, self._smooth.time(tau))
            return tau + (span * self._smooth.rate_at(float(self._smooth.step)) if self._smooth.by_step else span)
        return math.inf if self._schedule.steady else self._schedule.until(tau)

    def threshold(self) -> float:
        """Training loss at which the rate will change, -inf if no loss changes it."""
        return self._schedule.threshold()
