"""The infinite-width limit as THEORY §7 writes it: a direct double sum over times and examples, float64, slow on purpose.

Nothing here comes from theory_sim.limit. rho and D are products over steps, never recursions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.reference import LOSSES

Array = NDArray[np.float64]


@dataclass
class Course:
    """Outputs at t = 0..steps on training and fresh examples and at Q's directions; steps s = 0..steps-1 have residuals."""

    f: Array  # (steps + 1, N)
    f_test: Array  # (steps + 1, n)
    g: Array  # (steps + 1, 3)
    norms: Array  # (steps + 1, layers) Frobenius norm of the signal
    linear: Array  # (d,) linear part of the signal on x_1 at the end
    rates: Array  # (steps,)
    left_out: Array  # (steps + 1,) RMS over training patches of what the mean over pairs leaves out of f


def noise_levels(tau_0: float, tau_xi: float, lambda_: float, rates: Array) -> Array:
    """tau_t for t = 0..len(rates) (THEORY §5), by the sum over all earlier steps."""
    levels = []
    for t in range(len(rates) + 1):
        variance = tau_0**2 * np.prod((1 - rates[:t] * lambda_) ** 2)
        for s in range(t):
            variance += (rates[s] * tau_xi) ** 2 * np.prod((1 - rates[s + 1 : t] * lambda_) ** 2)
        levels.append(math.sqrt(variance))
    return np.array(levels)


