"""Derivations step by step: each difference of two expressions is shown to be 0 by sympy, where both are defined.

sympy's algebra knows the symbols' assumptions, no domain and no poles. That both sides of a step are defined on the whole
domain, and that nothing jumps between a point and the point where a difference is 0, is shown by `continuity`.
"""

from __future__ import annotations

import sympy

from proofs_check.claim import find
from proofs_check.methods.continuity import Box, continuous, sign_on
from proofs_check.methods.counterexample import differs, not_so_at_special_points
from proofs_check.methods.evaluated import is_zero
from proofs_check.methods.placing import placed
from proofs_check.problem import Identity, Step
from proofs_check.problem.base import Solution, solves
from proofs_check.problem.well_posed import KINDS

__all__ = ["derive", "from_point", "is_connected", "show_step", "unbounded_as_symbols"]


@solves(Identity)
def derive(problem: Identity) -> Solution:
    """Prove a chain of equalities, or find a point at which a link is broken.

    Returns
    -------
    outcome : {"proved", "refuted", "undecided"}
    evidence : dict
        The steps with their reasons; or the counterexample, with an enclosure of the difference that excludes 0.
    """
    before, shown = problem.start, []
    if all(step.expression == before for step in problem.steps):
        return "undecided", {"reason": "every step has the same on both sides: nothing is claimed"}
    for number, step in enumerate(problem.steps, start=1):
        # The broken link of a twin is found at a point, in no time; a simplification that fails takes seconds.
        broken = differs(problem.variables, before - step.expression)
        if broken is not None:
            return "refuted", {"step": number, "reason": step.reason, **broken}
        for side in (before, step.expression):
            if not continuous(*unbounded_as_symbols(side, problem.variables)):
                broken = not_so_at_special_points(problem.variables, before - step.expression, "zero")
                if broken is not None:
                    return "refuted", {"step": number, "reason": step.reason, **broken}
                return "undecided", {"step": number, "reason": f"not shown to be defined on the whole domain: {side}"}
        if not show_step(before, step, problem.variables):
            return "undecided", {"step": number, "reason": step.reason, "difference": str(before - step.expression)}
        shown.append({"from": sympy.srepr(before), "to": sympy.srepr(step.expression), "reason": step.reason, "how": step.how})
        before = step.expression
    return "proved", {"steps": shown}


def show_step(before: sympy.Expr, step: Step, domain: Box) -> bool:
    """Whether a step is shown, in the way that it names, for all values of the domain and of the symbols' assumptions."""
    difference = before - step.expression
    if step.how == "derivative":
        return _by_derivative(before, step, domain)
    if step.how == "lemma":
        return _by_lemma(difference, step, domain)
    return is_zero(difference)


def _by_derivative(before: sympy.Expr, step: Step, domain: Box) -> bool:
    """Mean value theorem: 0 at a point, with a derivative that is 0, and without a jump between."""
    assert step.by is not None and step.at is not None
    difference = before - step.expression
    reached = from_point(difference, step.by, step.at, domain)
    if reached is None:
        return False
    moved, box, by = reached
    if not continuous(moved, box, by):
        return False
    return is_zero(sympy.diff(difference, step.by)) and _is_zero_at(before, step.expression, step.by, step.at)


def _is_zero_at(left: sympy.Expr, right: sympy.Expr, by: sympy.Symbol, at: sympy.Expr) -> bool:
    if at.is_finite:
        return is_zero((left - right).subs(by, at))
    # sympy looks without end for the leading term of a difference that is 0 everywhere.
    ends = [sympy.limit(side, by, at) for side in (left, right)]
    return all(end.is_finite for end in ends) and is_zero(ends[0] - ends[1])


def from_point(
    expression: sympy.Expr, by: sympy.Symbol, at: sympy.Expr, domain: Box
) -> tuple[sympy.Expr, Box, sympy.Symbol] | None:
    """The expression on a box that holds the domain and, on the way to it, the point ``at`` of one variable.

    Returns
    -------
    expression, box, by
        With symbols whose assumptions hold at the point too; None if the point is not shown to be reached.
    """
    if not is_connected(by) or by in at.free_symbols:
        return None
    box = dict(domain)
    low, high = box.pop(by, (-sympy.oo, sympy.oo))
    if at == 0 and by.is_positive:
        reached: sympy.Symbol = sympy.Dummy(by.name, nonnegative=True)
        expression = placed(expression, {by: reached})
    elif _is_allowed(by, at, box):
        reached = by
    else:
        return None
    if at.is_Rational or at.is_infinite:
        low, high = sympy.Min(low, at), sympy.Max(high, at)
    elif not (_is_in(at, low, high, box)):
        return None
    if low.is_finite:
        box[reached] = (low, high)
    return (*unbounded_as_symbols(expression, box), reached) if reached not in box or high.is_finite else _half_line(
        expression, box, reached
    )


