"""Worst cases of gradient descent over changing losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import sympy

from proofs_check.problem.base import Problem
from proofs_check.problem.text import DIGITS
from theory_sim.errors import InputError

__all__ = ["WorstCase"]


@dataclass(frozen=True)
class WorstCase(Problem):
    """The largest average loss of gradient descent over a sequence of losses lies between two rationals.

    The losses L_t, another at each step, are differentiable and convex with ||grad L||^2 <= c L everywhere, in any dimension,
    and all are at most epsilon at one point theta*. The run starts within R of it and continues by theta_{t+1} = theta_t
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

    Examples
    --------
    >>> from sympy import Rational
    >>> from proofs_check.problem import WorstCase
    >>> from proofs_check.verify import solve
    >>> case = WorstCase(6, Rational(3, 2), Rational(1, 10), Rational("0.0932"), Rational("0.0933"))
    >>> solve(case)[0]
    'certified'
    """

    kind: ClassVar[str] = "worst-case"

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

    def statement(self) -> Iterator[str]:
        """The interval, and the class of losses."""
        low, high = (sympy.N(end, DIGITS) for end in (self.low, self.high))
        yield (f"{low} <= largest mean of L_t <= {high}, in c R^2: {self.horizon} steps, c eta = {self.rate}, "
               f"epsilon = {self.root_floor**2} c R^2")  # fmt: skip

    def domain(self) -> Iterator[str]:
        """Steps, rate and floor."""
        yield f"{self.horizon} steps, c eta = {self.rate}, epsilon = {self.root_floor**2} c R^2"
