"""How many steps a block of the closure takes, and where it ends on the clock of the other engines."""

from __future__ import annotations

import math

import numpy as np

from theory_sim.errors import InputError
from theory_sim.theory.closure.examples import Examples
from theory_sim.theory.closure.patch_q import Residual, equal_time_kernel
from theory_sim.theory.closure.problem import ClosureProblem, Floats, Rates
from theory_sim.theory.conditions import in_words, top_curvature
from theory_sim.theory.sharpness import bound_of_P, sharpness_of_P

__all__ = ["MOST_BLOCKS", "Grid", "enough_blocks", "longest_run", "shorter_than_decay"]

# Beyond, a run takes more than seconds.
MOST_BLOCKS = 1000
# Blocks have their full length from this share of the run on, counted from its start or the last change of the rate.
_GROWTH = 0.1
# Rate times curvature from which gradient descent, stable below 2, is followed step by step; for so many steps, in which it has
# diverged, or oscillates for good, or has come to where the loss is flatter.
_OVERSHOOTING, _MOST_OVERSHOOTING = 1.9, 300
# A block's sources lie at its centre: of what decays by e^-x over it, that keeps all but 4 % for x up to this.
_MOST_DECAY = 1.0
_ROUNDED = 1.05
# P relaxes in some d, and all decays in 1 / lambda: of blocks of 2 d and 0.1 / lambda losses are within 0.1 % and P errors
# within 2 % (lambda d from 0.05 to 0.4), of blocks of 0.7 / lambda within 1.6 % and 5 %, of 10 d within 0.5 % and 25 %.
_LONGEST_OF_D, _PER_DECAY = 2.0, 10.0
# Change of a smooth rate from one block to the next that lets blocks be as long as before.
_NEARLY = 0.2
# The other engines add up rate after rate; so does the closure where they could have done so.
_MOST_ADDED = 10**6
# Units in the last place of tau, below which a step is not added by itself; and steps that 64 bits count.
_OF_ROUNDING, _MOST_STEPS = 500.0, 2**62


def enough_blocks(problem: ClosureProblem, rates: Rates, blocks: int) -> int:
    """``blocks``, or as many more as keep each short beside 1 / lambda and d; at most so many that those of the start fit as
    well."""
    wanted = MOST_BLOCKS / 2 * _duration(problem, rates) / longest_run(problem.d, problem.lambda_)
    return max(blocks, math.ceil(min(MOST_BLOCKS / 2, wanted)))


def shorter_than_decay(problem: ClosureProblem, rates: Rates) -> int:
    """Number of blocks from which on none, rounded to whole steps, is longer than 1 / lambda."""
    return math.ceil(_ROUNDED * _duration(problem, rates) * problem.lambda_ / _MOST_DECAY)


def longest_run(d: float, lambda_: float) -> float:
    """Longest learning-rate time over which blocks are short beside d and 1 / lambda to the end."""
    return MOST_BLOCKS / 2 / max(_PER_DECAY * lambda_, 1.0 / (_LONGEST_OF_D * d))


def _duration(problem: ClosureProblem, rates: Rates) -> float:
    """Longest learning-rate time of a run."""
    return problem.max_tau if problem.max_steps is None else min(problem.max_tau, problem.max_steps * rates.largest())


