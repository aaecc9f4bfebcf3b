"""Several problems at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from proofs_check.problem.base import Problem, Search
from proofs_check.problem.linear_program import LinearProgram
from theory_sim.errors import InputError

__all__ = ["All"]

_FEW_PROGRAMS: Final = 4


@dataclass(frozen=True)
class All(Problem):
    """Several problems, all of which must hold; each has a name for the reader.

    Examples
    --------
    >>> import sympy
    >>> from proofs_check.problem import All, Value
    >>> from proofs_check.verify import solve
    >>> e = Value(sympy.exp(1), sympy.Rational("2.718"), sympy.Rational("2.719"))
    >>> pi = Value(sympy.pi, sympy.Rational("3.141"), sympy.Rational("3.142"))
    >>> solve(All((("e", e), ("pi", pi))))[0]
    'certified'
    """

    kind: ClassVar[str] = "all"

    parts: tuple[tuple[str, Problem], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.parts]
        if not names or not all(names) or len(set(names)) < len(names):
            raise InputError(f"parts {names}", "one or more, each with a name of its own", "name them apart")

    def statement(self) -> Iterator[str]:
        """Each part under its name; of many programs the first ones."""
        shown = self.parts
        if len(shown) > _FEW_PROGRAMS and all(isinstance(part, LinearProgram) for _, part in shown):
            shown = shown[:_FEW_PROGRAMS]
        for name, part in shown:
            yield f"{name}:"
            yield from (f"  {line}" for line in part.statement())
        if len(shown) < len(self.parts):
            yield f"... and {len(self.parts) - len(shown)} more linear programs"

    def domain(self) -> Iterator[str]:
        """The domains that differ, each after the names of its parts."""
        named: dict[str, list[str]] = {}
        for name, part in self.parts:
            for line in part.domain():
                named.setdefault(line, []).append(name)
        for line, names in named.items():
            yield line if len(named) == 1 else f"{line} ({'; '.join(names)})"

    def premises(self) -> Iterator[tuple[str, type[Problem]]]:
        """Those of the parts."""
        for _, part in self.parts:
            yield from part.premises()

    def named_parts(self) -> tuple[tuple[str, Problem], ...]:
        """The parts."""
        return self.parts

    def grounds(self) -> Iterator[Search]:
        """Those of the parts."""
        for name, part in self.parts:
            for ground, parts, said in part.grounds():
                yield ground, (name, *parts), said
