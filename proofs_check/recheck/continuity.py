"""Whether an expression is defined and continuous on a box: the second look's own guard against poles, jumps and branches.

Every denominator must stay away from 0, every argument of a logarithm or a root within what is real, every argument of an
arcsine within [-1, 1]. That is shown by mpmath's intervals on pieces of the box; a function that is not known is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final

import mpmath
import sympy

from proofs_check.recheck.intervals import Interval, Side, interval
from proofs_check.recheck.numbers import is_analytic
from proofs_check.recheck.refusal import Refused

__all__ = ["critical", "require_continuous", "require_shown", "get_rules"]

_MOST_PIECES: Final = 600
_DIGITS: Final = 40
# An end that is reached, as arccos 1 is, is exceeded by the intervals' own rounding.
_ROUNDING: Final = 1e-30
_ENTIRE: Final = (
    sympy.Add, sympy.Mul, sympy.exp, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.atan, sympy.erf,
    sympy.erfc, sympy.Abs, sympy.Max, sympy.Min,
)  # fmt: skip


def require_continuous(expressions: Iterable[sympy.Expr], sides: Mapping[sympy.Symbol, Side]) -> None:
    """Refuse expressions that are not shown to be defined and continuous on a box of all their symbols."""
    for expression in expressions:
        for rule, argument in critical(expression):
            require_shown(rule, argument, sides)


def require_shown(rule: str, argument: sympy.Expr, sides: Mapping[sympy.Symbol, Side]) -> None:
    """Refuse an argument that is not shown to be "not 0", "positive" or "not negative" on a box of all its symbols."""
    whole = {symbol: sides[symbol] for symbol in argument.free_symbols}
    if not any(_is_shown(rule, form, whole) for form in _forms(argument)):
        raise Refused(f"{argument} is not shown to be {rule} for {_said(whole)}")


@lru_cache(maxsize=1024)
def critical(expression: sympy.Expr) -> tuple[tuple[str, sympy.Expr], ...]:
    """Sub-expressions that decide continuity, each with what it must be: "not 0", "positive" or "not negative".

    Derivatives and the like that stand unevaluated are taken in the form in which sympy evaluates them.
    """
    given = expression.doit() if is_analytic(expression) else expression
    if is_analytic(given):
        raise Refused(f"no second look at the continuity of {expression}")
    return get_rules(given)


@lru_cache(maxsize=1024)
def get_rules(expression: sympy.Expr) -> tuple[tuple[str, sympy.Expr], ...]:
    """As `critical`, of an expression in which nothing stands unevaluated."""
    return tuple(dict.fromkeys(_critical(expression)))


def _critical(node: sympy.Expr) -> Iterator[tuple[str, sympy.Expr]]:
    if not node.args:
        if not (node.is_Symbol or node.is_real):
            raise Refused(f"{node} is no real number")
        return
    if isinstance(node, sympy.Piecewise):
        raise Refused("cases are not known to be continuous")
    for argument in node.args:
        yield from _critical(argument)
    if isinstance(node, sympy.Pow):
        yield from _of_power(node.base, node.exp)
    elif isinstance(node, sympy.log):
        yield "positive", node.args[0]
    elif isinstance(node, (sympy.asin, sympy.acos)):
        yield "not negative", 1 - node.args[0]
        yield "not negative", 1 + node.args[0]
    elif isinstance(node, (sympy.factorial, sympy.gamma)):
        yield "positive", node.args[0] + (1 if isinstance(node, sympy.factorial) else 0)
    elif not isinstance(node, _ENTIRE):
        raise Refused(f"{type(node).__name__} is not known to be continuous")


def _of_power(base: sympy.Expr, exponent: sympy.Expr) -> Iterator[tuple[str, sympy.Expr]]:
    if base.is_number and base.is_positive:
        return
    if isinstance(base, (sympy.factorial, sympy.gamma)):
        return  # never 0, and positive where its own argument is
    if base.is_Mul and exponent.is_Integer and exponent.is_negative:
        for factor in base.args:
            yield from _of_power(factor, exponent)
    elif base.is_Pow and base.exp.is_real and exponent.is_Integer and exponent.is_negative:
        if not base.exp.is_negative:  # a negative power is never 0
            yield from _of_power(base.base, exponent)
    elif not exponent.is_Integer:
        yield ("not negative" if exponent.is_positive else "positive"), base
    elif exponent.is_negative:
        yield "not 0", base


@lru_cache(maxsize=1024)
def _forms(argument: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """The argument, and over one denominator, where terms that cancel are gone."""
    return tuple(dict.fromkeys((sympy.factor(sympy.together(argument)), argument)))


def _is_shown(rule: str, argument: sympy.Expr, whole: dict[sympy.Symbol, Side]) -> bool:
    left, looked = [whole], 0
    while left:
        piece, looked = left.pop(), looked + 1
        if _holds(rule, _enclosure(argument, piece)):
            continue
        axis = max(piece, key=lambda symbol: _share(piece[symbol], whole[symbol]), default=None)
        if looked > _MOST_PIECES or axis is None or piece[axis][0] == piece[axis][1]:
            return False
        low, high = piece[axis]
        middle = (low + high) / 2
        left += [{**piece, axis: (low, middle)}, {**piece, axis: (middle, high)}]
    return True


def _share(side: Side, whole: Side) -> Fraction:
    return (side[1] - side[0]) / (whole[1] - whole[0]) if whole[1] > whole[0] else Fraction(0)


def _enclosure(argument: sympy.Expr, piece: Mapping[sympy.Symbol, Side]) -> Interval | None:
    """Interval, or None where the expression is not defined on all of the piece."""
    try:
        return interval(argument, piece, _DIGITS)
    except (Refused, ZeroDivisionError, OverflowError):
        return None


def _holds(rule: str, found: Interval | None) -> bool:
    if found is None or not (mpmath.isfinite(mpmath.mpf(found.a)) and mpmath.isfinite(mpmath.mpf(found.b))):
        return False
    if rule == "not negative":
        return bool(found.a >= -_ROUNDING)
    return bool(found.a > 0 or (rule == "not 0" and found.b < 0))


def _said(sides: Mapping[sympy.Symbol, Side]) -> str:
    return ", ".join(f"{symbol} = {float(low):.6g}" + (f" to {float(high):.6g}" if high > low else "")
                     for symbol, (low, high) in sides.items()) or "any value"  # fmt: skip
