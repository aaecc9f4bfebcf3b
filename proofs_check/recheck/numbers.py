"""Expressions as numbers, unevaluated integrals, limits and derivatives included: by mpmath, with none of sympy's calculus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import mpmath
import sympy

from proofs_check.recheck.refusal import Refused

__all__ = ["AGREED", "Number", "is_analytic", "number"]

Number = Any
"""mpmath's, which has no types."""
AGREED: Final = mpmath.mpf(10) ** -12
"""How far the two sides of a step may be apart where an integral, a limit or a derivative is computed by mpmath."""
_NEAR: Final = (24, 48, 96)
"""How near an end a limit is looked at, in powers of 10: the next ones where it is not seen."""
_UNEVALUATED: Final = (sympy.Integral, sympy.Limit, sympy.Derivative, sympy.Subs)


def is_analytic(expression: sympy.Expr) -> bool:
    """Whether an expression holds an integral, a limit or a derivative that is not evaluated."""
    return bool(expression.has(*_UNEVALUATED))


def number(expression: sympy.Expr, point: Mapping[sympy.Symbol, Fraction], digits: int) -> Number:
    """Value at a rational point.

    Parameters
    ----------
    expression : sympy.Expr
        Of the symbols of the point alone.
    point : mapping
        Symbol to rational number.
    digits : int
        Working precision, decimal. Integrals and derivatives keep at least half of it; of a limit two places of the approach,
        1e-24 and 1e-25 from the end or nearer, agree to 1e-12.

    Raises
    ------
    Refused
        If a limit is not approached at that pace.
    """
    with mpmath.workdps(digits):
        values = {symbol: mpmath.mpf(value.numerator) / value.denominator for symbol, value in point.items()}
        return _value(expression, values)


def _value(node: sympy.Expr, values: Mapping[sympy.Symbol, Number]) -> Number:
    if not is_analytic(node):
        names, function = _compiled(node)
        return function(*(values[symbol] for symbol in names))
    if isinstance(node, sympy.Integral):
        return _integral(node, values)
    if isinstance(node, sympy.Limit):
        return _limit(node, values)
    if isinstance(node, sympy.Derivative):
        ((variable, order),) = node.variable_count
        return mpmath.diff(lambda x: _value(node.expr, {**values, variable: x}), values[variable], int(order))
    if isinstance(node, sympy.Subs):
        inside = {name: _value(place, values) for name, place in zip(node.variables, node.point, strict=True)}
        return _value(node.expr, {**values, **inside})
    places = sympy.symbols(f"place:{len(node.args)}", cls=sympy.Dummy)
    return sympy.lambdify(places, node.func(*places), "mpmath")(*(_value(part, values) for part in node.args))


@lru_cache(maxsize=512)
def _compiled(node: sympy.Expr) -> tuple[tuple[sympy.Symbol, ...], Callable[..., Number]]:
    """Variables and function, once for all nodes of a quadrature; precision is the one in force when it is called."""
    names = tuple(sorted(node.free_symbols, key=str))
    return names, sympy.lambdify(names, node, "mpmath")


def _integral(node: sympy.Integral, values: Mapping[sympy.Symbol, Number]) -> Number:
    # sympy lists the innermost range first.
    *inner, (variable, low, high) = node.limits
    body = sympy.Integral(node.function, *inner) if inner else node.function
    a, b = _value(low, values), _value(high, values)
    # A middle point: the whole line has no scale of its own, and a kink of |x| lies there.
    pieces = [a, mpmath.mpf(0), b] if mpmath.isinf(a) and mpmath.isinf(b) else [a, b]
    return mpmath.quad(lambda x: _value(body, {**values, variable: x}), pieces)


def _limit(node: sympy.Limit, values: Mapping[sympy.Symbol, Number]) -> Number:
    body, variable, end, side = node.args
    near: list[Number] = []
    for power in _NEAR:
        near = [_beside(body, variable, end, str(side), mpmath.mpf(10) ** -each, values) for each in (power, power + 1)]
        if abs(near[0] - near[1]) <= AGREED * (1 + abs(near[1])):
            break
    else:
        raise Refused(f"the limit in {variable} is not seen: {mpmath.nstr(near[0], 15)}, then {mpmath.nstr(near[1], 15)}")
    return near[1]


def _beside(
    body: sympy.Expr, variable: sympy.Symbol, end: sympy.Expr, side: str, step: Number, values: Mapping[sympy.Symbol, Number]
) -> Number:
    """Value at a step from an end."""
    # Terms that cancel there to a high order take many digits with them.
    with mpmath.workdps(4 * mpmath.mp.dps):
        if end.is_infinite:
            place = (1 if end is sympy.oo else -1) / step
        else:
            place = _value(end, values) + (-step if side == "-" else step)
        return _value(body, {**values, variable: place})
