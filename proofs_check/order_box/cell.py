"""Losses of a data set's run, enclosed for all parameters of a cell at once (explanation/order_box.md)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from proofs_check.order.approximate import BITS
from proofs_check.order.arm import ALL
from proofs_check.order.functions import log_of_rest
from proofs_check.order.sites import Sites
from proofs_check.order.smoothness import Curvatures
from proofs_check.order_box.kernels import Cell
from proofs_check.order_box.second import outputs_second
from proofs_check.order_box.star import Stars
from theory_sim.arrays import Array
from theory_sim.data import Data

__all__ = ["CellLosses", "cell_losses", "left_out_over"]

_ROUNDED: Final = 1.0 + 1e-9
_LOSS_ERROR: Final = 1e-11
_SLACK: Final = 1.25
_FLOOR: Final = 1e-6
"""What is stated of a cell is wider than what is proved here, so that a second look, whose own residuals differ, reaches it."""


@dataclass(frozen=True)
class CellLosses:
    """Bounds over a cell, after t = 0, ..., T - 1 steps.

    Attributes
    ----------
    low, high : dict of str to (T,) array
        Of each kind's mean loss and of all; ``high`` of the kinds alone.
    centre : dict of str to (T,) array
        At the centre, where the cell varies nothing: what is left is not the method's.
    remainder : (T,) array
        Upper bounds of the root mean square, over the training set, of what interpolation between the points leaves out of
        outputs.
    drift : (T,) array
        E_t, upper bounds of the distance from gradient descent.
    curvature : float
        Lambda over the cell.
    change : dict of str to float
        By parameter, the root mean square of the change of the last outputs over half of the cell, a guess: where to cut.
    """

    low: dict[str, Array]
    high: dict[str, Array]
    centre: dict[str, Array]
    remainder: Array
    drift: Array
    curvature: float
    change: dict[str, float]


@dataclass(frozen=True)
class _Residuals:
    """Residuals centre + sum_k q_k slopes_k + q_k^2 squares_k, (T, N) each, and their range over the cell."""

    centre: Array
    slopes: tuple[Array, ...]
    squares: tuple[Array, ...]

    def of(self, members: Array) -> _Residuals:
        """Those of some examples."""
        return _Residuals(self.centre[:, members], tuple(each[:, members] for each in self.slopes),
                          tuple(each[:, members] for each in self.squares))

    @property
    def range(self) -> tuple[Array, Array]:
        wide = sum((np.abs(b) + np.abs(c) for b, c in zip(self.slopes, self.squares, strict=True)), np.zeros(()))
        low, high = self.centre - wide, self.centre + wide
        if not (np.all(low > 0) and np.all(high < 1)):
            raise ValueError("residuals beyond 0 and 1 over the cell")
        return low, high


def cell_losses(cell: Cell, stars: Stars, data: Data, steps: int) -> CellLosses:
    """Enclose losses over a cell, for the first ``steps`` steps at its rate.

    Raises
    ------
    ValueError, ZeroDivisionError
        If the cell is too large for any bound.
    """
    residuals, mismatch = _interpolated(cell, stars, steps)
    sites = stars.sites(cell.centre)
    left_out = _left_out(cell, sites, data, residuals, mismatch)
    remainder = _root_mean_square(left_out)
    norms = _Norms(cell, sites, data)
    drift = _drift(cell, remainder, norms.curvature)
    _, largest = residuals.range
    low, high, centre = {}, {}, {}
    for name, members in norms.members.items():
        part = residuals.of(members)
        off = norms.of[name] * drift + _root_mean_square(left_out[:, members])
        slope = _root_mean_square(largest[:, members])
        low[name] = _least_mean(part) - slope * off * _ROUNDED - _LOSS_ERROR
        if name != ALL:
            high[name] = _largest_mean(part) + (slope * off + off**2 / 8.0) * _ROUNDED + _LOSS_ERROR
        centre[name] = np.mean(log_of_rest(part.centre), axis=1)
    change = {name: float(np.sqrt(np.mean((slope[-1] / (residuals.centre[-1] * (1 - residuals.centre[-1]))) ** 2)))
              for name, slope in zip(cell.varied, residuals.slopes, strict=True)}
    return CellLosses(low, high, centre, remainder, drift, norms.curvature, change)



def left_out_over(cell: Cell, stars: Stars, data: Data, steps: int) -> Array:
    """Upper bounds (T, N) over a cell of |f^ - f~|: outputs of the interpolated residuals, and those that have them."""
    return _left_out(cell, stars.sites(cell.centre), data, *_interpolated(cell, stars, steps))


def _left_out(cell: Cell, sites: Sites, data: Data, residuals: _Residuals, mismatch: Array) -> Array:
    return _SLACK * (mismatch[:, None] + _of_outputs(cell, sites, data, residuals) + _of_residuals(residuals)) + _FLOOR


def _interpolated(cell: Cell, stars: Stars, steps: int) -> tuple[_Residuals, Array]:
    """Residuals through those of the centre and of two points a parameter, exact; and the mismatch of all points together."""
    middle = stars.at(cell.centre, steps)
    slopes, squares = [], []
    mismatch = middle.mismatch * (1.0 + len(cell.varied))
    for name in cell.varied:
        low, high = (stars.at({**cell.centre, name: cell.centre[name] + sign * cell.half[name]}, steps) for sign in (-1, 1))
        slopes.append((high.residuals - low.residuals) * 2.0 ** -(BITS + 1))
        squares.append((high.residuals + low.residuals - 2 * middle.residuals) * 2.0 ** -(BITS + 1))
        mismatch = mismatch + np.maximum(low.mismatch, high.mismatch)
    return _Residuals(middle.residuals * 2.0**-BITS, tuple(slopes), tuple(squares)), mismatch


def _of_outputs(cell: Cell, sites: Sites, data: Data, residuals: _Residuals) -> Array:
    """What is left out of f^, (T, N)."""
    def gathered(values: Array) -> Array:
        return sites.gathered(values * data.y) / len(data)

    parts = gathered(residuals.centre), [gathered(each) for each in residuals.slopes], [
        gathered(each) for each in residuals.squares]
    return sites.read(outputs_second(cell, sites, parts))[:-1] * _ROUNDED


def _of_residuals(residuals: _Residuals) -> Array:
    """What is left out of f~ = log((1 - a) / a) (up to the label), (T, N): |f~'| = 1 / (a (1 - a)), |f~''| = |1 - 2a| f~'^2."""
    low, high = residuals.range
    slope = 1.0 / np.minimum(low * (1.0 - low), high * (1.0 - high))
    curvature = np.maximum(np.abs(1.0 - 2.0 * low), np.abs(1.0 - 2.0 * high)) * slope**2
    first = [np.abs(b) + 2.0 * np.abs(c) for b, c in zip(residuals.slopes, residuals.squares, strict=True)]
    found = np.zeros_like(low)
    for i, (one, square) in enumerate(zip(first, residuals.squares, strict=True)):
        found += (curvature * one**2 + slope * 2.0 * np.abs(square)) / 8.0
        for other in first[:i]:
            found += curvature * one * other
    return found * _ROUNDED


class _Norms:
    """Lambda, and the root of the largest eigenvalue of each kind's Gram matrix over its examples, over a cell."""

    def __init__(self, cell: Cell, sites: Sites, data: Data) -> None:
        curvatures = Curvatures(sites)
        kinds = [(name, np.flatnonzero(data.kind == place)) for place, name in enumerate(data.kinds)]
        self.members = {ALL: np.arange(len(data))} | {name: members for name, members in kinds if len(members)}
        # Between directions K = n (1/2 - theta / (2 pi)): n is within 2 r h + h^2 of the centre's, theta at most 2 arctan r,
        # within 2 h of it. A Gram matrix whose entries change by at most d alpha alpha' changes by at most d |alpha|^2.
        r, half = cell.centre["r"], cell.half["r"]
        moved = 0.5 * (2.0 * r * half + half**2) + (1.0 + r * r) * half / 3.14
        self.of = {}
        for name, members in self.members.items():
            largest = 4.0 * curvatures.part(members) + moved * float(np.mean(sites.alpha[members] ** 2))
            self.of[name] = math.sqrt(largest) * _ROUNDED
        self.curvature = 0.25 * self.of[ALL] ** 2 * _ROUNDED


