"""Finite-d closure of the infinite-width dynamics, solved in milliseconds (THEORY §8).

P is followed by the signal A, the memory I of every example and the Gaussian interference B of the
others; Q by the outputs on z and on z +- zeta, which remember earlier residuals through the two-time
tangent kernel (a Volterra equation). Neither sees a data set: predictions are means over data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError
from theory_sim.theory.arc_cosine import tangent_kernel

Floats = NDArray[np.float64]

_ALPHA_NODES = 6
_MARGIN_NODES = 12
_INTERFERENCE_NODES = 5
# Newton's steps end at rounding (1e-13) where the grid is fine enough; on one that is not, far off.
_NEWTON = 1e-8
_MOST_NEWTON = 30


@dataclass(frozen=True)
class Closure:
    """Predicted course of a run; arrays have shape (times,).

    Attributes
    ----------
    tau : ndarray
        Learning-rate time.
    loss_P, loss_Q, loss_both, loss : ndarray
        Mean training loss of the P-only examples, the Q-only ones, those of both, and of all examples.
    accuracy_P, accuracy_Q, accuracy_both : ndarray
        Share of right signs on training examples of each kind.
    g_z, g_outer : ndarray
        Network output on z and on z +- zeta.
    signal : ndarray
        A: y f = A (g0 + |g|) on a fresh P example, up to interference.
    overlap : ndarray
        Overlap A/sqrt(A^2 + B) of the signal's linear part with w* (NaN before the first step).
    level : ndarray
        Standard deviation tau_t of the accumulated noise.
    rate : ndarray
        Learning rate that leaves each time.
    annealed_tau : float
        Time of annealing, NaN if the rate never changed.
    """

    tau: Floats
    loss_P: Floats
    loss_Q: Floats
    loss_both: Floats
    loss: Floats
    accuracy_P: Floats
    accuracy_Q: Floats
    accuracy_both: Floats
    g_z: Floats
    g_outer: Floats
    signal: Floats
    overlap: Floats
    level: Floats
    rate: Floats
    annealed_tau: float


class _Examples:
    """Particles: P-only, Q-only and both kinds, with quadrature weights that sum to one a kind."""

    def __init__(self, g0: float, alpha_min: float, alpha_max: float) -> None:
        x, w = np.polynomial.legendre.leggauss(_ALPHA_NODES)
        self.alpha = alpha_min + (alpha_max - alpha_min) * 0.5 * (x + 1.0)
        self.alpha_weight = 0.5 * w
        x, w = np.polynomial.legendre.leggauss(_MARGIN_NODES)
        half = 2.5 * (x + 1.0)  # |g| on [0, 5]
        margin_weight = w * np.exp(-0.5 * half * half)
        self.xi, xi_weight = np.polynomial.hermite_e.hermegauss(_INTERFERENCE_NODES)
        self.v = (g0 + half)[:, None]
        weight = margin_weight[:, None] * xi_weight
        self.p_weight = weight / weight.sum()  # (margins, interferences)
        # both: (class, alpha, margins, interferences); class 0 is z, class 1 is z +- zeta.
        self.both_weight = 0.5 * self.alpha_weight[None, :, None, None] * self.p_weight
        self.both_weight = np.broadcast_to(
            self.both_weight, (2, _ALPHA_NODES, _MARGIN_NODES, _INTERFERENCE_NODES)
        )


def _push(margin: Floats) -> Floats:
    """sigma(-margin), the weight with which an example still pulls."""
    value: Floats = 1.0 / (1.0 + np.exp(np.clip(margin, -500.0, 500.0)))
    return value


class _Noise:
    """Noise level and log decay, continued in closed form within a block of equal rates (§5)."""

    def __init__(self, lambda_: float, tau_xi: float, tau_0: float) -> None:
        self.lambda_, self.tau_xi = lambda_, tau_xi
        self.variance = tau_0**2
        self.log_decay = 0.0

    def after(self, rate: float, duration: float) -> tuple[float, float]:
        """Return variance and sum of log(1 - rate lambda) after ``duration`` at ``rate``."""
        shrink = math.log1p(-rate * self.lambda_) * duration / rate
        if self.lambda_ == 0.0:
            return self.variance + duration * rate * self.tau_xi**2, self.log_decay
        stable = rate * self.tau_xi**2 / (self.lambda_ * (2.0 - rate * self.lambda_))
        variance = stable + (self.variance - stable) * math.exp(2.0 * shrink)
        return variance, self.log_decay + shrink


def solve_closure(
    *,
    d: int,
    n_examples: int,
    p0: float,
    q0: float,
    g0: float,
    r: float,
    alpha_min: float,
    alpha_max: float,
    lambda_: float,
    tau_xi: float,
    tau_0: float,
    rate: float,
    max_tau: float,
    max_steps: int | None = None,
    annealed_rate: float | None = None,
    anneal_loss: float = 0.0,
    stop_loss: float = 0.0,
    blocks: int = 150,
) -> Closure:
    """Predict one run from the closure of THEORY §8.

    Parameters
    ----------
    d, n_examples, p0, q0, g0, r, alpha_min, alpha_max
        The data's parameters (THEORY §1).
    lambda_, tau_xi, tau_0
        Weight decay, injected noise and initial noise level.
    rate : float
        Learning rate; with ``annealed_rate``, the rate until the loss first reaches ``anneal_loss``.
    max_tau : float
        Learning-rate time at which the run ends.
    max_steps : int, optional
        Number of steps after which it ends, if that comes first.
    annealed_rate : float, optional
        Rate after annealing (L-S).
    anneal_loss, stop_loss : float
        Mean training losses; the run ends at ``stop_loss`` (after annealing, if it anneals).
    blocks : int
        Aimed number of time blocks. A block is one step where the rate is large; small steps are
        taken several at a time, with the residual interpolated within the block.

    Returns
    -------
    Closure

    Raises
    ------
    InputError
        If rate * lambda >= 1 (the decay of a step is not a small one), a rate is not positive, or the blocks are too long.
    """
    for gamma in (rate, annealed_rate):
        if gamma is not None and not (gamma > 0.0 and gamma * lambda_ < 1.0):
            raise InputError(
                f"rate {gamma:g}, lambda {lambda_:g}",
                "the closure needs rate > 0 and rate * lambda < 1",
                "lower the rate or lambda",
            )
    examples = _Examples(g0, alpha_min, alpha_max)
    noise = _Noise(lambda_, tau_xi, tau_0)
    both_share = 1.0 - p0 - q0
    alpha, alpha_weight = examples.alpha, examples.alpha_weight
    s = r * r
    near_cos, far_cos = 1.0 / math.sqrt(1.0 + s), (1.0 - s) / (1.0 + s)

    def kernels(rho: Floats) -> tuple[Floats, Floats, Floats]:
        outer = tangent_kernel(1.0 + s, 1.0, rho) + tangent_kernel(1.0 - s, far_cos, rho)
        return tangent_kernel(1.0, 1.0, rho), tangent_kernel(1.0, near_cos, rho), 0.5 * outer

    def residuals(g: Floats, p_margin: Floats) -> tuple[Floats, Floats, Floats]:
        """Residual and slope of each class (signed by its label), and pushes of the both-kind."""
        signed = np.array([g[0], -g[1]])[:, None] * alpha
        q_push = _push(signed)
        both_push = _push(signed[:, :, None, None] + p_margin)
        weight = 2.0 * examples.both_weight
        both_mean = (weight * both_push).sum(axis=(2, 3))
        both_slope = (weight * both_push * (1.0 - both_push)).sum(axis=(2, 3))
        pull = q0 * (q_push * alpha_weight) + both_share * both_mean
        slope = q0 * q_push * (1.0 - q_push) * alpha_weight + both_share * both_slope
        sign = np.array([0.5, -0.5])
        return sign * (pull @ alpha), -0.5 * (slope @ alpha**2), both_push

    p_memory = np.zeros_like(examples.p_weight)
    both_memory = np.zeros(examples.both_weight.shape)
    signal = interference = 0.0
    g = np.zeros(2)
    slope_g = np.zeros(2)
    gamma, annealed, annealed_tau, tau = rate, annealed_rate is None, math.nan, 0.0
    taken, last_step = 0, math.inf if max_steps is None else max_steps
    aimed = min(max_tau, last_step * max(rate, annealed_rate or 0.0)) / blocks
    times, outputs, records = [0.0], [], []
    decays, deviations = [0.0], [tau_0]
    sources = np.zeros((3 * blocks + 16, 2))  # weighted residuals
    source_decay = np.zeros(sources.shape[0])  # log decay at the source's own time
    source_gain = np.zeros(sources.shape[0])  # log decay up to one step later (D of THEORY §4)
    source_level = np.zeros(sources.shape[0])

    for n in range(sources.shape[0] + 1):
        rho_half = 1.0
        if tau_xi > 0.0 and n > 0 and deviations[-1] > 0.0:
            half_decay = float(np.interp(0.5 * tau, times, decays))
            half_level = float(np.interp(0.5 * tau, times, deviations))
            rho_half = min(1.0, math.exp(decays[-1] - half_decay) * half_level / deviations[-1])
        own = (0.25 + math.asin(rho_half) / (2.0 * math.pi)) / n_examples
        common = signal * examples.v + math.sqrt(interference) * examples.xi
        p_margin = common + own * p_memory
        both_margin = common + own * both_memory
        residual, slope, both_push = residuals(g, both_margin)
        p_push = _push(p_margin)
        loss_p = float((examples.p_weight * np.logaddexp(0.0, -p_margin)).sum())
        signed = np.array([g[0], -g[1]])[:, None] * alpha
        loss_q = float(0.5 * (np.logaddexp(0.0, -signed) @ alpha_weight).sum())
        both_total = signed[:, :, None, None] + both_margin
        loss_both = float((examples.both_weight * np.logaddexp(0.0, -both_total)).sum())
        loss = p0 * loss_p + q0 * loss_q + both_share * loss_both
        size = math.hypot(signal, math.sqrt(interference))
        right = (float((examples.p_weight * (p_margin > 0)).sum()), float(0.5 * ((signed > 0) @ alpha_weight).sum()),
                 float((examples.both_weight * (both_total > 0)).sum()))
        outputs.append(g.copy())
        if not annealed and loss <= anneal_loss and annealed_rate is not None:
            gamma, annealed, annealed_tau = annealed_rate, True, tau
        records.append((loss_p, loss_q, loss_both, loss, *right, signal, signal / size if size > 0.0 else math.nan, gamma))
        over = tau >= max_tau * (1.0 - 1e-12) or taken >= last_step
        if (annealed and loss <= stop_loss) or over or n == sources.shape[0]:
            break

        steps = int(min(max(1, round(aimed / gamma)), last_step - taken))
        taken += steps
        block = gamma * steps
        # The steps of a block leave from its start on, the last one a step before its end.
        centre = 0.5 * (block - gamma)
        share = centre / block
        source_variance, source_decay[n] = noise.after(gamma, centre)
        source_level[n] = math.sqrt(source_variance)
        source_gain[n] = source_decay[n] + math.log1p(-gamma * lambda_)
        noise.variance, noise.log_decay = noise.after(gamma, block)
        level = math.sqrt(noise.variance)
        if tau_xi == 0.0 or level == 0.0:
            rho = np.ones(n + 1)
        else:
            rho = np.exp(noise.log_decay - source_decay[: n + 1]) * source_level[: n + 1] / level
        k_zz, k_zo, k_oo = kernels(np.minimum(rho, 1.0))
        gain = np.exp(noise.log_decay - source_gain[: n + 1])
        past = sources[:n] * gain[:n, None]
        base = np.array([k_zz[:n] @ past[:, 0] + k_zo[:n] @ past[:, 1],
                         k_zo[:n] @ past[:, 0] + k_oo[:n] @ past[:, 1]])
        newest = block * gain[n] * np.array([[k_zz[n], k_zo[n]], [k_zo[n], k_oo[n]]])
        # Newton: the newest residual is interpolated between the block's known start and its end.
        guess = g + slope_g * block if share > 0.0 else g
        end_residual = residual
        for iteration in range(_MOST_NEWTON if share > 0.0 else 0):
            end_residual, slope, _ = residuals(guess, both_margin)
            used = (1.0 - share) * residual + share * end_residual
            miss = guess - base - newest @ used
            change = np.linalg.solve(np.eye(2) - share * newest * slope, miss)
            guess = guess - change
            if iteration >= 2 and np.abs(change).max() <= _NEWTON * (1.0 + np.abs(guess).max()):
                break
        end_residual = residuals(guess, both_margin)[0] if share > 0.0 else residual
        used = (1.0 - share) * residual + share * end_residual
        new_g = base + newest @ used
        if share > 0.0 and not np.abs(new_g - guess).max() <= _NEWTON * (1.0 + np.abs(new_g).max()):
            raise InputError(f"a block of {block:g} at tau = {tau:g}, in which Newton's steps do not settle",
                             "blocks short beside the time in which Q is learnt", "raise blocks, or lower max_tau")
        slope_g = (new_g - g) / block
        sources[n] = block * used
        g = new_g

        shrink = math.exp(math.log1p(-gamma * lambda_) * block / gamma)
        pull = p0 * float((examples.p_weight * examples.v * p_push).sum())
        pull += both_share * float((examples.both_weight * examples.v * both_push).sum())
        signal = shrink * signal + block * pull / (4.0 * d)
        p_memory = shrink * p_memory + block * p_push
        both_memory = shrink * both_memory + block * both_push
        mean_square = p0 * float((examples.p_weight * p_memory**2).sum())
        mean_square += both_share * float((examples.both_weight * both_memory**2).sum())
        interference = mean_square / (16.0 * n_examples * d)
        tau += block
        times.append(tau)
        decays.append(noise.log_decay)
        deviations.append(level)

    columns = np.array(records).T
    out = np.array(outputs)
    loss_p, loss_q, loss_both, loss, right_p, right_q, right_both, strength, overlap, rates = columns
    return Closure(
        np.array(times), loss_p, loss_q, loss_both, loss, right_p, right_q, right_both, out[:, 0], out[:, 1], strength, overlap,
        np.array(deviations), rates, annealed_tau,
    )
