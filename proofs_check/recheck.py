"""A second look at stored evidence, in code that shares nothing with methods/ (it works with that folder gone).

The statement and its domain come from the registry of claims, never from the file. Boxes are enclosed anew by mpmath's interval
arithmetic, and must fill the domain; steps must be the claim's own, and are evaluated at rational points in 60 digits; linear
programs are checked by weak duality in fractions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import mpmath
import sympy

from proofs_check.claim import find
from proofs_check.problem import Identity, Inequality, LinearProgram
from theory_sim.errors import InputError

__all__ = ["RecheckReport", "recheck"]

Box = tuple[tuple[Fraction, Fraction], ...]
_POINTS: Final = 12
_DIGITS: Final = 60


@dataclass(frozen=True)
class RecheckReport:
    """Result of a second look.

    Attributes
    ----------
    claim, outcome : str
        Whose evidence it is, and the verdict that it is to show.
    accepted : bool
        Whether it does.
    reason : str
        What was checked, or what is wrong.
    """

    claim: str
    outcome: str
    accepted: bool
    reason: str


class _Refused(Exception):
    """Evidence that does not show what it is to show."""


def recheck(path: str | os.PathLike[str]) -> RecheckReport:
    """Check a stored verdict again.

    Raises
    ------
    InputError
        If the file cannot be read as a verdict, or its claim is unknown.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        id, outcome, evidence = str(content["claim"]), str(content["outcome"]), dict(content["evidence"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: {error}", "a verdict stored by proofs-check verify", "verify the claim again") from error
    name, _, twin = id.partition("/")
    claim = find(name)
    parameters = {each.name: each.parameters for each in claim.twins}
    if twin and twin not in parameters:
        raise InputError(f"twin {twin!r} of {name!r}", f"one of {', '.join(parameters)}", "verify the claim again")
    problem = claim.problem(**(parameters[twin] if twin else {}))
    try:
        reason = _check(problem, outcome, evidence)
    except _Refused as refusal:
        return RecheckReport(id, outcome, False, str(refusal))
    except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError, AttributeError) as error:
        return RecheckReport(id, outcome, False, f"evidence cannot be read: {type(error).__name__}: {error}")
    return RecheckReport(id, outcome, True, reason)


def _check(problem: Any, outcome: str, evidence: dict[str, Any]) -> str:
    if isinstance(problem, LinearProgram) and outcome in ("certified", "refuted"):
        return _linear_program(problem, outcome, evidence)
    if outcome == "refuted":
        return _counterexample(problem, evidence)
    if isinstance(problem, Identity) and outcome == "proved":
        return _derivation(problem, evidence)
    if isinstance(problem, Inequality) and outcome == "certified":
        return _boxes(problem, evidence)
    raise _Refused(f"no evidence shows {outcome!r} of this kind of claim")


# -- derivations ------------------------------------------------------------------------------------


def _derivation(problem: Identity, evidence: dict[str, Any]) -> str:
    chain = [problem.start, *(step.expression for step in problem.steps)]
    stored = evidence["steps"]
    if len(stored) != len(problem.steps):
        raise _Refused(f"{len(stored)} steps stored, the claim has {len(problem.steps)}")
    for number, (entry, before, step) in enumerate(zip(stored, chain, problem.steps, strict=False), start=1):
        wanted = (sympy.srepr(before), sympy.srepr(step.expression), step.reason, step.how)
        if (entry["from"], entry["to"], entry["reason"], entry["how"]) != wanted:
            raise _Refused(f"step {number} is not the claim's")
        for point in _rational_points(problem):
            gap = abs(_number(before, point) - _number(step.expression, point))
            size = 1 + abs(_number(before, point))
            if not gap <= mpmath.mpf(10) ** (20 - _DIGITS) * size:
                raise _Refused(f"step {number} is off by {mpmath.nstr(gap, 5)} at {point}")
    return f"{len(stored)} steps are the claim's, and hold at {_POINTS} points in {_DIGITS} digits"


def _rational_points(problem: Identity) -> list[dict[sympy.Symbol, Fraction]]:
    points = []
    for k in range(_POINTS):
        point = {}
        for index, (symbol, (low, high)) in enumerate(problem.variables.items()):
            start = Fraction(int(low.p), int(low.q))
            end = start + 5 if high.is_infinite else Fraction(int(high.p), int(high.q))
            share = Fraction((3 * k + 5 * index + 2) % 23 + 1, 25)
            value = start + share * (end - start)
            point[symbol] = Fraction(round(value)) if symbol.is_integer else value
        points.append(point)
    return points


def _number(expression: sympy.Expr, point: dict[sympy.Symbol, Fraction]) -> Any:
    with mpmath.workdps(_DIGITS):
        arguments = [mpmath.mpf(v.numerator) / v.denominator for v in point.values()]
        return sympy.lambdify(list(point), expression, "mpmath")(*arguments)


def _counterexample(problem: Any, evidence: dict[str, Any]) -> str:
    given = {name: Fraction(text) for name, text in evidence["counterexample"].items()}
    if set(given) != {str(symbol) for symbol in problem.variables}:
        raise _Refused("the counterexample names other variables than the claim")
    point = {}
    for symbol, (low, high) in problem.variables.items():
        value = given[str(symbol)]
        inside = Fraction(int(low.p), int(low.q)) <= value and (
            high.is_infinite or value <= Fraction(int(high.p), int(high.q))
        )
        if not inside or (symbol.is_integer and value.denominator != 1):
            raise _Refused(f"{symbol} = {value} is outside of the claim's domain")
        point[symbol] = (value, value)
    if isinstance(problem, Identity):
        step = int(evidence["step"])
        chain = [problem.start, *(each.expression for each in problem.steps)]
        if not 1 <= step < len(chain):
            raise _Refused(f"the claim has no step {step}")
        value = _interval(chain[step - 1] - chain[step], point)
        if 0 in value:
            raise _Refused("at the counterexample both sides may be equal")
        return f"both sides of step {step} differ there"
    value = _interval(problem.expression, point)
    if not value.b <= 0:
        raise _Refused("the expression may be positive at the counterexample")
    return "the expression is not positive there"


# -- boxes ------------------------------------------------------------------------------------------


def _boxes(problem: Inequality, evidence: dict[str, Any]) -> str:
    boxes: list[Box] = []
    for entry in evidence["boxes"]:
        sides = [tuple(Fraction(text) for text in side.split(":")) for side in entry]
        boxes.append(tuple((low, high) for low, high in sides))
    domain = tuple(
        (Fraction(int(low.p), int(low.q)), Fraction(int(high.p), int(high.q))) for low, high in problem.variables.values()
    )
    if not _fill(domain, boxes):
        raise _Refused("the boxes do not fill the domain")
    for box in boxes:
        value = _interval(problem.expression, dict(zip(problem.variables, box, strict=True)))
        if not value.a > 0:
            raise _Refused(f"not shown to be positive on {box}")
    return f"{len(boxes)} boxes fill the domain, and the expression is positive on each"


def _fill(domain: Box, boxes: Sequence[Box]) -> bool:
    """Whether the boxes tile the domain; only tilings by straight cuts through the whole are recognised."""
    if len(boxes) == 1:
        return boxes[0] == domain
    for axis, (low, high) in enumerate(domain):
        for cut in sorted({box[axis][0] for box in boxes} - {low}, key=lambda x: abs(x - (low + high) / 2))[:1]:
            left = [box for box in boxes if box[axis][1] <= cut]
            right = [box for box in boxes if box[axis][0] >= cut]
            if len(left) + len(right) == len(boxes) and left and right:
                parts = ((low, cut), left), ((cut, high), right)
                return all(_fill((*domain[:axis], side, *domain[axis + 1 :]), part) for side, part in parts)
    return False


def _interval(expression: sympy.Expr, sides: dict[sympy.Symbol, tuple[Fraction, Fraction]]) -> Any:
    """Enclosure by mpmath's intervals, written for this file alone."""
    before = mpmath.iv.dps
    mpmath.iv.dps = 40
    try:
        return _walk(expression, {symbol: _span(*side) for symbol, side in sides.items()})
    finally:
        mpmath.iv.dps = before


def _span(low: Fraction, high: Fraction) -> Any:
    a, b = (mpmath.iv.mpf(x.numerator) / x.denominator for x in (low, high))
    return mpmath.iv.mpf([a.a, b.b])


def _walk(node: sympy.Expr, values: dict[sympy.Symbol, Any]) -> Any:
    if node in values:
        return values[node]
    if isinstance(node, sympy.Rational):
        return mpmath.iv.mpf(int(node.p)) / int(node.q)
    if node == sympy.pi:
        return mpmath.iv.pi
    parts = [_walk(argument, values) for argument in node.args] if not isinstance(node, sympy.Pow) else []
    match node:
        case sympy.Add():
            return sum(parts[1:], parts[0])
        case sympy.Mul():
            product = parts[0]
            for part in parts[1:]:
                product = product * part
            return product
        case sympy.Pow():
            base, exponent = _walk(node.base, values), node.exp
            if exponent.is_Integer:
                return base ** int(exponent)
            if exponent.is_Rational and exponent.q == 2:
                return mpmath.iv.sqrt(base) ** int(exponent.p)
            return mpmath.iv.exp(_walk(exponent, values) * mpmath.iv.log(base))
        case sympy.exp():
            return mpmath.iv.exp(parts[0])
        case sympy.log():
            return mpmath.iv.log(parts[0])
        case sympy.atan() | sympy.asin() | sympy.acos():
            return _monotone(node.func, parts[0])
    raise _Refused(f"no second enclosure of {type(node).__name__}")


def _monotone(function: Any, argument: Any) -> Any:
    """Interval of a monotone function from its ends, widened by what mpmath's point functions may be off."""
    point = {sympy.atan: mpmath.atan, sympy.asin: mpmath.asin, sympy.acos: mpmath.acos}[function]
    with mpmath.workdps(50):
        ends = []
        for end in (argument.a, argument.b):
            value = mpmath.mpf(end._mpi_[0] if hasattr(end, "_mpi_") else end)
            if function is not sympy.atan and abs(value) > 1:
                raise _Refused("an argument beyond [-1, 1]")
            ends.append(point(value))
        slack = mpmath.mpf(10) ** -38
        return mpmath.iv.mpf([min(ends) - slack, max(ends) + slack])


# -- linear programs --------------------------------------------------------------------------------


def _linear_program(problem: LinearProgram, outcome: str, evidence: dict[str, Any]) -> str:
    point = [Fraction(text) for text in evidence["point"]]
    dual = [Fraction(text) for text in evidence["multipliers"]]
    value = Fraction(evidence["value"])
    matrix = [[Fraction(int(a.p), int(a.q)) for a in row] for row in problem.matrix]
    bounds = [Fraction(int(b.p), int(b.q)) for b in problem.bounds]
    objective = [Fraction(int(c.p), int(c.q)) for c in problem.objective]
    if len(point) != len(objective) or len(dual) != len(bounds):
        raise _Refused("solutions of other sizes than the program's")
    if any(sum(a * x for a, x in zip(row, point, strict=True)) > b for row, b in zip(matrix, bounds, strict=True)):
        raise _Refused("the point breaks a constraint")
    if min(dual) < 0 or any(
        sum(y * row[j] for y, row in zip(dual, matrix, strict=True)) != objective[j] for j in range(len(objective))
    ):
        raise _Refused("the multipliers are not a dual solution")
    primal = sum(c * x for c, x in zip(objective, point, strict=True))
    if not primal == value == sum(y * b for y, b in zip(dual, bounds, strict=True)):
        raise _Refused("primal and dual values differ")
    positive = sympy.Matrix([[sympy.Rational(a.numerator, a.denominator) for a in row]
                             for row, y in zip(matrix, dual, strict=True) if y > 0])
    only = not problem.point or positive.rank() == len(objective)
    same = value == Fraction(str(problem.optimum)) and (
        not problem.point or point == [Fraction(str(x)) for x in problem.point]
    )
    if outcome == "certified" and not (same and only):
        raise _Refused("another optimum than the claimed one, or not the only point")
    if outcome == "refuted" and same:
        raise _Refused("the optimum is the claimed one")
    return "primal and dual solutions agree" + (", and determine the point" if problem.point else "")
