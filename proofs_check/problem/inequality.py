"""Inequalities over boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import sympy

from proofs_check.problem.base import Domain, Ground, Problem, Search
from proofs_check.problem.text import domain_lines, side, write_sides, written
from proofs_check.problem.well_posed import require_corner, require_declared, require_domain

__all__ = ["Corner", "Inequality"]

_BESIDE_CORNER: Final = 10**60


@dataclass(frozen=True)
class Corner:
    """The end of a domain at which an inequality's expression vanishes, and to which order.

    There the sign is read off Taylor's formula: with f and its derivatives below ``order`` exactly 0 at the low end a of
    ``symbol``, f(x) = f^(order)(xi) (x - a)^order / order! with xi between a and x: where that derivative is positive from a
    to x, so is f beyond a. For that f and those derivatives must be shown to be continuous on the domain.

    Examples
    --------
    The same down to r = 0, where both sides are equal to second order:

    >>> import sympy
    >>> from proofs_check.problem import Corner, Inequality
    >>> from proofs_check.verify import solve
    >>> r = sympy.Symbol("r", real=True)
    >>> interval = {r: (sympy.Rational(0), sympy.Rational(1))}
    >>> solve(Inequality(interval, r - sympy.atan(r), Corner(r, 3)))[0]
    'certified'
    """

    symbol: sympy.Symbol
    order: int


@dataclass(frozen=True)
class Inequality(Problem):
    """``expression`` > 0 on a box, with certainty.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed interval of rationals.
    expression : sympy.Expr
        What is positive.
    corner : Corner, optional
        End of the domain at which it is 0; the claim then holds for every point beyond.

    Examples
    --------
    arctan(r) < r, with certainty on the whole interval:

    >>> import sympy
    >>> from proofs_check.problem import Inequality
    >>> from proofs_check.verify import solve
    >>> r = sympy.Symbol("r", real=True)
    >>> interval = {r: (sympy.Rational(1, 10), sympy.Rational(1))}
    >>> solve(Inequality(interval, r - sympy.atan(r)))[0]
    'certified'
    """

    kind: ClassVar[str] = "inequality"

    variables: Mapping[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]]
    expression: sympy.Expr
    corner: Corner | None = None

    def __post_init__(self) -> None:
        require_domain(self.variables, bounded=True, open_end=self.open_end())
        require_declared((self.expression,), self.variables)
        if self.corner is not None:
            require_corner(self.corner.symbol, self.corner.order, self.variables)

    def statement(self) -> Iterator[str]:
        """What is positive, and where."""
        yield f"{written(self.expression)}  > 0"
        beyond = self.corner
        end = f", beyond {beyond.symbol} = {self.variables[beyond.symbol][0]}, where it is 0" if beyond else ""
        yield f"for {write_sides(self.variables)}{end}"

    def domain(self) -> Iterator[str]:
        """The box, without the end at which the expression is 0."""
        yield from domain_lines([side(symbol, low, high, open_=symbol == self.open_end())
                                 for symbol, (low, high) in self.variables.items()])  # fmt: skip

    def box(self) -> Domain:
        """Its variables."""
        return self.variables

    def open_end(self) -> sympy.Symbol | None:
        """The corner's symbol."""
        return self.corner.symbol if self.corner is not None else None

    def sides(self) -> Iterator[tuple[str, sympy.Expr]]:
        """The expression."""
        yield "expression, to be positive", self.expression

    def beyond_corner(self) -> dict[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]]:
        """Where counterexamples may lie: the end at which the expression is 0 does not belong to the claim, all beyond does."""
        domain = dict(self.variables)
        if self.corner is not None:
            low, high = domain[self.corner.symbol]
            domain[self.corner.symbol] = (low + (high - low) / _BESIDE_CORNER, high)
        return domain

    def grounds(self) -> Iterator[Search]:
        """The expression beyond the corner."""
        yield Ground(self.beyond_corner(), self.expression, "positive"), (), {}
