"""How far one data set lies from the mean field: intervals for learning times and P errors of a single run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from theory_sim.closure.mean_field.solve import NODES, PARTICLES, follow_particles
from theory_sim.experiment import Experiment
from theory_sim.theory.closure import Closure
from theory_sim.theory.closure.problem import Floats
from theory_sim.theory.crossings import LEVELS, learning_time
from theory_sim.theory.overlap import P_error

__all__ = ["OF_ODDS", "OF_TAU_P", "OF_TAU_Q", "STATED", "Interval", "Intervals", "intervals_of", "predicted_intervals"]

# Standard deviations over data sets, root mean squares over docs/explanation/closure.csv, to 3 %: of the log of
# the odds c^2 / (1 - c^2) of the overlap and of the log of tau_P, times sqrt d; of the log of tau_Q, times sqrt N.
OF_ODDS: Final = 1.5
OF_TAU_P: Final = 0.85
OF_TAU_Q: Final = 1.7
STATED: Final = (
    "accuracy of the mean field: in brackets, where 95 % of single data sets lie, learning times at 0.45 and errors at the "
    "end; of 30 fresh experiments of ReLU, one data set each, 41 of 44 learning times and 59 of 60 errors were within. The "
    "mean over data sets differs by terms of the order of 1/d"
)
"""What is known of it, in words (docs/explanation/mean_field.md)."""
# A normal draw's 95 %.
_WIDTH: Final = 1.96


@dataclass(frozen=True)
class Interval:
    """A mean-field number, and where 95 % of single data sets have theirs; infinite where a time is not reached.

    A learning time of examples that the data do not hold is not a number, nor are its ends.
    """

    low: float
    middle: float
    high: float

    def shown(self, number: Callable[[float], str], before: str = " ") -> str:
        """In words, the ends in brackets; the middle alone where it is not reached, or the same on all data sets.

        ``before`` stands before the brackets.
        """
        if not math.isfinite(self.middle) or self.low == self.high:
            return number(self.middle)
        return f"{number(self.middle)}{before}({number(self.low)} to {number(self.high)})"


@dataclass(frozen=True)
class Intervals:
    """Intervals of a run: learning times at 0.45, and errors on fresh P examples at several times."""

    tau_P: Interval
    tau_Q: Interval
    P_error: tuple[Interval, ...]


def predicted_intervals(
    experiment: Experiment, times: Sequence[float], *, nodes: int = NODES, particles: int = PARTICLES, seed: int = 0
) -> Intervals:
    """Intervals by one run of the particles, whose own error is small beside them; ``times`` are in units of d."""
    return intervals_of(experiment, follow_particles(experiment, nodes, particles, seed), times)


def intervals_of(experiment: Experiment, course: Closure, times: Sequence[float]) -> Intervals:
    """Intervals around a course that is known.

    A learning time scatters by a factor, and so do the odds of the overlap, of which the error on P is a function (THEORY
    §16). A time that the mean field does not reach has no interval: whether a data set does is not said.
    """
    d, n = experiment.d, experiment.n_examples
    # Another data set may reach epsilon_2 later; none has more steps, or time.
    end = experiment.most_tau if course.outcome == "reached_loss" else course.final_tau
    found = [_spread(_learnt(course.tau, loss), size, end) for loss, size in
             ((course.loss_P, OF_TAU_P / math.sqrt(d)), (course.loss_Q, OF_TAU_Q / math.sqrt(n)))]  # fmt: skip
    overlap = np.interp(np.asarray(times) * d, course.tau, np.nan_to_num(course.overlap))
    errors = [_of_error(float(c), experiment.g0, math.exp(_WIDTH * OF_ODDS / math.sqrt(d))) for c in overlap]
    return Intervals(found[0], found[1], tuple(errors))


def _learnt(tau: Floats, loss: Floats) -> float:
    return math.nan if np.isnan(loss).all() else learning_time(tau, loss, LEVELS[0])


def _spread(time: float, size: float, end: float) -> Interval:
    """Interval of a time that moves by a factor either way; one that reaches the run's end has no upper end."""
    if math.isnan(time):
        return Interval(time, time, time)
    factor = math.exp(_WIDTH * size)
    return Interval(time / factor, time, time * factor if time * factor < end else math.inf)


def _of_error(overlap: float, g0: float, factor: float) -> Interval:
    """Interval of P's error whose odds move by a factor either way."""
    inverse = (1.0 - overlap**2) / overlap**2 if overlap > 0.0 else math.inf  # of the odds: 0 at d = 1, where nothing is across
    moved = np.array([inverse / factor, inverse, inverse * factor])
    low, middle, high = np.asarray(P_error(1.0 / np.sqrt(1.0 + moved), g0)).tolist()
    return Interval(low, middle, high)
