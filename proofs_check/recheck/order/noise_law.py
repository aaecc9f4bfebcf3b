"""Decay and correlation of the noise by whole numbers that are rounded down and up (THEORY §4, §5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from proofs_check.recheck.order.balls import UNIT, Balls, exact, widened
from proofs_check.recheck.order.functions import HALF_PI, arcsine_of
from proofs_check.recheck.refusal import Refused

__all__ = ["NoiseLaw"]

_SHIFT: Final = 640
"""Numbers are held in units of 2^-640: decays down to 1e-100 keep 300 bits."""


class NoiseLaw:
    """P_t and v_t = (tau_t / P_t)^2, t = 0, ..., T, as doubles with radii; weights and correlations of any two steps."""

    def __init__(self, rates: Sequence[float], sizes: Sequence[int], lambda_: float, tau_0: float, tau_xi: float,
                 moving: Sequence[bool]) -> None:
        one = 1 << _SHIFT
        low_decay, high_decay = one, one
        spread = _units(Fraction(tau_0) ** 2)
        low_spread, high_spread = spread, spread + 1
        decays, spreads, given = [(one, one)], [(low_spread, high_spread)], []
        for rate, size, moves in zip(rates, sizes, moving, strict=True):
            factor = 1 - Fraction(rate) * Fraction(lambda_)
            if factor <= 0:
                raise Refused("a step that loses all that was learnt")
            top, bottom = factor.numerator, factor.denominator
            low_decay, high_decay = low_decay * top // bottom, -(-high_decay * top // bottom)
            if low_decay < one // 10**101:
                raise Refused("weight decay of more than 1e100 over the run")
            if moves:
                added = (Fraction(rate) * Fraction(tau_xi)) ** 2
                top, bottom = added.numerator << (3 * _SHIFT), added.denominator
                low_spread += top // (bottom * high_decay * high_decay)
                high_spread += -(-top // (bottom * low_decay * low_decay))
            decays.append((low_decay, high_decay))
            spreads.append((low_spread, high_spread))
            weight = Fraction(rate) / size
            top, bottom = weight.numerator << (2 * _SHIFT), weight.denominator
            given.append((top // (bottom * high_decay), -(-top // (bottom * low_decay))))
        self.decay, self.given = _balls(decays), _balls(given)
        high = [_nearest(low) for low, _ in spreads]
        self._high = np.array(high)
        self._low = _balls([(low - _units(Fraction(part)), top - _units(Fraction(part)) + 1)
                            for (low, top), part in zip(spreads, high, strict=True)])
        self.spread = _balls(spreads)
        self.level = self.spread.root()

    def weights(self, rows: slice, columns: slice) -> Balls:
        """gamma_s D(s, t) over the number of examples in the step, for s of the columns before t of the rows; others 0."""
        found = self.decay[rows][:, None] * self.given[columns][None, :]
        before = _before(rows, columns)
        return Balls(np.where(before, found.mid, 0.0), np.where(before, found.rad, 0.0))

    def correlations(self, rows: slice, columns: slice) -> Balls:
        """rho(s, t), for s after t 1."""
        found = self.level[columns][None, :] / self.level[rows][:, None]
        before = _before(rows, columns)
        return Balls(np.where(before, found.mid, 1.0), np.where(before, found.rad, 0.0))

    def arcsines(self, rows: slice, columns: slice, cosine: Balls, square_sine: Balls) -> Balls:
        """arcsin(rho c) of one c in [-1, 1], given with 1 - c^2: from sine and cosine of the angle whose cosine is rho |c|.

        sin^2 = ((v_t - v_s) + v_s (1 - c^2)) / v_t, with positive terms: the difference of both doubles of v.
        """
        exact_part = exact(self._high[rows][:, None] - self._high[columns][None, :])
        difference = Balls(exact_part.mid, UNIT * np.abs(exact_part.mid)) + (
            self._low[rows][:, None] - self._low[columns][None, :])
        below = self.spread[columns][None, :] * square_sine
        sine = ((difference + below) / self.spread[rows][:, None]).root()
        size = Balls(np.abs(cosine.mid), cosine.rad)
        angle = self.correlations(rows, columns) * size
        before = _before(rows, columns)
        sine = Balls(np.where(before, sine.mid, 1.0), np.where(before, sine.rad, 0.0))
        angle = Balls(np.where(before, angle.mid, 0.0), np.where(before, angle.rad, 0.0))
        found = HALF_PI - arcsine_of(sine, angle)
        return found if float(cosine.mid) >= 0 else -found


def _before(rows: slice, columns: slice) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    return np.arange(columns.start, columns.stop)[None, :] < np.arange(rows.start, rows.stop)[:, None]


def _units(value: Fraction) -> int:
    """A number in units of 2^-640, rounded down."""
    return (value.numerator << _SHIFT) // value.denominator


def _nearest(units: int) -> float:
    return float(Fraction(units, 1 << _SHIFT))


def _balls(pairs: Sequence[tuple[int, int]]) -> Balls:
    """Balls of doubles around whole numbers of units, each between two."""
    mids = [_nearest(low) for low, _ in pairs]
    radii = [max(abs(_units(Fraction(mid)) - low), abs(_units(Fraction(mid)) - high)) + 3  # what _units rounds
             for mid, (low, high) in zip(mids, pairs, strict=True)]
    return Balls(np.array(mids), widened(np.array([math.nextafter(_nearest(radius), math.inf) for radius in radii])))
