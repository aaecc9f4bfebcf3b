"""What interpolation between a cell's points leaves out of outputs, from expansions of the kernel's parts, summed in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from proofs_check.recheck.order.box_kernels import CellOf, Expansions
from proofs_check.recheck.order.geometry import Geometry
from proofs_check.recheck.order.taylor import Taylor
from proofs_check.recheck.refusal import Refused
from theory_sim.arrays import Array

__all__ = ["Residuals", "left_out_of_outputs"]

_ROWS: Final = 160
_UP: Final = 1.0 + 1e-9


@dataclass(frozen=True)
class Residuals:
    """centre + sum_k q_k slopes_k + q_k^2 squares_k, (T, N), and their range."""

    centre: Array
    slopes: Sequence[Array]
    squares: Sequence[Array]
    low: Array
    high: Array


class _Beside:
    """Sizes (T, columns) of what stands beside a kernel: of it, of its derivatives, and of its own second derivatives."""

    def __init__(self, centre: Array, slopes: Sequence[Array], squares: Sequence[Array], off: float) -> None:
        self.once = [np.abs(b) + 2 * np.abs(c) + off for b, c in zip(slopes, squares, strict=True)]
        self.size = np.abs(centre) + off + sum((np.abs(each) + off for each in (*slopes, *squares)), np.zeros(()))
        self.bend = sum((2 * np.abs(each) + off for each in squares), np.zeros_like(self.size))

    def times(self, matrix: Array) -> _Beside:
        """By a matrix of numbers that are not negative."""
        found = object.__new__(_Beside)
        found.once, found.size, found.bend = [each @ matrix for each in self.once], self.size @ matrix, self.bend @ matrix
        return found

    def left_out(self, kernel: Taylor) -> Array:
        """1/8 of second derivatives by one parameter and all mixed ones of kernel times this, summed over steps."""
        steps = kernel.value.mid.shape[1]
        total: Array = 0.125 * kernel.value.upper() @ self.bend[:steps]
        for i, first in kernel.once.items():
            mixed = 0.25 * self.once[i] + sum((each for j, each in enumerate(self.once) if j != i), np.zeros(()))
            total = total + first.upper() @ mixed[:steps]
        for (i, j), second in kernel.twice.items():
            total = total + (0.125 if i == j else 1.0) * second.upper() @ self.size[:steps]
        return np.asarray(total)


def left_out_of_outputs(cell: CellOf, geometry: Geometry, y: Array, residuals: Residuals) -> Array:
    """Upper bounds (T, N) by step and example."""
    m, steps = len(geometry.inner.mid), len(residuals.centre)
    n = m - 3
    if any(pair.first < n for pair in geometry.near if abs(float(pair.cosine.mid)) > 0.8):
        raise Refused("two patches at a small angle, over a cell")

    def at_sites(values: Array) -> Array:
        """Over N, with labels."""
        found = np.zeros((steps, m))
        signed = values * y / len(y)
        has = geometry.first >= 0
        found[:, geometry.first[has]] = signed[:, has]
        for site in range(n, m):
            found[:, site] = signed @ np.where(geometry.second == site, geometry.alpha, 0.0)
        return found

    parts = [at_sites(residuals.centre)], [at_sites(each) for each in residuals.slopes], [
        at_sites(each) for each in residuals.squares]
    acting = _acting(geometry, parts[0][0], parts[1], parts[2])
    cosine = float(geometry.cosine.upper()[:n, :n][~np.eye(n, dtype=bool)].max(initial=0.0)) if n else 0.0
    found = np.zeros((steps, m))
    expansions = Expansions(cell, steps, cosine)
    for first in range(1, steps, _ROWS):
        times = np.arange(first, min(first + _ROWS, steps))
        for name, kernel in expansions.rows(times):
            for beside, columns in acting.get(name, []):
                found[np.ix_(times, np.array(columns))] += beside.left_out(kernel)
    has = geometry.first >= 0
    read: Array = geometry.alpha * found[:, geometry.second]
    read[:, has] += found[:, geometry.first[has]]
    return read * _UP


def _acting(
    geometry: Geometry, centre: Array, slopes: Sequence[Array], squares: Sequence[Array]
) -> dict[str, list[tuple[_Beside, list[int]]]]:
    """By kernel: what it acts on, and the sites where the sum is read."""
    m = len(geometry.inner.mid)
    n = m - 3
    off = 1e-12 * (1.0 + float(geometry.alpha.max()))
    found: dict[str, list[tuple[_Beside, list[int]]]] = {}

    def of(matrix: Array, rows: slice, slack: float) -> _Beside:
        return _Beside(centre[:, rows] @ matrix, [each[:, rows] @ matrix for each in slopes],
                       [each[:, rows] @ matrix for each in squares], slack)

    if n:
        patches, places = slice(0, n), list(range(n))
        inner = geometry.inner.mid[:n, :n]
        radius = float(geometry.inner.rad[:n, :n].max())
        largest = float(np.diag(inner).max())
        found["linear"] = [(of(0.25 * (inner + np.diag(np.diag(inner))), patches, radius + 4 * off * largest), places)]
        alone = of(np.eye(n), patches, off)
        found["same"] = [(alone.times(np.diag(np.diag(inner) + radius)), places)]
        size = geometry.cosine.upper()[:n, :n] * (np.abs(inner) + radius)
        np.fill_diagonal(size, 0.0)
        found["weak"] = [(alone.times(size), places)]
    three = slice(n, m)
    whole, apart = np.ones((3, 1)), np.array([[-1.0], [0.0], [1.0]])
    for name in ("half", "balanced"):
        found[name] = [(of(whole, three, 3 * off), [n, n + 1, n + 2])]
        found[f"{name} r^2"] = [(of(apart, three, 3 * off), [n, n + 2])]
    for at in range(3):
        for source in range(3):
            one = of(np.eye(3)[:, source : source + 1], three, off), [n + at]
            if at == source:
                found.setdefault("z, z" if at == 1 else "side, same side", []).append(one)
                continue
            name = "z, side" if 1 in (at, source) else "side, other side"
            for part in ("angle", "rest"):
                found.setdefault(f"{name}: {part}", []).append(one)
    return found
