"""Expressions that are positive for all values that their symbols' assumptions allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import sympy

from proofs_check.problem.base import Domain, Ground, Problem, Search
from proofs_check.problem.identity import Identity
from proofs_check.problem.step import Step
from proofs_check.problem.text import all_values, domain_lines, step_lines, written
from proofs_check.problem.well_posed import require_declared, require_domain, require_point, require_step
from theory_sim.errors import InputError

__all__ = ["Positive"]


@dataclass(frozen=True)
class Positive(Problem):
    """``expression`` > 0 for all values that the symbols' own assumptions allow, shown by structure.

    The expression, or its derivative of the given order in ``by`` if it vanishes to that order at ``at``, equals by the
    steps an expression built from positive symbols and numbers by sums, products, powers, exponentials and the like:
    positive as it stands.

    Attributes
    ----------
    variables : mapping
        Symbol to the closed domain in which counterexamples are sought.
    expression : sympy.Expr
        What is positive; with an order, everywhere but at ``at``, where it is 0. An odd order asks that ``by`` cannot lie
        below ``at``.
    steps : tuple of Step
        Derivation of a form that is positive by structure; empty if it is one.
    by, at, order
        Variable, point and order of the derivative; order 0: the expression itself.
    lemmas : tuple of str
        Other claims of this kind; their expressions have the sign there that those show.
    strict : bool
        False: >= 0 only.

    Examples
    --------
    >>> import sympy
    >>> from proofs_check.problem import Positive
    >>> from proofs_check.verify import solve
    >>> r = sympy.Symbol("r", positive=True)
    >>> solve(Positive({r: (sympy.Rational(1), sympy.Rational(2))}, 1 + r**2))[0]
    'proved'
    """

    kind: ClassVar[str] = "positive"

    variables: Domain
    expression: sympy.Expr
    steps: tuple[Step, ...] = ()
    by: sympy.Symbol | None = None
    at: sympy.Expr | None = None
    order: int = 0
    lemmas: tuple[str, ...] = ()
    strict: bool = True

    def __post_init__(self) -> None:
        require_domain(self.variables)
        require_declared((self.expression,), self.variables)
        for step in self.steps:
            require_step(step, self.variables)
        if self.order < 0 or (self.order > 0) != (self.by is not None and self.at is not None):
            raise InputError(f"order {self.order}, by {self.by}, at {self.at}", "all three, or order 0 alone",
                             "give all or none")  # fmt: skip
        if self.order:
            require_point(self.by, self.at, self.variables)

    def statement(self) -> Iterator[str]:
        """What is positive, the derivation, and that its end is so as it stands."""
        yield f"{written(self.expression)}  {'> 0' if self.strict else '>= 0'}"
        if self.order:
            start = f"{self.by} = {self.at}"
            yield f"its derivative of order {self.order} in {self.by}, those below being 0 at {start}:"
        elif self.steps:
            yield "the expression:"
        yield from step_lines(self.steps)
        known = f", where {' and '.join(self.lemmas)} say so of a part" if self.lemmas else ""
        yield f"positive as it stands{known}"

    def domain(self) -> Iterator[str]:
        """All values allowed, but the point where Taylor's formula starts: there it is 0."""
        sides = [all_values(symbol) for symbol in self.variables]
        starts = self.by is not None and self.at is not None and not (self.by - self.at).is_nonzero
        yield from domain_lines([*sides, *([f"{self.by} not {self.at}"] if starts and self.strict else [])])

    def premises(self) -> Iterator[tuple[str, type[Problem]]]:
        """Identities that steps ask for, and other expressions known to be positive."""
        yield from ((step.lemma, Identity) for step in self.steps if step.how == "lemma")
        yield from ((id, Positive) for id in self.lemmas)

    def box(self) -> Domain:
        """Its variables."""
        return self.variables

    def sides(self) -> Iterator[tuple[str, sympy.Expr]]:
        """The expression."""
        yield "expression, to be positive", self.expression

    def grounds(self) -> Iterator[Search]:
        """The expression; with an order it is 0 at one point, which is not claimed."""
        yield Ground(self.variables, self.expression, "positive" if self.strict and not self.order else "not negative"), (), {}
