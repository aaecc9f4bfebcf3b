"""The battery on a simulator in JAX: right, it passes; planted mistakes are found and named."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import Any

import pytest

from theory_sim.testing import check_simulator

pytestmark = [pytest.mark.slow, pytest.mark.skipif(importlib.util.find_spec("jax") is None,
                                                   reason="JAX is not installed: pip install jax")]


def adapter(task: Any, bug: str = "") -> dict[str, Any]:
    from tests.kit import jax_simulator

    return jax_simulator.adapter(task, bug)


def test_a_right_simulator_passes() -> None:
    report = check_simulator(adapter)
    report.require()
    assert {finding.law for finding in report.findings if finding.outcome == "holds"} >= {
        "step", "agreement", "noise-shared", "noise-independent", "noise-level", "noise-gaussian", "noise-correlation"}


@pytest.mark.parametrize(("bug", "words"), [
    ("gradient without 1/N", "without 1/N"), ("decay after the step", "weight decay after the step"),
    ("noise times root of rate", "noise multiplied by the square root of the rate"),
])
def test_a_planted_mistake_is_found_and_named(bug: str, words: str) -> None:
    (mistake,) = check_simulator(partial(adapter, bug=bug)).mistakes
    assert words in mistake
