"""Compiled inner loops of the split network (THEORY §2-§4).

Sums run in a fixed order within a block, so that a result depends on the block size alone. Reassociation lets the
compiler use vector units for a sum; the order that it picks is fixed by the compiled code.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numba
import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import StoreError

__all__ = [
    "compiled", "compiled_as_written", "paired_forward", "paired_pattern_forward", "pattern_forward", "plane_forward",
    "plane_gradient", "plane_observe", "relu_forward", "scale_rows", "split_update",
]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile without the interpreter's lock; sums may be reassociated, infinities and NaN keep their meaning."""
    return _compiled(function, {"reassoc", "contract", "nsz"})


def compiled_as_written(function: Function) -> Function:
    """`compiled`, but no sum is reassociated: for sums whose order keeps a small term from being rounded with a large one."""
    return _compiled(function, {"contract", "nsz"})


def _compiled(function: Function, fastmath: set[str]) -> Function:
    try:
        made: Any = numba.njit(function, nogil=True, cache=True, fastmath=fastmath, error_model="numpy")
    except RuntimeError as error:
        if "no locator" not in str(error):
            raise
        raise _not_kept("") from error
    _explain_errors_of_cache(made)
    return made  # type: ignore[no-any-return]


def _explain_errors_of_cache(made: Any) -> None:
    """Have an error of the folder of compiled code, which a function's first call reads and writes, say how to choose it."""
    cache = getattr(made, "_cache", None)  # none where nothing is compiled (NUMBA_DISABLE_JIT)
    for name in ("load_overload", "save_overload"):
        if (real := getattr(cache, name, None)) is not None:
            setattr(cache, name, partial(_explained, real))


def _explained(real: Callable[..., Any], *given: Any) -> Any:
    try:
        return real(*given)
    except OSError as error:
        raise _not_kept(f": {error.strerror or error}") from error


def _not_kept(why: str) -> StoreError:
    where = os.environ.get("NUMBA_CACHE_DIR") or f"{os.path.dirname(__file__)}/__pycache__, or below the home folder"
    return StoreError(f"compiled code cannot be kept in {where}, which NUMBA_CACHE_DIR chooses{why}",
                      "a folder for files of up to 1 MB that can be written to: else each start takes many seconds",
                      "set the variable NUMBA_CACHE_DIR to one, or raise the limit (ulimit -f)" if why else
                      "set the variable NUMBA_CACHE_DIR to one")


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
def pattern_forward(z: Array, pattern_z: Array, u: Array, f: Array) -> None:
    """Add u_j 1(pattern_z_ji > 0) z_ji to f_i, and replace z by these patterns: N_A(U) of THEORY §2; pattern_z is (b, n)."""
    zero = z.dtype.type(0)
    one = z.dtype.type(1)
    for j in range(z.shape[0]):
        u_j = u[j]
        for i in range(z.shape[1]):
            active = pattern_z[j, i] > zero
            f[i] += u_j * (z[j, i] if active else zero)
            z[j, i] = one if active else zero


@compiled_as_written
def _of_pair(first: float, second: float, noise: float, first_active: bool, second_active: bool, zero: float) -> float:
    """Activation of a pair's first neuron less that of its second, at signals ``first`` and ``second`` and one noise.

    Where both or neither are active the noise cancels, exactly, and however large it is the signals lose no digit to it.
    """
    signal = (first if first_active else zero) - (second if second_active else zero)
    return signal + ((noise if first_active else zero) - (noise if second_active else zero))


@compiled_as_written
def paired_forward(z: Array, noise: Array, u: Array, f: Array) -> None:
    """Add sum_j u_j ReLU(z_ji + noise_ji) to f_i over neurons in pairs, and replace z by the activation patterns.

    z (b, n) holds the pre-activations of the signal, noise (b / 2, n) those of the pairs' noise; u is (b,), f (n,). The sign
    of a floating-point sum is that of the exact one.
    """
    zero = z.dtype.type(0)
    one = z.dtype.type(1)
    for row in range(noise.shape[0]):
        u_j = u[2 * row]
        for i in range(z.shape[1]):
            first, second, e = z[2 * row, i], z[2 * row + 1, i], noise[row, i]
            first_active, second_active = first + e > zero, second + e > zero
            f[i] += u_j * _of_pair(first, second, e, first_active, second_active, zero)
            z[2 * row, i] = one if first_active else zero
            z[2 * row + 1, i] = one if second_active else zero


@compiled_as_written
def paired_pattern_forward(z: Array, noise: Array, pattern_z: Array, u: Array, f: Array) -> None:
    """`paired_forward` with the patterns of pattern_z (b, n) in place of those of z + noise."""
    zero = z.dtype.type(0)
    one = z.dtype.type(1)
    for row in range(noise.shape[0]):
        u_j = u[2 * row]
        for i in range(z.shape[1]):
            first_active, second_active = pattern_z[2 * row, i] > zero, pattern_z[2 * row + 1, i] > zero
            f[i] += u_j * _of_pair(z[2 * row, i], z[2 * row + 1, i], noise[row, i], first_active, second_active, zero)
            z[2 * row, i] = one if first_active else zero
            z[2 * row + 1, i] = one if second_active else zero


