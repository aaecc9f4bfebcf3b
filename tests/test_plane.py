"""Q's network may be stored in the plane of z and zeta (THEORY §2): the whole matrix, trained apart, agrees."""

from __future__ import annotations

import numpy as np
import pytest

from theory_sim import Experiment, draw_data, draw_initial, draw_noise, simulate


@pytest.mark.parametrize("neurons", ["independent", "paired"])
def test_the_plane_holds_all_that_is_seen_of_the_whole_matrix(neurons: str) -> None:
    """V with d columns and noise in all of them: its plane and its outputs are those of a run, whatever lies outside."""
    steps, d = 12, 7
    e = Experiment(d=d, N=28, m_W=8, m_V=10, n_test=4, schedule="constant", eta_1=1.0, max_tau=float(steps), lambda_=0.02,
                   tau_0=0.5, tau_xi=0.1, r=0.6, neurons=neurons, dtype="float64")
    data, start, rng = draw_data(e), draw_initial(e), np.random.default_rng(3)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0][:, :2].T  # z and zeta / r as rows
    outside = np.eye(d) - basis.T @ basis
    x2 = data.x2 @ basis
    W, w, v = start["W"], start["w"], start["v"]
    V = start["V"] @ basis + 5.0 * rng.standard_normal((10, d)) @ outside
    for step in range(steps):
        z1, z2 = W @ data.x1.T, V @ x2.T
        margin = data.y * (w @ np.maximum(z1, 0) + v @ np.maximum(z2, 0))
        residual = -data.y / (1 + np.exp(margin)) / len(data.y)
        noise = draw_noise(e, step)
        xi = e.tau_xi * (noise["V"] @ basis + rng.standard_normal((10, d)) @ outside)
        V = V - (v[:, None] * (((z2 > 0) * residual) @ x2) + e.lambda_ * V + xi)
        W = W - (w[:, None] * (((z1 > 0) * residual) @ data.x1) + e.lambda_ * W + e.tau_xi * noise["W"])
    run = simulate(e).dataset
    np.testing.assert_allclose(V @ basis.T, run["V"].values, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(V @ x2.T, run["V"].values @ data.x2.T, rtol=1e-10, atol=1e-12)
    assert np.abs(V @ outside).max() > 1.0, "there is something outside that nothing sees"
