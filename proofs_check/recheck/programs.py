"""Linear programs: a primal and a dual solution of the same value, in fractions."""

from __future__ import annotations

import sympy

from proofs_check.problem import LinearProgram
from proofs_check.problem.base import Evidence
from proofs_check.recheck.intervals import fraction
from proofs_check.recheck.refusal import Refused, exact, only_keys
from proofs_check.recheck.registry import rechecks

__all__ = ["check_program"]


@rechecks(LinearProgram, "certified", "refuted")
def check_program(problem: LinearProgram, outcome: str, evidence: Evidence) -> str:
    """Look at both solutions and at what they say of the claimed optimum."""
    due = {"point", "multipliers", "value"}
    only_keys(evidence, due | {"claimed"} if outcome == "refuted" else due)
    point = [exact(text) for text in evidence["point"]]
    dual = [exact(text) for text in evidence["multipliers"]]
    value = exact(evidence["value"])
    matrix = [[fraction(a) for a in row] for row in problem.matrix]
    bounds, objective = [fraction(b) for b in problem.bounds], [fraction(c) for c in problem.objective]
    if len(point) != len(objective) or len(dual) != len(bounds):
        raise Refused("solutions of other sizes than the program's")
    if any(sum(a * x for a, x in zip(row, point, strict=True)) > b for row, b in zip(matrix, bounds, strict=True)):
        raise Refused("the point breaks a constraint")
    if min(dual) < 0 or any(
        sum(y * row[j] for y, row in zip(dual, matrix, strict=True)) != objective[j] for j in range(len(objective))
    ):
        raise Refused("the multipliers are not a dual solution")
    primal = sum(c * x for c, x in zip(objective, point, strict=True))
    if not primal == value == sum(y * b for y, b in zip(dual, bounds, strict=True)):
        raise Refused("primal and dual values differ")
    positive = sympy.Matrix([[sympy.Rational(a.numerator, a.denominator) for a in row]
                             for row, y in zip(matrix, dual, strict=True) if y > 0])  # fmt: skip
    only = not problem.point or positive.rank() == len(objective)
    same = value == fraction(problem.optimum) and (not problem.point or point == [fraction(x) for x in problem.point])
    if outcome == "certified" and not (same and only):
        raise Refused("another optimum than the claimed one, or not the only point")
    if outcome == "refuted":
        if same:
            raise Refused("the optimum is the claimed one, found at the claimed point")
        said = {"optimum": str(problem.optimum), "point": [str(x) for x in problem.point]}
        if evidence["claimed"] != said:
            raise Refused("something else is said to be claimed")
    return "primal and dual solutions agree" + (", and determine the point" if problem.point else "")
