"""Angles, exponential and logistic loss of balls: guesses of the system's library, corrected by Taylor polynomials in balls."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from proofs_check.recheck.order.balls import Balls, exact, widened
from proofs_check.recheck.refusal import Refused
from theory_sim.arrays import Array

__all__ = ["HALF_PI", "PI", "arcsine", "arcsine_of", "exponential", "logistic", "sine_cosine"]

PI: Final = Balls(np.array(math.pi), np.array(1.3e-16))
"""pi = 3.14159265358979323846..., of which math.pi = 3.141592653589793115997963... is the nearest double."""
HALF_PI: Final = Balls(np.array(math.pi / 2), np.array(0.7e-16))
_TERMS: Final = 13


def sine_cosine(y: Array) -> tuple[Balls, Balls]:
    """Sine and cosine of doubles, |y| <= 1.6: Taylor's polynomials to y^25, with Lagrange's remainder."""
    if not np.all(np.abs(y) <= 1.6):
        raise Refused("an angle beyond a right one")
    x = exact(y)
    square = x * x
    sine, cosine = _constant(y, 1.0), _constant(y, 1.0)
    for k in range(_TERMS - 1, 0, -1):
        # 1 - y^2 / ((2k)(2k+1)) (...), and for the cosine 1 - y^2 / ((2k-1)(2k)) (...); the quotients are rounded once.
        sine = (square * sine / _number(y, (2 * k) * (2 * k + 1))).scaled(-1.0).shifted(1.0)
        cosine = (square * cosine / _number(y, (2 * k - 1) * (2 * k))).scaled(-1.0).shifted(1.0)
    sine = sine * x
    # What is left out is below 1.6^26 / 26! < 6e-22 of the cosine (to y^24), and 1.6^27 / 27! of the sine.
    return Balls(sine.mid, sine.rad + 1e-21), Balls(cosine.mid, cosine.rad + 1e-21)


def _constant(like: Array, value: float) -> Balls:
    return exact(np.full_like(like, value))


def _number(like: Array, value: int) -> Balls:
    return exact(np.array(float(value)))


def arcsine_of(sine: Balls, cosine: Balls) -> Balls:
    """The angle in [0, pi / 2] with this sine and cosine, of which neither alone may determine it well."""
    guess = np.clip(np.arctan2(sine.mid, cosine.mid), 0.0, 1.6)
    of_sine, of_cosine = sine_cosine(guess)
    # sin(phi - y) = sin phi cos y - cos phi sin y; phi - y lies within a right angle and 0.03, and |arcsin d| <= 1.01 |d|.
    off = (sine * of_cosine - cosine * of_sine).upper()
    if not np.all(off <= 0.1):
        raise Refused("sine and cosine of no angle")
    return Balls(guess, widened(1.01 * off))


def arcsine(x: Balls) -> Balls:
    """arcsin x for |x| <= 0.9: a guess y whose sine is near x; the slope of the arcsine is below 2.6 up to 0.92."""
    guess = np.arcsin(np.clip(x.mid, -0.91, 0.91))
    off = (x - sine_cosine(guess)[0]).upper()
    if not (np.all(x.upper() <= 0.9) and np.all(off <= 0.01)):
        raise Refused("an arcsine near 1, or a guess that is far off")
    return Balls(guess, widened(2.6 * off))


def exponential(x: Balls) -> Balls:
    """exp(-x) for 0 <= x <= 42: (Taylor's polynomial at x / 64)^64."""
    small = x.scaled(-1.0 / 64.0)
    if not np.all(small.upper() <= 0.66):
        raise Refused("outputs beyond 42")
    total = _constant(x.mid, 1.0)
    for k in range(16, 0, -1):
        total = (small * total / _number(x.mid, k)).shifted(1.0)
    # What is left out is below 0.66^17 / 17! e^0.66 < 5e-18, of a number of at least 0.5.
    total = Balls(total.mid, total.rad + 1e-17)
    for _ in range(6):
        total = total * total
    return total


def logistic(margin: Array) -> tuple[Balls, Balls]:
    """Logistic loss and its residual 1 / (1 + e^v) of margins, doubles."""
    power = exponential(exact(np.abs(margin)))
    whole = power.shifted(1.0)
    top = Balls(np.where(margin >= 0, power.mid, 1.0), np.where(margin >= 0, power.rad, 0.0))
    # log(1 + E) = y + log((1 + E) e^{-y}) for any y, and |log(1 + d)| <= 1.01 |d| for |d| <= 0.01.
    guess = np.clip(np.log1p(power.mid), 0.0, 1.0)
    off = (whole * exponential(exact(guess))).shifted(-1.0).upper()
    if not np.all(off <= 0.01):
        raise Refused("a logarithm that is far off")
    loss = Balls(guess, widened(1.01 * off)) + exact(np.maximum(-margin, 0.0))
    return loss, top / whole
