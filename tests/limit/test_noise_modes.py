"""Parts of the noise's output in the limit: its modes by their closed form, sums of powers and roots by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from theory_sim.limit.noise_output import Mode, NoiseOutput, _power_sum, _Root, _square_root, modes


def test_modes_have_the_coefficients_of_the_series() -> None:
    # kappa_1'' = 1 / (2 pi sqrt(1 - c^2)), whose series has the central binomial coefficients over 4^j.
    degrees = np.concatenate([mode.degrees for mode in modes()])
    found = np.concatenate([mode.coefficients for mode in modes()])
    assert degrees.tolist() == list(range(2, 6001, 2))
    j = np.arange(len(degrees) - 1)
    logarithms = np.array([math.lgamma(2 * k + 1) - 2 * math.lgamma(k + 1) - k * math.log(4.0) for k in j.tolist()])
    expected = np.exp(logarithms) / ((2 * j + 1) * (2 * j + 2)) / (2 * math.pi)
    np.testing.assert_allclose(found[:-1], expected, rtol=1e-9)
    assert found.sum() == pytest.approx(0.25 - 0.5 / math.pi, rel=1e-14), "the last has what is beyond it"


def test_a_sum_of_powers_is_the_polynomial() -> None:
    mode = Mode(np.array([4, 6, 8]), np.array([0.5, 0.25, 2.0]), 5.0)
    cosine = np.array([[1.0, -0.5], [0.3, 0.0]])
    np.testing.assert_allclose(_power_sum(mode, cosine), 0.5 * cosine**4 + 0.25 * cosine**6 + 2.0 * cosine**8, rtol=1e-14)


def test_a_covariance_has_a_root_of_full_rank_or_not() -> None:
    for covariance in (np.array([[2.0, 1.0], [1.0, 3.0]]), np.ones((3, 3)), np.zeros((2, 2))):
        root = _square_root(covariance)
        np.testing.assert_allclose(root @ root.T, covariance, atol=1e-12)


def test_inputs_share_no_draw_of_a_mode_that_does_not_matter() -> None:
    mode, cosine = modes()[0], np.array([[1.0, 0.9], [0.9, 1.0]])
    apart, related = (_Root(mode, cosine, None, matters) for matters in (False, True))
    normal = np.array([5.0, 1.0, -2.0])
    stream: Any = SimpleNamespace(normal=lambda step, out: np.copyto(out, normal))
    np.testing.assert_allclose(apart.draw(stream, 0), math.sqrt(mode.mass) * normal[1:])
    covariance = _power_sum(mode, cosine)
    np.testing.assert_allclose(related.draw(stream, 0), np.linalg.cholesky(covariance) @ normal[1:])


def test_cosines_stay_within_one() -> None:
    draws = np.random.default_rng(0).standard_normal((50, 7))
    x = np.concatenate([draws, -draws])
    norm = np.linalg.norm(x, axis=1)
    assert (x / norm[:, None] @ (x / norm[:, None]).T).min() < -1.0, "rounding goes beyond"
    found, _ = NoiseOutput._cosines(SimpleNamespace(_x=x, _norm=norm), "exact")  # type: ignore[arg-type]
    assert found.min() == -1.0 and found.max() == 1.0


def test_a_mode_follows_the_mean_of_its_degrees() -> None:
    for mode in modes():
        assert mode.exponent == pytest.approx(np.average(mode.degrees, weights=mode.coefficients), rel=1e-14)
    assert [mode.exponent for mode in modes()[:7]] == [2, 4, 6, 8, 10, 12, 14]


def test_of_parallel_inputs_nothing_of_a_mode_is_an_inputs_own() -> None:
    # In floating point the mean over pairs is above the mode's mass here, by a few units in the last place.
    for mode in modes():
        cosine = np.full((3, 4), 1.0 + 1e-15)
        root = _Root(mode, cosine, np.arange(3), True)
        assert root._own <= 1e-7 and root._common == pytest.approx(math.sqrt(mode.mass))
