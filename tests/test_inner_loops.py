"""The compiled loops of a layer against the same sums written in numpy (THEORY §2, §4)."""

from __future__ import annotations

import numpy as np
import pytest

from theory_sim.numeric.kernels import paired_forward, paired_pattern_forward, pattern_forward, relu_forward, split_update

RNG = np.random.default_rng(3)
PAIRS, INPUTS = 3, 5
SIGNAL, PATTERN_Z = RNG.standard_normal((2, 2 * PAIRS, INPUTS))
NOISE = RNG.standard_normal((PAIRS, INPUTS))
U = np.repeat(RNG.standard_normal(PAIRS), 2)
BEFORE = RNG.standard_normal(INPUTS)


@pytest.mark.parametrize("given", [False, True], ids=["own patterns", "patterns given"])
@pytest.mark.parametrize("paired", [False, True], ids=["each alone", "in pairs"])
def test_outputs_and_patterns(paired: bool, given: bool) -> None:
    # Neurons of a pair have one noise and opposite signs of u.
    z = SIGNAL + np.repeat(NOISE, 2, axis=0) * paired
    sign = np.tile([1.0, -1.0], PAIRS) if paired else np.ones(2 * PAIRS)
    active = (PATTERN_Z if given else z) > 0
    pattern, f = SIGNAL.copy(), BEFORE.copy()
    if paired and given:
        paired_pattern_forward(pattern, NOISE, PATTERN_Z, U, f)
    elif paired:
        paired_forward(pattern, NOISE, U, f)
    elif given:
        pattern_forward(pattern, PATTERN_Z, U, f)
    else:
        relu_forward(pattern, U, f)
    np.testing.assert_allclose(f, BEFORE + (sign * U) @ (z * active), rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(pattern, active)


@pytest.mark.parametrize("share", [1, 2])
def test_a_step_of_signal_and_noise(share: int) -> None:
    rate, decay, tau_xi = 0.3, 0.2, 1.7
    signal, noise, xi = SIGNAL.copy(), PATTERN_Z[::share].copy(), RNG.standard_normal((2 * PAIRS // share, INPUTS))
    gradient = RNG.standard_normal(SIGNAL.shape)
    wanted = (1 - rate * decay) * signal - rate * U[:, None] * gradient
    noised = (1 - rate * decay) * noise - rate * tau_xi * xi
    split_update(signal, noise, gradient.copy(), xi, U, rate, decay, tau_xi)
    np.testing.assert_allclose(signal, wanted, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(noise, noised, rtol=1e-13, atol=1e-15)
