"""Theorem C.2 with numbers: gradient descent on a sequence of losses that have one good classifier (THEORY §11).

theta_{t+1} = (1 - gamma_t lambda) theta_t - gamma_t grad L_t(theta_t), with L_t(theta) the mean logistic loss of margins y_i
(<theta, phi_{t,i}> + o_{t,i}); features phi and offsets o may differ at every step. For any theta*, with D_t = |theta_t -
theta*|^2, B_t = max_i |phi_{t,i}| and g_t = grad L_t(theta_t),

    D_t - D_{t+1} = 2 gamma <g, theta - theta*> + gamma lambda (|theta|^2 - |theta*|^2 + D_t) - gamma^2 |g + lambda theta|^2.

Two inequalities turn this into a bound: <g, theta - theta*> = L_t - L_t(theta*) + C_t, where C_t >= 0 since the logistic loss
is convex; and |g + lambda theta|^2 <= |g|^2 / (1 - gamma lambda) + (lambda / gamma) |theta|^2 (Young) with |g|^2 <= c_0 B_t^2
L_t,

    (gamma/2) |g + lambda theta|^2 <= k_t L_t + (lambda/2) |theta|^2,   k_t = c_0 gamma B_t^2 / (2 (1 - gamma lambda)).

k_t is the cost of a step. Added up over steps,

    sum gamma_t (1 - k_t) L_t <= D_0 / 2 + sum gamma_t (L_t(theta*) + (lambda/2) |theta*|^2),

and what the right side has too much is D_T / 2 + sum gamma_t (C_t + (lambda/2) D_t + S_t), S_t >= 0 being the slack of the
second inequality. THEORY §11 states the cost c_0 gamma B_t^2 for gamma lambda <= 1/2, which is k_t at gamma lambda = 1/2 and
too much below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from theory_sim.arrays import Array

__all__ = ["C_0", "AverageBound", "Excess", "average_bound", "get_excess", "step_cost", "step_cost_stated"]

C_0: Final = 0.4072643777
"""sup_v l'(v)^2 / l(v), rounded up; certified as 0.407264377589 within 1e-10 (claim constant-c-0)."""


def step_cost(rate: Array, feature_norm: Array, lambda_: float) -> Array:
    """k_t = c_0 gamma B_t^2 / (2 (1 - gamma lambda)), infinite from gamma lambda = 1 on; arrays (T,)."""
    kept = 1.0 - rate * lambda_
    with np.errstate(divide="ignore"):
        cost = C_0 * rate * feature_norm**2 / (2.0 * np.maximum(kept, 0.0))
    return np.asarray(cost)


def step_cost_stated(rate: Array, feature_norm: Array, lambda_: float) -> Array:
    """Cost of a step as THEORY §11 states it: c_0 gamma B_t^2, infinite for gamma lambda > 1/2; half of it without ridge."""
    cost = C_0 * rate * feature_norm**2 * (1.0 if lambda_ > 0 else 0.5)
    return np.where(rate * lambda_ > 0.5, np.inf, cost)


@dataclass(frozen=True)
class AverageBound:
    """Both sides of the theorem after 1, ..., T steps.

    Attributes
    ----------
    loss : (T,) array
        sum gamma (1 - k) L / sum gamma (1 - k): the average loss, each step weighted by its room 1 - k_t. NaN where there is
        no bound.
    bound : (T,) array
        The right side divided by sum gamma (1 - k), for the best of the classifiers; infinite from the first step on that
        costs 1 or more: then the theorem says nothing.
    best : (T,) array of int
        Which classifier that is.
    weight : (T,) array
        sum gamma (1 - k).
    """

    loss: Array
    bound: Array
    best: Array
    weight: Array


def average_bound(
    rate: Array, loss: Array, cost: Array, star_loss: Array, star_distance: Array, star_size: Array, lambda_: float
) -> AverageBound:
    """Both sides of Theorem C.2, for every number of steps and the best of some classifiers (THEORY §11).

    Parameters
    ----------
    rate, loss, cost : (T,) arrays
        gamma_t, L_t(theta_t) in nats, and k_t < 1; see `step_cost`.
    star_loss : (T, S) array
        L_t(theta*) of S classifiers.
    star_distance, star_size : (S,) arrays
        |theta_0 - theta*|^2 and |theta*|^2.
    lambda_ : float
        Weight decay.
    """
    room = np.where(np.logical_and.accumulate(cost < 1.0), 1.0 - cost, np.nan)
    weight = np.cumsum(rate * room)
    regret = star_distance / 2.0 + np.cumsum(rate[:, None] * (star_loss + lambda_ / 2.0 * star_size), axis=0)
    best = np.argmin(regret, axis=1)
    bound = np.min(regret, axis=1) / weight
    return AverageBound(np.cumsum(rate * room * loss) / weight, np.where(np.isnan(weight), np.inf, bound), best, weight)


@dataclass(frozen=True)
class Excess:
    """What the right side of the theorem has too much, in parts that add up to right minus left for one theta*.

    Attributes
    ----------
    distance : float
        D_T / 2, the distance to theta* that is left at the end.
    convexity : (T,) array
        gamma_t C_t.
    ridge : (T,) array
        gamma_t (lambda/2) D_t.
    step : (T,) array
        gamma_t S_t: k_t L_t + (lambda/2) |theta|^2 stands for (gamma/2) |g + lambda theta|^2.
    """

    distance: float
    convexity: Array
    ridge: Array
    step: Array

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return float(self.distance + self.convexity.sum() + self.ridge.sum() + self.step.sum())


def get_excess(
    rate: Array, loss: Array, cost: Array, star_loss: Array, distance: Array, size: Array, gradient_size: Array,
    gradient_theta: Array, gradient_star: Array, lambda_: float,
) -> Excess:
    """Parts of right minus left after T steps, from what was measured at each.

    Parameters
    ----------
    rate, loss, cost, star_loss : (T,) arrays
        gamma_t, L_t(theta_t), k_t and L_t(theta*).
    distance : (T + 1,) array
        D_t, the last entry after all steps.
    size, gradient_size, gradient_theta, gradient_star : (T,) arrays
        |theta_t|^2, |g_t|^2, <g_t, theta_t> and <g_t, theta*>.
    lambda_ : float
        Weight decay.
    """
    convexity = gradient_theta - gradient_star - loss + star_loss
    squared = gradient_size + 2.0 * lambda_ * gradient_theta + lambda_**2 * size
    step = cost * loss + lambda_ / 2.0 * size - rate / 2.0 * squared
    return Excess(float(distance[-1]) / 2.0, rate * convexity, rate * lambda_ / 2.0 * distance[:-1], rate * step)
