"""What residuals and outputs sit on: the patches x_1 and the three directions of x_2, with their inner products (THEORY §7).

An example's residual acts at its patch x_1, and alpha times it at the direction of its x_2; its output is read there. So a run
is a run of n + 3 sites, whatever the number of examples, and the shared network differs from the split one in its cross terms
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from flint import arb

from proofs_check.methods.enclosure import precision
from proofs_check.order.rounding import above, gamma
from theory_sim.arrays import Array
from theory_sim.data import Data, get_directions
from theory_sim.experiment import Experiment

__all__ = ["CUT", "Sites", "StrongPair", "exact_pairs", "make_sites"]

CUT: Final = 0.8
"""Pairs of sites with a larger |cosine| are listed, and summed without a series."""
_BITS: Final = 256


@dataclass(frozen=True)
class StrongPair:
    """Two different sites whose arcsine is summed directly.

    Attributes
    ----------
    first, second : int
        Sites.
    inner, cosine, square_sine : float
        Their inner product, c and 1 - c^2: doubles within 1.001 u of exact ones, relatively, or within 2^-240.
    """

    first: int
    second: int
    inner: float
    cosine: float
    square_sine: float


@dataclass(frozen=True)
class Sites:
    """Sites of a training set, patches first, directions last.

    Attributes
    ----------
    patch : (N,) int array
        Site of each example's x_1; -1 where it has none.
    direction : (N,) int array
        Site of each example's direction.
    alpha : (N,) array
        Length of x_2 along it.
    gram : (m, m) array
        Inner products, 0 between patches and directions of the split network: within ``gram_error``.
    cosine : (m, m) array
        Cosines of the pairs that the series takes, within ``cosine_error``; 0 for all others.
    largest_cosine : float
        Upper bound of the absolute values of those cosines, computed and exact.
    strong : tuple of StrongPair
        Pairs that the series does not take.
    square : float
        Upper bound of the squared norms.
    gram_error, cosine_error : float
        Bounds of errors.
    norm : (N,) array
        Upper bounds of |phi(x)|, the norm of an example's features: (|x_1| + |x_2|) / sqrt 2 for the shared network,
        ((|x_1|^2 + |x_2|^2) / 2)^(1/2) for the split one.
    """

    patch: Array
    direction: Array
    alpha: Array
    gram: Array
    cosine: Array
    largest_cosine: float
    strong: tuple[StrongPair, ...]
    square: float
    gram_error: float
    cosine_error: float
    norm: Array

    def __len__(self) -> int:
        return len(self.gram)

    @property
    def most_alpha(self) -> float:
        """Largest alpha."""
        return float(self.alpha.max(initial=0.0))

    def gathered(self, examples: Array) -> Array:
        """Sums (T, m) over examples (T, N) at each site: exact at patches, within gamma_(N + 1) of the terms at directions."""
        n, has = len(self) - 3, self.patch >= 0
        found = np.zeros((len(examples), len(self)))
        found[:, self.patch[has]] = examples[:, has]
        for site in range(n, n + 3):
            there = np.flatnonzero(self.direction == site)
            found[:, site] = examples[:, there] @ self.alpha[there]
        return found

    def read(self, values: Array) -> Array:
        """Outputs (T, N) of values (T, m) at the sites: within 3 u (1 + alpha) max |values|."""
        found = self.alpha * values[:, self.direction]
        has = self.patch >= 0
        found[:, has] += values[:, self.patch[has]]
        return found


def make_sites(experiment: Experiment, data: Data) -> Sites:
    """Sites of a training set of the P/Q mixture."""
    seen = np.flatnonzero(data.has_x1)
    x = np.ascontiguousarray(data.x1[seen], dtype=np.float64)  # exact: from float32 or float64
    directions = np.asarray(get_directions(experiment, data), dtype=np.float64)
    n, shared, d = len(x), experiment.shared_filters, x.shape[1]
    gram = np.zeros((n + 3, n + 3))
    if shared:
        both = np.concatenate([x, directions])
        gram[:] = both @ both.T
    else:
        gram[:n, :n] = x @ x.T
    exact = exact_pairs(directions, directions)
    gram[n:, n:] = exact[0]
    # |fl(<x, x'>) - <x, x'>| <= gamma_d |x| |x'| (Cauchy-Schwarz); gamma_d >= u covers the directions, rounded from balls.
    product = gamma(d + 2)
    square = above(float(np.diag(gram).max(initial=0.0)) * (1.0 + 2.0 * product))
    norms = np.sqrt(np.diag(gram))  # within gamma_(d + 2), relatively
    safe = np.where(norms > 0, norms, 1.0)
    cosine = gram / np.multiply.outer(safe, safe)
    # Numerator within gamma_d |x| |x'|, norms within gamma_(d + 2) each, a product and a quotient; |c| <= 1.
    cosine_error = 4.0 * gamma(d + 8)
    strong = _strong(cosine, x, directions, n)
    for pair in strong:
        cosine[pair.first, pair.second] = cosine[pair.second, pair.first] = 0.0
    np.fill_diagonal(cosine, 0.0)
    largest = above(float(np.abs(cosine).max(initial=0.0)) + cosine_error)
    patch = np.full(len(data), -1)
    patch[seen] = np.arange(n)
    lengths = np.zeros(len(data))
    lengths[seen] = norms[:n]
    direction = n + data.direction.astype(np.int64)
    second = data.alpha * norms[direction]
    feature = (lengths + second) / np.sqrt(2.0) if shared else np.sqrt((lengths**2 + second**2) / 2.0)
    return Sites(patch, direction, np.asarray(data.alpha, np.float64), gram, cosine, largest, strong,
                 square, above(product * square), cosine_error, feature * above(1.0 + 2.0 * product))


def _strong(cosine: Array, x: Array, directions: Array, n: int) -> tuple[StrongPair, ...]:
    """Pairs beyond the cut, and those of two directions, from exact inner products."""
    first, second = np.nonzero(np.triu(np.abs(cosine) > CUT, 1))
    wanted = {*zip(first.tolist(), second.tolist(), strict=True), *((n + a, n + b) for a in range(3) for b in range(a + 1, 3))}

    def vector(site: int) -> Array:
        row: Array = directions[site - n] if site >= n else x[site]
        return row

    pairs = []
    for a, b in sorted(wanted):
        inner, cosines, squares = (part[0, 0] for part in exact_pairs(vector(a)[None], vector(b)[None]))
        pairs.append(StrongPair(a, b, float(inner), float(cosines), float(squares)))
    return tuple(pairs)


def exact_pairs(left: Array, right: Array) -> tuple[Array, Array, Array]:
    """Inner products, cosines and squared sines of rows of two arrays, each the double nearest to a ball of 256 bits."""
    shape = len(left), len(right)
    inner, cosine, square = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    with precision(_BITS):
        rows, columns = ([[arb(value) for value in row] for row in part.tolist()] for part in (left, right))
        for i, a in enumerate(rows):
            for j, b in enumerate(columns):
                product, norms = _dot(a, b), _dot(a, a) * _dot(b, b)
                inner[i, j] = float(product.mid())
                if norms > 0:
                    cosine[i, j] = float((product / norms.sqrt()).mid())
                    # 256 bits: of doubles that are not parallel about a hundred cancel, and parallel ones give below 2^-240.
                    rest = (norms - product * product) / norms
                    square[i, j] = max(float(rest.mid()), 0.0)
    return inner, cosine, square


def _dot(a: list[arb], b: list[arb]) -> arb:
    total = arb(0)
    for one, other in zip(a, b, strict=True):
        total += one * other
    return total
