"""Derivations step by step: each difference of two expressions is shown to be 0 by sympy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from proofs_check.claim import find
from proofs_check.methods.ball import enclose
from proofs_check.problem import Identity, Step

__all__ = ["derive"]


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
        if not _holds(before, step):
            broken = _counterexample(problem, before - step.expression)
            if broken is not None:
                return "refuted", {"step": number, "reason": step.reason, **broken}
            return "undecided", {"step": number, "reason": step.reason, "difference": str(before - step.expression)}
        shown.append({"from": sympy.srepr(before), "to": sympy.srepr(step.expression), "reason": step.reason, "how": step.how})
        before = step.expression
    return "proved", {"steps": shown}


def _holds(before: sympy.Expr, step: Step) -> bool:
    difference = before - step.expression
    if step.how == "derivative":
        assert step.by is not None and step.at is not None
        value = difference.subs(step.by, step.at) if step.at.is_finite else sympy.limit(difference, step.by, step.at)
        return _is_zero(sympy.diff(difference, step.by)) and _is_zero(value)
    if step.how == "lemma":
        lemma = find(step.lemma).problem()
        assert isinstance(lemma, Identity)
        return derive(lemma)[0] == "proved" and _is_zero(difference.xreplace({lemma.start: lemma.steps[-1].expression}))
    return _is_zero(difference)


def _is_zero(difference: sympy.Expr) -> bool:
    attempts = (
        lambda d: d, sympy.simplify, lambda d: sympy.simplify(sympy.expand(d.rewrite(sympy.atan))),
        lambda d: sympy.simplify(sympy.radsimp(sympy.together(d))), lambda d: sympy.simplify(d.doit()),
    )
    return any(attempt(difference) == 0 for attempt in attempts)


def _points(problem: Identity) -> Iterator[dict[sympy.Symbol, sympy.Rational]]:
    """A few rational points of the domain, the same every time."""
    for k in range(1, 40):
        point = {}
        for index, (symbol, (low, high)) in enumerate(problem.variables.items()):
            share = sympy.Rational((k * (7 + 4 * index)) % 41, 41)
            top = low + 8 if high.is_infinite else high
            value = low + share * (top - low)
            point[symbol] = sympy.ceiling(value) if symbol.is_integer else sympy.Rational(value)
        yield point


def _counterexample(problem: Identity, difference: sympy.Expr) -> dict[str, Any] | None:
    from flint import arb, ctx, fmpq

    ctx.prec = 256
    for point in _points(problem):
        try:
            given = {symbol: arb(fmpq(int(v.p), int(v.q))) for symbol, v in point.items()}
            value = enclose(difference.doit(), given)
        except (NotImplementedError, KeyError):
            return None
        if not value.contains(0) and value.is_finite():
            return {"counterexample": {str(s): str(v) for s, v in point.items()}, "difference": value.str(20)}
    return None
