"""Expressions, domains and derivations in words, for a reader of the paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import sympy

from proofs_check.problem.base import Domain
from proofs_check.problem.step import Step

__all__ = ["DIGITS", "all_values", "domain_lines", "side", "write_sides", "step_lines", "written"]

DIGITS: Final = 16


def written(expression: sympy.Expr) -> str:
    """An expression as text."""
    # To put terms in order sympy asks for signs, and computes an integral over numbers to the last digit for one.
    order = "none" if expression.has(sympy.Integral) else None
    return str(sympy.sstr(expression, order=order))


def write_sides(variables: Domain) -> str:
    """A domain with its ends."""
    sides = ((symbol, low, "oo" if high.is_infinite else high) for symbol, (low, high) in variables.items())
    return ", ".join(f"{symbol} in [{low}, {high}]" if high != "oo" else f"{symbol} >= {low}" for symbol, low, high in sides)


def domain_lines(sides: Sequence[str]) -> Iterator[str]:
    """One line of the sides given, or that there are numbers alone."""
    yield ", ".join(sides) or "numbers alone"


def side(symbol: sympy.Symbol, low: sympy.Expr, high: sympy.Expr, *, open_: bool = False) -> str:
    """A variable with its range."""
    end = "oo)" if high.is_infinite else f"{high}]"
    return f"{_whole(symbol)}{symbol} in {'(' if open_ else '['}{low}, {end}"


def all_values(symbol: sympy.Symbol) -> str:
    """A variable with all values that its own assumptions allow."""
    sign = (" > 0" if symbol.is_positive else " >= 0" if symbol.is_nonnegative else " < 0" if symbol.is_negative
            else " <= 0" if symbol.is_nonpositive else " except 0" if symbol.is_zero is False else "")  # fmt: skip
    return f"all {_whole(symbol) or ('' if sign else 'real ')}{symbol}{sign}"


def _whole(symbol: sympy.Symbol) -> str:
    words = (("even", symbol.is_even), ("odd", symbol.is_odd), ("whole", symbol.is_integer))
    return next((f"{word} " for word, is_so in words if is_so), "")


def step_lines(steps: Sequence[Step]) -> Iterator[str]:
    """The steps of a derivation, each with its reason."""
    for number, step in enumerate(steps, start=1):
        yield f"{number}. = {written(step.expression)}"
        yield f"     {'; '.join(chain([step.reason], _how(step)))}"


def _how(step: Step) -> Iterator[str]:
    """What is added to a step's reason: how the equality is shown, unless by algebra."""
    if step.how == "derivative":
        yield f"same derivative in {step.by}, and equal at {step.by} = {step.at}"
    if step.how == "lemma":
        given = ", ".join(f"{symbol} = {written(value)}" for symbol, value in step.given.items())
        yield f"by {step.lemma}" + (f" at {given}" if given else "")
