"""The two-time tangent kernel of a wide layer of error functions (THEORY §6 with another activation).

For u ~ N(0, a) and u' ~ N(0, b) of covariance c, E erf'(u) erf'(u') = (4 / pi) / sqrt((1 + 2a)(1 + 2b) - 4 c^2): the derivative
by c of E erf(u) erf(u') = (2 / pi) arcsin(2 c / sqrt((1 + 2a)(1 + 2b))) (Williams 1997, "Computing with infinite networks").
With the correlation r = c / sqrt(a b) it is A(a) A(b) (1 - (v(a) v(b) r)^2)^(-1/2), the amplitude A = E erf'(u) and the
visibility v below.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError

__all__ = ["MOST", "amplitude", "coefficients", "powers_for", "visibility"]

MOST: Final = 1000
"""Largest number of powers."""


def amplitude(variance: Array) -> Array:
    """A = E erf'(u) of u ~ N(0, variance).

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.theory.erf_kernel import amplitude
    >>> amplitude(np.array([0.0, 1.0])).round(4)
    array([1.1284, 0.6515])
    """
    return np.asarray(2.0 / np.sqrt(np.pi) / np.sqrt(1.0 + 2.0 * variance))


def visibility(variance: Array) -> Array:
    """v^2 = 2a / (1 + 2a) at the variance a: by how much erf blurs the correlation of pre-activations, below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from theory_sim.theory.erf_kernel import visibility
    >>> visibility(np.array([0.1, 10.0])).round(4)
    array([0.1667, 0.9524])
    """
    return np.asarray(2.0 * variance / (1.0 + 2.0 * variance))


def coefficients(count: int) -> Array:
    """Of z^k in (1 - z)^(-1/2), k < count: binom(2k, k) / 4^k.

    Examples
    --------
    >>> from theory_sim.theory.erf_kernel import coefficients
    >>> coefficients(4)
    array([1.    , 0.5   , 0.375 , 0.3125])
    """
    k = np.arange(1.0, count)
    return np.concatenate([[1.0], np.cumprod((2.0 * k - 1.0) / (2.0 * k))])


def powers_for(largest: float, tolerance: float) -> int:
    """Powers of z, 1 among them, after which (1 - z)^(-1/2) is met to the tolerance for 0 <= z <= largest.

    Raises
    ------
    InputError
        If that takes more than `MOST`.

    Examples
    --------
    >>> from theory_sim.theory.erf_kernel import powers_for
    >>> powers_for(0.5, tolerance=1e-6)
    19
    """
    k = np.arange(MOST + 1.0)
    with np.errstate(divide="ignore"):  # of noise so large that z is rounded to 1 no power is enough
        rest = coefficients(MOST + 1) * largest**k / (1.0 - largest)  # the coefficients fall
    if rest[-1] > tolerance:
        raise InputError(f"activation = 'erf' in the limit with noise at which {MOST} powers leave {rest[-1]:.1g}",
                         "the kernel's series must meet the tolerance; erf of large noise is nearly a step",
                         "lower tau_0 or tau_xi, raise the tolerance, or use the engine finite",
                         fields=("activation", "tau_0", "tau_xi"))
    return max(1, int(np.argmax(rest <= tolerance)))
