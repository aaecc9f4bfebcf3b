"""Whether a problem says what its words say: every symbol declared, every domain one that the symbols' assumptions allow.

A symbol declared positive and a domain that reaches below 0 would let algebra prove for all of the domain what holds on a part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sympy

from proofs_check.problem.base import Domain
from proofs_check.problem.step import Step
from theory_sim.errors import InputError

__all__ = [
    "KINDS", "require_corner", "require_declared", "require_domain", "require_point", "require_real_line", "require_step",
]  # fmt: skip

_TOO_LONG: Final = 10**1000
KINDS: Final = frozenset({
    "integer", "noninteger", "rational", "irrational", "algebraic", "transcendental", "even", "odd", "prime", "composite",
    "polar",
})  # fmt: skip
"""Assumptions on a symbol that its range does not imply; those on signs it does."""


def require_domain(variables: Domain, *, bounded: bool = False, open_end: sympy.Symbol | None = None) -> None:
    """Refuse a domain with ends in the wrong order, or beyond what a symbol's assumptions allow.

    A bounded domain has two finite ends. The low end of the symbol ``open_end`` does not belong to it.
    """
    names = [str(symbol) for symbol in variables]
    if len(set(names)) < len(names):
        raise InputError(f"variables {names}", "a name of its own for each", "rename one")
    for symbol, (low, high) in variables.items():
        _require_short(end for end in (low, high) if end.is_Rational)
        finite = low.is_Rational and (high.is_Rational or (high == sympy.oo and not bounded))
        said = f"{symbol} from {low} to {high}"
        if not finite or low > high:
            raise InputError(said, "rational ends in their order" + ("" if bounded else ", the upper one may be infinite"),
                             "give such ends")  # fmt: skip
        _require_kind(symbol, [end for end in (low, high) if end.is_finite])
        excluded = (
            (symbol.is_extended_positive and low <= 0 and not (low == 0 and symbol == open_end))
            or (symbol.is_extended_nonnegative and low < 0)
            or (symbol.is_extended_negative and high >= 0) or (symbol.is_extended_nonpositive and high > 0)
            or (symbol.is_zero is False and not symbol.is_extended_positive and low <= 0 <= high)
        )  # fmt: skip
        if excluded:
            raise InputError(said, "a domain within the symbol's own assumptions", "declare the symbol or its domain anew")


def _require_short(numbers: Iterable[sympy.Rational]) -> None:
    """Refuse numbers too long to be written out, in a message, in evidence or in a line to type."""
    for number in numbers:
        if max(abs(int(number.p)), int(number.q)) >= _TOO_LONG:
            raise InputError("a number of more than 1000 digits", "numbers that can be read and stored",
                             "measure in other units, or write it as Pow(10, 5000, evaluate=False)")  # fmt: skip


def require_real_line(symbols: Iterable[sympy.Symbol]) -> None:
    """Refuse whole numbers: what is known to lie in an interval, or is sought in one, is any real number."""
    for symbol in symbols:
        if symbol.is_integer:
            raise InputError(f"{symbol}, a whole number in an interval", "a symbol for real numbers", "declare it real")


def _require_kind(symbol: sympy.Symbol, ends: Iterable[sympy.Expr]) -> None:
    """Refuse a symbol for anything but real, whole, even or odd numbers, and ends that are none of its values."""
    if not symbol.is_extended_real:
        raise InputError(f"{symbol}, not declared real", "real variables", "declare it real, or positive")
    assumed = {name: value for name, value in symbol.assumptions0.items() if name in KINDS}
    whole = sympy.Dummy(integer=True, even=symbol.is_even) if symbol.is_integer else sympy.Dummy(real=True)
    if assumed.keys() - {name for name in whole.assumptions0 if name in KINDS}:
        raise InputError(f"{symbol}, declared {', '.join(sorted(name for name, value in assumed.items() if value))}",
                         "variables that run over real, whole, even or odd numbers", "declare it so")  # fmt: skip
    for end in ends:
        if any(getattr(end, f"is_{name}") is not value for name, value in assumed.items()):
            raise InputError(f"{symbol} from or up to {end}", "ends that are values of the variable", "choose such ends")


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
        _require_short(expression.atoms(sympy.Rational))


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
