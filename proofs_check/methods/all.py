"""Several problems at once: refuted by the first that is, else as good as the weakest."""

from __future__ import annotations

from proofs_check.methods.counterexample import not_positive
from proofs_check.problem import All, Inequality
from proofs_check.problem.base import Solution, solves

__all__ = ["solve_all"]


@solves(All)
def solve_all(problem: All) -> Solution:
    """Refuted by the first part that is; else the weakest of the parts' outcomes."""
    # A point at which one part is false is found in no time; to fail to certify another takes long.
    for name, part in problem.parts:
        if isinstance(part, Inequality):
            found = not_positive(part.beyond_corner(), part.expression)
            if found is not None:
                return "refuted", {"part": name, "outcome": "refuted", "evidence": found}
    strength = ("proved", "certified", "supported", "undecided")
    weakest, shown = 0, []
    for name, part in problem.parts:
        outcome, evidence = part.solve()
        if outcome == "refuted":
            return "refuted", {"part": name, "outcome": outcome, "evidence": evidence}
        weakest = max(weakest, strength.index(outcome))
        shown.append({"part": name, "outcome": outcome, "evidence": evidence})
    return strength[weakest], {"parts": shown}
