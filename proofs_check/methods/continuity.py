"""Where an expression is defined, real and continuous: what the mean value theorem and Taylor's formula ask for.

Whatever is not known to be continuous is not: poles, jumps and branch points are excluded one by one. That a denominator is
not 0, a logarithm's argument positive and the like is shown by structure, or, over a box, by ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Final

import sympy
from flint import arb

from proofs_check.methods.enclosure import ball, enclose, fraction, precision
from proofs_check.methods.evaluated import evaluated, is_zero
from proofs_check.methods.expansion import Rules
from proofs_check.methods.limits import has_limit
from proofs_check.methods.placing import placed
from proofs_check.methods.signs import forms, sign_by_structure
from proofs_check.problem.well_posed import KINDS

__all__ = ["Box", "allows", "continuous", "sign_on"]

Box = Mapping[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]
_MOST_BOXES: Final = 2_000
_BITS: Final = 64
_EVERYWHERE: Final = (
    sympy.exp, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.atan, sympy.asinh, sympy.erf, sympy.erfc,
    sympy.Abs, sympy.Max, sympy.Min,
)  # fmt: skip
_DEFINITIONS: Final = (sympy.Integral, sympy.Limit, sympy.Derivative, sympy.Subs)


def continuous(expression: sympy.Expr, box: Box, along: sympy.Symbol | None = None, *, nearby: bool = False) -> bool:
    """Whether an expression is shown to be defined, real and continuous on a box.

    Parameters
    ----------
    expression : sympy.Expr
        Of real symbols.
    box : mapping
        Symbol to its closed range, as far as that is known and finite; the symbols' own assumptions hold besides.
    along : sympy.Symbol, optional
        Variable of the mean value theorem: integrals and the like that hold it must be continuous in it in the form, too, in
        which sympy evaluates them. Integrals are taken to converge at infinity if the integrand is continuous on their range;
        derivatives are defined where their evaluated form is continuous, limits where `has_limit` shows it.
    nearby : bool
        Whether defined beside every point too, as a derivative asks for: a root of 0 and an arcsine of 1 are not.
    """
    if isinstance(expression, _DEFINITIONS):
        return _definition(expression, box, along, nearby=nearby)
    if expression.is_Symbol:
        return bool(expression.is_real)
    if not expression.args:
        return bool(expression.is_number and expression.is_real)
    if not all(continuous(argument, box, along, nearby=nearby) for argument in expression.args):
        return False
    if expression.is_Add or expression.is_Mul or isinstance(expression, _EVERYWHERE):
        return True
    if expression.is_Pow:
        return _power(expression.base, expression.exp, box, nearby=nearby)
    argument = expression.args[0]
    if isinstance(expression, sympy.log):
        return sign_on(argument, box) == 1
    if isinstance(expression, (sympy.asin, sympy.acos)):
        return sign_on(1 - argument**2, box) in ((1,) if nearby else (0, 1))
    if isinstance(expression, sympy.tan):
        return sign_on(sympy.cos(argument) ** 2, box) == 1
    if isinstance(expression, (sympy.factorial, sympy.gamma)):
        return sign_on(argument, box) is not None if isinstance(expression, sympy.factorial) else sign_on(argument, box) == 1
    return False


def _definition(node: sympy.Expr, box: Box, along: sympy.Symbol | None, *, nearby: bool) -> bool:
    if not all(_takes(variable, place, side, box) for variable, place, side in _puts_in(node)):
        return False
    if not _means(node, box, nearby=nearby):
        return False
    if along is None or along not in node.free_symbols:
        return True
    given = evaluated(node)
    return not given.has(*_DEFINITIONS) and continuous(given, box, along, nearby=nearby)


def _means(node: sympy.Expr, box: Box, *, nearby: bool) -> bool:
    """Whether an integral, a limit, a derivative or a substitution is shown to be a real number for all of the box."""
    if isinstance(node, sympy.Integral):
        return _integrand(node, box)
    if isinstance(node, sympy.Derivative):
        derived = evaluated(node)
        shown = _is_along_the_line(node) and continuous(node.expr, box, nearby=True)
        return shown and not derived.has(sympy.Derivative, sympy.Subs) and continuous(derived, box)
    if isinstance(node, sympy.Subs):
        return _put_in(node.expr, dict(zip(node.variables, node.point, strict=True)), box, nearby=nearby)
    return has_limit(node, lambda part, more: continuous(part, {**box, **more}), _rules(box))


def _is_along_the_line(node: sympy.Derivative) -> bool:
    """Whether the variables of a derivative are symbols for real numbers, not for whole ones."""
    return all(variable.is_Symbol and not _is_sparse(variable) for variable in node.variables)


def _put_in(node: sympy.Expr, places: Mapping[sympy.Symbol, sympy.Expr], box: Box, *, nearby: bool) -> bool:
    """Whether an expression is continuous where its variables take their places, part by part: a quotient may cancel there."""
    if not node.free_symbols & places.keys():
        return continuous(node, box, nearby=nearby)
    if node.is_Symbol:
        return continuous(places[node], box)
    if isinstance(node, sympy.Derivative):
        derived = evaluated(node)
        shown = _is_along_the_line(node) and not derived.has(*_DEFINITIONS)
        return shown and _put_in(node.expr, places, box, nearby=True) and _put_in(derived, places, box, nearby=nearby)
    if isinstance(node, _DEFINITIONS):
        return _put_in_as_ranges(node, places, box, nearby=nearby)
    if not all(_put_in(argument, places, box, nearby=nearby) for argument in node.args):
        return False
    if node.is_Add or node.is_Mul:
        return True
    if node.has(*_DEFINITIONS) or not (node.is_Pow or node.is_Function):
        return False
    there = [argument.subs(dict(places), simultaneous=True) for argument in node.args]
    # sympy would make a number of it, of an arc cotangent at its jump too.
    return continuous(node.func(*there, evaluate=False), box, nearby=nearby)


def _put_in_as_ranges(node: sympy.Expr, places: Mapping[sympy.Symbol, sympy.Expr], box: Box, *, nearby: bool) -> bool:
    """The same of what binds variables, which could be mixed up with those put in: a place stands as the range it lies in."""
    ranges = {symbol: side for symbol, side in box.items() if symbol not in places}
    reached: dict[sympy.Symbol, sympy.Symbol] = {}
    for variable, place in places.items():
        found = _range(place, box)
        if found is None or not continuous(place, box):
            return False
        reached[variable] = variable
        if variable.is_zero is False and found[0] <= 0 <= found[1]:
            # A positive symbol is not 0, and what is put in may be.
            reached[variable] = sympy.Dummy(variable.name, real=True, nonnegative=variable.is_nonnegative or None)
        low, high = (sympy.Rational(*end.as_integer_ratio()) for end in found)
        ranges[reached[variable]] = (low, high)
    return continuous(placed(node, reached), ranges, nearby=nearby)


def _rules(box: Box) -> Rules:
    return Rules(
        defined=lambda part: continuous(part, box), not_zero=lambda part: _is_not_zero(part, box),
        is_zero=lambda part: _vanishes(part, box), sign=lambda part: sign_on(part, box),
    )  # fmt: skip


def _vanishes(expression: sympy.Expr, box: Box) -> bool:
    """Whether an expression is 0 for all parameters: no simplification is tried if a point shows that it is not."""
    inside = {symbol: (box[symbol][0] + 2 * box[symbol][1]) / 3 for symbol in expression.free_symbols if symbol in box}
    at_point = expression.subs(inside)
    return not (at_point.is_number and sign_by_structure(at_point**2) == 1) and is_zero(expression)


def _is_sparse(symbol: sympy.Symbol) -> bool:
    return any(symbol.assumptions0.get(name) is not None for name in KINDS)


def _puts_in(node: sympy.Expr) -> Iterator[tuple[sympy.Symbol, sympy.Expr, str]]:
    """Values that the variables of a substitution take, and those that of a limit goes to, with the side it comes from."""
    if isinstance(node, sympy.Subs):
        yield from ((variable, place, "") for variable, place in zip(node.variables, node.point, strict=True))
    if isinstance(node, sympy.Limit):
        _, variable, end, side = node.args
        yield variable, end, str(side)


def _takes(variable: sympy.Symbol, place: sympy.Expr, side: str, box: Box) -> bool:
    """Whether a variable's assumptions, which sympy believes, hold at a place, or beside it on the side named."""
    kinds = {name: value for name, value in variable.assumptions0.items() if name in KINDS}
    if not (place.is_infinite or all(not side and getattr(place, f"is_{name}") is value for name, value in kinds.items())):
        return False
    if variable.is_extended_real is False or variable.is_imaginary:
        return False
    if variable.is_extended_nonpositive:
        return bool(place == -sympy.oo or (not place.is_infinite and _is_above(-place, "+" if side == "-" else side, box)))
    if variable.is_extended_nonnegative:
        return bool(place == sympy.oo or (not place.is_infinite and _is_above(place, side, box)))
    return True


