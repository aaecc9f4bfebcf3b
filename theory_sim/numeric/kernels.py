"""Compiled inner loops of the split network (THEORY §2-§4).

Sums run in a fixed order within a block, so that a result depends on the block size alone. Reassociation lets the
compiler use vector units for a sum; the order that it picks is fixed by the compiled code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

__all__ = [
    "compiled", "held_forward", "noisy_forward", "plane_forward", "plane_gradient", "plane_observe", "relu_forward",
    "signal_forward", "split_update",
]

Function = TypeVar("Function", bound=Callable[..., Any])
Array = np.ndarray[Any, Any]


def compiled(function: Function) -> Function:
    """Compile without the interpreter's lock; sums may be reassociated, infinities and NaN keep their meaning."""
    return numba.njit(function, nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")  # type: ignore[no-any-return]


@compiled
def relu_forward(z: Array, u: Array, f: Array) -> None:
    """Add u_j ReLU(z_ji) to f_i, and replace z by its activation pattern 1(z > 0).

    z is (b, n), u (b,), f (n,).
    """
    zero = z.dtype.type(0)
    one = z.dtype.type(1)
    for j in range(z.shape[0]):
        u_j = u[j]
        for i in range(z.shape[1]):
            value = z[j, i]
            f[i] += u_j * max(value, zero)
            z[j, i] = one if value > zero else zero


@compiled
def noisy_forward(z: Array, noise: Array, u: Array, share: int, f: Array) -> None:
    """`relu_forward` at z + noise; noise is (b / share, n): neurons of a pair have one."""
    zero = z.dtype.type(0)
    one = z.dtype.type(1)
    for j in range(z.shape[0]):
        u_j = u[j]
        row = j // share
        for i in range(z.shape[1]):
            value = z[j, i] + noise[row, i]
            f[i] += u_j * max(value, zero)
            z[j, i] = one if value > zero else zero


@compiled
def held_forward(z: Array, held: Array, u: Array, f: Array) -> None:
    """Add u_j 1(held_ji > 0) z_ji to f_i, and replace z by these patterns: N_A(U) of THEORY §2; held is (b, n)."""
    zero = z.dtype.type(0)
    one = z.dtype.type(1)
    for j in range(z.shape[0]):
        u_j = u[j]
        for i in range(z.shape[1]):
            active = held[j, i] > zero
            f[i] += u_j * (z[j, i] if active else zero)
            z[j, i] = one if active else zero


@compiled
def signal_forward(z: Array, z_signal: Array, u: Array, f: Array, f_signal: Array) -> None:
    """Add u_j ReLU(z_ji) to f_i and u_j 1(z_ji > 0) zbar_ji to fbar_i: N_U(U) and N_U(signal) of THEORY §2."""
    zero = z.dtype.type(0)
    for j in range(z.shape[0]):
        u_j = u[j]
        for i in range(z.shape[1]):
            value = z[j, i]
            f[i] += u_j * max(value, zero)
            f_signal[i] += u_j * (z_signal[j, i] if value > zero else zero)


@compiled
def split_update(
    weights: Array, signal: Array, noise: Array, gradient: Array, xi: Array, u: Array,
    rate: float, decay: float, tau_xi: float, share: int,
) -> None:
    """One step of U, its signal and its noise, each by its own recursion (THEORY §3, §4).

    weights, signal, gradient are (b, k); u is (b,) and multiplies the gradient's rows; noise and xi are (b/share, k):
    share = 2 neurons of a pair have one noise (THEORY §2).
    """
    cast = weights.dtype.type
    keep = cast(1.0 - rate * decay)
    gamma = cast(rate)
    kick = cast(rate * tau_xi)
    _scale_rows(gradient, u)
    flat_weights, flat_signal, flat_gradient = weights.reshape(-1), signal.reshape(-1), gradient.reshape(-1)
    flat_noise, flat_xi = noise.reshape(-1), xi.reshape(-1)
    # Few arrays a loop: the compiler proves that they do not overlap, and uses vector units, only for a few.
    for i in range(flat_signal.size):
        flat_signal[i] = keep * flat_signal[i] - gamma * flat_gradient[i]
    for i in range(flat_weights.size):
        flat_weights[i] = keep * flat_weights[i] - gamma * flat_gradient[i]
    for i in range(flat_noise.size):
        flat_noise[i] = keep * flat_noise[i] - kick * flat_xi[i]
    _subtract_shared(weights, xi, kick, share)


@compiled
def _scale_rows(a: Array, factor: Array) -> None:
    """Multiply row j of a by factor_j."""
    if a.shape[1] == 2:  # a loop over two entries would cost more than the entries
        flat = a.reshape(-1)
        for j in range(factor.size):
            flat[2 * j] *= factor[j]
            flat[2 * j + 1] *= factor[j]
    else:
        for j in range(a.shape[0]):
            for k in range(a.shape[1]):
                a[j, k] *= factor[j]


@compiled
def _subtract_shared(weights: Array, xi: Array, kick: float, share: int) -> None:
    """Subtract kick * xi from weights, row j // share from row j; share is 1 or 2."""
    flat_weights, flat_xi = weights.reshape(-1), xi.reshape(-1)
    if share == 1:
        for i in range(flat_weights.size):
            flat_weights[i] -= kick * flat_xi[i]
    elif weights.shape[1] == 2:
        for row in range(xi.shape[0]):
            flat_weights[4 * row] -= kick * flat_xi[2 * row]
            flat_weights[4 * row + 1] -= kick * flat_xi[2 * row + 1]
            flat_weights[4 * row + 2] -= kick * flat_xi[2 * row]
            flat_weights[4 * row + 3] -= kick * flat_xi[2 * row + 1]
    else:
        for j in range(weights.shape[0]):
            row = j // share
            for k in range(weights.shape[1]):
                weights[j, k] -= kick * xi[row, k]


@compiled
def plane_forward(weights: Array, u: Array, r: float, g: Array) -> None:
    """Set g to the block's part of sum_j u_j ReLU(V_j . dir) at z - zeta, z, z + zeta.

    weights (b, 2) are coordinates in the orthonormal basis (z, zeta / r); g is (3,), float64 (THEORY §2, §8).
    """
    below = 0.0
    middle = 0.0
    above = 0.0
    zero = weights.dtype.type(0)
    radius = weights.dtype.type(r)
    for j in range(weights.shape[0]):
        a = weights[j, 0]
        b = radius * weights[j, 1]
        below += np.float64(u[j] * max(a - b, zero))
        middle += np.float64(u[j] * max(a, zero))
        above += np.float64(u[j] * max(a + b, zero))
    g[0] = below
    g[1] = middle
    g[2] = above


@compiled
def plane_gradient(weights: Array, r: float, c: Array, gradient: Array) -> None:
    """Set gradient_j = sum_k c_k 1(V_j . dir_k > 0) dir_k over z - zeta, z, z + zeta (second layer not applied)."""
    zero = weights.dtype.type(0)
    radius = weights.dtype.type(r)
    c_below = weights.dtype.type(c[0])
    c_middle = weights.dtype.type(c[1])
    c_above = weights.dtype.type(c[2])
    for j in range(weights.shape[0]):
        a = weights[j, 0]
        b = radius * weights[j, 1]
        below = c_below if a - b > zero else zero
        middle = c_middle if a > zero else zero
        above = c_above if a + b > zero else zero
        gradient[j, 0] = below + middle + above
        gradient[j, 1] = radius * (above - below)


@compiled
def plane_observe(weights: Array, signal: Array, noise: Array, u: Array, r: float, share: int, out: Array) -> None:
    """Set out (7,) to the block's part of g of the signal at the three directions, and to counts of shifted patterns.

    out[0:3]: sum_j u_j 1(V_j . dir > 0) Vbar_j . dir; out[3:6]: neurons whose pattern at dir differs from that of the
    accumulated noise alone; out[6]: neurons whose kink lies between z and z - zeta or z + zeta.
    """
    out[:] = 0.0
    for j in range(weights.shape[0]):
        near = False
        for k in range(3):
            side = r * (k - 1)
            active = weights[j, 0] + side * weights[j, 1] > 0
            near = near or active != (weights[j, 0] > 0)
            if active:
                out[k] += u[j] * (signal[j, 0] + side * signal[j, 1])
            if active != (noise[j // share, 0] + side * noise[j // share, 1] > 0):
                out[3 + k] += 1.0
        if near:
            out[6] += 1.0
