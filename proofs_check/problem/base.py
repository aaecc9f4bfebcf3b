"""What every kind of problem declares, and the registry of kinds: a kind is one class in a file of its own.

A problem is data: the same object is solved by methods/ and checked again by recheck/. Expressions are sympy's. Everything that
decides truth stands here, in the claim; a stored evidence file repeats none of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeVar

import sympy

from theory_sim.errors import InputError

__all__ = ["PRECISION", "Domain", "Evidence", "Ground", "Problem", "Search", "Solution", "kinds", "solves"]

PRECISION: Final = 128
"""Bits of ball arithmetic."""

Domain = Mapping[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]
Evidence = Mapping[str, Any]
"""JSON-ready: what a stored file says, of which nothing is taken for granted."""
Solution = tuple[str, Evidence]
"""Outcome ("proved", "certified", "supported", "refuted" or "undecided") and what shows it."""


@dataclass(frozen=True)
class Ground:
    """Where a counterexample may lie, and to what.

    Attributes
    ----------
    variables : mapping
        Symbol to its closed domain.
    expression : sympy.Expr
        Claimed to be 0, positive, or not negative.
    claimed : {"zero", "positive", "not negative"}
    """

    variables: Domain
    expression: sympy.Expr
    claimed: Literal["zero", "positive", "not negative"]


Search = tuple[Ground, tuple[str, ...], Evidence]
"""Where to search, in which part of which part, and what evidence says beside the counterexample."""


class Problem(ABC):
    """A kind of problem: subclass as a frozen dataclass whose fields are what is asked, with ``kind`` as its name.

    Fields are checked in ``__post_init__`` (`theory_sim.errors.InputError`). The docstring's first line says what is asked.
    The class registers itself. Its second look is registered apart, by `proofs_check.recheck.registry.rechecks`.
    """

    kind: ClassVar[str]

    def __init_subclass__(cls, **rest: object) -> None:
        super().__init_subclass__(**rest)
        name = cls.__dict__.get("kind", "")
        if not name or not (cls.__doc__ or "").strip():
            raise InputError(f"problem kind {cls.__name__}", "a class with a name, `kind`, and a docstring", "give both")
        known = _KINDS.get(name)
        # dataclass(slots=True), or a cell that is run again, makes the same class anew.
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise InputError(f"problem kind {name!r} of {cls.__module__}, known from {known.__module__}", "a name of its own",
                             "rename one of the two")
        _KINDS[name] = cls

    def solve(self) -> Solution:
        """Outcome and evidence. Left out, the function of methods/ that `solves` the kind."""
        if type(self) not in _SOLVERS:
            raise InputError(f"problem of the kind {self.kind!r}", "a kind that something solves",
                             "use proofs_check.verify.solve, which loads the methods, or give its class `solve`")  # fmt: skip
        return _SOLVERS[type(self)](self)

    @abstractmethod
    def statement(self) -> Iterator[str]:
        """Yield what is asked, line by line, for a reader of the paper; of a derivation every step with its reason."""

    def domain(self) -> Iterator[str]:
        """Yield for which values it is checked, made from the fields: one line, or one for each part that differs."""
        yield "numbers alone"

    def premises(self) -> Iterator[tuple[str, type[Problem]]]:
        """Yield the identifiers of claims that the derivation asks for, each with the kind of problem that it must be."""
        yield from ()

    def named_parts(self) -> tuple[tuple[str, Problem], ...]:
        """Problems that this one is made of, each with its name."""
        return ()

    def box(self) -> Domain:
        """Variables that a user can give values to, each with its domain."""
        return {}

    def open_end(self) -> sympy.Symbol | None:
        """Variable whose low end does not belong to the domain."""
        return None

    def sides(self) -> Iterator[tuple[str, sympy.Expr]]:
        """Yield the expressions to evaluate at a point of the box, each with its place in the problem."""
        yield from ()

    def grounds(self) -> Iterator[Search]:
        """Yield where to search for a counterexample; nothing, if its solver decides at once."""
        yield from ()

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0].replace("`", "")


P = TypeVar("P", bound=Problem)
_KINDS: dict[str, type[Problem]] = {}
_SOLVERS: dict[type[Problem], Callable[[Problem], Solution]] = {}


def kinds() -> Mapping[str, type[Problem]]:
    """Every kind of problem that is known, by its name: those of this package, then those of users' modules.

    Examples
    --------
    >>> from proofs_check.problem import kinds
    >>> sorted(kinds())[:3]
    ['all', 'identity', 'inequality']
    """
    return dict(_KINDS)


def solves(kind: type[P]) -> Callable[[Callable[[P], Solution]], Callable[[P], Solution]]:
    """Register the function that solves a kind of problem."""

    def register(function: Callable[[P], Solution]) -> Callable[[P], Solution]:
        def solve(problem: Problem) -> Solution:
            assert isinstance(problem, kind)
            return function(problem)

        _SOLVERS[kind] = solve
        return function

    return register
