"""Small linear programs over the rationals: the optimum by its vertices, shown by a primal and a dual solution."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy

from proofs_check.problem import LinearProgram

__all__ = ["solve"]


def solve(problem: LinearProgram) -> tuple[str, dict[str, Any]]:
    """Compare the claimed optimum, and its only point, with the true ones.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Primal point, dual multipliers and the value on which they agree. The point is the only one if the constraints with
        positive multipliers determine it; that is asked only where a point is claimed.
    """
    matrix, bounds = sympy.Matrix(problem.matrix), sympy.Matrix(problem.bounds)
    objective = sympy.Matrix([problem.objective])
    best: tuple[Any, Any, tuple[int, ...]] | None = None
    for active in combinations(range(matrix.rows), matrix.cols):
        chosen = matrix.extract(list(active), list(range(matrix.cols)))
        if chosen.det() == 0:
            continue
        point = chosen.solve(bounds.extract(list(active), [0]))
        if any(excess > 0 for excess in matrix * point - bounds):
            continue
        dual = chosen.T.solve(objective.T)
        if all(multiplier >= 0 for multiplier in dual):
            best = point, dual, active
            break
    if best is None:
        return "undecided", {"reason": "no vertex with a dual solution: unbounded, infeasible or without vertices"}
    point, dual, active = best
    multipliers = [sympy.Integer(0)] * matrix.rows
    for index, multiplier in zip(active, dual, strict=True):
        multipliers[index] = multiplier
    value = (objective * point)[0]
    evidence = {
        "point": [str(x) for x in point], "multipliers": [str(y) for y in multipliers], "value": str(value),
    }
    claimed_point = not problem.point or list(problem.point) == list(point)
    only = not problem.point or all(multiplier > 0 for multiplier in dual)
    if value == problem.optimum and claimed_point and only:
        return "certified", evidence
    return "refuted", {**evidence, "claimed": {"optimum": str(problem.optimum), "point": [str(x) for x in problem.point]}}
