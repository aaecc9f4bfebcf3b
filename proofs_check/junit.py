"""Verdicts as JUnit's XML, which continuous-integration services display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as tree

from proofs_check.claim import Claim, Verdict
from proofs_check.evidence_text import in_words

__all__ = ["Judged", "to_junit"]


@dataclass(frozen=True)
class Judged:
    """A claim with its verdicts.

    Attributes
    ----------
    claim : Claim
    own : Verdict
        Its own.
    twins : sequence of Verdict
        Those of its false twins.
    right : bool
        Whether all are as expected.
    seconds : float
        That it took.
    """

    claim: Claim
    own: Verdict
    twins: Sequence[Verdict]
    right: bool
    seconds: float


def to_junit(judged: Sequence[Judged]) -> str:
    """One test case a verdict: a claim fails unless its outcome is the expected one, a twin unless it is refuted."""
    suite = tree.Element("testsuite", name="proofs-check", tests=str(sum(1 + len(each.twins) for each in judged)))
    failures = 0
    for each in judged:
        domain = "; ".join(each.claim.domain(each.own.level))
        grounds = "\n".join((f"checked for {domain}", *(f"assuming claim {other}" for other in each.claim.assuming)))
        failures += _case(suite, each.claim.id, "claim", each.claim.expected, each.own, each.seconds, grounds)
        for twin in each.twins:
            failures += _case(suite, each.claim.id, f"twin: {twin.claim.partition('/')[2]}", "refuted", twin, 0.0)
    suite.set("failures", str(failures))
    suite.set("time", f"{sum(each.seconds for each in judged):.3f}")
    tree.indent(suite)
    return tree.tostring(suite, encoding="unicode", xml_declaration=True)


def _case(suite: tree.Element, id: str, name: str, expected: str, found: Verdict, seconds: float, grounds: str = "") -> bool:
    case = tree.SubElement(suite, "testcase", classname=id, name=name, time=f"{seconds:.3f}")
    if grounds:
        tree.SubElement(case, "system-out").text = grounds
    if found.outcome == expected:
        return False
    failure = tree.SubElement(case, "failure", message=f"{found.outcome}, expected {expected}")
    keys = ("reason", "step", "counterexample", "part")
    failure.text = "\n".join(f"{key}: {in_words(value)}" for key, value in found.evidence.items() if key in keys)
    return True