def reference_limit(
    *,
    x1: Array, x1_test: Array,  # (N, d), (n, d); zero rows for Q-only
    alpha: Array, direction: NDArray[np.integer], alpha_test: Array, direction_test: NDArray[np.integer],
    y: Array,
    directions: Array,  # (3, k): in the plane for the split network, in R^d for the shared one
    shared: bool,
    next_rate: Callable[[float, float], float],  # (tau, training loss) -> gamma
    batch: Callable[[int], NDArray[np.integer] | None],
    lambda_: float, tau_0: float, tau_xi: float,
    kernel: Literal["moving", "frozen", "independent"],
    spatial: Literal["exact", "mean"],
    steps: int,
    # (t, rho of t - 1 and t) -> n_t / tau_t at x_1 of the training and the fresh examples and at Q's directions
    noise: Callable[[int, float], tuple[Array, Array, Array]] | None = None,
    quarter: float = 0.25,  # a false twin moves this; E phi' E phi' of another activation
    arcsine: float = 1.0,  # variance of phi' over that of ReLU's
    late: int = 0,  # a false twin lets D begin one factor early or late
    # rates -> U_0, ..., U_T of one weight as sums over (U_0, g_0, g_1, ...), (T + 1, 1 + T); left out: gradient descent
    moves: Callable[[Array], Array] | None = None,
    loss: str = "logistic",  # of tests.reference.LOSSES, in the margin
) -> Course:
    n = len(y)
    value, slope = LOSSES[loss]
    seen = np.flatnonzero(np.abs(x1).sum(axis=1) > 0)
    # Points at which filters are evaluated: training patches x_1, Q's directions, fresh patches.
    size = np.linalg.norm(x1, axis=1)
    size_test = np.linalg.norm(x1_test, axis=1)

    def cosine(a: Array, b: Array) -> Array:
        lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
        return np.clip(np.divide(a @ b.T, lengths, out=np.zeros(lengths.shape), where=lengths > 0), -1, 1)

    inner_pp, cos_pp = x1 @ x1.T, cosine(x1, x1)
    np.fill_diagonal(cos_pp, 1.0)
    inner_tp, cos_tp = x1_test @ x1.T, cosine(x1_test, x1)
    inner_qq, cos_qq = directions @ directions.T, cosine(directions, directions)
    np.fill_diagonal(cos_qq, 1.0)
    if shared:
        inner_qp, cos_qp = directions @ x1.T, cosine(directions, x1)
        inner_qt, cos_qt = directions @ x1_test.T, cosine(directions, x1_test)

    def k(inner: Array, cos: Array, rho: float) -> Array:
        return inner * (quarter + arcsine * np.arcsin(np.clip(rho * cos, -1, 1)) / (2 * np.pi))

    pairs = ~np.eye(len(seen), dtype=bool)

    def k_patches(rho: float) -> tuple[Array, Array]:
        """Between training patches, and from them to fresh ones."""
        if spatial == "exact":
            return k(inner_pp, cos_pp, rho), k(inner_tp, cos_tp, rho)
        between = cos_pp[np.ix_(seen, seen)][pairs]
        mean = arcsine * float(np.mean(between * np.arcsin(rho * between))) if len(between) else 0.0
        gram = quarter * inner_pp + np.outer(size, size) * mean / (2 * np.pi)
        np.fill_diagonal(gram, size**2 * (quarter + arcsine * math.asin(min(1.0, max(-1.0, rho))) / (2 * np.pi)))
        return gram, quarter * inner_tp + np.outer(size_test, size) * mean / (2 * np.pi)

    rates: list[float] = []
    residuals: list[Array] = []
    f, f_test, g = np.zeros((steps + 1, n)), np.zeros((steps + 1, len(x1_test))), np.zeros((steps + 1, 3))
    norms, left_out = np.zeros((steps + 1, 1 if shared else 2)), np.zeros(steps + 1)

    def weight_of(s: int, t: int) -> float:
        """Minus the move of U_t by a unit gradient at step s."""
        if moves is not None:
            return -float(moves(np.array(rates))[t, 1 + s])
        return rates[s] * float(np.prod([1 - rate * lambda_ for rate in rates[s + 1 - late : t]]))

    def levels_now() -> Array:
        if moves is None:
            return noise_levels(tau_0, tau_xi, lambda_, np.array(rates))
        return np.array(np.linalg.norm(of_noise(), axis=1))

    def of_noise() -> Array:
        """U_t of the noise over independent numbers of variance 1."""
        assert moves is not None
        found = moves(np.array(rates)) * tau_xi
        found[:, 0] *= tau_0 / tau_xi if tau_xi > 0 else 0.0
        if tau_xi == 0:
            found[:, 0] = moves(np.array(rates))[:, 0] * tau_0
        return np.asarray(found)

    def rho_of(s: int, t: int, levels: Array) -> float:
        if s == t or kernel == "frozen":
            return 1.0
        if kernel == "independent":
            return 0.0
        if moves is not None:
            if levels[s] * levels[t] == 0:
                return 0.0
            if tau_xi == 0:
                return float(np.sign(of_noise()[s, 0] * of_noise()[t, 0]))
            return max(-1.0, min(1.0, float(of_noise()[s] @ of_noise()[t] / (levels[s] * levels[t]))))
        gone = float(np.prod([1 - rate * lambda_ for rate in rates[s:t]]))
        if tau_xi == 0:  # noise that only shrinks; rounding of rho near 1 would cost half the digits of arcsin
            return float(np.sign(gone))
        return 0.0 if levels[t] == 0 else max(-1.0, min(1.0, gone * levels[s] / levels[t]))

    def q_weight(residual: Array) -> Array:
        return np.array([residual[direction == c] @ alpha[direction == c] for c in range(3)])

    def signal_norms(t: int, levels: Array) -> Array:
        """||Ubar_t||^2 = sum over s, s' of both weights times r(s)^T k_{s,s'} r(s'), a neuron's gradient being u_j 1(.) x."""
        squares = np.zeros(norms.shape[1])
        for s in range(t):
            for other in range(t):
                if kernel == "moving" and min(levels[s], levels[other]) == 0:
                    continue
                rho = rho_of(min(s, other), max(s, other), levels)
                if moves is not None:
                    weight = weight_of(s, t) * weight_of(other, t)
                else:
                    weight = rates[s] * rates[other]
                    weight *= float(np.prod([1 - rate * lambda_ for rate in rates[s + 1 : t]]))
                    weight *= float(np.prod([1 - rate * lambda_ for rate in rates[other + 1 : t]]))
                first, second = residuals[s], residuals[other]
                w = first @ k_patches(rho)[0] @ second
                v = q_weight(first) @ k(inner_qq, cos_qq, rho) @ q_weight(second)
                if shared:
                    between = k(inner_qp, cos_qp, rho)
                    squares[0] += weight * (w + v + q_weight(first) @ between @ second + q_weight(second) @ between @ first)
                else:
                    squares += weight * np.array([w, v])
        return np.sqrt(np.maximum(squares, 0.0))

    for t in range(steps + 1):
        levels = levels_now()
        missing = np.zeros(n)
        for s in range(t):
            weight = weight_of(s, t)
            if kernel == "moving" and levels[s] == 0:
                continue  # a ReLU at 0 has no gradient
            rho, a = rho_of(s, t, levels), -residuals[s]
            to_train, to_test = k_patches(rho)
            residual_weight = q_weight(a)
            on_q = k(inner_qq, cos_qq, rho) @ residual_weight
            on_p, on_t = to_train @ a, to_test @ a
            if shared:
                crossing = k(inner_qp, cos_qp, rho)
                on_q = on_q + crossing @ a
                on_p = on_p + crossing.T @ residual_weight
                on_t = on_t + k(inner_qt, cos_qt, rho).T @ residual_weight
            g[t] += weight * on_q
            f[t] += weight * np.where(size > 0, on_p, 0.0)
            f_test[t] += weight * np.where(size_test > 0, on_t, 0.0)
            missing += weight * (k(inner_pp, cos_pp, rho) - to_train) @ a
        left_out[t] = math.sqrt(np.mean(missing[seen] ** 2)) if len(seen) else 0.0
        total = g[t].copy()
        if noise is not None:
            fields = noise(t, rho_of(t - 1, t, levels) if t else 1.0)
            f[t], f_test[t], total = (a + levels[t] * b for a, b in zip((f[t], f_test[t], total), fields, strict=True))
        f[t] += alpha * total[direction]
        f_test[t] += alpha_test * total[direction_test]
        norms[t] = signal_norms(t, levels)
        if t == steps:
            break
        margin = y * f[t]
        rate = next_rate(float(np.sum(rates)), float(np.mean([value(v) for v in margin])))
        chosen = batch(t)
        residual = np.zeros(n)
        which = np.arange(n) if chosen is None else chosen
        residual[which] = y[which] * np.array([slope(v) for v in margin[which]]) / len(which)
        residuals.append(residual)
        rates.append(rate)
    linear = np.zeros(x1.shape[1])
    levels = levels_now()
    for s in range(steps):
        weight = weight_of(s, steps) if moves is not None else rates[s] * float(
            np.prod([1 - rate * lambda_ for rate in rates[s + 1 :]]))
        if kernel == "moving" and levels[s] == 0:
            continue
        linear -= quarter * weight * residuals[s] @ x1
        if shared:
            linear -= quarter * weight * q_weight(residuals[s]) @ directions
    return Course(f, f_test, g, norms, linear, np.array(rates), left_out)
