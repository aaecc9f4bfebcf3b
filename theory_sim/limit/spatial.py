"""The arcsin term between different patches x_1: every pair, or the mean over pairs (THEORY §7).

Between sites i and j the term is |x_i| |x_j| c arcsin(rho c) / (2 pi), c = cos theta: even in c, and a polynomial in c^2 for
the small cosines of high dimension. So one matrix of c^2 serves every power and every age. Pairs with larger cosines,
common only in low dimension, are listed one by one.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from theory_sim.errors import InputError
from theory_sim.limit.compression import MOST_POWERS, Compression, taylor, weak_cosine
from theory_sim.limit.memory import ALL_PAIRS
from theory_sim.memory import available_bytes
from theory_sim.numeric.limit_kernels import strong_terms, weak_terms
from theory_sim.numeric.pool import BlockPool

__all__ = ["ExactPairs", "MeanPairs", "Pairs", "Sites"]

Array = np.ndarray[Any, Any]
_ROWS: Final = 256
_SAMPLED: Final = 256
_PROBES: Final = 64
_TWO_PI: Final = 2.0 * np.pi


class Sites:
    """Patches x_1 of the training examples that have one, and of the fresh ones.

    Attributes
    ----------
    x, norm : (n, d), (n,) arrays
        Training patches, in the experiment's precision, and their norms.
    x_test, norm_test : (n_test, d), (n_test,) arrays
        The same for fresh examples.
    """

    def __init__(self, x: Array, x_test: Array) -> None:
        self.x, self.x_test = x, x_test
        self.norm, self.norm_test = _norms(x), _norms(x_test)


def _norms(x: Array) -> Array:
    norm: Array = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
    return np.maximum(norm, np.finfo(np.float64).tiny)


class Pairs(Protocol):
    """Off-diagonal terms of either spatial mode.

    Attributes
    ----------
    powers : int
        Odd powers of rho that the small cosines need.
    """

    powers: int

    def fit(self, compression: Compression) -> None:
        """Take the weights of the pairs that are not small."""

    def prepare(self, memory: Array, residual: Array) -> None:
        """Read the memories (E, n) and the last step's residuals (n,), before `terms`."""

    def terms(self, rows: slice, out: Array, out_still: Array) -> None:
        """Fill with the terms of these sites: from the memories, and at equal times from the residuals."""

    def test_terms(self) -> Array:
        """Terms of the fresh sites, (n_test,)."""

    def error(self) -> float:
        """Root mean square, over probe sites, of what the mode leaves out of an output."""


