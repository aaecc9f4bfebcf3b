"""Law of the accumulated noise (THEORY §5).

Every entry of the accumulated noise at step t is N(0, tau_t^2), independent of the others, with

    tau_{t+1}^2 = (1 - gamma_t lambda)^2 tau_t^2 + gamma_t^2 tau_xi^2.

Rates are learning rates gamma_t; noise levels are standard deviations of single entries.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory_sim.errors import InputError

Floats = NDArray[np.float64]


def _require_contraction(rate: float, lambda_: float) -> None:
    if not 0.0 <= rate * lambda_ < 2.0:
        raise InputError(
            f"rate * lambda = {rate * lambda_:g}",
            "0 <= rate * lambda < 2 is needed for the noise to stay bounded",
            "lower the learning rate or lambda",
        )


def tau_stationary(rate: float, lambda_: float, tau_xi: float) -> float:
    """Return the stable noise level of a constant learning rate.

    Parameters
    ----------
    rate : float
        Learning rate gamma > 0.
    lambda_ : float
        Weight decay, > 0.
    tau_xi : float
        Standard deviation of one entry of the injected noise.

    Returns
    -------
    float
        tau_inf with tau_inf^2 = gamma tau_xi^2 / (lambda (2 - gamma lambda)); THEORY §5.

    Raises
    ------
    InputError
        If the noise has no stationary level (lambda <= 0, rate <= 0 or rate * lambda >= 2).

    Examples
    --------
    >>> from theory_sim.theory.noise_law import tau_stationary
    >>> round(tau_stationary(rate=16.0, lambda_=5e-4, tau_xi=0.01), 4)
    1.2674
    """
    _require_contraction(rate, lambda_)
    if not (lambda_ > 0.0 and rate > 0.0):
        raise InputError(
            f"rate = {rate:g}, lambda = {lambda_:g}",
            "a stationary noise level needs a positive rate and a positive lambda",
            "give tau_0 as a number, or make lambda positive",
        )
    return tau_xi * math.sqrt(rate / (lambda_ * (2.0 - rate * lambda_)))


def noise_levels(rates: ArrayLike, *, lambda_: float, tau_xi: float, tau_0: float) -> Floats:
    """Return tau_0, ..., tau_T for a sequence of T learning rates (exact recursion, THEORY §5).

    Parameters
    ----------
    rates : array_like, shape (T,)
        Learning rate of each step.
    lambda_, tau_xi, tau_0 : float
        Weight decay, injected noise and initial standard deviation.

    Returns
    -------
    ndarray, shape (T + 1,)
        Standard deviation of one entry of the accumulated noise before each step and at the end.

    Examples
    --------
    >>> from theory_sim.theory.noise_law import noise_levels
    >>> noise_levels([16.0, 16.0, 0.5], lambda_=5e-4, tau_xi=0.01, tau_0=1.0).round(4)
    array([1.    , 1.0048, 1.0095, 1.0093])
    """
    gammas = np.asarray(rates, dtype=np.float64)
    variances = np.empty(gammas.size + 1)
    variance = float(tau_0) ** 2
    variances[0] = variance
    for t, gamma in enumerate(gammas.tolist()):
        variance = (1.0 - gamma * lambda_) ** 2 * variance + (gamma * tau_xi) ** 2
        variances[t + 1] = variance
    return np.sqrt(variances)


def decay(rates: ArrayLike, s: int, t: int, lambda_: float) -> float:
    """Return D(s, t), the product of 1 - gamma_i lambda over s < i < t (THEORY §4).

    Examples
    --------
    >>> from theory_sim.theory.noise_law import decay
    >>> round(decay([16.0] * 100, s=0, t=100, lambda_=5e-4), 4)
    0.4515
    """
    gammas = np.asarray(rates, dtype=np.float64)
    if not 0 <= s < t <= gammas.size:
        raise InputError(
            f"s = {s}, t = {t}, {gammas.size} rates",
            "D(s, t) needs 0 <= s < t <= number of rates",
            "choose steps within the run",
        )
    return float(np.prod(1.0 - gammas[s + 1 : t] * lambda_))


def correlation(
    rates: ArrayLike, s: int, t: int, lambda_: float, tau_xi: float, tau_0: float
) -> float:
    """Return rho(s, t), the correlation of one noise entry between steps s and t (THEORY §5).

    Parameters
    ----------
    rates : array_like, shape (T,)
        Learning rate of each step.
    s, t : int
        Steps, 0 <= s, t <= T, in either order.
    lambda_, tau_xi, tau_0 : float
        Weight decay, injected noise and initial standard deviation.

    Returns
    -------
    float
        Product of 1 - gamma_i lambda over s <= i < t, times tau_s / tau_t.

    Raises
    ------
    InputError
        If a step lies outside the run or the noise vanishes at one of the two steps.

    Examples
    --------
    >>> from theory_sim.theory.noise_law import correlation
    >>> rates = [16.0] * 100
    >>> round(correlation(rates, s=0, t=100, lambda_=5e-4, tau_xi=0.01, tau_0=1.0), 3)
    0.368
    """
    gammas = np.asarray(rates, dtype=np.float64)
    first, last = min(s, t), max(s, t)
    if first < 0 or last > gammas.size:
        raise InputError(
            f"s = {s}, t = {t}, {gammas.size} rates",
            "steps run from 0 to the number of rates",
            "choose steps within the run",
        )
    levels = noise_levels(gammas[:last], lambda_=lambda_, tau_xi=tau_xi, tau_0=tau_0)
    if levels[first] == 0.0 or levels[last] == 0.0:
        raise InputError(
            f"noise level {levels[first]:g} at step {first}, {levels[last]:g} at step {last}",
            "the correlation needs noise at both steps",
            "make tau_0 or tau_xi positive",
        )
    product = float(np.prod(1.0 - gammas[first:last] * lambda_))
    return product * float(levels[first] / levels[last])


def decorrelation_rate(rate: float, tau: float, tau_xi: float) -> float:
    """Return gamma tau_xi^2 / (2 tau^2), the loss of correlation per unit of tau (THEORY §5).

    ``rate`` is the learning rate, ``tau`` the present noise level (> 0). Leading order in
    rate * lambda; at the stationary level it equals lambda.

    Examples
    --------
    >>> from theory_sim.theory.noise_law import decorrelation_rate, tau_stationary
    >>> level = tau_stationary(16.0, lambda_=5e-4, tau_xi=0.01)
    >>> round(decorrelation_rate(16.0, tau=level, tau_xi=0.01), 6)
    0.000498
    """
    return rate * tau_xi**2 / (2.0 * tau**2)


def anneal_ratio(eta_1: float, eta_2: float, lambda_: float) -> float:
    """Return the ratio of stable noise levels after and before annealing eta_1 -> eta_2.

    It is close to sqrt(eta_2 / eta_1) and is reached only after tau of about 1/(2 lambda)
    (THEORY §5).

    Examples
    --------
    >>> from theory_sim.theory.noise_law import anneal_ratio
    >>> round(anneal_ratio(eta_1=16.0, eta_2=0.5, lambda_=5e-4), 3), round((0.5 / 16.0) ** 0.5, 3)
    (0.176, 0.177)
    """
    return tau_stationary(eta_2, lambda_, 1.0) / tau_stationary(eta_1, lambda_, 1.0)
