"""Outputs, at every step, of the signal that any given residuals make: centres, and a bound of their errors (THEORY §7).

The sum over earlier steps s and sites b of gamma_s D(s, t) r_b(s) <x_a, x_b> (1/4 + arcsin(rho(s, t) c_ab) / (2 pi)) is split:
1/4 of every pair, and the arcsine by its series of all pairs but a few, by recursions over blocks of steps; the arcsine of a
site with itself and of listed pairs by the direct sum over steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from proofs_check.order.clock import CORRELATION_ERROR, WEIGHT_ERROR, NoiseClock
from proofs_check.order.functions import ANGLE_ERROR
from proofs_check.order.rounding import UNIT, above, gamma
from proofs_check.order.series import coefficients, powers_for, root_bound, tail
from proofs_check.order.sites import Sites
from theory_sim.arrays import Array

__all__ = ["BLOCK", "Outputs", "Stretch", "largest_tail"]

BLOCK: Final = 128
"""Steps of which outputs are computed at once."""
_TWO_PI: Final = float(2.0 * np.pi)


def largest_tail() -> float:
    """What the series may leave out of an arcsine."""
    return 1e-14


class Stretch(NamedTuple):
    """Outputs after some consecutive steps.

    Attributes
    ----------
    first : int
        Steps taken before the first row.
    values : (rows, N) array
        Centres.
    errors : (rows,) array
        Upper bounds of every example's error.
    """

    first: int
    values: Array
    errors: Array


@dataclass(frozen=True)
class _Terms:
    """Matrices of the series: the weak pairs' Gram matrix times each odd power of their cosines."""

    factors: tuple[float, ...]
    matrices: tuple[Array, ...]


