"""The arcsin term between different patches x_1: every pair, or the mean over pairs (THEORY §7).

Between sites i and j the term is |x_i| |x_j| c arcsin(rho c) / (2 pi), c = cos theta: even in c, and a polynomial in c^2 for
the small cosines of high dimension. So one matrix of c^2 serves every power and every age. Pairs with larger cosines,
common only in low dimension, are listed one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError, size_in_words
from theory_sim.limit.compression import MOST_POWERS, Compression, taylor, weak_cosine
from theory_sim.limit.geometry import Patches
from theory_sim.limit.memory import ALL_PAIRS
from theory_sim.memory import available_bytes
from theory_sim.numeric.limit_kernels import strong_terms, weak_terms
from theory_sim.numeric.pool import BlockPool

__all__ = ["ExactPairs", "MeanPairs", "PairTerms", "Pairs"]

_ROWS: Final = 256
_SAMPLED: Final = 256
_PROBES: Final = 64
_TWO_PI: Final = 2.0 * np.pi


class PairTerms(Protocol):
    """Off-diagonal terms for one set of memories."""

    def fill(self, rows: slice, out: Array, out_equal_time: Array) -> None:
        """Fill with the terms of these patches: from the memories, and at equal times from the residuals."""

    def fresh(self) -> Array:
        """Terms of the fresh patches, (n_test,)."""

    def error(self) -> float:
        """Root mean square, over probe patches, of what the mode leaves out of an output."""


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

    def terms(self, memory: Array, residual: Array) -> PairTerms:
        """Terms of memories (E, n), and at equal times of residuals (n,)."""


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
        self.equal_time = self.inner * np.arcsin(self.cosine) / _TWO_PI
        self.weights = np.empty((0, 0))

    def fit(self, compression: Compression) -> None:
        needed = 8 * 2 * len(self.rows) * len(compression.exponents)
        if needed > available_bytes():
            raise InputError(
                f"{len(self.rows)} pairs of patches at angles that need a weight for each exponential, "
                f"{size_in_words(needed)}", "what a run needs must fit in memory",
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

    def __init__(self, patches: Patches, tolerance: float, pool: BlockPool) -> None:
        self._patches = patches
        self._train = _squares(patches.x, patches.norm, patches.x, patches.norm, pool)
        np.fill_diagonal(self._train, 0)
        self._test = _squares(patches.x_test, patches.norm_test, patches.x, patches.norm, pool)
        cut = weak_cosine(MOST_POWERS, tolerance)
        # Before the strong pairs are listed: their number decides what they take.
        self._strong = _Strong(patches.x, patches.norm, patches.x, patches.norm, *_split_off(self._train, cut))
        self._strong_test = _Strong(patches.x_test, patches.norm_test, patches.x, patches.norm, *_split_off(self._test, cut))
        largest = max(float(s.max(initial=0.0)) for s in (self._train, self._test))
        self.powers = _powers_for(largest, tolerance)
        self._taylor = np.array([taylor(k) for k in range(self.powers)]) / _TWO_PI

    def fit(self, compression: Compression) -> None:
        self._strong.fit(compression)
        self._strong_test.fit(compression)

    def terms(self, memory: Array, residual: Array) -> _ExactTerms:
        norm, dtype, strong = self._patches.norm, self._train.dtype, self._strong
        scale = self._taylor[:, None] * norm
        from_strong = np.zeros(len(norm))
        strong.add(memory, from_strong)
        weights = strong.equal_time * residual[strong.columns]
        return _ExactTerms(
            self._train, self._test, norm, self._patches.norm_test, memory, (scale * memory[: self.powers]).astype(dtype),
            (scale * residual).astype(dtype), from_strong, np.bincount(strong.rows, weights=weights, minlength=len(norm)),
            self._strong_test,
        )


@dataclass(frozen=True)
class _ExactTerms:
    """Every pair: powers of the squared cosines times ``scaled`` memories (K, n), and the strong pairs' sums (n,)."""

    squares: Array
    squares_test: Array
    norm: Array
    norm_test: Array
    memory: Array
    scaled: Array
    scaled_equal_time: Array
    from_strong: Array
    strong_equal_time: Array
    strong_test: _Strong

    def fill(self, rows: slice, out: Array, out_equal_time: Array) -> None:
        weak_terms(self.squares[rows], self.scaled, self.scaled_equal_time, out, out_equal_time)
        out *= self.norm[rows]
        out_equal_time *= self.norm[rows]
        out += self.from_strong[rows]
        out_equal_time += self.strong_equal_time[rows]

    def fresh(self) -> Array:
        out, unused = np.empty(len(self.squares_test)), np.empty(len(self.squares_test))
        weak_terms(self.squares_test, self.scaled, self.scaled_equal_time, out, unused)
        out *= self.norm_test
        self.strong_test.add(self.memory, out)
        return out

    def error(self) -> float:
        return 0.0


