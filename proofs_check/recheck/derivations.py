"""Derivations: the steps are the claim's own, nothing contradicts them at rational points, and nothing jumps between these.

At points to 40 digits of 60: 12 spread over the domain, and others near its ends and near what is singular; where an integral,
a limit or a derivative stands unevaluated, at 3 points to 12 digits, and of limits where a coefficient is 0. A step by a
derivative, and Taylor's formula, go from one point to all others: on the way to each point looked at, every side must be
continuous. That is no proof, and needs none of the prover's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

import mpmath
import sympy

from proofs_check.claim import find
from proofs_check.problem import Domain, Identity, Positive, Step
from proofs_check.problem.base import Evidence
from proofs_check.problem.values import is_value
from proofs_check.recheck.continuity import require_continuous
from proofs_check.recheck.definitions import require_meaning
from proofs_check.recheck.intervals import fraction
from proofs_check.recheck.limits import special_points
from proofs_check.recheck.numbers import AGREED, Number, is_analytic, number
from proofs_check.recheck.refusal import Refused, only_keys
from proofs_check.recheck.registry import rechecks
from proofs_check.recheck.sample_points import CUT, Point, allowed_values, box, lines, near_ends, near_singular, rational_points
from proofs_check.recheck.structure import NOT_NEGATIVE, POSITIVE, get_sign

__all__ = ["check_derivation", "check_positive"]

_DIGITS: Final = 60
_MORE_DIGITS: Final = 600
_PRECISIONS: Final = (600, 1200, 2400, 4800)
_SMALLEST: Final = mpmath.mpf(10) ** -300
_PRECISE_POINTS: Final = 2
# Quadrature at every point would take minutes.
_ANALYTIC_POINTS: Final = 3


@rechecks(Identity, "proved")
def check_derivation(problem: Identity, outcome: str, evidence: Evidence) -> str:
    """Look at every step of a chain of equalities."""
    only_keys(evidence, {"steps"})
    if all(step.expression == problem.start for step in problem.steps):
        raise Refused("every step has the same on both sides: nothing is claimed")
    _check_steps(problem.variables, problem.start, problem.steps, evidence["steps"], problem.variables)
    _check_defined(problem.variables, [problem.start, *(step.expression for step in problem.steps)])
    return f"{len(problem.steps)} steps are the claim's, and hold at rational points"


@rechecks(Positive, "proved")
def check_positive(problem: Positive, outcome: str, evidence: Evidence) -> str:
    """Look at the steps, at what vanishes, and at the structure of the last expression."""
    only_keys(evidence, {"steps", "positive"})
    start = _start(problem)
    _check_steps(problem.variables, start, problem.steps, evidence["steps"], _to_the_ends(problem.variables))
    last = problem.steps[-1].expression if problem.steps else start
    if evidence["positive"] != sympy.srepr(last):
        raise Refused("another expression than the claim's last is said to be positive")
    _look(problem)
    return f"{len(problem.steps)} steps are the claim's and hold at rational points; the last is positive as it stands"


def _to_the_ends(domain: Domain) -> Domain:
    """The domain widened to where the values that its symbols' assumptions allow end, for those of one sign."""
    zero = sympy.Integer(0)
    return {symbol: (zero, sympy.oo) if symbol.is_nonnegative else (low, zero) if symbol.is_nonpositive else (low, high)
            for symbol, (low, high) in domain.items()}  # fmt: skip


def _start(problem: Positive) -> sympy.Expr:
    return sympy.diff(problem.expression, problem.by, problem.order) if problem.order else problem.expression


def _look(problem: Positive) -> None:
    """All that makes an expression positive but the steps: Taylor's formula, the sign at its end, and points."""
    points = _make_points(problem)
    if problem.order:
        _check_taylor(problem, points)
    allowed = allowed_values(problem.variables)
    require_meaning([problem.expression], box(allowed))
    defined = [] if problem.order else [problem.expression]
    _check_defined(allowed, [*defined, *(step.expression for step in problem.steps)])
    last = problem.steps[-1].expression if problem.steps else _start(problem)
    sign = get_sign(last, dict(map(_known, problem.lemmas)))
    if sign < NOT_NEGATIVE or (problem.strict and sign < POSITIVE):
        raise Refused("the last expression is not positive as it stands")
    # Nothing is taken on trust: positive at points too.
    for point in points:
        if _is_negative(problem.expression, point):
            raise Refused(f"not positive at {point}")


