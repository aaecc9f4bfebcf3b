"""What a claim asks, as data: the same object is solved by methods/ and checked again by recheck.

Expressions are sympy's. Everything that decides truth stands here, in the claim; a stored evidence file repeats none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import sympy

from proofs_check.well_posed import require_corner, require_declared, require_domain, require_point, require_step
from theory_sim.errors import InputError

__all__ = [
    "PRECISION",
    "RESAMPLES",
    "Corner",
    "Identity",
    "Inequality",
    "LinearProgram",
    "Positive",
    "Problem",
    "Root",
    "Sampled",
    "Step",
    "Together",
    "Value",
    "WorstCase",
]

PRECISION: Final = 128
"""Bits of ball arithmetic."""
RESAMPLES: Final = 2000
"""Bootstrap samples of an interval."""

Domain = Mapping[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]


@dataclass(frozen=True)
class Step:
    """One step of a derivation: the next expression, and the reason why it equals the one before.

    Attributes
    ----------
    expression : sympy.Expr
        What follows.
    reason : str
        In words, for the reader.
    how : {"algebra", "derivative", "lemma"}
        How equality is shown: the difference simplifies to 0; or its derivative in ``by`` does, it is 0 at ``at`` and
        continuous from there on; or it does once the left side of another proved claim, named by ``lemma``, is replaced by
        the right one. Both sides must be shown to be defined on the whole domain.
    by : sympy.Symbol, optional
        Variable of the derivative.
    at : sympy.Expr, optional
        Point at which the difference is 0.
    lemma : str, optional
        Identifier of an `Identity` claim; its domain must hold every value that it is asked for here.
    given : mapping, optional
        What stands here for the lemma's variables.
    """

    expression: sympy.Expr
    reason: str
    how: Literal["algebra", "derivative", "lemma"] = "algebra"
    by: sympy.Symbol | None = None
    at: sympy.Expr | None = None
    lemma: str = ""
    given: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """``start`` equals the expression of each step, for every value of the variables in their domains.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed domain (low, high), rationals; high may be infinite. The symbol's assumptions allow all of it.
    start : sympy.Expr
        First expression.
    steps : tuple of Step
        The derivation; the last expression is the right side of the claim.
    """

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


@dataclass(frozen=True)
class Corner:
    """The end of a domain at which an inequality's expression vanishes, and to which order.

    There the sign is read off Taylor's formula: with f and its derivatives below ``order`` exactly 0 at the low end a of
    ``symbol``, f(x) = f^(order)(xi) (x - a)^order / order! with xi between a and x: where that derivative is positive from a
    to x, so is f beyond a. For that f and those derivatives must be shown to be continuous on the domain.
    """

    symbol: sympy.Symbol
    order: int


@dataclass(frozen=True)
class Inequality:
    """``expression`` > 0 on a box, with certainty.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed interval of rationals.
    expression : sympy.Expr
        What is positive.
    corner : Corner, optional
        End of the domain at which it is 0; the claim then holds for every point beyond.
    """

    variables: Mapping[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]]
    expression: sympy.Expr
    corner: Corner | None = None

    def __post_init__(self) -> None:
        require_domain(self.variables, bounded=True)
        require_declared((self.expression,), self.variables)
        if self.corner is not None:
            require_corner(self.corner, self.variables)


@dataclass(frozen=True)
class Positive:
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
    """

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


