"""Activation patterns and two-time kernels of a wide layer of ReLUs, or of any two straight lines (THEORY §6, §7).

``rho`` is the correlation of the noise between the two times, ``theta`` the angle between inputs.
All functions broadcast.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class KernelConstants(NamedTuple):
    """Constants C and A of the kernel E phi'(z_s) phi'(z_t) = C + A arcsin(rho cos theta) / (2 pi).

    Attributes
    ----------
    linear : float
        C, 1/4 for ReLU.
    arcsine : float
        A, 1 for ReLU.
    """

    linear: float
    arcsine: float

    @property
    def direct(self) -> float:
        """C - A/4, the product of both slopes: the kernel is A times ReLU's plus so much of the inner product."""
        return self.linear - 0.25 * self.arcsine


RELU: Final = KernelConstants(0.25, 1.0)
"""Constants of ReLU."""


def kernel_constants(below: float, above: float) -> KernelConstants:
    """Return the kernel's constants for an activation of slope ``below`` under 0 and ``above`` over it.

    phi' = (a + b)/2 + (b - a)/2 sign z, and E sign z_s sign z_t = (2/pi) arcsin(rho cos theta), so that C = ((a + b)/2)^2 and
    A = (b - a)^2. For ReLU that is THEORY §6.

    Examples
    --------
    >>> kernel_constants(0.0, 1.0) == RELU
    True
    >>> kernel_constants(1.0, 1.0)
    KernelConstants(linear=1.0, arcsine=0.0)
    """
    return KernelConstants(((below + above) / 2.0) ** 2, (above - below) ** 2)


def _arccos(cosine: ArrayLike) -> Floats:
    # Rounding may put a correlation of one slightly beyond one.
    angle: Floats = np.arccos(np.minimum(np.maximum(np.asarray(cosine, dtype=np.float64), -1.0), 1.0))
    return angle


def flip_probability(rho: ArrayLike) -> Floats:
    """Return P[1(U_s x > 0) != 1(U_t x > 0)] = arccos(rho) / pi (Sheppard; THEORY §6).

    Examples
    --------
    >>> from theory_sim.theory.arc_cosine import flip_probability
    >>> flip_probability([1.0, 0.5, 0.0]).round(3)
    array([0.   , 0.333, 0.5  ])
    """
    return _arccos(rho) / np.pi


def tangent_kernel(
    inner: ArrayLike, cos_theta: ArrayLike, rho: ArrayLike, constants: KernelConstants = RELU
) -> Floats:
    """Return the two-time tangent kernel k_{s,t}(x, x') of an infinitely wide layer.

    Parameters
    ----------
    inner : array_like
        Inner product <x, x'>.
    cos_theta : array_like
        Cosine of the angle between x and x'.
    rho : array_like
        Correlation of the noise between the times s and t.
    constants : KernelConstants
        Of the activation (`kernel_constants`), by default ReLU.

    Returns
    -------
    ndarray
        <x, x'> (pi - arccos(rho cos theta)) / (2 pi): the degree-0 arc-cosine kernel
        (Cho and Saul 2009; THEORY §6). In general <x, x'> (C + A arcsin(rho cos theta) / (2 pi)).

    Examples
    --------
    At equal times, and at times between which the noise has decorrelated:

    >>> from theory_sim.theory.arc_cosine import tangent_kernel
    >>> tangent_kernel(1.0, 1.0, rho=[1.0, 0.0])
    array([0.5 , 0.25])
    """
    cosine = np.asarray(rho, dtype=np.float64) * np.asarray(cos_theta, dtype=np.float64)
    inner = np.asarray(inner, dtype=np.float64)
    # Not a digit of ReLU's is changed by the factor 1 and the term 0.
    return constants.arcsine * (inner * (np.pi - _arccos(cosine)) / (2.0 * np.pi)) + constants.direct * inner


def kappa_1(cosine: ArrayLike, constants: KernelConstants = RELU) -> Floats:
    """Return E[phi(a) phi(b)] for standard normal a, b of correlation ``cosine`` (THEORY §7).

    For ReLU it is (sqrt(1 - c^2) + c (pi - arccos c)) / (2 pi), the covariance of the noise output per
    unit norms and noise levels when the second layer has independent random signs. For two lines, phi = (b - a) relu(z) + a z,
    it is (b - a)^2 times that, plus a b c: E z relu(z') = c/2.

    Examples
    --------
    >>> from theory_sim.theory.arc_cosine import kappa_1
    >>> kappa_1([0.0, 1.0]).round(4)
    array([0.1592, 0.5   ])
    """
    c = np.clip(np.asarray(cosine, dtype=np.float64), -1.0, 1.0)
    of_relu: Floats = (np.sqrt((1.0 - c) * (1.0 + c)) + c * (np.pi - np.arccos(c))) / (2.0 * np.pi)
    return constants.arcsine * of_relu + constants.direct * c
