"""Lambda >= lambda_max(w^(1/2) K w^(1/2)) / 4 by a Cholesky factorisation of the difference."""

from __future__ import annotations

import numpy as np

from proofs_check.recheck.order.balls import UNIT, Balls, exact
from proofs_check.recheck.order.functions import HALF_PI, PI, arcsine, arcsine_of
from proofs_check.recheck.order.geometry import Geometry
from theory_sim.arrays import Array

__all__ = ["examples_gram", "is_bound"]


def examples_gram(geometry: Geometry) -> tuple[Array, float]:
    """Gram matrix (N, N) of the features at one time, and a bound of its entries' errors."""
    far = geometry.far
    angles = arcsine(Balls(np.where(far, geometry.cosine.mid, 0.0), np.where(far, geometry.cosine.rad, 0.0)))
    mid, rad = angles.mid.copy(), angles.rad.copy()
    for pair in geometry.near:
        size = Balls(np.abs(pair.cosine.mid), pair.cosine.rad)
        angle = HALF_PI - arcsine_of(pair.square_sine.root(), size)
        for place in ((pair.first, pair.second), (pair.second, pair.first)):
            mid[place], rad[place] = np.copysign(angle.mid, pair.cosine.mid), angle.rad
    np.fill_diagonal(mid, float(HALF_PI.mid))
    np.fill_diagonal(rad, float(HALF_PI.rad))
    joined = Balls(np.where(geometry.joined, geometry.inner.mid, 0.0), np.where(geometry.joined, geometry.inner.rad, 0.0))
    kernel = joined * (Balls(mid, rad) + HALF_PI) / PI.scaled(2.0)
    has = (geometry.first >= 0).astype(np.float64)
    alpha, one, two = geometry.alpha, np.maximum(geometry.first, 0), geometry.second
    total = exact(np.zeros((len(alpha), len(alpha))))
    for left, a in ((has, one), (alpha, two)):
        for right, b in ((has, one), (alpha, two)):
            total = total + kernel[np.ix_(a, b)] * (exact(left[:, None]) * exact(right[None, :]))
    # A kernel is symmetric: the mean with the transpose is as near.
    return 0.5 * (total.mid + total.mid.T), float(total.rad.max()) + UNIT * float(np.abs(total.mid).max())


def is_bound(gram: Array, error: float, weights: Array, claimed: float) -> bool:
    """Whether lambda_max of the weighted Gram matrix over 4 is at most ``claimed``; weights (n,) sum to 1.

    If the factorisation of a symmetric A of size n runs to its end, in whatever order it sums, the least eigenvalue of A is at
    least - gamma / (1 - gamma) tr A, gamma = gamma_(3n + 30) (Higham 2002, Theorem 10.3, and the norm of |R^T| |R| is at most
    tr R^T R). A is (claimed - slack) I - W / 4; entries of W are off by at most ``error`` + 8 u |entry| times the roots of two
    weights, which sum to 1, so that its eigenvalues are off by at most that.
    """
    n = len(gram)
    roots = np.sqrt(weights)
    part = gram * roots[:, None] * roots[None, :]
    off = 0.25 * (error + 8 * UNIT * float(np.abs(gram).max())) * (1.0 + 1e-9)
    gamma = (3 * n + 30) * 1.01 * UNIT
    # tr A <= n claimed; forming A rounds each diagonal entry, of at most 2 claimed + its part of W.
    slack = off + 2.0 * gamma * n * claimed + 8 * UNIT * (claimed + float(np.abs(part).max()))
    if not slack < claimed:
        return False
    matrix = -0.25 * part
    matrix[np.diag_indices(n)] += claimed - slack
    try:
        np.linalg.cholesky(0.5 * (matrix + matrix.T))
    except np.linalg.LinAlgError:
        return False
    return True
