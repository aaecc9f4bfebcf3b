"""Definitions that stand unevaluated, as the second look reads them: each must mean something wherever it is used.

A derivative must exist on the whole box: at a kink, a branch point or a pole it does not. The variable of an integral, a limit
or a substitution must be allowed, by its own assumptions, every value that it runs over: sympy believes the assumptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Final

import mpmath
import sympy

from proofs_check.recheck.continuity import get_rules, require_shown
from proofs_check.recheck.intervals import Side, interval
from proofs_check.recheck.limits import require_real
from proofs_check.recheck.numbers import is_analytic
from proofs_check.recheck.refusal import Refused

__all__ = ["require_meaning"]

_FAR: Final = Fraction(1000)
"""Where an infinite range is cut."""
_ANYWHERE: Final = Fraction(10**6)
_PLACES: Final = 10**30
_BESIDE: Final = Fraction(1, 1000)
_SHARE_OF_END: Final = 1000
# Assumptions that hold on no interval.
_SPARSE: Final = (
    "integer", "noninteger", "rational", "irrational", "algebraic", "transcendental", "even", "odd", "prime", "composite",
    "polar",
)  # fmt: skip
Sides = Mapping[sympy.Symbol, Side]


def require_meaning(expressions: Iterable[sympy.Expr], sides: Sides) -> None:
    """Refuse integrals, limits, derivatives and substitutions that are not shown to mean something on a box."""
    for expression in expressions:
        _look(expression, sides)


def _look(node: sympy.Expr, sides: Sides) -> None:
    if not is_analytic(node):
        return
    for body, inside in _within(node, sides):
        _look(body, inside)
        if isinstance(node, sympy.Subs) and body == node.expr:
            _require_defined(body, dict(zip(node.variables, node.point, strict=True)), sides, inside)
    if isinstance(node, sympy.Limit):
        require_real(node, sides)
    if isinstance(node, sympy.Integral) and not is_analytic(node.function):
        _require_integrand(node, sides)
    if isinstance(node, sympy.Derivative):
        if any(not variable.is_Symbol or not _is_interval(variable) for variable in node.variables):
            raise Refused(f"{node} is no derivative in a real number")
        for rule, argument, inside in _kinks(node.expr, set(node.variables), sides):
            require_shown(rule, argument, inside)


def _require_defined(
    node: sympy.Expr, places: Mapping[sympy.Symbol, sympy.Expr], sides: Sides, ranges: Sides
) -> None:
    """Refuse a substitution by which a denominator may become 0, and the like: with a factor that becomes 0 too it is lost."""
    if is_analytic(node):
        # What is bound within cannot be mixed up with a place that stands as its range.
        for body, inside in _within(node, ranges):
            _require_defined(body, {name: name for name in places}, inside, inside)
        return
    for rule, argument in get_rules(node):
        if argument.free_symbols & places.keys():
            require_shown(rule, argument.subs(dict(places), simultaneous=True), sides)


def _require_integrand(node: sympy.Integral, sides: Sides) -> None:
    """Refuse an integrand with a pole or a branch point within a range, all else in the middle; ranges may end at one."""
    middle = {symbol: ((low + high) / 2,) * 2 for symbol, (low, high) in sides.items()}
    ranges: dict[sympy.Symbol, Side] = {}
    for variable, *ends in reversed(node.limits):
        reached = [_ends(end, middle) for end in ends]
        low, high = min(a for a, _ in reached), max(b for _, b in reached)
        ranges[variable] = (low + (high - low) / _SHARE_OF_END, high - (high - low) / _SHARE_OF_END)
        middle = {**middle, variable: ((low + high) / 2,) * 2}
    for variable, range_ in ranges.items():
        for rule, argument in get_rules(node.function):
            if variable in argument.free_symbols:
                require_shown(rule, argument, {**middle, variable: range_})


def _within(node: sympy.Expr, sides: Sides) -> Iterator[tuple[sympy.Expr, Sides]]:
    """Parts of an expression, each with the box on which it is read; the ranges of bound variables are looked at."""
    if isinstance(node, sympy.Integral):
        inside = dict(sides)
        for limit in reversed(node.limits):  # sympy lists the innermost range first
            if len(limit) != 3:
                raise Refused(f"{node} has no range")
            variable, *ends = limit
            yield from ((end, inside) for end in ends if not end.is_infinite)
            inside = {**inside, variable: _range(variable, ends, inside)}
        yield node.function, inside
    elif isinstance(node, sympy.Subs):
        inside = dict(sides)
        for variable, place in zip(node.variables, node.point, strict=True):
            yield place, sides
            inside[variable] = _range(variable, [place, place], sides, at_a_point=True)
        yield node.expr, inside
    elif isinstance(node, sympy.Limit):
        body, variable, end, side = node.args
        yield body, {**sides, variable: _approach(variable, end, str(side), sides)}
    elif isinstance(node, sympy.Derivative):
        yield node.expr, sides
    else:
        yield from ((argument, sides) for argument in node.args)


def _range(variable: sympy.Symbol, ends: list[sympy.Expr], sides: Sides, *, at_a_point: bool = False) -> Side:
    """What a bound variable runs over, if its own assumptions allow all of it but an end (or a point that is one)."""
    if not (at_a_point and _is_of_the_kind(ends[0], variable)) and not _is_interval(variable):
        raise Refused(f"{variable} from {ends[0]} to {ends[-1]}, which its own assumptions do not allow")
    for end in ends:
        _require_sign(variable, end, "not negative", sides)
    reached = [_ends(end, sides) for end in ends]
    return min(low for low, _ in reached), max(high for _, high in reached)


def _approach(variable: sympy.Symbol, end: sympy.Expr, side: str, sides: Sides) -> Side:
    if not (end.is_infinite or _is_interval(variable)):
        raise Refused(f"{variable} goes to {end}, and its own assumptions do not allow what lies between")
    outwards = "-" if variable.is_extended_nonnegative else "+"
    _require_sign(variable, end, "positive" if side in (outwards, "+-") else "not negative", sides)
    low, high = _ends(end, sides)
    if end.is_infinite:
        return (low, 2 * low) if end == sympy.oo else (2 * high, high)
    return (low - _BESIDE if side != "+" else low), (high + _BESIDE if side != "-" else high)


def _require_sign(variable: sympy.Symbol, end: sympy.Expr, rule: str, sides: Sides) -> None:
    """Refuse an end on the other side of 0 than a variable of one sign."""
    sign = 1 if variable.is_extended_nonnegative else -1 if variable.is_extended_nonpositive else 0
    if sign and end != sign * sympy.oo:
        try:
            if end.is_infinite:
                raise Refused("an end at infinity")
            require_shown(rule, sign * end, sides)
        except Refused as refusal:
            raise Refused(f"{variable} up to {end}, which its own assumptions are not shown to allow") from refusal


def _ends(end: sympy.Expr, sides: Sides) -> Side:
    """Where an end lies; anywhere, if its enclosure says nothing."""
    if end.is_infinite:
        return (_FAR, _FAR) if end == sympy.oo else (-_FAR, -_FAR)
    if end.is_Rational:
        return Fraction(int(end.p), int(end.q)), Fraction(int(end.p), int(end.q))
    try:
        found = interval(end, {symbol: sides[symbol] for symbol in end.free_symbols})
        low, high = (mpmath.mpf(side) * _PLACES for side in (found.a, found.b))
        return Fraction(int(mpmath.floor(low)), _PLACES), Fraction(int(mpmath.ceil(high)), _PLACES)
    except (Refused, ZeroDivisionError, OverflowError, ValueError):
        return -_ANYWHERE, _ANYWHERE


def _is_of_the_kind(place: sympy.Expr, variable: sympy.Symbol) -> bool:
    """Whether what is put in for a variable is whole, even, prime and the like where the variable is."""
    return all(getattr(place, f"is_{name}") is getattr(variable, f"is_{name}") for name in _SPARSE
               if getattr(variable, f"is_{name}") is not None)  # fmt: skip


def _is_interval(variable: sympy.Symbol) -> bool:
    """Whether the values that the assumptions allow are real and lie side by side."""
    complex_ = variable.is_extended_real is False or variable.is_imaginary
    return not complex_ and all(getattr(variable, f"is_{name}") is None for name in _SPARSE)


def _kinks(node: sympy.Expr, moving: set[sympy.Symbol], sides: Sides) -> Iterator[tuple[str, sympy.Expr, Sides]]:
    """What decides whether an expression can be differentiated in the moving symbols: each with what it must be, and where."""
    if not node.free_symbols & moving:
        return
    if isinstance(node, sympy.Limit):
        raise Refused(f"the derivative of a limit is not looked at: {node}")
    if is_analytic(node):
        for body, inside in _within(node, sides):
            bound = set(inside) - set(sides)
            yield from _kinks(body, moving | bound, inside)
        return
    for part in sympy.preorder_traversal(node):
        if isinstance(part, sympy.Abs) and part.free_symbols & moving:
            yield "not 0", part.args[0], sides
        if isinstance(part, (sympy.Max, sympy.Min)) and part.free_symbols & moving:
            yield from (("not 0", one - other, sides) for one, other in combinations(part.args, 2))
    for rule, argument in get_rules(node):
        if argument.free_symbols & moving:
            # A root or an arcsine has no derivative at the end of its own domain.
            yield ("positive" if rule == "not negative" else rule), argument, sides
