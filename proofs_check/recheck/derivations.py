"""Derivations: the steps are the claim's own, and nothing contradicts them at rational points.

At 12 points to 40 digits of 60; where an integral, a limit or a derivative stands unevaluated, at 3 points to 12 digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import mpmath
import sympy

from proofs_check.claim import find
from proofs_check.problem import Domain, Identity, Positive, Step
from proofs_check.recheck.numbers import AGREED, is_analytic, number
from proofs_check.recheck.refusal import Refused, only_keys

__all__ = ["check_derivation", "check_positive", "rational_points"]

_POINTS: Final = 12
_DIGITS: Final = 60
# Quadrature at every point would take minutes.
_ANALYTIC_POINTS: Final = 3


def check_derivation(problem: Identity, evidence: dict[str, Any]) -> str:
    """Look at every step of a chain of equalities."""
    only_keys(evidence, {"steps"})
    _check_steps(problem.variables, problem.start, problem.steps, evidence["steps"])
    return f"{len(problem.steps)} steps are the claim's, and hold at rational points"


def check_positive(problem: Positive, evidence: dict[str, Any]) -> str:
    """Look at the steps, at what vanishes, and at the structure of the last expression."""
    only_keys(evidence, {"steps", "positive"})
    start = problem.expression
    if problem.order:
        assert problem.by is not None and problem.at is not None
        for order in range(problem.order):
            at_end = sympy.diff(start, problem.by, order).subs(problem.by, problem.at)
            for point in rational_points(problem.variables):
                if abs(number(at_end, point, _DIGITS)) > mpmath.mpf(10) ** (20 - _DIGITS):
                    raise Refused(f"derivative {order} does not vanish at {problem.by} = {problem.at}")
        start = sympy.diff(start, problem.by, problem.order)
    _check_steps(problem.variables, start, problem.steps, evidence["steps"])
    last = problem.steps[-1].expression if problem.steps else start
    if evidence["positive"] != sympy.srepr(last):
        raise Refused("another expression than the claim's last is said to be positive")
    known = []
    for id in problem.lemmas:
        lemma = find(id).problem()
        assert isinstance(lemma, Positive)
        for point in rational_points(lemma.variables):
            if not number(lemma.expression, point, _DIGITS) > 0:
                raise Refused(f"the lemma {id} is not positive at {point}")
        known.append(lemma.expression)
    sign = _sign(last, known)
    if sign < 0 or (problem.strict and sign == 0):
        raise Refused("the last expression is not positive as it stands")
    # Nothing is taken on trust: positive at points too.
    for point in rational_points(problem.variables):
        if number(problem.expression, point, _DIGITS) < -mpmath.mpf(10) ** (20 - _DIGITS):
            raise Refused(f"not positive at {point}")
    return f"{len(problem.steps)} steps are the claim's and hold at rational points; the last is positive as it stands"


def _sign(node: sympy.Expr, known: Sequence[sympy.Expr]) -> int:
    """2 positive, 1 not negative, -1 unknown: by the symbols' assumptions and the structure alone."""
    if node in known:
        return 2
    if not node.args:
        return 2 if node.is_positive else 1 if node.is_nonnegative else -1
    parts = [_sign(argument, known) for argument in node.args]
    if isinstance(node, sympy.Add):
        return -1 if min(parts) < 0 else max(parts)
    if isinstance(node, sympy.Mul):
        return min(parts)
    if isinstance(node, sympy.exp):
        return 2 if node.args[0].is_real else -1
    if isinstance(node, sympy.Pow):
        if parts[0] == 2:
            return 2
        return 1 if node.exp.is_Integer and int(node.exp) % 2 == 0 and node.exp > 0 and node.base.is_real else -1
    if isinstance(node, (sympy.atan, sympy.sinh)):
        return parts[0]
    if isinstance(node, sympy.log):
        return _sign(sympy.expand(node.args[0] - 1), known)
    return -1


def _check_steps(domain: Domain, start: sympy.Expr, steps: Sequence[Step], stored: Sequence[Mapping[str, str]]) -> None:
    chain = [start, *(step.expression for step in steps)]
    if len(stored) != len(steps):
        raise Refused(f"{len(stored)} steps stored, the claim has {len(steps)}")
    for position, (entry, before, step) in enumerate(zip(stored, chain, steps, strict=False), start=1):
        only_keys(entry, {"from", "to", "reason", "how"})
        wanted = (sympy.srepr(before), sympy.srepr(step.expression), step.reason, step.how)
        if (entry["from"], entry["to"], entry["reason"], entry["how"]) != wanted:
            raise Refused(f"step {position} is not the claim's")
        analytic = is_analytic(before) or is_analytic(step.expression)
        points = rational_points(domain)[: _ANALYTIC_POINTS if analytic else _POINTS]
        allowed = AGREED if analytic else mpmath.mpf(10) ** (20 - _DIGITS)
        for point in points:
            left, right = (number(side, point, _DIGITS) for side in (before, step.expression))
            gap = abs(left - right)
            if not gap <= allowed * (1 + abs(left)):
                raise Refused(f"step {position} is off by {mpmath.nstr(gap, 5)} at {point}")


def rational_points(domain: Domain) -> list[dict[sympy.Symbol, Fraction]]:
    """Points inside of a domain, the same every time."""
    points = []
    for k in range(_POINTS):
        point = {}
        for index, (symbol, (low, high)) in enumerate(domain.items()):
            start = Fraction(int(low.p), int(low.q))
            end = start + 5 if high.is_infinite else Fraction(int(high.p), int(high.q))
            share = Fraction((3 * k + 5 * index + 2) % 23 + 1, 25)
            value = start + share * (end - start)
            point[symbol] = Fraction(round(value)) if symbol.is_integer else value
        points.append(point)
    return points