def _is_above(place: sympy.Expr, side: str, box: Box) -> bool:
    """Whether what lies beside a place on a side ("" at the place itself) is not negative."""
    sign = sign_on(place, box)
    return sign == 1 or (sign == 0 and side in ("", "+"))


def _integrand(node: sympy.Expr, box: Box) -> bool:
    """Whether an integrand is continuous on its range, for all values of the parameters: sympy sees no pole that moves."""
    function = node.function
    ranges = {symbol: side for symbol, side in box.items() if symbol not in node.variables}
    for limit in node.limits:
        if len(limit) != 3:
            return False
        variable, low, high = limit
        if not all(end.is_infinite or continuous(end, ranges) for end in (low, high)):
            return False
        if not allows(variable, (low, high), ranges):
            return False
        if low.is_Rational and high.is_Rational:
            signed = {"nonnegative": True} if sympy.Min(low, high) >= 0 else {}
            inside: sympy.Symbol = sympy.Dummy(variable.name, real=True, **signed)
            ranges[inside] = (sympy.Min(low, high), sympy.Max(low, high))
            function = placed(function, {variable: inside})
        elif low == sympy.oo or high == -sympy.oo:
            return False
        elif low.is_infinite and high.is_infinite:
            function = placed(function, {variable: sympy.Dummy(variable.name, real=True)})
        elif low.is_infinite or high.is_infinite:
            beyond = sympy.Dummy(variable.name, nonnegative=True)
            function = placed(function, {variable: low + beyond if high.is_infinite else high - beyond})
        else:
            share = sympy.Dummy(variable.name, real=True)
            ranges[share] = (sympy.Integer(0), sympy.Integer(1))
            function = placed(function, {variable: low + share * (high - low)})
    return continuous(function, ranges)


