"""What a claim asks, as data: the same object is solved by methods/ and checked again by recheck.

Expressions are sympy's. Everything that decides truth stands here, in the claim; a stored evidence file repeats none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import sympy

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
        How equality is shown: the difference simplifies to 0; or its derivative in ``by`` does, and it is 0 at ``at``; or it
        does once the left side of another proved claim, named by ``lemma``, is replaced by the right one.
    by : sympy.Symbol, optional
        Variable of the derivative.
    at : sympy.Expr, optional
        Point at which the difference is 0.
    lemma : str, optional
        Identifier of an `Identity` claim that holds wherever this one is asked.
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
        Symbol to its closed domain (low, high), rationals; high may be infinite. Points for counterexamples are taken there.
    start : sympy.Expr
        First expression.
    steps : tuple of Step
        The derivation; the last expression is the right side of the claim.
    """

    variables: Domain
    start: sympy.Expr
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Corner:
    """The end of a domain at which an inequality's expression vanishes, and to which order.

    There the sign is read off Taylor's formula: with f and its derivatives below ``order`` exactly 0 at the low end a of
    ``symbol``, f(x) = f^(order)(xi) (x - a)^order / order! with xi between a and x: where that derivative is positive from a
    to x, so is f beyond a.
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
        What is positive (for symbols beyond ``at``, on either side if the order is even).
    steps : tuple of Step
        Derivation of a form that is positive by structure; empty if it is one.
    by, at, order
        Variable, point and order of the derivative; order 0: the expression itself.
    lemmas : tuple of str
        Other claims of this kind; their expressions count as positive.
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