@compiled
def split_update(
    signal: Array, noise: Array, gradient: Array, xi: Array, u: Array, rate: float, decay: float, tau_xi: float
) -> None:
    """One step of the signal and of the noise, each by its own recursion (THEORY §4); U is their sum, and never rounded apart.

    signal, gradient are (b, k); u is (b,) and multiplies the gradient's rows; noise and xi are (b / share, k): share = 2
    neurons of a pair have one noise (THEORY §2).
    """
    cast = signal.dtype.type
    keep = cast(1.0 - rate * decay)
    gamma = cast(rate)
    increment = cast(rate * tau_xi)
    scale_rows(gradient, u)
    flat_signal, flat_gradient = signal.reshape(-1), gradient.reshape(-1)
    flat_noise, flat_xi = noise.reshape(-1), xi.reshape(-1)
    # Few arrays a loop: the compiler proves that they do not overlap, and uses vector units, only for a few.
    for i in range(flat_signal.size):
        flat_signal[i] = keep * flat_signal[i] - gamma * flat_gradient[i]
    for i in range(flat_noise.size):
        flat_noise[i] = keep * flat_noise[i] - increment * flat_xi[i]


@compiled
def scale_rows(a: Array, factor: Array) -> None:
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


@compiled_as_written
def plane_forward(signal: Array, noise: Array, u: Array, share: int, r: float, g: Array) -> None:
    """Set g to the block's part of sum_j u_j ReLU(V_j . dir) at z - zeta, z, z + zeta, V = signal + noise.

    signal (b, 2) and noise (b / share, 2) are coordinates in the orthonormal basis (z, zeta / r); g is (3,), float64
    (THEORY §2, §8).
    """
    below = 0.0
    middle = 0.0
    above = 0.0
    zero = signal.dtype.type(0)
    radius = signal.dtype.type(r)
    for row in range(noise.shape[0]):
        n_a, n_b = noise[row, 0], radius * noise[row, 1]
        if share == 2:
            a, b = signal[2 * row, 0], radius * signal[2 * row, 1]
            c, d = signal[2 * row + 1, 0], radius * signal[2 * row + 1, 1]
            u_j = u[2 * row]
            n, s, t = n_a - n_b, a - b, c - d
            below += np.float64(u_j * _of_pair(s, t, n, n + s > zero, n + t > zero, zero))
            middle += np.float64(u_j * _of_pair(a, c, n_a, n_a + a > zero, n_a + c > zero, zero))
            n, s, t = n_a + n_b, a + b, c + d
            above += np.float64(u_j * _of_pair(s, t, n, n + s > zero, n + t > zero, zero))
        else:
            a, b, u_j = signal[row, 0], radius * signal[row, 1], u[row]
            below += np.float64(u_j * max((n_a - n_b) + (a - b), zero))
            middle += np.float64(u_j * max(n_a + a, zero))
            above += np.float64(u_j * max((n_a + n_b) + (a + b), zero))
    g[0] = below
    g[1] = middle
    g[2] = above


@compiled_as_written
def plane_gradient(signal: Array, noise: Array, share: int, r: float, c: Array, gradient: Array) -> None:
    """Set gradient_j = sum_k c_k 1(V_j . dir_k > 0) dir_k over z - zeta, z, z + zeta (second layer not applied)."""
    zero = signal.dtype.type(0)
    radius = signal.dtype.type(r)
    c_below = signal.dtype.type(c[0])
    c_middle = signal.dtype.type(c[1])
    c_above = signal.dtype.type(c[2])
    shift = share - 1
    for j in range(signal.shape[0]):
        row = j >> shift
        n_a, n_b = noise[row, 0], radius * noise[row, 1]
        a, b = signal[j, 0], radius * signal[j, 1]
        below = c_below if (n_a - n_b) + (a - b) > zero else zero
        middle = c_middle if n_a + a > zero else zero
        above = c_above if (n_a + n_b) + (a + b) > zero else zero
        gradient[j, 0] = below + middle + above
        gradient[j, 1] = radius * (above - below)


@compiled_as_written
def plane_observe(signal: Array, noise: Array, u: Array, r: float, share: int, out: Array) -> None:
    """Set out (7,) to the block's part of g of the signal at the three directions, and to counts of shifted patterns.

    out[0:3]: sum_j u_j 1(V_j . dir > 0) Vbar_j . dir; out[3:6]: neurons whose pattern at dir differs from that of the
    accumulated noise alone; out[6]: neurons whose kink lies between z and z - zeta or z + zeta.
    """
    out[:] = 0.0
    for j in range(signal.shape[0]):
        row = j // share
        near = False
        at_z = noise[row, 0] + signal[j, 0] > 0
        for k in range(3):
            side = r * (k - 1)
            of_noise = noise[row, 0] + side * noise[row, 1]
            of_signal = signal[j, 0] + side * signal[j, 1]
            active = of_noise + of_signal > 0
            near = near or active != at_z
            if active:
                out[k] += u[j] * of_signal
            if active != (of_noise > 0):
                out[3 + k] += 1.0
        if near:
            out[6] += 1.0
