"""Derivations step by step: each difference of two expressions is shown to be 0 by sympy."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.claim import find
from proofs_check.methods.counterexample import differs
from proofs_check.problem import Identity, Step

__all__ = ["derive", "is_zero", "show_step"]


def derive(problem: Identity) -> tuple[str, dict[str, Any]]:
    """Prove a chain of equalities, or find a point at which a link is broken.

    Returns
    -------
    outcome : {"proved", "refuted", "undecided"}
    evidence : dict
        The steps with their reasons; or the counterexample, with an enclosure of the difference that excludes 0.
    """
    before, shown = problem.start, []
    for number, step in enumerate(problem.steps, start=1):
        # The broken link of a twin is found at a point, in no time; a simplification that fails takes seconds.
        broken = differs(problem.variables, before - step.expression)
        if broken is not None:
            return "refuted", {"step": number, "reason": step.reason, **broken}
        if not show_step(before, step):
            return "undecided", {"step": number, "reason": step.reason, "difference": str(before - step.expression)}
        shown.append({"from": sympy.srepr(before), "to": sympy.srepr(step.expression), "reason": step.reason, "how": step.how})
        before = step.expression
    return "proved", {"steps": shown}


def show_step(before: sympy.Expr, step: Step) -> bool:
    """Whether a step is shown in the way that it names."""
    difference = before - step.expression
    if step.how == "derivative":
        assert step.by is not None and step.at is not None
        value = difference.subs(step.by, step.at) if step.at.is_finite else sympy.limit(difference, step.by, step.at)
        return is_zero(sympy.diff(difference, step.by)) and is_zero(value)
    if step.how == "lemma":
        lemma = find(step.lemma).problem()
        assert isinstance(lemma, Identity)
        if derive(lemma)[0] != "proved":
            return False
        left, right = (side.subs(dict(step.given), simultaneous=True) for side in (lemma.start, lemma.steps[-1].expression))
        return is_zero(difference.subs(left, right))
    return is_zero(difference)


def is_zero(difference: sympy.Expr) -> bool:
    """Whether sympy shows that an expression is 0."""
    if difference.has(sympy.Integral, sympy.Limit, sympy.Derivative, sympy.Subs):
        # Definitions stand unevaluated in claims; a form that is evaluated on the way in would prove itself.
        difference = difference.doit()
    attempts = (
        lambda d: d, sympy.simplify, lambda d: sympy.simplify(sympy.expand(d.rewrite(sympy.atan))),
        lambda d: sympy.simplify(sympy.radsimp(sympy.together(d))), lambda d: sympy.simplify(d.doit()),
    )
    return any(attempt(difference) == 0 for attempt in attempts)
