"""How far outputs over a cell are from those that stars of points give: by bounds of second derivatives (order_box.md).

For given residuals, quadratic along each parameter, an output is an explicit sum over earlier steps and sites. Each factor of a
term is a jet, the residuals' signs are kept where a kernel's part is the same for many sites: 1/4 of every pair, 1/2 of pairs
at an acute angle that the series does not take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from proofs_check.order.sites import Sites
from proofs_check.order_box.jets import Jet
from proofs_check.order_box.kernels import Cell, Clock, Kernels
from theory_sim.arrays import Array

__all__ = ["Loads", "loads", "outputs_second"]

_ROWS: Final = 128
_ROUNDED: Final = 1.0 + 1e-9


@dataclass(frozen=True)
class Loads:
    """Upper bounds (T, columns) of what stands beside a kernel in a sum, and of its derivatives, ready to be summed.

    ``value`` is of the quantity; ``mixed[k]`` stands beside the kernel's first derivative by q_k, ``second`` beside the kernel.
    """

    value: Array
    mixed: tuple[Array, ...]
    second: Array

    def scaled(self, factors: Array) -> Loads:
        """Times factors that are not negative, by columns; or a matrix product, for a matrix."""
        def by(values: Array) -> Array:
            return np.asarray(values @ factors if factors.ndim == 2 else values * factors)

        return Loads(by(self.value), tuple(by(each) for each in self.mixed), by(self.second))


def loads(centre: Array, slopes: Sequence[Array], squares: Sequence[Array], slack: float) -> Loads:
    """Loads of centre + sum_k q_k slopes_k + q_k^2 squares_k, signed numbers that are within ``slack``.

    The part of a sum that is not interpolated is at most 1/8 of the second derivatives by one parameter and all of the mixed
    ones: weights 1/8 and 1 (order_box.md).
    """
    k = range(len(slopes))
    first = [np.abs(slopes[i]) + 2.0 * np.abs(squares[i]) + 3 * slack for i in k]
    value = np.abs(centre) + slack + sum((np.abs(slopes[i]) + np.abs(squares[i]) + 2 * slack for i in k), np.zeros(()))
    mixed = tuple(0.25 * first[i] + sum((first[j] for j in k if j != i), np.zeros(())) for i in k)
    second = sum((0.25 * np.abs(each) + slack for each in squares), np.zeros_like(value))
    return Loads(value, tuple(np.asarray(each) for each in mixed), np.asarray(second))


def _summed(kernel: Jet, given: Loads) -> Array:
    """Sum over steps of second derivatives of kernel times load, with their weights."""
    k = range(len(kernel.first))
    total: Array = kernel.high @ given.second
    for i in k:
        if np.any(kernel.first[i]):
            total = total + kernel.first[i] @ given.mixed[i]
    both = sum((kernel.second[i][j] * (0.125 if i == j else 1.0) for i in k for j in range(i + 1)), np.zeros_like(kernel.high))
    return np.asarray(total + both @ given.value)


def outputs_second(cell: Cell, sites: Sites, residuals: tuple[Array, Sequence[Array], Sequence[Array]]) -> Array:
    """Bounds (T + 1, m) of what interpolation between a cell's stars leaves out of the outputs at the sites.

    Parameters
    ----------
    cell : Cell
        Parameters.
    sites : Sites
        Of the centre; no two patches may be at a cosine beyond the series'.
    residuals : (T, m) arrays
        Residuals with labels over N, gathered at the sites: at the centre, their slopes and their squares' coefficients.
    """
    clock = Clock(cell, len(residuals[0]))
    parts = list(_parts(cell, sites, residuals))
    found = np.zeros((clock.steps + 1, len(sites)))
    for start in range(1, clock.steps + 1, _ROWS):
        rows = slice(start, min(start + _ROWS, clock.steps + 1))
        kernels = Kernels(cell, clock, rows, sites.largest_cosine)
        for name, given, columns in parts:
            found[rows, columns] += _summed(kernels.of(name), _until(given, rows.stop - 1))
    return found * _ROUNDED


def _until(given: Loads, steps: int) -> Loads:
    return Loads(given.value[:steps], tuple(each[:steps] for each in given.mixed), given.second[:steps])


def _parts(
    cell: Cell, sites: Sites, residuals: tuple[Array, Sequence[Array], Sequence[Array]]
) -> Iterator[tuple[str, Loads, list[int]]]:
    """Kernels by name, the loads that they act on, and the sites at which their sums are outputs."""
    m = len(sites)
    n = m - 3
    slack = 1e-12 * (1.0 + sites.most_alpha)
    centre, slopes, squares = residuals
    everywhere = list(range(n))
    if n:
        gram, diagonal = sites.gram[:n, :n], np.diag(sites.gram)[:n]

        def linear(values: Array) -> Array:
            return np.asarray(0.25 * (values[:, :n] @ gram + values[:, :n] * diagonal))

        of_sites = loads(centre[:, :n], [each[:, :n] for each in slopes], [each[:, :n] for each in squares], slack)
        yield "linear", loads(linear(centre), [linear(each) for each in slopes], [linear(each) for each in squares],
                              4.0 * slack * sites.square + sites.gram_error), everywhere
        yield "same", of_sites.scaled(diagonal + sites.gram_error), everywhere
        cosines = np.abs(sites.cosine[:n, :n]) + sites.cosine_error
        np.fill_diagonal(cosines, 0.0)
        yield "weak", of_sites.scaled((np.abs(gram) + sites.gram_error) * cosines), everywhere
    minus, zero, plus = range(n, m)

    def each_of(combine: Sequence[float]) -> Loads:
        of = np.array(combine)
        return loads(centre[:, n:] @ of[:, None], [part[:, n:] @ of[:, None] for part in slopes],
                     [part[:, n:] @ of[:, None] for part in squares], 3 * slack)

    for kernel in ("half", "balanced"):
        yield kernel, each_of([1, 1, 1]), [minus, zero, plus]
        yield f"{kernel} r^2", each_of([-1, 0, 1]), [minus, plus]
    only = {place: each_of([float(n + i == place) for i in range(3)]) for place in (minus, zero, plus)}
    for at in (minus, zero, plus):
        for source in (minus, zero, plus):
            if at == source:
                yield "z, z" if at == zero else "side, same side", only[source], [at]
                continue
            name = "z, side" if zero in (at, source) else "side, other side"
            yield f"{name}: angle", only[source], [at]
            yield f"{name}: rest", only[source], [at]
