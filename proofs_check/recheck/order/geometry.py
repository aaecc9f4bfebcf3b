"""Patches and directions again: inner products, cosines and the norms of features, as balls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from proofs_check.recheck.order.balls import Balls, exact, product, widened
from theory_sim.arrays import Array

__all__ = ["NEAR", "Geometry", "Pair", "make_geometry", "make_pair"]

NEAR: Final = 0.5
"""Pairs with a larger |cosine| are summed one by one."""


@dataclass(frozen=True)
class Pair:
    """Two different vectors at a small angle: exact inner product, cosine and 1 - cosine^2, rounded to balls of one number."""

    first: int
    second: int
    inner: Balls
    cosine: Balls
    square_sine: Balls


@dataclass(frozen=True)
class Geometry:
    """Vectors on which residuals sit: every first patch, then z - zeta, z and z + zeta.

    ``inner`` and ``cosine`` are (m, m) balls; ``joined`` says which pairs have a kernel between them, ``far`` which of these
    are summed by interpolation; ``near`` are the others but each with itself. ``feature`` bounds |phi(x)| of each example.
    """

    first: Array
    second: Array
    alpha: Array
    inner: Balls
    cosine: Balls
    joined: Array
    far: Array
    near: tuple[Pair, ...]
    feature: Array


def make_geometry(x1: Array, has_x1: Array, alpha: Array, direction: Array, directions: Array, *, shared: bool) -> Geometry:
    """Geometry of a training set; first patches (N, d), directions (3, k)."""
    rows = np.flatnonzero(has_x1)
    x = np.asarray(x1[rows], np.float64)
    n = len(x)
    m = n + 3
    if shared:
        vectors = np.concatenate([x, directions])
        inner = product(exact(vectors), exact(np.ascontiguousarray(vectors.T)))
        joined = np.ones((m, m), bool)
    else:
        mid, rad = np.zeros((m, m)), np.zeros((m, m))
        for part, place in ((x, slice(0, n)), (directions, slice(n, m))):
            block = product(exact(part), exact(np.ascontiguousarray(part.T)))
            mid[place, place], rad[place, place] = block.mid, block.rad
        inner, joined = Balls(mid, rad), np.zeros((m, m), bool)
        joined[:n, :n] = joined[n:, n:] = True
    squares = Balls(np.diag(inner.mid).copy(), np.diag(inner.rad).copy())
    norm = squares.root()
    cosine = inner / (norm[:, None] * norm[None, :])
    different = ~np.eye(m, dtype=bool)
    close = joined & different & (np.abs(cosine.mid) > NEAR)
    close |= close.T
    vectors_of = [*x, *directions]
    near = tuple(make_pair(i, j, vectors_of[i], vectors_of[j]) for i, j in np.argwhere(np.triu(close)).tolist())
    first = np.full(len(alpha), -1)
    first[rows] = np.arange(n)
    second = n + direction.astype(np.int64)
    upper = norm.upper()
    of_first = np.where(first >= 0, upper[np.maximum(first, 0)], 0.0)
    of_second = alpha * upper[second]
    # |phi(x)|^2 = |x_1|^2 / 2 + |x_2|^2 / 2, twice the kernel between both patches beside if one bank of filters sees both.
    squared = 0.5 * (of_first + of_second) ** 2 if shared else 0.5 * (of_first**2 + of_second**2)
    return Geometry(first, second, alpha, inner, cosine, joined, joined & different & ~close, near,
                    np.asarray(widened(np.sqrt(squared))))


def make_pair(i: int, j: int, a: Array, b: Array) -> Pair:
    inner, squares = _dot(a, b), _dot(a, a) * _dot(b, b)
    ratio = inner * inner / squares
    root = _root(ratio)
    sign = -1 if inner < 0 else 1
    return Pair(i, j, _rounded(inner), Balls(np.array(sign * root), np.array(4e-16)), _rounded(1 - ratio))


def _dot(a: Array, b: Array) -> Fraction:
    return sum((Fraction(p) * Fraction(q) for p, q in zip(a.tolist(), b.tolist(), strict=True)), Fraction(0))


def _root(value: Fraction) -> float:
    """Square root of a number in [0, 1], within 2^-52."""
    return math.isqrt((value.numerator << 200) // value.denominator) / 2**100


def _rounded(value: Fraction) -> Balls:
    mid = float(value)
    return Balls(np.array(mid), widened(np.array(abs(float(value - Fraction(mid))))))