def allows(variable: sympy.Symbol, ends: tuple[sympy.Expr, sympy.Expr], box: Box) -> bool:
    """Whether the assumptions on an integral's variable, which sympy believes, allow its range."""
    if _is_sparse(variable) or variable.is_extended_nonpositive or variable.is_extended_real is False or variable.is_imaginary:
        return False
    return not variable.is_extended_nonnegative or all(end == sympy.oo or sign_on(end, box) is not None for end in ends)


def _power(base: sympy.Expr, exponent: sympy.Expr, box: Box, *, nearby: bool) -> bool:
    if exponent.is_integer and exponent.is_nonnegative:
        return True
    if exponent.is_Integer:
        return _is_not_zero(base, box)
    sign = sign_on(base, box)
    return sign == 1 or (sign == 0 and not nearby and sign_on(exponent, box) == 1)


def _is_not_zero(expression: sympy.Expr, box: Box) -> bool:
    given = evaluated(expression) if expression.has(*_DEFINITIONS) else expression
    if given.is_Mul:
        return all(_is_not_zero(factor, box) for factor in given.args)
    if given.is_Pow and given.exp.is_real:
        return _is_not_zero(given.base, box)
    if isinstance(given, sympy.factorial):
        return True
    return any(sign_on(form, box) == 1 for form in (given, -given, given**2))


