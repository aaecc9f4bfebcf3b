"""Verdicts on all claims and twins, worked out once."""

from __future__ import annotations

import pytest

from proofs_check.claim import Verdict, claims
from proofs_check.verify import as_expected


@pytest.fixture(scope="session")
def verdicts() -> dict[str, tuple[Verdict, list[Verdict], bool]]:
    return {each.id: as_expected(each) for each in claims()}
