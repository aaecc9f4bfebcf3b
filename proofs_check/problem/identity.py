"""Identities: a chain of equalities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import sympy

from proofs_check.problem.base import Domain, Ground, Problem, Search
from proofs_check.problem.step import Step
from proofs_check.problem.text import domain_lines, side, step_lines, write_sides, written
from proofs_check.problem.well_posed import require_declared, require_domain, require_step
from theory_sim.errors import InputError

__all__ = ["Identity"]


@dataclass(frozen=True)
class Identity(Problem):
    """``start`` equals the expression of each step, for every value of the variables in their domains.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed domain (low, high), rationals; high may be infinite. The symbol's assumptions allow all of it.
    start : sympy.Expr
        First expression.
    steps : tuple of Step
        The derivation; the last expression is the right side of the claim.

    Examples
    --------
    >>> import sympy
    >>> from proofs_check.problem import Identity, Step
    >>> from proofs_check.verify import solve
    >>> v = sympy.Symbol("v", real=True)
    >>> domain = {v: (sympy.Integer(-5), sympy.Integer(5))}
    >>> slope = sympy.Derivative(sympy.log(1 + sympy.exp(v)), v)
    >>> solve(Identity(domain, slope, (Step(sympy.exp(v) / (1 + sympy.exp(v)), "chain rule"),)))[0]
    'proved'
    """

    kind: ClassVar[str] = "identity"

    variables: Domain
    start: sympy.Expr
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        require_domain(self.variables)
        require_declared((self.start,), self.variables)
        for step in self.steps:
            require_step(step, self.variables)
        if not self.steps:
            raise InputError(f"identity from {self.start}", "one step or more", "say what it equals")

    def statement(self) -> Iterator[str]:
        """Where it holds, the start and the steps."""
        yield f"for {write_sides(self.variables)}:" if self.variables else "numbers:"
        yield f"  {written(self.start)}"
        yield from step_lines(self.steps)

    def domain(self) -> Iterator[str]:
        """The box."""
        yield from domain_lines([side(symbol, low, high) for symbol, (low, high) in self.variables.items()])

    def premises(self) -> Iterator[tuple[str, type[Problem]]]:
        """Other identities that steps ask for."""
        yield from ((step.lemma, Identity) for step in self.steps if step.how == "lemma")

    def box(self) -> Domain:
        """Its variables."""
        return self.variables

    def sides(self) -> Iterator[tuple[str, sympy.Expr]]:
        """The start and what it equals."""
        for number, expression in enumerate((self.start, *(step.expression for step in self.steps))):
            yield ("left side" if number == 0 else f"after step {number}"), expression

    def grounds(self) -> Iterator[Search]:
        """The difference of each step."""
        before = self.start
        for number, step in enumerate(self.steps, start=1):
            yield Ground(self.variables, before - step.expression, "zero"), (), {"step": number, "reason": step.reason}
            before = step.expression
