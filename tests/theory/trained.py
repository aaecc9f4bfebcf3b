"""Classifiers of P trained on drawn examples: slow and obvious references for the formulas at d to infinity."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize, nnls
from scipy.special import expit

Classifier = Callable[[np.ndarray], np.ndarray]
DIMENSIONS = (100, 200, 400)
LEVEL = 3.29  # 99.9 %, two-sided, of a normal law


def examples(n: int, d: int, g_0: float, rng: np.random.Generator) -> np.ndarray:
    """sqrt(d) y x_1 of n examples, w* the first axis, from THEORY §1's definition of x_1."""
    y = rng.choice([-1.0, 1.0], n)
    z = rng.standard_normal((n, d)) / math.sqrt(d)
    z[:, 0] = y * np.abs(z[:, 0]) + y * g_0 / math.sqrt(d)  # conditioned on y <w*, z> >= 0
    return math.sqrt(d) * y[:, None] * z


def averaging(a: np.ndarray) -> np.ndarray:
    return a.sum(0)


def max_margin(a: np.ndarray) -> np.ndarray:
    """Hard margin: with alpha >= 0 the minimiser of |a^T alpha|^2 / d + (sum alpha - 1)^2 gives it, a^T alpha.

    Its conditions are <a_i, a^T alpha> >= d (1 - sum alpha), with equality where alpha_i > 0.
    """
    n, d = a.shape
    alpha, _ = nnls(np.vstack([a.T / math.sqrt(d), np.ones(n)]), np.append(np.zeros(d), 1.0), maxiter=30 * n)
    return a.T @ alpha


def logistic(ridge: float) -> Classifier:
    """Mean logistic loss and (ridge/2) |theta|^2, by a quasi-Newton method."""

    def train(a: np.ndarray) -> np.ndarray:
        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            z = a @ theta
            value = np.logaddexp(0.0, -z).mean() + ridge / 2 * theta @ theta
            return float(value), ridge * theta - expit(-z) @ a / len(a)

        found = minimize(objective, np.zeros(a.shape[1]), jac=True, method="L-BFGS-B", options={"gtol": 1e-7, "ftol": 1e-14})
        return found.x

    return train


def overlap(theta: np.ndarray) -> float:
    return float(theta[0] / np.linalg.norm(theta))


def at_infinite_d(
    measure: Callable[[np.ndarray], tuple[float, ...]], delta: float, g_0: float, *, seeds: tuple[int, ...],
    dimensions: tuple[int, ...] = DIMENSIONS,
) -> tuple[np.ndarray, np.ndarray]:
    """Means over data sets as d goes to infinity, and half-widths of their 99.9 % intervals, one for each number measured.

    Means at the dimensions (as many seeds each as given) are fitted by c + k/d with weights 1/variance; a mean is taken to be
    c + k/d + k'/d^2 + ... What the fit leaves out moves c by at most |k'|/d^2 at the smallest d: the line meets the
    parabola k' x^2 at two points between the least and the largest x = 1/d, and its value at 0 is -k' times their product.
    """
    means, variances = [], []
    for d, repeats in zip(dimensions, seeds, strict=True):
        n = round(delta * d)
        assert abs(n - delta * d) < 1e-9, "whole numbers of examples"
        seen = np.array([measure(examples(n, d, g_0, np.random.default_rng([d, seed]))) for seed in range(repeats)])
        means.append(seen.mean(0))
        variances.append(seen.var(0, ddof=1) / repeats)
    design = np.column_stack([np.ones(len(means)), 1.0 / np.array(dimensions)])
    fitted, halves = [], []
    for mean, variance in zip(np.transpose(means), np.transpose(variances), strict=True):
        scaled = design / np.sqrt(variance)[:, None]
        covariance = np.linalg.inv(scaled.T @ scaled)
        fitted.append((covariance @ scaled.T @ (mean / np.sqrt(variance)))[0])
        halves.append(LEVEL * math.sqrt(covariance[0, 0]))
    return np.array(fitted), np.array(halves)
