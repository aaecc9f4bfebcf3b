"""One example, lambda = 0, frozen patterns: gradient flow solves y f + e^{y f} - 1 = k tau, k the kernel's diagonal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from theory_sim import Experiment, draw_data, simulate

ONE = Experiment(
    d=30, N=1, p0=0.0, q0=0.0, lambda_=0.0, tau_0=1.0, tau_xi=0.0, schedule="constant", eta_1=0.5, max_tau=40.0,
    record_every=1.0, n_test=1, dtype="float64", m_W=2, m_V=2,
)
KINDS = {"P-only": {"p0": 1.0}, "Q-only": {"q0": 1.0}, "both": {}}


def diagonal(e: Experiment) -> float:
    """k(x, x) = |x_1|^2 / 2 + |x_2|^2 / 2: half the neurons see an input."""
    data = draw_data(e)
    return float((data.x1[0] @ data.x1[0] + data.x2[0] @ data.x2[0]) / 2)


def margins(e: Experiment, **options: Any) -> np.ndarray:
    """y f at the records, from the training loss of the only example."""
    return -np.log(np.expm1(simulate(e, "limit", **options).dataset["train_loss"].values))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tau_xi", [0.0, 0.3])
def test_flow_is_the_closed_form(kind: str, tau_xi: float) -> None:
    e = ONE.replace(**KINDS[kind], tau_xi=tau_xi)
    k = diagonal(e)
    found = margins(e, time="flow", kernel="frozen", time_tolerance=1e-7)
    tau = np.arange(len(found)) * 1.0
    wanted = [brentq(lambda v, t=t: v + math.expm1(v) - k * t, -1e-9, 50.0) for t in tau]
    assert np.abs(found - wanted).max() < 1e-5
    # The twin: the diagonal of the linear part alone, k / 2.
    half = [brentq(lambda v, t=t: v + math.expm1(v) - k * t / 2, -1e-9, 50.0) for t in tau]
    assert np.abs(found - half).max() > 0.1


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4, 1e-5])
def test_the_stated_error_of_the_flow_covers_its_own(tolerance: float) -> None:
    e = ONE.replace(record_every=10.0)
    run = simulate(e, "limit", time="flow", kernel="frozen", time_tolerance=tolerance)
    k, stated = diagonal(e), float(run.dataset["time_error"][-1])
    margin = -math.log(math.expm1(float(run.dataset["train_loss"][-1])))
    exact = brentq(lambda v: v + math.expm1(v) - k * 40.0, 0.0, 50.0)
    # Errors of single steps add up to a little more in all, since a margin that is behind catches up.
    assert abs(margin - exact) < 3 * stated
    assert stated < tolerance * run.dataset.attrs["final_step"]


@pytest.mark.parametrize("kind", KINDS)
def test_steps_are_the_scalar_recursion(kind: str) -> None:
    e = ONE.replace(**KINDS[kind], record_every=0.1)
    k, v, wanted = diagonal(e), 0.0, []
    for _ in range(81):
        wanted.append(v)
        v += e.eta_1 * k / (1 + math.exp(v))
    assert np.abs(margins(e) - wanted).max() < 1e-9


def test_independent_patterns_learn_by_the_linear_part() -> None:
    """rho = 0 at unequal times: all kernels are <x, x'> / 4, so that one example's steps go by k / 2."""
    e = ONE.replace(p0=1.0, record_every=0.1, tau_xi=0.1)
    k, v, wanted = diagonal(e) / 2, 0.0, []
    for _ in range(81):
        wanted.append(v)
        v += e.eta_1 * k / (1 + math.exp(v))
    assert np.abs(margins(e, kernel="independent") - wanted).max() < 1e-9
