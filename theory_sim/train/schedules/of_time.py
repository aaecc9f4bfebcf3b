"""Schedules whose rate is a function of time alone: of tau, or of the number of steps."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Final

from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.train.schedules.base import Schedule, require_rate

__all__ = ["TimeSchedule"]

# Steps that are counted one by one for the number of steps of a run; beyond, by spans in which the rate hardly changes.
_COUNTED: Final = 10_000
_SPANS: Final = 1000
_LONGEST: Final = 1e12


class TimeSchedule(Schedule):
    """gamma = `rate_at` of time, which is tau, or the number of steps taken with ``schedule_clock = "step"``.

    A subclass gives `rate_at`, and `lowest` if the rate falls and rises again within the run; its ``__init__`` calls this one.

    Attributes
    ----------
    needs_end : bool
        Whether it is stretched to the run's end: ``max_tau``, or ``max_steps`` by steps.
    falls_from_start : bool
        Whether it falls little by little from the start, so that no tau is its annealing.
    """

    needs_end: ClassVar[bool] = False
    falls_from_start: bool = False

    def __init__(self, experiment: Experiment, q_hat: float = math.nan) -> None:
        self.by_step = experiment.clock_of_steps
        self._previous = math.nan

    @abstractmethod
    def rate_at(self, time: float) -> float:
        """Rate of the step that leaves at a time, above 0; the same whenever it is asked."""

    def lowest(self, start: float, end: float) -> float:
        """Lower bound of the rates of a span of time; by default for a rate that does not fall and rise again."""
        return min(self.rate_at(start), self.rate_at(end))

    def next_change(self, time: float) -> float:
        """Next time at which a piecewise constant rate changes."""
        return math.inf

    def time(self, tau: float) -> float:
        """The clock's time at the present step."""
        return float(self.step) if self.by_step else tau

    def rate(self, tau: float, training_loss: float) -> float:
        rate = self.rate_at(self.time(tau))
        if rate < self._previous and math.isnan(self.annealed_tau) and not self.falls_from_start:
            self.annealed_tau = tau
        self._previous = rate
        return rate

    def until(self, tau: float) -> float:
        if not self.piecewise_constant:
            return tau
        change = self.next_change(self.time(tau))
        if not self.by_step or math.isinf(change):
            return change
        # Half a step before the time that is meant: whatever the rounding of tau, that step is the first to leave after it.
        return tau + (math.ceil(change) - self.step - 0.5) * self.rate_at(float(self.step))

    def state(self) -> tuple[float, ...]:
        return self.annealed_tau, self._previous

    def restore(self, state: tuple[float, ...]) -> None:
        self.annealed_tau, self._previous = state

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        if cls.needs_end and experiment.clock_of_steps and experiment.max_steps is None:
            yield Fault(f"schedule = {cls.name!r} by step without max_steps", "it is stretched to the end of the run",
                        "give max_steps", ("schedule", "schedule_clock", "max_steps"))

    @classmethod
    def end_of(cls, experiment: Experiment) -> float:
        """The time at which the run ends, by the schedule's clock."""
        return float(experiment.max_steps or _LONGEST) if experiment.clock_of_steps else experiment.max_tau

    @classmethod
    def least_rate(cls, experiment: Experiment, duration: float) -> float:
        last = duration
        if experiment.clock_of_steps:
            last = cls.most_steps(experiment, duration)
            last = min(last, _LONGEST if experiment.max_steps is None else experiment.max_steps)
        return cls(experiment, math.nan).lowest(0.0, last)

    @classmethod
    def most_steps(cls, experiment: Experiment, max_tau: float) -> float:
        """Exact up to 10 000 steps; beyond an upper bound, by the lowest rate in each of many spans."""
        schedule = cls(experiment, math.nan)
        tau = 0.0
        for step in range(_COUNTED):
            if tau >= max_tau * (1 - 1e-12):
                return step
            rate = schedule.rate_at(float(step) if schedule.by_step else tau)
            require_rate(cls.name, rate, tau)
            tau += rate
        return _COUNTED + (schedule._rest_by_step(max_tau - tau) if schedule.by_step else schedule._rest(tau, max_tau))

    def _rest(self, tau: float, max_tau: float) -> float:
        """Bound of the steps from tau to max_tau: one more in each span than its lowest rate takes."""
        length = (max_tau - tau) / _SPANS
        return sum(length / self.lowest(tau + i * length, tau + (i + 1) * length) + 1 for i in range(_SPANS))

    def _rest_by_step(self, left: float) -> float:
        first, count = float(_COUNTED), 0.1 * _COUNTED
        while first < _LONGEST:
            lowest = self.lowest(first, first + count)
            if lowest * count >= left:
                return first - _COUNTED + left / lowest
            left, first, count = left - lowest * count, first + count, 1.1 * count
        return math.inf
