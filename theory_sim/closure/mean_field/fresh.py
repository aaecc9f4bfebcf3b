"""Losses and accuracies on fresh examples: the same fields without an example's own memory (THEORY §16)."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from theory_sim.theory.closure import Closure, ClosureProblem
from theory_sim.theory.closure.problem import Floats

__all__ = ["fresh_losses"]

_MARGINS, _DRAWS, _SIZES = 40, 40, 8
_LARGEST_DRAW = 7.0


def fresh_losses(problem: ClosureProblem, course: Closure) -> tuple[Floats, Floats]:
    """Return mean losses and shares of right signs, (records, 3) each, of P-only, Q-only and both; NaN where there are none.

    A P example has the output y A v + b + N(0, C) with v = g0 + |g|; one of Q, of size a, y a g_z or y a g_outer beside.
    """
    x, w = np.polynomial.legendre.leggauss(_MARGINS)
    size = 0.5 * _LARGEST_DRAW * (x + 1.0)
    weight = w * np.exp(-0.5 * size * size)
    weight /= weight.sum()
    draw, draw_weight = np.polynomial.hermite_e.hermegauss(_DRAWS)
    draw_weight = draw_weight / draw_weight.sum()
    x, w = np.polynomial.legendre.leggauss(_SIZES)
    alpha, alpha_weight = problem.alpha_min + (problem.alpha_max - problem.alpha_min) * 0.5 * (x + 1.0), 0.5 * w
    losses, right = np.zeros((course.tau.size, 3)), np.zeros((course.tau.size, 3))
    v, value = problem.g0 + size, problem.loss.value
    for n in range(course.tau.size):
        scatter = math.sqrt(course.interference[n])
        found = np.zeros((2, 3))
        for label, g in ((1.0, float(course.g_z[n])), (-1.0, -float(course.g_outer[n]))):
            centre = course.signal[n] * v + label * course.bias[n]
            for kind, sizes, parts in ((0, np.zeros(1), np.ones(1)), (2, alpha, alpha_weight)):
                margin = centre[:, None] + g * sizes
                loss = value(margin[:, :, None] + scatter * draw) @ draw_weight
                found[:, kind] += 0.5 * np.array([weight @ loss @ parts, weight @ _positive(margin, scatter) @ parts])
            found[:, 1] += 0.5 * np.array([alpha_weight @ value(g * alpha), alpha_weight @ (g * alpha > 0.0)])
        losses[n], right[n] = found
    for kind, share in enumerate((problem.p0, problem.q0, problem.both)):
        if share <= 0.0:
            losses[:, kind], right[:, kind] = math.nan, math.nan
    return losses, np.minimum(right, 1.0)


def _positive(margin: Floats, scatter: float) -> Floats:
    """Probability that a normal draw around the margin is above 0."""
    value: Floats = ndtr(margin / scatter) if scatter > 0.0 else (margin > 0.0).astype(np.float64)
    return value
