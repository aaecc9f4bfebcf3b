"""Search of a domain for a point at which a statement is false: scattered points, then descent from the best of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

import numpy as np
import sympy
from flint import arb, fmpq
from numpy.typing import NDArray

from proofs_check.methods.counterexample import Point, not_so_at_special_points, shown_at
from proofs_check.methods.enclosure import enclose
from proofs_check.methods.evaluated import evaluated
from proofs_check.methods.kinks import at_kinks
from proofs_check.methods.narrow import beside_the_ends, in_dips
from proofs_check.problem.base import Evidence, Ground
from proofs_check.problem.values import nearest_value

__all__ = ["rounds"]

_POINTS: Final = 512
_STARTS: Final = 4
_CONFIRMED: Final = 4
_STEPS: Final = 400
_REACH: Final = 8
"""Where a domain has no end: as far beyond its start as half of the points go."""


def rounds(ground: Ground, seed: tuple[int, ...]) -> Iterator[tuple[Evidence | None, int]]:
    """Search in rounds without end; the same seed, the same rounds.

    Parameters
    ----------
    ground : Ground
        Where and for what.
    seed : tuple of int
        Of the scattered points.

    Yields
    ------
    evidence : dict or None
        Counterexample, certain and made simple; None if the round found none.
    evaluations : int
        Of the expression, in this round.

    Notes
    -----
    Limits are first asked at single values of the variables, such as zeros of coefficients. The next three rounds look beside
    the ends of the domain, where kinks are (`kinks`) and into narrow dips (`narrow`). Each later one is 512 points of a
    scrambled Sobol sequence, drawn towards the ends of the domain in every second round, and a Nelder-Mead descent from the
    four best. Floating point only proposes; ball arithmetic decides, in a precision that grows, so that rounding is never taken
    for a counterexample. A statement that fails on a set without volume, as a square that is 0 at one point, is not found this
    way, but for limits.
    """
    from scipy.optimize import minimize
    from scipy.stats import qmc

    values = _values(ground)
    if not ground.variables:
        yield shown_at(ground.variables, ground.expression, {}, ground.claimed), 1
        return
    if ground.expression.has(sympy.Limit):  # which sympy evaluates for generic values of the variables
        yield not_so_at_special_points(ground.variables, ground.expression, ground.claimed), 1
    expression = evaluated(ground.expression)
    for points in (beside_the_ends(ground.variables), at_kinks(ground.variables, expression),
                   in_dips(ground.variables, expression, ground.claimed)):
        found, used = _first_narrow(ground, points)
        yield found, used
    size, number = len(ground.variables), 0

    def height(u: NDArray[np.float64]) -> float:
        return float(values(np.clip(u, 0.0, 1.0)[None])[0])

    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # overflow at the ends of a domain, a sequence cut short
            stream = np.random.default_rng((*seed, number))
            unit = qmc.Sobol(size, rng=stream).random(_POINTS)
            if number % 2:
                unit = np.sin(np.pi * unit / 2) ** 2
            score = values(unit)
            order = np.argsort(score)[:_CONFIRMED]
            found, used = _first_certain(ground, unit[order]), _POINTS
            for start in unit[order[: _STARTS if found is None else 0]]:
                ended = minimize(height, start, method="Nelder-Mead", bounds=[(0.0, 1.0)] * size,
                                 options={"maxfev": _STEPS, "xatol": 1e-9, "fatol": 0.0})  # fmt: skip
                used += int(ended.nfev)
                found = _first_certain(ground, ended.x[None])
                if found is not None:
                    break
        yield found, used
        number += 1


def _values(ground: Ground) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Score of points of the unit cube, in floating point: the smaller, the more likely a counterexample."""
    expression, symbols = evaluated(ground.expression), list(ground.variables)
    fast = sympy.lambdify(symbols, expression, ["scipy", "numpy"])

    def slow(row: NDArray[np.float64]) -> float:
        point = {s: arb(fmpq(int(v.p), int(v.q))) for s, v in _point(ground, row).items()}
        try:
            return float(enclose(expression, point).mid())
        except (NotImplementedError, KeyError, ValueError):
            return np.nan

    def values(unit: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = [np.array([float(v) for v in column]) for column in zip(*_places(ground, unit), strict=True)]
        try:
            found = np.broadcast_to(np.asarray(fast(*columns), dtype=np.float64), len(unit)).copy()
        except (TypeError, NameError, ValueError, AttributeError, ZeroDivisionError):
            found = np.array([slow(row) for row in unit])
        if ground.claimed == "zero":
            found = -np.abs(found)
        return np.where(np.isnan(found), np.inf, found)

    return values


def _places(ground: Ground, unit: NDArray[np.float64]) -> list[list[float]]:
    """Points of the domain of points of the unit cube; integers where the symbol is one."""
    rows = []
    for row in unit:
        place = []
        for u, (symbol, (low, high)) in zip(row, ground.variables.items(), strict=True):
            if high.is_infinite:
                value = float(low) + _REACH * u / max(1.0 - u, 1e-9)
            else:
                value = float(low) + u * float(high - low)
            place.append(float(nearest_value(symbol, Fraction(value))) if symbol.is_integer else value)
        rows.append(place)
    return rows


def _point(ground: Ground, row: NDArray[np.float64]) -> Point:
    """A rational point of the domain beside a point of the unit cube."""
    point = {}
    for value, (symbol, (low, high)) in zip(_places(ground, row[None])[0], ground.variables.items(), strict=True):
        near = Fraction(value).limit_denominator(10**9)
        exact = sympy.Rational(near.numerator, near.denominator)
        point[symbol] = max(low, exact if high.is_infinite else min(high, exact))
    return point


def _first_narrow(ground: Ground, points: Iterator[Point]) -> tuple[Evidence | None, int]:
    used = 0
    for used, point in enumerate(points, start=1):
        if all(low <= point[symbol] <= high for symbol, (low, high) in ground.variables.items()):
            found = shown_at(ground.variables, ground.expression, point, ground.claimed)
            if found is not None:
                return found, used
    return None, used


def _first_certain(ground: Ground, rows: NDArray[np.float64]) -> Evidence | None:
    for row in rows:
        found = shown_at(ground.variables, ground.expression, _point(ground, row), ground.claimed)
        if found is not None:
            return found
    return None