class MeanPairs:
    """|x_i| |x_j| times the mean of c arcsin(rho c) over ordered pairs of different training patches.

    The mean is over all pairs up to 4096 patches, over those of 256 patches, evenly spaced, with all others beyond.
    What it leaves out is measured on 64 probe patches, whose pairs are kept.
    """

    def __init__(self, patches: Patches, tolerance: float, pool: BlockPool) -> None:
        self._patches, n = patches, len(patches.x)
        chosen = np.arange(n) if n <= ALL_PAIRS else np.linspace(0, n - 1, _SAMPLED).astype(np.int64)
        self._probes = np.unique(np.linspace(0, max(n - 1, 0), min(n, _PROBES)).astype(np.int64))
        cut = weak_cosine(MOST_POWERS, tolerance)
        sums = np.zeros(MOST_POWERS)
        self._mean_equal_time, largest = 0.0, 0.0
        strong: list[_Strong] = []
        for start in range(0, len(chosen), _ROWS):
            rows = chosen[start : start + _ROWS]
            squares = _squares(patches.x[rows], patches.norm[rows], patches.x, patches.norm, pool)
            squares[np.arange(len(rows)), rows] = 0
            at, columns = _split_off(squares, cut)
            strong.append(_Strong(patches.x, patches.norm, patches.x, patches.norm, rows[at], columns))
            largest = max(largest, float(squares.max(initial=0.0)))
            # In turn, so that no array of every power is held.
            power = squares.astype(np.float64)
            cosine = np.sqrt(power)
            self._mean_equal_time += float((cosine * np.arcsin(cosine)).sum())
            for k in range(MOST_POWERS):
                sums[k] += float(power.sum())
                power *= squares
        self._cosine = np.concatenate([s.cosine for s in strong]) if strong else np.zeros(0)
        self._mean_equal_time += float((self._cosine * np.arcsin(self._cosine)).sum())
        self._count = max(len(chosen) * (n - 1), 1)
        self.powers = _powers_for(largest, tolerance)
        self._sums = sums[: self.powers]
        self._rows = _squares(patches.x[self._probes], patches.norm[self._probes], patches.x, patches.norm, pool)
        self._rows[np.arange(len(self._probes)), self._probes] = 0
        self._probe_strong = _Strong(patches.x, patches.norm, patches.x, patches.norm, *self._probe_pairs(cut))
        self._taylor = np.array([taylor(k) for k in range(self.powers)])
        self._weights = np.zeros(0)
        self._equal_time = 0.0

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
        self._equal_time = self._mean_equal_time / (self._count * _TWO_PI)
        self._probe_strong.fit(compression)

    def terms(self, memory: Array, residual: Array) -> _MeanTerms:
        norm = self._patches.norm
        # Not by BLAS on two dimensions: the order of these sums is fixed by NumPy.
        common = float(self._weights @ (memory * norm).sum(axis=1))
        common_equal_time = float((norm * residual).sum()) * self._equal_time
        return _MeanTerms(self, memory, residual, common, common_equal_time)

    def fill(self, terms: _MeanTerms, rows: slice, out: Array, out_equal_time: Array) -> None:
        """Terms of these patches: the common part without each one's own."""
        norm = self._patches.norm[rows]
        own = self._weights @ np.ascontiguousarray(terms.memory[:, rows])
        out[:] = norm * (terms.common - norm * own)
        out_equal_time[:] = norm * (terms.common_equal_time - norm * terms.residual[rows] * self._equal_time)

    def fresh(self, terms: _MeanTerms) -> Array:
        """Terms of the fresh patches."""
        found: Array = self._patches.norm_test * terms.common
        return found

    def error(self, terms: _MeanTerms) -> float:
        """Root mean square over the probes of the exact terms' difference to the mean's."""
        norm, memory = self._patches.norm, terms.memory
        memories = self._taylor[:, None] / _TWO_PI * norm * memory[: self.powers]
        exact = np.empty(len(self._probes))
        unused = np.empty(len(self._probes))
        weak_terms(self._rows, memories.astype(self._rows.dtype), np.zeros_like(memories, self._rows.dtype), exact, unused)
        exact *= norm[self._probes]
        full = np.zeros(len(norm))
        self._probe_strong.add(memory, full)
        exact += full[self._probes]
        own = self._weights @ memory[:, self._probes]
        mean = norm[self._probes] * (terms.common - norm[self._probes] * own)
        return float(np.sqrt(np.mean((exact - mean) ** 2))) if len(exact) else 0.0


@dataclass(frozen=True)
class _MeanTerms:
    """The mean over pairs: what is common to all patches, per norm."""

    pairs: MeanPairs
    memory: Array
    residual: Array
    common: float
    common_equal_time: float

    def fill(self, rows: slice, out: Array, out_equal_time: Array) -> None:
        self.pairs.fill(self, rows, out, out_equal_time)

    def fresh(self) -> Array:
        return self.pairs.fresh(self)

    def error(self) -> float:
        return self.pairs.error(self)
