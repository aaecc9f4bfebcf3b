"""Learning-rate time needed to learn Q and P, and the ridge's floor (THEORY §8, §9).

Times are learning-rate times (sums of rates). A level is a mean logistic loss over the examples
of one kind, between 0 and log 2. The strength alpha of a Q patch is uniform on
[alpha_min, alpha_max].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from theory_sim.errors import InputError

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(60)
_TAIL = 9.5  # P[|g| > 9.5] is 2e-21
_PANEL = 3.0  # the integrands grow like exp(g): short panels keep the quadrature exact


def alpha_law(alpha_min: float, alpha_max: float) -> tuple[Floats, Floats]:
    """Return nodes and weights, shape (60,), of the uniform law on [alpha_min, alpha_max].

    Examples
    --------
    >>> from theory_sim.theory.learning_times import alpha_law
    >>> nodes, weights = alpha_law(0.5, 1.0)
    >>> round(float(nodes @ weights), 6)
    0.75
    """
    if not 0.0 <= alpha_min <= alpha_max or alpha_max == 0.0:
        raise InputError(
            f"alpha_min = {alpha_min:g}, alpha_max = {alpha_max:g}",
            "0 <= alpha_min <= alpha_max and alpha_max > 0",
            "use alpha_min = 0, alpha_max = 1 for the paper's law",
        )
    nodes = alpha_min + (alpha_max - alpha_min) * 0.5 * (_NODES + 1.0)
    return nodes, 0.5 * _WEIGHTS


def margin_law(g0: float) -> tuple[Floats, Floats]:
    """Return nodes and weights, shape (60,), of v = g0 + |g| with g ~ N(0, 1).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import margin_law
    >>> nodes, weights = margin_law(1.0)
    >>> round(float(nodes @ weights), 4)
    1.7979
    """
    x = 0.5 * _TAIL * (_NODES + 1.0)
    weights = _TAIL * _WEIGHTS * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return g0 + x, weights


def _mean_loss(strength: float, nodes: Floats, weights: Floats) -> float:
    return float(weights @ np.logaddexp(0.0, -nodes * strength))


def _mean_residual_weight(strength: float, nodes: Floats, weights: Floats) -> float:
    # sigma(-x) = exp(-log(1 + e^x)) does not overflow.
    return float(weights @ (nodes * np.exp(-np.logaddexp(0.0, nodes * strength))))


def _bisect(falling: Callable[[float], float], upper: float) -> float:
    while falling(upper) > 0.0:
        upper *= 2.0
        if upper > 1e12:
            raise InputError("no finite strength", "the level is out of reach", "raise the level")
    lower = 0.0
    for _ in range(200):
        middle = 0.5 * (lower + upper)
        if middle in (lower, upper):
            break
        if falling(middle) > 0.0:
            lower = middle
        else:
            upper = middle
    return 0.5 * (lower + upper)


def _strength_at(level: float, nodes: Floats, weights: Floats) -> float:
    if not 0.0 < level < math.log(2.0):
        raise InputError(
            f"level {level:g}",
            "a learning level lies strictly between 0 and log 2 = 0.693",
            "use 0.45, the level of the learning order",
        )
    return _bisect(lambda strength: _mean_loss(strength, nodes, weights) - level, 1.0)


def _time_integral(end: float, nodes: Floats, weights: Floats) -> float:
    panels = max(1, math.ceil(end / _PANEL))
    width = end / panels
    total = 0.0
    for panel in range(panels):
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            at = width * (panel + 0.5 * (float(node) + 1.0))
            total += 0.5 * width * float(weight) / _mean_residual_weight(at, nodes, weights)
    return total


def _over(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0.0 else math.inf


@cache
def g_level(level: float, alpha_min: float = 0.0, alpha_max: float = 1.0) -> float:
    """Return g with E log(1 + exp(-alpha g)) = level: the output at which Q has that loss.

    Examples
    --------
    >>> from theory_sim.theory.learning_times import g_level
    >>> round(g_level(0.45), 3)
    1.207
    """
    return _strength_at(level, *alpha_law(alpha_min, alpha_max))


@cache
def c_Q(level: float, alpha_min: float = 0.0, alpha_max: float = 1.0) -> float:
    """Return c_Q(level) = 8 pi int_0^g dg'/E[alpha sigma(-alpha g')] up to g = g_level (§8).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import c_Q
    >>> round(c_Q(0.45), 1), round(c_Q(0.45, alpha_min=0.5), 1)
    (153.5, 60.0)
    """
    nodes, weights = alpha_law(alpha_min, alpha_max)
    end = _strength_at(level, nodes, weights)
    return 8.0 * math.pi * _time_integral(end, nodes, weights)


def A_level(level: float, g0: float = 1.0) -> float:
    """Return A with E log(1 + exp(-A v)) = level, v = g0 + |g|: the signal at which P has it.

    Examples
    --------
    >>> from theory_sim.theory.learning_times import A_level
    >>> round(A_level(0.45), 3)
    0.321
    """
    return _strength_at(level, *margin_law(g0))


@cache
def c_P(level: float, g0: float = 1.0) -> float:
    """Return c_P(level) = 4 int_0^A dA'/E[v sigma(-A' v)] up to A = A_level (THEORY §8).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import c_P
    >>> round(c_P(0.45), 2)
    1.71
    """
    nodes, weights = margin_law(g0)
    return 4.0 * _time_integral(_strength_at(level, nodes, weights), nodes, weights)


def tau_Q(
    level: float, *, r: float, p0: float, alpha_min: float = 0.0, alpha_max: float = 1.0
) -> float:
    """Return the time to bring Q's loss to ``level`` with frozen patterns (THEORY §8).

    c_Q / ((1 - p0) arctan(r) (1 + r^2)): Q-only examples and those that hold both patterns act,
    as at the start of a run. Infinite if no example holds Q (p0 = 1).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import tau_Q
    >>> round(tau_Q(0.45, r=0.3, p0=0.125, alpha_min=0.5))
    216
    """
    return _over(c_Q(level, alpha_min, alpha_max), (1.0 - p0) * math.atan(r) * (1.0 + r * r))


def tau_Q_after_annealing(
    level: float, *, r: float, q0: float, alpha_min: float = 0.0, alpha_max: float = 1.0
) -> float:
    """Return tau_Q when P has been learnt before: only the Q-only share q0 still acts (§8).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import tau_Q_after_annealing
    >>> round(tau_Q_after_annealing(0.45, r=0.3, q0=0.5, alpha_min=0.5))
    378
    """
    return _over(c_Q(level, alpha_min, alpha_max), q0 * math.atan(r) * (1.0 + r * r))


def tau_P(level: float, *, d: int, q0: float, g0: float = 1.0) -> float:
    """Return the time to bring P's loss to ``level``: c_P d/(1 - q0), infinite at q0 = 1 (§8).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import tau_P
    >>> round(tau_P(0.45, d=200, q0=0.5))
    685
    """
    return _over(c_P(level, g0) * d, 1.0 - q0)


def ridge_floor(*, d: int, lambda_: float, q0: float, g0: float = 1.0) -> tuple[float, float]:
    """Return the signal A and the P loss at which weight decay stops the learning of P (§9).

    A solves E[v sigma(-A v)] = 4 d lambda A/(1 - q0); the loss is E log(1 + exp(-A v)).
    With lambda = 0 there is no floor: (inf, 0); with q0 = 1 nothing teaches P: (0, log 2).

    Examples
    --------
    >>> from theory_sim.theory.learning_times import ridge_floor
    >>> signal, loss = ridge_floor(d=200, lambda_=5e-4, q0=0.5)
    >>> round(signal, 2), round(loss, 3)
    (0.56, 0.32)
    """
    if q0 == 1.0:
        return 0.0, math.log(2.0)
    if lambda_ == 0.0:
        return math.inf, 0.0
    nodes, weights = margin_law(g0)
    decay = 4.0 * d * lambda_ / (1.0 - q0)
    signal = _bisect(lambda a: _mean_residual_weight(a, nodes, weights) - decay * a, 1.0)
    return signal, _mean_loss(signal, nodes, weights)
