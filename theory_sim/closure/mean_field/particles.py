"""Particles: training examples drawn from the law of the data, evenly spread, two and two with opposite interference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.stats import norm, qmc

from theory_sim.arrays import Array
from theory_sim.theory.closure.examples import Examples, make_examples
from theory_sim.theory.closure.problem import ClosureProblem, Floats

__all__ = ["Mixing", "Particles", "make_particles"]

_MIXINGS = 3
# Of a point of a unit cube in which a quantile is taken.
_INSIDE = 1e-12


@dataclass(frozen=True)
class Particles:
    """J particles that hold P: a half P-only, a quarter each with both patches and label +1, and label -1.

    Attributes
    ----------
    examples : Examples
        As the closure's points, without draws of the interference.
    label : (J,)
        y, +1 or -1.
    first, second : (J / 2,) of int
        Numbers of the two particles of each pair: all is the same of them but the sign of the interference.
    """

    examples: Examples
    label: Floats
    first: np.ndarray[tuple[int], np.dtype[np.int64]]
    second: np.ndarray[tuple[int], np.dtype[np.int64]]

    def spread_evenly(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Numbers of the pairs of the first ``count`` points of each group: both of a pair, for each of the four groups."""
        pairs = self.first.size // 4
        chosen = (np.arange(4)[:, None] * pairs + np.arange(count)).ravel()
        return np.concatenate([self.first[chosen], self.second[chosen]])


def make_particles(problem: ClosureProblem, count: int, seed: int) -> Particles:
    """Draw particles: margins and sizes of the Q patch from a scrambled Sobol sequence.

    Parameters
    ----------
    problem : ClosureProblem
    count : int
        J, a power of two from 64 on.
    seed : int
    """
    quarter, eighth = count // 4, count // 8
    drawn = qmc.Sobol(2, scramble=True, rng=np.random.default_rng([seed, 0])).random(count // 2)
    points = np.clip(drawn, _INSIDE, 1.0 - _INSIDE).reshape(4, eighth, 2)
    v = problem.g0 + norm.ppf(0.5 + 0.5 * points[:, :, 0])
    alpha = problem.alpha_min + (problem.alpha_max - problem.alpha_min) * points[2, :, 1]
    quadrature = make_examples(problem)
    # Group by group, and in each the first of all pairs, then the second.
    twice: Floats = np.repeat(v[:, None, :], 2, axis=1).ravel()
    weight = np.repeat([problem.p0 / (2 * quarter), problem.both / (2 * quarter)], 2 * quarter)
    of_both = np.tile(alpha, 2)
    sizes = np.concatenate([of_both, quadrature.q_alpha])
    share = np.concatenate([weight[2 * quarter : 3 * quarter], 0.5 * problem.q0 * quadrature.q_weight])
    nothing = np.zeros(count)
    examples = Examples(
        twice, nothing, nothing, weight, slice(0, 2 * quarter), slice(2 * quarter, None), quadrature.q_alpha,
        quadrature.q_weight, sizes, share * sizes,
    )  # fmt: skip
    number = np.arange(count).reshape(4, 2, eighth)
    label = np.repeat([1.0, -1.0, 1.0, -1.0], quarter)
    return Particles(examples, label, number[:, 0].ravel(), number[:, 1].ravel())


class Mixing:
    """An orthogonal matrix that makes normal draws of many numbers: signs, a cosine transform and a permutation, three times.

    The outputs at all times have just the second moments of the inputs, and no moment is estimated.

    Parameters
    ----------
    size : int
        Number of inputs, and of outputs.
    seed : sequence of int
    """

    def __init__(self, size: int, seed: tuple[int, ...]) -> None:
        generator = np.random.default_rng(seed)
        self._rounds = [(generator.choice([-1.0, 1.0], size), generator.permutation(size)) for _ in range(_MIXINGS)]

    def __call__(self, values: Floats) -> Array:
        """Mix values (size,)."""
        for sign, order in self._rounds:
            values = fft.dct(sign * values, norm="ortho")[order]
        return values
