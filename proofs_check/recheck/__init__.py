"""A second look at stored evidence, in code that shares nothing with methods/ (it works with that folder gone).

The statement and its domain come from the registry of claims, never from the file. Boxes are enclosed anew by mpmath's interval
arithmetic, and must fill the domain; steps must be the claim's own, and are evaluated at rational points in 60 digits; linear
programs are checked by weak duality in fractions, worst cases by one large matrix and by the losses themselves; numbers are
computed again by another quadrature; draws are drawn again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from proofs_check.certificate import load
from proofs_check.claim import find
from proofs_check.premises import require_no_circle
from proofs_check.problem import Identity, Inequality, LinearProgram, Positive, Sampled, Together, Value, WorstCase
from proofs_check.recheck.boxes import check_boxes
from proofs_check.recheck.derivations import check_derivation, check_positive
from proofs_check.recheck.points import check_counterexample
from proofs_check.recheck.programs import check_program
from proofs_check.recheck.refusal import Refused, only_keys
from proofs_check.recheck.samples import check_sample
from proofs_check.recheck.values import check_value
from proofs_check.recheck.worst_cases import check_worst_case

__all__ = ["RecheckReport", "recheck"]


@dataclass(frozen=True)
class RecheckReport:
    """Result of a second look.

    Attributes
    ----------
    claim, outcome : str
        Whose evidence it is, and the verdict that it is to show.
    accepted : bool
        Whether it does.
    reason : str
        What was checked, or what is wrong.
    """

    claim: str
    outcome: str
    accepted: bool
    reason: str


def recheck(path: str | os.PathLike[str], *, check_hash: bool = True) -> RecheckReport:
    """Check a stored verdict again.

    Parameters
    ----------
    path : path-like
        File stored by ``proofs-check verify --out``.
    check_hash : bool
        False: look at the evidence although the file was changed.

    Raises
    ------
    InputError
        If the file cannot be read as a verdict or does not fit its hash, its claim, twin or level is unknown, or the claim's
        lemmas go in a circle or are not proved ones.
    """
    verdict = load(path, check_hash=check_hash)
    name, _, twin = verdict.claim.partition("/")
    claim = find(name)
    problem = claim.at(verdict.level, twin)
    require_no_circle(name, problem)
    try:
        if verdict.level != claim.reached(verdict.level):
            raise Refused(f"level {verdict.level!r} of a claim that has no such level")
        reason = _check(problem, verdict.outcome, dict(verdict.evidence))
    except Refused as refusal:
        return RecheckReport(verdict.claim, verdict.outcome, False, str(refusal))
    except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError, AttributeError, OverflowError,
            RecursionError) as error:
        return RecheckReport(
            verdict.claim, verdict.outcome, False, f"evidence cannot be read: {type(error).__name__}: {error}"
        )
    return RecheckReport(verdict.claim, verdict.outcome, True, reason)


def _check(problem: Any, outcome: str, evidence: dict[str, Any]) -> str:
    match problem, outcome:
        case Together(), _:
            return _together(problem, outcome, evidence)
        case LinearProgram(), "certified" | "refuted":
            return check_program(problem, outcome, evidence)
        case Value(), "certified" | "refuted":
            return check_value(problem, outcome, evidence)
        case Sampled(), "supported" | "refuted":
            return check_sample(problem, outcome, evidence)
        case WorstCase(), "certified" | "refuted":
            return check_worst_case(problem, outcome, evidence)
        case (Identity() | Positive() | Inequality()), "refuted":
            return check_counterexample(problem, evidence)
        case Identity(), "proved":
            return check_derivation(problem, evidence)
        case Positive(), "proved":
            return check_positive(problem, evidence)
        case Inequality(), "certified":
            return check_boxes(problem, evidence)
    raise Refused(f"no evidence shows {outcome!r} of this kind of claim")


def _together(problem: Together, outcome: str, evidence: dict[str, Any]) -> str:
    parts = dict(problem.parts)
    if outcome == "refuted":
        only_keys(evidence, {"part", "outcome", "evidence"})
        if evidence["outcome"] != "refuted" or evidence["part"] not in parts:
            raise Refused("no part of the claim is refuted")
        return f"{evidence['part']}: {_check(parts[evidence['part']], 'refuted', evidence['evidence'])}"
    only_keys(evidence, {"parts"})
    for entry in evidence["parts"]:
        only_keys(entry, {"part", "outcome", "evidence"})
    if [entry["part"] for entry in evidence["parts"]] != [name for name, _ in problem.parts]:
        raise Refused("other parts than the claim's")
    strength = ("proved", "certified", "supported")
    outcomes = [entry["outcome"] for entry in evidence["parts"]]
    if any(each not in strength for each in outcomes) or outcome != max(outcomes, key=strength.index):
        raise Refused(f"the parts do not show {outcome!r}")
    reasons = [_check(parts[entry["part"]], entry["outcome"], entry["evidence"]) for entry in evidence["parts"]]
    return f"{len(reasons)} parts, each checked; the first: {reasons[0]}"
