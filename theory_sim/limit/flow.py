"""Gradient flow in learning-rate time with adaptive steps: what the steps become as every rate shrinks (THEORY §7).

The noise keeps the rate's size, d tau^2 / d tau = -2 lambda tau^2 + gamma tau_xi^2; only the steps of the signal vanish. A
step extrapolates the residuals, evaluates the outputs, and repeats with residuals linear between both ends. The
difference estimates the error, by Milne's device for these two formulas of second order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.limit.memories import Residuals
from theory_sim.limit.network import LimitNetwork, Start
from theory_sim.loop import Run
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.trajectory import Outcome

__all__ = ["FlowRun", "TimeError"]

_FIRST: Final = 1e-3
# Error constants 5/12 and -1/12: a sixth of the difference is the corrector's own error.
_MILNE: Final = 1.0 / 6.0
_CROSSING: Final = 1e-7
_SMALLEST: Final = 1e-10


class TimeError(Observer):
    """Error of the adaptive steps so far."""

    variables: Mapping[str, Variable] = {
        "time_error": Variable((), "1", "sum of the estimated local errors of an output, largest over the examples"),
    }

    def __init__(self) -> None:
        self.total = 0.0

    def observe(self, snapshot: Snapshot) -> Values:
        return {"time_error": self.total}

    def state(self) -> Mapping[str, Array]:
        return {"total": np.array(self.total)}

    def restore(self, state: Mapping[str, Array]) -> None:
        self.total = float(state["total"])


class FlowRun(Run[LimitNetwork]):
    """A run in continuous time; ``step`` counts accepted steps of the solver.

    Parameters
    ----------
    *arguments, **options
        As for `Run`.
    error : TimeError
        One of the observers, which this run adds to.
    tolerance : float
        Largest estimated local error of an output for one step.
    """

    def __init__(self, *arguments: Any, error: TimeError, tolerance: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._error, self._tolerance = error, tolerance
        self._length = _FIRST * min(1.0, self.experiment.max_tau)
        self._previous: tuple[Residuals, float] | None = None

    def to_the_end(self) -> tuple[Outcome, str]:
        if self.step == 0:
            self._start()
        try:
            while True:
                training_loss = self._loss()
                end = self._visit(training_loss)
                if end is not None:
                    return end
                self._take(self.rate, training_loss)
        except KeyboardInterrupt:
            return "interrupted", f"interrupted at step {self.step}, tau = {self.tau:g}"

    def _rate_changed(self, before: float) -> None:
        if self.rate != before:
            self._previous = None  # residuals keep their value but not their slope
        super()._rate_changed(before)

    def _state(self) -> dict[str, Array]:
        state = super()._state() | {"flow": np.array([self._length, 0.0])}
        if self._previous is not None:
            residuals, length = self._previous
            state["flow"] = np.array([self._length, length])
            state |= {f"flow/{i}": part for i, part in enumerate(residuals.parts())}
        return state

    def restore(self, segments: Sequence[Mapping[str, Array]], state: Mapping[str, Array]) -> None:
        super().restore(segments, state)
        self._length, length = (float(value) for value in state["flow"])
        self._previous = (Residuals(*(state[f"flow/{i}"] for i in range(4))), length) if length > 0 else None

    def _loss(self) -> float:
        return float(np.mean(self.loss.value(self.train.y * self.network.f)))

    def _take(self, rate: float, training_loss: float) -> None:
        """One accepted step; its length obeys the error, the next stop and the threshold of L-S."""
        start, first = self.network.start(), self.network.residuals()
        room = self._next_stop() - self.tau
        length, wanted = self._fitted(min(self._length, room), room), self._length
        while True:
            error = self._attempt(start, first, rate, length)
            if not error <= self._tolerance and length > _SMALLEST:
                length *= 0.5 if not math.isfinite(error) else max(0.2, 0.9 * (self._tolerance / error) ** (1 / 3))
                wanted = length
                continue
            crossing = self._crossing(training_loss, length)
            if crossing is None:
                break
            length = wanted = crossing
        growth = 2.0 if error == 0 else min(2.0, 0.9 * (self._tolerance / error) ** (1 / 3))
        # A step cut short by a record or a threshold says little about how long the next may be.
        self._length = max(wanted, growth * length)
        self._error.total += error
        self._previous = first, length
        self._tau_before = self.tau
        self.tau = self._next_stop() if length >= room * (1 - 1e-9) else self.tau + length
        self.step += 1

    @staticmethod
    def _fitted(length: float, room: float) -> float:
        """Two equal steps rather than a long one and a splinter."""
        return room if length >= room * (1 - 1e-9) else (0.5 * room if length > 0.5 * room else length)

    def _attempt(self, start: Start, first: Residuals, rate: float, length: float) -> float:
        guess = first
        if self._previous is not None:
            before, earlier = self._previous
            guess = first.extrapolated(before, length / earlier)
        self.network.move(start, first, guess, rate, length)
        predicted = self.network.f
        self.network.move(start, first, self.network.residuals(), rate, length)
        difference = float(np.abs(self.network.f - predicted).max())
        # Without a slope the guess is of first order, and all of the difference is its error.
        return difference * (_MILNE if self._previous is not None else 1.0)

    def _crossing(self, before: float, length: float) -> float | None:
        """Length at which the loss reaches L-S's threshold, or the stop loss, if this step goes beyond it."""
        level = self.schedule.threshold()
        if level == -math.inf:
            level = -math.inf if self.experiment.epsilon_2 is None else self.experiment.epsilon_2
        if level == -math.inf:
            return None
        below = level - self._loss()
        if below < 0 or below <= _CROSSING or length <= _SMALLEST:
            return None
        share = (before - level + 0.3 * _CROSSING) / (before - level + below)
        return max(length * share, _SMALLEST)

    def _next_stop(self) -> float:
        """Next record, end, or time at which the rate may jump."""
        return min(self.experiment.max_tau, self.records.next_tau(self.tau), self.schedule.until(self.tau))
