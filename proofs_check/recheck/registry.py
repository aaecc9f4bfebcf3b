"""Which second look belongs to which kind of problem and outcome: each registers itself, beside nothing of the methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from proofs_check.problem import Problem
from proofs_check.problem.base import Evidence
from proofs_check.recheck.refusal import Refused

__all__ = ["check", "rechecked_kinds", "rechecks"]

P = TypeVar("P", bound=Problem)
Check = Callable[[P, str, Evidence], str]
_CHECKS: dict[tuple[type[Problem], str], Check[Problem]] = {}


def rechecks(kind: type[P], *outcomes: str) -> Callable[[Check[P]], Check[P]]:
    """Register what looks again at evidence that says these outcomes of a kind of problem.

    The function gets the problem, the outcome and the evidence; it returns what it has looked at, or raises `Refused`.
    """

    def register(function: Check[P]) -> Check[P]:
        def look(problem: Problem, outcome: str, evidence: Evidence) -> str:
            assert isinstance(problem, kind)
            return function(problem, outcome, evidence)

        for outcome in outcomes:
            _CHECKS[kind, outcome] = look
        return function

    return register


def check(problem: Problem, outcome: str, evidence: Evidence) -> str:
    """Look at evidence again, in the way registered."""
    known = _CHECKS.get((type(problem), outcome))
    if known is None:
        raise Refused(f"no evidence shows {outcome!r} of this kind of claim")
    return known(problem, outcome, evidence)


def rechecked_kinds() -> Mapping[type[Problem], tuple[str, ...]]:
    """Kinds of problems that a second look knows, each with the outcomes whose evidence is looked at."""
    found: dict[type[Problem], tuple[str, ...]] = {}
    for kind, outcome in _CHECKS:
        found[kind] = (*found.get(kind, ()), outcome)
    return found
