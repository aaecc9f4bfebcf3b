"""A report of claims: the same page as that of runs, sweeps and studies."""

from __future__ import annotations

from collections.abc import Sequence

from proofs_check.claim import Level
from proofs_check.junit import Judged
from proofs_check.report.entries import claim_entry
from theory_sim.report.claims import claims_of, summarise_claims
from theory_sim.report.content import Report
from theory_sim.report.extra import versions

__all__ = ["make_report"]


def make_report(judged: Sequence[Judged], level: Level, *, command: str = "") -> Report:
    """What a report of judged claims tells.

    Parameters
    ----------
    judged : sequence of Judged
        At least one.
    level : {"quick", "full"}
        At which they were judged.
    command : str
        What made the report.

    Raises
    ------
    InputError
        If a library of the extra is missing.
    """
    claims = claims_of([claim_entry(each, level) for each in judged])
    title = f"Claim {claims[0].id}" if len(claims) == 1 else f"{len(claims)} claims of the theory, level {level}"
    return Report(title, command, claims=claims, claims_summary=summarise_claims(claims), versions=versions())
