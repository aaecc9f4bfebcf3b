"""Several problems at once: the parts are the claim's, and each is looked at."""

from __future__ import annotations

from proofs_check.problem import All
from proofs_check.problem.base import Evidence
from proofs_check.recheck.refusal import Refused, only_keys
from proofs_check.recheck.registry import check, rechecks

__all__ = ["check_parts"]


@rechecks(All, "proved", "certified", "supported", "refuted")
def check_parts(problem: All, outcome: str, evidence: Evidence) -> str:
    """Look at each part, and at what they show together."""
    parts = dict(problem.parts)
    if outcome == "refuted":
        only_keys(evidence, {"part", "outcome", "evidence"})
        if evidence["outcome"] != "refuted" or evidence["part"] not in parts:
            raise Refused("no part of the claim is refuted")
        return f"{evidence['part']}: {check(parts[evidence['part']], 'refuted', evidence['evidence'])}"
    only_keys(evidence, {"parts"})
    for entry in evidence["parts"]:
        only_keys(entry, {"part", "outcome", "evidence"})
    if [entry["part"] for entry in evidence["parts"]] != [name for name, _ in problem.parts]:
        raise Refused("other parts than the claim's")
    strength = ("proved", "certified", "supported")
    outcomes = [entry["outcome"] for entry in evidence["parts"]]
    if any(each not in strength for each in outcomes) or outcome != max(outcomes, key=strength.index):
        raise Refused(f"the parts do not show {outcome!r}")
    reasons = [check(parts[entry["part"]], entry["outcome"], entry["evidence"]) for entry in evidence["parts"]]
    return f"{len(reasons)} parts, each checked; the first: {reasons[0]}"
