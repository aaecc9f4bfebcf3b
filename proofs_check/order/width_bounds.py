"""How far a network of m neurons is from the limit, step by step, with a probability (THEORY §14, explanation/order_width.md).

Everything here is an upper bound made of sums, products and roots of numbers that are not negative: fewer than 10^6
roundings of a relative 2^-53 each, which `_ROUNDED` covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from proofs_check.order.approximate import BITS
from proofs_check.order.arm import ALL, Arm, Problem
from proofs_check.order.clock import NoiseClock
from proofs_check.order.sites import Sites
from theory_sim.arrays import Array
from theory_sim.experiment import Experiment

__all__ = ["METHODS", "Bounds", "Course", "Method", "bounds", "make_course"]

_ROUNDED: Final = 1.0 + 1e-9
_ROOT_2_OVER_PI: Final = 0.79788456080287
"""(2 / pi)^(1/2) = 0.797884560802865..., rounded up."""


@dataclass(frozen=True)
class Method:
    """Which of the sharper steps of the proof are taken.

    Attributes
    ----------
    name : str
        What it is called in a table.
    flips_in_outputs : bool
        Patterns that the signal moves are counted in outputs, of order m^(-1/2), not in the norm of the weights, m^(-1/4).
    squares : bool
        Errors of steps add up as squares, since a convex loss undoes a part of each; if not, as norms.
    sharp : bool
        Signals are bounded by residuals, not by 1, and by one sign; losses by their slope; kinds by their own Gram matrix.
    """

    name: str
    flips_in_outputs: bool
    squares: bool
    sharp: bool


METHODS: Final = (
    Method("first count", flips_in_outputs=False, squares=False, sharp=False),
    Method("moved patterns in outputs", flips_in_outputs=True, squares=False, sharp=False),
    Method("errors as squares", flips_in_outputs=True, squares=True, sharp=False),
    Method("residuals, signs and slopes", flips_in_outputs=True, squares=True, sharp=True),
)


@dataclass(frozen=True)
class Bounds:
    """Bounds at a width.

    Attributes
    ----------
    outputs : (T + 1,) array
        Upper bounds of |f^m_t(x_i) - f_t(x_i)| over the training set.
    losses : dict of str to (T + 1,) array
        Upper bounds of the change of each kind's mean loss, and of all.
    stable : (T,) array
        Whether each step is proved not to amplify errors.
    """

    outputs: Array
    losses: dict[str, Array]
    stable: Array


@dataclass(frozen=True)
class Course:
    """What does not depend on the width; sites are patches first and the three directions last (`Sites`).

    Attributes
    ----------
    signal : (T + 1, m) array
        B: a neuron's signal moves its pre-activation at a site by at most B / m^(1/2).
    reach : (T + 1, m) array
        R: what a pair of neurons adds to the mean that is the output at a site lies in an interval of this length.
    chance : (T + 1, m) array
        The probability that the signal moves the pattern is at most chance / m^(1/2).
    moved : tuple of (T + 1, m) arrays
        What moved patterns do to outputs if a share chance, chance^(1/2) or 1 of neurons is moved.
    slopes : (T, N) array
        Upper bounds of the loss's slope at the limit's outputs.
    """

    problem: Problem
    arm: Arm
    experiment: Experiment
    method: Method
    signal: Array
    reach: Array
    chance: Array
    moved: tuple[Array, Array, Array]
    slopes: Array


def make_course(experiment: Experiment, problem: Problem, arm: Arm, method: Method, most: float) -> Course:
    """Precompute what does not depend on the width.

    Parameters
    ----------
    most : float
        Outputs are known to be within this of the limit's at all steps before: a residual is then within a quarter of it.
    """
    e, sites, run, n = experiment, problem.sites, arm.run, len(problem.data)
    steps = len(run.rates)
    # |a^_i - sigma(f^_i)| <= N^(1/2) epsilon_t.
    given = run.residuals * 2.0**-BITS + (np.sqrt(n) * arm.residual_error)[:, None]
    residuals = np.minimum(given + most / 4.0, 1.0) if method.sharp else np.ones_like(given)
    gram = sites.gram
    same, other = np.maximum(gram, 0.0) + sites.gram_error, np.maximum(-gram, 0.0) + sites.gram_error
    positive = problem.data.y > 0
    level = _noise_level(e, run.rates, n)

    def summed(values: Array) -> tuple[Array, Array]:
        """Sums at the sites of what examples of each label give, decayed."""
        both = [_decayed(e, run.rates, sites.gathered(values * of) / n) for of in (positive, ~positive)]
        up = both[0] @ same + both[1] @ other
        return up * _ROUNDED, (both[0] @ other + both[1] @ same) * _ROUNDED

    up, down = summed(residuals)
    signal = np.maximum(up, down) if method.sharp else up + down
    reach = sum(summed(np.minimum(given, 1.0)))
    norm = np.sqrt(np.maximum(np.diag(gram) - sites.gram_error, 1e-300))
    chance = _ROOT_2_OVER_PI * signal / (level[:, None] * norm) * _ROUNDED
    at_sites = sites.gathered(residuals) / n
    moved = [_decayed(e, run.rates, at_sites * weight[:steps]) @ (same + other) * _ROUNDED
             for weight in (chance, np.sqrt(chance), np.ones_like(chance))]
    return Course(problem, arm, e, method, signal, np.asarray(reach), chance, (moved[0], moved[1], moved[2]),
                  np.minimum(given, 1.0))


def bounds(course: Course, width: float, log_events: float) -> Bounds:
    """Bounds that hold at once with the probability for which each of the events fails with at most exp(-log_events)."""
    problem, arm, method, log = course.problem, course.arm, course.method, log_events
    sites, steps = problem.sites, len(arm.run.rates)
    root, quarter = width**-0.5, width**-0.75
    chance = course.chance * root
    # Bernstein over width / 2 pairs: mean + (2 v log / pairs)^(1/2) + 2 log / (3 pairs); E X <= chance / 2, E X^2 a third.
    rest = 4.0 * log / (3.0 * width)
    kept = course.signal * (chance / 2.0 + np.sqrt(4.0 / 3.0 * chance * log / width) + rest)
    concentration = course.reach * np.sqrt(log / width)  # Hoeffding: R (log / (2 pairs))^(1/2)
    active = 0.5 + np.sqrt(log / width)  # shares of active neurons, Hoeffding
    parts = _Parts(problem, active)
    moved = course.moved[0] * root + course.moved[1] * 2.0 * np.sqrt(log) * quarter + course.moved[2] * rest
    off = sites.read(kept + concentration + (moved if method.flips_in_outputs else 0.0)) * _ROUNDED  # (T + 1, N)
    mean_square = np.sqrt(np.mean(off * off, axis=1)) * _ROUNDED
    flips = np.zeros(steps + 1)
    if not method.flips_in_outputs:
        share = np.minimum(chance + np.sqrt(4.0 * chance * log / width) + rest, 1.0)
        flips = np.sqrt(parts.whole * np.mean(_read_larger(sites, share), axis=1)) * _ROUNDED
    drift, stable = _drift(course, parts.curvature, mean_square, flips)
    width_of_limit = arm.output_error + arm.largest_norm * arm.drift
    outputs = parts.norm * drift + off.max(axis=1) + width_of_limit
    losses = {}
    for name, members in _members(problem).items():
        if method.sharp:
            root_mean = parts.of_kind(members) * drift + np.sqrt(np.mean(off[:, members] ** 2, axis=1))
            slope = np.ones(steps + 1)
            slope[:steps] = np.sqrt(np.mean(course.slopes[:, members] ** 2, axis=1))
            losses[name] = (slope * root_mean + root_mean**2 / 8.0 + width_of_limit) * _ROUNDED
        else:
            losses[name] = parts.norm * drift + np.mean(off[:, members], axis=1) + width_of_limit
    return Bounds(outputs * _ROUNDED, losses, stable)


def _drift(course: Course, curvature: float, off: Array, flips: Array) -> tuple[Array, Array]:
    """Upper bounds of |theta' - theta^| (T + 1,), and whether each step is stable."""
    e, arm = course.experiment, course.arm
    drift, found, stable = 0.0, [0.0], []
    for step, rate in enumerate(arm.run.rates.tolist()):
        kept = 1.0 - rate * e.lambda_
        given = rate * np.sqrt(4.0 * curvature) * float(arm.residual_error[step])
        if course.method.squares:
            slack = 2.0 * rate * kept - rate * rate * curvature
            stable.append(slack > 1e-6 * rate)
            grown = (rate * kept) ** 2 / (4.0 * max(slack, 1e-6 * rate)) * float(off[step]) ** 2
            drift = np.sqrt((kept * drift) ** 2 + grown) * _ROUNDED + given
        else:
            stable.append(rate * (e.lambda_ + curvature) <= 2.0 * (1.0 - 1e-9))
            drift = drift + rate * np.sqrt(4.0 * curvature) * float(off[step]) / 4.0 + given + rate * float(flips[step])
        drift = float(drift) * _ROUNDED
        found.append(drift)
    return np.array(found), np.array(stable)


