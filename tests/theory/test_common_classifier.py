"""THEORY §11 at width m: exact tails against counts, the bound above them, and the width that it asks for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory_sim.errors import InputError
from theory_sim.theory.common_classifier import active_share_bound, active_share_tail, width_for_all


@given(st.integers(1, 400), st.floats(0.01, 0.5), st.sampled_from(["independent", "balanced", "paired"]))
def test_tail_by_adding_up_and_below_its_bound(m, deviation, neurons):
    m = 2 * m if neurons == "paired" else m
    rows = m // 2 if neurons == "paired" else m
    counted = sum(math.comb(rows, k) for k in range(rows + 1) if abs(k / rows - 0.5) >= deviation - 1e-11) / 2**rows
    assert active_share_tail(m, deviation, neurons=neurons) == pytest.approx(counted, rel=1e-9, abs=1e-300)
    assert counted <= active_share_bound(m, deviation, neurons=neurons)


def test_width_holds_over_examples_and_steps():
    """40 examples and 20 independent steps: far fewer than the risk of networks deviate, as a union bound is not sharp."""
    width = width_for_all(40, 20, deviation=0.2, risk=0.05)
    assert 800 * active_share_bound(width, 0.2) <= 0.05 < 800 * active_share_bound(width - 1, 0.2)
    assert width_for_all(40, 20, deviation=0.2, risk=0.05, neurons="paired") == 2 * width
    rng, bad = np.random.default_rng(1), 0
    examples = rng.standard_normal((5, 40))
    for _ in range(40):
        active = rng.standard_normal((20, width, 5)) @ examples > 0
        bad += bool(np.any(np.abs(active.mean(axis=1) - 0.5) >= 0.2))
    assert bad <= 40 * 0.05 + 4


def test_senseless_input_is_refused():
    for call in (
        lambda: active_share_tail(0, 0.1), lambda: active_share_tail(3, 0.1, neurons="paired"),
        lambda: active_share_bound(4, 0.6),
        lambda: active_share_tail(4, 0.1, neurons="odd"), lambda: width_for_all(0, 1, deviation=0.1, risk=0.1),
        lambda: width_for_all(1, 1, deviation=0.1, risk=1.0),
    ):
        with pytest.raises(InputError):
            call()
