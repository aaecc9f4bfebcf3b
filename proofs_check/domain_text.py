"""For which values a problem is checked, in words made from its boxes: what a reader is told is what is looked at."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from proofs_check.problem import Identity, Inequality, LinearProgram, Positive, Problem, Sampled, Together, Value, WorstCase

__all__ = ["domains_of"]


def domains_of(problem: Problem) -> Iterator[str]:
    """Yield the domain, of several parts those that differ, each after the names of its parts."""
    if not isinstance(problem, Together):
        yield _domain(problem)
        return
    named: dict[str, list[str]] = {}
    for name, part in problem.parts:
        for line in domains_of(part):
            named.setdefault(line, []).append(name)
    for line, names in named.items():
        yield line if len(named) == 1 else f"{line} ({'; '.join(names)})"


def _domain(problem: Problem) -> str:
    match problem:
        case Identity():
            found = [_side(symbol, low, high) for symbol, (low, high) in problem.variables.items()]
        case Inequality():
            corner = problem.corner.symbol if problem.corner is not None else None
            found = [_side(symbol, low, high, open_=symbol == corner) for symbol, (low, high) in problem.variables.items()]
        case Positive():
            found = [_all(symbol) for symbol in problem.variables]
            # Where Taylor's formula starts it is 0.
            starts = problem.by is not None and problem.at is not None and not (problem.by - problem.at).is_nonzero
            found += [f"{problem.by} not {problem.at}"] if starts and problem.strict else []
        case Value():
            found = [_side(root.symbol, root.low, root.high) for root in problem.roots]
            found += [_side(symbol, low, high) for symbol, (low, high) in problem.within.items()]
        case Sampled():
            found = [f"{problem.size} draws"]
        case WorstCase():
            found = [f"{problem.horizon} steps", f"c eta = {problem.rate}", f"epsilon = {problem.root_floor**2} c R^2"]
        case LinearProgram() | Together():
            found = []
    return ", ".join(found) or "numbers alone"


def _side(symbol: sympy.Symbol, low: sympy.Rational, high: sympy.Rational, *, open_: bool = False) -> str:
    end = "oo)" if high.is_infinite else f"{high}]"
    return f"{_kind(symbol)}{symbol} in {'(' if open_ else '['}{low}, {end}"


def _all(symbol: sympy.Symbol) -> str:
    """All values that a symbol's own assumptions allow."""
    sign = (" > 0" if symbol.is_positive else " >= 0" if symbol.is_nonnegative else " < 0" if symbol.is_negative
            else " <= 0" if symbol.is_nonpositive else " except 0" if symbol.is_zero is False else "")  # fmt: skip
    return f"all {_kind(symbol) or ('' if sign else 'real ')}{symbol}{sign}"


def _kind(symbol: sympy.Symbol) -> str:
    words = (("even", symbol.is_even), ("odd", symbol.is_odd), ("whole", symbol.is_integer))
    return next((f"{word} " for word, is_so in words if is_so), "")