def _squares(a: Array, norm_a: Array, b: Array, norm_b: Array, pool: BlockPool) -> Array:
    """Squared cosines (len(a), len(b))."""
    out = np.empty((len(a), len(b)), a.dtype)
    inverse_a, inverse_b = (1.0 / norm_a).astype(a.dtype), (1.0 / norm_b).astype(a.dtype)

    def work(block: int, worker: int) -> None:
        rows = slice(block * _ROWS, (block + 1) * _ROWS)
        part = out[rows]
        np.dot(a[rows], b.T, out=part)
        part *= inverse_a[rows, None]
        part *= inverse_b
        np.multiply(part, part, out=part)

    pool.run(work, -(-len(a) // _ROWS))
    return out


class _Strong:
    """Pairs whose cosines need every exponent: rows and columns, and weights once they are fitted."""

    def __init__(self, a: Array, norm_a: Array, b: Array, norm_b: Array, rows: Array, columns: Array) -> None:
        self.rows, self.columns = rows, columns
        self.inner = np.einsum("ij,ij->i", a[rows], b[columns], dtype=np.float64)
        self.cosine = np.clip(self.inner / (norm_a[rows] * norm_b[columns]), -1.0, 1.0)
        self.still = self.inner * np.arcsin(self.cosine) / _TWO_PI
        self.weights = np.empty((0, 0))

    def fit(self, compression: Compression) -> None:
        needed = 8 * 2 * len(self.rows) * len(compression.exponents)
        if needed > available_bytes():
            raise InputError(
                f"{len(self.rows)} pairs of patches at angles that need a weight for each exponential, "
                f"{needed / 2**30:.1f} GiB", "what a run needs must fit in memory",
                "spatial = 'mean', a larger tolerance, a larger d or a smaller N",
            )
        self.weights = np.ascontiguousarray((compression.weights(self.cosine) * (self.inner / _TWO_PI)).T)

    def add(self, memory: Array, out: Array) -> None:
        if len(self.rows):
            strong_terms(self.rows, self.columns, self.weights, memory, out)


def _split_off(squares: Array, cut: float) -> tuple[Array, Array]:
    """Take the entries above cut^2 out of the squares: their rows and columns."""
    rows, columns = np.nonzero(squares > cut * cut)
    squares[rows, columns] = 0
    return rows, columns


def _powers_for(largest_square: float, tolerance: float) -> int:
    cosine = float(np.sqrt(largest_square))
    return next((k for k in range(1, MOST_POWERS) if weak_cosine(k, tolerance) >= cosine), MOST_POWERS)


class ExactPairs:
    """Every pair by itself: n^2 squared cosines in memory, read once a step."""

    def __init__(self, sites: Sites, tolerance: float, pool: BlockPool) -> None:
        self._sites = sites
        self._train = _squares(sites.x, sites.norm, sites.x, sites.norm, pool)
        np.fill_diagonal(self._train, 0)
        self._test = _squares(sites.x_test, sites.norm_test, sites.x, sites.norm, pool)
        cut = weak_cosine(MOST_POWERS, tolerance)
        # Before the strong pairs are listed: their number decides what they take.
        self._strong = _Strong(sites.x, sites.norm, sites.x, sites.norm, *_split_off(self._train, cut))
        self._strong_test = _Strong(sites.x_test, sites.norm_test, sites.x, sites.norm, *_split_off(self._test, cut))
        largest = max(float(s.max(initial=0.0)) for s in (self._train, self._test))
        self.powers = _powers_for(largest, tolerance)
        self._taylor = np.array([taylor(k) for k in range(self.powers)]) / _TWO_PI
        n = len(sites.x)
        self._memories = np.zeros((self.powers, n), sites.x.dtype)
        self._still = np.zeros((self.powers, n), sites.x.dtype)
        self._from_strong = np.zeros(n)
        self._still_strong = np.zeros(n)
        self._memory = np.zeros((0, n))

    def fit(self, compression: Compression) -> None:
        self._strong.fit(compression)
        self._strong_test.fit(compression)

    def prepare(self, memory: Array, residual: Array) -> None:
        scale = self._taylor[:, None] * self._sites.norm
        self._memories[:] = scale * memory[: self.powers]
        self._still[:] = scale * residual
        self._memory = memory
        self._from_strong[:] = 0.0
        self._strong.add(memory, self._from_strong)
        strong = self._strong
        self._still_strong[:] = np.bincount(
            strong.rows, weights=strong.still * residual[strong.columns], minlength=len(residual)
        )

    def terms(self, rows: slice, out: Array, out_still: Array) -> None:
        weak_terms(self._train[rows], self._memories, self._still, out, out_still)
        out *= self._sites.norm[rows]
        out_still *= self._sites.norm[rows]
        out += self._from_strong[rows]
        out_still += self._still_strong[rows]

    def test_terms(self) -> Array:
        out, beside = np.empty(len(self._test)), np.empty(len(self._test))
        weak_terms(self._test, self._memories, self._still, out, beside)
        out *= self._sites.norm_test
        self._strong_test.add(self._memory, out)
        return out

    def error(self) -> float:
        return 0.0


class MeanPairs:
    """|x_i| |x_j| times the mean of c arcsin(rho c) over ordered pairs of different training patches.

    The mean is over all pairs up to 4096 patches, over those of 256 patches, evenly spaced, with all others beyond.
    What it leaves out is measured on 64 probe patches, whose pairs are kept.
    """

    def __init__(self, sites: Sites, tolerance: float, pool: BlockPool) -> None:
        self._sites, n = sites, len(sites.x)
        chosen = np.arange(n) if n <= ALL_PAIRS else np.linspace(0, n - 1, _SAMPLED).astype(np.int64)
        self._probes = np.unique(np.linspace(0, max(n - 1, 0), min(n, _PROBES)).astype(np.int64))
        cut = weak_cosine(MOST_POWERS, tolerance)
        sums = np.zeros(MOST_POWERS)
        self._still_mean, largest = 0.0, 0.0
        strong: list[_Strong] = []
        for start in range(0, len(chosen), _ROWS):
            rows = chosen[start : start + _ROWS]
            squares = _squares(sites.x[rows], sites.norm[rows], sites.x, sites.norm, pool)
            squares[np.arange(len(rows)), rows] = 0
            at, columns = _split_off(squares, cut)
            strong.append(_Strong(sites.x, sites.norm, sites.x, sites.norm, rows[at], columns))
            largest = max(largest, float(squares.max(initial=0.0)))
            # In turn, so that no array of every power is held.
            power = squares.astype(np.float64)
            cosine = np.sqrt(power)
            self._still_mean += float((cosine * np.arcsin(cosine)).sum())
            for k in range(MOST_POWERS):
                sums[k] += float(power.sum())
                power *= squares
        self._cosine = np.concatenate([s.cosine for s in strong]) if strong else np.zeros(0)
        self._still_mean += float((self._cosine * np.arcsin(self._cosine)).sum())
        self._count = max(len(chosen) * (n - 1), 1)
        self.powers = _powers_for(largest, tolerance)
        self._sums = sums[: self.powers]
        self._rows = _squares(sites.x[self._probes], sites.norm[self._probes], sites.x, sites.norm, pool)
        self._rows[np.arange(len(self._probes)), self._probes] = 0
        self._probe_strong = _Strong(sites.x, sites.norm, sites.x, sites.norm, *self._probe_pairs(cut))
        self._taylor = np.array([taylor(k) for k in range(self.powers)])
        self._weights = np.zeros(0)
        self._common = self._common_still = 0.0
        self._memory = np.zeros((0, n))
        self._residual = np.zeros(n)

    def _probe_pairs(self, cut: float) -> tuple[Array, Array]:
        at, columns = _split_off(self._rows, cut)
        return self._probes[at], columns

    def fit(self, compression: Compression) -> None:
        weights = np.zeros(len(compression.exponents))
        weights[: self.powers] = self._taylor * self._sums
        for start in range(0, len(self._cosine), 100_000):
            cosine = self._cosine[start : start + 100_000]
            weights += compression.weights(cosine) @ cosine
        self._weights = weights / (self._count * _TWO_PI)
        self._still = self._still_mean / (self._count * _TWO_PI)
        self._probe_strong.fit(compression)

    def prepare(self, memory: Array, residual: Array) -> None:
        self._memory, self._residual = memory, residual
        # Not by BLAS on two dimensions: the order of these sums is fixed by NumPy.
        self._common = float(self._weights @ (memory * self._sites.norm).sum(axis=1))
        self._common_still = float((self._sites.norm * residual).sum()) * self._still

    def terms(self, rows: slice, out: Array, out_still: Array) -> None:
        norm = self._sites.norm[rows]
        own = self._weights @ np.ascontiguousarray(self._memory[:, rows])
        out[:] = norm * (self._common - norm * own)
        out_still[:] = norm * (self._common_still - norm * self._residual[rows] * self._still)

    def test_terms(self) -> Array:
        terms: Array = self._sites.norm_test * self._common
        return terms

    def error(self) -> float:
        norm = self._sites.norm
        memories = self._taylor[:, None] / _TWO_PI * norm * self._memory[: self.powers]
        exact = np.empty(len(self._probes))
        beside = np.empty(len(self._probes))
        weak_terms(self._rows, memories.astype(self._rows.dtype), np.zeros_like(memories, self._rows.dtype), exact, beside)
        exact *= norm[self._probes]
        full = np.zeros(len(norm))
        self._probe_strong.add(self._memory, full)
        exact += full[self._probes]
        own = self._weights @ self._memory[:, self._probes]
        mean = norm[self._probes] * (self._common - norm[self._probes] * own)
        return float(np.sqrt(np.mean((exact - mean) ** 2))) if len(exact) else 0.0