@dataclass(frozen=True)
class LinearProgram:
    """max objective . x subject to matrix x <= bounds, x free, has the value ``optimum``; if a point is given, only there.

    Rationals throughout.
    """

    objective: tuple[sympy.Rational, ...]
    matrix: tuple[tuple[sympy.Rational, ...], ...]
    bounds: tuple[sympy.Rational, ...]
    optimum: sympy.Rational
    point: tuple[sympy.Rational, ...] = field(default=())

    def __post_init__(self) -> None:
        size = len(self.objective)
        shapes = [len(row) for row in self.matrix]
        if not size or set(shapes) != {size} or len(shapes) != len(self.bounds) or len(self.point) not in (0, size):
            raise InputError(f"rows of {shapes} for {size} variables, {len(self.bounds)} bounds, a point of {len(self.point)}",
                             "as many entries in each row, and in a point, as variables", "complete it")  # fmt: skip


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
    """

    symbol: sympy.Symbol
    equation: sympy.Expr
    low: sympy.Rational
    high: sympy.Rational


@dataclass(frozen=True)
class Value:
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
    """

    expression: sympy.Expr
    low: sympy.Rational
    high: sympy.Rational
    roots: tuple[Root, ...] = ()
    within: Mapping[sympy.Symbol, tuple[sympy.Rational, sympy.Rational]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_domain({**self.within, **{root.symbol: (root.low, root.high) for root in self.roots}}, bounded=True)
        known = set(self.within)
        for root in self.roots:
            if root.symbol in known:
                raise InputError(f"{root.symbol} twice", "a symbol is one root or lies within one interval", "rename one")
            known.add(root.symbol)
            require_declared((root.equation,), known)
        require_declared((self.expression,), known)
        if self.low > self.high:
            raise InputError(f"a value from {self.low} to {self.high}", "ends in their order", "give low <= high")


@dataclass(frozen=True)
class Sampled:
    """The mean of independent draws is ``expected``, as far as a confidence interval can tell.

    Attributes
    ----------
    draw : callable
        (Generator, size) to that many independent draws: booleans (then the interval is Clopper and Pearson's, exact) or floats
        (then it is the bias-corrected and accelerated bootstrap's).
    expected : sympy.Expr
        The claimed mean.
    size : int
        Number of draws.
    confidence : float
        Of the two-sided interval.
    seed : int
        Of the draws.
    """

    draw: Callable[[np.random.Generator, int], np.ndarray[Any, Any]]
    expected: sympy.Expr
    size: int
    confidence: float = 0.999
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 2 or not 0 < self.confidence < 1 or self.expected.free_symbols:
            raise InputError(f"{self.size} draws, confidence {self.confidence}, mean {self.expected}",
                             "two draws or more, a confidence between 0 and 1, a number", "give these")  # fmt: skip


@dataclass(frozen=True)
class WorstCase:
    """The largest average loss of gradient descent over a sequence of losses lies between two rationals.

    The losses L_t, another at each step, are differentiable and convex with ||grad L||^2 <= c L everywhere, in any dimension,
    and all are at most epsilon at one point theta*. The run starts within R of it and goes on by theta_{t+1} = theta_t
    - eta grad L_t(theta_t); asked is the mean of L_t(theta_t) over t < T. Units: c = 1, R = 1, so that losses count in c R^2.

    Attributes
    ----------
    horizon : int
        T, the number of steps.
    rate : sympy.Rational
        c eta, between 0 and 4 (beyond, gradient descent need not converge on one such loss).
    root_floor : sympy.Rational
        Square root of epsilon / (c R^2), positive.
    low, high : sympy.Rational
        Where the largest average is claimed to be, in c R^2.
    """

    horizon: int
    rate: sympy.Rational
    root_floor: sympy.Rational
    low: sympy.Rational
    high: sympy.Rational

    def __post_init__(self) -> None:
        if self.horizon < 1 or not 0 < self.rate < 4 or self.root_floor <= 0 or self.low > self.high:
            raise InputError(
                f"worst case of {self.horizon} steps at c eta = {self.rate} with root of epsilon {self.root_floor}, from "
                f"{self.low} to {self.high}",
                "one step or more, 0 < c eta < 4, a positive root, low <= high",
                "change the value outside",
            )


@dataclass(frozen=True)
class Together:
    """Several problems, all of which must hold; each has a name for the reader."""

    parts: tuple[tuple[str, Problem], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.parts]
        if not names or not all(names) or len(set(names)) < len(names):
            raise InputError(f"parts {names}", "one or more, each with a name of its own", "name them apart")


Problem = Identity | Inequality | Positive | LinearProgram | Value | Sampled | WorstCase | Together
