"""Laws of activation patterns and kernels (THEORY §6), each a function that raises AssertionError if it does not hold."""

from __future__ import annotations

import math

import numpy as np

from theory_sim.arrays import Array

__all__ = ["counts_are_dense_products", "flips_follow_sheppard", "gram_is_positive_semidefinite"]


def gram_is_positive_semidefinite(gram: Array) -> None:
    """A kernel's Gram matrix at equal times is symmetric and has no negative eigenvalue beyond rounding.

    Parameters
    ----------
    gram : (n, n) array
        K_tt on some inputs, or two-time kernels over all pairs of (time, input).

    Raises
    ------
    AssertionError
        If it is not symmetric, or an eigenvalue is below -n eps times the largest, eps that of its precision.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import gram_is_positive_semidefinite
    >>> gram_is_positive_semidefinite(np.array([[2.0, 1.0], [1.0, 2.0]]))
    """
    assert gram.ndim == 2 and gram.shape[0] == gram.shape[1], f"Gram matrix of shape {gram.shape}"
    assert gram.size and np.isfinite(gram).all(), f"{gram.size} numbers, {np.isfinite(gram).sum()} of them finite"
    eps = float(np.finfo(gram.dtype).eps)
    size = float(np.abs(gram).max(initial=0.0))
    gap = float(np.abs(gram - gram.T).max(initial=0.0))
    assert gap <= 4 * eps * size, f"asymmetric by {gap:.3g} of {size:.3g}"
    values = np.linalg.eigvalsh(gram.astype(np.float64))
    lowest, allowed = float(values[0]), 4 * len(gram) * eps * float(values[-1])
    assert lowest >= -allowed, f"eigenvalue {lowest:.3g}, at least {-allowed:.3g} expected"


def counts_are_dense_products(counts: Array, before: Array, after: Array) -> None:
    """Numbers of neurons active at both of two (time, input) are the product of the pattern matrices, exactly.

    Parameters
    ----------
    counts : (n, k) integer array
        For input i of the first and i' of the second.
    before, after : (n, m), (k, m) arrays
        Patterns, 0 and 1 or boolean.

    Raises
    ------
    AssertionError
        If a count differs.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import counts_are_dense_products
    >>> before, after = np.eye(4, 3, dtype=bool), np.ones((4, 3), dtype=bool)
    >>> counts_are_dense_products(before.astype(int) @ after.T, before, after)
    """
    dense = before.astype(np.int64) @ after.astype(np.int64).T
    assert counts.shape == dense.shape, f"counts {counts.shape} of {dense.shape} pairs"
    np.testing.assert_array_equal(counts, dense, err_msg="neurons active at both")


def flips_follow_sheppard(shares: Array, rho: float, neurons: int, *, level: float = 1e-6) -> None:
    """Shares of flipped patterns lie within exact binomial bounds of arccos(rho) / pi (Sheppard; THEORY §6).

    Parameters
    ----------
    shares : (n,) array
        Share of neurons that flipped, by input.
    rho : float
        Correlation of the accumulated noise between the two times.
    neurons : int
        Number of independent neurons; those of a pair count once.
    level : float
        Probability that a right simulator is refused, shared out evenly among inputs (Bonferroni: they are dependent).

    Raises
    ------
    AssertionError
        If a share is outside of its bounds.

    Notes
    -----
    It is a law of the noise alone: in a network whose signal moves patterns (not lazy), it need not hold.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.testing import flips_follow_sheppard
    >>> flips_follow_sheppard(np.array([0.33, 0.34]), rho=0.5, neurons=10_000)
    """
    from scipy import stats

    assert len(shares) and math.isfinite(rho) and neurons > 0, f"{len(shares)} shares of {neurons} neurons at rho = {rho}"
    probability = math.acos(min(1.0, max(-1.0, rho))) / math.pi
    tail = level / (2 * max(len(shares), 1))
    low, high = (float(stats.binom.ppf(q, neurons, probability)) / neurons for q in (tail, 1 - tail))
    for i, share in enumerate(shares):
        assert low - 1e-12 <= share <= high + 1e-12, (
            f"share {share:.6g} of {neurons} neurons flipped at input {i}, expected {probability:.6g}, within "
            f"[{low:.6g}, {high:.6g}] at level {level:g} over {len(shares)} inputs"
        )
