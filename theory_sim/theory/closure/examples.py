"""Training examples as quadrature points: means over the law of the data, without a data set."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from theory_sim.theory.closure.problem import ClosureProblem, Floats

__all__ = ["Examples", "Losses", "make_examples", "losses", "residual_weight"]

_ALPHA_NODES = 6
_MARGIN_NODES = 10
_COMMON_NODES, _SPREAD_NODES = 4, 2
# |g| is cut off here: beyond, the normal density holds 6e-7.
_LARGEST_DRAW = 5.0


@dataclass(frozen=True)
class Examples:
    """Points of the quadrature: J that hold P, kind after kind, and those that hold Q alone.

    Attributes
    ----------
    v, common, spread : (J,)
        Margin g0 + |g| of P, and the two normal draws of the interference (`memory.interference`).
    weight : (J,)
        Probability of the point: P-only ones add up to p0, those with both patches to 1 - p0 - q0.
    alpha : (J,)
        Size of the Q patch, 0 for P-only.
    sign, outer : (J,)
        Label +1 or -1 of the Q patch, and whether it is z +- zeta (label -1); 0 and False for P-only.
    only : (J,) bool
        Whether the point is P-only.
    q_alpha, q_weight : (A,)
        Sizes of Q patches and their weights, adding up to 1.
    """

    v: Floats
    common: Floats
    spread: Floats
    weight: Floats
    alpha: Floats
    sign: Floats
    outer: np.ndarray[tuple[int], np.dtype[np.bool_]]
    only: np.ndarray[tuple[int], np.dtype[np.bool_]]
    q_alpha: Floats
    q_weight: Floats

    def margin(self, p_margin: Floats, g: Floats) -> Floats:
        """Margins y f (J,) from those of the P patch and g = (g on z, g on z +- zeta)."""
        value: Floats = p_margin + self.alpha * self.sign * np.where(self.outer, g[1], g[0])
        return value


@dataclass(frozen=True)
class Losses:
    """Mean training losses and shares of right signs at one time (THEORY §3); NaN for a kind that the data do not hold."""

    loss_P: float
    loss_Q: float
    loss_both: float
    loss: float
    accuracy_P: float
    accuracy_Q: float
    accuracy_both: float


def make_examples(problem: ClosureProblem) -> Examples:
    """Tensor grid over kind and class, alpha (uniform), |g| (half normal) and the interference (two normal draws)."""
    x, w = np.polynomial.legendre.leggauss(_ALPHA_NODES)
    q_alpha = problem.alpha_min + (problem.alpha_max - problem.alpha_min) * 0.5 * (x + 1.0)
    q_weight = 0.5 * w
    x, w = np.polynomial.legendre.leggauss(_MARGIN_NODES)
    size = 0.5 * _LARGEST_DRAW * (x + 1.0)
    size_weight = w * np.exp(-0.5 * size * size)
    draw, draw_weight = np.polynomial.hermite_e.hermegauss(_COMMON_NODES)
    rest, rest_weight = np.polynomial.hermite_e.hermegauss(_SPREAD_NODES)
    # Groups: P-only first, then both patches with label +1 and -1, each at every alpha.
    alpha: Floats = np.concatenate([[0.0], q_alpha, q_alpha])
    sign = np.repeat([0.0, 1.0, -1.0], [1, _ALPHA_NODES, _ALPHA_NODES])
    group_weight = np.concatenate([[problem.p0], 0.5 * problem.both * q_weight, 0.5 * problem.both * q_weight])
    inner = size_weight[:, None, None] * draw_weight[:, None] * rest_weight
    grid = np.meshgrid(np.arange(alpha.size), size, draw, rest, indexing="ij")
    group = grid[0].ravel()
    half, common, spread = (np.asarray(axis, dtype=np.float64).ravel() for axis in grid[1:])
    weight = np.multiply.outer(group_weight, inner / inner.sum()).ravel()
    return Examples(problem.g0 + half, common, spread, weight, alpha[group], sign[group], sign[group] < 0.0, sign[group] == 0.0,
                    q_alpha, q_weight)  # fmt: skip


def residual_weight(margin: Floats) -> Floats:
    """sigma(-margin) = -l'(margin), the weight with which an example still counts."""
    value: Floats = expit(-margin)
    return value


def losses(problem: ClosureProblem, examples: Examples, margin: Floats, g: Floats) -> Losses:
    """Losses and accuracies of every kind from the margins (J,) of the points that hold P and the outputs g (2,)."""
    value, right = np.logaddexp(0.0, -margin), margin > 0.0
    q_margin = np.array([g[0], -g[1]])[:, None] * examples.q_alpha
    q_loss = float(0.5 * (np.logaddexp(0.0, -q_margin) @ examples.q_weight).sum())
    q_right = float(0.5 * ((q_margin > 0.0) @ examples.q_weight).sum())
    sums = [(float(examples.weight[kind] @ value[kind]), float(examples.weight[kind] @ right[kind]))
            for kind in (examples.only, ~examples.only)]  # fmt: skip
    total = sums[0][0] + problem.q0 * q_loss + sums[1][0]
    (p_loss, p_right), (both_loss, both_right) = (
        tuple(each / share if share > 0.0 else math.nan for each in found)
        for found, share in zip(sums, (problem.p0, problem.both), strict=True)
    )
    if problem.q0 == 0.0:
        q_loss = q_right = math.nan
    # Weights add up to 1 but for rounding; a share is at most 1. Not a number stays.
    return Losses(p_loss, q_loss, both_loss, total, *(min(share, 1.0) for share in (p_right, q_right, both_right)))
