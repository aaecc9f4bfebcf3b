"""A claim's problem as lines for a reader of the paper: what is asked, and the derivation, before any verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import sympy

from proofs_check.problem import (
    Identity,
    Inequality,
    LinearProgram,
    Positive,
    Problem,
    Sampled,
    Step,
    Together,
    Value,
    WorstCase,
)

__all__ = ["lines_of"]

_FEW_PROGRAMS: Final = 4
_DIGITS: Final = 16


def lines_of(problem: Problem) -> Iterator[str]:
    """Yield what a problem states, line by line; of a derivation the start and every step with its reason."""
    match problem:
        case Together():
            parts = problem.parts
            if len(parts) > _FEW_PROGRAMS and all(isinstance(part, LinearProgram) for _, part in parts):
                parts = parts[:_FEW_PROGRAMS]
            for name, part in parts:
                yield f"{name}:"
                yield from (f"  {line}" for line in lines_of(part))
            if len(parts) < len(problem.parts):
                yield f"... and {len(problem.parts) - len(parts)} more linear programs"
        case Identity():
            yield f"for {_domain(problem.variables)}:" if problem.variables else "numbers:"
            yield f"  {_written(problem.start)}"
            yield from _steps(problem.steps)
        case Positive():
            yield f"{_written(problem.expression)}  {'> 0' if problem.strict else '>= 0'}"
            if problem.order:
                start = f"{problem.by} = {problem.at}"
                yield f"its derivative of order {problem.order} in {problem.by}, those below being 0 at {start}:"
            elif problem.steps:
                yield "the expression:"
            yield from _steps(problem.steps)
            known = f", where {' and '.join(problem.lemmas)} say so of a part" if problem.lemmas else ""
            yield f"positive as it stands{known}"
        case Inequality():
            yield f"{_written(problem.expression)}  > 0"
            beyond = problem.corner
            end = f", beyond {beyond.symbol} = {problem.variables[beyond.symbol][0]}, where it is 0" if beyond else ""
            yield f"for {_domain(problem.variables)}{end}"
        case LinearProgram():
            size = f"{len(problem.objective)} unknowns, {len(problem.bounds)} constraints"
            point = f", only at ({', '.join(map(str, problem.point))})" if problem.point else ""
            yield f"linear program, {size}: its optimum is {problem.optimum}{point}"
        case Value():
            low, high = (sympy.N(end, _DIGITS) for end in (problem.low, problem.high))
            yield f"{low} <= {_written(problem.expression)} <= {high}"
            for root in problem.roots:
                yield f"{root.symbol}: the zero between {root.low} and {root.high} of {_written(root.equation)}"
        case Sampled():
            yield f"the mean of {problem.size} draws (seed {problem.seed}) is {_written(problem.expected)}"
        case WorstCase():
            low, high = (sympy.N(end, _DIGITS) for end in (problem.low, problem.high))
            yield (f"{low} <= largest mean of L_t <= {high}, in c R^2: {problem.horizon} steps, c eta = {problem.rate}, "
                   f"epsilon = {problem.root_floor**2} c R^2")  # fmt: skip


def _written(expression: sympy.Expr) -> str:
    # To put terms in order sympy asks for signs, and computes an integral over numbers to the last digit for one.
    order = "none" if expression.has(sympy.Integral) else None
    return str(sympy.sstr(expression, order=order))


def _domain(variables: Mapping[sympy.Symbol, Any]) -> str:
    sides = ((symbol, low, "oo" if high.is_infinite else high) for symbol, (low, high) in variables.items())
    return ", ".join(f"{symbol} in [{low}, {high}]" if high != "oo" else f"{symbol} >= {low}" for symbol, low, high in sides)


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        yield f"{number}. = {_written(step.expression)}"
        yield f"     {'; '.join(chain([step.reason], _how(step)))}"


def _how(step: Step) -> Iterator[str]:
    """What is added to a step's reason: how the equality is shown, unless by algebra."""
    if step.how == "derivative":
        yield f"same derivative in {step.by}, and equal at {step.by} = {step.at}"
    if step.how == "lemma":
        given = ", ".join(f"{symbol} = {_written(value)}" for symbol, value in step.given.items())
        yield f"by {step.lemma}" + (f" at {given}" if given else "")
