"""The slow reference itself, checked against what needs no simulator."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests.reference import (
    Array,
    Indices,
    Reference,
    data_gradient,
    explicit_split,
    g_directions,
    h,
    loss,
    loss_slope,
    output,
    reference_run,
)

R = 0.4
LAMBDA = 0.03


@dataclass
class Problem:
    """A small seeded problem with all three kinds and noise that is stored, not drawn afresh."""

    x1: Array
    x2: Array
    y: Array
    kind: Indices
    w: Array
    v: Array
    W0: Array
    V0: Array
    xi_W: Array
    xi_V: Array

    def run(self, batch: Callable[[int], Indices | None] = lambda step: None) -> Reference:
        return reference_run(
            self.x1, self.x2, self.y, self.kind, self.w, self.v, self.W0, self.V0,
            noise=lambda step: (self.xi_W[step], self.xi_V[step]),
            next_rate=lambda step, tau, training_loss: 2.0 if step < 7 else 0.3,
            lambda_=LAMBDA, steps=len(self.xi_W), batch=batch,
        )  # fmt: skip


def make_problem(seed: int, N: int = 12, d: int = 5, m_W: int = 6, m_V: int = 8, steps: int = 20) -> Problem:
    rng = np.random.default_rng(seed)
    kind = np.arange(N) % 3
    y = np.where(rng.random(N) < 0.5, -1.0, 1.0)
    side = np.where(y > 0, 0.0, R * rng.choice([-1.0, 1.0], N))
    alpha = rng.uniform(0.5, 1.0, N)
    return Problem(
        x1=rng.normal(size=(N, d)) * (kind != 1)[:, None],
        x2=alpha[:, None] * np.stack([np.ones(N), side], axis=1) * (kind != 0)[:, None],
        y=y,
        kind=kind,
        w=rng.choice([-1.0, 1.0], m_W) / math.sqrt(m_W),
        v=rng.choice([-1.0, 1.0], m_V) / math.sqrt(m_V),
        W0=rng.normal(size=(m_W, d)),
        V0=rng.normal(size=(m_V, 2)),
        xi_W=0.1 * rng.normal(size=(steps, m_W, d)),
        xi_V=0.1 * rng.normal(size=(steps, m_V, 2)),
    )


@pytest.mark.parametrize("margin", [-800.0, -3.0, 0.0, 0.7, 40.0])
def test_loss_slope_is_the_derivative_of_the_loss(margin: float) -> None:
    step = 1e-5
    difference = (loss(margin + step) - loss(margin - step)) / (2 * step)
    # Rounding of the two losses, of size up to |margin|, dominates the third-order term.
    assert loss_slope(margin) == pytest.approx(difference, abs=1e-9 + abs(margin) * 1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_gradient_agrees_with_central_differences(seed: int) -> None:
    problem = make_problem(seed)
    x1, x2, y, w, v = problem.x1, problem.x2, problem.y, problem.w, problem.v
    layers = {"W": problem.W0, "V": problem.V0}

    def outputs() -> Array:
        W, V = layers["W"], layers["V"]
        pairs = zip(x1, x2, strict=True)
        return np.array([output(w, W, W, a) + output(v, V, V, b) for a, b in pairs])

    def mean_loss() -> float:
        return float(np.mean([loss(y_i * f_i) for y_i, f_i in zip(y, outputs(), strict=True)]))

    step = 1e-5
    for name, x, u in (("W", x1, w), ("V", x2, v)):
        U = layers[name]
        active = x[np.abs(x).sum(axis=1) > 0]
        # No kink within the step, else the difference is not the derivative.
        assert np.abs(U @ active.T).min() > step * np.abs(active).max()
        gradient = data_gradient(u, U, x, y, outputs(), np.arange(len(y)))
        for j, k in np.ndindex(*U.shape):
            kept = U[j, k]
            U[j, k] = kept + step
            above = mean_loss()
            U[j, k] = kept - step
            below = mean_loss()
            U[j, k] = kept
            assert gradient[j, k] == pytest.approx((above - below) / (2 * step), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_explicit_sums_equal_the_recursions_and_add_up(seed: int) -> None:
    problem = make_problem(seed)
    run = problem.run()
    for U, signal, noise, U0, gradients, xi in (
        (run.W, run.W_signal, run.W_noise, problem.W0, run.gradients_W, problem.xi_W),
        (run.V, run.V_signal, run.V_noise, problem.V0, run.gradients_V, problem.xi_V),
    ):
        explicit_signal, explicit_noise = explicit_split(U0, run.rates, LAMBDA, gradients, xi)
        np.testing.assert_allclose(signal, explicit_signal, rtol=0, atol=1e-12)
        np.testing.assert_allclose(noise, explicit_noise, rtol=0, atol=1e-12)
        np.testing.assert_allclose(U, signal + noise, rtol=0, atol=1e-12)


def test_output_is_positively_homogeneous_and_separates_weights_from_patterns() -> None:
    problem = make_problem(5)
    x, w, W = problem.x1[0], problem.w, problem.W0
    once = output(w, W, W, x)
    assert once != 0
    assert output(w, 3 * W, 3 * W, x) == pytest.approx(3 * once, rel=1e-13)
    assert output(w, W, W, 3 * x) == pytest.approx(3 * once, rel=1e-13)
    assert output(w, 3 * W, W, x) == pytest.approx(once, rel=1e-13)
    # With the patterns turned over, the two halves make the linear network.
    assert once + output(w, -W, W, x) == pytest.approx(float(w @ W @ x), rel=1e-13)
    g = g_directions(problem.v, problem.V0, R)
    np.testing.assert_allclose(g_directions(problem.v, 3 * problem.V0, R), 3 * g, rtol=1e-13)


def test_one_neuron_by_hand() -> None:
    # f_0 = 1 * 2 (x_2 = 0), so with y = +1 the margin is 2, l' = -1/(1 + e^2); V has no gradient.
    problem = Problem(
        x1=np.array([[2.0]]), x2=np.zeros((1, 2)), y=np.array([1.0]), kind=np.array([0]),
        w=np.array([1.0]), v=np.array([-1.0]), W0=np.array([[1.0]]), V0=np.array([[1.0, -1.0]]),
        xi_W=np.array([[[0.25]]]), xi_V=np.array([[[0.5, -0.5]]]),
    )  # fmt: skip
    run = problem.run()
    gradient = -2 / (1 + math.exp(2))
    assert run.training_loss[0] == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-14)
    assert run.gradients_W[0, 0, 0] == pytest.approx(gradient, rel=1e-14)
    assert run.W_signal[0, 0] == pytest.approx(-2 * gradient, rel=1e-14)
    assert run.W_noise[0, 0] == pytest.approx((1 - 2 * LAMBDA) - 2 * 0.25, rel=1e-14)
    assert run.W[0, 0] == pytest.approx(1 - 2 * (gradient + LAMBDA + 0.25), rel=1e-14)
    np.testing.assert_allclose(run.V, [[(1 - 2 * LAMBDA) - 1, -(1 - 2 * LAMBDA) + 1]], rtol=1e-13)
    assert not run.V_signal.any()
    assert run.f[:, 0] == pytest.approx([2, 2 * run.W[0, 0]], rel=1e-14)
    assert list(run.tau) == [0, 2]
    # v = -1, V = (1, -1): pre-activations 1 + r, 1, 1 - r, all active, so g is minus those, h = 0.
    np.testing.assert_allclose(g_directions(problem.v, problem.V0, 0.4), [-1.4, -1, -0.6], rtol=1e-14)
    # V = (-0.2, -1) has its kink between z - zeta and z: active at z - zeta alone, with 0.2.
    bent = g_directions(problem.v, np.array([[-0.2, -1.0]]), 0.4)
    np.testing.assert_allclose(bent, [-0.2, 0, 0], rtol=1e-13)
    assert h(bent) == pytest.approx(-0.2, rel=1e-13)
    assert h(np.array([5.0, 0.5, 3.0])) == pytest.approx(7, rel=1e-14)
    held = g_directions(problem.v, np.array([[1.0, 3.0]]), 0.4, patterns=np.array([[-0.2, -1.0]]))
    np.testing.assert_allclose(held, [0.2, 0, 0], atol=1e-14)


def test_records_follow_the_schedule_and_the_kinds() -> None:
    problem = make_problem(6)
    seen: list[tuple[int, float, float]] = []

    def next_rate(step: int, tau: float, training_loss: float) -> float:
        seen.append((step, tau, training_loss))
        return 1.0 / (step + 1)

    run = reference_run(
        problem.x1, problem.x2, problem.y, problem.kind,
        problem.w, problem.v, problem.W0, problem.V0,
        noise=lambda step: (problem.xi_W[step], problem.xi_V[step]),
        next_rate=next_rate, lambda_=LAMBDA, steps=3,
    )  # fmt: skip
    np.testing.assert_allclose(run.rates, [1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(run.tau, [0, 1, 3 / 2, 11 / 6])
    assert seen == [(t, run.tau[t], run.training_loss[t]) for t in range(3)]
    losses = np.log1p(np.exp(-problem.y * run.f))
    for k in range(3):
        expected = losses[:, problem.kind == k].mean(axis=1)
        np.testing.assert_allclose(run.kind_loss[:, k], expected, rtol=1e-13)
    np.testing.assert_allclose(run.training_loss, losses.mean(axis=1), rtol=1e-13)
    # Both layers make the output: the whole network once more, as matrices.
    for f, W, V in ((run.f[0], problem.W0, problem.V0), (run.f[-1], run.W, run.V)):
        outputs_W = np.maximum(problem.x1 @ W.T, 0) @ problem.w
        outputs_V = np.maximum(problem.x2 @ V.T, 0) @ problem.v
        np.testing.assert_allclose(f, outputs_W + outputs_V, rtol=0, atol=1e-13)


def test_batch_restricts_the_gradient_and_not_the_loss() -> None:
    problem = make_problem(7)
    full, part = problem.run(), problem.run(batch=lambda step: np.array([2, 5]))
    whole = np.log1p(np.exp(-problem.y * part.f)).mean(axis=1)
    np.testing.assert_allclose(part.training_loss, whole, rtol=1e-13)
    expected = data_gradient(problem.w, problem.W0, problem.x1[[2, 5]], problem.y[[2, 5]],
                             full.f[0, [2, 5]], np.arange(2))  # fmt: skip
    np.testing.assert_allclose(part.gradients_W[0], expected, rtol=1e-14)
    assert np.abs(part.gradients_W[0] - full.gradients_W[0]).max() > 1e-3
    everyone = problem.run(batch=lambda step: np.arange(12))
    np.testing.assert_array_equal(everyone.W, full.W)
