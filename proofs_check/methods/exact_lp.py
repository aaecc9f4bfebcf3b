"""Linear programs over the rationals: floating point guesses the optimal basis, exact arithmetic settles it.

HiGHS (by scipy) says which constraints are active and which multipliers are positive; the primal and the dual solution are
then solved for in rationals, and are what is returned. Should the guess be wrong, all vertices of a small program are tried.
"""

from __future__ import annotations

from itertools import combinations, islice
from typing import Final

import numpy as np
import sympy
from flint import fmpq, fmpq_mat

from proofs_check.problem import LinearProgram
from proofs_check.problem.base import Solution, solves

__all__ = ["solve"]

_MOST_VERTICES: Final = 20_000
Vector = list[fmpq]


@solves(LinearProgram)
def solve(problem: LinearProgram) -> Solution:
    """Compare the claimed optimum, and its only point, with the true ones.

    Returns
    -------
    outcome : {"certified", "refuted", "undecided"}
    evidence : dict
        Primal point, dual multipliers and the value on which they agree. The point is the only one if the constraints with
        positive multipliers determine it; that is asked only where a point is claimed.
    """
    matrix = [[_exact(a) for a in row] for row in problem.matrix]
    bounds, objective = [_exact(b) for b in problem.bounds], [_exact(c) for c in problem.objective]
    found = _guessed(matrix, bounds, objective) or _searched(matrix, bounds, objective)
    if found is None:
        return "undecided", {"reason": "no vertex with a dual solution: unbounded, infeasible or without vertices"}
    point, multipliers = found
    value = _dot(objective, point)
    evidence = {"point": [str(x) for x in point], "multipliers": [str(y) for y in multipliers], "value": str(value)}
    claimed_point = not problem.point or [_exact(x) for x in problem.point] == point
    positive = [row for row, y in zip(matrix, multipliers, strict=True) if y > 0]
    only = not problem.point or (bool(positive) and fmpq_mat(positive).rank() == len(objective))
    if value == _exact(problem.optimum) and claimed_point and only:
        return "certified", evidence
    if value == _exact(problem.optimum) and claimed_point:
        return "undecided", {**evidence, "reason": "the point is not shown to be the only one"}
    return "refuted", {**evidence, "claimed": {"optimum": str(problem.optimum), "point": [str(x) for x in problem.point]}}


def _exact(value: sympy.Rational) -> fmpq:
    return fmpq(int(value.p), int(value.q))


def _dot(left: Vector, right: Vector) -> fmpq:
    return sum((a * b for a, b in zip(left, right, strict=True)), fmpq(0))


def _guessed(matrix: list[Vector], bounds: Vector, objective: Vector) -> tuple[Vector, Vector] | None:
    from scipy.optimize import linprog

    rows = np.array([[float(a.p) / float(a.q) for a in row] for row in matrix])
    limits, costs = (np.array([float(a.p) / float(a.q) for a in each]) for each in (bounds, objective))
    done = linprog(-costs, A_ub=rows, b_ub=limits, bounds=(None, None), method="highs-ds")
    if done.status != 0:
        return None
    slack, weight = limits - rows @ done.x, -done.ineqlin.marginals
    # A basis: first the constraints with positive multipliers, then tight ones, as long as they are independent.
    basis: list[int] = []
    for index in sorted(range(len(limits)), key=lambda i: (-weight[i] if weight[i] > 1e-9 else 0.0, abs(slack[i]))):
        if fmpq_mat([matrix[i] for i in (*basis, index)]).rank() > len(basis):
            basis.append(index)
        if len(basis) == len(objective):
            return _vertex(basis, matrix, bounds, objective)
    return None


def _searched(matrix: list[Vector], bounds: Vector, objective: Vector) -> tuple[Vector, Vector] | None:
    for basis in islice(combinations(range(len(matrix)), len(objective)), _MOST_VERTICES):
        found = _vertex(list(basis), matrix, bounds, objective)
        if found is not None:
            return found
    return None


def _vertex(basis: list[int], matrix: list[Vector], bounds: Vector, objective: Vector) -> tuple[Vector, Vector] | None:
    """Vertex of a basis and its multipliers, if both are feasible (then both are optimal)."""
    chosen = fmpq_mat([matrix[i] for i in basis])
    if chosen.det() == 0:
        return None
    point = [row[0] for row in chosen.solve(fmpq_mat([[bounds[i]] for i in basis])).tolist()]
    dual = [row[0] for row in chosen.transpose().solve(fmpq_mat([[c] for c in objective])).tolist()]
    if min(dual) < 0 or any(_dot(row, point) > bound for row, bound in zip(matrix, bounds, strict=True)):
        return None
    multipliers = [fmpq(0)] * len(matrix)
    for index, multiplier in zip(basis, dual, strict=True):
        multipliers[index] = multiplier
    return point, multipliers
