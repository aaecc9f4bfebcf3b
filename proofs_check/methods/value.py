"""Numbers defined by integrals and roots, enclosed by rigorous integration (Arb's, of python-flint) and by sign changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, reduce
from operator import mul
from typing import Final

import sympy
from flint import acb, arb, ctx

from proofs_check.methods.continuity import allows
from proofs_check.methods.enclosure import ball, enclose, fraction, precision
from proofs_check.problem import PRECISION, Root, Value
from proofs_check.problem.base import Solution, solves

__all__ = ["enclose_value"]

_ROOT_BITS: Final = 52
_PIECES: Final = 16
# Goals of the integrals, in bits: of the value and the equations, and of the slopes, whose sign alone is asked.
_GOAL: Final = 58
_GOAL_OF_SLOPE: Final = 8
# An integral over a ball that holds a pole is given up soon; the outer one then cuts the ball in two.
_MOST_EVALUATIONS: Final = 1500
# Python writes out no whole number of more than 4300 digits.
_MOST_DIGITS: Final = 4000


@solves(Value)
def enclose_value(problem: Value) -> Solution:
    """Enclose a number and compare it with the claimed interval.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Brackets of the roots, and rationals between which the number lies.
    """
    ranges = {**problem.within, **{root.symbol: (root.low, root.high) for root in problem.roots}}
    for node in _integrals(problem):
        if len(node.limits) != 1 or len(node.limits[0]) != 3:
            return "undecided", {"reason": f"{node} is no integral over one range; write one within the other"}
        for variable, low, high in node.limits:
            ranges[variable] = (low, high)
            if not allows(variable, (low, high), ranges):
                return "undecided", {"reason": f"{variable} from {low} to {high} is not shown to be what it is declared"}
    try:
        with precision(PRECISION):
            return _compare(problem)
    except NotImplementedError as missing:
        return "undecided", {"reason": str(missing)}


def _compare(problem: Value) -> Solution:
    values = {symbol: _span(low, high) for symbol, (low, high) in problem.within.items()}
    brackets = {}
    for root in problem.roots:
        bracket = _bracket(root, values)
        if bracket is None:
            return "undecided", {"reason": f"{root.symbol} is not shown to be one root between {root.low} and {root.high}"}
        brackets[str(root.symbol)] = [str(end) for end in bracket]
        values[root.symbol] = _span(*bracket)
    value = _real(_complex(problem.expression, {symbol: acb(each) for symbol, each in values.items()}, False, _GOAL))
    if not value.is_finite():
        return "undecided", {"reason": "the integral could not be enclosed"}
    if abs(value) > arb(10) ** _MOST_DIGITS:
        return "undecided", {"reason": f"a number of more than {_MOST_DIGITS} digits"}
    low, high = (_decimal(end, down) for end, down in ((value.lower(), True), (value.upper(), False)))
    evidence = {"precision": PRECISION, "roots": brackets, "low": low, "high": high}
    if problem.low <= sympy.Rational(low) and sympy.Rational(high) <= problem.high:
        return "certified", evidence
    if sympy.Rational(high) < problem.low or sympy.Rational(low) > problem.high:
        return "refuted", {**evidence, "claimed": [str(problem.low), str(problem.high)]}
    return "undecided", {**evidence, "reason": "the enclosure is not on one side of the claim's ends"}


def _integrals(problem: Value) -> Iterator[sympy.Integral]:
    """Integrals of a problem, the outer ones first."""
    for expression in (problem.expression, *(root.equation for root in problem.roots)):
        yield from (node for node in sympy.preorder_traversal(expression) if isinstance(node, sympy.Integral))


def _decimal(end: arb, down: bool) -> str:
    """A decimal with 25 places beyond an end, outwards."""
    scaled = end * arb(10) ** 25
    whole = scaled.floor() - 1 if down else scaled.ceil() + 1
    number = whole.unique_fmpz() if whole.is_exact() else whole.mid().unique_fmpz()
    assert number is not None
    return str(sympy.Rational(int(number), 10**25))


def _span(low: sympy.Rational, high: sympy.Rational) -> arb:
    return ball(fraction(low), fraction(high))


def _bracket(root: Root, values: Mapping[sympy.Symbol, arb]) -> tuple[sympy.Rational, sympy.Rational] | None:
    """Rationals around the only root: the ends differ in sign, and the derivative has one sign between."""

    def at(expression: sympy.Expr, span: arb, goal: int = _GOAL) -> arb:
        given = {**{symbol: acb(each) for symbol, each in values.items()}, root.symbol: acb(span)}
        return _real(_complex(expression, given, False, goal))

    slope = sympy.diff(root.equation, root.symbol)
    step = (root.high - root.low) / _PIECES
    spans = [_span(root.low + k * step, root.low + (k + 1) * step) for k in range(_PIECES)]
    # A jump has a derivative of one sign on both of its sides: where the equation is finite it does not jump.
    if not all(at(root.equation, span, _GOAL_OF_SLOPE).is_finite() for span in spans):
        return None
    pieces = [at(slope, span, _GOAL_OF_SLOPE) for span in spans]
    if not (all(piece > 0 for piece in pieces) or all(piece < 0 for piece in pieces)):
        return None
    low, high = root.low, root.high
    ends = [at(root.equation, _span(end, end)) for end in (low, high)]
    if not (ends[0] < 0 < ends[1] or ends[1] < 0 < ends[0]):
        return None
    for _ in range(_ROOT_BITS):
        middle = (low + high) / 2
        value = at(root.equation, _span(middle, middle))
        if value.contains(0):
            return _around(middle, (low, high), lambda x: at(root.equation, _span(x, x)), ends[0] < 0)
        low, high = (middle, high) if (value < 0) == (ends[0] < 0) else (low, middle)
    return low, high


def _around(
    middle: sympy.Rational, ends: tuple[sympy.Rational, sympy.Rational], equation: Callable[[arb], arb], rising: bool
) -> tuple[sympy.Rational, sympy.Rational]:
    """The narrowest bracket about a point at which the sign is not decided; the ends if there is no narrower one."""
    low, high = ends
    for bits in range(_ROOT_BITS, 1, -1):
        near = (high - low) / 2**bits
        below, above = equation(middle - near), equation(middle + near)
        if (below < 0 < above) if rising else (above < 0 < below):
            return middle - near, middle + near
    return low, high


def _real(value: acb) -> arb:
    """The real part of what is real; not finite if the value certainly is not real."""
    return value.real if value.imag.contains(0) else arb.nan()


def _complex(expression: sympy.Expr, values: Mapping[sympy.Symbol, acb], analytic: bool, goal: int) -> acb:
    """Enclosure over complex balls; with ``analytic`` not finite unless the expression is analytic there.

    Without, all that is put in is real: logarithms and roots of what is not shown to be positive are not finite. The error
    of an integral reaches off the real line, and would let the imaginary part of a negative number's logarithm hold 0.
    """
    return _program(expression)(values, analytic, goal)


# Slots of what was computed before, values of the symbols, whether analytic, goal.
_Operation = Callable[[list[acb], Mapping[sympy.Symbol, acb], bool, int], acb]


@lru_cache(maxsize=256)
def _program(expression: sympy.Expr) -> Callable[[Mapping[sympy.Symbol, acb], bool, int], acb]:
    """The expression as operations in their order, each part once: an integrand is evaluated a hundred thousand times."""
    slots: dict[sympy.Expr, int] = {}
    operations: list[_Operation] = []

    def place(node: sympy.Expr) -> int:
        if node not in slots:
            whole = node.is_Symbol or isinstance(node, sympy.Integral) or not node.args
            parts = [] if whole else [place(argument) for argument in node.args]
            operations.append(_operation(node, parts))
            slots[node] = len(operations) - 1
        return slots[node]

    place(expression)

    def run(values: Mapping[sympy.Symbol, acb], analytic: bool, goal: int) -> acb:
        done: list[acb] = []
        for operation in operations:
            done.append(operation(done, values, analytic, goal))
        return done[-1]

    return run


def _operation(node: sympy.Expr, parts: list[int]) -> _Operation:
    if node.is_Symbol:
        return lambda done, values, analytic, goal: values[node]
    if isinstance(node, sympy.Integral):
        return _integration(node)
    if not node.args:
        return lambda done, values, analytic, goal: _constant(node, ctx.prec)
    if node.is_Add:
        return lambda done, values, analytic, goal: sum((done[k] for k in parts[1:]), done[parts[0]])
    if node.is_Mul:
        return lambda done, values, analytic, goal: reduce(mul, (done[k] for k in parts))
    first = parts[0]
    if node.is_Pow and node.exp.is_Integer:
        exponent = int(node.exp)
        return lambda done, values, analytic, goal: done[first] ** exponent
    if node.is_Pow and node.exp in (sympy.Rational(1, 2), -sympy.Rational(1, 2)):
        above = bool(node.exp > 0)
        return lambda done, values, analytic, goal: _root(done[first], analytic, above=above)
    if isinstance(node, sympy.exp):
        return lambda done, values, analytic, goal: done[first].exp()
    if isinstance(node, sympy.log):
        return lambda done, values, analytic, goal: _logarithm(done[first], analytic)
    if isinstance(node, sympy.erf):  # entire
        return lambda done, values, analytic, goal: done[first].erf()
    if isinstance(node, sympy.atan):
        return lambda done, values, analytic, goal: _arctangent(done[first], analytic)
    raise NotImplementedError(f"no complex enclosure of {node.func}")


def _integration(node: sympy.Integral) -> _Operation:
    (variable, *limits), = node.limits
    low, high = map(_program, limits)
    integrand = _program(node.function)

    def integrate(done: list[acb], values: Mapping[sympy.Symbol, acb], analytic: bool, goal: int) -> acb:
        a, b = (end(values, False, goal) for end in (low, high))
        near = arb(2) ** -goal
        # Integrals within need not be closer than what is asked of the whole.
        return acb.integral(
            lambda x, inner: integrand({**values, variable: x}, inner or analytic, goal), a, b,
            rel_tol=near, abs_tol=near, eval_limit=_MOST_EVALUATIONS,
        )

    return integrate


@lru_cache(maxsize=1024)
def _constant(number: sympy.Expr, bits: int) -> acb:
    """Ball of a number, in a precision that must be the one in force."""
    return acb(enclose(number, {}))


def _root(inner: acb, analytic: bool, *, above: bool) -> acb:
    if not (analytic or inner.real >= 0):
        return acb(arb.nan())
    root = inner.sqrt(analytic=analytic)
    return root if above else 1 / root


def _logarithm(inner: acb, analytic: bool) -> acb:
    return inner.log(analytic=analytic) if analytic or inner.real > 0 else acb(arb.nan())


def _arctangent(inner: acb, analytic: bool) -> acb:
    """By logarithms, whose cuts are those of atan: the ball of an integral's bound reaches off the real line."""
    turned = acb(0, 1) * inner
    return ((1 - turned).log(analytic=analytic) - (1 + turned).log(analytic=analytic)) * acb(0, 1) / 2