class Outputs:
    """Outputs on the training set.

    Parameters
    ----------
    sites : Sites
        Patches and directions.
    clock : NoiseClock
        Of the run's steps.

    Attributes
    ----------
    powers : int
        Powers of the series.
    tail : float
        Upper bound of what it leaves out of an arcsine.
    largest_cosine : float
        Upper bound of the |cosines| that it takes; 0 if patterns are redrawn, and it takes none.
    """

    def __init__(self, sites: Sites, clock: NoiseClock) -> None:
        self._sites, self._clock = sites, clock
        self.largest_cosine = 0.0 if clock.redrawn else sites.largest_cosine
        self.powers = powers_for(self.largest_cosine, largest_tail())
        self.tail = tail(self.powers, self.largest_cosine)
        self._terms = _series(sites, self.powers)
        self._unit_error = self._error_of_unit()

    def _error_of_unit(self) -> float:
        """Bound of an output's error at a site, for residuals whose absolute values, decayed and weighted, sum to 1.

        Each term is a product; its relative error is gamma of the roundings on its way, its absolute one that of its parts.
        """
        sites, clock = self._sites, self._clock
        blocks, m, n = -(-clock.steps // BLOCK) + 2, len(sites), len(sites.alpha)
        # Roundings of any term: gathered over examples and read (n + 8), over sites (m), over a block's steps (BLOCK).
        common = n + 8 + m + BLOCK + 20
        # Carried over a block: a decay, its product and sum; a power 2k+1 of rho takes 2k+1 errors of rho and 2k products.
        linear = gamma(common + blocks * (WEIGHT_ERROR + 3))
        power = 2 * self.powers + 1
        series = gamma(common + blocks * (WEIGHT_ERROR + 3 + power * (CORRELATION_ERROR + 1)) + 3 * power + 10)
        # Direct sums: over a block's steps, then over blocks and, in each, over the pairs of a site one after another.
        listed = np.bincount([site for pair in sites.strong for site in (pair.first, pair.second)], minlength=1).max(initial=0)
        direct = gamma(common + blocks * (1 + int(listed)) + WEIGHT_ERROR + 8)
        largest = sites.square  # |<x, x'>| <= square, whatever pair
        cosine = self.largest_cosine
        bound = (
            # <x, x'> is off by gram_error, and stands before 1/4 and an arcsine of at most pi / 2 over 2 pi.
            0.5 * sites.gram_error
            # The cosine is off by cosine_error, where the arcsine's slope is at most 1 / sqrt(1 - c^2).
            + largest * sites.cosine_error * root_bound(cosine) / 6.28
            # The rest of the series, |arcsin| <= tail.
            + largest * self.tail / 6.28
            # Rounding of 1/4 <x, x'>, of the series, at most |<x, x'>| arcsin c, and of the direct sums, at most pi / 2.
            + 0.25 * largest * linear
            + largest * cosine * root_bound(cosine) / 6.28 * series
            + largest / 6.28 * (ANGLE_ERROR + 4 * UNIT + 1.6 * direct)
        )
        return above(bound)

    def stretches(self, residuals: Array, progress: Callable[[int], None] | None = None) -> Iterator[Stretch]:
        """Outputs after 0, 1, ..., T steps.

        Parameters
        ----------
        residuals : (T, N) array
            Of each step and example: exact numbers, how often the example counts in the step times a residual within [-1, 1].
            Over the step's count (`NoiseClock`'s shares) the absolute values sum to at most 1.
        progress : callable, optional
            Called with the steps done.
        """
        sites, clock = self._sites, self._clock
        m, steps = len(sites), clock.steps
        gathered = sites.gathered(residuals)
        yield Stretch(0, np.zeros((1, len(sites.alpha))), np.zeros(1))  # theta_0 = 0
        linear, memories = np.zeros(m), np.zeros((self.powers, m))
        for start in range(0, steps, BLOCK):
            stop = min(start + BLOCK, steps)
            before, rows = slice(start, stop), slice(start + 1, stop + 1)
            weights, decay = clock.weights(rows, before), clock.decay(start, rows)[:, None]
            moved = weights @ gathered[before] + decay * linear
            values = 0.25 * (moved @ sites.gram)
            linear = moved[-1]
            if self.powers:
                values += self._from_series(memories, weights, decay, gathered[before], rows, before) / _TWO_PI
            if not clock.redrawn:
                values += self._direct(gathered, rows, stop) / _TWO_PI
            # Sum over sites and steps of |residuals|, decayed: at most (1 + alpha) reach, since an example gives 1 to its patch
            # and alpha to its direction. Reading adds two sites' errors, and 3 u (1 + alpha) of the largest value.
            spread = 1.0 + sites.most_alpha
            read = 3 * UNIT * spread * float(np.abs(values).max(initial=0.0))
            made = spread * spread * self._unit_error
            errors = np.array([above(made * reach + read) for reach in clock.reach[rows].tolist()])
            yield Stretch(start + 1, sites.read(values), errors)
            if progress is not None:
                progress(stop)

    def _from_series(
        self, memories: Array, weights: Array, decay: Array, gathered: Array, rows: slice, before: slice
    ) -> Array:
        """Sums of the series over the weak pairs; ``memories`` (K, m) are moved to the last row."""
        correlations = self._clock.correlations(rows, before)
        carried = self._clock.correlations(rows, slice(before.start, before.start + 1))
        squares, carried_squares = correlations * correlations, carried * carried
        seen, kept = weights * correlations, decay * carried
        total = np.zeros((rows.stop - rows.start, gathered.shape[1]))
        for k in range(self.powers):
            moved = seen @ gathered + kept * memories[k]
            memories[k] = moved[-1]
            total += (self._terms.factors[k] * moved) @ self._terms.matrices[k]
            seen, kept = seen * squares, kept * carried_squares
        return total

    def _direct(self, gathered: Array, rows: slice, stop: int) -> Array:
        """Arcsines of each site with itself and of the listed pairs, summed over all earlier steps."""
        sites, clock = self._sites, self._clock
        total = np.zeros((rows.stop - rows.start, len(sites)))
        diagonal = np.diag(sites.gram)
        for first in range(0, stop, BLOCK):
            columns = slice(first, min(first + BLOCK, stop))
            weights, part = clock.weights(rows, columns), gathered[columns]
            total += ((weights * clock.arcsines(rows, columns, 1.0, 0.0)) @ part) * diagonal
            angles: dict[tuple[float, float], Array] = {}  # pairs at the same angle share it
            for pair in sites.strong:
                key = pair.cosine, pair.square_sine
                if key not in angles:
                    angles = {key: weights * clock.arcsines(rows, columns, *key)}
                both = angles[key] @ part[:, [pair.second, pair.first]]
                total[:, [pair.first, pair.second]] += both * pair.inner
        return total


def _series(sites: Sites, powers: int) -> _Terms:
    """Factors b_k, and the weak pairs' matrices <x, x'> c^(2k+1)."""
    matrices = []
    matrix, square = sites.gram * sites.cosine, sites.cosine * sites.cosine
    for _ in range(powers):
        matrices.append(matrix)
        matrix = matrix * square
    return _Terms(tuple(float(each) for each in coefficients(powers)), tuple(matrices))
