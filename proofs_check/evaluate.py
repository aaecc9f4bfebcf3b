"""A claim at a point: both sides, as numbers, so that a counterexample can be run by anyone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Set
from fractions import Fraction
from typing import Final

import sympy

from proofs_check.problem import Problem
from theory_sim.errors import InputError, repr_of, shown

__all__ = ["at_point", "command_at"]

_MOST_DIGITS: Final = 4000
# 2^n and n! are written out.
_LARGEST_WHOLE: Final = 100_000
_MOST_OF_A_POWER: Final = 1_000_000


def at_point(problem: Problem, point: Mapping[str, str], digits: int = 20) -> Iterator[tuple[str, str]]:
    """Values of a claim's expressions at a point.

    Parameters
    ----------
    problem : Problem
        Of a claim or a twin.
    point : mapping of str to str
        Variable to rational number.
    digits : int
        Of the values.

    Yields
    ------
    what, value : str
        Each expression's place in the claim, and its value, of several parts those whose variables are all given; first, of
        which part which variables lie outside of their domain, if any.

    Raises
    ------
    InputError
        If the problem has no variables, a name is not one of them, no part has all of its own, or a value is no rational
        number.
    """
    values = _given(problem, point)
    parts = [(name, part, [str(each) for each in part.box() if each not in values]) for name, part in _parts(problem)]
    for name, part, missing in parts:
        outside = [] if missing else list(_outside(part, values))
        if outside:
            yield f"{name + ': ' if name else ''}outside of the domain", "; ".join(outside)
    for name, part, missing in parts:
        if missing:
            yield f"{name} not evaluated".strip(), f"without {', '.join(missing)}"
        else:
            for place, expression in part.sides():
                yield f"{name} {place}".strip(), _value(expression, values, digits)


def command_at(id: str, point: Mapping[str, str], twin: str = "") -> str:
    """Command that evaluates a claim at a point, as it is typed: lines that are too long for 80 columns continue below."""
    words = [shlex.quote(f"{name}={value}") for name, value in point.items()]
    words += [f"--twin {shlex.quote(twin)}"] if twin else []
    line = f"proofs-check evaluate {id} {' '.join(words)}"
    return line if len(line) <= 66 else " \\\n    ".join((f"proofs-check evaluate {id}", *words))


def _outside(part: Problem, values: Mapping[sympy.Symbol, sympy.Rational]) -> Iterator[str]:
    """Which values lie outside of a part's domain."""
    for symbol, (low, high) in part.box().items():
        value = values[symbol]
        if symbol.is_integer and not value.is_integer:
            yield f"{symbol} = {value}, asked of whole numbers"
        elif not low <= value <= high:
            yield f"{symbol} = {value}, asked from {low} to {high}"
        elif symbol == part.open_end() and value == low:
            yield f"{symbol} = {value}, asked beyond it"


def _parts(problem: Problem) -> Iterator[tuple[str, Problem]]:
    """Parts that have variables to give values to, with their names."""
    for name, part in problem.named_parts():
        yield from ((f"{name} {inner}".strip(), each) for inner, each in _parts(part))
    if problem.box():
        yield "", problem


def _given(problem: Problem, point: Mapping[str, str]) -> dict[sympy.Symbol, sympy.Rational]:
    """The point, if it gives every variable of at least one part and no other."""
    parts = [part for _, part in _parts(problem)]
    if not parts:
        raise InputError("a claim without variables", "a point of an identity or an inequality", "use proofs-check show")
    # Parts may give one name to symbols of different assumptions: all of them have the value.
    known = [symbol for part in parts for symbol in part.box()]
    names = list(dict.fromkeys(map(str, known)))
    unknown = [name for name in point if name not in names]
    if unknown or not any({str(symbol) for symbol in part.box()} <= set(point) for part in parts):
        one = "" if len(parts) == 1 else ", those of one part at least"
        given = ", ".join(f"{name} = {value}" for name, value in point.items())
        raise InputError(f"point {given}", f"values of {', '.join(names)}{one}", "give each once, as name=value")
    exact = {name: _rational(name, text) for name, text in point.items()}
    _require_computable(exact, {str(symbol) for symbol in known if symbol.is_integer})
    return {symbol: exact[str(symbol)] for symbol in known if str(symbol) in exact}


def _require_computable(exact: Mapping[str, sympy.Rational], whole: Set[str]) -> None:
    """Refuse whole numbers of which powers and factorials would have more digits than can be waited for."""
    digits = max(1 + int(part).bit_length() * 3 // 10 for value in exact.values() for part in (value.p, value.q))
    for name in sorted(whole & exact.keys()):
        size = abs(exact[name])
        if size > _LARGEST_WHOLE or size * digits > _MOST_OF_A_POWER:
            raise InputError(f"{name} = {repr_of(int(exact[name]))} where a value has {digits} digits",
                             f"whole numbers up to {_LARGEST_WHOLE}, at most {_MOST_OF_A_POWER} times the digits of any value",
                             f"lower {name}, or give values of fewer digits")


def _rational(name: str, text: str) -> sympy.Rational:
    try:
        # Fraction writes out every digit of 1e999999999.
        exponent = text.lower().partition("e")[2]
        if len(text) > _MOST_DIGITS or (exponent and abs(int(exponent)) > _MOST_DIGITS):
            raise InputError(f"{name} = {text[:20]}...", f"a number of at most {_MOST_DIGITS} digits", "give a shorter one")
        if not text.isascii() or "_" in text:  # Fraction would take digits of other scripts
            raise ValueError(text)
        exact = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{name} = {shown(text)}", "a rational number such as 3/4 or 0.75", "write it so") from error
    return sympy.Rational(exact.numerator, exact.denominator)


def _value(expression: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Rational], digits: int) -> str:
    """The value as text; where there is none, as at a pole or where both sides of a limit differ, that and why."""
    try:
        found = sympy.N(expression.subs(values).doit(), digits)
        if found.is_number and found.is_finite:
            return str(found)
        return f"no number: {found}"
    except (ValueError, TypeError, NotImplementedError, AttributeError, ArithmeticError, RecursionError) as error:
        return f"no number: {str(error) or type(error).__name__}"