def _make_points(problem: Positive) -> list[Point]:
    """Points of the domain, and of all that the symbols' assumptions allow: that is what is claimed."""
    allowed = allowed_values(problem.variables)
    singular = [] if is_analytic(problem.expression) else near_singular([problem.expression], allowed)
    return [*rational_points(problem.variables), *rational_points(allowed), *near_ends(allowed), *singular]


def _is_negative(expression: sympy.Expr, point: Point) -> bool:
    """Below 0, in as many digits as terms that cancel take."""
    return all(not number(expression, point, digits) >= -mpmath.mpf(10) ** (20 - digits) for digits in (_DIGITS, _MORE_DIGITS))


def _check_defined(domain: Domain, expressions: Sequence[sympy.Expr]) -> None:
    """No pole and no branch point on straight lines through the domain, outside of integrals and limits and at their ends."""
    require_meaning(expressions, box(domain))
    parts = dict.fromkeys(part for each in expressions for part in _evaluated_parts(each))
    for sides in lines(domain):
        require_continuous([part for part in parts if part.free_symbols <= sides.keys()], sides)


def _evaluated_parts(node: sympy.Expr) -> Iterator[sympy.Expr]:
    """Largest parts in which nothing stands unevaluated and that bind no variable."""
    if not is_analytic(node):
        yield node
    elif isinstance(node, sympy.Integral):
        yield from (end for limit in node.limits for end in limit[1:] if not end.is_infinite)
    elif isinstance(node, sympy.Limit):
        yield from () if node.args[2].is_infinite else (node.args[2],)
    elif isinstance(node, sympy.Subs):
        yield from node.point
    elif not isinstance(node, sympy.Derivative):
        for argument in node.args:
            yield from _evaluated_parts(argument)


def _check_taylor(problem: Positive, points: Sequence[Point]) -> None:
    """Derivatives below the order vanish at the point, and nothing jumps from there to any other point."""
    by, at = problem.by, problem.at
    assert by is not None and at is not None
    derivatives = [sympy.diff(problem.expression, by, order) if order else problem.expression
                   for order in range(problem.order + 1)]  # fmt: skip
    for point in points:
        for order, derivative in enumerate(derivatives[:-1]):
            if abs(number(derivative.subs(by, at), point, _DIGITS)) > mpmath.mpf(10) ** (20 - _DIGITS):
                raise Refused(f"derivative {order} does not vanish at {by} = {at}")
        if problem.order % 2 and _place(at, point) > point[by]:
            raise Refused(f"of odd order, and {by} may lie below {at}")
        _check_way(derivatives, by, at, point)


def _check_way(sides: Sequence[sympy.Expr], by: sympy.Symbol, at: sympy.Expr, point: Point) -> None:
    """Continuity of expressions along one variable, from the point ``at`` to the one looked at."""
    if by.is_integer:
        raise Refused(f"{by} is a whole number: nothing is continuous in it")
    start = _place(at, point)
    way = (min(start, point[by]), max(start, point[by]))
    require_continuous(sides, {**{symbol: (value, value) for symbol, value in point.items()}, by: way})


def _place(at: sympy.Expr, point: Point) -> Fraction:
    """Where a way starts: as a fraction near it, and cut where it is at infinity."""
    if at.is_infinite:
        return Fraction(CUT**2 if at == sympy.oo else -(CUT**2))
    if at.is_Rational:
        return Fraction(int(at.p), int(at.q))
    exact = at.subs({symbol: sympy.Rational(value.numerator, value.denominator) for symbol, value in point.items()})
    if exact.is_Rational:
        return Fraction(int(exact.p), int(exact.q))
    with mpmath.workdps(_DIGITS):
        value = number(at, point, _DIGITS)
        return Fraction(int(mpmath.floor(value * mpmath.mpf(10) ** (_DIGITS - 10))), 10 ** (_DIGITS - 10))


def _known(id: str) -> tuple[sympy.Expr, int]:
    """Expression of another claim, looked at here too, and its sign for all values that its symbols' assumptions allow."""
    lemma = find(id).problem()
    assert isinstance(lemma, Positive)
    _look(lemma)
    # Where Taylor's formula starts the expression is 0, and that place may be asked for here.
    return lemma.expression, POSITIVE if lemma.strict and not (lemma.order and _is_reached(lemma)) else NOT_NEGATIVE


