"""Streams are addressed, not advanced: the same address always gives the same draws, other addresses independent ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from theory_sim.numeric.streams import StepStream, generator


def draw(step: int, *address: int, seed: int = 3, n: int = 20_000, dtype: str = "float64") -> np.ndarray:
    out = np.empty(n, dtype)
    StepStream(seed, "noise", *address).normal(step, out)
    return out


def test_a_step_is_numpys_own_seeding_with_the_step_as_third_word() -> None:
    sequence = np.random.SeedSequence(3, spawn_key=(4, 0, 7))
    step = int(sequence.generate_state(3, np.uint64)[2])
    expected = np.random.Generator(np.random.SFC64(sequence)).standard_normal(100)
    np.testing.assert_array_equal(draw(step, 0, 7, n=100), expected)


def test_order_of_steps_does_not_matter() -> None:
    stream, out = StepStream(1, "noise", 0, 0), np.empty(5)
    first = {}
    for step in (0, 1, 2):
        stream.normal(step, out)
        first[step] = out.copy()
    for step in (2, 0, 1, 1):
        stream.normal(step, out)
        np.testing.assert_array_equal(out, first[step])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_are_standard_normal_and_uncorrelated_between_addresses(dtype: str) -> None:
    addresses = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (2**40, 0, 0), (0, 1, 0), (0, 0, 1)]
    samples = [draw(step, *address, dtype=dtype).astype(float) for step, *address in addresses]
    tests = [stats.kstest(sample, "norm").pvalue for sample in samples]
    tests += [stats.pearsonr(a, b).pvalue for a, b in itertools.combinations(samples, 2)]
    # Family-wise level 1e-3 over all of them (Bonferroni), n = 20 000 each.
    assert min(tests) > 1e-3 / len(tests)


def test_neighbouring_steps_are_independent_at_each_lag() -> None:
    # First draws of consecutive steps: what a badly mixed counter would give away.
    first = np.array([draw(step, 0, 0, n=4) for step in range(5000)])
    tests = [stats.kstest(column, "norm").pvalue for column in first.T]
    tests += [stats.pearsonr(column[lag:], column[:-lag]).pvalue for column in first.T for lag in (1, 2, 4, 8)]
    assert min(tests) > 1e-3 / len(tests)


def test_purposes_have_streams_of_their_own() -> None:
    draws = {purpose: generator(5, purpose).standard_normal() for purpose in ("data", "test data", "signs", "init", "batch")}
    assert len(set(draws.values())) == len(draws)
