"""A judged claim as an entry: of `verify --format json`, and of a report."""

from __future__ import annotations

import shlex

from proofs_check.claim import Level, Verdict
from proofs_check.evidence_text import evidence_lines, where
from proofs_check.junit import Judged

__all__ = ["claim_entry"]


def claim_entry(judged: Judged, level: Level) -> dict[str, object]:
    """What is claimed, its verdict and those of its twins, with the evidence in words; plain, JSON-ready values."""
    own = judged.own
    return {**judged.claim.to_dict(level), "asked": list(judged.claim.at(level).statement()), "outcome": own.outcome,
            "as_expected": judged.right, "seconds": round(judged.seconds, 3), "evidence": evidence_lines(own.evidence),
            "twins": [_twin_entry(twin) for twin in judged.twins], "recheck": _recheck(own)}


def _twin_entry(twin: Verdict) -> dict[str, str]:
    return {"name": twin.claim.partition("/")[2], "outcome": twin.outcome, "where": where(twin.evidence)}


def _recheck(verdict: Verdict) -> str:
    """What stores the evidence and checks it again."""
    verify = shlex.join(["proofs-check", "verify", verdict.claim, "--level", verdict.level, "--out", "evidence"])
    return f"{verify} &&\n  {shlex.join(['proofs-check', 'recheck', f'evidence/{verdict.claim}.json'])}"
