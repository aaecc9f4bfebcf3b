"""Whether a problem says what its words say: every symbol declared, every domain one that the symbols' assumptions allow.

A symbol declared positive and a domain that reaches below 0 would let algebra prove for all of the domain what holds on a part.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy

from proofs_check.problem.base import Domain
from proofs_check.problem.step import Step
from theory_sim.errors import InputError

__all__ = ["require_corner", "require_declared", "require_domain", "require_point", "require_step"]


def require_domain(variables: Domain, *, bounded: bool = False) -> None:
    """Refuse a domain with ends in the wrong order, or beyond what a symbol's assumptions allow.

    A bounded domain is covered by balls, which need no assumption; a positive symbol's may then begin at 0.
    """
    names = [str(symbol) for symbol in variables]
    if len(set(names)) < len(names):
        raise InputError(f"variables {names}", "a name of its own for each", "rename one")
    for symbol, (low, high) in variables.items():
        said = f"{symbol} from {low} to {high}"
        finite = low.is_Rational and (high.is_Rational or (high == sympy.oo and not bounded))
        if not finite or low > high:
            raise InputError(said, "rational ends in their order" + ("" if bounded else ", the upper one may be infinite"),
                             "give such ends")  # fmt: skip
        if not symbol.is_extended_real:
            raise InputError(f"{symbol}, not declared real", "real variables", "declare it real, or positive")
        excluded = (
            (symbol.is_extended_positive and low == 0 and not bounded) or (symbol.is_extended_nonnegative and low < 0)
            or (symbol.is_extended_negative and high >= 0) or (symbol.is_extended_nonpositive and high > 0)
            or (symbol.is_zero is False and not symbol.is_extended_positive and low <= 0 <= high)
        )  # fmt: skip
        if excluded:
            raise InputError(said, "a domain within the symbol's own assumptions", "declare the symbol or its domain anew")


def require_declared(expressions: Iterable[sympy.Expr], symbols: Iterable[sympy.Symbol]) -> None:
    """Refuse expressions with other symbols, with floating-point numbers, or that are no finite expression."""
    known = set(symbols)
    for expression in expressions:
        free = expression.free_symbols - known
        if free:
            raise InputError(f"{sorted(map(str, free))} in {expression}", "symbols that the problem declares",
                             "declare each, with the same assumptions")  # fmt: skip
        if expression.has(sympy.Float, sympy.nan, sympy.zoo):
            raise InputError(f"{expression}", "exact numbers, written out", "write rationals for floats")


def require_step(step: Step, variables: Domain) -> None:
    """Refuse a step that names no way of being shown."""
    require_declared((step.expression,), variables)
    if step.how == "derivative":
        if step.by is None or step.at is None:
            raise InputError(f"step {step.reason!r}", "a variable and a point for a derivative", "give by and at")
        require_point(step.by, step.at, variables)
    if step.how == "lemma":
        if not step.lemma:
            raise InputError(f"step {step.reason!r}", "a lemma's identifier", "name the lemma")
        require_declared(step.given.values(), variables)
    if step.how not in ("algebra", "derivative", "lemma"):
        raise InputError(f"step by {step.how!r}", "algebra, derivative or lemma", "choose one")


def require_point(by: sympy.Symbol | None, at: sympy.Expr | None, variables: Domain) -> None:
    """Refuse a point of a variable that is none of the problem's, or a point that moves with it."""
    if by is None or at is None or by not in variables or at.free_symbols - (set(variables) - {by}):
        raise InputError(f"the point {by} = {at}", "a variable of the problem, at a point that the other ones determine",
                         "choose by and at so")  # fmt: skip


def require_corner(symbol: sympy.Symbol, order: int, variables: Domain) -> None:
    """Refuse a corner that is none."""
    if symbol not in variables or order < 1:
        raise InputError(f"corner of order {order} in {symbol}", "a variable of the problem, order 1 or more",
                         "give such a corner")  # fmt: skip
