"""The observer descent: the signal makes gradient descent on L_t, against plain NumPy on a tiny run (THEORY §4, §11)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.reference import data_gradient, output, output_gradient
from theory_sim import Experiment, draw_data, simulate
from theory_sim.errors import InputError
from theory_sim.experiment.record_times import Recording
from theory_sim.observe.base import Observer, Snapshot, Values, Variable
from theory_sim.observe.descent import SCALES

TINY = Experiment(
    d=5, N=16, q0=0.4, r=0.5, m_W=6, m_V=8, n_test=2, neurons="independent", tau_0=0.4, tau_xi=0.3, lambda_=0.05, eta_1=1.5,
    schedule="pieces", pieces=((6.0, 1.5), (100.0, 0.5)), max_tau=9.0, dtype="float64", observe={"descent": {"every_steps": 1}},
)
ARMS: dict[str, dict[str, Any]] = {
    "moving": {}, "paired": {"neurons": "paired"}, "frozen": {"patterns": "frozen"}, "redrawn": {"patterns": "redrawn"},
    "frozen-at-annealing": {"patterns": "frozen-at-annealing"},
}


class Copies(Observer):
    """Weights, their split, and the weights of which the patterns are, at every step."""

    name = "copies"
    variables: ClassVar = {"copied": Variable((), "1", "1")}

    def __init__(self) -> None:
        self.recording = Recording(every_steps=1)
        self.kept: list[dict[str, np.ndarray]] = []

    def observe(self, snapshot: Snapshot) -> Values:
        layers, patterns = snapshot.network.layers, snapshot.network.filters()
        kept = {"A": patterns["P"].copy(), "A_V": patterns["Q"].copy()}
        for name, layer in layers.items():
            kept |= {name: layer.weights.copy(), f"{name} signal": layer.signal.copy(), f"u {name}": layer.u.copy(),
                     f"{name} noise": layer.noise_of_neurons.copy()}
        self.kept.append(kept)
        return {"copied": 1.0}


def _loss(margin: float) -> float:
    return math.log1p(math.exp(-margin))


@pytest.mark.parametrize("arm", ARMS)
def test_everything_by_plain_numpy(arm: str) -> None:
    e = TINY.replace(**ARMS[arm])
    copies = Copies()
    data = simulate(e, observers=[copies]).dataset
    train = draw_data(e)
    x2, w_star = train.x2, train.w_star
    N, T = len(train), len(copies.kept)
    assert data.sizes["record_descent"] == T > 8
    assert SCALES[0] == 0.0 and np.all(np.diff(SCALES) > 0.0), "from no classifier on, each scale once"
    everyone = np.arange(N)
    for t, at in enumerate(copies.kept):
        w, v, A, A_V = at["u W"], at["u V"], at["A"], at["A_V"]
        told = data.isel(record_descent=t)
        f = np.array([output(w, A, at["W"], train.x1[i]) + output(v, A_V, at["V"], x2[i]) for i in everyone])
        assert float(told["descent_loss"]) == pytest.approx(np.mean([_loss(train.y[i] * f[i]) for i in everyone]))
        noise = np.array([output(w, A, at["W noise"], train.x1[i]) + output(v, A_V, at["V noise"], x2[i]) for i in everyone])
        rest = noise + np.array([output(v, A_V, at["V signal"], x2[i]) for i in everyone])
        for k, offset in enumerate((noise, rest)):
            assert float(told["descent_offset"][k]) == pytest.approx(np.sqrt(np.mean(offset**2)), abs=1e-12)
            for s, scale in enumerate(SCALES):
                star = scale * math.sqrt(e.d) * np.outer(w, w_star)
                f_star = [output(w, A, star, train.x1[i]) + offset[i] for i in everyone]
                wanted = np.mean([_loss(train.y[i] * f_star[i]) for i in everyone])
                assert float(told["descent_star_loss"][k, s]) == pytest.approx(wanted), (k, scale)
        features = [(output_gradient(w, A, train.x1[i]), output_gradient(v, A_V, x2[i])) for i in everyone]
        norms = np.array([[(phi**2).sum() for phi in pair] for pair in features])
        np.testing.assert_allclose(told["descent_feature_norm"], np.sqrt([norms.sum(axis=1).max(), norms[:, 0].max()]))
        g_W = data_gradient(w, A, train.x1, train.y, f, everyone)
        g_V = data_gradient(v, A_V, x2, train.y, f, everyone)
        np.testing.assert_allclose(told["descent_gradient_size"], [(g_W**2).sum() + (g_V**2).sum(), (g_W**2).sum()], rtol=1e-10)
        inner = np.array([(g_W * at["W signal"]).sum(), (g_V * at["V signal"]).sum()])
        np.testing.assert_allclose(told["descent_gradient_theta"], [inner.sum(), inner[0]], rtol=1e-9, atol=1e-15)
        squares = [(at["W signal"] ** 2).sum(), (at["V signal"] ** 2).sum()]
        np.testing.assert_allclose(told["descent_size"], [sum(squares), squares[0]], rtol=1e-10)
        unit = np.outer(w, w_star)
        assert float(told["descent_star"]) == pytest.approx((at["W signal"] * unit).sum(), abs=1e-14)
        assert float(told["descent_gradient_star"]) == pytest.approx((g_W * unit).sum(), abs=1e-14)
        if t + 1 == T:
            break
        # The identity of THEORY §4: the signal itself makes the step of gradient descent with ridge on L_t.
        rate = float(told["descent_rate"])
        for name, gradient in (("W", g_W), ("V", g_V)):
            theta, after = at[f"{name} signal"], copies.kept[t + 1][f"{name} signal"]
            np.testing.assert_allclose(after, (1 - rate * e.lambda_) * theta - rate * gradient, rtol=1e-10, atol=1e-14)
            assert np.abs(after - (theta - rate * gradient)).max() > 1e-6 or t == 0, "without the ridge it does not"


def test_it_changes_no_other_number() -> None:
    plain, watched = simulate(TINY.replace(observe={})).dataset, simulate(TINY).dataset
    for name in plain.variables:
        np.testing.assert_array_equal(plain[name].values, watched[name].values, err_msg=str(name))


def test_it_is_the_same_for_any_number_of_threads() -> None:
    one, two = (simulate(TINY.replace(m_W=600), threads=threads).dataset for threads in (1, 2))
    for name in one.variables:
        np.testing.assert_array_equal(one[name].values, two[name].values, err_msg=str(name))


@pytest.mark.parametrize("fields", [
    {"network": "shared"}, {"batch_size": 4}, {"noise_placement": "gradient", "noise_level": 1.0},
    {"observe": {"descent": {"probes": 3}}},
])
def test_runs_that_make_no_such_descent_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="descent"):
        TINY.replace(**fields)


def test_the_limit_has_no_neurons() -> None:
    with pytest.raises(InputError, match="descent"):
        simulate(TINY, "limit")
