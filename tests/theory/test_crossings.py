"""The first crossing of a level, what comes after it, and overshooting steps: laws of the definition of "learnt"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from theory_sim.theory.crossings import HYSTERESIS, OVERSHOOT, AboveAgain, above_again, learning_time, oscillated

LOSSES = st.lists(st.floats(0.01, 2) | st.just(math.nan), min_size=1, max_size=12).map(np.array)
LEVEL = st.floats(0.05, 0.69)


def test_the_crossing_is_interpolated() -> None:
    tau, losses = np.array([0.0, 10, 20, 30]), np.array([0.7, 0.6, 0.4, 0.1])
    assert learning_time(tau, losses, 0.5) == pytest.approx(15)
    assert learning_time(tau, losses, 0.45) == pytest.approx(17.5)
    assert learning_time(tau, losses, 0.8) == 0
    assert learning_time(tau, losses, 0.05) == math.inf
    assert learning_time(np.empty(0), np.empty(0), 0.5) == math.inf


def test_the_first_crossing_counts_whatever_comes_later() -> None:
    tau = np.arange(6.0)
    assert learning_time(tau, np.array([0.7, 0.3, 0.7, 0.5, 0.3, 0.2]), 0.4) == pytest.approx(0.75)
    assert learning_time(tau, np.array([0.7, 0.3, 0.2, 0.2, 0.2, 0.41]), 0.4) == pytest.approx(0.75)
    assert learning_time(tau, np.array([0.7, math.nan, 0.2, 0.2, 0.2, 0.2]), 0.4) == 2


def test_at_the_level_itself_a_loss_is_not_below_it() -> None:
    tau, losses = np.arange(3.0), np.array([0.7, 0.5, 0.5])
    assert learning_time(tau, losses, 0.5) == math.inf
    again = np.array([0.7, 0.25, 0.5 + HYSTERESIS])  # all of these are exact in binary but the last, which is the bound itself
    assert above_again(tau, again, 0.5) == AboveAgain(math.inf, 0.0, False)
    overshot = (np.array([0.69, 0.6, 0.9]),)
    assert oscillated(tau, overshot, np.full(3, 2.0), stable_rate=1.9, until=2.0), "the record at that time counts"


@given(LOSSES, LOSSES, LEVEL)
@example(np.array([0.5]), np.array([0.25]), 0.5)
def test_a_longer_run_has_the_same_learning_time(losses: Any, more: Any, level: float) -> None:
    whole = np.concatenate([losses, more])
    tau = np.arange(len(whole)) * 2.0
    found = learning_time(tau[: len(losses)], losses, level)
    if math.isfinite(found):
        assert learning_time(tau, whole, level) == found
    else:
        assert learning_time(tau, whole, level) >= tau[len(losses) - 1], "equal where the last loss is the level itself"


@given(LOSSES, LEVEL)
def test_nothing_before_the_learning_time_is_below(losses: Any, level: float) -> None:
    tau = np.arange(len(losses)) * 2.0
    found = learning_time(tau, losses, level)
    assert not (losses[tau < found] < level).any()
    if math.isfinite(found):
        assert losses[tau >= found][0 if found else slice(1)] < level or found == tau[tau >= found][0]


def brute(tau: Any, losses: Any, level: float) -> tuple[float, float]:
    """First time above again and total duration from a fine grid along the straight pieces, jitter kept out."""
    grid = np.linspace(tau[0], tau[-1], 100 * (len(tau) - 1) + 1)
    curve = np.interp(grid, tau, losses)
    start = learning_time(tau, losses, level)
    first, total, stretch = math.inf, 0.0, []
    for t, loss in [*zip(grid, curve, strict=True), (math.inf, -1.0)]:
        if loss >= level and t > start:
            stretch.append((t, loss))
            continue
        if stretch and max(loss for _, loss in stretch) > level + HYSTERESIS:
            first = min(first, stretch[0][0])
            total += stretch[-1][0] - stretch[0][0]
        stretch = []
    return first, total


@given(st.lists(st.sampled_from([0.2, 0.3, 0.39, 0.405, 0.42, 0.6, 0.8]), min_size=2, max_size=10).map(np.array))
def test_above_again_is_what_a_fine_grid_shows(losses: Any) -> None:
    tau = np.arange(len(losses)) * 2.0
    found, (first, total) = above_again(tau, losses, 0.4), brute(tau, losses, 0.4)
    assert found.tau == pytest.approx(first, abs=0.03)
    assert found.duration == pytest.approx(total, abs=0.05 * len(losses))
    assert found.at_end == (bool((losses < 0.4).any()) and losses[-1] >= 0.4 and math.isfinite(found.tau)
                            and losses[np.flatnonzero(losses < 0.4)[-1] + 1 :].max() > 0.4 + HYSTERESIS)


def test_jitter_about_the_level_is_not_above_again() -> None:
    tau = np.arange(8.0)
    jitter = np.array([0.7, 0.44, 0.455, 0.446, 0.458, 0.44, 0.3, 0.2])
    assert above_again(tau, jitter, 0.45) == AboveAgain(math.inf, 0.0, False)
    assert above_again(tau, jitter + 0.003 * (jitter == 0.458), 0.45).duration > 0
    assert above_again(tau, np.full(8, 0.7), 0.45) == AboveAgain(math.inf, 0.0, False), "never learnt, never above again"


def test_overshooting_needs_a_rate_and_a_loss() -> None:
    tau, high, low = np.arange(3.0), np.array([0.69, 0.7, 0.4]), np.array([0.69, 0.6, 0.5])
    rates = np.full(3, 2.0)
    assert oscillated(tau, (low, high), rates, stable_rate=1.9)
    assert not oscillated(tau, (low, high), rates, stable_rate=2.0)
    assert not oscillated(tau, (low, low), rates, stable_rate=1.9)
    assert not oscillated(tau, (low, high), rates, stable_rate=1.9, until=0.5), "later records do not matter"
    just = np.array([0.69, math.log(2) + OVERSHOOT * 0.99, 0.4])
    assert not oscillated(tau, (just,), rates, stable_rate=1.9)
    assert oscillated(tau, (np.array([0.69, math.nan, 0.4]),), rates, stable_rate=1.9)
    # A noise output at the start may be worse than no output: the start is the measure then.
    noisy = np.array([0.9, 0.85, 0.4])
    assert not oscillated(tau, (noisy,), rates, stable_rate=1.9)
