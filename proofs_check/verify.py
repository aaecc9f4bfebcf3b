"""verify(id) -> Verdict: solve a claim's problem by the method that fits it, twins included."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proofs_check.claim import Claim, Verdict, find
from proofs_check.problem import Identity, Inequality, LinearProgram, Problem

__all__ = ["as_expected", "judge", "save", "verify"]

FORMAT = 1


def verify(id: str) -> Verdict:
    """Verdict of a claim.

    Raises
    ------
    InputError
        If there is no such claim.
    """
    return judge(find(id))


def judge(claim: Claim, parameters: Mapping[str, Any] | None = None, name: str = "") -> Verdict:
    """Verdict of a claim, or of its twin with these parameters."""
    outcome, evidence = _solve(claim.problem(**(parameters or {})))
    return Verdict(f"{claim.id}/{name}" if name else claim.id, outcome, evidence)  # type: ignore[arg-type]


def _solve(problem: Problem) -> tuple[str, dict[str, Any]]:
    if isinstance(problem, Identity):
        from proofs_check.methods.symbolic import derive

        return derive(problem)
    if isinstance(problem, Inequality):
        from proofs_check.methods.ball import certify_positive

        return certify_positive(problem)
    assert isinstance(problem, LinearProgram)
    from proofs_check.methods.exact_lp import solve

    return solve(problem)


def as_expected(claim: Claim) -> tuple[Verdict, list[Verdict], bool]:
    """Verdicts of a claim and of its twins, and whether the first is the expected one and every twin is refuted."""
    own = judge(claim)
    twins = [judge(claim, twin.parameters, twin.name) for twin in claim.twins]
    return own, twins, own.outcome == claim.expected and all(twin.outcome == "refuted" for twin in twins)


def save(verdict: Verdict, path: str | os.PathLike[str]) -> None:
    """Store a verdict with its evidence as JSON, whole or not at all; `recheck` reads it."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, "claim": verdict.claim, "outcome": verdict.outcome, "evidence": verdict.evidence}
    handle, draft = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, allow_nan=False)
    os.replace(draft, target)
