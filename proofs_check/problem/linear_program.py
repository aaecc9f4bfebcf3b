"""Linear programs over the rationals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import sympy

from proofs_check.problem.base import Problem
from theory_sim.errors import InputError

__all__ = ["LinearProgram"]


@dataclass(frozen=True)
class LinearProgram(Problem):
    """max objective . x subject to matrix x <= bounds, x free, has the value ``optimum``; if a point is given, only there.

    Rationals throughout.

    Examples
    --------
    max x + y for x <= 1 and y <= 2:

    >>> from sympy import Rational
    >>> from proofs_check.problem import LinearProgram
    >>> from proofs_check.verify import solve
    >>> one, nil = Rational(1), Rational(0)
    >>> program = LinearProgram((one, one), ((one, nil), (nil, one)), (one, Rational(2)), optimum=Rational(3))
    >>> solve(program)[0]
    'certified'
    """

    kind: ClassVar[str] = "linear-program"

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

    def statement(self) -> Iterator[str]:
        """Its size and its optimum."""
        size = f"{len(self.objective)} unknowns, {len(self.bounds)} constraints"
        point = f", only at ({', '.join(map(str, self.point))})" if self.point else ""
        yield f"linear program, {size}: its optimum is {self.optimum}{point}"
