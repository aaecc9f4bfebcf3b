"""Squared loss in the mean field: gradient descent on ridge regression over time, against the law of Marchenko and Pastur.

A linear network, examples with P alone: margins are v A + Z u, u across w*, with Z (N, d - 1) of entries
N(0, 1 / d). On an eigenvector of Z Z' each step is linear in the components of (1, ..., 1) and of v, which are independent of
Z; sums over eigenvectors are integrals over the law of Z Z'. No cavity, no response: nothing of it is the mean field's.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tests.limit.test_mean_field import TWINS
from theory_sim import Engine, Experiment, simulate
from theory_sim.closure.mean_field.solve import follow_particles
from theory_sim.errors import InputError
from theory_sim.theory.arc_cosine import kernel_constants
from theory_sim.theory.closure import Closure

MEAN_SIZE = math.sqrt(2.0 / math.pi)


def descent(delta: float, ridge: float, steps: int = 60) -> Experiment:
    """Of N = delta d examples; so many steps, of half the largest stable rate and less."""
    d = 10_000
    return Experiment(
        d=d, N=round(delta * d), kappa=None, p0=1.0, q0=0.0, activation="linear", schedule="constant", loss="squared",
        lambda_=ridge / d, eta_1=0.2 * d, max_tau=0.2 * d * steps, record_every=1e9,
    )  # fmt: skip


def spectrum(delta: float, nodes: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of Z Z' and their shares of N: Marchenko and Pastur 1967, with those that are 0."""
    y = 1.0 / delta
    angle = (np.arange(nodes) + 0.5) * math.pi / nodes
    x = 1.0 + y + 2.0 * math.sqrt(y) * np.cos(angle)
    share = (2.0 * math.sqrt(y) * np.sin(angle)) ** 2 / (2.0 * math.pi * x) * math.pi / nodes
    return np.append(x * delta, 0.0), np.append(share, max(0.0, 1.0 - y))


def ridge_regression(e: Experiment, steps: int) -> np.ndarray:
    """A, C and the loss of P-only examples before each step and after the last (steps + 1, 3)."""
    (value, share), c, eta, d = spectrum(e.n_examples / e.d), kernel_constants(1.0, 1.0).linear, e.eta_1, e.d
    first, second = e.g0 + MEAN_SIZE, e.g0**2 + 2.0 * e.g0 * MEAN_SIZE + 1.0  # E v, E v^2

    def mean(of_one: np.ndarray, of_v: np.ndarray, more_one: np.ndarray, more_v: np.ndarray) -> float:
        """Mean over examples of (of_one 1 + of_v v)(more_one 1 + more_v v)."""
        return float(share @ (of_one * more_one + (of_one * more_v + of_v * more_one) * first + of_v * more_v * second))

    signal, one, v, unit, nothing = 0.0, np.zeros_like(value), np.zeros_like(value), np.ones_like(value), np.zeros_like(value)
    found = []
    for _ in range(steps + 1):
        # q = one 1 + v v per eigenvector: across w* the weights are Z' q, the margins Z Z' q.
        left_one, left_v = unit - value * one, -signal * unit - value * v
        across = e.n_examples / d * mean(value * one, value * v, one, v)
        found.append((signal, across, 0.5 * mean(left_one, left_v, left_one, left_v)))
        shrink = 1.0 - eta * e.lambda_
        signal = shrink * signal + eta * c / d * mean(left_one, left_v, nothing, unit)
        one, v = shrink * one + eta * c / e.n_examples * left_one, shrink * v + eta * c / e.n_examples * left_v
    return np.array(found)


def is_ridge_regression(course: Closure, told: np.ndarray, share: float) -> bool:
    """Whether A, root of C and loss are within a share of what they reach, at every step."""
    found = np.stack([course.signal, np.sqrt(course.interference), course.loss_P], axis=1)
    expected = np.stack([told[:, 0], np.sqrt(told[:, 1]), told[:, 2]], axis=1)
    return bool(np.all(np.abs(found - expected) < share * expected.max(axis=0)))


def test_the_spectrum_has_the_moments_of_a_wishart_matrix() -> None:
    for delta in (0.5, 2.0):
        value, share = spectrum(delta)
        moments = [float(share @ value**power) for power in range(3)]
        assert moments == pytest.approx([1.0, 1.0, 1.0 + delta], rel=1e-4)


@pytest.mark.alternating
@pytest.mark.parametrize(("delta", "ridge"), [(2.0, 0.3), (0.5, 0.1)])
@pytest.mark.parametrize("twin", TWINS)
def test_every_step_is_that_of_ridge_regression(
    delta: float, ridge: float, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    e = descent(delta, ridge)
    TWINS[twin](monkeypatch)
    course = follow_particles(e, 100, 16_384)
    assert course.tau.size == 61, "each step is a node"
    assert is_ridge_regression(course, ridge_regression(e, 60), 4e-3) == (twin == "right")


def test_other_steps_are_told_from_it() -> None:
    e = descent(2.0, 0.3)
    course = follow_particles(e, 100, 1024)
    assert is_ridge_regression(course, ridge_regression(e, 60), 4e-3)
    for other in (e.replace(lambda_=1.1 * e.lambda_), e.replace(N=round(1.03 * e.n_examples)), e.replace(g0=1.01)):
        assert not is_ridge_regression(course, ridge_regression(other, 60), 4e-3)


def test_it_is_a_loss_of_the_engine() -> None:
    """With its value at 0, and a stated error; what the closure does not cover it says."""
    e = Experiment(d=100, max_tau=300.0, schedule="S", eta_2=1.0, loss="squared")
    run = simulate(e, Engine("mean-field", {"nodes": 40, "particles": 256}))
    assert float(run.dataset["train_loss"][0]) == 0.5 and float(run.dataset["loss_test"][0, 0]) == pytest.approx(0.5)
    assert json.loads(run.dataset.attrs["stated_error"])["loss"][-1] < 0.01
    with pytest.raises(InputError, match="loss"):
        simulate(e, "closure")


@pytest.mark.slow
def test_means_of_the_limit_over_data_sets_with_q() -> None:
    """ReLU, all kinds: within three standard errors and 1 % for what d = 200 leaves out."""
    e = Experiment(d=200, schedule="constant", eta_1=3.0, max_tau=1200.0, record_every=100.0, n_test=1, loss="squared",
                   lambda_=5e-4)  # fmt: skip
    runs = [simulate(e.replace(seed=seed), "limit").dataset.isel(record=-1) for seed in range(10)]
    c = np.array([float(run["P_overlap"]) for run in runs])
    seen = np.column_stack([np.array([run["loss_train"].values for run in runs]), np.log(c * c / (1.0 - c * c))])
    course = follow_particles(e)
    told = np.array([course.loss_P[-1], course.loss_Q[-1], course.loss_both[-1],
                     math.log(course.signal[-1] ** 2 / course.interference[-1])])  # fmt: skip
    assert np.all(np.abs(seen.mean(axis=0) - told) < 3.0 * seen.std(axis=0, ddof=1) / math.sqrt(10) + 0.01 * np.abs(told))
