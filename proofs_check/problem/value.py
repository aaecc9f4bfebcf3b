"""Numbers defined by integrals and roots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import sympy

from proofs_check.problem.base import Problem
from proofs_check.problem.text import DIGITS, domain_lines, side, written
from proofs_check.problem.well_posed import require_declared, require_domain, require_real_line
from theory_sim.errors import InputError

__all__ = ["Root", "Value"]


@dataclass(frozen=True)
class Root:
    """A number defined as the only zero of an equation between two rationals.

    Attributes
    ----------
    symbol : sympy.Symbol
        Its name in other expressions.
    equation : sympy.Expr
        Is 0 there and strictly monotone between.
    low, high : sympy.Rational
        Where it is sought.

    Examples
    --------
    The zero of x - exp(-x), and its square:

    >>> import sympy
    >>> from proofs_check.problem import Root, Value
    >>> from proofs_check.verify import solve
    >>> x = sympy.Symbol("x", real=True)
    >>> root = Root(x, x - sympy.exp(-x), sympy.Rational(0), sympy.Rational(1))
    >>> solve(Value(x**2, sympy.Rational("0.321"), sympy.Rational("0.322"), roots=(root,)))[0]
    'certified'
    """

    symbol: sympy.Symbol
    equation: sympy.Expr
    low: sympy.Rational
    high: sympy.Rational


@dataclass(frozen=True)
class Value(Problem):
    """A number, defined by integrals and roots, lies between two rationals.

    Attributes
    ----------
    expression : sympy.Expr
        What it is; may hold integrals over finite ranges.
    low, high : sympy.Rational
        Where it is claimed to be.
    roots : tuple of Root
        Numbers used in it, in the order in which they may use each other.
    within : mapping
        Symbols known only to lie in an interval: a tail that was cut off, say.

    Examples
    --------
    >>> import sympy
    >>> from proofs_check.problem import Value
    >>> from proofs_check.verify import solve
    >>> solve(Value(sympy.exp(1), sympy.Rational("2.718"), sympy.Rational("2.719")))[0]
    'certified'
    """

    kind: ClassVar[str] = "value"

    expression: sympy.Expr
    low: sympy.Rational
    high: sympy.Rational
    roots: tuple[Root, ...] = ()
    within: Mapping[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_domain({**self.within, **{root.symbol: (root.low, root.high) for root in self.roots}}, bounded=True)
        require_real_line([*self.within, *(root.symbol for root in self.roots)])
        known = set(self.within)
        for root in self.roots:
            if root.symbol in known:
                raise InputError(f"{root.symbol} twice", "a symbol is one root or lies within one interval", "rename one")
            known.add(root.symbol)
            require_declared((root.equation,), known)
        require_declared((self.expression,), known)
        if self.low > self.high:
            raise InputError(f"a value from {self.low} to {self.high}", "ends in their order", "give low <= high")

    def statement(self) -> Iterator[str]:
        """Between which ends it lies, and what its roots are."""
        low, high = (sympy.N(end, DIGITS) for end in (self.low, self.high))
        yield f"{low} <= {written(self.expression)} <= {high}"
        for root in self.roots:
            yield f"{root.symbol}: the zero between {root.low} and {root.high} of {written(root.equation)}"

    def domain(self) -> Iterator[str]:
        """Where roots are sought, and intervals in which numbers are known to lie."""
        sides = [side(root.symbol, root.low, root.high) for root in self.roots]
        yield from domain_lines([*sides, *(side(symbol, *ends) for symbol, ends in self.within.items())])
