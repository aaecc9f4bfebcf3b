"""Positive by structure: sums, products and powers of what is positive, after a derivation that sympy checks."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from proofs_check.claim import find
from proofs_check.methods.continuity import continuous, sign_on
from proofs_check.methods.counterexample import not_positive, not_positive_beside, not_so_at_special_points
from proofs_check.methods.evaluated import is_zero
from proofs_check.methods.signs import sign_by_structure
from proofs_check.methods.symbolic import from_point, show_step
from proofs_check.problem import Positive
from proofs_check.problem.base import Solution, solves

__all__ = ["show_positive"]


@solves(Positive)
def show_positive(problem: Positive) -> Solution:
    """Prove that an expression is positive for all values of its symbols, or find a point at which it is not.

    Returns
    -------
    outcome : {"proved", "refuted", "undecided"}
    evidence : dict
        The steps with their reasons, and what was found to be positive; or the counterexample.
    """
    # At the point from which Taylor's formula starts it is 0; that point is not claimed.
    refuted = not_positive(problem.variables, problem.expression, strict=problem.strict and not problem.order)
    if refuted is None and problem.order:
        refuted = not_positive_beside(problem.variables, problem.expression, problem.by, problem.at)
    if refuted is not None:
        return "refuted", refuted
    before = problem.expression
    if problem.order:
        missing = _missing_for_taylor(problem)
        if missing:
            return "undecided", {"reason": missing}
        before = sympy.diff(before, problem.by, problem.order)
    elif not continuous(before, {}):
        claimed = "positive" if problem.strict else "not negative"
        refuted = not_so_at_special_points(problem.variables, problem.expression, claimed)
        if refuted is not None:
            return "refuted", refuted
        return "undecided", {"reason": f"not shown to be defined for all values: {before}"}
    shown = []
    for number, step in enumerate(problem.steps, start=1):
        if not (continuous(step.expression, {}) and show_step(before, step, {})):
            return "undecided", {"step": number, "reason": step.reason}
        shown.append({"from": sympy.srepr(before), "to": sympy.srepr(step.expression), "reason": step.reason, "how": step.how})
        before = step.expression
    sign = sign_by_structure(before, _known(problem.lemmas))
    if sign is None or (problem.strict and sign == 0):
        return "undecided", {"reason": f"not positive by structure: {before}"}
    return "proved", {"steps": shown, "positive": sympy.srepr(before)}


def _missing_for_taylor(problem: Positive) -> str:
    """What Taylor's formula with the remainder of that order asks for and is not shown; empty if nothing is missing."""
    by, at, order = problem.by, problem.at, problem.order
    assert by is not None and at is not None
    derivatives = [sympy.diff(problem.expression, by, k) if k else problem.expression for k in range(order + 1)]
    for k, each in enumerate(derivatives[:-1]):
        placed = from_point(each, by, at, {})
        if placed is None:
            return f"{by} = {at} is not shown to be an end of the values of {by} or one of them"
        if not continuous(*placed):
            return f"derivative {k} is not shown to be continuous from {by} = {at} on"
        if not is_zero(each.subs(by, at)):
            return f"derivative {k} is not shown to vanish at {by} = {at}"
    if not continuous(derivatives[-1], {}):
        return f"derivative {order} is not shown to be defined for all values"
    if order % 2 and sign_on(by - at, {}) is None:
        return f"of odd order, and {by} is not shown to lie above {at}"
    return ""


def _known(ids: Sequence[str]) -> dict[sympy.Expr, int]:
    """Expressions of other claims to the sign that these show."""
    found = {}
    for id in ids:
        lemma = find(id).problem()
        assert isinstance(lemma, Positive), f"{id} is no claim of positivity"
        if show_positive(lemma)[0] == "proved":
            found[lemma.expression] = 1 if lemma.strict and not _is_reached(lemma) else 0
    return found


def _is_reached(problem: Positive) -> bool:
    """Whether the point at which Taylor's formula starts, where the expression is 0, may be a value."""
    if problem.by is None or problem.at is None:
        return False
    return 1 not in (sign_on(problem.by - problem.at, {}), sign_on(problem.at - problem.by, {}))
