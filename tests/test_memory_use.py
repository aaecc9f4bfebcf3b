"""What runs take, measured in processes of their own, is within a quarter of what was estimated, in both directions."""

from __future__ import annotations

import sys

import pytest

from tests.memory_cases import CLOSURE, FINITE, LIMIT, MEAN_FIELD
from tests.memory_use import Case, measure

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/self/clear_refs is Linux's")

_OF_TIER_2 = ("float32", "kernels of many probes")
_CASES = [pytest.param(case, id=f"{case.engine}: {name}", marks=[pytest.mark.slow])
          for cases in (FINITE, LIMIT, CLOSURE, MEAN_FIELD) for name, case in cases.items()]
_CASES += [pytest.param(FINITE[name], id=f"finite: {name}, again", marks=[pytest.mark.tier2]) for name in _OF_TIER_2]


@pytest.mark.parametrize("case", _CASES)
def test_memory_is_within_a_quarter(case: Case) -> None:
    found = measure(case)
    assert 1 / 1.25 < found.estimated / found.peak < 1.25, found