class Grid:
    """Blocks of one run.

    Parameters
    ----------
    problem : ClosureProblem
    rates : Rates
    blocks : int
        Aimed number.
    adds_up : bool
        Whether times are sums of rates, step by step, to the last bit of the other engines' clock.
    most : int, optional
        Blocks of which no more are made; `MOST_BLOCKS` otherwise.
    """

    def __init__(
        self, problem: ClosureProblem, rates: Rates, blocks: int, *, adds_up: bool = True, most: int | None = None
    ) -> None:
        self._problem, self._rates, self._most = problem, rates, MOST_BLOCKS if most is None else most
        self._most_added = _MOST_ADDED if adds_up else 0
        duration = _duration(problem, rates)
        curvature = top_curvature(r=problem.r, p0=problem.p0, alpha_min=problem.alpha_min, alpha_max=problem.alpha_max,
                                  constants=problem.constants)
        # The time of Q's fastest mode, divided as the run is: at blocks = 150, a tenth of it.
        first = 1.0 / (_GROWTH * blocks * curvature) if curvature > 0.0 else math.inf
        self._longest, self._growth = duration / blocks, 1.0 / (_GROWTH * blocks)
        self._first = min(first, self._longest)
        self._kernel = equal_time_kernel(problem)
        self._rate, self._changed, self._made, self._overshot = math.nan, 0.0, 0, 0

    def block(self, tau: float, step: int, rate: float, examples: Examples, residual: Residual) -> tuple[int, float]:
        """Steps of the block that leaves ``tau``, and its end.

        Raises
        ------
        InputError
            If the run has had too many blocks, or one of several steps is long beside 1 / lambda.
        """
        self._made += 1
        from_nothing = tau == 0.0 and self._problem.tau_0 == 0.0  # its first step learns nothing
        single = from_nothing or self._overshoots(rate, examples, residual)
        self._overshot += single
        steps, end = self.stretch(tau, step, rate, single=single)
        if steps > 1 and (end - tau) * self._problem.lambda_ > _MOST_DECAY:
            raise InputError(f"a block of {in_words(end - tau)} of learning-rate time with lambda = {self._problem.lambda_:g}",
                             f"blocks of at most {_MOST_DECAY:g} / lambda: what is learnt decays within a longer one",
                             "lower max_tau or lambda")
        return steps, end

    def stretch(self, tau: float, step: int, rate: float, *, single: bool = False) -> tuple[int, float]:
        """Steps of a block, and its end, as far as the rates alone decide; ``single`` if it is of one step.

        Raises
        ------
        InputError
            If the run has had too many blocks.
        """
        if self._made > self._most:
            raise InputError(f"more than {self._most} blocks by tau = {tau:g}, step {step}",
                             "a run of few steps, or one of which many can be taken together: a rate that stays, and is stable",
                             "lower max_tau or the rate")
        if not (rate == self._rate or (self._rates.smooth and abs(rate - self._rate) <= _NEARLY * self._rate)):
            self._changed = tau
        self._rate = rate
        if single:
            return 1, tau + rate
        length = min(self._longest, self._first + self._growth * (tau - self._changed))
        self._check_steps(tau, step, rate, length / rate)
        steps = max(1, round(length / rate))
        if self._problem.max_steps is not None:
            steps = min(steps, self._problem.max_steps - step)
        # A rate that holds to its next change cannot end a step before it, nor can the run before max_tau.
        stop = min(self._problem.max_tau, max(self._rates.until(tau), tau + rate)) * (1.0 - 1e-12)
        left = (stop - tau) / rate
        if min(steps, left) > self._most_added or _is_fine(tau, rate):
            steps = max(self.least(tau, rate), math.ceil(min(steps, left)))
            self._check_steps(tau, step, rate, steps, self._problem.max_steps or _MOST_STEPS)
            return steps, tau + steps * rate
        steps = min(steps, max(1, math.ceil(left) + 1))
        times = _times(tau, rate, steps)
        steps = min(steps, int(np.searchsorted(times, stop)) + 1)
        return steps, float(times[steps - 1])

    def after(self, tau: float, rate: float, steps: int) -> float:
        """Time after so many steps."""
        if steps > self._most_added or _is_fine(tau, rate):
            return tau + steps * rate
        return float(_times(tau, rate, steps)[-1])

    def least(self, tau: float, rate: float) -> int:
        """Fewest steps that advance tau: more than one where a single step is lost to rounding."""
        return 1 if tau + rate > tau else math.ceil(math.ulp(tau) / rate)

    def _check_steps(self, tau: float, step: int, rate: float, steps: float, most: int = _MOST_STEPS) -> None:
        """Raise InputError if so many more are more than can be counted, or than ``max_steps`` allows."""
        if step + steps > most:
            raise InputError(f"a rate of {rate:g} at tau = {tau:g}", f"a rate at which tau advances within {most} steps in all",
                             "use fewer cuts of the rate, or lower max_tau")

    def _overshoots(self, rate: float, examples: Examples, residual: Residual) -> bool:
        """Whether steps must be taken one by one, since gradient descent at this rate does not follow the flow."""
        if self._overshot >= _MOST_OVERSHOOTING:
            return False
        problem = self._problem

        def sharp(curvature: float) -> bool:
            return rate * (problem.lambda_ + curvature) > _OVERSHOOTING

        if sharp(_largest_eigenvalue(self._kernel * residual.slope)):
            return True
        of_p = (problem.d, problem.n_examples, examples.v, examples.weight, problem.loss.slope(residual.weight),
                problem.constants)
        return sharp(bound_of_P(*of_p)) and sharp(sharpness_of_P(*of_p))


def _largest_eigenvalue(matrix: Floats) -> float:
    """Largest size of an eigenvalue of a matrix (2, 2) whose eigenvalues are real."""
    a, b, c, d = map(float, matrix.flat)
    return 0.5 * (abs(a + d) + math.sqrt(max((a - d) ** 2 + 4.0 * b * c, 0.0)))


def _is_fine(tau: float, rate: float) -> bool:
    """Whether steps are so small beside the time that rounding errors of their sum would count, by a thousandth or more."""
    return rate < _OF_ROUNDING * math.ulp(tau)


def _times(tau: float, rate: float, steps: int) -> np.ndarray:
    """Times after 1 to ``steps`` steps, added up one by one."""
    times = np.full(steps + 1, rate)
    times[0] = tau
    return np.add.accumulate(times)[1:]