def _is_reached(lemma: Positive) -> bool:
    assert lemma.by is not None and lemma.at is not None
    return POSITIVE not in (get_sign(lemma.by - lemma.at, {}), get_sign(lemma.at - lemma.by, {}))


def _check_steps(
    domain: Domain, start: sympy.Expr, steps: Sequence[Step], stored: Sequence[Mapping[str, str]], whole: Domain
) -> None:
    """Look at each step at points of a domain, and of the whole one at those where a limit or an integral is another one."""
    chain = [start, *(step.expression for step in steps)]
    if len(stored) != len(steps):
        raise Refused(f"{len(stored)} steps stored, the claim has {len(steps)}")
    for position, (entry, before, step) in enumerate(zip(stored, chain, steps, strict=False), start=1):
        only_keys(entry, {"from", "to", "reason", "how"})
        wanted = (sympy.srepr(before), sympy.srepr(step.expression), step.reason, step.how)
        if (entry["from"], entry["to"], entry["reason"], entry["how"]) != wanted:
            raise Refused(f"step {position} is not the claim's")
        analytic = is_analytic(before) or is_analytic(step.expression)
        points = rational_points(domain)
        if analytic:
            points = [*points[:_ANALYTIC_POINTS], *special_points([before, step.expression], whole)]
        else:
            points += near_ends(domain) + near_singular([before, step.expression], domain)
        for point in points:
            _check_point(position, before, step, point, AGREED if analytic else mpmath.mpf(10) ** (20 - _DIGITS))
        if not analytic:
            _check_precision(position, before, step, points[:_PRECISE_POINTS])


def _check_point(position: int, before: sympy.Expr, step: Step, point: Point, allowed: Number) -> None:
    gap = mpmath.inf
    for digits in (_DIGITS,) if allowed == AGREED else (_DIGITS, _MORE_DIGITS):
        left, right = (number(side, point, digits) for side in (before, step.expression))
        gap = abs(left - right)
        if gap <= allowed * (1 + abs(left)):
            break
    else:
        raise Refused(f"step {position} is off by {mpmath.nstr(gap, 5)} at {point}")
    if step.how == "derivative":
        assert step.by is not None and step.at is not None
        _check_way([before, step.expression], step.by, step.at, point)
    if step.how == "lemma":
        _check_lemma(position, step, point)


def _check_precision(position: int, before: sympy.Expr, step: Step, points: Sequence[Point]) -> None:
    """No difference is there that is far below any tolerance: rounding shrinks with the precision, a difference does not.

    Of large numbers the first digits say nothing of a difference: the precision grows until rounding is small.
    """
    for point in points:
        last = mpmath.inf
        for digits in _PRECISIONS:
            with mpmath.workdps(digits):
                left = number(before, point, digits)
                gap = abs(left - number(step.expression, point, digits))
                rounding = mpmath.mpf(10) ** (20 - digits) * (1 + abs(left))
            if gap == 0 and rounding < _SMALLEST:
                break
            if gap > 0 and abs(last - gap) <= mpmath.mpf(10) ** -10 * gap:
                raise Refused(f"step {position} is off by {mpmath.nstr(gap, 5)} at {point}, however precise")
            if gap <= rounding < _SMALLEST and digits > _PRECISIONS[0]:
                break
            last = gap
        else:
            raise Refused(f"step {position}: a difference at {point} cannot be told from rounding in {digits} digits")


def _check_lemma(position: int, step: Step, point: Point) -> None:
    """The lemma's domain holds what it is asked for at a point."""
    lemma = find(step.lemma).problem()
    assert isinstance(lemma, Identity)
    for symbol, (low, high) in lemma.variables.items():
        asked = _place(step.given.get(symbol, symbol), point)
        slack = Fraction(1, 10 ** (_DIGITS - 10))
        inside = fraction(low) - slack <= asked and (high.is_infinite or asked <= fraction(high) + slack)
        if not inside or not is_value(symbol, asked):
            raise Refused(f"step {position} asks the lemma {step.lemma} for {symbol} = {float(asked):.6g}, beyond its domain")
