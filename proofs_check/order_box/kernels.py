"""The parts of the limit's kernel between two steps, with their weights, as jets over a cell of parameters (THEORY §5, §7).

A run at one rate gamma, beta = 1 - gamma lambda: a step of age n = t - s weighs gamma beta^(n-1), and 1 - rho^2 = chi =
kappa (1 - beta^(2n)) tau_0^2 / tau_t^2, where kappa tau_0^2 is the stationary variance at the rate. Sites at an angle theta,
whose patterns are correlated by rho, have the kernel |x| |x'| cos theta (1/2 - psi / (2 pi)), where
sin^2 psi = sin^2 theta + chi cos^2 theta.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np

from proofs_check.order_box.jets import Jet, constant, parameter, powers
from theory_sim.arrays import Array

__all__ = ["Cell", "Clock", "Kernels"]

_OVER_TWO_PI: Final = 0.15915494309189540
"""1 / (2 pi) = 0.159154943091895335..., rounded up."""
_CUTS: Final = (0.0, 0.1, 0.35, 1.0)
"""Where the segment from an angle's start to its end is cut, on each part of which slopes are bounded."""


@dataclass(frozen=True)
class Cell:
    """A cell of parameters.

    Attributes
    ----------
    centre, half : dict of str to float
        Of "r", "lambda" and "rate", the rate at each step; a parameter that is fixed has the half-width 0.
    stationary : float or None
        The rate at whose stationary level the noise starts; None: tau_0 is a number.
    tau_0, tau_xi : float
        Levels of the noise; tau_0 is of use where it is a number.
    """

    centre: Mapping[str, float]
    half: Mapping[str, float]
    stationary: float | None
    tau_0: float
    tau_xi: float

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the parameters that are not fixed."""
        return tuple(name for name in ("r", "lambda", "rate") if self.half[name] > 0)

    def jet(self, name: str) -> Jet:
        """A parameter over the cell."""
        varied = self.varied
        place = varied.index(name) if name in varied else None
        return parameter(self.centre[name], self.half[name], place, len(varied))

    def number(self, value: float) -> Jet:
        """A constant over the cell."""
        return constant(value, len(self.varied))


class Clock:
    """Weights by age, and the parts of chi: kappa tau_0^2 / tau_t^2 by step, 1 - beta^(2n) by age."""

    def __init__(self, cell: Cell, steps: int) -> None:
        self.steps = steps
        rate, decay = cell.jet("rate"), cell.jet("lambda")
        lost = rate * decay
        decays = powers(lost.from_number(1.0), 2 * steps + 1)
        squares = decays[::2]
        self.gone = squares.from_number(1.0)
        if cell.stationary == cell.centre["rate"] and cell.half["rate"] == 0:
            share = cell.number(1.0)
        elif cell.stationary is not None:
            start = cell.number(cell.stationary)
            share = rate * (start * decay).from_number(2.0) * (start * lost.from_number(2.0)).reciprocal()
        else:
            scale = cell.number(cell.tau_xi / cell.tau_0)
            share = rate * scale * scale * (decay * lost.from_number(2.0)).reciprocal()
        # tau_t^2 / tau_0^2 = beta^(2t) + kappa (1 - beta^(2t)) = kappa + (1 - kappa) beta^(2t).
        level = squares + share * self.gone if share.high > 1 else share + share.from_number(1.0) * squares
        self.fresh = share * level.reciprocal()
        self.weight = rate * decays[: steps + 1]


class Kernels:
    """Kernels (rows, columns) between some steps and all before, by name.

    Where chi is above r^2 the angle of two directions is that of a direction with itself and a rest ("balanced"), elsewhere
    theta and a rest.
    """

    def __init__(self, cell: Cell, clock: Clock, rows: slice, largest_cosine: float) -> None:
        times, before = np.arange(rows.start, rows.stop), np.arange(rows.stop - 1)
        age = times[:, None] - before[None, :]
        later = age < 1
        age = np.maximum(age, 1)
        one, turn, half = (cell.number(value) for value in (1.0, _OVER_TWO_PI, 0.5))
        weight = _chosen(~later, clock.weight[age - 1])
        change = clock.fresh[times[:, None]] * clock.gone[age]
        square = cell.jet("r") * cell.jet("r")
        inverse, cut = (one + square).reciprocal(), square.from_number(1.0)
        apart = change.high > square.high
        self._made: dict[str, Jet] = {}
        self._makers: Mapping[str, Callable[[], Jet]] = {
            "linear": lambda: weight,
            "half": lambda: half * weight,
            "half r^2": lambda: square * self.of("half"),
            "weak": lambda: turn * weight * _weak_arcsine(change, largest_cosine),
            "same": lambda: turn * weight * _angle(change),
            "balanced": lambda: _chosen(apart, self.of("same")),
            "balanced r^2": lambda: square * self.of("balanced"),
            "z, z": lambda: _chosen(~apart, self.of("same")),
            "side, same side": lambda: (one + square) * self.of("z, z"),
        }
        # Lengths, squared sines and cosines: theta = arctan r between z and a side, 2 arctan r between both sides.
        for name, length, times_theta, sine, cosine in (
            ("z, side", one, 1.0, square * inverse, inverse),
            ("side, other side", cut, 2.0, cell.number(4.0) * square * inverse * inverse,
             cut * cut * inverse * inverse),
        ):
            self._add(name, cell, turn * length, times_theta, sine, cosine, weight, change, apart)

    def _add(
        self, name: str, cell: Cell, length: Jet, times_theta: float, sine: Jet, cosine: Jet, weight: Jet, change: Jet,
        apart: Array,
    ) -> None:
        def angle() -> Jet:
            return cell.number(times_theta) * length * _arc_tangent(cell.jet("r")) * _chosen(~apart, weight)

        def rest() -> Jet:
            start = _either(apart, change, sine)
            moved = _either(apart, sine * change.from_number(1.0), cosine * change)
            points = [start, *(start + cell.number(each) * moved for each in _CUTS[1:-1]), sine + cosine * change]
            slopes = [cell.number(after - before) * _mean_slope(_hull(one, other)) for before, after, one, other in zip(
                _CUTS, _CUTS[1:], points, points[1:], strict=False)]
            return length * weight * moved * reduce(operator.add, slopes)

        self._makers = {**self._makers, f"{name}: angle": angle, f"{name}: rest": rest}

    def of(self, name: str) -> Jet:
        """A kernel by name, with its weights."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]


