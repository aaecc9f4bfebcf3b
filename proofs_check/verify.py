"""verify(id) -> Verdict: solve a claim's problem by the method that fits it."""

from __future__ import annotations

from typing import Any

from proofs_check.claim import Claim, Level, Verdict, find
from proofs_check.premises import require_no_circle
from proofs_check.problem import Identity, Inequality, LinearProgram, Positive, Problem, Sampled, Together, Value, WorstCase

__all__ = ["as_expected", "judge", "solve", "verify"]


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
    """
    return judge(find(id), level=level)


def judge(claim: Claim, twin: str = "", *, level: Level = "quick") -> Verdict:
    """Verdict of a claim, or of its twin of that name."""
    problem = claim.at(level, twin)
    require_no_circle(claim.id, problem)
    try:
        outcome, evidence = solve(problem)
    except NotImplementedError as error:  # a function that no method knows
        outcome, evidence = "undecided", {"reason": str(error)}
    return Verdict(f"{claim.id}/{twin}" if twin else claim.id, outcome, evidence, claim.reached(level))  # type: ignore[arg-type]


def as_expected(claim: Claim, *, level: Level = "quick") -> tuple[Verdict, list[Verdict], bool]:
    """Verdicts of a claim and of its twins, and whether the first is the expected one and every twin is refuted."""
    own = judge(claim, level=level)
    twins = [judge(claim, twin.name, level=level) for twin in claim.twins]
    return own, twins, own.outcome == claim.expected and all(twin.outcome == "refuted" for twin in twins)


def solve(problem: Problem) -> tuple[str, dict[str, Any]]:
    """Outcome of a problem, and the evidence for it."""
    # Each method is imported when it is needed: sympy, flint and scipy are slow to load.
    match problem:
        case Identity():
            from proofs_check.methods.symbolic import derive

            return derive(problem)
        case Positive():
            from proofs_check.methods.positivity import show_positive

            return show_positive(problem)
        case Inequality():
            from proofs_check.methods.boxes import certify_positive

            return certify_positive(problem)
        case LinearProgram():
            from proofs_check.methods.exact_lp import solve

            return solve(problem)
        case Value():
            from proofs_check.methods.value import enclose_value

            return enclose_value(problem)
        case Sampled():
            from proofs_check.methods.statistics import compare

            return compare(problem)
        case WorstCase():
            from proofs_check.methods.worst_case import bound_worst_case

            return bound_worst_case(problem)
        case Together():
            return _all(problem)


def _all(problem: Together) -> tuple[str, dict[str, Any]]:
    """Refuted by the first part that is; else the weakest of the parts' outcomes."""
    from proofs_check.methods.boxes import beyond_corner
    from proofs_check.methods.counterexample import not_positive

    # A point at which one part is false is found in no time; to fail to certify another takes long.
    for name, part in problem.parts:
        if isinstance(part, Inequality):
            found = not_positive(beyond_corner(part), part.expression)
            if found is not None:
                return "refuted", {"part": name, "outcome": "refuted", "evidence": found}
    strength = ("proved", "certified", "supported", "undecided")
    weakest, shown = 0, []
    for name, part in problem.parts:
        outcome, evidence = solve(part)
        if outcome == "refuted":
            return "refuted", {"part": name, "outcome": outcome, "evidence": evidence}
        weakest = max(weakest, strength.index(outcome))
        shown.append({"part": name, "outcome": outcome, "evidence": evidence})
    return strength[weakest], {"parts": shown}