def sign_on(expression: sympy.Expr, box: Box) -> int | None:
    """1 if positive on a box (or for all values that the symbols' assumptions allow), 0 if not negative, None if unseen."""
    if expression.has(*_DEFINITIONS):
        expression = evaluated(expression)
    sign = sign_by_structure(expression)
    if sign != 1 and _covered(expression, box):
        return 1
    if sign != 1:
        found = [_seen(form, box) for form in forms(expression)]
        sign = max((each for each in (sign, *found) if each is not None), default=None)
    if sign is None and expression.is_Mul:
        # Balls of the whole product reach far where each factor's do not.
        signs = [sign_on(factor, box) for factor in expression.args]
        sign = None if None in signs else min(signs)  # type: ignore[type-var]
    return sign


def _seen(form: sympy.Expr, box: Box) -> int | None:
    sign = sign_by_structure(form)
    if sign is None:
        low = _least(form, box)
        sign = None if low is None or low < 0 else 1 if low > 0 else 0
    return sign


def _covered(expression: sympy.Expr, box: Box) -> bool:
    """Whether balls show the expression positive on pieces that cover the box."""
    names = sorted(expression.free_symbols, key=str)
    if any(name not in box or not all(end.is_Rational for end in box[name]) for name in names):
        return False
    with precision(_BITS), suppress(NotImplementedError):
        return _pieces(lambda values: bool(enclose(expression, dict(zip(names, values, strict=True))) > 0),
                       [(fraction(low), fraction(high)) for low, high in (box[name] for name in names)])  # fmt: skip
    return False


def _pieces(shown: Callable[[list[arb]], bool], whole: list[tuple[Fraction, Fraction]]) -> bool:
    left, looked = [whole], 0
    while left:
        piece, looked = left.pop(), looked + 1
        if looked > _MOST_BOXES:
            return False
        if shown([ball(*side) for side in piece]):
            continue
        if not shown([ball(low, low) for low, _ in piece]):
            return False  # not even at a corner
        shares = [(high - low) / (end - start) if end > start else Fraction(0)
                  for (low, high), (start, end) in zip(piece, whole, strict=True)]  # fmt: skip
        axis = max(range(len(piece)), key=shares.__getitem__, default=-1)
        if axis < 0 or shares[axis] == 0:
            return False
        low, high = piece[axis]
        middle = (low + high) / 2
        left += [[*piece[:axis], half, *piece[axis + 1 :]] for half in ((low, middle), (middle, high))]
    return True


def _least(expression: sympy.Expr, box: Box) -> Fraction | None:
    """A lower bound in fractions, attained ends and all, of sums, products and whole powers; None if there is none."""
    found = _range(expression, box)
    return None if found is None else found[0]


def _range(node: sympy.Expr, box: Box) -> tuple[Fraction, Fraction] | None:
    if node.is_Rational:
        return fraction(node), fraction(node)
    if node.is_Symbol:
        if node not in box or not all(end.is_Rational for end in box[node]):
            return None
        return fraction(box[node][0]), fraction(box[node][1])
    if node.is_Pow and node.exp.is_Integer and node.exp > 0:
        inner = _range(node.base, box)
        return None if inner is None else _power_range(inner, int(node.exp))
    if not (node.is_Add or node.is_Mul):
        return None
    parts = [_range(argument, box) for argument in node.args]
    if any(part is None for part in parts):
        return None
    return _combined([part for part in parts if part is not None], is_sum=bool(node.is_Add))


def _combined(parts: Sequence[tuple[Fraction, Fraction]], *, is_sum: bool) -> tuple[Fraction, Fraction]:
    low, high = parts[0]
    for a, b in parts[1:]:
        ends = (low + a, high + b) if is_sum else (low * a, low * b, high * a, high * b)
        low, high = min(ends), max(ends)
    return low, high


def _power_range(inner: tuple[Fraction, Fraction], exponent: int) -> tuple[Fraction, Fraction]:
    ends = [end**exponent for end in inner]
    low = Fraction(0) if exponent % 2 == 0 and inner[0] <= 0 <= inner[1] else min(ends)
    return low, max(ends)