class _Parts:
    """Norms of Gram matrices of m neurons: at most ``active`` of them are active at each site."""

    def __init__(self, problem: Problem, active: float) -> None:
        sites, data, n = problem.sites, problem.data, len(problem.data)
        self._sites, self._active = sites, active
        squares = np.diag(sites.gram) + sites.gram_error
        self._second = sites.alpha**2 * squares[sites.direction]
        has = sites.patch >= 0
        first = np.zeros(n)
        first[has] = squares[sites.patch[has]]
        everyone = np.arange(len(data))
        self.curvature = 0.25 * self.of_kind(everyone) ** 2 * _ROUNDED
        self.norm = float(np.sqrt(active * (first + self._second).max())) * _ROUNDED
        # Of both layers, whatever neurons are active.
        self.whole = (self._largest(everyone) + float(np.mean(self._second))) * _ROUNDED

    def _largest(self, members: Array) -> float:
        """Upper bound of the largest eigenvalue of the patches' Gram matrix over the number of examples."""
        sites = self._sites
        patch = sites.patch[members]
        patch = patch[patch >= 0]
        if not len(patch):
            return 0.0
        matrix = sites.gram[np.ix_(patch, patch)]
        error = sites.gram_error * len(patch)
        size = float(np.linalg.norm(matrix)) * _ROUNDED
        second = matrix @ matrix
        fourth = second @ second
        # |M^4|_F^(1/4), and what rounding adds, n u |M|^2 and n u |M2|^2 at most, far below 1e-9 of the Frobenius norms.
        bound = (float(np.linalg.norm(fourth)) + 1e-9 * size**4) ** 0.25
        return float((bound + error) / len(members) * _ROUNDED)

    def of_kind(self, members: Array) -> float:
        """Upper bound of the root of the largest eigenvalue of the Gram matrix over the number of examples.

        Patches: a mean of compressions of the patches' inner products, at most these. Directions: at most the trace.
        """
        largest = self._largest(members) + self._active * float(np.mean(self._second[members]))
        return float(np.sqrt(largest)) * _ROUNDED


