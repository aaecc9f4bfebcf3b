"""Outputs of the run that given residuals define, by direct sums over steps (THEORY §7).

Between different patches the arcsine is interpolated: for |c| < 0.6 the polynomial of degree M - 1 in rho that takes the values
arcsin(rho_m c) at Chebyshev's points of [0, 1] is within pi (c / (4 (1 - c)))^M of arcsin(rho c): the M-th derivative over M!
is at most (pi / 2) (c / (1 - c))^M there (Cauchy, on discs of radius 1 / c - 1, in which |arcsin| <= pi / 2), and the points'
polynomial at most 2 / 4^M.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np

from proofs_check.recheck.order.balls import UNIT, Balls, exact, product, widened
from proofs_check.recheck.order.functions import PI, arcsine, sine_cosine
from proofs_check.recheck.order.geometry import Geometry
from proofs_check.recheck.order.noise_law import NoiseLaw
from theory_sim.arrays import Array

__all__ = ["Interpolation", "chebyshev", "outputs"]

_ROWS: Final = 192
_COLUMNS: Final = 512
_LEFT_OUT: Final = 1e-14


class Pairs(Protocol):
    """Pairs of vectors."""

    @property
    def inner(self) -> Balls: ...
    @property
    def cosine(self) -> Balls: ...
    @property
    def far(self) -> Array: ...


class Interpolation:
    """Coefficients (m, m) of T_k(2 rho - 1), k < M, times the inner products of the far pairs; 0 for others."""

    def __init__(self, geometry: Pairs) -> None:
        self.coefficients: list[Balls] = []
        self.error = 0.0
        if not geometry.far.any():
            return
        cosine = Balls(np.where(geometry.far, geometry.cosine.mid, 0.0), np.where(geometry.far, geometry.cosine.rad, 0.0))
        inner = Balls(np.where(geometry.far, geometry.inner.mid, 0.0), np.where(geometry.far, geometry.inner.rad, 0.0))
        largest = float(cosine.upper().max())
        # Rounding of this bound itself: far below a part in 10^9.
        ratio = largest / (4.0 * (1.0 - largest)) * (1.0 + 1e-9)
        count = max(2, next(m for m in range(1, 200) if 3.2 * ratio**m <= _LEFT_OUT))
        self.error = 3.2 * ratio**count * float(inner.upper().max()) * (1.0 + 1e-9)
        # Points rho_m = (1 + cos x_m) / 2, x_m = (2 m + 1) pi / (2 M); T_k at them is cos(k x_m).
        table = _cosines(count)
        points = table[1].scaled(0.5).shifted(0.5)
        values = [arcsine(cosine * points[m : m + 1]) for m in range(count)]
        stacked = Balls(np.stack([each.mid.ravel() for each in values]), np.stack([each.rad.ravel() for each in values]))
        means = product(table, stacked).scaled(2.0) / exact(np.array(float(count)))
        for k in range(count):
            mean = Balls(means.mid[k].reshape(cosine.mid.shape), means.rad[k].reshape(cosine.mid.shape))
            self.coefficients.append((mean.scaled(0.5) if k == 0 else mean) * inner)


def _cosines(count: int) -> Balls:
    """cos(k x_m), (M, M), by k and m."""
    # cos is even and has the period 2 pi: k (2m+1) / M right angles, folded into [0, 1].
    turns = np.multiply.outer(np.arange(count), 2 * np.arange(count) + 1) % (4 * count)
    turns = np.minimum(turns, 4 * count - turns)
    behind = turns > count
    turns = np.where(behind, 2 * count - turns, turns)
    angle = PI * exact(turns.astype(np.float64)) / exact(np.array(2.0 * count))
    cosine = sine_cosine(np.minimum(angle.mid, 1.6))[1]
    # The cosine's slope is at most 1.
    sign = np.where(behind, -1.0, 1.0)
    return Balls(cosine.mid * sign, widened(cosine.rad + angle.rad))


def outputs(
    geometry: Geometry, law: NoiseLaw, interpolation: Interpolation, residuals: Array, *, redrawn: bool
) -> Iterator[tuple[int, Balls]]:
    """Outputs (rows, N) after 1, 2, ..., T steps, with the number of steps before the first row.

    ``residuals`` (T, N) are exact: how often an example counts in a step, times its label and residual.
    """
    steps, m = len(residuals), len(geometry.inner.mid)
    sites = _gathered(geometry, residuals)
    joined = geometry.joined
    quarter = Balls(np.where(joined, geometry.inner.mid, 0.0), np.where(joined, geometry.inner.rad, 0.0)).scaled(0.25)
    diagonal = Balls(np.diag(geometry.inner.mid).copy(), np.diag(geometry.inner.rad).copy())
    turn = PI.scaled(2.0)
    whole, nothing = exact(np.array(1.0)), exact(np.array(0.0))
    for first in range(1, steps + 1, _ROWS):
        rows = slice(first, min(first + _ROWS, steps + 1))
        shape = rows.stop - rows.start, m
        plain, own = exact(np.zeros(shape)), exact(np.zeros(shape))
        far = [exact(np.zeros(shape)) for _ in interpolation.coefficients]
        near = exact(np.zeros(shape))
        absolute = np.zeros(shape[0])
        for start in range(0, rows.stop - 1, _COLUMNS):
            columns = slice(start, min(start + _COLUMNS, rows.stop - 1))
            weights, part = law.weights(rows, columns), sites[columns]
            plain = plain + product(weights, part)
            if redrawn:
                continue
            absolute += weights.upper() @ part.upper().sum(axis=1) * (1.0 + (_COLUMNS + m + 4) * UNIT)
            if far:
                _add_far(far, law, rows, columns, weights, part)
            own = own + product(weights * law.arcsines(rows, columns, whole, nothing), part)
            near = near + _near(geometry, law, rows, columns, weights, part)
        values = product(plain, quarter)
        if not redrawn:
            total = own * diagonal[None, :] + near
            for k, memory in enumerate(far):
                total = total + product(memory, interpolation.coefficients[k].transposed)
            # Sums of as many numbers as there are blocks of columns, each already an upper bound.
            left_out = widened(absolute * interpolation.error * (1.0 + 2 * steps * UNIT))[:, None]
            values = values + Balls(total.mid, total.rad + left_out) / turn
        yield first, _read(geometry, values)


def _add_far(far: list[Balls], law: NoiseLaw, rows: slice, columns: slice, weights: Balls, part: Balls) -> None:
    """Sums with T_k(2 rho - 1), by T_2k = 2 T_k^2 - 1 and T_(2k+1) = 2 T_k T_(k+1) - T_1, which keep radii small."""
    found = chebyshev(law.correlations(rows, columns), len(far))
    for k in range(len(far)):
        far[k] = far[k] + product(weights * found[k], part)


def chebyshev(correlations: Balls, count: int) -> list[Balls]:
    """T_k(2 rho - 1), k < count (two at least)."""
    x = correlations.scaled(2.0).shifted(-1.0)
    found = [exact(np.ones_like(x.mid)), x]
    for k in range(2, count):
        half = k // 2
        if k % 2 == 0:
            found.append((found[half] * found[half]).scaled(2.0).shifted(-1.0))
        else:
            found.append((found[half] * found[half + 1]).scaled(2.0) - x)
    return found


def _near(geometry: Geometry, law: NoiseLaw, rows: slice, columns: slice, weights: Balls, part: Balls) -> Balls:
    """Sums of the pairs at small angles."""
    mid, rad = np.zeros((rows.stop - rows.start, part.mid.shape[1])), np.zeros((rows.stop - rows.start, part.mid.shape[1]))
    total = Balls(mid, rad)
    for pair in geometry.near:
        angles = weights * law.arcsines(rows, columns, pair.cosine, pair.square_sine)
        both = product(angles, part[:, [pair.second, pair.first]]) * pair.inner
        there = [pair.first, pair.second]
        added = total[:, there] + both
        total.mid[:, there], total.rad[:, there] = added.mid, added.rad
    return total


def _gathered(geometry: Geometry, residuals: Array) -> Balls:
    """Residuals at each vector: of its own example, or the sum of alpha times those along a direction."""
    m = len(geometry.inner.mid)
    mid, rad = np.zeros((len(residuals), m)), np.zeros((len(residuals), m))
    for example, site in enumerate(geometry.first.tolist()):
        if site >= 0:
            mid[:, site] = residuals[:, example]
    for site in range(m - 3, m):
        there = np.flatnonzero(geometry.second == site)
        if len(there):
            summed = product(exact(residuals[:, there]), exact(geometry.alpha[there][:, None]))
            mid[:, site], rad[:, site] = summed.mid[:, 0], summed.rad[:, 0]
    return Balls(mid, rad)


def _read(geometry: Geometry, values: Balls) -> Balls:
    has = geometry.first >= 0
    of_second = values[:, geometry.second] * exact(geometry.alpha[None, :])
    of_first = values[:, np.maximum(geometry.first, 0)]
    return of_second + Balls(np.where(has, of_first.mid, 0.0), np.where(has, of_first.rad, 0.0))