def _drift(cell: Cell, remainder: Array, curvature: float) -> Array:
    """E_t: E^2 grows by gamma beta^2 / (4 (2 beta - gamma Lambda)) times the mean square of what is left out."""
    (least, most), (fewest, largest) = (
        (cell.centre[name] - cell.half[name], cell.centre[name] + cell.half[name]) for name in ("rate", "lambda"))
    kept_low, kept_high = (1.0 - most * largest) / _ROUNDED, (1.0 - least * fewest) * _ROUNDED
    slack = (2.0 * kept_low - most * curvature) / _ROUNDED
    if not slack > 1e-6:
        raise ValueError("steps that may amplify errors")
    grown = most * kept_high**2 / (4.0 * slack) * _ROUNDED
    square, found = 0.0, []
    for each in remainder.tolist():
        found.append(math.sqrt(square) * _ROUNDED)
        square = (kept_high**2 * square + grown * each**2) * (1.0 + 1e-14)
    return np.array(found)


def _root_mean_square(values: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(values**2, axis=1)) * _ROUNDED)


def _least_mean(part: _Residuals) -> Array:
    """Lower bound over the cell of the mean of - log(1 - a), convex in a: by its tangent at the centre."""
    centre = np.maximum(part.centre + sum((np.minimum(each, 0.0) for each in part.squares), np.zeros(())), 0.0)
    found = np.mean(log_of_rest(centre), axis=1)
    for slope in part.slopes:
        found = found - np.abs(np.mean(slope / (1.0 - centre), axis=1)) * _ROUNDED - 1e-13
    return np.asarray(found)


def _largest_mean(part: _Residuals) -> Array:
    """Upper bound over the cell of the mean of - log(1 - a): convex in q without its squares, so largest at a vertex."""
    centre = part.centre + sum((np.maximum(each, 0.0) for each in part.squares), np.zeros(()))
    vertices = itertools.product((-1.0, 1.0), repeat=len(part.slopes))
    found = [np.mean(log_of_rest(centre + sum((sign * slope for sign, slope in zip(signs, part.slopes, strict=True)),
                                              np.zeros(()))), axis=1) for signs in vertices]
    return np.asarray(np.max(found, axis=0))
