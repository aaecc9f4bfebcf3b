"""What observers record, against loops over neurons and examples written out here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from theory_sim.data import draw_data, draw_test_data
from theory_sim.engines import simulate
from theory_sim.experiment import Experiment
from theory_sim.trajectory import Trajectory

EXPERIMENT = Experiment(d=12, N=60, m_W=30, m_V=50, r=0.4, n_test=40, tau_xi=0.02, max_tau=64, dtype="float64")


@pytest.fixture(scope="module", params=["paired", "independent", "balanced"])
def run(request: pytest.FixtureRequest) -> Trajectory:
    return simulate(EXPERIMENT.replace(neurons=request.param))


def direction(k: int, r: float) -> np.ndarray:
    return np.array([1.0, r * (k - 1)])


def test_g_h_and_shifted_patterns(run: Trajectory) -> None:
    s, r = run.dataset.isel(record=-1), run.experiment.r
    V, signal, noise, v = (s[name].values for name in ("V", "V_signal", "V_noise", "v"))
    total, of_signal, shifted, near = np.zeros(3), np.zeros(3), 0, 0
    for j in range(len(v)):
        patterns = []
        for k in range(3):
            active = V[j] @ direction(k, r) > 0
            patterns.append(active)
            if active:
                total[k] += v[j] * (V[j] @ direction(k, r))
                of_signal[k] += v[j] * (signal[j] @ direction(k, r))
            shifted += active != (noise[j] @ direction(k, r) > 0)
        near += len(set(patterns)) > 1
    np.testing.assert_allclose(s["g"], [total, of_signal], rtol=1e-10, atol=1e-12)
    for part, g in (("total", total), ("signal", of_signal)):
        assert float(s["h"].sel(part=part)) == pytest.approx(g[0] + g[2] - 2 * g[1], rel=1e-9, abs=1e-12)
    assert float(s["near_kink"]) == near / len(v)
    assert float(s["pattern_shift"].sel(layer="V")) == shifted / near
    assert shifted > 0, "a run in which nothing shifts would not tell"


def test_patterns_shifted_in_W(run: Trajectory) -> None:
    s, data = run.dataset.isel(record=-1), draw_data(run.experiment)
    x1 = data.x1[data.kind != 1][:64]
    differ = [(w @ x > 0) != (n @ x > 0) for w, n in zip(s["W"].values, s["W_noise"].values, strict=True) for x in x1]
    assert float(s["pattern_shift"].sel(layer="W")) == np.mean(differ) > 0


def test_losses_and_accuracies_on_fresh_examples(run: Trajectory) -> None:
    s, data = run.dataset.isel(record=-1), draw_test_data(run.experiment)
    losses, right, right_signal = np.zeros(len(data)), np.zeros(len(data)), np.zeros(len(data))
    for i in range(len(data)):
        f = f_signal = 0.0
        for weights, signal, u, x in ((s["W"], s["W_signal"], s["w"], data.x1[i]), (s["V"], s["V_signal"], s["v"], data.x2[i])):
            z = weights.values @ x
            f += float(u.values @ np.maximum(z, 0))
            f_signal += float(u.values @ ((z > 0) * (signal.values @ x)))
        losses[i] = math.log1p(math.exp(-data.y[i] * f))
        right[i], right_signal[i] = data.y[i] * f > 0, data.y[i] * f_signal > 0
    for k, kind in enumerate(("P-only", "Q-only", "both")):
        of_kind = data.kind == k
        assert float(s["loss_test"].sel(kind=kind)) == pytest.approx(losses[of_kind].mean(), rel=1e-9)
        assert float(s["accuracy_test"].sel(kind=kind)) == right[of_kind].mean()
        assert float(s["accuracy_signal_test"].sel(kind=kind)) == right_signal[of_kind].mean()


def test_exact_P_error_beside_monte_carlo(run: Trajectory) -> None:
    s = run.dataset.isel(record=-1)
    signal_direction = 0.5 * (s["w"].values[:, None] * s["W_signal"].values).sum(axis=0)
    overlap = signal_direction @ s["w_star"].values / np.linalg.norm(signal_direction)
    assert float(s["P_overlap"]) == pytest.approx(overlap, rel=1e-12)
    n = 200_000
    fresh = draw_test_data(run.experiment, n)
    p_only = fresh.kind == 0
    wrong = np.mean(fresh.y[p_only] * (fresh.x1[p_only] @ signal_direction) <= 0)
    exact = float(s["P_error"])
    # Four standard deviations of a binomial share: level 6e-5 for each of the three runs.
    assert abs(wrong - exact) < 4 * math.sqrt(exact * (1 - exact) / n)


def test_norms_and_noise_level(run: Trajectory) -> None:
    s = run.dataset.isel(record=-1)
    for layer in ("W", "V"):
        for part in ("signal", "noise"):
            assert float(s[f"norm_{part}"].sel(layer=layer)) == pytest.approx(np.linalg.norm(s[f"{layer}_{part}"]), rel=1e-12)
        assert float(s["tau_noise"].sel(layer=layer)) == pytest.approx(
            float(np.sqrt(np.mean(s[f"{layer}_noise"].values ** 2))), rel=1e-12
        )


def test_without_examples_that_have_patch_P_no_pattern_of_W_is_shifted() -> None:
    found = simulate(EXPERIMENT.replace(p0=0.0, q0=1.0, N=20, max_tau=8.0))
    seen = draw_data(EXPERIMENT.replace(p0=0.0, q0=1.0, N=20))
    assert (seen.kind == 1).all()
    assert (found.dataset["pattern_shift"].sel(layer="W") == 0.0).all()


def test_patterns_of_a_feature_without_examples_are_none_and_no_share_is_undefined() -> None:
    e = Experiment(d=8, N=20, m_W=8, m_V=8, n_test=2, p0=0.0, q0=1.0, max_tau=4.0, record_every=2.0,
                   observe={"patterns": {"every_tau": 2.0}})  # fmt: skip
    data = simulate(e, threads=1).dataset
    assert data["flips_input_P"].shape[1] == 0 and data["flips_neuron_P"].shape[1] == 8
    assert (data["flips_neuron_P"] == 0).all() and np.isfinite(data["flips_neuron_Q"]).all()
