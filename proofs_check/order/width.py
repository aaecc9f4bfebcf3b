"""The learning order at finite width: from how many neurons on it is the limit's, with a probability (THEORY §14)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from flint import arb

from proofs_check.methods.enclosure import precision
from proofs_check.order.arm import ALL, Arm, Problem, threshold
from proofs_check.order.width_bounds import METHODS, Bounds, Course, Method, bounds, make_course
from theory_sim.arrays import Array
from theory_sim.errors import Fault, InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES

__all__ = ["WidthTheorem", "least_widths", "require_finite_width"]

_MOST: Final = (0.05, 0.1, 0.2, 0.4)
"""How far outputs may be from the limit's before they are no longer followed; the one that gives the least width is taken."""
_LARGEST: Final = 60.0
_DIGITS: Final = 0.005
_EVENTS: Final = 5
"""Of a site and a step: neurons moved, what they keep, both tails of an output, active neurons."""


@dataclass(frozen=True)
class WidthTheorem:
    """From a width on the order is that of the limit.

    Attributes
    ----------
    schedule, order, method : str
        Whose order, which, and what the proof uses.
    level, delta : float
        The level of the order, and the probability with which it may fail.
    width : int or None
        The least number of neurons of either layer that is proved to be enough, even; None if none is.
    step, tau : int, float
        After this many steps one kind is below the level while the other has never been.
    output, loss : float
        Until then outputs are within ``output`` of the limit's, and losses of the kinds within ``loss``.
    most : float
        Signals are bounded for outputs within this of the limit's; infinite where that is not used.
    """

    schedule: str
    order: str
    method: str
    level: float
    delta: float
    width: int | None
    step: int = 0
    tau: float = 0.0
    output: float = math.nan
    loss: float = math.nan
    most: float = math.inf


def require_finite_width(experiment: Experiment) -> None:
    """Raise InputError unless the theorem of finite width is of such networks."""
    faults = list(_faults(experiment))
    if faults:
        raise InputError.of(faults)


def _faults(e: Experiment) -> Iterator[Fault]:
    for field, chosen, holds, rule in (
        ("network", e.network, not e.shared_filters, "the split network"),
        ("neurons", e.neurons, e.paired, "paired neurons, whose noise output vanishes"),
        ("patterns", e.patterns, not (e.frozen_patterns or e.redrawn_patterns or e.patterns_freeze), "patterns that move"),
        ("batch_size", e.batch_size, e.batch_size is None, "full batches"),
    ):
        if not holds:
            yield Fault(f"{field} = {chosen!r} for an order at finite width", f"{rule} (docs/explanation/order.md)",
                        f"leave {field} out, or prove the order of the limit alone", (field,))


def least_widths(experiment: Experiment, problem: Problem, arm: Arm, level: float, delta: float) -> tuple[WidthTheorem, ...]:
    """The least width by each method, from the first count to the sharpest.

    Parameters
    ----------
    experiment : Experiment
        With the arm's schedule.
    problem, arm : Problem, Arm
        The data set, and its run at infinite width, enclosed.
    level : float
        One of the arm's levels.
    delta : float
        Probability, over U_0 and the noise, with which the order may differ.
    """
    order = "undecided" if arm.reason else next(each.order for each in arm.levels if each.level == level)
    if order not in ("P first", "Q first"):
        return ()
    first, second = ("P-only", "Q-only") if order == "P first" else ("Q-only", "P-only")
    events = _EVENTS * len(problem.sites) * (len(arm.run.rates) + 1)
    with precision(128):
        log_events = float((arb(events) / arb(delta)).log().mid()) * (1.0 + 1e-12)
    goal = _Goal(experiment, problem, arm, first, second, level)
    return tuple(_least(goal, method, order, delta, log_events) for method in METHODS)


@dataclass(frozen=True)
class _Goal:
    """What has to stay true of losses."""

    experiment: Experiment
    problem: Problem
    arm: Arm
    first: str
    second: str
    level: float

    def steps(self, found: Bounds, most: float) -> Array:
        """Steps (T + 1,) after which the first kind is below the level, the second never was, and rates were the limit's."""
        e, losses, off = self.experiment, self.arm.losses, found.losses
        below: Array = losses[self.first][1] + off[self.first] <= self.level - 1e-12
        above = losses[self.second][0] - off[self.second] >= self.level + 1e-12
        followed = np.logical_and.accumulate(above & (found.outputs <= most))
        low, high = losses[ALL][0] - off[ALL], losses[ALL][1] + off[ALL]
        same_rates = found.stable & (low[:-1] >= (-math.inf if e.epsilon_2 is None else e.epsilon_2 + 1e-12))
        if SCHEDULES[e.schedule].reads_losses and e.eta_1 != e.eta_2:
            under, over = threshold(e, self.problem.data)
            until = len(same_rates) if self.arm.switch is None else self.arm.switch
            same_rates[:until] &= low[:until] >= over + 1e-12
            same_rates[until : until + 1] &= high[until : until + 1][: len(same_rates) - until] <= under - 1e-12
        before = np.concatenate([[True], np.logical_and.accumulate(same_rates)])
        return np.asarray(below & followed & before)


def _least(goal: _Goal, method: Method, order: str, delta: float, log_events: float) -> WidthTheorem:
    """Bisection: every bound falls with the width."""
    best: tuple[float, Course, float] | None = None
    for most in _MOST if method.sharp else (math.inf,):
        course = make_course(goal.experiment, goal.problem, goal.arm, method, most)

        def enough(digits: float, course: Course = course, most: float = most) -> bool:
            return bool(goal.steps(bounds(course, 10.0**digits, log_events), most).any())

        low, high = 1.0, _LARGEST if best is None else best[0]
        if not enough(high):
            continue
        while high - low > _DIGITS:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if enough(middle) else (middle, high)
        best = high, course, most
    arm = goal.arm
    if best is None:
        return WidthTheorem(arm.schedule, order, method.name, goal.level, delta, None)
    width = 2 * math.ceil(10.0 ** best[0] / 2.0)
    found = bounds(best[1], float(width), log_events)
    step = int(np.flatnonzero(goal.steps(found, best[2]))[0])
    until = slice(0, step + 1)
    loss = max(float(found.losses[kind][until].max()) for kind in (goal.first, goal.second))
    return WidthTheorem(arm.schedule, order, method.name, goal.level, delta, width, step, float(arm.tau[step]),
                        float(found.outputs[until].max()), loss, best[2])
