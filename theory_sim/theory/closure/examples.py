"""Training examples as quadrature points: means over the law of the data, without a data set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from theory_sim.theory.closure.problem import ClosureProblem, Floats

__all__ = ["Examples", "Losses", "make_examples", "losses"]

_ALPHA_NODES = 6
_MARGIN_NODES = 10
_COMMON_NODES, _SPREAD_NODES = 4, 2
# |g| is cut off here: beyond, the normal density holds 6e-7.
_LARGEST_DRAW = 5.0


@dataclass(frozen=True)
class Examples:
    """Points of the quadrature: J that hold P, and those that hold Q alone.

    The J are the P-only ones, then those with both patches: first label +1 (a Q patch z), then as many of label -1 (z +- zeta).

    Attributes
    ----------
    v, common, spread : (J,)
        Margin g0 + |g| of P, and the two normal draws of the interference (`memory.interference`).
    weight : (J,)
        Probability of the point: P-only ones add up to p0, those with both patches to 1 - p0 - q0.
    only, both : slice
        Where the P-only points lie, and those with both patches.
    q_alpha, q_weight : (A,)
        Sizes of Q patches and their weights, adding up to 1.
    alpha, drive : (M,)
        Of all points of one label that hold Q, those with both patches first: sizes of their Q patches, and these times the
        points' probability. Both labels have the same.
    """

    v: Floats
    common: Floats
    spread: Floats
    weight: Floats
    only: slice
    both: slice
    q_alpha: Floats
    q_weight: Floats
    alpha: Floats
    drive: Floats

    def by_label(self, p_margin: Floats) -> Floats:
        """Margins (2, M) of the P patches of all points that hold Q, by label; 0 where there is none."""
        found = np.zeros((2, self.alpha.size))
        found[:, : -self.q_alpha.size] = p_margin[self.both].reshape(2, -1)
        return found

    def of_points(self, p_only: Floats, by_label: Floats) -> Floats:
        """One array (J,) of what is known of the P-only points, and of all that hold Q (2, M)."""
        return np.concatenate([p_only, by_label[:, : -self.q_alpha.size].ravel()])


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
    x, w = _legendre(_ALPHA_NODES)
    q_alpha = problem.alpha_min + (problem.alpha_max - problem.alpha_min) * 0.5 * (x + 1.0)
    q_weight = 0.5 * w
    x, w = _legendre(_MARGIN_NODES)
    size = 0.5 * _LARGEST_DRAW * (x + 1.0)
    size_weight = w * np.exp(-0.5 * size * size)
    draw, draw_weight = _hermite(_COMMON_NODES)
    rest, rest_weight = _hermite(_SPREAD_NODES)
    # Groups: P-only first, then both patches with label +1 and -1, each at every alpha.
    group_weight = np.concatenate([[problem.p0], 0.5 * problem.both * q_weight, 0.5 * problem.both * q_weight])
    inner = size_weight[:, None, None] * draw_weight[:, None] * rest_weight
    grid = np.meshgrid(group_weight, size, draw, rest, indexing="ij")[1:]
    half, common, spread = (np.asarray(axis, dtype=np.float64).ravel() for axis in grid)
    weight = np.multiply.outer(group_weight, inner / inner.sum()).ravel()
    only, both = slice(0, inner.size), slice(inner.size, None)
    alpha = np.concatenate([np.repeat(q_alpha, inner.size), q_alpha])
    share = np.concatenate([weight[both].reshape(2, -1)[0], 0.5 * problem.q0 * q_weight])
    return Examples(problem.g0 + half, common, spread, weight, only, both, q_alpha, q_weight, alpha, share * alpha)


@cache
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(nodes)


@cache
def _hermite(nodes: int) -> tuple[Floats, Floats]:
    return np.polynomial.hermite_e.hermegauss(nodes)


def losses(problem: ClosureProblem, examples: Examples, p_only: Floats, by_label: Floats) -> Losses:
    """Losses and accuracies of every kind from the margins y f of the P-only points, and of those that hold Q (2, M)."""
    value = problem.loss.value
    q_margin = by_label[:, -examples.q_alpha.size :]
    q_loss = float(0.5 * (value(q_margin) @ examples.q_weight).sum())
    q_right = float(0.5 * ((q_margin > 0.0) @ examples.q_weight).sum())
    both = by_label[:, : -examples.q_alpha.size].ravel()
    sums = [(float(examples.weight[kind] @ value(margin)), float(examples.weight[kind] @ (margin > 0.0)))
            for kind, margin in ((examples.only, p_only), (examples.both, both))]  # fmt: skip
    total = sums[0][0] + problem.q0 * q_loss + sums[1][0]
    (p_loss, p_right), (both_loss, both_right) = (
        tuple(each / share if share > 0.0 else math.nan for each in found)
        for found, share in zip(sums, (problem.p0, problem.both), strict=True)
    )
    if problem.q0 == 0.0:
        q_loss = q_right = math.nan
    # Weights add up to 1 but for rounding; a share is at most 1. Not a number stays.
    return Losses(p_loss, q_loss, both_loss, total, *(min(share, 1.0) for share in (p_right, q_right, both_right)))
