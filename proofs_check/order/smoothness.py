"""Upper bounds of the largest curvature of a step's loss, by traces of powers of the Gram matrix (THEORY §14).

A step's loss is sum_i w_i l(y_i <theta, phi_i>) + lambda |theta|^2 / 2, and l'' <= 1/4: its curvature is at most
lambda + Lambda, Lambda = lambda_max(w^(1/2) K w^(1/2)) / 4, with the Gram matrix K of the features at one time, which is the
same at all times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from proofs_check.order.functions import angle
from proofs_check.order.rounding import UNIT, above, gamma
from proofs_check.order.sites import Sites
from theory_sim.arrays import Array

__all__ = ["Curvatures"]

_HALF_PI: Final = float(np.pi / 2)
_TWO_PI: Final = float(2.0 * np.pi)


class Curvatures:
    """Lambda of full batches and of mini-batches.

    Parameters
    ----------
    sites : Sites
        Patches and directions.
    """

    def __init__(self, sites: Sites) -> None:
        kernel = sites.gram * (_HALF_PI + _arcsines(sites)) / _TWO_PI
        gram = _examples(sites, kernel)
        self._gram = 0.5 * (gram + gram.T)  # symmetric to the last bit, whatever order BLAS summed in
        # A pair of sites: gram_error times at most 1/2; |x| |x'| times the arcsine's error, over 2 pi; 8 u of 1/2 |x| |x'|.
        # An arcsine changes by at most arccos(1 - e) <= 1.6 sqrt(e) where its argument changes by e <= 1.
        of_angle = 1.6 * np.sqrt(sites.cosine_error) + 64 * UNIT
        entry = 0.5 * sites.gram_error + sites.square * (of_angle / 6.28 + 8 * UNIT)
        # A pair of examples: (1 + alpha)(1 + alpha') of these, and 6 u of their terms, the mean with the transpose included.
        reach = (1.0 + sites.most_alpha) ** 2
        self._entry_error = above(reach * (entry + 6 * UNIT * sites.square))
        self.whole = self._largest(self._gram)

    def part(self, members: Array) -> float:
        """Upper bound of lambda_max / 4 of the Gram matrix of some examples, over their number."""
        return self._largest(self._gram[np.ix_(members, members)])

    def _largest(self, gram: Array) -> float:
        """Upper bound of lambda_max(K) / (4 n), n examples."""
        n = len(gram)
        matrix = gram / n
        # |fl(M M) - M^2|_F <= gamma_N | |M| |M| |_F <= gamma_N |M|_F^2 (Frobenius norms).
        rounding, size = gamma(n + 4), _frobenius(matrix)
        second = matrix @ matrix
        second_size, second_error = _frobenius(second), rounding * size**2
        fourth = second @ second
        # M^4 = (M2 + E)^2: the computed square of M2, its rounding, and 2 |M2| |E| + |E|^2.
        bound = (_frobenius(fourth) + rounding * second_size**2 + 2.0 * second_size * second_error + second_error**2)
        # lambda_max(M)^4 <= |M^4|_F, and entries that are off by at most e / N move an eigenvalue by at most e (Weyl).
        return above(0.25 * (bound**0.25 + self._entry_error + 2 * UNIT * size))

    def batch(self, examples: Array, counts: Array, size: int) -> float:
        """Upper bound of Lambda for a mini-batch: different examples (b,), how often each counts (b,), and the batch's size."""
        part = self._gram[np.ix_(examples, examples)]
        weights = np.sqrt(counts / size)
        # lambda_max <= the Frobenius norm; weights within 2 u each, so that entries are within 6 u.
        found = _frobenius(part * np.multiply.outer(weights, weights)) * (1.0 + 8 * UNIT)
        heaviest = len(self._gram) * float(counts.max()) / size
        return min(above(0.25 * (found + self._entry_error)), above(heaviest * self.whole))


def _frobenius(matrix: Array) -> float:
    """Upper bound of the Frobenius norm of a matrix of doubles: its sum of squares is within gamma of their number."""
    flat = matrix.reshape(-1)
    rows: Sequence[float] = [float(np.dot(row, row)) for row in np.array_split(flat, max(1, len(flat) // 4096))]
    total = float(np.sum(rows))
    return above(float(np.sqrt(total * (1.0 + gamma(8200 + len(rows))))))


def _arcsines(sites: Sites) -> Array:
    """arcsin of the cosines at equal times, pi / 2 on the diagonal; of pairs without a kernel anything."""
    size = np.minimum(np.abs(sites.cosine), 1.0)
    found: Array = _HALF_PI - angle(np.sqrt((1.0 - size) * (1.0 + size)), size)
    found = np.copysign(found, sites.cosine)
    for pair in sites.strong:
        of_pair = _HALF_PI - float(angle(np.array(np.sqrt(pair.square_sine)), np.array(abs(pair.cosine))))
        found[pair.first, pair.second] = found[pair.second, pair.first] = np.copysign(of_pair, pair.cosine)
    np.fill_diagonal(found, _HALF_PI)
    return np.asarray(found)


def _examples(sites: Sites, kernel: Array) -> Array:
    """Gram matrix (N, N) of the examples, from that of the sites (m, m)."""
    at, alpha = sites.direction, sites.alpha
    found: Array = kernel[np.ix_(at, at)] * np.multiply.outer(alpha, alpha)
    has = np.flatnonzero(sites.patch >= 0)
    patch = sites.patch[has]
    found[np.ix_(has, has)] += kernel[np.ix_(patch, patch)]
    cross = kernel[np.ix_(patch, at)] * alpha
    found[has] += cross
    found[:, has] += cross.T
    return found