def _members(problem: Problem) -> dict[str, Array]:
    data = problem.data
    kinds = [(name, np.flatnonzero(data.kind == place)) for place, name in enumerate(data.kinds)]
    return {ALL: np.arange(len(data))} | {name: members for name, members in kinds if len(members)}


def _read_larger(sites: Sites, share: Array) -> Array:
    """Shares (T + 1, N) of moved neurons, the larger of an example's two sites."""
    found = share[:, sites.direction]
    has = sites.patch >= 0
    found[:, has] = np.maximum(found[:, has], share[:, sites.patch[has]])
    return found


def _decayed(e: Experiment, rates: Array, values: Array) -> Array:
    """Sums over s < t of gamma_s D(s, t) values_s, (T + 1, m), of values that are not negative."""
    found = np.zeros((len(rates) + 1, values.shape[1]))
    for step, rate in enumerate(rates.tolist()):
        found[step + 1] = (1.0 - rate * e.lambda_) * found[step] + rate * values[step]
    return found * _ROUNDED


def _noise_level(e: Experiment, rates: Array, n: int) -> Array:
    """Lower bounds of tau_t, (T + 1,)."""
    steps = len(rates)
    clock = NoiseClock(rates.tolist(), [float(n)] * steps, lambda_=e.lambda_, tau_0=e.tau_0_value, tau_xi=e.tau_xi,
                       moving=[True] * steps, redrawn=False)
    return clock.levels() / _ROUNDED
