"""Kernel regression in closed form against explicit integration and against networks (THEORY §6)."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from theory_sim import Experiment, draw_data, draw_test_data, ntk_regression, simulate
from theory_sim.data import shared_directions
from theory_sim.errors import InputError
from theory_sim.limit import ntk
from theory_sim.limit.ntk import tangent_gram

SMALL = Experiment(d=12, N=40, r=0.4, lambda_=1e-3, n_test=15, dtype="float64", m_W=2, m_V=2)
SHARED = SMALL.replace(network="shared", overlap_z=0.3)


def _by_hand(e: Experiment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """K(train, train), K(test, train) and labels, pair by pair of patches."""
    train, test = draw_data(e), draw_test_data(e)

    def patches(data: object, i: int) -> list[np.ndarray]:
        first = data.x1[i]  # type: ignore[attr-defined]
        if e.network == "split":
            plane = np.array([[1, -e.r], [1, 0], [1, e.r]])
        else:
            plane = shared_directions(e, train.w_star)
        return [first, data.alpha[i] * plane[data.direction[i]]]  # type: ignore[attr-defined]

    def k(a: np.ndarray, b: np.ndarray) -> float:
        lengths = math.sqrt(a @ a) * math.sqrt(b @ b)
        if lengths == 0:
            return 0.0
        return float(a @ b) * (math.pi - math.acos(max(-1.0, min(1.0, float(a @ b) / lengths)))) / (2 * math.pi)

    def gram(one: object, n: int) -> np.ndarray:
        out = np.empty((n, len(train)))
        for i in range(n):
            for j in range(len(train)):
                p, q = patches(one, i), patches(train, j)
                pairs = [(0, 0), (1, 1)] if e.network == "split" else [(0, 0), (0, 1), (1, 0), (1, 1)]
                out[i, j] = sum(k(p[c], q[c2]) for c, c2 in pairs)
        return out

    return gram(train, len(train)), gram(test, len(test)), train.y


@pytest.mark.parametrize("e", [SMALL, SHARED], ids=["split", "shared"])
def test_gram_pair_by_pair(e: Experiment) -> None:
    train, test = draw_data(e), draw_test_data(e)
    by_hand, of_test, _ = _by_hand(e)
    # arccos near 1 halves the digits that the cosine has
    assert np.abs(tangent_gram(e, train, train) - by_hand).max() < 1e-7
    assert np.abs(tangent_gram(e, test, train) - of_test).max() < 1e-7
    assert np.linalg.eigvalsh(tangent_gram(e, train, train)).min() > -1e-12
    other = e.replace(r=0.41)
    assert np.abs(tangent_gram(other, draw_data(other), draw_data(other)) - by_hand).max() > 1e-4


@pytest.mark.parametrize("e", [SMALL, SHARED], ids=["split", "shared"])
@pytest.mark.parametrize("ridge", [0.0, 1e-3, 0.3])
def test_time_against_explicit_integration(e: Experiment, ridge: float) -> None:
    """d theta / d tau = -grad - ridge theta for the residual memories c: d c / d tau = -(f - y) / N - ridge c, f = K c."""
    gram, of_test, y = _by_hand(e)
    n, tau, steps = len(y), 30.0, 3000
    c, h = np.zeros(n), 30.0 / 3000

    def speed(c: np.ndarray) -> np.ndarray:
        return -(gram @ c - y) / n - ridge * c

    for _ in range(steps):  # Runge-Kutta of fourth order
        a = speed(c)
        b = speed(c + h / 2 * a)
        d = speed(c + h / 2 * b)
        c = c + h / 6 * (a + 2 * b + 2 * d + speed(c + h * d))
    found = ntk_regression(e, ridge=ridge, tau=tau)
    assert np.abs(found.f_train - gram @ c).max() < 1e-6
    assert np.abs(found.f_test - of_test @ c).max() < 1e-6
    assert np.abs(ntk_regression(e, ridge=ridge * 1.1 + 1e-3, tau=tau).f_train - gram @ c).max() > 1e-4


def test_end_of_time_is_ridge_regression() -> None:
    gram, of_test, y = _by_hand(SMALL)
    c = np.linalg.solve(gram + len(y) * 1e-3 * np.eye(len(y)), y)
    found = ntk_regression(SMALL)
    assert found.ridge == SMALL.lambda_ and found.tau == math.inf
    assert np.abs(found.f_train - gram @ c).max() < 1e-6
    assert np.abs(found.f_test - of_test @ c).max() < 1e-6
    assert np.abs(ntk_regression(SMALL, tau=1e9).f_train - found.f_train).max() < 1e-9
    wrong = np.linalg.solve(gram + 1e-3 * np.eye(len(y)), y)  # the ridge without N
    assert np.abs(found.f_train - gram @ wrong).max() > 1e-2


def test_without_ridge_it_interpolates_what_the_kernel_can() -> None:
    # P's patches are in general position; Q's directions have a kernel of rank 3, and examples of both follow P.
    only_p = SMALL.replace(p0=1.0, q0=0.0)
    assert ntk_regression(only_p, ridge=0.0).squared_train < 1e-12
    only_q = SMALL.replace(p0=0.0, q0=1.0)
    found = ntk_regression(only_q, ridge=0.0)
    assert int((found.eigenvalues > 1e-10).sum()) == 3
    assert found.squared_train > 1e-3 and np.all(np.isfinite(found.f_test))


def test_linear_part_and_errors() -> None:
    for e in (SMALL, SHARED):
        found = ntk_regression(e)
        train, test = draw_data(e), draw_test_data(e)
        wrong = test.mean_by_kind((np.sign(found.f_test) != test.y).astype(float))
        assert np.array_equal(found.error_test, wrong)
        assert found.P_overlap == pytest.approx(
            float(found.linear_part @ train.w_star) / float(np.linalg.norm(found.linear_part)), abs=1e-14
        )
    # Far away the arcsin part of every pair but a patch's own is small: the linear part is the output up to it.
    wide = Experiment(d=4000, N=30, p0=1.0, q0=0.0, n_test=50, dtype="float64")
    found = ntk_regression(wide)
    test = draw_test_data(wide)
    assert np.abs(test.x1[:50] @ found.linear_part - found.f_test[:50]).max() < 0.05 * np.abs(found.f_test[:50]).max()


def test_to_dict_is_json() -> None:
    found = ntk_regression(SMALL.replace(p0=1.0, q0=0.0)).to_dict()
    assert found["tau"] is None and found["error_train"]["Q-only"] is None
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("options", [{"ridge": -1e-3}, {"tau": 0.0}, {"tau": math.inf}, {"ridge": math.nan}])
def test_bad_numbers_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        ntk_regression(SMALL, **options)


def test_memory_is_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntk, "available_bytes", lambda: 10_000)
    monkeypatch.setattr(ntk, "draw_data", lambda e: pytest.fail("allocated first"))
    with pytest.raises(InputError, match="lower N to about 14"):
        ntk_regression(SMALL)


@pytest.mark.parametrize("fields", [
    {}, {"network": "shared", "overlap_z": 0.3}, {"activation": "leaky-relu", "leak": 0.3}, {"activation": "linear"},
], ids=str)
def test_it_is_the_limits_own_flow_of_frozen_patterns(fields: dict[str, Any]) -> None:
    """Squared loss: the engine's adaptive steps, and the matrix's eigenvectors, of the same data and ridge."""
    e = SMALL.replace(loss="squared", lambda_=0.02, schedule="constant", eta_1=1.0, max_tau=25.0, record_every=25.0, tau_0=1.0,
                      **fields)
    flow = simulate(e, "limit", kernel="frozen", time="flow", tolerance=1e-10, time_tolerance=1e-7).dataset
    found = {name: ntk_regression(e, tau=tau, ridge=ridge)
             for name, tau, ridge in (("it", 25.0, 0.02), ("late", 25.1, 0.02), ("of another ridge", 25.0, 0.0202))}
    apart = {name: float(np.abs(fit.f_train - flow["f_train"].values).max()) for name, fit in found.items()}
    assert apart["it"] < 5e-6, apart
    assert min(apart["late"], apart["of another ridge"]) > 5e-5, apart
    assert float(flow["P_overlap"][-1]) == pytest.approx(found["it"].P_overlap, abs=1e-5)
