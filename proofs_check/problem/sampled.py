"""Means of random draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import sympy
from numpy.typing import NDArray

from proofs_check.problem.base import Problem
from proofs_check.problem.text import written
from theory_sim.errors import InputError

__all__ = ["RESAMPLES", "Sampled"]

RESAMPLES: Final = 2000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True)
class Sampled(Problem):
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

    Examples
    --------
    >>> import sympy
    >>> from proofs_check.problem import Sampled
    >>> from proofs_check.verify import solve
    >>> flips = Sampled(lambda rng, n: rng.random(n) < 0.5, sympy.Rational(1, 2), size=1000)
    >>> solve(flips)[0]
    'supported'
    """

    kind: ClassVar[str] = "sampled"

    draw: Callable[[np.random.Generator, int], NDArray[np.bool_] | NDArray[np.float64]]
    expected: sympy.Expr
    size: int
    confidence: float = 0.999
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 2 or not 0 < self.confidence < 1 or self.expected.free_symbols:
            raise InputError(f"{self.size} draws, confidence {self.confidence}, mean {self.expected}",
                             "two draws or more, a confidence between 0 and 1, a number", "give these")  # fmt: skip

    def statement(self) -> Iterator[str]:
        """The mean and the draws."""
        yield f"the mean of {self.size} draws (seed {self.seed}) is {written(self.expected)}"

    def domain(self) -> Iterator[str]:
        """The number of draws."""
        yield f"{self.size} draws"
