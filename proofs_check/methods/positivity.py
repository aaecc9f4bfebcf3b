"""Positive by structure: sums, products and powers of what is positive, after a derivation that sympy checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from proofs_check.claim import find
from proofs_check.methods.counterexample import not_positive
from proofs_check.methods.symbolic import is_zero, show_step
from proofs_check.problem import Positive

__all__ = ["show_positive", "sign_by_structure"]


def show_positive(problem: Positive) -> tuple[str, dict[str, Any]]:
    """Prove that an expression is positive for all values of its symbols, or find a point at which it is not.

    Returns
    -------
    outcome : {"proved", "refuted", "undecided"}
    evidence : dict
        The steps with their reasons, and what was found to be positive; or the counterexample.
    """
    refuted = not_positive(problem.variables, problem.expression, strict=problem.strict)
    if refuted is not None:
        return "refuted", refuted
    before = problem.expression
    if problem.order:
        assert problem.by is not None and problem.at is not None
        for order in range(problem.order):
            if not is_zero(sympy.diff(before, problem.by, order).subs(problem.by, problem.at)):
                return "undecided", {"reason": f"derivative {order} is not shown to vanish at {problem.by} = {problem.at}"}
        before = sympy.diff(before, problem.by, problem.order)
    shown = []
    for number, step in enumerate(problem.steps, start=1):
        if not show_step(before, step):
            return "undecided", {"step": number, "reason": step.reason}
        shown.append({"from": sympy.srepr(before), "to": sympy.srepr(step.expression), "reason": step.reason, "how": step.how})
        before = step.expression
    sign = sign_by_structure(before, _expressions(problem.lemmas))
    if sign is None or (problem.strict and sign == 0):
        return "undecided", {"reason": f"not positive by structure: {before}"}
    return "proved", {"steps": shown, "positive": sympy.srepr(before)}


def _expressions(ids: Sequence[str]) -> list[sympy.Expr]:
    found = []
    for id in ids:
        lemma = find(id).problem()
        assert isinstance(lemma, Positive), f"{id} is no claim of positivity"
        if show_positive(lemma)[0] == "proved":
            found.append(lemma.expression)
    return found


def sign_by_structure(expression: sympy.Expr, known: Sequence[sympy.Expr] = ()) -> int | None:
    """1 if positive as it stands, 0 if not negative, None if neither is seen."""
    if any(expression == each for each in known):
        return 1
    if expression.is_Symbol or expression.is_number:
        return 1 if expression.is_positive else 0 if expression.is_nonnegative else None
    signs = [sign_by_structure(argument, known) for argument in expression.args]
    if expression.is_Add:
        return None if None in signs else max(signs)  # type: ignore[type-var]
    if expression.is_Mul:
        return None if None in signs else min(signs)  # type: ignore[type-var]
    if isinstance(expression, sympy.exp):
        return 1 if expression.args[0].is_real else None
    if expression.is_Pow:
        if signs[0] == 1:
            return 1
        even = expression.exp.is_integer and expression.exp.is_even and expression.exp.is_positive
        return 0 if even and expression.base.is_real else None
    if isinstance(expression, (sympy.atan, sympy.sinh)):
        return signs[0]
    if isinstance(expression, sympy.log):
        return sign_by_structure(sympy.expand(expression.args[0] - 1), known)
    return None
