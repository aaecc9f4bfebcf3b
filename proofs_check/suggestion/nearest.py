"""The nearest point at which every slack of a list is there: sequential linear programming for the smallest largest move."""

from __future__ import annotations

# Not by scipy.optimize.minimize: its methods want slacks that exist everywhere; the closure predicts nothing at some points.
# Each difference they take costs a run of it, most of which Broyden's formula spares. scipy solves the linear programs.
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidate", "nearest"]

Floats = NDArray[np.float64]

# Weight of the largest shortfall against the largest move: slacks are log factors that change about as fast as the point moves.
_WEIGHT: Final = 30.0
_FIRST_STEP, _LEAST_STEP, _LARGEST_STEP, _LEAST_GAIN = 0.5, 1e-3, 2.0, 1e-5
_CAP: Final = 3.0
# Linear programs meet their bounds to about 1e-9.
_MET: Final = -1e-6


@dataclass(frozen=True)
class Candidate:
    """Where a search stands, and the slack of every requirement there.

    Attributes
    ----------
    shifts, slacks : ndarray
        Shapes (parameters,) and (requirements,).
    """

    shifts: Floats
    slacks: Floats

    @property
    def reach(self) -> float:
        """Largest absolute shift."""
        return float(np.abs(self.shifts).max())

    @property
    def short(self) -> float:
        """Largest shortfall, 0 where every requirement is met (to 1e-6)."""
        return 0.0 if self.slacks.min() >= _MET else float(-self.slacks.min())


def nearest(
    slacks: Callable[[Floats], Floats | None], start: Floats, furthest: float, *, step: float, iterations: int,
    first_step: float = _FIRST_STEP, least_step: float = _LEAST_STEP, least_gain: float = _LEAST_GAIN,
    known: float = np.inf,
) -> Candidate | None:
    """From a start, the point with the smallest largest shift at which no slack is negative.

    Parameters
    ----------
    slacks : callable
        Shifts of shape (parameters,) to slacks of shape (requirements,), or to None where there are none.
    start : ndarray
        Shape (parameters,).
    furthest : float
        Largest shift allowed.
    step : float
        Of the differences by which slacks are linearised.
    iterations : int
        At most so many linear programs (and fewer new sets of differences).
    first_step : float
        Half the side of the first box in which the linearised slacks are trusted.
    least_step, least_gain : float
        A search ends where with new differences it would trust a smaller box, or expects less of the next step.
    known : float
        Largest shift of a point that meets everything: where linearised slacks promise none nearer, the search ends.

    Returns
    -------
    Candidate or None
        A local solution where its ``short`` is 0, else the end of the search; None if there are no slacks at the start.
    """
    def look(shifts: Floats) -> Floats | None:
        found = slacks(shifts)
        # A requirement met with much to spare cannot bind; infinities would break the linear program.
        return None if found is None else np.clip(np.nan_to_num(found, nan=-50.0), -50.0, _CAP)

    def merit(shifts: Floats, found: Floats) -> float:
        return float(np.abs(shifts).max() + _WEIGHT * max(0.0, -found.min()))

    x, c = start, look(start)
    if c is None:
        return None
    trusted, best = first_step, None
    slopes, fresh = _slopes(look, x, c, step), True
    for _ in range(iterations):
        if c.min() >= _MET and (best is None or np.abs(x).max() < np.abs(best[0]).max()):
            best = (x, c)
        move, expected = _linear_program(x, c, slopes, trusted, furthest)
        gain = merit(x, c) - expected
        if fresh and expected >= known and np.abs(move).max() < trusted:
            break
        there = x + move
        found = look(there) if gain > least_gain else None
        true = -np.inf if found is None else merit(x, c) - merit(there, found)
        if found is not None and true > 0.1 * gain:
            # What the step has shown of the slopes in its own direction (Broyden) spares most of the differences.
            slopes, fresh = slopes + np.outer(found - c - slopes @ move, move) / (move @ move), False
            trusted = min(_LARGEST_STEP, 2.0 * trusted) if true > 0.75 * gain else trusted
            x, c = there, found
        elif not fresh:
            slopes, fresh = _slopes(look, x, c, step), True
        elif gain <= least_gain or trusted < least_step:
            break
        else:
            trusted *= 0.4
    if best is not None and (c.min() < _MET or np.abs(best[0]).max() < np.abs(x).max()):
        x, c = best
    return Candidate(x, c)


def _slopes(look: Callable[[Floats], Floats | None], x: Floats, c: Floats, step: float) -> Floats:
    """Differences of the slacks, shape (requirements, parameters); backward where there are none ahead."""
    slopes = np.zeros((c.size, x.size))
    for k in range(x.size):
        for signed in (step, -step):
            moved = x.copy()
            moved[k] += signed
            found = look(moved)
            if found is not None:
                slopes[:, k] = (found - c) / signed
                break
    return slopes


def _linear_program(x: Floats, c: Floats, slopes: Floats, trusted: float, furthest: float) -> tuple[Floats, float]:
    """Best move within the trusted box by the linearised slacks, and the merit expected there."""
    from scipy.optimize import linprog

    n, m = x.size, c.size
    # Variables: the move, the largest shift, the largest shortfall.
    cost = np.concatenate([np.zeros(n), [1.0, _WEIGHT]])
    met = np.hstack([-slopes, np.zeros((m, 1)), -np.ones((m, 1))])
    above, below = (np.hstack([sign * np.eye(n), -np.ones((n, 1)), np.zeros((n, 1))]) for sign in (1.0, -1.0))
    bounds = [(max(-trusted, -furthest - each), min(trusted, furthest - each)) for each in x]
    bounds += [(0.0, furthest), (0.0, np.inf)]
    solved = linprog(cost, np.vstack([met, above, below]), np.concatenate([c, -x, x]), bounds=bounds)
    if not solved.success or solved.x is None:
        return np.zeros(n), np.inf
    return solved.x[:n], float(cost @ solved.x)
