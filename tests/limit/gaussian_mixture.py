"""Full-batch gradient descent on two Gaussian clusters over time, without the mean field's code.

An example of label y has y x = (c v* / sqrt d + z) / sqrt d, with |v*|^2 = d and z standard normal; outputs are <w, x>, the
loss is the sum over n = delta d examples of l(y <w, x>) plus ridge |w|^2 / 2, and w starts at 0. These are the two clusters,
and the units, of Mignacco, Krzakala, Urbani and Zdeborova 2020 (arXiv:2006.06098).

`closed_form` is of squared loss, by the law of Marchenko and Pastur and a matrix of rank one. `published_equations` solves
theirs, of any loss, in steps of the rate: an example's field h remembers its earlier fields through M_R, where the mean field's
margin remembers its earlier residual weights through R_w.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, qmc

from theory_sim.theory.closure.loss import LossOfMargin

__all__ = ["Course", "Mixture", "closed_form", "published_equations"]


@dataclass(frozen=True)
class Mixture:
    """Examples over dimension, the clusters' distance from 0, and gradient descent: so many steps of one rate, with a ridge."""

    delta: float
    mean: float
    ridge: float
    rate: float
    steps: int


@dataclass(frozen=True)
class Course:
    """m = <w, v*> / d and |w|^2 / d before each step and after the last (steps + 1,), at a distance of the clusters."""

    signal: np.ndarray
    size: np.ndarray
    mean: float

    @property
    def error(self) -> np.ndarray:
        """Share of fresh examples with the wrong sign, after each step: w = 0 has none."""
        found: np.ndarray = norm.cdf(-self.mean * self.signal[1:] / np.sqrt(self.size[1:]))
        return found


def closed_form(of: Mixture, points: int = 600) -> Course:
    """Squared loss. With a = X'1 / sqrt n, X'X is a a' and a Wishart matrix independent of a; the weights are f(X'X) a.

    The spectral measure of a in X'X is that of g / (1 + |a|^2 g), by Sherman and Morrison, with the Stieltjes
    transform g of Marchenko and Pastur. Integrals over it are taken on an ellipse around its bulk and its outlier.
    """
    square, root = of.delta * of.mean**2 + 1.0, math.sqrt(of.delta)
    low, high = (root - 1.0) ** 2, (root + 1.0) ** 2
    angle, end = 2.0 * math.pi * (np.arange(points) + 0.5) / points, high + square
    half, open_by = 0.5 * end, 0.25
    z = half + half * np.cosh(open_by) * np.cos(angle) + 1j * half * np.sinh(open_by) * np.sin(angle)
    turn = -half * np.cosh(open_by) * np.sin(angle) + 1j * half * np.sinh(open_by) * np.cos(angle)
    g = (of.delta - 1.0 - z + np.sqrt(z - low) * np.sqrt(z - high)) / (2.0 * z)
    share = -(turn / (1j * points)) * g / (1.0 + square * g)
    left = (1.0 - of.rate * (z + of.ridge)) ** np.arange(of.steps + 1)[:, None]
    learnt = (1.0 - left) / (z + of.ridge)
    return Course(of.delta * of.mean * (learnt @ share).real, of.delta * square * (learnt**2 @ share).real, of.mean)


def published_equations(of: Mixture, loss: LossOfMargin, samples: int = 8192, responding: int = 2048, seed: int = 0) -> Course:
    """The effective process of an example's field h, in whose means m, M_C, M_R and lambda-hat are closed, step by step.

    h moves by -(ridge + lambda-hat) h - l'(r) + sum M_R h + xi with r = m (c + h_0) + h, and a weight by the same without l';
    xi is Gaussian with the covariance M_C, h_0 standard normal.
    """
    n, own = of.steps, slice(0, responding)
    points = np.clip(qmc.Sobol(1, rng=np.random.default_rng(seed)).random(samples // 2)[:, 0], 1e-9, 1.0 - 1e-9)
    # Two and two with opposite xi; the first `responding` have their response to earlier fields followed.
    along = of.mean + np.repeat(norm.ppf(points), 2)
    draws = np.repeat(np.random.default_rng(seed + 1).standard_normal((samples // 2, n)), 2, axis=0)
    draws[1::2] *= -1.0
    h, weights, m = np.zeros(samples), np.zeros((n, samples)), 0.0
    fields, moved = np.zeros((n, samples)), np.zeros((n, responding, n))  # h, and its derivative by what was added to r at s
    now = np.zeros((responding, n))
    memory, factor, basis = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, samples))
    unit, across = np.zeros((n + 1, n)), np.zeros(n + 1)
    signal = [0.0]
    for t in range(n):
        weight = loss.weight(m * along + h)  # -l'
        slope, hat = loss.slope(weight), of.delta * float(loss.slope(weight).mean())
        weights[t], fields[t], moved[t] = weight, h, now
        memory[t] = -of.delta * (slope[own] @ now) / responding
        # A row of M_C's Cholesky factor, by Gram and Schmidt on the samples themselves: no pivot is lost to rounding.
        scaled = math.sqrt(of.delta / samples) * weight
        for _ in range(2):
            shares = basis[:t] @ scaled
            factor[t, :t] += shares
            scaled = scaled - shares @ basis[:t]
        factor[t, t] = float(np.linalg.norm(scaled))
        basis[t] = scaled / max(factor[t, t], 1e-300)
        xi, stays = draws[:, : t + 1] @ factor[t, : t + 1], 1.0 - of.rate * (of.ridge + hat)
        m = (1.0 - of.rate * of.ridge) * m + of.rate * of.delta * float(along @ weight) / samples
        h = stays * h + of.rate * (weight + memory[t, :t] @ fields[:t] + xi)
        added = np.tensordot(memory[t, :t], moved[:t], 1) - slope[own, None] * now
        added[:, t] -= slope[own]
        now = stays * now + of.rate * added
        # A weight is linear in the draws: its row of coefficients.
        unit[t + 1] = stays * unit[t] + of.rate * (memory[t, :t] @ unit[:t] + factor[t])
        across[t + 1] = float(unit[t + 1] @ unit[t + 1])
        signal.append(m)
    return Course(np.array(signal), np.array(signal) ** 2 + across, of.mean)
