"""When a run ends as the closure expects it, and time that the closure itself takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from theory_sim.closure.of_experiment import BLOCKS, get_closure, make_problem
from theory_sim.closure.rates import ClosureRates
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.numeric.rates import get_rates
from theory_sim.theory.closure import Closure
from theory_sim.theory.closure.grid import MOST_BLOCKS, Grid, enough_blocks

__all__ = ["closure_seconds", "count_blocks", "expected_end"]

# Of the closure's blocks, for an end or a change of the rate that depends on the loss: some milliseconds.
_COARSE: Final = 0.1
# Calls of NumPy's that take as long as a block of one step, as one of several, and as what is done once.
_OF_ONE, _OF_SEVERAL, _ONCE = 660.0, 940.0, 13_500.0
# Passes over the numbers that a block keeps, for each block after it: of its residual weights and reactions.
_OF_PAIR: Final = 720.0


def expected_end(e: Experiment) -> tuple[float, float]:
    """Steps and learning-rate time until a run ends, where that or a change of its rate depends on the loss; else at most."""
    if not _follows_loss(e):
        return e.most_steps, e.most_tau
    try:
        course = get_closure(e, fineness=_COARSE)
    except InputError:  # a rate that the closure does not take
        return e.most_steps, e.most_tau
    return min(e.most_steps, course.final_step), min(e.most_tau, course.final_tau)


def closure_seconds(e: Experiment) -> float:
    """Time that the closure takes: each block looks back at all before it."""
    ones, several = count_blocks(e, enough_blocks(make_problem(e), ClosureRates(e), BLOCKS))
    rates, calls = get_rates("float64"), _ONCE + _OF_ONE * ones + _OF_SEVERAL * several
    return calls / rates.calls + _OF_PAIR * (ones + several) ** 2 / rates.elements


def _follows_loss(e: Experiment) -> bool:
    return e.epsilon_2 is not None or ClosureRates(e).threshold() > -math.inf


def count_blocks(e: Experiment, blocks: int = BLOCKS, share: float = 1.0) -> tuple[int, int]:
    """Blocks of one step and of several, of ``blocks`` that are aimed at, where none is shorter for its overshooting.

    ``share`` multiplies all rates.
    """
    rates = ClosureRates(e, share)
    end, rate_at = e.max_tau, _rate_at(rates)
    if _follows_loss(e):
        try:
            coarse = get_closure(e, fineness=_COARSE)
        except InputError:
            return MOST_BLOCKS, 0
        end, rate_at = coarse.final_tau, _rate_of(coarse, share)
    grid, tau, step = Grid(make_problem(e), rates, blocks), 0.0, 0
    ones = several = 0
    while ones + several < MOST_BLOCKS and tau < end * (1.0 - 1e-12) and (e.max_steps is None or step < e.max_steps):
        steps, tau = grid.stretch(tau, step, rate_at(tau, step))
        step += steps
        ones, several = ones + (steps == 1), several + (steps > 1)
    return ones, several


def _rate_at(rates: ClosureRates) -> Callable[[float, int], float]:
    """Rate of a schedule that no loss changes."""
    return lambda tau, step: rates.rate(tau, math.inf, step)


def _rate_of(course: Closure, share: float) -> Callable[[float, int], float]:
    return lambda tau, step: share * float(course.rate[np.searchsorted(course.tau, tau, "right") - 1])
