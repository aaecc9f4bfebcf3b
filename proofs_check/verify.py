"""verify(id) -> Verdict: solve a claim's problem by the method that fits it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from proofs_check.claim import Claim, Level, Outcome, Verdict, find
from proofs_check.premises import require_no_circle
from proofs_check.problem import Problem
from proofs_check.problem.base import Evidence, Solution
from theory_sim.reading.arguments import accepts

__all__ = ["as_expected", "judge", "solve", "verify"]


@accepts(id="a text", level="a text")
def verify(id: str, *, level: Level = "quick") -> Verdict:
    """Verdict of a claim.

    Parameters
    ----------
    id : str
        Of the claim.
    level : {"quick", "full"}
        Full: over the larger domain, or with more draws, that the claim declares.

    Raises
    ------
    InputError
        If there is no such claim or level.

    Examples
    --------
    >>> from proofs_check import verify
    >>> verify("sheppard").outcome
    'proved'
    """
    return judge(find(id), level=level)


def judge(claim: Claim, twin: str = "", *, level: Level = "quick") -> Verdict:
    """Verdict of a claim, or of its twin of that name."""
    problem = claim.at(level, twin)
    require_no_circle(claim, problem)
    evidence: Evidence
    try:
        outcome, evidence = solve(problem)
    except NotImplementedError as error:  # a function that no method knows
        outcome, evidence = "undecided", {"reason": str(error)}
    return Verdict(f"{claim.id}/{twin}" if twin else claim.id, cast("Outcome", outcome), evidence, claim.reached(level))


def as_expected(claim: Claim, *, level: Level = "quick") -> tuple[Verdict, list[Verdict], bool]:
    """Verdicts of a claim and of its twins, and whether the first is the expected one and every twin is refuted."""
    own = judge(claim, level=level)
    twins = [judge(claim, twin.name, level=level) for twin in claim.twins]
    return own, twins, own.outcome == claim.expected and all(twin.outcome == "refuted" for twin in twins)


def solve(problem: Problem) -> Solution:
    """Outcome of a problem, and the evidence for it."""
    _load_methods()
    return problem.solve()


@cache
def _load_methods() -> None:
    """Import methods/, where each kind's solver registers itself: when one is needed, for flint and scipy are slow to load."""
    package = import_module("proofs_check.methods")
    for module in iter_modules(package.__path__):
        import_module(f"proofs_check.methods.{module.name}")
