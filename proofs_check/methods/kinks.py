"""Places where absolute values, signs, maxima and pieces turn, and the middles between them: where a bump of kinks is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Final

import sympy

from proofs_check.methods.counterexample import Point
from proofs_check.problem import Domain
from proofs_check.problem.values import nearest_value

__all__ = ["at_kinks"]

_DIGITS: Final = 60
_MOST_DEGREE: Final = 12
_MOST_TURNS: Final = 60


def at_kinks(domain: Domain, expression: sympy.Expr) -> Iterator[Point]:
    """Roots, in one variable after the other, of what such functions turn on, and middles between neighbours.

    The other variables are in the middle of their ranges. Only what is a polynomial of one variable there is solved; roots are
    rational to 60 digits.
    """
    centre = {symbol: low + 1 if high.is_infinite else (low + high) / 2 for symbol, (low, high) in domain.items()}
    turns = sorted(_turns(expression), key=str)[:_MOST_TURNS]
    for symbol, (low, high) in domain.items():
        others = {other: place for other, place in centre.items() if other != symbol}
        roots = sorted({root for turn in turns for root in _roots(turn.subs(others), symbol) if low < root and not root > high})
        for place in [*roots, *((a + b) / 2 for a, b in pairwise([low, *roots, *([] if high.is_infinite else [high])]))]:
            yield {each: _value(each, place if each == symbol else centre[each]) for each in domain}


def _turns(expression: sympy.Expr) -> set[sympy.Expr]:
    """Expressions at whose zeros a part of the expression has a kink or a jump."""
    found: set[sympy.Expr] = set()
    for node in expression.atoms(sympy.Abs, sympy.sign, sympy.Heaviside):
        found.add(node.args[0])
    for node in expression.atoms(sympy.Max, sympy.Min):
        found |= {a - b for a, b in combinations(node.args, 2)}
    for relation in expression.atoms(sympy.core.relational.Relational):
        found.add(relation.lhs - relation.rhs)
    return found


def _roots(turn: sympy.Expr, symbol: sympy.Symbol) -> list[sympy.Rational]:
    if turn.free_symbols != {symbol}:
        return []
    try:
        polynomial = sympy.Poly(turn, symbol)
        if polynomial.gens != (symbol,) or not 1 <= polynomial.degree() <= _MOST_DEGREE:
            return []
        found = polynomial.nroots(n=_DIGITS, maxsteps=200)
    except (sympy.PolynomialError, sympy.polys.polyerrors.DomainError, NotImplementedError, ValueError):
        return []  # no polynomial, or its roots are not found to so many digits
    return [sympy.Rational(str(sympy.re(root))) for root in found if abs(sympy.im(root)) < sympy.Float(10) ** (-_DIGITS // 2)]


def _value(symbol: sympy.Symbol, place: sympy.Rational) -> sympy.Rational:
    value = nearest_value(symbol, Fraction(int(place.p), int(place.q)))
    return sympy.Rational(value.numerator, value.denominator)
