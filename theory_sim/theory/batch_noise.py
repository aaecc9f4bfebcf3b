"""Noise of mini-batch gradients, exact at every N and B ([F 5-9]; the scale is Smith and Le's, 2018).

A batch of B of the N examples gives the mean of their gradients. S is the covariance of the N gradients with divisor N.
"""

from __future__ import annotations

from theory_sim.errors import InputError

__all__ = ["batch_covariance_factor", "batch_noise_scale"]


def batch_covariance_factor(N: int, B: int, *, replacement: bool = False) -> float:
    """Return Cov(batch gradient) / S.

    Parameters
    ----------
    N, B : int
        Examples, and examples in a batch; 1 <= B, and B <= N unless drawn with replacement.
    replacement : bool
        False: (N - B) / (B (N - 1)), 0 for the full batch. True: 1 / B.

    Raises
    ------
    InputError
        If N < 1 or B is no possible size.

    Examples
    --------
    >>> from theory_sim.theory.batch_noise import batch_covariance_factor
    >>> batch_covariance_factor(N=800, B=800), round(batch_covariance_factor(N=800, B=100), 6)
    (0.0, 0.008761)
    """
    if N < 1 or B < 1 or (B > N and not replacement):
        raise InputError(f"B = {B} of N = {N} examples", "1 <= B <= N without replacement", "choose a batch size up to N")
    if replacement:
        return 1.0 / B
    return 0.0 if N == B else (N - B) / (B * (N - 1))


def batch_noise_scale(rate: float, N: int, B: int) -> float:
    """Return g = eta (N/B - 1), the scale of the noise of batches drawn without replacement.

    With F = S N / (N - 1), the unbiased covariance of the gradients, the covariance of the steps per unit of tau is exactly
    g F / N. So runs of equal g on the same data have equally strong noise at equal tau.

    Parameters
    ----------
    rate : float
        Learning rate eta, >= 0.
    N, B : int
        Examples, and examples in a batch; 1 <= B <= N.

    Raises
    ------
    InputError
        If the rate is negative or B is no possible size.

    Examples
    --------
    Half the rate with half the batch is almost the same noise:

    >>> from theory_sim.theory.batch_noise import batch_noise_scale
    >>> batch_noise_scale(2.0, N=800, B=100), batch_noise_scale(1.0, N=800, B=50)
    (14.0, 15.0)
    """
    if not rate >= 0.0:
        raise InputError(f"rate = {rate:g}", "a learning rate is not negative", "use a rate >= 0")
    if not 1 <= B <= N:
        raise InputError(f"B = {B} of N = {N} examples", "1 <= B <= N", "choose a batch size up to N")
    return rate * (N - B) / B
