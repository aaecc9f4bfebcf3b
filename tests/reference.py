"""The noisy gradient descent of THEORY §3-§4, written out slowly as a second opinion.

Float64, one example at a time, symbols as in THEORY, and nothing imported from the package.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.integer]


def output(u: Array, A: Array, U: Array, x: Array) -> float:
    """N_A(u, U; x) = u^T (1(Ax) . Ux): patterns of A, weights of U (THEORY §2)."""
    return float(u @ (np.where(A @ x > 0, 1.0, 0.0) * (U @ x)))


def output_gradient(u: Array, U: Array, x: Array) -> Array:
    """Derivative of N_U(u, U; x) in U, (m, d): row j is u_j 1(<U_j, x> > 0) x."""
    return np.outer(u * np.where(U @ x > 0, 1.0, 0.0), x)


def loss(margin: float) -> float:
    """l(v) = log(1 + e^{-v}) (THEORY §3)."""
    return float(np.logaddexp(0.0, -margin))


def loss_slope(margin: float) -> float:
    """l'(v) = -1 / (1 + e^v), in a form that does not overflow."""
    return -float(np.exp(-np.logaddexp(0.0, margin)))


# Value and slope of each loss of a margin, by the mathematics alone.
LOSSES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "logistic": (loss, loss_slope),
    "squared": (lambda v: (1.0 - v) ** 2 / 2.0, lambda v: -(1.0 - v)),
    "exponential": (lambda v: math.exp(-v), lambda v: -math.exp(-v)),
    "hinge": (lambda v: 1.0 - v if v < 1.0 else 0.0, lambda v: -1.0 if v < 1.0 else 0.0),
}


def data_gradient(u: Array, U: Array, x: Array, y: Array, f: Array, examples: Indices,
                  slope: Callable[[float], float] = loss_slope) -> Array:  # fmt: skip
    """(1/n) sum_i l'(y_i f_i) y_i dN_U(u, U; x_i)/dU over the n given examples, (m, d)."""
    total = np.zeros_like(U)
    for i in examples:
        total += slope(y[i] * f[i]) * y[i] * output_gradient(u, U, x[i])
    return total / len(examples)


@dataclass
class Reference:
    """States t = 0..steps carry one entry more than the steps s = 0..steps-1 that lead to them."""

    rates: Array  # (steps,) gamma_s
    tau: Array  # (steps + 1,) sum of gamma_s over s < t
    training_loss: Array  # (steps + 1,) unregularised mean over all examples at U_t
    kind_loss: Array  # (steps + 1, 3) the same per kind, NaN for a kind without examples
    f: Array  # (steps + 1, N) outputs on the training set
    gradients_W: Array  # (steps, m_W, d) of the data term (no decay) at U_s
    gradients_V: Array  # (steps, m_V, 2)
    W: Array
    V: Array
    W_signal: Array
    V_signal: Array
    W_noise: Array
    V_noise: Array


def reference_run(x1: Array, x2: Array, y: Array, kind: Indices, w: Array, v: Array,
                  W0: Array, V0: Array, noise: Callable[[int], tuple[Array, Array]],
                  next_rate: Callable[[int, float, float], float], lambda_: float, steps: int,
                  batch: Callable[[int], Indices | None] = lambda t: None, of: str = "logistic"
                  ) -> Reference:  # fmt: skip
    """Take the steps; x2 (N, 2) and V in the basis (z, zeta/r); kind 0 P-only, 1 Q-only, 2 both; loss of LOSSES."""
    value, slope = LOSSES[of]
    everyone = np.arange(len(y))
    W, V, tau = W0.copy(), V0.copy(), 0.0
    W_signal, V_signal, W_noise, V_noise = 0 * W0, 0 * V0, W0.copy(), V0.copy()  # THEORY §4
    rates, taus, losses, kind_losses, outputs = [], [], [], [], []
    gradients_W, gradients_V = [], []
    for t in range(steps + 1):
        f = np.array([output(w, W, W, x1[i]) + output(v, V, V, x2[i]) for i in everyone])
        each = np.array([value(y[i] * f[i]) for i in everyone])
        taus.append(tau)
        losses.append(float(each.mean()))
        members = [each[kind == k] for k in range(3)]
        kind_losses.append([float(e.mean()) if len(e) else math.nan for e in members])
        outputs.append(f)
        if t == steps:
            break
        gamma = next_rate(t, tau, losses[t])
        examples = batch(t)
        examples = everyone if examples is None else examples
        G_W = data_gradient(w, W, x1, y, f, examples, slope)
        G_V = data_gradient(v, V, x2, y, f, examples, slope)
        xi_W, xi_V = noise(t)
        W = W - gamma * (G_W + lambda_ * W + xi_W)  # THEORY §3
        V = V - gamma * (G_V + lambda_ * V + xi_V)
        W_signal = (1 - gamma * lambda_) * W_signal - gamma * G_W  # THEORY §4, recursions
        V_signal = (1 - gamma * lambda_) * V_signal - gamma * G_V
        W_noise = (1 - gamma * lambda_) * W_noise - gamma * xi_W
        V_noise = (1 - gamma * lambda_) * V_noise - gamma * xi_V
        tau += gamma
        rates.append(gamma)
        gradients_W.append(G_W)
        gradients_V.append(G_V)
    return Reference(np.array(rates), np.array(taus), np.array(losses), np.array(kind_losses),
                     np.array(outputs), np.array(gradients_W), np.array(gradients_V),
                     W, V, W_signal, V_signal, W_noise, V_noise)  # fmt: skip


def explicit_split(U0: Array, rates: Array, lambda_: float,
                   gradients: Array, noises: Array) -> tuple[Array, Array]:  # fmt: skip
    """(signal, noise) after all t = len(rates) steps, by the explicit sums of THEORY §4."""
    t = len(rates)
    signal, noise = np.zeros_like(U0), math.prod(1 - gamma * lambda_ for gamma in rates) * U0
    for s in range(t):
        D = 1.0  # D(s, t): product of 1 - gamma_i lambda over s < i < t
        for i in range(s + 1, t):
            D *= 1 - rates[i] * lambda_
        signal -= rates[s] * D * gradients[s]
        noise -= rates[s] * D * noises[s]
    return signal, noise


def g_directions(v: Array, V: Array, r: float, patterns: Array | None = None) -> Array:
    """g = N_A(v, V; .) at z - zeta, z, z + zeta (THEORY §8); A is `patterns`, or V itself."""
    A = V if patterns is None else patterns
    return np.array([output(v, A, V, np.array([1.0, side])) for side in (-r, 0.0, r)])


def h(g: Array) -> float:
    """h = g(z + zeta) + g(z - zeta) - 2 g(z), what separates Q's classes (THEORY §8)."""
    return float(g[2] + g[0] - 2 * g[1])
