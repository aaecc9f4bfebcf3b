"""Verdicts on claims and their twins, each worked out once, when a test first asks for it."""

from __future__ import annotations

import pytest

from proofs_check.claim import Verdict, find
from proofs_check.verify import as_expected


class Verdicts(dict[str, tuple[Verdict, list[Verdict], bool]]):
    """Identifier to the claim's own verdict, its twins' verdicts, and whether all are as expected."""

    def __missing__(self, id: str) -> tuple[Verdict, list[Verdict], bool]:
        self[id] = as_expected(find(id))
        return self[id]


@pytest.fixture(scope="session")
def verdicts() -> Verdicts:
    return Verdicts()