def _either(where: Array, one: Jet, other: Jet) -> Jet:
    """One jet at some entries, another at the others."""
    k = range(len(one.first))
    return Jet(np.where(where, one.low, other.low), np.where(where, one.high, other.high),
               tuple(np.where(where, one.first[i], other.first[i]) for i in k),
               tuple(tuple(np.where(where, one.second[i][j], other.second[i][j]) for j in k) for i in k))


def _chosen(where: Array, jet: Jet) -> Jet:
    """A jet at some entries, 0 at others."""
    return _either(where, jet, constant(0.0, len(jet.first)))


def _hull(one: Jet, other: Jet) -> Jet:
    """Bounds of (1 - u) one + u other for every u in [0, 1]."""
    k = range(len(one.first))
    return Jet(np.minimum(one.low, other.low), np.maximum(one.high, other.high),
               tuple(np.maximum(one.first[i], other.first[i]) for i in k),
               tuple(tuple(np.maximum(one.second[i][j], other.second[i][j]) for j in k) for i in k))


def _least_product(y: Jet) -> Array:
    """Lower bound of y (1 - y), concave in y."""
    if not (np.all(y.low > 0) and np.all(y.high < 1)):
        raise ZeroDivisionError("correlations that are 1, or may be 0, over a cell")
    return np.asarray(np.minimum(y.low * (1.0 - y.low), y.high * (1.0 - y.high)) * (1.0 - 1e-12))


def _angle(y: Jet) -> Jet:
    """arcsin(y^(1/2)): derivative 1/2 m^(-1/2), m = y (1 - y), second derivative at most 1/4 m^(-3/2)."""
    root = 1.0 / np.sqrt(_least_product(y))
    return y.composed(np.sqrt(y.low), np.sqrt(y.high / (1.0 - y.high)), 0.5 * root, 0.25 * root**3)


def _mean_slope(y: Jet) -> Jet:
    """Means of the derivative of arcsin(y^(1/2)) over segments within a hull: its own derivatives are those of 1/2 m^(-1/2)."""
    root = 1.0 / np.sqrt(_least_product(y))
    return y.composed(np.ones_like(root), 0.5 * root, 0.25 * root**3, 0.375 * root**5 + 0.5 * root**3)


def _arc_tangent(x: Jet) -> Jet:
    """arctan x of x > 0: derivative 1 / (1 + x^2), second -2x / (1 + x^2)^2."""
    slope = 1.0 / (1.0 + x.low**2)
    return x.composed(np.zeros_like(x.low), x.high, slope, 2.0 * x.high * slope**2)


def _weak_arcsine(change: Jet, cosine: float) -> Jet:
    """arcsin(rho c) / c for |c| at most ``cosine``, by rho^2 = u: derivatives 1/2 m^(-1/2), 1/4 m^(-3/2), m = u (1 - c^2 u)."""
    kept = change.from_number(1.0)
    if not np.all(kept.low > 0):
        raise ZeroDivisionError("correlations that may be 0 over a cell")
    root = 1.0 / np.sqrt(kept.low * (1.0 - cosine**2) * (1.0 - 1e-12))
    return kept.composed(np.zeros_like(kept.low), np.full_like(kept.high, 1.0 / np.sqrt(1.0 - cosine**2)), 0.5 * root,
                         0.25 * root**3)