def _half_line(expression: sympy.Expr, box: Box, by: sympy.Symbol) -> tuple[sympy.Expr, Box, sympy.Symbol]:
    low, _ = box[by]
    beyond = sympy.Dummy(by.name, nonnegative=True)
    moved, rest = unbounded_as_symbols(placed(expression, {by: low + beyond}), {s: side for s, side in box.items() if s != by})
    return moved, rest, beyond


def unbounded_as_symbols(expression: sympy.Expr, box: Box) -> tuple[sympy.Expr, Box]:
    """Symbols without an upper end written as their lower end plus one that is not negative."""
    rest = {}
    for symbol, (low, high) in box.items():
        if low.is_finite and high.is_infinite:
            beyond = sympy.Dummy(symbol.name, nonnegative=True, integer=symbol.is_integer)
            # What the symbol's own assumptions say is lost with it, and needed only where the lower end says less.
            if low > 0 or not symbol.is_positive:
                expression = placed(expression, {symbol: low + beyond})
        else:
            rest[symbol] = (low, high)
    return expression, rest


def is_connected(symbol: sympy.Symbol) -> bool:
    """Whether the values that a symbol's assumptions allow are an interval."""
    signed = symbol.is_positive or symbol.is_nonnegative or symbol.is_negative or symbol.is_nonpositive
    sparse = (symbol.is_integer, symbol.is_rational, symbol.is_algebraic, symbol.is_irrational)
    return bool(symbol.is_real and (signed or symbol.is_zero is None) and all(each is None for each in sparse))


def _is_allowed(by: sympy.Symbol, at: sympy.Expr, box: Box) -> bool:
    """Whether a point is one of the values that a symbol's assumptions allow, or an end beyond them all."""
    if at.is_infinite:
        return bool(not by.is_nonpositive if at == sympy.oo else not by.is_nonnegative)
    if not continuous(at, box):
        return False
    if by.is_positive or by.is_negative:
        return sign_on(at if by.is_positive else -at, box) == 1
    if by.is_nonnegative or by.is_nonpositive:
        return sign_on(at if by.is_nonnegative else -at, box) is not None
    return True


def _is_in(value: sympy.Expr, low: sympy.Expr, high: sympy.Expr, box: Box) -> bool:
    above = low.is_infinite or sign_on(value - low, box) is not None
    return bool(above and (high.is_infinite or sign_on(high - value, box) is not None))


def _by_lemma(difference: sympy.Expr, step: Step, domain: Box) -> bool:
    """Another identity, proved on a domain that holds every value which it is asked for here."""
    lemma = find(step.lemma).problem()
    assert isinstance(lemma, Identity)
    for symbol, (low, high) in lemma.variables.items():
        asked, box = unbounded_as_symbols(step.given.get(symbol, symbol), domain)
        known = all(each in box or each not in lemma.variables or each in step.given for each in asked.free_symbols)
        if not (known and continuous(asked, box) and _is_in(asked, low, high, box)):
            return False
        if not _is_of_the_kind(step.given.get(symbol, symbol), symbol):
            return False
    if derive(lemma)[0] != "proved":
        return False
    put_in = set().union(*(asked.free_symbols for asked in step.given.values()))
    if not step.given.keys() <= lemma.variables.keys() or put_in & (_bound(lemma.start) | _bound(lemma.steps[-1].expression)):
        return False
    left, right = (side.subs(dict(step.given), simultaneous=True) for side in (lemma.start, lemma.steps[-1].expression))
    # Under an integral the same symbol runs over another range than the one that was looked at.
    if (left.free_symbols | right.free_symbols) & _bound(difference, without=left):
        return False
    return is_zero(difference.subs(left, right))


def _is_of_the_kind(asked: sympy.Expr, symbol: sympy.Symbol) -> bool:
    """Whether a symbol's assumptions that no interval holds (whole, even, prime, ...) are known of what is put in for it."""
    return all(getattr(asked, f"is_{name}") is value for name, value in symbol.assumptions0.items() if name in KINDS)


def _bound(expression: sympy.Expr, without: sympy.Expr = sympy.S.Zero) -> set[sympy.Symbol]:
    """Variables of integrals, sums, limits, derivatives and substitutions, which would capture what is put in.

    Those that are part of the expression ``without`` are left out.
    """
    found: set[sympy.Symbol] = set()
    for node in sympy.preorder_traversal(expression):
        if without.has(node):
            continue
        found |= {node.args[1]} if isinstance(node, sympy.Limit) else set(getattr(node, "variables", ()))
    return found
