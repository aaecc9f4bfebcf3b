"""The shared network: against a slow reference, against its limit, and where it equals the split one (THEORY §2, §7)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.reference import loss_slope, output, output_gradient
from tests.test_reproducible import assert_identical
from theory_sim import Experiment, draw_data, draw_test_data, simulate
from theory_sim.data import shared_directions
from theory_sim.network import SharedNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream

TINY = Experiment(
    network="shared", overlap_z=0.4, d=6, N=14, q0=0.4, p0=0.25, r=0.5, m_W=300, m_V=2, dtype="float64", tau_0=0.7, tau_xi=0.1,
    lambda_=0.02, schedule="constant", eta_1=3.0, max_steps=5, max_tau=1e6, record_every=1e-9, n_test=3,
)


@pytest.mark.parametrize("neurons", ["paired", "independent", "balanced"])
def test_against_the_slow_reference(neurons: str) -> None:
    e = TINY.replace(neurons=neurons)
    data, test = draw_data(e), draw_test_data(e)
    directions = shared_directions(e, data.w_star)
    run = simulate(e, threads=2).dataset
    with BlockPool(1) as pool:
        start = SharedNetwork(e, data, pool)
        u, U = start.U.u.copy(), start.U.weights.copy()
    noise, signal = U.copy(), np.zeros_like(U)
    share = 2 if neurons == "paired" else 1
    streams = [StepStream(e.seed_of("noise"), "noise", 0, block) for block in range(2)]

    def f_of(weights: np.ndarray, of: object) -> np.ndarray:
        second = of.alpha[:, None] * directions[of.direction]  # type: ignore[attr-defined]
        pairs = zip(of.x1, second, strict=True)  # type: ignore[attr-defined]
        return np.array([output(u, weights, weights, a) + output(u, weights, weights, b) for a, b in pairs])

    for step in range(5):
        f = f_of(U, data)
        gradient = np.zeros_like(U)
        for i in range(len(data)):
            weight = loss_slope(data.y[i] * f[i]) * data.y[i] / len(data)
            for patch in (data.x1[i], data.alpha[i] * directions[data.direction[i]]):
                gradient += weight * output_gradient(u, U, patch)
        xi = np.concatenate([np.empty((256 // share, 6)), np.empty((44 // share, 6))])
        for block, stream in enumerate(streams):
            rows = slice(0, 256 // share) if block == 0 else slice(256 // share, None)
            stream.normal(step, xi[rows])
        xi = 0.1 * np.repeat(xi, share, axis=0)
        kept = 1 - 3.0 * 0.02
        U, signal, noise = kept * U - 3.0 * (gradient + xi), kept * signal - 3.0 * gradient, kept * noise - 3.0 * xi
    np.testing.assert_allclose(run["U"], U, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run["U_signal"], signal, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run["U_noise"], noise, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run["f_train"], f_of(U, data), rtol=0, atol=1e-12)
    losses = test.mean_by_kind(np.logaddexp(0, -test.y * f_of(U, test)))
    np.testing.assert_allclose(run["loss_test"][-1], losses, rtol=0, atol=1e-12)
    g = [output(u, U, U, direction) for direction in directions]
    np.testing.assert_allclose(run["g"].sel(part="total")[-1], g, rtol=0, atol=1e-12)
    g_signal = [output(u, U, signal, direction) for direction in directions]
    np.testing.assert_allclose(run["g"].sel(part="signal")[-1], g_signal, rtol=0, atol=1e-12)
    assert run["norm_signal"][-1, 0] == pytest.approx(np.linalg.norm(signal), rel=1e-12)
    assert list(run["layer"].values) == ["U"]


def test_threads_and_seeds() -> None:
    e = TINY.replace(d=30, N=100, m_W=700, max_steps=20)
    one = simulate(e, threads=1)
    for threads in (2, 3):
        assert_identical(one, simulate(e, threads=threads))
    assert not np.array_equal(one.dataset["U"], simulate(e.replace(seed=1)).dataset["U"])


def test_directions_are_as_described() -> None:
    data = draw_data(TINY)
    below, middle, above = shared_directions(TINY, data.w_star)
    zeta = (above - below) / 2
    assert middle @ middle == pytest.approx(1) and middle @ data.w_star == pytest.approx(0.4)
    assert np.linalg.norm(zeta) == pytest.approx(TINY.r)
    assert abs(zeta @ middle) < 1e-15 and abs(zeta @ data.w_star) < 1e-15
    np.testing.assert_allclose(below + above, 2 * middle, atol=1e-15)


@pytest.mark.tier2
def test_limit_is_approached_and_the_split_limit_is_not() -> None:
    """RMS difference at the end, median over 8 seeds: a quarter of it at 16 times the width, within a factor 1.6."""
    e = TINY.replace(d=12, N=50, neurons="paired", tau_0=1.0, tau_xi=0.02, lambda_=1e-3, max_steps=30, dtype="float32")

    def gap(m: int, network: str) -> float:
        gaps = []
        for seed in range(8):
            overlap = e.overlap_z if network == "shared" else 0.0
            limit = simulate(e.replace(seed=seed, network=network, overlap_z=overlap), "limit").dataset["f_train"].values
            found = simulate(e.replace(seed=seed, m_W=m)).dataset["f_train"].values
            gaps.append(math.sqrt(np.mean((found - limit) ** 2)))
        return float(np.median(gaps))

    narrow, wide = gap(500, "shared"), gap(8000, "shared")
    assert 4 / 1.6 < narrow / wide < 4 * 1.6
    assert gap(8000, "split") > 5 * wide
