"""A pytest plug-in: ``pytest --claims`` runs claims and their false twins as test items.

Registered as an entry point, so that it is there wherever the package is installed; without the option it does nothing
and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from proofs_check.claim import Claim, Level, Verdict

__all__ = ["ClaimItem"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--claims`` alone means all; with identifiers, joined by commas, those."""
    group = parser.getgroup("proofs-check", "claims of proofs_check and their false twins")
    group.addoption(
        "--claims", nargs="?", const="all", metavar="ID,…", help="run claims as test items: all, or these identifiers"
    )
    group.addoption("--claims-level", default="quick", choices=("quick", "full"), help="level of these claims")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the items that the option asks for."""
    asked = config.getoption("--claims")
    if asked is not None:
        items.extend(_items(session, asked, config.getoption("--claims-level")))


def _items(session: pytest.Session, asked: str, level: Level) -> Iterator[ClaimItem]:
    from proofs_check.claim import claims, find
    from theory_sim.errors import TheorySimError

    try:
        chosen = claims() if asked == "all" else [find(id) for id in asked.split(",")]
    except TheorySimError as error:
        raise pytest.UsageError(str(error)) from error
    for claim in chosen:
        for twin in ("", *(each.name for each in claim.twins)):
            name = f"{claim.id}[{twin}]" if twin else claim.id
            yield ClaimItem.from_parent(session, name=name, claim=claim, twin=twin, level=level)


class ClaimItem(pytest.Item):
    """One verdict: passes if it is the expected one, or, of a twin, if it is refuted."""

    def __init__(self, name: str, parent: pytest.Session, *, claim: Claim, twin: str, level: Level) -> None:
        super().__init__(name, parent)
        self.claim, self.twin, self.level = claim, twin, level

    def runtest(self) -> None:
        """Judge, and fail with the evidence."""
        from proofs_check.verify import judge

        verdict = judge(self.claim, self.twin, level=self.level)
        wanted = "refuted" if self.twin else self.claim.expected
        if verdict.outcome != wanted:
            pytest.fail(_explain(verdict, wanted), pytrace=False)

    def reportinfo(self) -> tuple[str, None, str]:
        """What a failure's headline says."""
        return "proofs_check", None, f"claim {self.name}"


def _explain(verdict: Verdict, wanted: str) -> str:
    from proofs_check.evidence_text import in_words

    keys = ("reason", "step", "counterexample", "value", "difference", "part")
    evidence = "; ".join(f"{key}: {in_words(value)}" for key, value in verdict.evidence.items() if key in keys)
    return f"{verdict.claim}: {verdict.outcome}, expected {wanted}; {evidence}"
