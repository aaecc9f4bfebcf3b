"""Values that a variable takes: whole, even or odd numbers where its symbol is declared so."""

from __future__ import annotations

import math
from fractions import Fraction

import sympy

__all__ = ["is_value", "nearest_value"]


def nearest_value(symbol: sympy.Symbol, place: Fraction) -> Fraction:
    """The value next to a place: the place itself for real numbers, a whole (even, odd) number for whole (even, odd) ones.

    >>> import sympy
    >>> nearest_value(sympy.Symbol("k", even=True), Fraction(5, 2))
    Fraction(2, 1)
    """
    if not symbol.is_integer:
        return place
    step, start = (1, 0) if symbol.is_even is None else (2, int(bool(symbol.is_odd)))
    return Fraction(start + step * math.floor((place - start) / step + Fraction(1, 2)))


def is_value(symbol: sympy.Symbol, place: Fraction) -> bool:
    """Whether a place is one of the symbol's values, as far as it is declared whole, even or odd."""
    return nearest_value(symbol, place) == place
